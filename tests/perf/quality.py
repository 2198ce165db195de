"""Speed of language, rules and head; what the rules drop, by source; how well the head tells noise it has not seen. Run by hand.

ROC: the checks of the stage `quality_head` as the recipe has it. Beside them, since the noise at hand has one origin
(ChatGPT over a table of diseases, and its translation):

- *manner*: the same checks by nothing but the share of I, you, we and may, might, should, recommend among the words;
- *another noise*: a head that learns from spoken visits (mts-dialog) instead of made-up chat, asked about the chat.

    MEDMODEL_DATA=... python tests/perf/quality.py
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from data_build import quality_head
from data_build.head import Head
from data_build.quality_head import Texts, area
from data_build.steps.clean import clean
from data_build.steps.language import language_of
from data_build.steps.quality import rules_of
from medmodel import registry
from medmodel.job import Job
from medmodel.recipe import data_dir, load_recipe
from medmodel.records import Document
from medmodel.stages.quality_head import QualityHead

MANNER = re.compile(r"\b(?:i|you|your|we|may|might|should|recommend)\b")
SPOKEN = {
    "english": {"clean": ("open_medicine", "medquad", "openstax-anatomy-md"), "noisy": ("mts-dialog/user",)},
    "chinese": None,
    "checks": {"another noise": {"clean": ("medalpaca",), "noisy": ("chatdoctor",)}},
}


def main() -> None:
    assert data_dir(), "MEDMODEL_DATA unset"
    head = roc(QualityHead(uses="quality_head"), "as the recipe has it")
    manner(QualityHead(uses="quality_head"))
    roc(QualityHead.model_validate({"uses": "quality_head", **SPOKEN}), "learnt from visits")
    recipe: Any = load_recipe("small").stages["documents"]
    for name in [*recipe.sources, "chatdoctor", "doctorglm"]:
        texts = [clean(found.text) for found in registry.get("source", name)() if isinstance(found, Document)]
        rates(name, texts, head)
        if name in ("medquad", "cmrc2018"):
            speed(name, texts, {"language": language_of, "rules": rules_of, "head": head.score})


def roc(config: QualityHead, title: str) -> Head:
    """Train, and print what the stage says of its checks."""
    with tempfile.TemporaryDirectory() as out:
        wall, cpu = time.perf_counter(), time.process_time()
        counts = quality_head.run(Job(config, {}, Path(out), seed=17))
        print(f"\n{title}: {time.perf_counter() - wall:.0f} s, {time.process_time() - cpu:.0f} s of CPU, training and checks")
        for name, found in counts["roc"].items():
            for who in ("teacher", "student"):
                if who in found:
                    told(f"{name}, {who}", found, found[who])
        return Head.load(out)


def manner(config: QualityHead) -> None:
    """The same English checks by how often a text speaks to somebody."""
    texts = Texts(config.learnt_from(), config.heldout, 17)
    for name, sides in config.checks.items():
        checked = texts.checked(sides, config.checked)
        counts = {"clean": int(checked.labels.sum()), "noisy": int((1 - checked.labels).sum())}
        scores = np.array([-len(MANNER.findall(text.lower())) / len(text.split()) for text in checked.texts])
        if "Chinese" not in name:
            told(f"{name}, manner alone", counts, area(scores, checked.labels)._asdict())


def told(name: str, counts: dict[str, Any], found: dict[str, float]) -> None:
    n = f"{counts['clean']} clean, {counts['noisy']} noisy"
    print(f"  {name:45} {found['auc']:.3f} ({found['low']:.3f} to {found['high']:.3f}; {n})")


def rates(name: str, texts: list[str], head: Head) -> None:
    """Of a source: what each rule drops, and the tenth, half and nine tenths of the scores."""
    fired = [rules_of(text) for text in texts]
    dropped = sum(map(bool, fired))
    scores = [score for text in texts if (score := head.score(text)) is not None]
    spread = " ".join(f"{value:.2f}" for value in np.quantile(scores, [0.1, 0.5, 0.9]))
    languages = dict(Counter(language_of(text).language for text in texts).most_common())
    rules = dict(Counter(rule for each in fired for rule in each).most_common())
    print(
        f"{name:25} {dropped:3d} of {len(texts):5d} ({dropped / len(texts):.4f}) {rules}; head {spread}; {languages}",
        flush=True,
    )


def speed(name: str, texts: list[str], steps: dict[str, Callable[[str], object]]) -> None:
    size = sum(len(text.encode()) for text in texts) / 1e6
    for step, work in steps.items():
        seconds = min(_seconds(work, texts) for _ in range(3))
        print(f"  {name} {size:.1f} MB, {step}: {size / seconds:.0f} MB/s of CPU (best of 3)")


def _seconds(work: Callable[[str], object], texts: Iterable[str]) -> float:
    started = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - started


if __name__ == "__main__":
    main()
