"""Two releases over the same cases, case by case: what changed, what was gained, what was lost.

Both files are results of `python -m evals batch` over one cases file. A case that one of them does not hold, or asked
otherwise, makes the comparison an error: a difference over other cases is none. A case whose call failed in either is
named and left out, since an error is not an answer. With the cases file, each expectation is compared too; a case's
verdict is whether all that it expects was met. The p-value is McNemar's exact one: it takes cases as independent.

    python -m evals batch-compare A.jsonl B.jsonl --cases cases.jsonl --out page.html
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evals import page, stats
from evals.batch import CaseRow, Cost, decide, summarise
from medmodel.errors import InputError
from medmodel.records import Case, Record
from medmodel.serve.batches import read_results

NAMED = 5  # missing cases that an error names
VERDICT = "verdict"  # all that a case expects


class Change(Record):
    """One expectation, or all of them, over the cases that have it and were answered in both."""

    n: int
    before: int  # met in A
    after: int
    gained: tuple[str, ...]  # case ids: not met in A, met in B
    lost: tuple[str, ...]
    p: float  # exact McNemar, two-sided


class Comparison(Record):
    releases: tuple[tuple[str, ...], tuple[str, ...]]  # that answered in A, and in B
    cases: int
    compared: int
    failed: tuple[str, ...]  # ids without an answer in A or in B
    status: dict[str, tuple[str, ...]]  # "answered → abstained": case ids
    origin: dict[str, tuple[str, ...]]
    expectations: dict[str, Change]  # "verdict" first
    costs: tuple[Cost, Cost]


class _Seen(NamedTuple):
    row: CaseRow
    question: str  # its digest: "" when the call failed


def compare(first: Path, second: Path, cases: Sequence[Case] | None = None) -> Comparison:
    """What B does otherwise than A. Raises InputError when they do not hold the same cases."""
    listed = {case.id: case for case in cases} if cases is not None else None
    before, after = _seen(first, listed), _seen(second, listed)
    wanted = set(listed) if listed is not None else set(before) | set(after)
    for path, found in ((first, before), (second, after)):
        _check_holds(path, found, wanted)
    failed = sorted(name for name in wanted if "error" in (before[name].row.status, after[name].row.status))
    names = sorted(wanted - set(failed))
    _check_asked(first, second, [name for name in names if before[name].question != after[name].question])
    rows = [(before[name].row, after[name].row) for name in names]
    kinds = sorted({kind for row, _ in rows for kind in row.met})
    changes = {VERDICT: _change([(a.id, bool(a.passed), bool(b.passed)) for a, b in rows if a.met])} if kinds else {}
    changes |= {kind: _change([(a.id, a.met[kind], b.met[kind]) for a, b in rows if kind in a.met]) for kind in kinds}
    return Comparison(
        releases=(_releases(row for row, _ in rows), _releases(row for _, row in rows)),
        cases=len(wanted),
        compared=len(rows),
        failed=tuple(failed),
        status=_moves([(a.id, a.status, b.status) for a, b in rows]),
        origin=_moves([(a.id, a.origin, b.origin) for a, b in rows]),
        expectations=changes,
        costs=(summarise([row for row, _ in rows], ()).cost, summarise([row for _, row in rows], ()).cost),
    )


def lines(found: Comparison) -> list[tuple[str, str]]:
    """(what, figures) for a terminal."""
    told = [("A", ", ".join(found.releases[0])), ("B", ", ".join(found.releases[1]))]
    for kind, change in found.expectations.items():
        figures = f"{change.before} → {change.after} of {change.n}; gained {len(change.gained)}, lost {len(change.lost)}"
        told.append((kind if kind == VERDICT else f"expected {kind}", f"{figures}; p = {change.p:.3g}"))
    told += [(f"status: {move}", f"{len(names)}") for move, names in found.status.items()]
    told += [(f"written by: {move}", f"{len(names)}") for move, names in found.origin.items()]
    a, b = found.costs
    if a.median is not None and b.median is not None:
        told.append(("median seconds", f"{a.median:.3g} → {b.median:.3g}"))
        told.append(("tokens read, written", f"{a.prompt_tokens:,}, {a.tokens:,} → {b.prompt_tokens:,}, {b.tokens:,}"))
    return told + ([("failed in A or B, left out", f"{len(found.failed)}")] if found.failed else [])


def changed(found: Comparison) -> dict[str, tuple[str, ...]]:
    """Ids of the cases whose verdict changed, by the direction."""
    verdict = found.expectations.get(VERDICT)
    moves = {"lost": verdict.lost, "gained": verdict.gained} if verdict else {}
    return {verb: names for verb, names in moves.items() if names}


def compare_page(found: Comparison) -> str:
    """The comparison as one HTML file: ids and counts."""
    parts = [page.paragraph(f"{found.compared} of {found.cases} cases have an answer in both.")]
    bars = [
        (kind, change.before / change.n, change.after / change.n) for kind, change in found.expectations.items() if change.n
    ]
    parts += [page.paired_bars(bars, "As expected: A above, B below")] if bars else []
    parts.append(page.section("Figures", page.table(("", ""), [[page.cell(a), page.cell(b)] for a, b in lines(found)])))
    for kind, change in found.expectations.items():
        moved = [[page.cell(name), page.verdict("fail"), page.cell("lost")] for name in change.lost]
        moved += [[page.cell(name), page.verdict("pass"), page.cell("gained")] for name in change.gained]
        if moved:
            title = "Cases that changed verdict" if kind == VERDICT else f"Expected {kind}: changed"
            parts.append(page.section(title, page.table(("case", "in B", ""), moved)))
    for title, moves in (("Status changed", found.status), ("Written by another", found.origin)):
        rows = [[page.cell(move), page.cell(name)] for move, names in moves.items() for name in names]
        parts += [page.section(title, page.table(("A → B", "case"), rows))] if rows else []
    if found.failed:
        rows = [[page.cell(name)] for name in found.failed]
        parts.append(page.section("Failed in A or B, left out", page.table(("case",), rows)))
    return page.page("Two releases, case by case", *parts)


def _seen(path: Path, cases: Mapping[str, Case] | None) -> dict[str, _Seen]:
    """Cases of a results file; those that are not listed, when there is a list, are another file's."""
    found: dict[str, _Seen] = {}
    for result in read_results(path):
        answer = result.answer
        case = cases.get(result.id) if cases is not None else Case(id=result.id, question=answer.question if answer else "-")
        if case is None:
            continue
        asked = f"{answer.language}\0{answer.question}" if answer else ""
        if cases is not None and answer and (answer.question, answer.language) != (case.question, case.language):
            raise InputError(f"{path} asked case '{result.id}' otherwise than the cases file does; run the batch again")
        digest = hashlib.sha256(asked.encode()).hexdigest() if asked else ""
        found[result.id] = _Seen(decide({case.id: case}, [result])[0], digest)
    return found


