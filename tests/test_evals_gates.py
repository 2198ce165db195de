"""Gates: each rule decides what it says, too few items decide nothing, and the shipped profile is whole."""

from pathlib import Path

import pytest

from evals import honesty, run
from evals.profiles import ABSOLUTE, Gate, left_out, load_profile, plugin
from evals.suite import Part, Scored
from evals.verdicts import Rows, adjusted, conclude, decide
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import GateResult, Verdict


def scored(values: list[float], clusters: int = 10, weight: float = 1.0) -> list[Scored]:
    return [
        Scored(id=f"i{number}", cluster=f"c{number % clusters}", values={"m": value}, weight=weight)
        for number, value in enumerate(values)
    ]


def gate(rule: str, n: int = 30, margin: float = 0.0, value: float = 1.0) -> Gate:
    return Gate(
        name="g",
        suite="grounding",
        metric="m",
        rule=rule,
        n=n,
        margin=margin,
        value=value,
        baseline=None if rule in ABSOLUTE else "base",
        why="a test",
        owner="tests",
    )


NEVER, ALWAYS = [0.0] * 30, [1.0] * 30
MOSTLY = [1.0, 1.0, 0.0] * 10


def test_a_clear_rise_passes_and_a_clear_fall_fails() -> None:
    risen = decide(gate("rises"), Rows(scored(MOSTLY), scored(NEVER)))
    assert (risen.verdict, risen.baseline, risen.n) == ("pass", 0.0, 30)
    assert risen.value == pytest.approx(2 / 3)
    assert risen.interval is not None
    assert risen.interval[0] > 0
    assert risen.detail["gained"] == 20
    fallen = decide(gate("rises"), Rows(scored(NEVER), scored(MOSTLY)))
    assert fallen.verdict == "fail"
    assert "the whole interval" in fallen.why


def test_no_change_at_all_is_neither_a_rise_nor_a_proof_that_there_is_none() -> None:
    same = decide(gate("rises"), Rows(scored(MOSTLY), scored(MOSTLY)))
    assert same.verdict == "cannot tell"
    assert same.missed_by == pytest.approx(1 - 0.025 ** (1 / 10))  # ten clusters, none discordant
    assert "more items of this kind would not make it pass" in same.why


def test_a_rise_of_one_item_in_thirty_cannot_be_told_and_says_how_many_items_could() -> None:
    result = decide(gate("rises"), Rows(scored([1.0] + [0.0] * 29, clusters=30), scored(NEVER, clusters=30)))
    assert result.verdict == "cannot tell"
    # one standard error is the difference itself, 1/30: 2.80^2 times as many items
    assert "about 236 items would be needed" in result.why


def test_a_rise_within_one_guideline_alone_cannot_be_told() -> None:
    result = decide(gate("rises"), Rows(scored(ALWAYS, clusters=1), scored(NEVER, clusters=1)))
    assert (result.verdict, result.passed) == ("cannot tell", False)
    assert "one cluster" in result.why


def test_falling_bits_must_fall_beyond_chance() -> None:
    before = [1.0 + number / 100 for number in range(30)]
    assert decide(gate("falls"), Rows(scored([value - 0.02 for value in before]), scored(before))).passed
    rising = decide(gate("falls"), Rows(scored([value + 0.02 for value in before]), scored(before)))
    assert rising.verdict == "fail"
    assert rising.missed_by == pytest.approx(0.02)


def test_not_worse_cannot_be_told_when_the_interval_reaches_the_margin_and_fails_beyond_it() -> None:
    noisy = [0.5 + (0.4 if number % 2 else -0.4) for number in range(30)]
    assert decide(gate("not_worse", margin=0.05), Rows(scored([0.5] * 30), scored([0.5] * 30))).passed
    missed = decide(gate("not_worse", margin=0.05), Rows(scored(noisy, clusters=30), scored([0.5] * 30, clusters=30)))
    assert missed.verdict == "cannot tell"
    assert missed.missed_by is not None
    assert missed.missed_by > 0
    # standard error 0.4 / sqrt(29) = 0.0743; (2.80 * 0.0743 / 0.05)^2 * 30 = 519.8
    assert "about 520 items would be needed" in missed.why
    assert decide(gate("not_worse", margin=0.05), Rows(scored([0.4] * 30), scored([0.5] * 30))).verdict == "fail"


def test_thirty_items_right_in_both_models_are_too_few_for_a_margin_of_five_points() -> None:
    result = decide(gate("not_worse", margin=0.05), Rows(scored(ALWAYS, clusters=30), scored(ALWAYS, clusters=30)))
    assert result.verdict == "cannot tell"
    assert "about 72 items would be needed" in result.why
    enough = [1.0] * 72
    assert decide(gate("not_worse", margin=0.05), Rows(scored(enough, clusters=72), scored(enough, clusters=72))).passed


