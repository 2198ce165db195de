"""Does a tiny model learn more from the documents that the stage `density` chooses than from as many tokens at random?

Pool: real documents (proxy.py), to 300 of which three copies are added with their sentences in another order and one in five
left out: redundancy of the kind that deduplication does not see. Held out: documents of the same sources; whatever of the
pool is near one of them (cosine 0.9) goes. Both arms have the same tokens, and are read so often that the model could learn no
more from them (6 times): what differs is what the tokens say. Read once, 100,000 tokens are 25 steps of 16 rows, and the model
learns the more the more often the same is said: --epochs 1 shows it.

As in the recipe, the model has read something else before, a million tokens of other sources, the same for both arms and all
seeds. From scratch (--before 0) the first steps decide by chance: the same arm differs by 0.03 to 0.06 bits a byte between
seeds, and by 0.01 with it. One thread is steadier than two on a machine that does other things.

    MEDMODEL_DATA=... OMP_NUM_THREADS=1 python tests/perf/density.py --seeds 3
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from proxy import RATE, bits_per_byte, difference, others, pieces, sentences, tokenizer, train

from data_build.density import at_random, divergence, greedy, pool
from data_build.semantic import READ
from medmodel.rag.embedder import embed

POOL, COPIED, COPIES, HELDOUT = 2400, 300, 3, 150


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--tokens", type=int, default=100_000)
    asked.add_argument("--epochs", type=int, default=6)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--before", type=int, default=1_000_000, help="tokens of other sources that the model has read; 0: none")
    asked.add_argument("--first", type=int, default=0, help="the first seed, to add some to an earlier run's")
    wanted = asked.parse_args()
    documents = pieces(11, POOL + HELDOUT)
    heldout, texts = [found.text for found in documents[:HELDOUT]], [found.text for found in documents[HELDOUT:]]
    draw = random.Random(5)
    texts += [varied(text, draw) for text in texts[:COPIED] for _ in range(COPIES)]
    vectors = embed([text[:READ] for text in [*heldout, *texts]])
    apart = (vectors[HELDOUT:] @ vectors[:HELDOUT].T).max(axis=1) < 0.9
    texts = [text for text, keep in zip(texts, apart, strict=True) if keep]
    made = tokenizer(texts)
    ids = [[*made.encode(text).ids, 0] for text in texts]
    started = time.perf_counter()
    held = pool(np.array(each, dtype=np.int32) for each in ids)
    chosen = [number for number, _ in greedy(held, wanted.tokens)]
    seconds = time.perf_counter() - started
    print(f"pool {len(texts)} documents, {int(held.sizes.sum()):,} tokens; chosen {len(chosen)} in {seconds:.1f} s", flush=True)
    print(
        f"divergence {divergence(held, chosen)}, at random {divergence(held, at_random(held, wanted.tokens, 0))} bits a token"
    )
    start = None
    if wanted.before:
        read = others(wanted.before, made)
        start = train(read, 0)
        print(
            f"before, {len(read):,} tokens of other sources: {bits_per_byte(start, heldout, made):.4f} bits a byte", flush=True
        )
    scores: dict[str, list[float]] = {}
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        arms = {
            "random": np.random.default_rng(seed).permutation(len(texts)).tolist(),
            "density": random.Random(seed).sample(chosen, len(chosen)),
        }
        for name, numbers in arms.items():
            tokens = [token for number in numbers for token in ids[number]][: wanted.tokens]
            started = time.perf_counter()
            score = bits_per_byte(train(tokens, seed, wanted.epochs, start, RATE / 3 if start else RATE), heldout, made)
            scores.setdefault(name, []).append(score)
            seconds = time.perf_counter() - started
            print(f"seed {seed} {name:8} {len(tokens):,} tokens: {score:.4f} bits a byte ({seconds:.0f} s)", flush=True)
    for name, found in scores.items():
        print(f"{name:8} {np.mean(found):.4f}; less random: {difference(found, scores['random'])}")


def varied(text: str, draw: random.Random) -> str:
    kept = [sentence for sentence in sentences(text) if draw.random() < 0.8] or [text]
    return " ".join(draw.sample(kept, len(kept)))


if __name__ == "__main__":
    main()
