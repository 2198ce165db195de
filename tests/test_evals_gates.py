"""Gates: each rule decides what it says, too few items decide nothing, and the shipped profile is whole."""

from pathlib import Path

import pytest

from evals import report
from evals.profiles import Gate, Rows, decide, load_profile
from evals.suite import Part, Scored
from medmodel.errors import InputError, UnknownName
from medmodel.records import GateReport, GateResult


def scored(values: list[float], clusters: int = 10, weight: float = 1.0) -> list[Scored]:
    return [
        Scored(id=f"i{number}", cluster=f"c{number % clusters}", values={"m": value}, weight=weight)
        for number, value in enumerate(values)
    ]


def gate(rule: str, n: int = 30, margin: float = 0.0, baseline: bool = True) -> Gate:
    return Gate.model_validate(
        {
            "name": "g",
            "suite": "grounding",
            "metric": "m",
            "rule": rule,
            "n": n,
            "margin": margin,
            "baseline": "base" if baseline else None,
        }
    )


NEVER, ALWAYS = [0.0] * 30, [1.0] * 30
MOSTLY = [1.0, 1.0, 0.0] * 10


def test_a_clear_rise_passes_and_no_change_does_not() -> None:
    risen = decide(gate("rises"), Rows(scored(MOSTLY), scored(NEVER)))
    assert (risen.passed, risen.baseline, risen.n) == (True, 0.0, 30)
    assert risen.value == pytest.approx(2 / 3)
    assert risen.interval is not None
    assert risen.interval[0] > 0
    assert risen.detail["gained"] == 20
    same = decide(gate("rises"), Rows(scored(MOSTLY), scored(MOSTLY)))
    assert not same.passed
    assert same.missed_by == pytest.approx(0.0)


def test_a_rise_of_one_item_in_thirty_is_chance() -> None:
    result = decide(gate("rises"), Rows(scored([1.0] + [0.0] * 29), scored(NEVER)))
    assert not result.passed


def test_a_rise_within_one_guideline_alone_is_no_rise() -> None:
    assert not decide(gate("rises"), Rows(scored(ALWAYS, clusters=1), scored(NEVER, clusters=1))).passed


def test_falling_bits_must_fall_beyond_chance() -> None:
    before = [1.0 + number / 100 for number in range(30)]
    assert decide(gate("falls"), Rows(scored([value - 0.02 for value in before]), scored(before))).passed
    rising = decide(gate("falls"), Rows(scored([value + 0.02 for value in before]), scored(before)))
    assert not rising.passed
    assert rising.missed_by == pytest.approx(0.02)


def test_not_below_allows_the_margin_and_no_more() -> None:
    one_less = [0.0] + [1.0] * 29
    assert decide(gate("not_below"), Rows(scored(ALWAYS), scored(ALWAYS))).passed
    assert decide(gate("not_below", margin=0.04), Rows(scored(one_less), scored(ALWAYS))).passed
    missed = decide(gate("not_below"), Rows(scored(one_less), scored(ALWAYS)))
    assert not missed.passed
    assert missed.missed_by == pytest.approx(1 / 30)


def test_not_worse_fails_when_the_interval_reaches_the_margin() -> None:
    noisy = [0.5 + (0.4 if number % 2 else -0.4) for number in range(30)]
    assert decide(gate("not_worse", margin=0.05), Rows(scored([0.5] * 30), scored([0.5] * 30))).passed
    missed = decide(gate("not_worse", margin=0.05), Rows(scored(noisy, clusters=30), scored([0.5] * 30, clusters=30)))
    assert not missed.passed
    assert missed.missed_by is not None
    assert missed.missed_by > 0


def test_an_increase_is_measured_as_a_share_of_the_baseline() -> None:
    before = scored([1.5] * 30)
    assert decide(gate("at_most_increase", margin=0.02), Rows(scored([1.529] * 30), before)).passed
    missed = decide(gate("at_most_increase", margin=0.02), Rows(scored([1.6] * 30), before))
    assert not missed.passed
    assert missed.missed_by == pytest.approx(0.07)
    assert missed.detail["increase"] == pytest.approx(0.1 / 1.5)


def test_one_exception_fails_an_absolute_rule_and_is_named() -> None:
    assert decide(gate("equals", baseline=False), Rows(scored(ALWAYS))).passed
    missed = decide(gate("equals", baseline=False), Rows(scored([*ALWAYS[:-1], 0.0])))
    assert not missed.passed
    assert missed.detail["failing"] == ["i29"]
    assert missed.missed_by == pytest.approx(1 / 30)


