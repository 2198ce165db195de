"""Fits medmodel/safety/manner.json: how a question speaks when somebody is in danger.

    python -m evals.red_flags_fit              # a minute; prints what it found on questions it was not fitted on, and writes
    python -m evals.red_flags_fit --dry-run    # prints only

Fitted on evals/blind/red_flags_*.jsonl but the last of them (each was run blind once, docs/evidence.md) and on
red_flags_cases.yaml. A term is weighed when two questions have it; the sum is divided by the root of their number, so that a long
question is no emergency for its length. `unseen` asks each file of a model fitted on the others, and red_flags_cases.yaml, which
has one author, by tenths. Whenever findings.yaml changes, fit again: its findings are terms.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
import yaml

from evals.stats import wilson
from medmodel.artifacts import write_atomic
from medmodel.cli import run_command
from medmodel.safety.flags import fired, see
from medmodel.safety.manner import WEIGHTS, terms
from medmodel.safety.text import read

BLIND = Path(__file__).with_name("blind")
LAST = "red_flags_third.jsonl"  # what the figures are of, so not fitted on; spent as soon as rules are mended on it
CASES = Path(__file__).with_name("red_flags_cases.yaml")
FEWEST = 2  # questions that a term occurs in
STRENGTH = 10.0  # inverse of the penalty: of 3 and 10 the better on files not fitted on
SMALLEST = 0.04  # a weight below it moves no score by more than a hundredth
LIMITS = (0.0, 0.3, 0.6)  # of `manner >=` in red_flags.yaml, shown side by side
TENTHS = 10
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Question(NamedTuple):
    text: str
    emergency: bool
    source: str
    terms: frozenset[str]


@app.command()
def main(dry_run: Annotated[bool, typer.Option(help="print, write nothing")] = False) -> None:
    """Prints the table of questions not fitted on; writes the weights fitted on all."""
    questions = read_questions()
    for source in sorted({question.source for question in questions}):
        print(json.dumps(unseen(questions, source)))
    if not dry_run:
        write_atomic(WEIGHTS, json.dumps(fit(questions), ensure_ascii=False, sort_keys=True, indent=0) + "\n")


def read_questions() -> list[Question]:
    found: list[Question] = []
    for path in sorted(set(BLIND.glob("red_flags_*.jsonl")) - {BLIND / LAST}):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.append(_question(row["text"], bool(row["red_flag"]), path.stem))
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    for kind in ("emergency", "ordinary"):
        for at, text in enumerate(cases[kind]):
            found.append(_question(text, kind == "emergency", f"red_flags_cases/{at % TENTHS}"))
    return found


def fit(questions: Sequence[Question]) -> dict[str, Any]:
    """Intercept, and the weight of each term."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    counted = Counter(term for question in questions for term in question.terms)
    known = sorted(term for term, count in counted.items() if count >= FEWEST)
    columns = {term: at for at, term in enumerate(known)}
    rows: list[int] = []
    at: list[int] = []
    values: list[float] = []
    for row, question in enumerate(questions):
        held = [columns[term] for term in question.terms if term in columns]
        rows += [row] * len(held)
        at += held
        values += [max(1, len(held)) ** -0.5] * len(held)
    matrix = csr_matrix((values, (rows, at)), shape=(len(questions), len(known)))
    fitted = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000)
    fitted.fit(matrix, [question.emergency for question in questions])
    weights = zip(known, fitted.coef_[0], strict=True)
    return {
        "intercept": round(float(fitted.intercept_[0]), 3),
        "weights": {term: round(float(weight), 2) for term, weight in weights if abs(weight) >= SMALLEST},
    }


def unseen(questions: Sequence[Question], source: str) -> dict[str, Any]:
    """What a model fitted without a file finds in it; rules and limit together, as the product decides but for lone findings."""
    model = fit([question for question in questions if question.source != source])
    asked = [question for question in questions if question.source == source]
    named = [any(not one.rule.general for one in fired(question.text)) for question in asked]
    row: dict[str, Any] = {"source": source}
    for limit in LIMITS:
        flagged = [rule or score(model, question) >= limit for question, rule in zip(asked, named, strict=True)]
        for kind, emergency in (("found", True), ("false_alarms", False)):
            of = [flag for flag, question in zip(flagged, asked, strict=True) if question.emergency == emergency]
            low, high = wilson(sum(of), len(of))
            row[f"{kind}, {limit}"] = f"{sum(of)} of {len(of)} ({low:.3f} to {high:.3f})"
    return row


def score(model: dict[str, Any], question: Question) -> float:
    known = question.terms & model["weights"].keys()
    return float(model["intercept"] + sum(model["weights"][term] for term in known) / max(1, len(known)) ** 0.5)


def _question(text: str, emergency: bool, source: str) -> Question:
    return Question(text, emergency, source, frozenset(terms(read(text), see(text).heard)))


if __name__ == "__main__":
    run_command(app)
