"""A model that does not answer every item with one letter, for the comparison in tests/perf/parity.py.

The packaged 135M model says "A" to all of medqa by letter, and so does the demo's fine-tuned one; two sides that always
say "A" agree easily. This trains the upper layers on the letter alone, in lm-eval's own words, with the options moved
round so that every letter is right equally often, on items after the first SKIP of each set: those are compared.
What it learns is of no use but this.

    python tests/perf/letters.py MODEL DATA OUT [--skip 500] [--items 450] [--layers 8] [--epochs 2]
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from evals.suite import Material
from medmodel import registry

NAMES = ("medqa", "medmcqa", "mmlu")
AT_ONCE = 8  # items a step
LEARNING_RATE = 2e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--skip", type=int, default=500)
    parser.add_argument("--items", type=int, default=450, help="of each set")
    parser.add_argument("--layers", type=int, default=8, help="how many upper layers are trained")
    parser.add_argument("--epochs", type=int, default=2)
    chosen = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    model = AutoModelForCausalLM.from_pretrained(chosen.model, dtype=torch.float32)
    trained = _only_upper(model, chosen.layers)
    optimiser = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=0.0)
    pairs = [pair for name in NAMES for pair in _pairs(name, chosen.data, chosen.skip, chosen.items)]
    order = random.Random(0)
    for epoch in range(chosen.epochs):
        order.shuffle(pairs)
        for start in range(0, len(pairs), AT_ONCE):
            batch = pairs[start : start + AT_ONCE]
            losses = [_loss(model, tokenizer, *pair) for pair in batch]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            optimiser.zero_grad()
            print(f"epoch {epoch} item {start}/{len(pairs)} loss {sum(losses) / len(losses):.3f}", flush=True)
    model.save_pretrained(chosen.out)
    tokenizer.save_pretrained(chosen.out)


def _only_upper(model: Any, layers: int) -> list[Any]:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    trained = [parameter for layer in model.model.layers[-layers:] for parameter in layer.parameters()]
    for parameter in trained:
        parameter.requires_grad_(True)
    return trained


def _pairs(name: str, data: Path, skip: int, items: int) -> list[tuple[str, str]]:
    """(prompt, right letter) of items that the comparison does not ask, each moved round by another step."""
    plugin = registry.get("benchmark", name)
    suite = plugin(Material(data=data / plugin.folder, probe=0))
    asked = {item.id for item in plugin(Material(data=data / plugin.folder, limit=skip, probe=0)).items()}
    rest = [item for item in suite.items() if item.id not in asked]
    moved = [
        item.shifted(at % len(item.options)) for at, item in enumerate(random.Random(0).sample(rest, min(items, len(rest))))
    ]
    found = [(item, *suite.asked(item)) for item in moved]
    return [(prompt, letters[item.answer]) for item, prompt, letters in found]


def _loss(model: Any, tokenizer: Any, prompt: str, letter: str) -> float:
    """Adds the gradient of one item; returns its loss in nats."""
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    (target,) = tokenizer(letter, add_special_tokens=False).input_ids
    logits = model(ids, logits_to_keep=1).logits[0, -1]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(target))
    (loss / AT_ONCE).backward()
    return float(loss)


if __name__ == "__main__":
    main()