def test_a_single_find_fails_exactly_zero() -> None:
    assert decide(gate("exactly_zero", baseline=False), Rows(scored(NEVER))).passed
    missed = decide(gate("exactly_zero", baseline=False), Rows(scored([*NEVER[:-1], 3.0])))
    assert (missed.passed, missed.value, missed.missed_by) == (False, 3.0, 3.0)


def test_what_is_reported_decides_nothing() -> None:
    result = decide(gate("reported"), Rows(scored(NEVER), scored(ALWAYS)))
    assert (result.passed, result.gated, result.value, result.baseline) == (True, False, 0.0, 1.0)


@pytest.mark.parametrize("rule", ["rises", "falls", "not_below", "not_worse", "at_most_increase", "equals", "exactly_zero"])
def test_no_item_passes_no_gate(rule: str) -> None:
    assert not decide(gate(rule), Rows([], [])).passed


@pytest.mark.parametrize("rule", ["equals", "exactly_zero", "not_below"])
def test_too_few_items_pass_no_gate(rule: str) -> None:
    perfect = NEVER if rule == "exactly_zero" else ALWAYS
    result = decide(gate(rule, n=31), Rows(scored(perfect), scored(perfect)))
    assert not result.passed
    assert "n ≥ 31" in result.rule


def test_items_whose_call_failed_in_one_model_are_not_compared() -> None:
    failed = [Scored(id="i0", cluster="c0", error="EngineError: died"), *scored(ALWAYS)[1:]]
    assert decide(gate("not_below", n=29), Rows(failed, scored(ALWAYS))).n == 29


def test_the_demo_profile_names_a_rule_a_metric_and_an_n_for_every_gate() -> None:
    gates = load_profile("demo")
    assert {entry.name for entry in gates} >= {"grounding", "well_formed", "citations_valid", "choice", "contamination"}
    for entry in gates:
        if entry.rule in ("rises", "falls", "not_below", "not_worse", "at_most_increase"):
            assert entry.baseline == "base", entry.name
        if entry.rule != "reported":
            assert entry.n >= 12, entry.name


def test_every_line_of_gates_yaml_says_why() -> None:
    text = (Path(report.__file__).with_name("gates.yaml")).read_text(encoding="utf-8")
    for line in text.splitlines():
        if "{" in line and not line.startswith("#"):
            assert "}  # " in line, line


def profile(folder: Path, entry: str) -> Path:
    path = folder / "gates.yaml"
    path.write_text(f"mine:\n  g: {entry}\n", encoding="utf-8")
    return path


def test_a_misspelt_rule_field_or_metric_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'rises'"):
        load_profile("mine", profile(tmp_path, "{suite: grounding, metric: grounded, rule: rise, n: 1}"))
    with pytest.raises(UnknownName, match="did you mean 'margin'"):
        load_profile("mine", profile(tmp_path, "{suite: grounding, metric: grounded, rule: rises, n: 1, margins: 2}"))
    with pytest.raises(UnknownName, match="did you mean 'grounded'"):
        load_profile("mine", profile(tmp_path, "{suite: grounding, metric: ground, rule: rises, n: 1}"))
    with pytest.raises(InputError, match="'n'"):
        load_profile("mine", profile(tmp_path, "{suite: grounding, metric: grounded, rule: rises}"))


def gate_report(*results: GateResult, errors: int = 0) -> GateReport:
    return GateReport(
        profile="demo", candidate="c" * 64, index="i" * 64, baseline="b" * 64, engine="fake", results=results, errors=errors
    )


def test_the_page_shows_what_missed_by_how_much_and_escapes_what_models_write() -> None:
    missed = decide(gate("rises"), Rows(scored(NEVER), scored(NEVER)))
    row = Scored(
        id="i0", cluster="c0", values={"grounded": 0.0}, shown={"question": "Why?", "first_try": "<script>", "reason": "no"}
    )
    html = report.gate_page(gate_report(missed), {Part("candidate", "grounding"): [row], Part("base", "grounding"): [row]})
    assert "May not be released" in html
    assert 'class="fail">FAIL' in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "<svg" in html


def test_the_page_lists_failed_calls() -> None:
    row = Scored(id="i7", cluster="c", error="EngineError: vllm broke off")
    html = report.gate_page(gate_report(errors=1), {Part("candidate", "choice"): [row]})
    assert "1 calls failed" in html
    assert "vllm broke off" in html


def test_the_table_has_one_row_a_gate() -> None:
    passed = decide(gate("rises"), Rows(scored(MOSTLY), scored(NEVER)))
    row = report.table(gate_report(passed))[0]
    assert len(row) == len(report.HEAD)
    assert row[:4] == ("pass", "g", "0.6667", "0")
