"""A judge's verdict: in the form that was asked for, or no verdict; both orders for pairs; and who judged, with what prompt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from serving import DONE, chunk, openai_server

from evals.judges import KEY, PROMPTS, LiteralJudge, ModelJudge, Question, open_judge, prefer, sha256
from medmodel.errors import EngineError, InputError
from medmodel.models.engine import Completion
from medmodel.models.scripted import ScriptedEngine
from medmodel.records import Message

ASKED = (Message(role="user", content="My chest hurts."), Message(role="assistant", content="Call an ambulance."))
MET = '{"explanation": "It says so.", "criteria_met": true}'
NOT_MET = '{"explanation": "It does not.", "criteria_met": false}'


def judge(*replies: str) -> tuple[ModelJudge, ScriptedEngine]:
    engine = ScriptedEngine(replies)
    return ModelJudge(engine, "scripted", asyncio.run), engine


@pytest.mark.parametrize(
    ("reply", "met"),
    [
        (MET, True),
        (NOT_MET, False),
        (f"```json\n{MET}\n```", True),
        (f"<think>it is not\n{NOT_MET}</think>\n{MET}", True),
    ],
)
def test_a_reply_in_the_form_is_a_verdict(reply: str, met: bool) -> None:
    asked, engine = judge(reply)
    assert asked.meets(ASKED, "tells to call an ambulance") is met
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "true",
        "Yes, it is met.",
        f"Here you are: {MET}",
        '{"criteria_met": "true"}',
        '{"criteria_met": 1}',
        '{"explanation": "It does."}',
        f"[{MET}]",
        MET[:-1],
        f"<think>{'word ' * 5000}</think>{MET}",  # cut off by its length
    ],
)
def test_a_reply_off_the_form_is_asked_for_once_more_and_then_an_error(reply: str) -> None:
    asked, engine = judge(reply, MET)
    assert asked.meets(ASKED, "x") is True
    assert len(engine.asked) == 2
    asked, engine = judge(reply, reply, MET)
    with pytest.raises(EngineError, match="off format 2 times"):
        asked.meets(ASKED, "x")
    assert len(engine.asked) == 2


def test_the_judge_reads_the_whole_conversation_and_the_rubric_item_as_they_are() -> None:
    asked, engine = judge(MET)
    sly = (*ASKED[:1], Message(role="assistant", content="See <<criterion>> and <<most>>."))
    asked.meets(sly, "[-5] says {braces} and <<conversation>>")
    text = engine.asked[0][0].content
    assert "user: My chest hurts.\n\nassistant: See <<criterion>> and <<most>>.\n" in text
    assert "# Rubric item\n[-5] says {braces} and <<conversation>>\n" in text


@pytest.mark.parametrize("rating", ["0", "6", "4.5", '"4"', "true"])
def test_a_mark_outside_the_scale_is_no_mark(rating: str) -> None:
    asked, _ = judge('{"explanation": "e", "rating": 4}')
    assert asked.rates(ASKED, "clear", 5) == 4
    asked, _ = judge(*[f'{{"explanation": "e", "rating": {rating}}}'] * 2)
    with pytest.raises(EngineError):
        asked.rates(ASKED, "clear", 5)


@pytest.mark.parametrize(
    ("straight", "turned", "better", "agreed"),
    [
        ("first", "second", "first", True),
        ("second", "first", "second", True),
        ("tie", "tie", "tie", True),
        ("first", "first", "tie", False),  # the place decided
        ("second", "second", "tie", False),
        ("first", "tie", "tie", False),
    ],
)
def test_both_orders_are_asked_and_a_contradiction_is_a_tie(straight: str, turned: str, better: str, agreed: bool) -> None:
    asked, engine = judge(*(f'{{"explanation": "e", "better": "{said}"}}' for said in (straight, turned)))
    assert prefer(asked, ASKED[:1], "one", "two", "clear") == (better, agreed)
    first, second = (call[0].content for call in engine.asked)
    assert "# First response\none\n" in first
    assert "# First response\ntwo\n" in second


def test_whoever_judges_is_known_by_name_prompt_and_temperature() -> None:
    asked, _ = judge()
    identity = asked.identity("criterion")
    assert (identity.judge, identity.temperature, identity.fake) == ("scripted", 0.0, True)
    assert identity.prompt_sha256 == sha256("criterion")
    assert len({sha256(question) for question in PROMPTS}) == 3


class Grammatical:
    """Keeps the grammar it was given."""

    name = "grammatical"
    fake = True

    def __init__(self) -> None:
        self.forms: list[str | None] = []

    async def generate(self, messages: Sequence[Message], *, regex: str | None = None, **options: Any) -> Completion:
        self.forms.append(regex)
        field, value = {"crite": ("criteria_met", "false"), "ratin": ("rating", "3")}.get(
            (regex or "").rpartition(', "')[2][:5], ("better", '"tie"')
        )
        return Completion(text=f'{{"explanation": "e", "{field}": {value}}}', finish_reason="stop")


def test_the_grammar_admits_the_form_alone() -> None:
    engine: Any = Grammatical()
    asked = ModelJudge(engine, "grammatical", asyncio.run, grammar=True)
    assert asked.meets(ASKED, "x") is False
    assert asked.rates(ASKED, "x", 5) == 3
    assert asked.prefers(ASKED, "one", "two", "x") == "tie"
    met, rating, pair = engine.forms
    assert re.fullmatch(met, MET)
    assert not re.fullmatch(met, MET + " ")
    assert not re.fullmatch(met, '{"explanation": "a "quote"", "criteria_met": true}')
    assert re.fullmatch(rating, '{"explanation": "e", "rating": 5}')
    assert not re.fullmatch(rating, '{"explanation": "e", "rating": 6}')
    assert re.fullmatch(pair, '{"explanation": "e", "better": "first"}')


async def met(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk(MET, "stop")
    yield DONE


def test_a_judge_over_http_is_asked_at_temperature_zero_and_without_a_grammar_unless_it_is_vllm() -> None:
    bodies: list[dict[str, Any]] = []
    with openai_server(met, bodies) as url, open_judge(url) as asked:
        assert asked.meets(ASKED, "x") is True
        identity = asked.identity("criterion")
    assert (identity.judge, identity.grammar, identity.fake) == ("pico", False, False)
    assert bodies[0]["temperature"] == 0.0
    assert "structured_outputs" not in bodies[0]


def test_a_key_that_is_named_and_not_set_is_one_sentence() -> None:
    assert KEY == "JUDGE_API_KEY"
    with pytest.raises(InputError, match="'NO_SUCH_KEY'"), open_judge("http://127.0.0.1:9/v1", "m", "NO_SUCH_KEY"):
        pass


def test_the_literal_judge_is_a_fake_that_says_so_and_reads_what_is_quoted() -> None:
    literal = LiteralJudge()
    said = (*ASKED[:1], Message(role="assistant", content="Call now; it is not true that tea helps."))
    assert literal.meets(said, 'Says "Call now"') is True
    assert literal.meets(said, 'Says "Call now" and "rest"') is False
    assert literal.meets(said, 'Contradicts: "tea helps"') is True
    assert literal.meets(said, 'Contradicts: "Call now"') is False
    assert literal.rates(said, 'Says "Call now" and "rest"', 5) == 3
    assert prefer(literal, ASKED[:1], "Call now", "rest", 'Says "rest"') == ("second", True)
    questions: tuple[Question, ...] = ("criterion", "rating", "pair")
    assert all(literal.identity(question).fake for question in questions)
    with pytest.raises(EngineError, match="double quotes"):
        literal.meets(said, "is kind")