def test_a_test_that_would_miss_a_fall_as_large_as_its_margin_vouches_for_none() -> None:
    """The interval clears the margin (2.05 errors), but four of five such falls need 2.8."""
    # differences of -0.01 and +0.01: error 0.01 / sqrt(29) = 0.00186; margin 2.3 errors
    before = [0.5] * 30
    after = [0.5 + (0.01 if number % 2 else -0.01) for number in range(30)]
    narrow = decide(gate("not_worse", margin=0.0043), Rows(scored(after, clusters=30), scored(before, clusters=30)))
    assert narrow.interval is not None
    assert narrow.interval[0] > -0.0043
    assert narrow.verdict == "cannot tell"
    assert "more than the margin" in narrow.why
    wide = decide(gate("not_worse", margin=0.0053), Rows(scored(after, clusters=30), scored(before, clusters=30)))
    assert wide.verdict == "pass"


def test_an_increase_is_held_against_a_share_of_the_baseline() -> None:
    before = scored([1.5] * 30)
    assert decide(gate("at_most_increase", margin=0.02), Rows(scored([1.529] * 30), before)).passed
    missed = decide(gate("at_most_increase", margin=0.02), Rows(scored([1.6] * 30), before))
    assert missed.verdict == "fail"
    assert missed.missed_by == pytest.approx(0.07)
    assert missed.detail["increase"] == pytest.approx(0.1 / 1.5)
    assert missed.threshold == pytest.approx(0.03)


def test_one_exception_fails_an_absolute_rule_and_is_named() -> None:
    kept = decide(gate("equals"), Rows(scored(ALWAYS, clusters=30)))
    assert kept.verdict == "pass"
    assert kept.interval == pytest.approx((0.8843, 1.0), abs=5e-5)  # Clopper and Pearson: 0.025^(1/30)
    missed = decide(gate("equals"), Rows(scored([*ALWAYS[:-1], 0.0])))
    assert missed.verdict == "fail"
    assert missed.detail["failing"] == ["i29"]
    assert missed.missed_by == pytest.approx(1 / 30)


def test_an_exception_among_few_items_is_still_an_exception() -> None:
    assert decide(gate("equals", n=100), Rows(scored([*ALWAYS[:-1], 0.0]))).verdict == "fail"
    assert decide(gate("equals", n=100), Rows(scored(ALWAYS))).verdict == "cannot tell"


def test_a_single_find_fails_exactly_zero() -> None:
    assert decide(gate("exactly_zero"), Rows(scored(NEVER))).passed
    missed = decide(gate("exactly_zero"), Rows(scored([*NEVER[:-1], 3.0])))
    assert (missed.verdict, missed.value, missed.missed_by) == ("fail", 3.0, 3.0)


def test_a_floor_is_kept_by_the_interval_and_not_by_the_value() -> None:
    nineteen = [1.0] * 95 + [0.0] * 5
    floor = gate("at_least", value=0.9)
    assert decide(floor, Rows(scored(nineteen * 4, clusters=400))).passed  # Wilson 0.924 … 0.967
    near = decide(floor, Rows(scored(nineteen, clusters=100)))  # Wilson 0.888 … 0.978
    assert near.verdict == "cannot tell"
    assert "about 14" in near.why
    assert decide(gate("at_least", value=0.99), Rows(scored(nineteen, clusters=100))).verdict == "fail"


def test_a_ceiling_holds_for_seconds_too() -> None:
    seconds = [1.0, 2.0, 3.0] * 10  # mean 2, error 0.15
    assert decide(gate("at_most", value=2.5), Rows(scored(seconds, clusters=30))).passed
    assert decide(gate("at_most", value=2.1), Rows(scored(seconds, clusters=30))).verdict == "cannot tell"
    assert decide(gate("at_most", value=1.5), Rows(scored(seconds, clusters=30))).verdict == "fail"


def test_no_refusal_among_twenty_does_not_show_that_refusals_are_rare() -> None:
    assert decide(gate("at_most", n=20, value=0.1), Rows(scored([0.0] * 20, clusters=20))).verdict == "cannot tell"
    assert decide(gate("at_most", n=20, value=0.1), Rows(scored([0.0] * 40, clusters=40))).passed


def test_what_is_reported_decides_nothing() -> None:
    result = decide(gate("reported"), Rows(scored(NEVER), scored(ALWAYS)))
    assert (result.verdict, result.passed, result.gated, result.value, result.baseline) == ("not gated", True, False, 0.0, 1.0)


@pytest.mark.parametrize("rule", [rule for rule in registry.names("gate") if rule != "reported"])
def test_no_item_passes_no_gate(rule: str) -> None:
    assert decide(gate(rule), Rows([], [])).verdict == "cannot tell"


