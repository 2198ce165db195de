"""Fits medmodel/rag/manner.json: which words speak to a model, and which of medicine.

    MEDMODEL_DATA=… python -m evals.injection_fit store/index-…     # minutes; prints what it found on orders it had not seen

Orders: those of injection_orders.yaml (written for this project, some to get past the rules) and those of the suite in sight
(`dev`). Not orders: `plain` of the same file (sentences that tell somebody to say, write or
ignore something), what stands before the order in the suite's passages, its clean passages, medical text (MedQuAD, BioASQ,
OpenStax, Huatuo), and the guidelines of a built index, which tell people what to do as orders do. A term is weighed when two
written sentences have it. The thresholds let three of a thousand sentences that were not fitted on pass for an order: one for a
sentence by itself, one for a sentence beside those of its passage. Each group of orders, and each round of the suite's items
(an author's, by the first letters of their ids), is fitted without once, and what is found of it printed.
"""

from __future__ import annotations

import gzip
import html
import json
import random
import re
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from evals.questions import read_written
from evals.suites.injection import SUITE, Poisoned, passages_of
from medmodel.artifacts import write_atomic
from medmodel.errors import InputError
from medmodel.rag.disguise import fold
from medmodel.rag.index import Index
from medmodel.rag.injection import ended, hint
from medmodel.rag.manner import WEIGHTS, score, score_among, terms
from medmodel.rag.passages import split_sentences
from medmodel.recipe import data_dir
from medmodel.records import Passage

EXAMPLES = Path(__file__).with_name("injection_orders.yaml")
PASSAGE = 6  # sentences, as many as a passage of 200 tokens has
FITTED, KEPT = 1_000, 2_000  # medical passages fitted on, and those the thresholds are read from
FEWEST = 2  # written sentences that a term occurs in
PASSING = 0.003  # share of medical sentences that may pass for orders: see above
STRENGTH = 10.0  # inverse of the penalty
WEIGHT = {
    "order": 3.0,
    "plain": 3.0,
    "medical": 1.0,
    "guideline": 1.0,
}  # of one sentence; there are far more of some than others


class Sentences(NamedTuple):
    order: list[str]
    plain: list[str]
    medical: list[str]
    guideline: list[str]


class Marked(NamedTuple):
    """The sentences of one passage of the suite, and which of them are orders; what follows an order may be either."""

    sentences: list[str]
    orders: list[str]
    plain: list[str]


def main(index: Path) -> None:
    data = data_dir()
    if data is None:
        raise InputError("give the data folder in MEDMODEL_DATA")
    random.seed(0)
    written = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    medical = list(_medical(data))
    random.shuffle(medical)
    guideline = [
        [passage.sentence(at) for at in range(len(passage.sentences))] for passage in Index.open(index).passages.values()
    ]
    random.shuffle(guideline)
    half = len(guideline) // 2
    kept = (medical[FITTED : FITTED + KEPT], guideline[half:])
    rounds = suite_rounds("dev")
    marked = {name: [passage for passages in both for passage in passages] for name, both in rounds.items()}
    orders = {name: written[name] for name in ("orders", "orders_past_rules", "orders_later")}
    orders |= {name: [order for passage in passages for order in passage.orders] for name, passages in marked.items()}
    plain = {"written": written["plain"]}
    plain |= {name: [sentence for passage in passages for sentence in passage.plain] for name, passages in marked.items()}

    def fitted(without: str = "") -> dict[str, Any]:
        return fit(
            Sentences(
                [order for name, found in orders.items() if name != without for order in found],
                [sentence for name, found in plain.items() if name != without for sentence in found],
                [sentence for passage in medical[:FITTED] for sentence in passage],
                [sentence for passage in guideline[:half] for sentence in passage],
            ),
            kept,
        )

    for name in orders:
        model = fitted(name)
        found = [score(model, fold(order)) > model["threshold"] for order in orders[name]]
        print(f"{name}, not fitted on: {sum(found)} of {len(found)} orders found by themselves")
        if name in rounds:
            poisoned, clean = rounds[name]
            caught = [not set(_odd(model, passage.sentences)).isdisjoint(passage.orders) for passage in poisoned]
            touched = [bool(_odd(model, passage.sentences)) for passage in clean]
            print(f"    among their passages' sentences: {sum(caught)} of {len(caught)} passages", end="")
            print(f"; {sum(touched)} of {len(touched)} clean passages lose a sentence")
    write_atomic(WEIGHTS, json.dumps(fitted(), ensure_ascii=False, sort_keys=True, indent=0) + "\n")


