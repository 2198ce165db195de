"""Quantities: one spelling for one amount, and no amount for two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.rag.units import quantity, same

SCALES = [("g", "mg", 1000), ("mg", "mcg", 1000), ("L", "mL", 1000), ("days", "hours", 24), ("weeks", "days", 7), ("years", "months", 12), ("kg", "g", 1000)]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 g", "1000 mg"),
        ("at least 0.5 g", "≥ 500 mg"),
        ("5 or more", "at least 5"),
        ("3 days", "72 hours"),
        ("two weeks", "14 days"),
        ("1 g/L", "100 mg/dL"),
        ("5 mcg/kg/min", "0.3 mg/kg/h"),
        ("30 mL/min/1.73 m²", "30 mL/min"),
        ("60 bpm", "60/min"),
        ("101.3 °F", "38.5 °C"),
        ("10⁹/L", "10^9/L"),
        ("0.5–1.0毫升", "0.5–1 mL"),
        ("80岁以上", "80 years or older"),
        ("1 kPa", "7.50062 mmHg"),
    ],
)
def test_one_amount_in_two_spellings_is_the_same(one: str, other: str) -> None:
    found = [quantity(text) for text in (one, other)]
    assert same(*found)
    assert found[0].comparator == found[1].comparator


@pytest.mark.parametrize(
    ("one", "other"),
    [("1 g", "100 mg"), ("5 mg", "5 mL"), ("30 days", "1 month"), ("5–10 mg", "5 mg"), ("130/80", "130/90"), ("10⁹/L", "10⁸/L"), ("25%", "25"), ("1:1000", "1:10000")],
)  # fmt: skip
def test_another_amount_is_not(one: str, other: str) -> None:
    assert not same(quantity(one), quantity(other))


def test_mass_and_amount_are_the_same_for_a_named_analyte_alone() -> None:
    one, other = quantity("180 mg/dL"), quantity("10 mmol/L")
    assert same(one, other, "a glucose of 180")
    assert same(other, one, "血糖")
    assert not same(one, other, "a sodium of 180")
    assert not same(one, other, "a cholesterol of 180")  # 4.65 mmol/L


@given(st.decimals("0.01", 5000, places=2), st.sampled_from(SCALES))
def test_conversion_works_both_ways(number: object, scale: tuple[str, str, int]) -> None:
    large, small, factor = scale
    one, other = quantity(f"{number} {large}"), quantity(f"{number * factor} {small}")  # type: ignore[operator]
    assert same(one, other)
    assert same(other, one)
    assert not same(one, quantity(f"{number * factor * 2} {small}"))  # type: ignore[operator]
