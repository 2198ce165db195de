"""A value in another unit, for a named substance where it matters: the table of `units.py` as a tool."""

from __future__ import annotations

import re
from collections.abc import Mapping

from medmodel import __version__
from medmodel.errors import InputError
from medmodel.records import ToolInput, ToolReading, ToolSource, ToolSpec
from medmodel.registry import register
from medmodel.tools import units
from medmodel.tools.reading import amounts, unit_pattern
from medmodel.tools.tool import Calculated, Tool, Value

DIGITS = 4  # significant ones of the result: more than any of these values is measured to
_CONVERT = re.compile(r"\b(?:convert\w*|conversion|in terms of|equivalent)\b|换算|转换|折合|等于多少|是多少", re.IGNORECASE)
_TARGET = re.compile(rf"(?:\b(?:to|into|in|as|how many)\b|成|为|多少)\s*(?P<unit>{unit_pattern()})", re.IGNORECASE)


def _describe() -> ToolSpec:
    return ToolSpec(
        name="convert_units",
        title="Unit conversion",
        title_zh="单位换算",
        inputs=(
            ToolInput(name="value", title="Value", title_zh="数值", kind="number"),
            ToolInput(name="given", title="Its unit", title_zh="原单位", kind="text"),
            ToolInput(name="wanted", title="Wanted unit", title_zh="目标单位", kind="text"),
            ToolInput(name="substance", title="Substance", title_zh="物质", kind="text", required=False),
        ),
        source=ToolSource(
            citation="medmodel/tools/units.yaml: SI Brochure (BIPM 2019), IUPAC standard atomic weights (2022), Hoelzel 2004 for HbA1c",
            doi="10.1515/pac-2019-0603",
            year=2022,
            version=f"medmodel {__version__}",
            checked="published factors, there and back for every unit",
        ),
        limits="no international units of hormones or vitamins; substances as listed in units.yaml",
    )


def _calculate(inputs: Mapping[str, Value]) -> Calculated:
    value, given, wanted = units.exact(inputs["value"]), str(inputs["given"]), str(inputs["wanted"])
    substance = str(inputs.get("substance", ""))
    result = units.convert(value, given, wanted, substance)
    symbol = units.unit(wanted).symbol
    of = f" of {units.find_analyte(substance).name}" if substance else ""
    old = f"{units.shown(value)} {units.pretty(units.unit(given).symbol)}"
    said = f"{old}{of} is {units.shown(result, DIGITS)} {units.pretty(symbol)}."
    notes = (f"Substance: {units.find_analyte(substance).source}.",) if substance else ()
    return Calculated(float(units.shown(result, DIGITS)), said, notes, unit=symbol)


def _also_named(text: str) -> list[tuple[str, int]]:
    return [("convert", hit.start())] if (hit := _CONVERT.search(text)) and amounts(text) and _wanted(text) else []


def _read(text: str) -> tuple[ToolReading, ...]:
    found = amounts(text)
    if len({(number, unit) for number, unit, _ in found}) != 1:
        return ()
    number, unit, words = found[0]
    readings = [ToolReading(name="value", value=float(number), text=words), ToolReading(name="given", value=unit, text=words)]
    wanted = _wanted(text)
    if wanted:
        readings.append(ToolReading(name="wanted", value=wanted, text=wanted))
    substances = {name: word for word, name in units.analyte_names().items() if re.search(_word(word), text, re.IGNORECASE)}
    if len(substances) > 1:  # "urea nitrogen" names urea too: the longest word is meant
        longest = max(substances.values(), key=len)
        substances = {name: word for name, word in substances.items() if word not in longest or word == longest}
    if len(substances) == 1 and wanted and _depends(unit, wanted):
        name, word = next(iter(substances.items()))
        readings.append(ToolReading(name="substance", value=name, text=word))
    return tuple(readings)


def _wanted(text: str) -> str:
    """The one unit that the text asks for after "to", "in", "多少"."""
    asked = {units.unit(hit["unit"]).symbol for hit in _TARGET.finditer(text) if units.is_unit(hit["unit"])}
    return asked.pop() if len(asked) == 1 else ""


def _depends(given: str, wanted: str) -> bool:
    try:
        units.convert(1, given, wanted)
    except InputError:
        return True
    return False


def _word(word: str) -> str:
    return re.escape(word) if not word.isascii() else rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])"


register("tool", "convert_units")(
    Tool(
        "convert_units",
        _describe,
        _calculate,
        called=("unit conversion", "convert units"),
        called_zh=("单位换算",),
        reads=_read,
        also_named=_also_named,
    )
)
