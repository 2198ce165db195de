"""Does a tiny model learn more from the documents that the stage `density` chooses than from as many words at random?

Pool: real documents (proxy.py), to 300 of which three copies are added with their sentences in another order and one in five
left out: redundancy of the kind that deduplication does not see. Held out: documents of the same sources; whatever of the
pool is near one of them (cosine 0.9) goes. Arms, each of the same words and cut to the same tokens: `random`; `one of each`,
random over one document of each semantic cluster; `density`; `no concepts`, the same choice by documents alone.

    MEDMODEL_DATA=... python tests/perf/density.py --tokens 200000 --seeds 3
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from proxy import bits_per_byte, difference, encode, pieces, sentences, tokenizer, train

from data_build.density import count_words, coverage, greedy
from data_build.semantic import READ, near
from medmodel.rag.embedder import embed

POOL, COPIED, COPIES, HELDOUT = 2400, 300, 3, 150


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--tokens", type=int, default=200_000)
    asked.add_argument("--seeds", type=int, default=3)
    wanted = asked.parse_args()
    documents = pieces(11, POOL + HELDOUT)
    heldout, texts = [found.text for found in documents[:HELDOUT]], [found.text for found in documents[HELDOUT:]]
    draw = random.Random(5)
    texts += [varied(text, draw) for text in texts[:COPIED] for _ in range(COPIES)]
    vectors = embed([text[:READ] for text in [*heldout, *texts]])
    apart = (vectors[HELDOUT:] @ vectors[:HELDOUT].T).max(axis=1) < 0.9
    texts = [text for text, keep in zip(texts, apart, strict=True) if keep]
    vectors = vectors[HELDOUT:][apart]
    made = tokenizer(texts)
    costs = [count_words(text) for text in texts]
    budget = round(wanted.tokens * sum(costs) / len(encode(texts, made)) * 1.05)  # a little more, to be cut to the tokens
    started = time.perf_counter()
    chosen = {
        "density": [number for number, _ in greedy(coverage(texts, vectors, concepts=0.5), costs, budget)],
        "no concepts": [number for number, _ in greedy(coverage(texts, vectors, concepts=0.0), costs, budget)],
    }
    seconds = time.perf_counter() - started
    clusters = [record.cluster for record in near([f"{number:05d}" for number in range(len(texts))], vectors, 0.9)]
    print(f"pool {len(texts)} documents, {sum(costs):,} words; budget {budget:,}; two choices took {seconds:.1f} s", flush=True)
    scores: dict[str, list[float]] = {}
    for seed in range(wanted.seeds):
        order = np.random.default_rng(seed).permutation(len(texts)).tolist()
        arms = {
            "random": order,
            "one of each": list({clusters[number]: number for number in reversed(order)}.values())[::-1],
            **{name: random.Random(seed).sample(numbers, len(numbers)) for name, numbers in chosen.items()},
        }
        for name, numbers in arms.items():
            tokens = encode([texts[number] for number in numbers], made)[: wanted.tokens]
            started = time.perf_counter()
            score = bits_per_byte(train(tokens, seed), heldout, made)
            scores.setdefault(name, []).append(score)
            seconds = time.perf_counter() - started
            print(f"seed {seed} {name:18} {len(tokens):,} tokens: {score:.4f} bits a byte ({seconds:.0f} s)", flush=True)
    for name, found in scores.items():
        print(f"{name:18} {np.mean(found):.4f}; less random: {difference(found, scores['random'])}")


def varied(text: str, draw: random.Random) -> str:
    kept = [sentence for sentence in sentences(text) if draw.random() < 0.8] or [text]
    return " ".join(draw.sample(kept, len(kept)))


if __name__ == "__main__":
    main()
