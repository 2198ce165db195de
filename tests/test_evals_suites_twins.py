"""Language twins by hand, with fakes for the product: what agrees, and why silence does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from evals.questions import part_of, read_written
from evals.run import mean, measure
from evals.suite import Material, Scored, Subject
from evals.suites.twins import Twin, Twins
from medmodel import safety
from medmodel.errors import EngineError, InputError
from medmodel.records import Answer, Citation, Claim, RedFlag, Source

SAID = {"en": "Take one a day.", "zh": "每天一片。"}
SUITE = Twins(Material())
PAIRS = {pair.id: pair for pair in SUITE.items()}


def answer(language: str, *sources: str, text: str = "", **fields: Any) -> Answer:
    cited = tuple(
        Citation(
            passage_id=name,
            source=Source(id=name, title=name, licence="CC0-1.0", tier="guideline"),
            quote="q",
            start=0,
            end=1,
            number=1,
        )
        for name in sources
    )
    claims = (Claim(text=text or SAID[language], citations=cited, verdict="supported"),) if sources else ()
    status = "answered" if sources else "abstained"
    return Answer.model_validate(
        {"id": "1", "question": "Q?", "language": language, "status": status, "origin": "none", "claims": claims, **fields}
    )


def scored(english: Answer, chinese: Answer, pair: str = "answer/af_score") -> Scored:
    by_language = {"en": english, "zh": chinese}
    return SUITE.score(PAIRS[pair], Subject(lambda question, language: by_language[language]))


def flag(name: str, urgency: str = "emergency") -> RedFlag:
    return RedFlag.model_validate({"id": name, "title": "", "action": "", "urgency": urgency, "matched": "", "source": ""})


def test_two_answers_from_the_same_sources_agree() -> None:
    row = scored(answer("en", "a", "b"), answer("zh", "b", "a"))
    assert set(row.values.values()) == {1.0}
    assert (row.id, row.cluster) == ("answer/af_score", "answer/af_score")
    assert row.shown["zh sources"] == "b, a"


@pytest.mark.parametrize(
    ("chinese", "overlap", "agree"),
    [(("a", "b", "c"), 1.0, 1.0), (("a", "b", "d"), 0.5, 1.0), (("a", "d", "e"), 0.2, 0.0), (("d", "e", "f"), 0.0, 0.0)],
)
def test_half_of_the_first_three_sources_must_be_shared(chinese: tuple[str, ...], overlap: float, agree: float) -> None:
    values = scored(answer("en", "a", "b", "c", "z"), answer("zh", *chinese)).values
    assert (values["same_top3"], values["agree"]) == (pytest.approx(overlap), agree)


def test_one_that_answers_and_one_that_abstains_do_not_agree() -> None:
    values = scored(answer("en", "a"), answer("zh")).values
    assert (values["same_status"], values["same_top3"], values["as_expected"], values["agree"]) == (0.0, 0.0, 0.0, 0.0)


def test_silence_in_both_is_the_same_and_not_agreement() -> None:
    values = scored(answer("en"), answer("zh")).values
    assert (values["same_status"], values["as_expected"], values["agree"]) == (1.0, 0.0, 0.0)
    assert not {"same_top3", "unmixed"} & {*values}


def test_silence_where_no_reference_can_answer_is_agreement() -> None:
    assert scored(answer("en"), answer("zh"), "silent/velmorine").values["agree"] == 1.0


def test_a_chinese_question_answered_in_english_is_mixed() -> None:
    values = scored(answer("en", "a"), answer("zh", "a", text="Take one tablet a day.")).values
    assert (values["unmixed"], values["same_top3"], values["agree"]) == (0.0, 1.0, 0.0)


def test_quotes_in_english_under_a_chinese_notice_are_not_mixed() -> None:
    quotes = answer("zh", "a", text="Take one tablet a day.", origin="extractive", notice="以下为英文原文。")
    assert scored(answer("en", "a"), quotes).values["unmixed"] == 1.0


def test_an_emergency_needs_its_flag_in_both_languages() -> None:
    right, other = flag("chest_pain"), flag("stroke")
    both = scored(answer("en", red_flags=(right,)), answer("zh", red_flags=(right,)), "emergency/acs").values
    one = scored(answer("en", red_flags=(right,)), answer("zh"), "emergency/acs").values
    wrong = scored(answer("en", red_flags=(other,)), answer("zh", red_flags=(other,)), "emergency/acs").values
    assert both["agree"] == 1.0
    assert (one["same_flags"], one["same_urgency"], one["agree"]) == (0.0, 0.0, 0.0)
    assert (wrong["same_flags"], wrong["as_expected"], wrong["agree"]) == (1.0, 0.0, 0.0)


def test_other_flags_of_one_urgency_are_the_same_disposition() -> None:
    flags = (flag("chest_pain"), flag("stroke"))
    values = scored(answer("en", red_flags=flags), answer("zh", red_flags=flags[:1]), "emergency/acs").values
    assert (values["same_flags"], values["same_urgency"]) == (0.0, 1.0)
    urgent = answer("zh", red_flags=(flag("chest_pain", "urgent"),))
    assert scored(answer("en", red_flags=flags[:1]), urgent, "emergency/acs").values["same_urgency"] == 0.0


def failing(question: str, language: str) -> Answer:
    if language == "zh":
        raise EngineError("the engine died")
    return answer("en", "a")


def test_a_call_that_fails_is_no_disagreement() -> None:
    rows = measure(SUITE, Subject(failing))
    assert mean(rows, "agree") is None
    assert all(row.error for row in rows)
    assert SUITE.detail(rows) == {}


def test_detail_counts_agreement_by_group() -> None:
    quiet: Callable[[str, str], Answer] = lambda question, language: answer(language)  # noqa: E731
    detail = SUITE.detail(measure(SUITE, Subject(quiet)))
    silent = sum(pair.first.group == "silent" for pair in PAIRS.values())
    assert detail["silent"] == f"{silent} of {silent} agree"
    assert detail["answer"].startswith("0 of ")


def test_the_written_pairs_are_enough_and_each_has_its_source() -> None:
    known = {rule["id"] for rule in yaml.safe_load(safety.RULES.read_text(encoding="utf-8"))["red_flags"]}
    assert len(PAIRS) >= 60
    for pair in PAIRS.values():
        assert (pair.first.language, pair.second.language) == ("en", "zh")
        assert pair.first.source == pair.second.source
        assert pair.first.flag == pair.second.flag
        assert pair.first.flag in {*known, ""}
        assert part_of(pair.first.id) == part_of(pair.second.id)
    halves = [Twins(Material(part=part)).items() for part in ("dev", "held")]
    assert all(len(half) >= 25 for half in halves)
    assert sum(map(len, halves)) == len(PAIRS)


@pytest.mark.parametrize(
    "item",
    [
        "answer:\n  - {id: a.en, text: Q}",
        "emergency:\n  - {id: a.en, text: Q, source: S}",
        "answer:\n  - {id: a.en, text: Q, source: S, flag: stroke}",
    ],
)
def test_an_item_that_is_not_as_described_is_named(item: str, tmp_path: Path) -> None:
    (tmp_path / "twins.yaml").write_text(item, encoding="utf-8")
    with pytest.raises(InputError, match=r"twins\.yaml: item \w+/a\.en"):
        read_written(tmp_path / "twins.yaml", Twin)
