"""Passages a second of the embedder beside a plain sentence-transformers loop, and how far their vectors are apart.

    python tests/perf/encoder.py                                    # made-up passages of 205 tokens, 2 minutes
    MEDMODEL_DATA=... python tests/perf/encoder.py --quality        # nDCG@10 on bioasq_ir, exact and 8-bit; 6 minutes

The ways take turns in one run, and the best of `--repeats` counts: on a busy machine CPU seconds, and their ratio, mean
more than wall time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from medmodel.rag.embedder import embedded_folder
from medmodel.rag.minilm import MiniLM
from medmodel.recipe import data_dir

LONGEST = 256  # tokens: the model's own, so that 205 are read whole
WORDS = "the patient with acute severe pain was treated by oral dose of drug twice daily for renal heart failure and".split()
Vectors = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quality", action="store_true")
    chosen = parser.parse_args()
    if chosen.quality:
        quality()
    else:
        speed(chosen.passages, chosen.repeats)


def speed(count: int, repeats: int) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(embedded_folder()), device="cpu")
    plain.max_seq_length = LONGEST
    ways: dict[str, Callable[[list[str]], Vectors]] = {
        "sentence-transformers": lambda texts: plain.encode(texts, normalize_embeddings=True, show_progress_bar=False),
        "float32": MiniLM(embedded_folder(), LONGEST, eight_bit=False).encode,
        "8-bit": MiniLM(embedded_folder(), LONGEST, eight_bit=True).encode,
    }
    draw = random.Random(5)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(163, 243))) for _ in range(count)]
    told("passages of 205 tokens", ways, texts, repeats)
    told("one question of 12 tokens", ways, ["which drug is given for acute renal failure of the heart"], 20 * repeats)


def told(what: str, ways: dict[str, Callable[[list[str]], Vectors]], texts: list[str], repeats: int) -> None:
    exact = ways["float32"](texts)
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started, worked = time.perf_counter(), time.process_time()
            way(texts)
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - worked)
    print(f"{what} ({len(texts)}, best of {repeats})")
    for name, way in ways.items():
        best, worked = min(wall[name]), min(cpu[name])
        against = min(cpu["sentence-transformers"]) / worked
        cosine = float((way(texts) * exact).sum(axis=1).min())
        print(
            f"  {name:22} {len(texts) / best:7.1f}/s wall, {1000 * worked / len(texts):6.1f} ms CPU each, x{against:.2f}; worst cosine {cosine:.4f}"
        )


def quality() -> None:
    root = data_dir()
    assert root, "MEDMODEL_DATA unset"
    documents, queries = (_read(root / "bioasq_ir" / f"{name}.jsonl.gz") for name in ("corpus", "queries"))
    relevant: dict[str, set[str]] = {}
    for line in (root / "bioasq_ir" / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, _ = line.split("\t")
        relevant.setdefault(query, set()).add(document)
    asked = {query: text for query, text in queries.items() if query in relevant}
    names = list(documents)
    found: dict[str, Vectors] = {}
    for eight_bit in (False, True):
        model = MiniLM(embedded_folder(), LONGEST, eight_bit)
        cosines = model.encode(list(asked.values())) @ model.encode(list(documents.values())).T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :10]
        gains = [[names[row] in relevant[query] for row in rows] for query, rows in zip(asked, best, strict=True)]
        found[model.arithmetic] = np.array(
            [_ndcg(gain, len(relevant[query])) for query, gain in zip(asked, gains, strict=True)]
        )
        print(f"{model.arithmetic}: nDCG@10 {found[model.arithmetic].mean():.4f}, n {len(asked)}")
    difference = found["8-bit"] - found["float32"]
    draw = np.random.default_rng(5)
    drawn = [difference[draw.integers(0, len(difference), len(difference))].mean() for _ in range(5000)]
    print("8-bit less float32: {:.4f} ({:.4f} to {:.4f})".format(difference.mean(), *np.quantile(drawn, [0.025, 0.975])))


def _read(path: object) -> dict[str, str]:
    with gzip.open(str(path), "rt", encoding="utf-8") as lines:
        return {row["_id"]: row["text"] for row in map(json.loads, lines)}


def _ndcg(gains: list[bool], relevant: int) -> float:
    discounts = 1 / np.log2(np.arange(2, 12))
    return float((np.array(gains) * discounts[: len(gains)]).sum() / discounts[:relevant].sum())


if __name__ == "__main__":
    main()
