"""What the Calculators tab shows: fields with nothing preset, what was read from a question, results that hold no markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import calculators
from app.session import words
from medmodel import tools
from medmodel.records import ToolInput, ToolMissing, ToolOffer, ToolReading, ToolResult, ToolSource

EN, ZH = words("en"), words("zh")
ATTACK = """<img src=x onerror="alert(1)"><script>alert(2)</script>${alert(3)}{{alert(4)}}'\"`"""
SOURCE = ToolSource(citation="A paper", doi="10.1/x", version="open-medicine 0.12.0")


def result(**fields: object) -> ToolResult:
    given = {"tool": "bmi", "title": "Body mass index", "title_zh": "体重指数", "value": 24.7, "unit": "kg/m2"}
    return ToolResult.model_validate({**given, "interpretation": "normal", "source": SOURCE, **fields})


def test_a_tool_is_found_by_its_title_in_either_language_and_by_its_name() -> None:
    label = next(label for label, name in calculators.tool_choices([tools.spec("ckd_epi")]) if name == "ckd_epi")
    for part in ("eGFR (CKD-EPI 2021)", "肾小球滤过率", "ckd_epi"):
        assert part in label


@pytest.mark.parametrize("name", tools.names())
def test_a_form_presets_nothing_and_has_words_for_every_input_in_both_languages(name: str) -> None:
    spec = tools.spec(name)
    for language, t in (("en", EN), ("zh", ZH)):
        drawn = calculators.fields(spec, language, t)  # type: ignore[arg-type]
        assert [field.name for field in drawn] == [wanted.name for wanted in spec.inputs]
        assert all(field.value is None for field in drawn)
        assert all(field.label for field in drawn)
        assert all(label for field in drawn for label, _ in (*field.choices, *field.units))


def test_a_form_begins_with_what_was_read_and_in_the_unit_it_was_read_in() -> None:
    [offer] = tools.find("Cockcroft-Gault for a 70-year-old woman, creatinine 106 µmol/L")
    drawn = {field.name: field for field in calculators.fields(tools.spec("cockcroft_gault"), "en", EN, offer)}
    assert (drawn["serum_creatinine"].value, drawn["serum_creatinine"].unit) == ("106", "umol/L")
    assert drawn["is_female"].value == "yes"
    assert drawn["weight"].value is None
    other = {field.value for field in calculators.fields(tools.spec("ckd_epi"), "en", EN, offer)}
    assert other == {None}, "what was read for one tool is not put into another"


def test_the_form_s_values_go_out_with_their_units_and_empty_ones_are_left_out() -> None:
    spec = tools.spec("cockcroft_gault")
    values = {"age": " 70 ", "weight": "", "is_female": None, "serum_creatinine": "106"}
    assert calculators.inputs(spec, values, {"serum_creatinine": "umol/L", "weight": "kg"}) == {
        "age": "70",
        "serum_creatinine": "106 umol/L",
    }
    pasted = calculators.inputs(spec, {"serum_creatinine": "1.2 mg/dL"}, {"serum_creatinine": "umol/L"})
    assert pasted == {"serum_creatinine": "1.2 mg/dL"}


def test_a_missing_input_is_named_in_the_reader_s_language() -> None:
    asked = tools.run("cockcroft_gault", {"age": 70})
    assert isinstance(asked, ToolMissing)
    assert "血肌酐" in calculators.outcome(asked, tools.spec("cockcroft_gault"), "zh", ZH)
    assert calculators.hint(asked.missing[0], EN, missing=True).startswith(EN["still_wanted"])


def test_a_result_shows_value_unit_meaning_source_and_what_it_was_computed_from() -> None:
    done = tools.run("cockcroft_gault", {"age": 70, "weight": 60, "is_female": True, "serum_creatinine": "106 umol/L"})
    assert isinstance(done, ToolResult)
    html = calculators.outcome(done, tools.spec("cockcroft_gault"), "en", EN)
    for part in ("41.4", "mL/min", "https://doi.org/10.1159/000180580", "open-medicine 0.12.0", "106 umol/L = 1.199 mg/dL"):
        assert part in html
    assert ZH["tools_english"] in calculators.outcome(done, tools.spec("cockcroft_gault"), "zh", ZH)


def test_an_offer_shows_what_was_read_and_its_result_or_what_is_missing() -> None:
    html = calculators.offered(tools.find("CURB-65: 70 years old, confused, urea 8 mmol/L, RR 32, BP 88/50"), "en", EN)
    assert "<strong>5</strong>" in html
    assert "Age: 70 years" in html
    html = calculators.offered(tools.find("72岁女性CHA2DS2-VASc评分？"), "zh", ZH)
    assert "心力衰竭" in html
    assert "年龄: 72 years" in html
    assert calculators.offered((), "en", EN) == ""


@given(st.sampled_from(["title", "interpretation", "unit", "value", "note", "doi", "citation", "read", "error"]))
def test_nothing_foreign_is_markup(place: str) -> None:
    source = SOURCE.model_copy(update={place: ATTACK} if place in ("doi", "citation") else {})
    fields = {place: ATTACK} if place in ("title", "interpretation", "unit", "value") else {}
    done = result(source=source, notes=(ATTACK,) if place == "note" else (), used={"weight_kg": ATTACK}, **fields)
    offer = ToolOffer(tool="bmi", title=ATTACK, read=(ToolReading(name=ATTACK, value=ATTACK, text=ATTACK),), result=done)
    failed = ToolOffer(tool="bmi", title=ATTACK, error=ATTACK)
    asked = ToolMissing(tool="bmi", missing=(ToolInput(name="x", title=ATTACK, kind="number"),), why=ATTACK)
    spec = tools.spec("bmi")
    for html in (
        calculators.outcome(done, spec, "en", EN),
        calculators.outcome(asked, spec, "en", EN),
        calculators.offered((offer, failed), "en", EN),
    ):
        assert "<img" not in html
        assert "<script" not in html
        assert not re.search(r"[$`]|\{\{", html)
        assert 'href="javascript' not in html