@pytest.mark.parametrize("rule", ["equals", "exactly_zero", "not_worse", "rises"])
def test_too_few_items_pass_no_gate_and_it_says_how_many_are_wanted(rule: str) -> None:
    perfect = NEVER if rule == "exactly_zero" else ALWAYS
    result = decide(gate(rule, n=31, margin=0.2), Rows(scored(perfect, clusters=30), scored(NEVER, clusters=30)))
    assert result.verdict == "cannot tell"
    assert "30 items, and this gate wants 31" in result.why


def test_items_whose_call_failed_in_one_model_are_not_compared() -> None:
    failed = [Scored(id="i0", cluster="c0", error="EngineError: died"), *scored(ALWAYS)[1:]]
    assert decide(gate("not_worse", n=29, margin=0.2), Rows(failed, scored(ALWAYS))).n == 29


@pytest.mark.parametrize("role", ["candidate", "base"])
def test_a_degenerate_run_neither_passes_nor_sets_a_baseline(role: str) -> None:
    result = decide(gate("rises"), Rows(scored(MOSTLY), scored(NEVER)), degenerate=[role])
    assert result.verdict == "cannot tell"
    assert f"degenerate, {role}" in result.why


def result(name: str, p: float | None, verdict: Verdict = "pass") -> GateResult:
    return GateResult(gate=name, verdict=verdict, value=1.0, n=30, rule="rises", p=p)


def test_a_family_of_tests_is_held_together_by_holm() -> None:
    held = adjusted(
        [result("a", 0.001), result("b", 0.02), result("c", 0.02), result("d", None), result("e", 0.001, "not gated")]
    )
    # 0.001 * 3, 0.02 * 2, 0.02 * 2: alone each would pass at 0.025
    assert [one.p_adjusted for one in held] == [pytest.approx(0.003), pytest.approx(0.04), pytest.approx(0.04), None, None]
    assert [one.verdict for one in held] == ["pass", "cannot tell", "cannot tell", "pass", "not gated"]
    assert "as one of 3 tests" in held[1].why


def test_one_letter_to_everything_is_seen_in_the_rows_alone() -> None:
    entry = gate("not_worse", margin=0.05, n=28).model_copy(update={"suite": "choice", "metric": "probability"})
    habit = [
        Scored(id=f"i{at}", cluster=f"i{at}", values={"probability": 0.3 + at / 1000, "chosen": 0.0, "options": 4.0})
        for at in range(30)
    ]
    mixed = [row.model_copy(update={"values": {**row.values, "chosen": float(at % 4)}}) for at, row in enumerate(habit)]
    parts = Part("candidate", "choice"), Part("base", "choice")
    for candidate, base, said in ((habit, habit, "candidate and base"), (mixed, habit, "base"), (habit, mixed, "candidate")):
        [found] = conclude([entry], dict(zip(parts, (candidate, base), strict=True)), {part: {"said": 1} for part in parts})
        assert found.verdict == "cannot tell"
        assert f"degenerate, {said}:" in found.why
        assert found.detail["candidate"] == {"said": 1}
    [found] = conclude([entry], dict.fromkeys(parts, mixed))
    assert found.verdict == "pass"


@pytest.mark.parametrize("name", [*registry.names("suite"), *registry.names("benchmark")])
def test_a_suite_that_shows_degenerate_says_so_to_the_gate_from_rows_alone(name: str, tmp_path: Path) -> None:
    """The fake that says one thing to everything: what `detail` shows of it, `degenerate` must tell the gate."""
    suite = plugin(name)(plugin(name).specimen(tmp_path))
    rows = [run.score(suite, item, honesty.subject("constant", suite, item)) for item in suite.items()]
    habits = plugin(name).degenerate(rows)
    assert bool(suite.detail(rows).get("degenerate", False)) == bool(habits)
    assert set(habits) <= set(suite.metrics)


@pytest.mark.parametrize("name", ["demo", "small", "full"])
def test_every_shipped_gate_says_why_who_answers_for_it_and_how_many_items_decide(name: str) -> None:
    profile = load_profile(name)
    assert {entry.name for entry in profile.gates} >= {"grounding", "well_formed", "citations_valid", "choice", "contamination"}
    for entry in profile.gates:
        if entry.rule != "reported":
            assert entry.n >= 12, entry.name


def test_only_the_full_profile_looks_at_the_half_that_is_kept() -> None:
    assert [load_profile(name).part for name in ("demo", "small", "full")] == ["dev", "dev", "held"]


def test_what_a_profile_leaves_out_is_named_with_the_profile_that_gates_it() -> None:
    missing = left_out(load_profile("demo"))
    assert missing["medqa"].endswith("of medqa: gated in small")
    assert missing["right_source"] == "right_source of grounding: gated in full"  # reported in demo, so not gated there
    assert not set(missing) & {entry.name for entry in load_profile("demo").gates if entry.rule != "reported"}


