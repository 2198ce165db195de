"""Two results files over the same cases: what changed, with the exact test; and no comparison over other cases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.batch_compare import changed, compare, compare_page, lines
from medmodel.errors import InputError
from medmodel.records import Answer, BatchResult, Case, Claim

CANARY = "Mrs Example, born 1950"  # synthetic


def answered(name: str, said: str = "", status: Any = "answered", **fields: Any) -> BatchResult:
    claim = Claim(text=said, citations=(), verdict="supported")
    fields = {"question": f"{CANARY}: {name}", "origin": "model", "release": "r", **fields}
    return BatchResult(id=name, status="ok", answer=Answer(id="a", status=status, claims=(claim,), **fields), seconds=1.0)


def failed(name: str) -> BatchResult:
    return BatchResult(id=name, status="error", error="ServerError: overloaded")


def case(name: str, **expected: Any) -> Case:
    return Case(id=name, question=f"{CANARY}: {name}", must_mention=("INR",), **expected)


def write(path: Path, results: Sequence[BatchResult]) -> Path:
    path.write_text("".join(result.model_dump_json(exclude_none=True) + "\n" for result in results), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Ten cases: 1 is gained, 6 are lost, 2 stay met, 1 stays unmet; the last of them is refused by B."""
    before = [answered(f"c{n}", "" if n in (0, 9) else "INR", release="old", tokens=10, prompt_tokens=100) for n in range(10)]
    after = [answered(f"c{n}", "INR" if n in (0, 7, 8) else "", release="new", tokens=5, prompt_tokens=90) for n in range(9)]
    after.append(answered("c9", status="refused", origin="none", release="new", tokens=0, prompt_tokens=0))
    return write(tmp_path / "a.jsonl", before), write(tmp_path / "b.jsonl", after[::-1])


def test_gained_and_lost_cases_are_listed_with_the_exact_test(files: tuple[Path, Path]) -> None:
    found = compare(*files, [case(f"c{number}") for number in range(10)])
    verdict = found.expectations["verdict"]
    assert (verdict.n, verdict.before, verdict.after) == (10, 8, 3)
    assert (verdict.gained, verdict.lost) == (("c0",), ("c1", "c2", "c3", "c4", "c5", "c6"))
    assert verdict.p == pytest.approx(2 * (1 + 7) / 2**7)  # 7 fair coins, 1 or fewer heads, both sides
    assert found.expectations["mention"] == verdict
    assert changed(found) == {"lost": verdict.lost, "gained": verdict.gained}
    assert found.status == {"answered → refused": ("c9",)}
    assert found.origin == {"model → none": ("c9",)}
    assert found.releases == (("old",), ("new",))
    assert (found.costs[0].tokens, found.costs[1].tokens) == (100, 45)


def test_without_the_cases_file_status_and_origin_are_compared_alone(files: tuple[Path, Path]) -> None:
    found = compare(*files)
    assert found.expectations == {}
    assert (found.cases, found.compared, found.status) == (10, 10, {"answered → refused": ("c9",)})


def test_a_case_that_failed_in_either_is_named_and_in_no_count(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", [answered("a", "INR"), failed("b"), answered("c", "INR")])
    second = write(tmp_path / "b.jsonl", [answered("a"), answered("b", "INR"), failed("c")])
    found = compare(first, second, [case("a"), case("b"), case("c")])
    assert (found.compared, found.failed) == (1, ("b", "c"))
    assert (found.expectations["verdict"].n, found.expectations["verdict"].lost) == (1, ("a",))


def test_files_of_other_cases_are_refused_naming_what_is_missing(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", [answered("a"), answered("b")])
    second = write(tmp_path / "b.jsonl", [answered("a")])
    with pytest.raises(InputError, match=r"b\.jsonl lacks 1 of 2 cases \('b'\)"):
        compare(first, second)
    with pytest.raises(InputError, match=r"b\.jsonl lacks 1 of 2 cases \('b'\)"):
        compare(first, second, [case("a"), case("b")])
    assert compare(first, second, [case("a")]).compared == 1
    with pytest.raises(InputError, match=r"a\.jsonl lacks 7 of 8 cases \('0', '1', '2', '3', '4' …\)"):
        compare(write(tmp_path / "a.jsonl", [answered("a")]), second, [case("a"), *(case(str(n)) for n in range(7))])


def test_one_id_with_two_questions_is_no_comparison(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", [answered("a")])
    second = write(tmp_path / "b.jsonl", [answered("a", question=f"{CANARY}: another")])
    with pytest.raises(InputError, match=r"asked 1 cases otherwise \('a'\)") as caught:
        compare(first, second)
    with pytest.raises(InputError, match=r"b\.jsonl asked case 'a' otherwise than the cases file") as other:
        compare(first, second, [case("a")])
    assert CANARY not in str(caught.value) + str(other.value)


def test_a_file_of_something_else_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [answered("a")])
    path.write_text(path.read_text() + "notes\n")
    with pytest.raises(InputError, match=r"a\.jsonl:2 is no result"):
        compare(path, path)
    with pytest.raises(InputError, match=r"none\.jsonl cannot be read"):
        compare(write(path, [answered("a")]), tmp_path / "none.jsonl")


def test_the_page_and_the_lines_hold_ids_and_no_question(files: tuple[Path, Path]) -> None:
    found = compare(*files, [case(f"c{number}") for number in range(10)])
    page = compare_page(found)
    assert "Cases that changed verdict" in page
    assert "c6" in page
    assert ("verdict", "8 → 3 of 10; gained 1, lost 6; p = 0.125") in lines(found)
    assert CANARY not in page + str(lines(found)) + found.model_dump_json()


@pytest.mark.slow
def test_the_command_writes_a_page_and_prints_who_changed(files: tuple[Path, Path], tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(case(f"c{number}").model_dump_json() + "\n" for number in range(10)), encoding="utf-8")
    command = [sys.executable, "-m", "evals", "batch-compare", *map(str, files), "--cases", str(cases)]
    root = Path(__file__).parents[1]
    shown = subprocess.run(
        [*command, "--out", str(tmp_path / "page.html")], capture_output=True, text=True, check=True, cwd=root
    )
    assert "lost: c1, c2, c3, c4, c5, c6" in shown.stdout
    assert "gained: c0" in shown.stdout
    assert "changed verdict" in (tmp_path / "page.html").read_text(encoding="utf-8")
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, cwd=root).stdout)
    assert found["expectations"]["verdict"]["p"] == 0.125
