"""Are our letters lm-eval's? The same items through lm-eval's own `hf` model and through vLLM, and how fast each is.

Both get the same task objects: the same text, the same worked examples (the first of theirs), float32, the same context.
Compared per item: the prediction, and every option's log-probability. Predictions that differ are listed with the
distance of the two best options, since rounding may turn a near-tie (under 1e-3) but nothing else.
Timing is letters alone, from the first request to the last answer; models are loaded and warm on both sides.

    python tests/perf/parity.py MODEL DATA [--items 500] [--shots 0 5] [--batch 1] [--keep FOLDER] [--engine '--block-size 32'] [NAME …]

DATA is the folder of all sets ($MEDMODEL_DATA). `--keep` keeps lm-eval's side (slow) for another run. lm-eval's `hf`
runs with `--batch 1`, its default, and scores all letters of an item in one pass (its one-token cache).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals import run, subjects
from evals.closed_book import ClosedBook
from evals.suite import Material
from medmodel import registry
from medmodel.records import Record

NAMES = ("medqa", "medmcqa", "mmlu", "pubmedqa")
CONTEXT = 8191  # tokens of a prompt; both sides cut what is longer from the left (vLLM keeps one of 8,192 for the answer)
NEAR = 1e-3  # nats between the two best options


class Side(Record):
    """What one side found: item id -> log-probabilities of its options."""

    seconds: float
    found: dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*", default=list(NAMES))
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--shots", type=int, nargs="+", default=[0, 5])
    parser.add_argument("--batch", default="1")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--hf-only", action="store_true", help="prepare lm-eval's side alone (with --keep)")
    parser.add_argument("--engine", default="", help="further flags of vLLM's, in one string: '--block-size 32'")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    parts = [(name, shots) for name in chosen.names or NAMES for shots in chosen.shots]
    suites = {(name, shots): _suite(name, shots, chosen.data, chosen.items) for name, shots in parts}
    theirs = {part: _kept(chosen.keep, part, chosen.items) for part in parts}
    if missing := [part for part in parts if theirs[part] is None]:
        model = _hf(chosen.model, chosen.batch)
        for part in missing:
            theirs[part] = _lm_eval(model, suites[part], part[1])
            _keep(chosen.keep, part, chosen.items, theirs[part])
    if chosen.hf_only:
        return
    options = (*subjects.FOR_BENCHMARKS, *chosen.engine.split())
    with subjects.running_model(chosen.model, options=options) as subject:
        warm = next(iter(suites.values()))
        run.score(warm, warm.items()[-1], subject)
        for part in parts:
            begun = time.perf_counter()
            rows = run.measure(suites[part], subject)
            seconds = time.perf_counter() - begun
            errors = run.errors(rows)
            assert not errors, f"{part}: {errors} calls failed: {rows[0].error}"
            ours = {row.id: [row.values[f"logprob_{at}"] for at in range(int(row.values["options"]))] for row in rows}
            other = theirs[part]
            assert other is not None
            cut = sum(row.values["cut"] > 0 for row in rows)
            print(json.dumps({"name": part[0], "shots": part[1], "cut": cut, **_compare(ours, seconds, other)}), flush=True)


def _suite(name: str, shots: int, data: Path, items: int) -> ClosedBook:
    plugin = registry.get("benchmark", name)
    suite: ClosedBook = plugin(Material(data=data / plugin.folder, shots=shots, limit=items, probe=0))
    return suite


def _hf(model: Path, batch: str) -> Any:
    from lm_eval.models.huggingface import HFLM

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return HFLM(pretrained=str(model), dtype="float32", device="cpu", batch_size=batch, max_length=CONTEXT)


def _lm_eval(model: Any, suite: ClosedBook, shots: int) -> Side:
    """Through lm-eval's own task objects: its context, its requests, its model."""
    from lm_eval.api.instance import Instance

    requests: list[Instance] = []
    owners: list[str] = []
    for item in suite.items():
        task, doc = suite.task_of(item)
        made = task.construct_requests(doc=doc, ctx=task.fewshot_context(doc, num_fewshot=shots), metadata=("", 0, 1))
        requests += made
        owners += [item.id] * len(made)
    model.loglikelihood(requests[: len(requests) // len(suite.items())], disable_tqdm=True)
    begun = time.perf_counter()
    scores = model.loglikelihood(requests, disable_tqdm=True)
    seconds = time.perf_counter() - begun
    found: dict[str, list[float]] = {}
    for owner, (logprob, _) in zip(owners, scores, strict=True):
        found.setdefault(owner, []).append(float(logprob))
    return Side(seconds=seconds, found=found)


def _compare(ours: dict[str, list[float]], seconds: float, theirs: Side) -> dict[str, Any]:
    import numpy as np

    assert list(ours) == list(theirs.found), "the two sides scored different items"
    pairs = [(ours[name], theirs.found[name]) for name in ours]
    mine, other = (np.array([value for pair in pairs for value in pair[side]]) for side in (0, 1))
    differing = [_margin(pair[1]) for pair in pairs if _best(pair[0]) != _best(pair[1])]
    return {
        "items": len(pairs),
        "same_predictions": 1 - len(differing) / len(pairs),
        "differing_that_are_no_near_tie": sum(margin > NEAR for margin in differing),
        "correlation": float(np.corrcoef(mine, other)[0, 1]),
        "largest_difference": float(np.abs(mine - other).max()),
        "lm_eval_items_per_s": round(len(pairs) / theirs.seconds, 3),
        "our_items_per_s": round(len(pairs) / seconds, 3),
        "times_as_fast": round(theirs.seconds / seconds, 2),
    }


def _best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)


def _margin(scores: Sequence[float]) -> float:
    first, second = sorted(scores)[-1], sorted(scores)[-2]
    return first - second


def _kept(folder: Path | None, part: tuple[str, int], items: int) -> Side | None:
    path = _path(folder, part, items)
    return Side.model_validate_json(path.read_text()) if path and path.exists() else None


def _keep(folder: Path | None, part: tuple[str, int], items: int, side: Side | None) -> None:
    path = _path(folder, part, items)
    if path and side:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(side.model_dump_json())


def _path(folder: Path | None, part: tuple[str, int], items: int) -> Path | None:
    return folder / f"{part[0]}-{part[1]}-{items}.json" if folder else None


if __name__ == "__main__":
    main()
