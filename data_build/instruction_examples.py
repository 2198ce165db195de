"""Stage `instruction_examples`: supervised examples by rule, of every kind that the recipe gives a share of the tokens.

Makers in `data_build/kinds/` give candidates from training documents, `data_build.verify` passes or rejects them; what it
rejects has a reason, is counted by kind, and can be read in drops/. A kind is filled until its share of the tokens is used
or its maker has no more; what stays unused is in the report, and goes to no other kind.
Documents whose licence keeps a release closed are left out, unless the recipe allows the licence with a reason.

The examples of all kinds come in one seeded order. Not resumable: it is made in about a minute. Examples that a model writes
are `data_build.written`; those over passages of an index, with the gate's cases, `data_build.examples`.

    MEDMODEL_DATA=... medmodel run small --until instructions
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from data_build.candidates import Candidate, Material, Term
from data_build.examples import FRAME
from data_build.mix import closed
from data_build.pages import pages, stock
from data_build.steps import protected
from data_build.verify import Verifier, reason_class
from medmodel import registry
from medmodel.artifacts import write_atomic, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.recipe import data_dir
from medmodel.records import Document, Drop, Example
from medmodel.train.tokens import Encoder

EXCERPT = 200  # characters of a rejected question that can be read
_PAIR = re.compile(r"^(?P<chinese>.+?)：英文名 (?P<english>.+?)（", re.MULTILINE)


def run(job: Job) -> dict[str, Any]:
    """Write examples/, drops/ and report.json; returns its counts."""
    job.clear()
    config = job.config
    count = token_counter(job)
    documents = list(job.inputs["documents"].read("documents", Document))
    usable, left_out = usable_documents(documents, config.allow_licences)
    random.Random(job.seed).shuffle(usable)
    found = list(pages(usable))
    material = Material(usable, found, stock(found), list(terms(config.terms)), job.seed, config.longest, count)
    verifier = Verifier(
        usable,
        (document.text for document in documents if document.split == "heldout"),
        protected.load(config.protected, data_dir()),
        config.longest,
        count,
    )
    examples: list[Example] = []
    drops: list[Drop] = []
    kinds: dict[str, Any] = {}
    for name, share in sorted(config.proportions.items()):
        maker = registry.get("example", name)
        budget = round(share * config.tokens)
        kept, gone, spent = fill(maker(material), verifier, budget, count, {d.id: d.source.id for d in usable})
        examples += kept
        drops += gone
        kinds[name] = {
            "examples": len(kept),
            "tokens": spent,
            "of": budget,
            "rejected": dict(sorted(Counter(reason_class(drop.reason) for drop in gone).items())),
        }
        job.progress(len(kinds), len(config.proportions), "kinds")
    write_records(job.out / "examples", in_order(examples, job.seed))
    drops.sort(key=lambda drop: drop.id)
    write_records(job.out / "drops", drops)
    report = {
        "examples": len(examples),
        "tokens": sum(kind["tokens"] for kind in kinds.values()),
        "kinds": kinds,
        "sources": dict(sorted(Counter(name.partition("/")[0] for each in examples for name in each.documents).items())),
        "documents_left_out": dict(sorted(left_out.items())),
    }
    write_atomic(job.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    return report


def usable_documents(documents: Iterable[Document], allowed: Mapping[str, str]) -> tuple[list[Document], Counter[str]]:
    """Training documents under a licence that a release may hold, and how many others there are, by reason."""
    usable: list[Document] = []
    left_out: Counter[str] = Counter()
    for document in documents:
        if "quarantined" in document.attributes:
            left_out["quarantined"] += 1
        elif document.split != "train":
            left_out["held out"] += 1
        elif closed(document.source.licence, allowed):
            left_out[f"licence {document.source.licence}"] += 1
        else:
            usable.append(document)
    return usable, left_out


def terms(sources: Iterable[str]) -> Iterator[Term]:
    """The pairs of names that terminologies give ("身高异常：英文名 Abnormality of body height（…）")."""
    for name in sources:
        pairs = [pair for found in registry.get("source", name)() if (pair := _PAIR.search(getattr(found, "text", "")))]
        if not pairs:
            raise InputError(f"instruction_examples.terms: source '{name}' gives no names in two languages")
        yield from (Term(pair["english"], pair["chinese"]) for pair in pairs)


def fill(
    candidates: Iterable[Candidate | Drop],
    verifier: Verifier,
    budget: int,
    count: Callable[[str], int],
    sources: Mapping[str, str],
) -> tuple[list[Example], list[Drop], int]:
    """What is kept until the budget of tokens is used, what is rejected on the way, and the tokens."""
    kept: list[Example] = []
    drops: list[Drop] = []
    spent = 0
    for candidate in candidates:
        if spent >= budget:
            break
        if isinstance(candidate, Drop):
            drops.append(candidate)
            continue
        reason = verifier.why_not(candidate)
        if reason:
            drops.append(rejection(candidate, reason, sources))
        else:
            kept.append(candidate.example)
            spent += sum(count(message.content) for message in candidate.example.messages)
    return kept, drops, spent


def rejection(candidate: Candidate, reason: str, sources: Mapping[str, str]) -> Drop:
    """A rejected example as it can be read; of a conversation, which a person may stand behind, its id alone."""
    example = candidate.example
    source = sources.get(example.documents[0], "") if example.documents else ""
    quoted = example.kind in ("dialogue", "general", "note")
    return Drop(id=example.id, reason=reason, source=source, excerpt="" if quoted else candidate.question[:EXCERPT])


def token_counter(job: Job) -> Callable[[str], int]:
    """Tokens of a turn as the model of the job reads it, its frame included."""
    encoder = Encoder.open(job.inputs["model"].path / "model")
    return lambda text: encoder.count(text) + FRAME


def in_order(examples: Sequence[Example], seed: int) -> list[Example]:
    """An order of all kinds mixed, which another seed changes."""
    return sorted(examples, key=lambda example: hashlib.sha256(f"{seed}:{example.id}".encode()).hexdigest())
