"""How far a judge agrees with people, and whether that is enough for it to decide a gate.

Labels are JSON lines: {id, prompt (or question), answer, criterion, human, rater}. `human` is true or false (is the
criterion met?), 1 … k (how well?), or, with `answers` of two instead of `answer`, "first", "second" or "tie". Several
raters of one item are several lines of one id; not every rater needs to have seen every item. What comes out:

    kappa        Cohen's, judge against each human label; quadratic weights for 1 … k
    alpha        Krippendorff's, people and judge together (nominal; interval for 1 … k); `human_alpha`: people alone,
                 the most that can be asked of a judge
    balanced_f1  mean of the F1 of "met" and of "not met", HealthBench's measure of a grader (arXiv 2505.08775)
    turned       share of pairs that the judge decided by their order (they count as ties)

Every one has a 95 % interval from drawing whole prompts again (evals/raters.py). `may_gate` holds
the result against `judges.yaml`; a judge or a prompt other than the measured one has not been measured.
Not covered: whether the people are right, and drift of a hosted model under an unchanged name.

    python -m evals judge-agreement --labels labels.jsonl --judge URL --judge-model NAME
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ConfigDict, ValidationError

from evals.judges import Identity, Judge, Question, prefer
from evals.raters import Estimate, Given, Metric, alpha, balanced_f1, kappa
from medmodel.errors import EngineError, InputError
from medmodel.records import Message, Record

LIMITS = Path(__file__).with_name("judges.yaml")
AT_ONCE = 8  # verdicts in flight
PAIR = ("first", "second", "tie")


class Label(Record):
    """One line of a labels file."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    id: str
    conversation: tuple[Message, ...]
    answer: str = ""
    answers: tuple[str, str] | None = None
    criterion: str
    human: bool | int | str
    rater: str = "1"


class Agreement(Record):
    """What was measured; written to agreement.json."""

    judge: Identity
    labels_sha256: str
    labels: int
    items: int
    prompts: int
    raters: int
    errors: int  # labels without a verdict of the judge: in none of the figures
    reasons: dict[str, int]
    kappa: Estimate
    alpha: Estimate
    human_alpha: Estimate  # not defined for one rater
    balanced_f1: Estimate | None = None  # true and false only
    human_met: float | None = None  # share of "met" among the labels, and among the judge's verdicts
    judge_met: float | None = None
    turned: float | None = None  # pairs only


class Permission(NamedTuple):
    allowed: bool
    reason: str


def may_gate(agreement: Agreement | None, judge: Identity | None = None, limits: Path = LIMITS) -> Permission:
    """Whether this judge, asked with this prompt, may decide a gate; `judge` is the one that judged."""
    if agreement is None:
        return Permission(False, "the judge was never measured: python -m evals judge-agreement")
    if judge is not None and (judge.judge, judge.prompt_sha256) != (agreement.judge.judge, agreement.judge.prompt_sha256):
        return Permission(False, f"'{agreement.judge.judge}' was measured, not '{judge.judge}' with this prompt")
    if agreement.judge.fake:
        return Permission(False, f"{agreement.judge.judge} is no judge")
    limit = yaml.safe_load(limits.read_text(encoding="utf-8"))
    scored, low = agreement.labels - agreement.errors, agreement.kappa.low
    if scored < limit["labels"]:
        return Permission(False, f"measured on {scored} labels; {limit['labels']} are asked")
    if agreement.errors > limit["errors"] * agreement.labels:
        return Permission(False, f"gave no verdict on {agreement.errors} of {agreement.labels} labels")
    if low is None or low < limit["kappa_low"]:
        shown = "not defined" if low is None else f"{low:.2f}"
        return Permission(False, f"the lower end of its kappa with people is {shown}; {limit['kappa_low']} is asked")
    return Permission(True, f"kappa with people at least {low:.2f} ({scored} labels)")


def read_agreement(path: Path) -> Agreement:
    """What `judge-agreement` wrote. Raises InputError when the file is missing or is something else."""
    try:
        return Agreement.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"there is no {path}; python -m evals judge-agreement writes it") from None
    except ValidationError:
        raise InputError(f"{path} is not what python -m evals judge-agreement writes") from None


def read_labels(path: Path) -> list[Label]:
    """Every label. Raises InputError naming file, line and field; kinds of `human` may not be mixed in one file."""
    labels = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.strip():
            labels.append(_label(f"{path.name}:{number}", line))
    if not labels:
        raise InputError(f"{path} has no labels")
    items: dict[str, tuple[Any, ...]] = {}
    for label in labels:
        about = (label.conversation, label.answer, label.answers, label.criterion)
        if items.setdefault(label.id, about) != about:
            raise InputError(f"{path.name}: the id '{label.id}' stands for two different items; give each its own")
    if len(kinds := {_kind(label.human) for label in labels}) > 1:
        raise InputError(f"{path.name} mixes {' and '.join(sorted(kinds))} labels; one file for each")
    if len({(label.id, label.rater) for label in labels}) < len(labels):
        raise InputError(f"{path.name} has one rater's label of an item twice; give every rater a name (`rater`)")
    return labels


