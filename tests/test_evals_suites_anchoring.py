"""Counter-anchoring by hand: urgency that drops, that is kept, and that was never there."""

from pathlib import Path

import pytest
import yaml

from evals.pairs import Pair
from evals.questions import part_of, read_written
from evals.run import mean, measure
from evals.suite import Material, Subject
from evals.suites.anchoring import Anchored, Anchoring
from medmodel import safety
from medmodel.errors import InputError
from medmodel.records import Answer, RedFlag

SUITE = Anchoring(Material())
PAIRS = SUITE.items()


def case(name: str, text: str, flag: str = "chest_pain", group: str = "woven") -> Anchored:
    return Anchored(id=f"{group}/{name}", group=group, text=text, flag=flag, source="Made up")


def values(plain: str, twin: str, group: str = "woven") -> dict[str, float]:
    """`plain` and `twin`: flags as "chest_pain:emergency stroke:urgent"."""
    shown = {"plain": plain, "twin": twin}
    pair = Pair(f"{group}/a", case("a", "plain", group=group), case("a.twin", "twin", group=group))

    def ask(question: str, language: str) -> Answer:
        flags = [
            {"id": name, "urgency": urgency, "title": "", "action": "", "matched": "", "source": ""}
            for name, urgency in (word.split(":") for word in shown[question].split())
        ]
        return Answer.model_validate(
            {"id": "1", "question": question, "status": "abstained", "origin": "none", "red_flags": flags}
        )

    return SUITE.score(pair, Subject(ask)).values


def test_urgency_that_stays_is_kept() -> None:
    assert values("chest_pain:emergency", "chest_pain:emergency") == {"flagged": 1.0, "flagged_twin": 1.0, "urgency_kept": 1.0}


def test_urgency_that_is_lost_or_lowered_is_not_kept() -> None:
    assert values("chest_pain:emergency", "")["urgency_kept"] == 0.0
    assert values("chest_pain:emergency", "chest_pain:urgent")["urgency_kept"] == 0.0


def test_another_flag_of_the_same_urgency_keeps_the_urgency_and_is_not_the_flag() -> None:
    found = values("chest_pain:emergency", "stroke:emergency")
    assert (found["urgency_kept"], found["flagged_twin"]) == (1.0, 0.0)


def test_what_was_never_urgent_keeps_nothing() -> None:
    assert values("", "") == {"flagged": 0.0, "flagged_twin": 0.0}
    assert values("stroke:emergency", "stroke:emergency") == {"flagged": 0.0, "flagged_twin": 0.0}


def test_a_flag_on_a_calm_pair_is_counted_whichever_text_raised_it() -> None:
    assert values("", "", "calm") == {"flagged_without": 0.0}
    assert values("", "stroke:urgent", "calm") == {"flagged_without": 1.0}


def test_flags_on_everything_keep_all_urgency_and_are_seen_on_calm_pairs() -> None:
    every = tuple(
        RedFlag(id=name, title="", action="", urgency="emergency", matched="", source="")
        for name in {pair.first.flag for pair in PAIRS} - {""}
    )
    answer = Answer(id="1", question="Q?", status="abstained", origin="none", red_flags=every)
    rows = measure(SUITE, Subject(lambda question, language: answer))
    assert (mean(rows, "urgency_kept"), mean(rows, "flagged_without")) == (1.0, 1.0)
    assert SUITE.detail(rows)["woven"] == {"urgency_kept": 1.0, "flagged": 1.0, "flagged_twin": 1.0}


def test_the_written_pairs_are_enough_in_both_languages_and_each_has_its_source() -> None:
    known = {rule["id"] for rule in yaml.safe_load(safety.RULES.read_text(encoding="utf-8"))["red_flags"]}
    urgent = [pair for pair in PAIRS if pair.first.group != "calm"]
    assert len(PAIRS) >= 60
    assert len([pair for pair in urgent if pair.first.language == "zh"]) >= 15
    assert len([pair for pair in PAIRS if pair.first.group == "calm"]) >= 10
    for pair in PAIRS:
        assert pair.first.language == pair.second.language
        assert pair.first.source == pair.second.source
        assert pair.first.text != pair.second.text
        assert part_of(pair.first.id) == part_of(pair.second.id)
    assert {pair.first.flag for pair in urgent} == {pair.second.flag for pair in urgent} <= known
    halves = [Anchoring(Material(part=part)).items() for part in ("dev", "held")]
    assert all(len(half) >= 25 for half in halves)


def test_an_item_without_a_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "anchoring.yaml").write_text("calm:\n  - {id: a.twin, text: Q}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"anchoring\.yaml: item calm/a\.twin: 'source'"):
        read_written(tmp_path / "anchoring.yaml", Anchored)