def _check_holds(path: Path, found: Collection[str], wanted: Collection[str]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        named = ", ".join(f"'{name}'" for name in missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
        raise InputError(
            f"{path} lacks {len(missing)} of {len(wanted)} cases ({named}); run the batch to its end with the same cases"
        )


def _check_asked(first: Path, second: Path, names: Sequence[str]) -> None:
    if names:
        named = ", ".join(f"'{name}'" for name in names[:NAMED]) + (" …" if len(names) > NAMED else "")
        raise InputError(f"{first} and {second} asked {len(names)} cases otherwise ({named}); run both with one cases file")


def _change(cases: Sequence[tuple[str, bool, bool]]) -> Change:
    gained = tuple(name for name, a, b in cases if b and not a)
    lost = tuple(name for name, a, b in cases if a and not b)
    return Change(
        n=len(cases),
        before=sum(a for _, a, _ in cases),
        after=sum(b for _, _, b in cases),
        gained=gained,
        lost=lost,
        p=stats.mcnemar(len(gained), len(lost)),
    )


def _moves(cases: Sequence[tuple[str, str, str]]) -> dict[str, tuple[str, ...]]:
    """Case ids by how they moved, the commonest move first."""
    moves = Counter(f"{a} → {b}" for _, a, b in cases if a != b)
    return {move: tuple(name for name, a, b in cases if f"{a} → {b}" == move) for move, _ in moves.most_common()}


def _releases(rows: Iterable[CaseRow]) -> tuple[str, ...]:
    return tuple(sorted({row.release or "unnamed" for row in rows}))
