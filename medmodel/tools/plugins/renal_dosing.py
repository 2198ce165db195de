"""The dose of a drug by kidney function, from open-medicine's table of 23 drugs, with the row, its source and the formula.

Each row of the table is by creatinine clearance (Cockcroft–Gault) or by eGFR (CKD-EPI 2021), as the drug's label is. Give
that value, or age, sex, weight and creatinine, and it is computed and said. The other measure is not taken for it.
The table prints whole numbers (30–49, 50 and above), which leaves 49.5 open; the package then falls to its lowest row, so
that metformin at an eGFR of 44.5 reads "contraindicated". Here the boundary is the round number between two rows, as
labels state it: 50 in "50 and above", 60 in "61 and above" (above 60). A drug that is not in the table is not answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from medmodel import registry
from medmodel.errors import MedmodelError
from medmodel.records import ToolInput, ToolReading, ToolResult, ToolSource, ToolSpec
from medmodel.registry import register
from medmodel.tools.drugs import find_drug, named_in
from medmodel.tools.inputs import numbers
from medmodel.tools.plugins.open_medicine import package_version
from medmodel.tools.reading import read_number, read_sex
from medmodel.tools.tool import Calculated, Tool, Value, Wanted

MEASURES = {  # how the table's rows count: calculator, its result's unit, and the inputs it wants besides
    "crcl": (
        "cockcroft_gault",
        "creatinine clearance by Cockcroft–Gault",
        "mL/min",
        ("age", "weight", "is_female", "serum_creatinine"),
    ),
    "egfr": ("ckd_epi", "eGFR by CKD-EPI 2021", "mL/min/1.73m2", ("age", "is_female", "serum_creatinine")),
}
_KIDNEY = re.compile(
    r"\b(?:renal|kidney|CrCl|CCr|eGFR|GFR|creatinine|dialysis|CKD|nephropathy|clearance)\b|肾|肌酐|透析|清除率", re.IGNORECASE
)
_DOSE = re.compile(r"\b(?:dose|doses|dosing|dosage|adjust\w*|how much)\b|剂量|用量|调整", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")
_SOMETHING = re.compile(
    r"\b(?:dose|dosing|dosage) (?:of|for) (?P<of>[a-z][a-z-]{4,})|\b(?P<before>[a-z][a-z-]{4,}) (?:dose|dosing|dosage)\b",
    re.IGNORECASE,
)
_NO_DRUG = frozenset(
    "renal kidney correct right starting initial loading maintenance daily usual normal adjust adjusted patients adult adults "
    "reduced their which standard recommended what".split()
)


@cache
def table() -> dict[str, Any]:
    """The package's rows by the names of drugs.yaml."""
    text = (files("open_medicine.mcp.calculators") / "data" / "renal_dose_adjustments.json").read_text(encoding="utf-8")
    rows = {}
    for key, row in json.loads(text).items():
        drug = find_drug(key.replace("_", "-"))
        if drug is None:
            raise MedmodelError(
                f"open-medicine's renal table has '{key}', which medmodel/tools/drugs.yaml does not name: add it"
            )
        rows[drug.name] = row
    return rows


def tier_of(row: Mapping[str, Any], value: float) -> Mapping[str, Any]:
    """The row's line for a value. Raises MedmodelError when the table leaves it open."""
    tiers = row["tiers"]
    for upper, lower in pairwise(tiers):
        edge, at_least = _edge(upper["min"], lower["max"])
        if value > edge or (at_least and value == edge):
            return upper  # type: ignore[no-any-return]
    return tiers[-1]  # type: ignore[no-any-return]


def _edge(least: float, most: float) -> tuple[float, bool]:
    """The boundary between two rows, and whether the upper one holds it: the round number of the two that are printed."""
    if least == most or least % 5 == 0:
        return least, True
    if most % 5 == 0:
        return most, False
    raise MedmodelError(f"the renal table leaves {most} to {least} open")


def _describe() -> ToolSpec:
    return ToolSpec(
        name="renal_dosing",
        title="Dose by kidney function",
        title_zh="按肾功能调整剂量",
        inputs=(
            ToolInput(name="drug", title="Drug (generic or brand name)", title_zh="药物（通用名或商品名）", kind="text"),
            _number("crcl"),
            _number("egfr"),
            _number("age"),
            ToolInput(name="is_female", title="Female", title_zh="女性", kind="yes_no", required=False),
            _number("weight"),
            _number("creatinine", "serum_creatinine"),
        ),
        source=ToolSource(
            citation=f"open-medicine's renal_dose_adjustments.json ({len(table())} drugs); each row names its own source",
            url="https://pypi.org/project/open-medicine/",
            version=package_version(),
            checked="every boundary of the table lies on a round number, and both sides of it are tested",
        ),
        limits=f"only these drugs: {', '.join(sorted(table()))}; adults; one indication a drug; not for unstable kidney function",
    )


