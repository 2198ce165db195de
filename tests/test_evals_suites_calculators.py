"""The calculator questions are whole, in both languages, and scored as a clinician would: tool, number, unit, what is asked."""

from collections import Counter
from typing import Any

import pytest

from evals.run import mean, measure
from evals.suite import Material, Subject
from evals.suites.calculators import Calculators, Sum
from medmodel import tools
from medmodel.records import Answer, ToolOffer

ITEMS = Calculators(Material()).items()


def product(change: Any = lambda offers: offers) -> Subject:
    """A product whose answers carry what the tools read of the question, changed."""
    about = {"id": "1", "status": "abstained", "origin": "none"}
    return Subject(
        ask=lambda question, _: Answer.model_validate({**about, "question": question, "tools": change(tools.find(question))})
    )


def test_there_are_sixty_and_more_in_both_languages_and_no_id_stands_twice() -> None:
    assert len(ITEMS) >= 60
    assert Counter(item.language for item in ITEMS)["zh"] >= 20
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert len({item.text for item in ITEMS}) == len(ITEMS)


def test_every_item_names_a_tool_its_source_and_the_working_of_its_value() -> None:
    for item in ITEMS:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in item.text) == (item.language == "zh"), item.id
        if item.group == "none":
            continue
        spec = tools.spec(item.tool)
        assert item.source, item.id
        assert (item.group == "computed") == (item.value is not None) == (not item.missing), item.id
        assert item.group == "asked" or item.working, item.id
        assert item.unit in (spec.unit, "") or item.tool == "convert_units", item.id
        assert set(item.missing) <= {wanted.name for wanted in spec.inputs}, item.id


def test_the_product_s_own_tools_pass() -> None:
    rows = measure(Calculators(Material()), product())
    assert mean(rows, "right_tool") == 1.0
    assert mean(rows, "right_value") == 1.0
    assert mean(rows, "asked") == 1.0
    assert mean(rows, "offered_without") == 0.0


def item(name: str) -> Sum:
    return next(item for item in ITEMS if item.id == name)


@pytest.mark.parametrize(
    ("value", "unit", "right"),
    [(41.3, "mL/min", 1.0), (41.4, "mL/min", 1.0), (41.5, "mL/min", 0.0), (41.3, "mL/s", 0.0), ("41.3", "mL/min", 0.0)],
)
def test_a_number_is_right_within_the_source_s_precision_and_in_its_unit(value: object, unit: str, right: float) -> None:
    def changed(offers: tuple[ToolOffer, ...]) -> list[ToolOffer]:
        assert offers[0].result is not None
        result = offers[0].result.model_copy(update={"value": value, "unit": unit})
        return [offers[0].model_copy(update={"result": result})]

    scored = Calculators(Material()).score(item("computed/cg_woman"), product(changed))
    assert scored.values == {"right_tool": 1.0, "right_value": right}


def test_a_guess_in_place_of_a_question_is_wrong_and_so_is_asking_for_too_much() -> None:
    question = item("asked/cg_weight")
    computed = tools.find(item("computed/cg_woman").text)
    assert Calculators(Material()).score(question, product(lambda _: computed)).values == {"right_tool": 1.0, "asked": 0.0}
    everything = [ToolOffer(tool="cockcroft_gault", title="t", missing=tools.spec("cockcroft_gault").inputs)]
    assert Calculators(Material()).score(question, product(lambda _: everything)).values["asked"] == 0.0
