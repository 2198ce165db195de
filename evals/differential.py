"""A case's diagnoses: does the list of its complaint come up, and does what the case has stand among what is shown?

    listed     of cases with a complaint that the references have a list for: diagnoses of that list are shown
    shown      the diagnosis that the author had in mind is one of them
    must_see   of the diagnoses that its author would insist on seeing: share that is shown
    quiet      of cases whose complaint no list has: no diagnosis is shown

Cases are JSON lines: id, language, text, complaint (title of a list, or ""), diagnosis, must_see (names of that list). Each is put
to the product's answer path over an index, without a model, as a reader would paste it. Figures: docs/evidence.md. Not covered:
whether the references' lists are right, and diagnoses that stand in none of them.

`--fit` works out the weights of medmodel/rag/complaints.py from cases that work may look at: a logistic regression (L2) on the clues
of every list that is found for a case.

    python -m evals.differential store/index-… evals/blind/vignettes.jsonl
    python -m evals.differential store/index-… evals/blind/vignettes.jsonl evals/blind/vignettes_second.jsonl --fit
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from evals import stats
from evals.silence import logistic
from evals.subjects import calling
from evals.suite import Scored
from medmodel.cli import run_command
from medmodel.errors import InputError
from medmodel.rag.abstention import rarity
from medmodel.rag.answer import Answerer
from medmodel.rag.complaints import Clues, clues
from medmodel.rag.index import Index
from medmodel.rag.nearest import taken
from medmodel.rag.profiles import ANSWERS, open_retriever
from medmodel.records import Answer, Record
from medmodel.safety.scope import told
from medmodel.safety.text import read

CANDIDATES = 20  # passages retrieved, as in the product
METRICS = ("listed", "shown", "must_see", "quiet")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Case(Record):
    """A case as somebody tells it, and what its author had in mind."""

    id: str
    language: Literal["en", "zh"]
    text: str
    complaint: str = ""  # title of the list; "" where the references have none
    diagnosis: str = ""
    must_see: tuple[str, ...] = ()
    style: str = ""
    why: str = ""


@app.command()
def main(
    index: Annotated[Path, typer.Argument(help="a built index")],
    files: Annotated[list[Path], typer.Argument(help="JSON lines: id, language, text, complaint, diagnosis, must_see")],
    fitting: Annotated[bool, typer.Option("--fit", help="work out the weights of complaints.py")] = False,
    rows: Annotated[Path | None, typer.Option(help="write every case's row here")] = None,
) -> None:
    """Prints every metric with n and interval, and by language."""
    opened, cases = Index.open(index), [case for path in files for case in read_cases(path)]
    if fitting:
        print(json.dumps(fit(opened, cases), indent=1))
        return
    measured = measure(opened, cases)
    if rows:
        rows.write_text("".join(row.model_dump_json() + "\n" for row in measured), encoding="utf-8")
    print(json.dumps(report(measured), indent=1, ensure_ascii=False))


def read_cases(path: Path) -> list[Case]:
    """Raises InputError that names the file, the line and the field."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            cases.append(Case.model_validate_json(line))
        except ValueError as fault:
            raise InputError(f"{path}, line {number}: {str(fault).splitlines()[0]}; see evals/differential.py") from None
    return cases


def measure(index: Index, cases: Sequence[Case]) -> list[Scored]:
    """A row for every case."""
    answerer = Answerer(open_retriever(index, CANDIDATES, ANSWERS), None, held=index.passages, rare=rarity(index))
    with calling() as wait_for, ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda case: wait_for(answerer.answer(case.text, case.language)), cases)
        return [score(case, answer, index) for case, answer in zip(cases, answers, strict=True)]


def score(case: Case, answer: Answer, index: Index) -> Scored:
    diagnoses = answer.case.diagnoses if answer.case else ()
    names = [one.name for one in diagnoses]
    lists = {index.passages[citation.passage_id].heading[0] for one in diagnoses for citation in one.citations}
    if case.complaint:
        values = {"listed": float(case.complaint in lists), "shown": float(case.diagnosis in names)}
    else:
        values = {"quiet": float(not names)}
    if case.must_see:
        values["must_see"] = sum(name in names for name in case.must_see) / len(case.must_see)
    shown = {"language": case.language, "style": case.style, "lists": "; ".join(sorted(lists)), "names": "; ".join(names)}
    return Scored(id=case.id, cluster=case.id, values=values, weight=max(1, len(case.must_see)), shown=shown)


def fit(index: Index, cases: Sequence[Case]) -> dict[str, float]:
    """The weight of each clue, and the intercept."""
    retriever = open_retriever(index, CANDIDATES, ANSWERS)
    seen: list[Clues] = []
    right: list[bool] = []
    for case in cases:
        of_case, _ = clues(told(read(case.text))[0], lambda text: [passage for passage, _ in taken(retriever.invoke(text))])
        seen += of_case.values()
        right += [index.passages[f"{document}#0"].heading[0] == case.complaint for document in of_case]
    weights = logistic(np.array(seen), np.array(right, dtype=float))
    return dict(zip((*Clues._fields, "intercept"), map(float, weights), strict=True))


def report(rows: Sequence[Scored]) -> dict[str, Any]:
    """Every metric of all rows and of each language's."""
    found: dict[str, Any] = {"all": _metrics(rows)}
    for language in sorted({row.shown["language"] for row in rows}):
        found[language] = _metrics([row for row in rows if row.shown["language"] == language])
    return found


def _metrics(rows: Sequence[Scored]) -> dict[str, Any]:
    found = {}
    for metric in METRICS:
        scored = [row for row in rows if metric in row.values]
        if scored:
            weights = [row.weight for row in scored] if metric == "must_see" else None
            mean = stats.clustered_mean([row.values[metric] for row in scored], [row.cluster for row in scored], weights)
            interval = mean.interval if metric == "must_see" else stats.wilson_clustered(mean)
            found[metric] = {"value": round(mean.value, 3), "n": mean.n, "interval": interval}
    return found


if __name__ == "__main__":
    run_command(app)
