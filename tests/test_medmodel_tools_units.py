"""Units convert exactly, there and back; what does not fit is refused; published factors hold; labunits agrees."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from medmodel.errors import InputError, UnknownName
from medmodel.tools import units

TABLE = yaml.safe_load(units.TABLE.read_text(encoding="utf-8"))
SYMBOLS = sorted(TABLE["units"])
BY_DIMENSION = {name: [symbol for symbol in SYMBOLS if units.unit(symbol).dimension == name] for name in TABLE["dimensions"]}
SAME = [(old, new) for group in BY_DIMENSION.values() for old in group for new in group]
MASS, AMOUNT = BY_DIMENSION["mass concentration"], BY_DIMENSION["amount concentration"]
WEIGHED = [name for name, row in TABLE["analytes"].items() if "molar_mass" in row]
VALUES = st.decimals(min_value="-1000000", max_value="1000000", places=4, allow_nan=False)


def said_of(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except InputError as error:
        return str(error)
    return ""


@given(VALUES, st.sampled_from(SAME))
def test_there_and_back_is_the_very_number(value: object, pair: tuple[str, str]) -> None:
    old, new = pair
    assert units.convert(units.convert(value, old, new), new, old) == units.exact(value)


@given(VALUES, st.sampled_from(MASS), st.sampled_from(AMOUNT), st.sampled_from(WEIGHED))
def test_there_and_back_through_a_substance_is_the_very_number(value: object, mass: str, amount: str, substance: str) -> None:
    assert units.convert(units.convert(value, mass, amount, substance), amount, mass, substance) == units.exact(value)


@given(VALUES)
def test_hba1c_there_and_back_is_the_very_number(value: object) -> None:
    assert units.convert(units.convert(value, "mmol/mol", "%", "HbA1c"), "%", "mmol/mol", "HbA1c") == units.exact(value)


@given(st.sampled_from(SYMBOLS), st.sampled_from(SYMBOLS))
def test_another_dimension_is_refused_without_a_substance(old: str, new: str) -> None:
    if units.unit(old).dimension == units.unit(new).dimension:
        assert units.convert(1, old, new) is not None
    else:
        with pytest.raises(InputError, match="cannot become"):
            units.convert(1, old, new)


@given(st.text(max_size=40))
def test_any_text_is_a_number_a_unit_or_one_sentence(text: str) -> None:
    assert "\n" not in said_of(units.exact, text)
    assert "\n" not in said_of(units.unit, text)


@pytest.mark.parametrize(
    ("value", "old", "new", "substance", "expected"),
    [  # published conversion factors: AMA Manual of Style, 11th edition, 17.5.10 (conventional to SI), rounded as printed
        ("100", "mg/dL", "mmol/L", "glucose", "5.55"),
        ("1", "mg/dL", "umol/L", "creatinine", "88.4"),
        ("1", "mg/dL", "umol/L", "bilirubin", "17.1"),
        ("100", "mg/dL", "mmol/L", "cholesterol", "2.59"),
        ("100", "mg/dL", "mmol/L", "triglycerides", "1.13"),
        ("10", "mg/dL", "mmol/L", "calcium", "2.50"),
        ("10", "mg/dL", "mmol/L", "BUN", "3.57"),
        ("1", "mg/dL", "mmol/L", "phosphate", "0.323"),
        ("1", "mg/dL", "umol/L", "uric acid", "59.5"),
        ("10", "mg/dL", "mmol/L", "lactate", "1.11"),
        ("1", "ug/dL", "umol/L", "iron", "0.179"),
        ("1", "ug/dL", "nmol/L", "cortisol", "27.6"),
        ("1", "ng/mL", "nmol/L", "vitamin D", "2.50"),
        ("14", "g/dL", "g/L", "haemoglobin", "140"),
        ("150000", "/uL", "10^9/L", "", "150"),
        ("2", "mEq/L", "mmol/L", "magnesium", "1"),
        ("140", "mEq/L", "mmol/L", "sodium", "140"),
        ("98.6", "°F", "°C", "", "37"),
        ("7.5", "kPa", "mmHg", "", "56.3"),
        ("150", "lb", "kg", "", "68.0"),
        ("70", "in", "cm", "", "177.8"),
        ("7.0", "%", "mmol/mol", "HbA1c", "53.0"),  # (7.0 - 2.152) / 0.09148 = 52.995
        ("6.5", "%", "mmol/mol", "HbA1c", "47.5"),
        ("42", "mmol/mol", "%", "HbA1c", "5.99"),
    ],
)
def test_published_factors(value: str, old: str, new: str, substance: str, expected: str) -> None:
    found = units.convert(value, old, new, substance)
    assert abs(float(found) - float(expected)) <= 0.5 * 10 ** -(len(expected.partition(".")[2])) * 1.01, float(found)


def test_what_is_exact_stays_exact() -> None:
    assert units.convert("0.1", "g", "mg") == 100
    assert units.convert("98.6", "F", "C") == 37
    assert units.convert("1", "lb", "kg") == Fraction("0.45359237")


@pytest.mark.parametrize("written", ["10^9/L", "×10⁹/L", "10*9/L", "x10^9 / l", "K/uL", "10^3/µL"])
def test_one_unit_is_read_however_it_is_written(written: str) -> None:
    assert units.unit(written).symbol == "10^9/L"


def test_a_substance_that_has_no_molar_mass_is_not_counted_in_moles() -> None:
    with pytest.raises(InputError, match="for albumin"):
        units.convert(4, "g/dL", "mmol/L", "albumin")


def test_a_conversion_that_depends_on_a_substance_asks_for_it() -> None:
    with pytest.raises(InputError, match="unless the substance is named"):
        units.convert(100, "mg/dL", "mmol/L")
    with pytest.raises(UnknownName, match="did you mean 'glucose'"):
        units.convert(100, "mg/dL", "mmol/L", "glocose")


@pytest.mark.parametrize("wrong", ["1,2", "1.2.3", "", "ten", "nan", "inf", "1e999", "--3", None, True, [1]])
def test_what_is_no_number_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="that is no number"):
        units.exact(wrong)


def test_every_line_of_the_table_has_its_source() -> None:
    lines = [*TABLE["units"].items(), *TABLE["analytes"].items()]
    assert not [name for name, row in lines if not row.get("source")]
    assert {row["dimension"] for row in TABLE["units"].values()} <= set(TABLE["dimensions"])


def test_labunits_agrees_within_half_a_percent_wherever_both_know_the_substance() -> None:
    folder = os.environ.get("MEDMODEL_DATA")
    if not folder:
        pytest.skip("MEDMODEL_DATA unset")
    wheel = next(Path(folder, "labunits").glob("*.whl"))
    rows = json.loads(zipfile.ZipFile(wheel).read("labunits/data/analytes.json"))
    compared = 0
    for row in rows.values():
        name, old, new = row["name"].lower(), row["traditional_units"], row["si_units"]
        if name in units.analyte_names() and units.is_unit(old) and units.is_unit(new):
            factor = float(units.convert(1, old, new, name))
            assert factor == pytest.approx(row["conversion_factor"], rel=0.005), name
            compared += 1
    assert compared >= 15