def profile(folder: Path, *gates: str, more: str = "") -> Path:
    path = folder / "gates.yaml"
    lines = "".join(f"    {line}\n" for line in gates)
    path.write_text(f"mine:\n{more}  gates:\n{lines}", encoding="utf-8")
    return path


RISES = "suite: grounding, metric: grounded, rule: rises, n: 1, baseline: base, why: w, owner: o"


def test_a_misspelt_rule_suite_metric_or_field_names_the_nearest(tmp_path: Path) -> None:
    for wrong, right in (
        ("rule: rises", "rule: rise"),
        ("metric: grounded", "metric: ground"),
        ("suite: grounding", "suite: groundin"),
    ):
        with pytest.raises(UnknownName, match=f"did you mean '{wrong.split()[1]}'"):
            load_profile("mine", profile(tmp_path, f"g: {{{RISES.replace(wrong, right)}}}"))
    with pytest.raises(UnknownName, match="did you mean 'margin'"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES}, margins: 2}}"))
    with pytest.raises(UnknownName, match="did you mean 'items'"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES}}}", more="  item: {grounding: 3}\n"))
    with pytest.raises(UnknownName, match="did you mean 'grounding'"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES}}}", more="  items: {grounds: 3}\n"))
    with pytest.raises(UnknownName, match="did you mean 'demo'"):
        load_profile("demos")


@pytest.mark.parametrize("field", ["n", "why", "owner"])
def test_a_gate_without_n_a_reason_or_an_owner_is_none(field: str, tmp_path: Path) -> None:
    entry = ", ".join(part for part in RISES.split(", ") if not part.startswith(f"{field}:"))
    with pytest.raises(InputError, match=f"mine.g: '{field}'"):
        load_profile("mine", profile(tmp_path, f"g: {{{entry}}}"))


def test_two_gates_of_one_name_are_named_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two gates are called 'g', in lines 3 and 4: rename one"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES}}}", f"g: {{{RISES}}}"))
    with pytest.raises(InputError, match="two fields are called 'n'"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES}, n: 2}}"))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (RISES.replace(", baseline: base", ""), "compares: say `baseline: base`"),
        (RISES.replace("rises", "equals"), "looks at the candidate alone"),
        (f"{RISES}, margin: 0.1", "'rises' has no margin"),
        (RISES.replace("baseline: base", "baseline: best"), "'baseline'"),
    ],
)
def test_a_gate_that_contradicts_itself_is_refused(entry: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        load_profile("mine", profile(tmp_path, f"g: {{{entry}}}"))


def test_a_file_of_gates_that_is_missing_or_no_yaml_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file of gates"):
        load_profile("mine", tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("mine: {gates: [", encoding="utf-8")
    with pytest.raises(InputError, match="not valid YAML"):
        load_profile("mine", tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds profiles"):
        load_profile("mine", tmp_path / "list.yaml")


def test_a_bound_without_a_value_and_a_profile_that_decides_nothing_are_refused(tmp_path: Path) -> None:
    bound = RISES.replace("rises", "at_most").replace(", baseline: base", "")
    with pytest.raises(InputError, match="'at_most' needs a `value`"):
        load_profile("mine", profile(tmp_path, f"g: {{{bound}}}"))
    with pytest.raises(InputError, match="no gate of it decides anything"):
        load_profile("mine", profile(tmp_path, f"g: {{{RISES.replace('rises', 'reported')}}}"))
    for gates in ("", "  gates: [a, b]\n"):
        path = tmp_path / "gates.yaml"
        path.write_text(f"mine:\n  part: dev\n{gates}", encoding="utf-8")
        with pytest.raises(InputError, match=r"gates\.yaml: mine: "):
            load_profile("mine", path)


def test_a_score_that_is_no_number_passes_nothing() -> None:
    for rule in ("rises", "not_worse"):
        found = decide(
            gate(rule, margin=0.05 if rule == "not_worse" else 0.0), Rows(scored([*NEVER[1:], float("nan")]), scored(ALWAYS))
        )
        assert (found.verdict, found.why) == ("cannot tell", "a score is no finite number")


def test_an_increase_is_held_against_each_items_own_baseline() -> None:
    """24 % of the mean on every item: below 25 % of this sample's mean without any spread, and above 25 % of the small ones."""
    before = [float(number) for number in range(1, 31)]
    mean = sum(before) / len(before)
    found = decide(gate("at_most_increase", margin=0.25), Rows(scored([b + 0.24 * mean for b in before]), scored(before)))
    assert found.verdict == "cannot tell"
    assert found.why.startswith("item by item, ")
    assert decide(gate("at_most_increase", margin=0.25), Rows(scored([b * 1.1 for b in before]), scored(before))).passed
