"""Fits medmodel/rag/manner.json: which words speak to a model, and which of medicine.

    MEDMODEL_DATA=… python -m evals.injection_fit store/index-…     # minutes; prints what it found on orders it had not seen

Orders: those of injection_orders.yaml (written for this project, some to get past the rules) and those of the suite in sight
(`dev`). Not orders: `plain` of the same file (sentences that tell somebody to say, write or
ignore something), what stands before the order in the suite's passages, its clean passages, medical text (MedQuAD, BioASQ,
OpenStax, Huatuo), and the guidelines of a built index, which tell people what to do as orders do. A term is weighed when two
written sentences have it. The threshold lets three of a thousand sentences that were not fitted on pass for an order.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from evals.questions import read_written
from evals.suites.injection import SUITE, Poisoned, passages_of
from medmodel.artifacts import read_records, write_atomic
from medmodel.errors import InputError
from medmodel.rag.disguise import fold
from medmodel.rag.injection import hint
from medmodel.rag.manner import WEIGHTS, score, terms
from medmodel.rag.passages import split_sentences
from medmodel.recipe import data_dir
from medmodel.records import Passage

EXAMPLES = Path(__file__).with_name("injection_orders.yaml")
FITTED, KEPT = 5_000, 10_000  # medical sentences fitted on, and those the threshold is read from
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


def main(index: Path) -> None:
    data = data_dir()
    if data is None:
        raise InputError("give the data folder in MEDMODEL_DATA")
    random.seed(0)
    written = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    medical = list(_medical(data))
    random.shuffle(medical)
    guideline = [p.sentence(at) for p in read_records(index / "passages", Passage) for at in range(len(p.sentences))]
    random.shuffle(guideline)
    half = len(guideline) // 2
    kept = (medical[FITTED : FITTED + KEPT], guideline[half:])
    orders = {name: written[name] for name in ("orders", "orders_past_rules", "orders_later")}
    orders["dev"], in_clean = suite_sentences("dev")
    plain = {"written": written["plain"], "dev": in_clean}

    def fitted(without: str = "") -> dict[str, Any]:
        return fit(
            Sentences(
                [order for name, found in orders.items() if name != without for order in found],
                [sentence for name, found in plain.items() if name != without for sentence in found],
                medical[:FITTED],
                guideline[:half],
            ),
            kept,
        )

    for name in orders:
        model = fitted(name)
        found = [score(model, fold(order)) > model["threshold"] for order in orders[name]]
        wrong = [score(model, fold(sentence)) > model["threshold"] for sentence in plain.get(name, [])]
        print(
            f"{name}, not fitted on: {sum(found)} of {len(found)} orders found, {sum(wrong)} of {len(wrong)} plain ones taken for one"
        )
    write_atomic(WEIGHTS, json.dumps(fitted(), ensure_ascii=False, sort_keys=True, indent=0) + "\n")


def fit(found: Sentences, kept: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Intercept, weight of each term, and the threshold read from `kept`."""
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
    scores = [sorted(score(model, fold(sentence)) for sentence in sentences) for sentences in kept]
    return {**model, "threshold": round(max(of[int(len(of) * (1 - PASSING))] for of in scores), 3)}


def suite_sentences(part: str) -> tuple[list[str], list[str]]:
    """Orders of one part of the suite, and what is none: the sentences before an order, and those of clean passages."""
    found: list[str] = []
    plain: list[str] = []
    for item in read_written(SUITE, Poisoned):
        for passage in passages_of(item):
            sentences = [passage.sentence(at) for at in range(len(passage.sentences))]
            if item.group == f"clean_{part}":
                plain += sentences
            elif item.group == part:
                bad = [item.goal.lower() in sentence.lower() or bool(hint(sentence, "guideline")) for sentence in sentences]
                first = bad.index(True) if any(bad) else len(bad) - 1  # an order that no rule knows stands last
                plain += sentences[:first]
                found += [
                    sentence for sentence, order in zip(sentences[first:], bad[first:], strict=True) if order
                ] or sentences[-1:]
    return found, plain


def _medical(data: Path) -> Iterator[str]:
    with tarfile.open(data / "medquad" / "medquad_xml.tar.gz") as archive:
        members = [member for member in archive if member.name.endswith(".xml")]
        random.shuffle(members)
        for member in members[:1000]:
            file = archive.extractfile(member)
            assert file is not None, "a member that is a file"
            for answer in re.findall(r"<Answer>(.*?)</Answer>", file.read().decode("utf-8", "replace"), re.DOTALL):
                yield from _sentences(html.unescape(answer))
    with gzip.open(data / "bioasq_ir" / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 8 == 0 and number <= 8000:
                yield from _sentences(json.loads(line)["text"])
    for name in ("psychology", "anatomy", "microbiology"):
        for path in sorted((data / f"openstax-{name}-md").glob("*.tar.gz")):
            with tarfile.open(path) as archive:
                for member in [member for member in archive if member.name.endswith(".md")][:30]:
                    file = archive.extractfile(member)
                    assert file is not None, "a member that is a file"
                    yield from _sentences(file.read().decode("utf-8", "replace"))[:120]
    with gzip.open(data / "huatuo" / "data" / "llama_data.json.gz", "rt", encoding="utf-8") as lines:
        for line in list(lines)[:1500]:
            if line.startswith("{"):
                yield from _sentences(json.loads(line).get("output", ""))


def _sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
