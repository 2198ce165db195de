"""Calculators against cases that two independent readers worked from the papers, without seeing the code.

`evals/blind/calculators.jsonl`: tool, inputs, expected (within), says (words of the interpretation), working, source and
doubt. Where a reader could not know the form of a result (a level of imaging, a dose in words) it is restated in the
product's. The other calculators: tests/test_medmodel_tools_calculators.py.

    pytest tests/test_medmodel_tools_worked.py
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from medmodel import tools
from medmodel.records import ToolResult

FILE = Path(__file__).parents[1] / "evals" / "blind" / "calculators.jsonl"


def _by_tool() -> dict[str, list[dict[str, Any]]]:
    cases = defaultdict(list)
    for line in FILE.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        cases[case["tool"]].append(case)
    return cases


CASES = _by_tool()


@pytest.mark.parametrize("name", CASES)
def test_a_calculator_gives_what_an_independent_reader_worked_out(name: str) -> None:
    for case in CASES[name]:
        done = tools.run(name, case["inputs"])
        assert isinstance(done, ToolResult), case
        if isinstance(case["expected"], str):
            assert done.value == case["expected"], case
        else:
            assert isinstance(done.value, int | float), case
            assert done.value == pytest.approx(case["expected"], abs=case["within"] + 1e-9), case
        assert case.get("says", "").lower() in done.interpretation.lower(), case


@pytest.mark.parametrize("name", CASES)
def test_its_spec_says_how_many_cases_were_worked(name: str) -> None:
    assert tools.spec(name).source.checked.startswith(f"{len(CASES[name])} cases by an independent reader: ")


def test_every_calculator_of_the_package_has_been_worked_by_hand() -> None:
    sources = {name: tools.spec(name).source for name in tools.names()}
    assert [name for name, source in sources.items() if source.version.startswith("open-medicine") and not source.checked] == []