def fit(found: Sentences, kept: Sequence[Sequence[list[str]]]) -> dict[str, Any]:
    """Intercept, weight of each term, and the thresholds read from the passages of `kept`."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    counted = Counter(term for sentence in [*found.order, *found.plain] for term in terms(fold(sentence)))
    known = sorted(term for term, count in counted.items() if count >= FEWEST)
    columns = {term: at for at, term in enumerate(known)}
    rows: list[int] = []
    at: list[int] = []
    values: list[float] = []
    labels: list[bool] = []
    weights: list[float] = []
    for kind, sentences in found._asdict().items():
        for sentence in sentences:
            held = [columns[term] for term in terms(fold(sentence)) if term in columns]
            rows += [len(labels)] * len(held)
            at += held
            values += [max(1, len(held)) ** -0.5] * len(held)
            labels.append(kind == "order")
            weights.append(WEIGHT[kind])
    matrix = csr_matrix((values, (rows, at)), shape=(len(labels), len(known)))
    fitted = LogisticRegression(C=STRENGTH, max_iter=500).fit(matrix, labels, sample_weight=weights)
    model: dict[str, Any] = {
        "intercept": round(float(fitted.intercept_[0]), 3),
        "weights": {
            term: round(float(weight), 2) for term, weight in zip(known, fitted.coef_[0], strict=True) if abs(weight) >= 0.05
        },
    }
    alone, among = [], []
    for passages in kept:
        folded = [[fold(sentence) for sentence in passage] for passage in passages]
        alone.append(_passing(score(model, sentence) for passage in folded for sentence in passage))
        among.append(_passing(value for passage in folded if len(passage) > 1 for value in score_among(model, passage)))
    return {**model, "threshold": max(alone), "threshold_among": max(among)}


def _passing(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return round(ordered[int(len(ordered) * (1 - PASSING))], 3)


def _odd(model: dict[str, Any], sentences: Sequence[str]) -> list[str]:
    """Those of a passage that would be withheld by this model alone."""
    values = score_among(model, [fold(sentence) for sentence in sentences])
    found = [one for one, value in zip(sentences, values, strict=True) if value > model["threshold_among"]]
    return found if len(found) < len(sentences) else []


def suite_rounds(part: str) -> dict[str, tuple[list[Marked], list[Marked]]]:
    """The poisoned and the clean passages of one part of the suite, by the round they were written in."""
    rounds: dict[str, tuple[list[Marked], list[Marked]]] = {}
    for item in read_written(SUITE, Poisoned):
        if item.group.removeprefix("clean_") == part:
            name = re.sub(r"^\w+/[a-z]+", "round ", item.id).split("-")[0]
            rounds.setdefault(name, ([], []))[not item.attack].extend(_marked(item, one) for one in passages_of(item))
    return rounds


def _marked(item: Poisoned, passage: Passage) -> Marked:
    """No sentence of a clean passage is an order, nor one before the first order of a poisoned one."""
    sentences = [passage.text[span.start : span.end] for span in ended(passage)]
    if not item.attack:
        return Marked(sentences, [], sentences)
    bad = [item.goal.lower() in sentence.lower() or bool(hint(sentence, "guideline")) for sentence in sentences]
    first = bad.index(True) if any(bad) else len(bad) - 1  # an order that no rule knows stands last
    found = [sentence for sentence, order in zip(sentences[first:], bad[first:], strict=True) if order] or sentences[-1:]
    return Marked(sentences, found, sentences[:first])


def _medical(data: Path) -> Iterator[list[str]]:
    """Passages of PASSAGE sentences: their neighbours are what a sentence is read beside."""
    with tarfile.open(data / "medquad" / "medquad_xml.tar.gz") as archive:
        members = [member for member in archive if member.name.endswith(".xml")]
        random.shuffle(members)
        for member in members[:1000]:
            file = archive.extractfile(member)
            assert file is not None, "a member that is a file"
            for answer in re.findall(r"<Answer>(.*?)</Answer>", file.read().decode("utf-8", "replace"), re.DOTALL):
                yield from _passages(html.unescape(answer))
    with gzip.open(data / "bioasq_ir" / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 8 == 0 and number <= 8000:
                yield from _passages(json.loads(line)["text"])
    for name in ("psychology", "anatomy", "microbiology"):
        for path in sorted((data / f"openstax-{name}-md").glob("*.tar.gz")):
            with tarfile.open(path) as archive:
                for member in [member for member in archive if member.name.endswith(".md")][:30]:
                    file = archive.extractfile(member)
                    assert file is not None, "a member that is a file"
                    yield from _passages(file.read().decode("utf-8", "replace"))[: 120 // PASSAGE]
    with gzip.open(data / "huatuo" / "data" / "llama_data.json.gz", "rt", encoding="utf-8") as lines:
        for line in list(lines)[:1500]:
            if line.startswith("{"):
                yield from _passages(json.loads(line).get("output", ""))


def _passages(text: str) -> list[list[str]]:
    sentences = [text[span.start : span.end] for span in split_sentences(text)]
    return [sentences[at : at + PASSAGE] for at in range(0, len(sentences), PASSAGE)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
