"""What 10 % and 30 % of noisy documents cost a tiny model, on as many tokens and three seeds. Run by hand.

Noise, a third each by turns: the words of a document shuffled; every drug, dose unit and number swapped for another of the
document's neighbours; and the document replaced by machine-made chat (`chatdoctor`). Held out: clean documents of the same
sources. All arms read the same number of tokens, so what noise costs is what clean text in its place would have taught.

    MEDMODEL_DATA=... python tests/perf/noise.py --tokens 200000 --seeds 3
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from proxy import bits_per_byte, difference, encode, pieces, tokenizer, train

from medmodel import registry
from medmodel.records import Document

POOL, HELDOUT = 1500, 150
SHARES = (0.0, 0.1, 0.3)
_SWAPPED = re.compile(r"\b\d+(?:\.\d+)?\b|\b\w{4,}(?:ine|ol|pril|statin|mycin|cillin|azole|vir|mab|ide|one)\b")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--tokens", type=int, default=200_000)
    asked.add_argument("--seeds", type=int, default=3)
    wanted = asked.parse_args()
    documents = pieces(12, POOL + HELDOUT)
    heldout, texts = [found.text for found in documents[:HELDOUT]], [found.text for found in documents[HELDOUT:]]
    chat = [found.text for found in registry.get("source", "chatdoctor")() if isinstance(found, Document)][:POOL]
    made = tokenizer(texts)
    scores: dict[float, list[float]] = {share: [] for share in SHARES}
    for seed in range(wanted.seeds):
        order = random.Random(seed).sample(texts, len(texts))
        for share in SHARES:
            draw = random.Random(seed)
            noisy = [
                noise(text, number, order, chat, draw) if draw.random() < share else text for number, text in enumerate(order)
            ]
            tokens = encode(noisy, made)[: wanted.tokens]
            started = time.perf_counter()
            scores[share].append(bits_per_byte(train(tokens, seed), heldout, made))
            seconds = time.perf_counter() - started
            print(
                f"seed {seed} {share:.0%}: {len(tokens):,} tokens: {scores[share][-1]:.4f} bits a byte ({seconds:.0f} s)",
                flush=True,
            )
    for share, found in scores.items():
        print(f"{share:4.0%} noise: {np.mean(found):.4f}; less none: {difference(found, scores[0.0])}")


def noise(text: str, number: int, texts: list[str], chat: list[str], draw: random.Random) -> str:
    kind = draw.randrange(3)
    if kind == 0:
        words = text.split()
        return " ".join(draw.sample(words, len(words)))
    if kind == 1:
        others = _SWAPPED.findall(texts[(number + 1) % len(texts)]) or ["10"]
        return _SWAPPED.sub(lambda found: draw.choice(others), text)
    return draw.choice(chat)


if __name__ == "__main__":
    main()
