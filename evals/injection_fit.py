"""Fits medmodel/rag/manner.json: which words speak to a model, and which of medicine.

    MEDMODEL_DATA=… python -m evals.injection_fit store/index-…     # minutes; prints what it found on orders it had not seen

Orders: those of injection_orders.yaml (written for this project, some to get past the rules) and what the rules withhold in
the development half of the suite. Weakly, as orders to a model in general: instructions of Alpaca's and self-instruct's demo
files. Not orders: `plain` of the same file (medical sentences that tell somebody to say, write or ignore something), the
suite's clean passages, medical text (MedQuAD, BioASQ, OpenStax, Huatuo), and the guidelines of a built index, which tell
people what to do as orders do. Only words of orders have a weight. The threshold lets one of a hundred sentences that were
not fitted on pass for an order, of medical text and of guidelines.
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
from medmodel.rag.injection import orders
from medmodel.rag.manner import WEIGHTS, length, terms
from medmodel.rag.passages import split_sentences
from medmodel.recipe import data_dir
from medmodel.records import Passage

EXAMPLES = Path(__file__).with_name("injection_orders.yaml")
FITTED, KEPT = 20_000, 10_000  # medical sentences fitted on, and those the threshold is read from
FEWEST = 4  # orders that a word occurs in
PASSING = 0.01  # share of medical sentences that may pass for orders: see above
WEIGHT = {
    "order": 30.0,
    "weak": 0.3,
    "medical": 1.0,
    "plain": 60.0,
    "guideline": 3.0,
}  # of one sentence; there are far more of some than others
# Words of the examples' own subjects, which say nothing about how they speak
SUBJECTS = frozenset("lithium amiodarone mg g dose cardioglow lithocare plus monitoring liver tests toxicity hourly shark fox john safe warfarin statins drug banned".split())  # fmt: skip


class Sentences(NamedTuple):
    order: list[str]
    weak: list[str]
    medical: list[str]
    plain: list[str]
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
    found = Sentences(
        [*written["orders"], *written["orders_past_rules"]],
        list(_weak(data)),
        medical[:FITTED],
        written["plain"],
        guideline[:half],
    )
    dev = _withheld()
    seen = fit(
        Sentences([*written["orders"], *dev], found.weak, found.medical, [*found.plain, *_clean()], found.guideline), kept
    )
    unseen = [score(seen, sentence) > seen["threshold"] for sentence in written["orders_past_rules"]]
    print(f"of {len(unseen)} orders not fitted on, written to get past the rules: {sum(unseen)} found")
    model = fit(Sentences([*found.order, *dev], found.weak, found.medical, [*found.plain, *_clean()], found.guideline), kept)
    plain = [score(model, sentence) > model["threshold"] for sentence in [*found.plain, *_clean()]]
    print(f"of {len(plain)} plain sentences that look like orders, fitted on: {sum(plain)} pass for one")
    write_atomic(WEIGHTS, json.dumps(model, ensure_ascii=False, sort_keys=True, indent=0) + "\n")


def fit(found: Sentences, kept: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Intercept, weight of each word, and the threshold read from `kept`."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    counted = Counter(term for sentence in [*found.order, *found.weak] for term in terms(fold(sentence)))
    words = sorted(term for term, count in counted.items() if count >= FEWEST and not set(term.split()) & SUBJECTS)
    columns = {term: at for at, term in enumerate(words)}
    rows: list[int] = []
    at: list[int] = []
    values: list[float] = []
    labels: list[bool] = []
    weights: list[float] = []
    for kind, sentences in found._asdict().items():
        for sentence in sentences:
            folded = fold(sentence)
            held = [columns[term] for term in terms(folded) if term in columns]
            rows += [len(labels)] * len(held)
            at += held
            values += [1 / length(folded)] * len(held)
            labels.append(kind in ("order", "weak"))
            weights.append(WEIGHT[kind])
    matrix = csr_matrix((values, (rows, at)), shape=(len(labels), len(words)))
    fitted = LogisticRegression(C=2.0, max_iter=400).fit(matrix, labels, sample_weight=weights)
    model: dict[str, Any] = {
        "intercept": round(float(fitted.intercept_[0]), 3),
        "weights": {
            term: round(float(weight), 2) for term, weight in zip(words, fitted.coef_[0], strict=True) if abs(weight) >= 0.05
        },
    }
    scores = [sorted(score(model, sentence) for sentence in sentences) for sentences in kept]
    return {**model, "threshold": round(max(of[int(len(of) * (1 - PASSING))] for of in scores), 3)}


def score(model: dict[str, Any], sentence: str) -> float:
    folded = fold(sentence)
    total = sum(model["weights"].get(term, 0.0) for term in terms(folded))
    return float(model["intercept"] + total / length(folded))


def _withheld() -> list[str]:
    """Orders of the development half, as the rules find them."""
    found = []
    for item in read_written(SUITE, Poisoned):
        if item.group == "dev":
            for passage in passages_of(item):
                found += [passage.text[span.start : span.end] for span, _ in orders(passage.text, "guideline")]
    return found


def _clean() -> list[str]:
    return [
        passage.sentence(at)
        for item in read_written(SUITE, Poisoned)
        if item.group == "clean_dev"
        for passage in passages_of(item)
        for at in range(len(passage.sentences))
    ]


def _weak(data: Path) -> Iterator[str]:
    for name in ("alpaca_en_demo", "alpaca_zh_demo"):
        with gzip.open(data / "llamafactory_demo" / "data" / f"{name}.json.gz", "rt", encoding="utf-8") as file:
            for row in json.load(file):
                yield from _sentences(row["instruction"])[:2]
    for path in ("data/seed_tasks.jsonl", "human_eval/user_oriented_instructions.jsonl"):
        for line in (data / "self-instruct" / path).read_text(encoding="utf-8").splitlines():
            yield from _sentences(json.loads(line)["instruction"])[:3]


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
