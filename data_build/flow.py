"""Stage `documents`: from raw sources to documents, each with its source, its split and its licence.

`FLOW` is the whole of it, readable as data. A phase is a datatrove pipeline over shards; a *global* phase sees every
document at once (duplicates, contamination), and is a barrier. Steps tag; `decide` drops, and every drop has a reason,
is counted, and can be read in drops/. The records are the same whatever the number of ranks.

    medmodel run demo --until documents
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from datatrove.data import Document as Carrier

from data_build.executor import run_phase
from data_build.steps.split import choose_heldout
from data_build.steps.tagging import Drop, carry, uncarry
from medmodel import registry
from medmodel.artifacts import write_atomic, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.recipe import data_dir
from medmodel.records import Document


class Phase(NamedTuple):
    """Steps by name, with the settings each takes from the recipe; `together` = needs all documents at once."""

    name: str
    steps: tuple[tuple[str, Callable[[Any], dict[str, Any]]], ...]
    together: bool = False


FLOW = (
    Phase(
        "clean",
        (
            ("clean", lambda settings: {}),
            ("protected", lambda settings: {"benchmarks": settings["protected"], "data": data_dir()}),
        ),
    ),
    Phase("split", (("split", lambda settings: {"heldout": settings["heldout"]}),)),  # before anything is packed
    Phase(
        "compare",
        (
            ("exact_dedup", lambda settings: {}),
            ("dedup", lambda settings: {"threshold": settings["near_duplicate"]}),
            ("decontaminate", lambda settings: {}),
        ),
        together=True,
    ),
)
EXCERPT = 200  # characters of a dropped document that can be read


def run(job: Job) -> dict[str, Any]:
    """Write documents/, drops/ and report.json; returns counts by split and domain, and drops by reason."""
    job.clear()
    config = job.config
    documents: list[Document] = []
    for number, name in enumerate(config.sources):
        found = list(registry.get("source", name)())
        if not found:
            raise InputError(f"source '{name}' is empty: it gave no document")
        documents += found
        job.progress(number + 1, len(config.sources) + len(FLOW), "steps")
    heldout = choose_heldout(
        documents,
        {"guideline": config.heldout_guidelines, "differential": config.heldout_complaints},
        keep=config.always_train,
        always=config.always_heldout,
        seed=job.seed,
    )
    settings = {**config.model_dump(), "heldout": heldout}
    carried = [carry(document) for document in documents]
    for number, phase in enumerate(FLOW):
        steps = [registry.get("step", name)(**arguments(settings)) for name, arguments in phase.steps]
        carried = run_phase(steps, carried, 1 if phase.together else config.tasks, job.out / "work" / phase.name)
        job.progress(len(config.sources) + number + 1, len(config.sources) + len(FLOW), "steps")
    kept, drops = decide(carried)
    shutil.rmtree(job.out / "work")
    kept.sort(key=lambda document: document.id)
    drops.sort(key=lambda gone: gone.id)
    write_records(job.out / "documents", kept)
    if drops:
        write_records(job.out / "drops", drops)
    report = _report(kept, drops, heldout)
    write_atomic(job.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    return {
        key: report[key]
        for key in ("documents", "characters", "splits", "domains", "dropped", "heldout_sources", "quarantined")
    }


def decide(carried: Iterable[Carrier]) -> tuple[list[Document], list[Drop]]:
    """The one place where a tagged document is dropped."""
    kept: list[Document] = []
    drops: list[Drop] = []
    for carrier in carried:
        if carrier.metadata["drop"]:
            source = carrier.metadata["document"]["source"]["id"]
            drops.append(Drop(id=carrier.id, reason=carrier.metadata["drop"], source=source, excerpt=carrier.text[:EXCERPT]))
        else:
            kept.append(uncarry(carrier))
    return kept, drops


def _report(kept: Sequence[Document], drops: Sequence[Drop], heldout: Sequence[str]) -> dict[str, Any]:
    def counted(values: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(values).items()))

    return {
        "documents": len(kept),
        "characters": sum(len(document.text) for document in kept),
        "splits": counted(document.split for document in kept),
        "domains": counted(f"{document.domain}/{document.split}" for document in kept),
        "licences": counted(document.source.licence for document in kept),
        "sources": counted(document.source.id for document in kept),
        "dropped": counted(gone.reason.split(" of ")[0].split(":")[0] for gone in drops),
        "heldout_sources": list(heldout),
        "quarantined": {d.id: d.attributes["quarantined"] for d in kept if "quarantined" in d.attributes},
    }
