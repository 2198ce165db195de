"""Agreement against published worked examples, and what a judge must show before it may decide a gate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import DONE, chunk, openai_server
from statsmodels.stats.inter_rater import cohens_kappa

from evals import agreement
from evals.agreement import Agreement, may_gate, read_labels
from evals.gate import judging
from evals.judges import Identity, LiteralJudge, sha256
from evals.profiles import Gate, Profile
from evals.raters import Estimate, Given, balanced_f1, kappa, krippendorff
from medmodel import registry
from medmodel.errors import InputError

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units, dots missing.
OBSERVERS = (
    "123321412...",
    "12332241 25.3".replace(" ", ""),
    ".33323422 51.".replace(" ", ""),
    "12332441 251.".replace(" ", ""),
)


def paired(pairs: Sequence[tuple[int, int]]) -> list[Given]:
    return [Given(str(at), str(at), human, judge) for at, (human, judge) in enumerate(pairs)]


def test_alpha_of_krippendorffs_own_example() -> None:
    assert {len(observer) for observer in OBSERVERS} == {12}
    units = [[int(mark) - 1 for mark in unit if mark != "."] for unit in zip(*OBSERVERS, strict=True)]
    names = [str(at) for at in range(12)]
    nominal, interval = (krippendorff(units, names, 5, metric) for metric in ("nominal", "interval"))
    assert nominal.value == pytest.approx(0.743, abs=5e-4)
    assert interval.value == pytest.approx(0.849, abs=5e-4)
    assert nominal.low is not None
    assert nominal.high is not None
    assert nominal.low < nominal.value < nominal.high <= 1


def test_alpha_of_two_observers_without_missing_values() -> None:
    """Section A of the same paper: ten binary units, alpha .095."""
    pairs = zip("0100000010", "1110010000", strict=True)
    found = krippendorff([[int(one), int(two)] for one, two in pairs], [str(at) for at in range(10)], 2, "nominal")
    assert found.value == pytest.approx(0.095, abs=5e-4)


def test_kappa_worked_by_hand() -> None:
    """20 both yes, 5 and 10 apart, 15 both no: agreement .70, by chance .50 · .60 + .50 · .40 = .50, so kappa .40."""
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    found = kappa(paired(pairs), 2)
    assert found.value == pytest.approx(0.40)
    assert found.low is not None
    assert found.high is not None
    # its standard error by Fleiss, Cohen and Everitt (1969), from statsmodels: the bootstrap's width is near ± 1.96 of it
    error = cohens_kappa(np.array([[15, 10], [5, 20]])).std_kappa
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_statsmodels_own_plain_and_quadratic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    human = rng.integers(0, 5, 80)
    judged = np.clip(human + rng.integers(-1, 2, 80), 0, 4)
    table = np.zeros((5, 5))
    np.add.at(table, (human, judged), 1)
    given = paired(list(zip(human.tolist(), judged.tolist(), strict=True)))
    assert kappa(given, 5).value == pytest.approx(float(cohens_kappa(table).kappa))
    assert kappa(given, 5, "quadratic").value == pytest.approx(float(cohens_kappa(table, wt="quadratic").kappa))


def test_balanced_f1_is_the_mean_of_both_classes() -> None:
    """Met: 6 right, 2 missed, 1 too many, F1 12/15. Not met: 1 right, 1 and 2 wrong, F1 2/5."""
    pairs = [(1, 1)] * 6 + [(1, 0)] * 2 + [(0, 1)] + [(0, 0)]
    assert balanced_f1(paired(pairs)).value == pytest.approx((12 / 15 + 2 / 5) / 2)


def test_a_judge_that_always_says_the_same_agrees_no_more_than_chance() -> None:
    pairs = [(1, 1)] * 90 + [(0, 1)] * 10
    found = kappa(paired(pairs), 2)
    assert found.value == pytest.approx(0.0)
    assert balanced_f1(paired(pairs)).value == pytest.approx(180 / 190 / 2)


def test_agreement_where_everybody_says_the_same_is_not_defined() -> None:
    assert kappa(paired([(1, 1)] * 20), 2) == Estimate(value=None)
    assert krippendorff([[1, 1]] * 5, ["a"] * 5, 2, "nominal") == Estimate(value=None)
    assert krippendorff([[1]] * 5, ["a"] * 5, 2, "nominal") == Estimate(value=None)


def test_labels_of_one_prompt_hang_together_and_widen_the_interval() -> None:
    pairs = ([(1, 1)] * 5 + [(0, 1)] * 5 + [(0, 0)] * 10) * 5
    alone = kappa(paired(pairs), 2)
    together = kappa([Given(str(at), str(at // 5), *pair) for at, pair in enumerate(pairs)], 2)
    assert alone.value == together.value
    assert None not in (alone.low, alone.high, together.low, together.high)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)  # type: ignore[operator]


def labels_file(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def row(at: int, answer: str, human: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": f"made-up-{at}",
        "question": f"Number {at}?",
        "answer": answer,
        "criterion": 'Says "rest"',
        "human": human,
        **more,
    }


def test_a_literal_judge_against_people_by_hand(tmp_path: Path) -> None:
    """Judge: met, met, not, not. Ann: met, met, not, met. Bo saw two: met, not."""
    said = ("rest", "rest now", "run", "run on")
    rows = [
        row(at, text, human, rater="ann") for at, (text, human) in enumerate(zip(said, (True, True, False, True), strict=True))
    ]
    rows += [row(0, said[0], True, rater="bo"), row(1, said[1], False, rater="bo")]
    found = agreement.measure(read_labels(labels_file(tmp_path, rows)), LiteralJudge())
    assert (found.labels, found.items, found.prompts, found.raters, found.errors) == (6, 4, 4, 2, 0)
    assert found.human_met == pytest.approx(4 / 6)
    assert found.judge_met == pytest.approx(4 / 6)
    # six labels, four alike; by chance (4/6)² + (2/6)² = 20/36: kappa (24 - 20) / (36 - 20)
    assert found.kappa.value == pytest.approx(0.25)
    # F1 of met 6/8, of not met 2/4
    assert found.balanced_f1 is not None
    assert found.balanced_f1.value == pytest.approx((3 / 4 + 1 / 2) / 2)
    # people alone: units (1, 1) and (1, 0): observed 2, expected (2 · 3 · 1) / 3 = 2
    assert found.human_alpha.value == pytest.approx(0.0)
    assert Agreement.model_validate_json(found.model_dump_json()) == found


def test_marks_are_weighted_by_their_distance_and_the_scale_may_be_told(tmp_path: Path) -> None:
    rows = [row(0, "rest", 5), row(1, "run", 1), row(2, "run", 2), row(3, "rest", 4)]
    labels = read_labels(labels_file(tmp_path, rows))
    found = agreement.measure(labels, LiteralJudge())  # it gives 5 and 1
    # squared distances 0 0 1 1; over all 16 pairs of (5 1 2 4) and (5 1 1 5): 16+0+1+9 twice, 0+16+9+1 twice: 104
    assert found.kappa.value == pytest.approx(1 - (2 / 4) / (104 / 16))
    assert found.judge.prompt == "rating"
    assert agreement.measure(labels, LiteralJudge(), scale=7).judge.prompt_sha256 == sha256("rating")
    with pytest.raises(InputError, match="above --scale 3"):
        agreement.measure(labels, LiteralJudge(), scale=3)


def test_pairs_are_asked_in_both_orders_and_their_order_effect_is_told(tmp_path: Path) -> None:
    pairs = [(["rest", "run"], "first"), (["run", "rest"], "second"), (["run", "run"], "tie")]
    rows = [{**row(at, "", human), "answers": answers} for at, (answers, human) in enumerate(pairs)]
    found = agreement.measure(read_labels(labels_file(tmp_path, rows)), LiteralJudge())
    assert (found.kappa.value, found.turned, found.balanced_f1) == (1.0, 0.0, None)


def test_an_item_without_a_verdict_is_counted_and_in_no_figure(tmp_path: Path) -> None:
    rows = [row(at, text, text == "rest") for at, text in enumerate(["rest", "run"] * 3)]
    rows.append({**row(9, "rest", True), "criterion": "nothing in quotes"})
    found = agreement.measure(read_labels(labels_file(tmp_path, rows)), LiteralJudge())
    assert (found.labels, found.errors, found.kappa.value) == (7, 1, 1.0)
    assert list(found.reasons.values()) == [1]


JUDGE = Identity(judge="m", prompt="criterion", prompt_sha256=sha256("criterion"))
GOOD = Agreement(
    judge=JUDGE,
    labels_sha256="0" * 64,
    labels=200,
    items=200,
    prompts=50,
    raters=1,
    errors=2,
    reasons={},
    kappa=Estimate(value=0.6, low=0.45, high=0.7),
    alpha=Estimate(value=0.6),
    human_alpha=Estimate(value=None),
)


@pytest.mark.parametrize(
    ("found", "judge", "allowed", "why"),
    [
        (GOOD, JUDGE, True, "at least 0.45"),
        (GOOD, None, True, "198 labels"),
        (None, JUDGE, False, "never measured"),
        (GOOD, JUDGE.model_copy(update={"judge": "another"}), False, "'m' was measured, not 'another'"),
        (GOOD, JUDGE.model_copy(update={"prompt_sha256": sha256("rating")}), False, "with this prompt"),
        (GOOD.model_copy(update={"judge": JUDGE.model_copy(update={"fake": True})}), None, False, "is no judge"),
        (GOOD.model_copy(update={"labels": 101}), JUDGE, False, "99 labels; 100 are asked"),
        (GOOD.model_copy(update={"errors": 5}), JUDGE, False, "no verdict on 5 of 200"),
        (GOOD.model_copy(update={"kappa": Estimate(value=0.6, low=0.39, high=0.7)}), JUDGE, False, "is 0.39; 0.4 is asked"),
        (GOOD.model_copy(update={"kappa": Estimate(value=None)}), JUDGE, False, "not defined"),
    ],
)
def test_a_judge_decides_a_gate_only_when_it_was_measured_and_agrees(
    found: Agreement | None, judge: Identity | None, allowed: bool, why: str
) -> None:
    permission = may_gate(found, judge)
    assert permission.allowed is allowed
    assert why in permission.reason


def judged_profile(rule: str) -> Profile:
    fields = {"suite": "healthbench", "metric": "score", "n": 1, "why": "a test", "owner": "tests"}
    return Profile(name="mine", gates=(Gate(name="rubrics", rule=rule, baseline="base", **fields),))


def test_the_gate_takes_a_judge_that_was_measured_well_enough_and_no_other(tmp_path: Path) -> None:
    nobody, stage = "http://127.0.0.1:9/v1", registry.get("stage", "gate")
    written = tmp_path / "agreement.json"
    with judging(stage(uses="gate"), Profile(name="mine", gates=())) as found:
        assert found == (None, {})  # nothing to judge
    for config, why in (
        ({}, "reads healthbench with a judge, and none is named"),
        ({"judge": nobody, "judge_model": "m"}, "the judge m may not decide rubrics: the judge was never measured"),
        ({"judge": nobody, "judge_model": "another", "agreement": str(written)}, "'m' was measured, not 'another'"),
        ({"judge": nobody, "judge_model": "m", "agreement": str(tmp_path / "none.json")}, "there is no"),
    ):
        written.write_text(GOOD.model_dump_json(), encoding="utf-8")
        with pytest.raises(InputError, match=why), judging(stage(uses="gate", **config), judged_profile("rises")):
            pass
    config = stage(uses="gate", judge=nobody, judge_model="m", agreement=str(written))
    with judging(config, judged_profile("rises")) as (judge, said):
        assert judge is not None
        assert said["judge"] == "m"
        assert "kappa with people at least 0.45" in said["agreement"]
    before = config.outside()
    written.write_text(GOOD.model_copy(update={"kappa": Estimate(value=0.1, low=0.0, high=0.2)}).model_dump_json())
    assert config.outside() != before  # another agreement, another gate
    with pytest.raises(InputError, match=r"is 0\.00; 0\.4 is asked"), judging(config, judged_profile("rises")):
        pass
    with judging(config, judged_profile("reported")) as (judge, said):
        assert judge is not None  # it may be read, and the report says what it is worth
        assert "0.4 is asked" in said["agreement"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "has no labels"),
        (["{torn"], "labels.jsonl:1 is not a JSON object"),
        (["[]"], "is not a JSON object"),
        (
            [json.dumps({"id": "a", "answer": "x", "criterion": "c", "human": True})],
            "labels.jsonl:1 has no prompt and no question",
        ),
        ([json.dumps({"id": "a", "prompt": "p", "answer": "x", "human": True})], "'criterion': Field required"),
        ([json.dumps(row(0, "x", 0.5))], "'human"),
        ([json.dumps(row(0, "x", 0))], "`human` is true, false or 1 … k"),
        ([json.dumps(row(0, "x", "first"))], "with two `answers`"),
        ([json.dumps({**row(0, "", True), "answers": ["a", "b"]})], "with two `answers`"),
        ([json.dumps({**row(0, "", "left"), "answers": ["a", "b"]})], "'first', 'second' or 'tie'"),
        ([json.dumps({**row(0, "", "first"), "answers": ["a"]})], "'answers"),
        ([json.dumps(row(0, "x", True)), json.dumps(row(1, "x", 3))], "mixes criterion and rating labels"),
        ([json.dumps(row(0, "x", True))] * 2, "one rater's label of an item twice"),
    ],
)
def test_a_labels_file_that_cannot_be_used_is_one_sentence(lines: Sequence[str], why: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert why in str(caught.value)


async def honest(body: dict[str, Any]) -> AsyncIterator[bytes]:
    said = body["messages"][0]["content"].partition("# Conversation")[2].partition("# Rubric item")[0]
    met = "true" if "assistant: rest" in said else "false"
    yield chunk(f'{{"explanation": "literal", "criteria_met": {met}}}', "stop")
    yield DONE


@pytest.mark.slow
def test_the_command_measures_a_judge_over_http_and_writes_what_it_found(tmp_path: Path) -> None:
    labels = labels_file(tmp_path, [row(at, "rest" if at % 2 else "run", bool(at % 2)) for at in range(120)])
    with openai_server(honest, []) as url:
        command = [sys.executable, "-m", "evals", "judge-agreement", "--labels", str(labels), "--judge", url, "--json"]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / "agreement.json")], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["may_gate"], shown["judge"]["judge"], shown["kappa"]["value"]) == (True, "pico", 1.0)
    found = Agreement.model_validate_json((tmp_path / "agreement.json").read_text(encoding="utf-8"))
    assert found.judge.prompt_sha256 == sha256("criterion")
    assert may_gate(found).allowed


def test_one_id_for_two_items_is_refused(tmp_path: Path) -> None:
    rows = [row(0, "rest", True, rater="ann"), row(0, "run", False, rater="bo")]
    with pytest.raises(InputError, match="stands for two different items"):
        read_labels(labels_file(tmp_path, rows))
