"""Units: what a number in one is in another, exactly, and for a named substance between mass, amount and charge.

    convert("126", "mg/dL", "mmol/L", "glucose")     Fraction, about 6.994
    convert(98.6, "°F", "°C")                        Fraction(37)
    convert("53", "mmol/mol", "%", "HbA1c")          Fraction, about 7.0

Fractions, not floats: there and back again gives the number that was there, and a value on a boundary stays on it. What a
unit or a substance is worth stands in `units.yaml`, each line with its source. Dimensions that do not fit are refused,
and so is a conversion that depends on a substance when none is named. Not covered: international units of hormones and
vitamins, which depend on the preparation, and molecules of several forms beyond those listed.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from medmodel.errors import InputError, UnknownName

TABLE = Path(__file__).with_name("units.yaml")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ−×", "0123456789uu-x")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")


class Unit(NamedTuple):
    symbol: str
    dimension: str
    factor: Fraction  # of the dimension's base
    offset: Fraction  # added after the factor; temperatures alone have one


class Analyte(NamedTuple):
    name: str
    zh: str
    molar_mass: Fraction | None  # g/mol
    charge: int | None
    ngsp: tuple[Fraction, Fraction] | None  # slope and intercept of HbA1c's master equation
    source: str


def convert(value: object, given: str, wanted: str, analyte: str = "") -> Fraction:
    """`value` of the unit `given`, in `wanted`. Raises InputError, or UnknownName, with one sentence."""
    number, old, new = exact(value), unit(given), unit(wanted)
    if old.symbol == new.symbol:
        return number
    if old.dimension == new.dimension:
        return (number * old.factor + old.offset - new.offset) / new.factor
    substance = find_analyte(analyte) if analyte else None
    pair = {old.dimension, new.dimension}
    if substance and substance.ngsp and pair == {"number", "amount ratio"}:
        return _hba1c(number, old, new, substance.ngsp)
    old_mole, new_mole = _per_mole(old, substance), _per_mole(new, substance)
    if old_mole is None or new_mole is None or _kind(old) != _kind(new):
        raise InputError(_refusal(old, new, substance))
    return number * old.factor / old_mole * new_mole / new.factor


def exact(value: object) -> Fraction:
    """A number as it was written: 0.1 is one tenth. Raises InputError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction | str):
        raise InputError("that is no number: write digits, with a point before decimals")
    if isinstance(value, Fraction):
        return value
    text = str(value).strip().translate(SUPERSCRIPTS)
    if not _NUMBER.fullmatch(text):
        raise InputError("that is no number: write digits, with a point before decimals and no separator of thousands")
    try:
        return Fraction(Decimal(text))
    except InvalidOperation:
        raise InputError("that is no number: write digits, with a point before decimals") from None


def unit(text: str) -> Unit:
    """The unit that is written so. Raises InputError with the nearest."""
    units, spellings = _units()
    symbol = spellings.get(_key(text))
    if symbol is None:
        near = difflib.get_close_matches(_key(text), spellings, n=1, cutoff=0.6)
        hint = f" — did you mean '{spellings[near[0]]}'?" if near else "; write it like mg/dL, mmol/L, kg or mmHg"
        raise InputError(f"unknown unit '{' '.join(text.split())[:20]}'{hint}")
    return units[symbol]


def is_unit(text: str) -> bool:
    return _key(text) in _units()[1]


def spellings() -> dict[str, str]:
    """Every way to write a unit, lower case and without spaces -> its symbol."""
    return _units()[1]


def find_analyte(name: str) -> Analyte:
    analytes, others = _analytes()
    key = others.get(name.strip().lower())
    if key is None:
        raise UnknownName("substance", name[:40], analytes)
    return analytes[key]


def analyte_names() -> dict[str, str]:
    """Every name of a substance, lower case -> the one in the table."""
    return _analytes()[1]


def same_kind(given: str, wanted: str, analyte: str = "") -> bool:
    """Whether one can be converted into the other."""
    try:
        convert(1, given, wanted, analyte)
    except InputError:
        return False
    return True


def shown(number: Fraction, digits: int = 4) -> str:
    """For people: so many significant digits, no exponent, no trailing zeros."""
    if number == 0:
        return "0"
    rounded = Decimal(f"{float(number):.{digits}g}") if number.denominator != 1 else Decimal(number.numerator)
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pretty(symbol: str) -> str:
    """For people: µmol/L, where the table writes umol/L."""
    return f"µ{symbol[1:]}" if symbol[:1] == "u" and symbol != "units" and not symbol.startswith("units/") else symbol


def _hba1c(number: Fraction, old: Unit, new: Unit, ngsp: tuple[Fraction, Fraction]) -> Fraction:
    slope, intercept = ngsp
    if old.dimension == "amount ratio":
        percent = number * old.factor * 1000 * slope + intercept
        return percent / 100 / new.factor
    return (number * old.factor * 100 - intercept) / slope / 1000 / new.factor


def _per_mole(of: Unit, substance: Analyte | None) -> Fraction | None:
    """How much of the dimension's base one mole of the substance is; None when that is not known."""
    if of.dimension in ("amount", "amount concentration"):
        return Fraction(1)
    if substance is None:
        return None
    if of.dimension in ("mass", "mass concentration"):
        return substance.molar_mass
    if of.dimension == "equivalent concentration" and substance.charge:
        return Fraction(substance.charge)
    return None


def _kind(of: Unit) -> str:
    return "concentration" if of.dimension.endswith("concentration") else of.dimension.replace("mass", "amount")


def _refusal(old: Unit, new: Unit, substance: Analyte | None) -> str:
    what = f"{old.symbol} ({old.dimension}) cannot become {new.symbol} ({new.dimension})"
    if _kind(old) == _kind(new) and substance is None:
        return f"{what} unless the substance is named, for example glucose"
    if substance is not None:
        return f"{what} for {substance.name}"
    return what


def _key(text: str) -> str:
    return re.sub(r"[\s^*·]+", "", text.translate(SUPERSCRIPTS)).lower()  # 10^9, 10⁹ and 10*9 are one


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


@cache
def _units() -> tuple[dict[str, Unit], dict[str, str]]:
    units: dict[str, Unit] = {}
    written: dict[str, str] = {}
    for symbol, row in _table()["units"].items():
        units[symbol] = Unit(symbol, row["dimension"], Fraction(row["factor"]), Fraction(row.get("offset", "0")))
        for spelling in (symbol, *row["also"]):
            if written.setdefault(_key(str(spelling)), symbol) != symbol:
                raise InputError(f"{TABLE.name}: '{spelling}' is written for two units")
    return units, written


@cache
def _analytes() -> tuple[dict[str, Analyte], dict[str, str]]:
    analytes: dict[str, Analyte] = {}
    written: dict[str, str] = {}
    for name, row in _table()["analytes"].items():
        mass = Fraction(row["molar_mass"]) if "molar_mass" in row else None
        ngsp = (Fraction(row["slope"]), Fraction(row["intercept"])) if "slope" in row else None
        analytes[name] = Analyte(name, row["zh"], mass, row.get("charge"), ngsp, row["source"])
        for other in (name, row["zh"], *row["also"]):
            written[str(other).lower()] = name
    return analytes, written