def _number(concept: str, name: str = "") -> ToolInput:
    number = numbers()[concept]
    low, high = number.range
    return ToolInput(
        name=name or concept,
        title=number.title,
        title_zh=number.zh,
        kind="integer" if concept == "age" else "number",
        unit=number.unit,
        units=number.accepted,
        analyte=number.analyte,
        minimum=low,
        maximum=high,
        required=False,
    )


def _calculate(inputs: Mapping[str, Value]) -> Calculated | Wanted:
    asked = str(inputs["drug"])
    drug = find_drug(asked)
    row = table().get(drug.name) if drug else None
    if drug is None or row is None:
        named = drug.name if drug else asked
        said = f"'{named}' is not in the table, so it says nothing of its dose: look it up in its prescribing information."
        return Calculated("not in the table", f"{said} The table has: {', '.join(sorted(table()))}.")
    measure = row["label_renal_metric"]
    calculator, formula, unit, wanted = MEASURES[measure]
    notes = []
    if measure in inputs:
        value = float(inputs[measure])
        notes.append(f"Taken as it was given: {formula}.")
    else:
        lacking = tuple(name for name in wanted if name not in inputs)
        if lacking:
            why = f"the table's row for {drug.name} is by {formula}: give it, or what it is computed from"
            return Wanted((measure, *lacking), why)
        done = registry.get("tool", calculator).run({name: inputs[name] for name in wanted})
        assert isinstance(done, ToolResult), "all that the formula asks for is given"
        value = float(done.value)
        notes.append(f"Computed: {formula}, {value:g} {unit} (doi:{done.source.doi}).")
    tier = tier_of(row, value)
    return _said(drug.name, row, tier, f"{value:g} {unit}", notes)


def _said(drug: str, row: Mapping[str, Any], tier: Mapping[str, Any], value: str, notes: list[str]) -> Calculated:
    band = f"{tier['min']} and above" if tier["max"] is None else f"{tier['min']} to {tier['max']}"
    metric = "CrCl" if row["label_renal_metric"] == "crcl" else "eGFR"
    interpretation = f"{drug} ({', '.join(row['brand_names'])}) at {value}: {tier['dose']}. Usual dose: {row['normal_dose']}."
    notes.append(f"Row of the table: {metric} {band}, {tier['adjustment_type'].replace('_', ' ')}.")
    notes += list(tier["warnings"])
    if tier["dialysis_note"]:
        notes.append(f"Dialysis: {tier['dialysis_note']}.")
    if row["requires_tdm"]:
        notes.append(f"Measure levels: {'; '.join(row.get('monitoring_parameters') or ())}.")
    source = ToolSource(citation=row["source_description"], doi=row["source_doi"], version=package_version())
    return Calculated(tier["dose"], interpretation, tuple(notes), source=source)


def _also_named(text: str) -> list[tuple[str, int]]:
    """A drug whose dose is asked for, in a question about kidneys; one that the table lacks too, so that it can say so.

    Drug and dose stand in one sentence: a history that names a drug, kidneys and doses apart asks for none.
    """
    if not _KIDNEY.search(text):
        return []
    doses = [sentence for sentence in _SENTENCE.split(text) if _DOSE.search(sentence)]
    mentions = [mention.text for sentence in doses for mention in named_in(sentence)]
    if mentions:
        return [(mentions[0], text.index(mentions[0]))]
    return [found for sentence in doses for found in _unknown(sentence)][:1]


def _unknown(text: str) -> list[tuple[str, int]]:
    hits = [(hit["of"] or hit["before"], hit.start()) for hit in _SOMETHING.finditer(text)]
    return [(word, start) for word, start in hits if word.lower() not in _NO_DRUG][:1]


def _read(text: str) -> tuple[ToolReading, ...]:
    readings = []
    mentions = [mention for mention in named_in(text) if mention.drug.name in table()] or named_in(text)
    if len(mentions) == 1 or (mentions and mentions[0].drug.name in table()):
        readings.append(ToolReading(name="drug", value=mentions[0].drug.name, text=mentions[0].text))
    elif not mentions:
        readings += [ToolReading(name="drug", value=word, text=word) for word, _ in _unknown(text)]
    for concept in ("crcl", "egfr", "age", "weight", "creatinine"):
        if (found := read_number(concept, text)) is not None:
            name = "serum_creatinine" if concept == "creatinine" else concept
            readings.append(ToolReading(name=name, value=float(found.number), unit=found.unit, text=found.text))
    if (sex := read_sex("female", text)) is not None:
        readings.append(ToolReading(name="is_female", value=sex[0], text=sex[1]))
    return tuple(readings)


register("tool", "renal_dosing")(
    Tool(
        "renal_dosing",
        _describe,
        _calculate,
        called=("renal dosing", "renal dose", "renal dose adjustment", "dose in renal impairment", "dose by kidney function"),
        called_zh=("肾功能调整剂量", "肾功能不全剂量", "肾功能剂量调整"),
        reads=_read,
        also_named=_also_named,
    )
)
