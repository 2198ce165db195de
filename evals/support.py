"""Does the support check find what a quote does not say, and admit what it says in other words? `python -m evals support`.

Pairs are JSON lines: {id, claim, quote, lang, label}, where `label` is "supported", "contradicted" or "not_found"; two
further fields are reported apart when a line has them: `perturbation` (what was changed) and `paraphrase` (how it was said
otherwise; "written" by hand). Figures: recall of unsupported pairs (contradicted or not found; either verdict finds them),
false alarms on supported ones, each per perturbation and paraphrase, the confusion of the three verdicts, pairs a second.
Intervals are Wilson's over quotes, since several claims share one. A line that does not parse is named, counted, and left out.

`make` writes the development pairs from a documents artifact: its held-out references, and the hand-written paraphrases of
suites/support.yaml. Not covered: quotes of several sentences, and whether a label is right.

    python -m evals support-pairs --documents store/documents-… --out pairs.jsonl
    python -m evals support --pairs pairs.jsonl --json
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from evals.stats import clustered_mean, wilson, wilson_clustered
from medmodel.errors import InputError
from medmodel.rag import entailment
from medmodel.rag.support import Label, judged
from medmodel.records import Document, Record
from medmodel.train.entailment_pairs import Pair, pairs, sentences
from medmodel.train.paraphrased import written
from medmodel.train.perturbed import ASKED, FURTHER

WRITTEN = Path(__file__).with_name("suites") / "support.yaml"
LABELS: tuple[Label, ...] = ("supported", "contradicted", "not_found")
SHOWN = 20  # bad lines that are told


class Rate(Record):
    """A share of pairs, with its interval."""

    value: float
    low: float
    high: float
    n: int


class Report(Record):
    pairs: int
    bad_lines: int
    problems: tuple[str, ...]  # the first of them
    recall: Rate | None  # of unsupported pairs
    false_alarms: Rate | None  # on supported pairs
    false_alarms_paraphrased: Rate | None
    false_alarms_written: Rate | None  # on hand-written paraphrases
    by_perturbation: dict[str, Rate]  # recall
    by_paraphrase: dict[str, Rate]  # false alarms
    by_language: dict[str, dict[str, Rate | None]]
    confusion: dict[str, dict[str, int]]  # label -> verdict -> pairs
    scorer_asked: int  # pairs that the rules left to the scorer
    seconds: float
    pairs_per_second: float


class Judged(NamedTuple):
    pair: Pair
    verdict: str
    asked: bool


def measure(
    given: Sequence[Pair], problems: Sequence[str] = (), scorer: str | None = None, on_done: Callable[[], None] = lambda: None
) -> Report:
    """Judge every pair. `scorer` as MEDMODEL_ENTAILMENT takes it; None: the one that the product would ask."""
    if not given:
        raise InputError(f"no pair to judge: {f'every line is bad; {problems[0]}' if problems else 'the file is empty'}")
    load = entailment.packaged if scorer is None else lambda: entailment.load(scorer)
    load()
    started, found = time.perf_counter(), []
    for pair in given:
        verdict = judged(pair.claim, pair.quote, load)
        found.append(Judged(pair, verdict.label, verdict.score is not None))
        on_done()
    seconds = time.perf_counter() - started
    changed = [one for one in found if one.pair.label != "supported"]
    kept = [one for one in found if one.pair.label == "supported"]
    return Report(
        pairs=len(found),
        bad_lines=len(problems),
        problems=tuple(problems[:SHOWN]),
        recall=_rate(changed),
        false_alarms=_rate(kept),
        false_alarms_paraphrased=_rate([one for one in kept if one.pair.paraphrase]),
        false_alarms_written=_rate([one for one in kept if one.pair.paraphrase == "written"]),
        by_perturbation=_by(changed, lambda one: one.pair.perturbation or "none named"),
        by_paraphrase=_by(kept, lambda one: one.pair.paraphrase or "none: the quote's own words"),
        by_language={
            language: {
                "recall": _rate([one for one in changed if one.pair.lang == language]),
                "false_alarms": _rate([one for one in kept if one.pair.lang == language]),
            }
            for language in sorted({one.pair.lang for one in found})
        },
        confusion={label: dict(Counter(one.verdict for one in found if one.pair.label == label)) for label in LABELS},
        scorer_asked=sum(one.asked for one in found),
        seconds=round(seconds, 3),
        pairs_per_second=round(len(found) / max(seconds, 1e-9), 1),
    )


def read(path: Path) -> tuple[list[Pair], list[str]]:
    """Every pair, and a sentence for each line that holds none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    found, problems, seen = [], [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            line.encode("utf-8")
            pair = Pair.model_validate(_named(json.loads(line)))
        except UnicodeEncodeError:
            problems.append(f"{where}: is not UTF-8")
        except json.JSONDecodeError as error:
            problems.append(f"{where}: is no JSON ({error.msg} at character {error.pos + 1})")
        except RecursionError:
            problems.append(f"{where}: is nested too deeply to be a pair")
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            problems.append(f"{where}: {'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}")
        except InputError as error:
            problems.append(f"{where}: {error}")
        else:
            if pair.id in seen:
                problems.append(f"{where}: the id '{pair.id[:40]}' was there before")
            else:
                seen.add(pair.id)
                found.append(pair)
    return found, problems


def make(documents: Sequence[Document], most: int) -> list[Pair]:
    """Development pairs from the held-out documents."""
    quotes = sentences(one for one in documents if one.split == "heldout" and one.language == "en" and one.domain != "general")
    if not quotes:
        raise InputError("these documents hold nothing out: take those of a recipe with `heldout_guidelines`")
    return list(pairs(quotes, (*ASKED, *FURTHER), written(WRITTEN), most))


def _named(line: object) -> object:
    """Empty texts are no pair; a null field is none."""
    if not isinstance(line, dict):
        raise InputError("is no JSON object")
    for name in ("claim", "quote"):
        if isinstance(line.get(name), str) and not line[name].strip():
            raise InputError(f"{name}: is empty")
    return {key: str(value) if key == "id" else value for key, value in line.items() if value is not None}


def _rate(found: Sequence[Judged]) -> Rate | None:
    """The share not shown as supported: recall where that is right, false alarms where it is not."""
    if not found:
        return None
    mean = clustered_mean([float(one.verdict != "supported") for one in found], [one.pair.quote for one in found])
    interval = wilson_clustered(mean) or wilson(round(mean.value * mean.n), mean.n)
    return Rate(value=round(mean.value, 4), low=round(interval.low, 4), high=round(interval.high, 4), n=mean.n)


def _by(found: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, Rate]:
    groups: dict[str, list[Judged]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return {name: rate for name in sorted(groups) if (rate := _rate(groups[name]))}