def measure(
    labels: Sequence[Label], judge: Judge, scale: int | None = None, on_done: Callable[[], None] = lambda: None
) -> Agreement:
    """The judge asked once an item, and compared. `scale`: k of 1 … k, where nobody gave the highest mark."""
    question = _kind(labels[0].human)
    values = _values(question, labels, scale)
    items = list({label.id: label for label in labels}.values())

    def ask(label: Label) -> _Verdict:
        try:
            return _ask(judge, label, len(values))
        except EngineError as error:
            return _Verdict(None, error=str(error))
        finally:
            on_done()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = dict(zip((label.id for label in items), pool.map(ask, items), strict=True))
    scored = [label for label in labels if verdicts[label.id].value is not None]
    failed = [verdicts[label.id].error for label in labels if verdicts[label.id].value is None]
    judged = {name: values.index(verdict.value) for name, verdict in verdicts.items() if verdict.value is not None}
    given = [Given(label.id, str(label.conversation), values.index(label.human), judged[label.id]) for label in scored]
    text = "\n".join(label.model_dump_json() for label in labels)
    rated: Metric = "interval" if question == "rating" else "nominal"
    agreement = Agreement(
        judge=judge.identity(question),
        labels_sha256=hashlib.sha256(text.encode()).hexdigest(),
        labels=len(labels),
        items=len(items),
        prompts=len({label.conversation for label in labels}),
        raters=len({label.rater for label in labels}),
        errors=len(failed),
        reasons={reason: failed.count(reason) for reason in sorted(set(failed))},
        kappa=kappa(given, len(values), "quadratic" if question == "rating" else None),
        alpha=alpha(given, len(values), rated, with_judge=True),
        human_alpha=alpha(given, len(values), rated, with_judge=False),
    )
    if question == "criterion":
        met = {"human_met": _share(one.human for one in given), "judge_met": _share(one.judge for one in given)}
        agreement = agreement.model_copy(update={"balanced_f1": balanced_f1(given), **met})
    if question == "pair":
        pairs = [verdict for verdict in verdicts.values() if verdict.value is not None]
        agreement = agreement.model_copy(update={"turned": _share(not verdict.agreed for verdict in pairs)})
    return agreement


class _Verdict(NamedTuple):
    value: bool | int | str | None
    agreed: bool = True  # pairs: in both orders
    error: str = ""


def _share(found: Iterable[int]) -> float | None:
    values = list(found)
    return sum(values) / len(values) if values else None


def _ask(judge: Judge, label: Label, most: int) -> _Verdict:
    if label.answers is not None:
        preference = prefer(judge, label.conversation, *label.answers, label.criterion)
        return _Verdict(preference.better, preference.agreed)
    said = (*label.conversation, Message(role="assistant", content=label.answer))
    if isinstance(label.human, bool):
        return _Verdict(judge.meets(said, label.criterion))
    return _Verdict(judge.rates(said, label.criterion, most))


def _values(question: Question, labels: Sequence[Label], scale: int | None) -> list[Any]:
    """Every value there can be, in order."""
    if question == "criterion":
        return [False, True]
    if question == "pair":
        return list(PAIR)
    highest = max(int(label.human) for label in labels)
    if scale is not None and scale < highest:
        raise InputError(f"a label has {highest}, above --scale {scale}")
    return list(range(1, max(scale or 2, highest) + 1))


def _kind(human: bool | int | str) -> Question:
    return "criterion" if isinstance(human, bool) else "pair" if isinstance(human, str) else "rating"


def _label(where: str, line: str) -> Label:
    try:
        row: Mapping[str, Any] = json.loads(line)
        asked = row["prompt"] if "prompt" in row else row["question"]
        turns = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
        rest = {name: value for name, value in row.items() if name not in ("answers", "conversation")}
        if "answers" in row:
            rest["answers"] = tuple(row["answers"])
        label = Label.model_validate({**rest, "conversation": tuple(Message.model_validate(turn) for turn in turns)})
    except KeyError:
        raise InputError(f"{where} has no prompt and no question") from None
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        raise InputError(f"{where}: '{'.'.join(map(str, fault['loc']))}': {fault['msg']}") from None
    except (ValueError, TypeError, AttributeError):
        raise InputError(f"{where} is not a JSON object with prompt, answer, criterion and human") from None
    if isinstance(label.human, str):
        fits = label.answers is not None and label.human in PAIR
    else:
        fits = label.answers is None and (isinstance(label.human, bool) or label.human >= 1)
    if not fits:
        raise InputError(f"{where}: `human` is true, false or 1 … k; with two `answers` it is 'first', 'second' or 'tie'")
    return label
