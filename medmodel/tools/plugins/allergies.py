"""Whether a drug may be given after a reaction to another, as far as a short table after one practice parameter goes.

The rules are in `allergies.yaml` (beta-lactams, sulfonamides, NSAIDs). A drug or a pair that it does not name is not
answered, and every answer names the table, its date and what it leaves out. It replaces no allergist, and no record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from medmodel import __version__
from medmodel.records import ToolInput, ToolReading, ToolSource, ToolSpec
from medmodel.registry import register
from medmodel.tools.drugs import Drug, Mention, find_drug, named_in
from medmodel.tools.tool import Calculated, Tool, Value

TABLE = Path(__file__).parents[1] / "allergies.yaml"
_ALLERGY = re.compile(r"\ballerg\w*|\banaphyla\w*|\bhypersensitiv\w*|过敏", re.IGNORECASE)
_TO = re.compile(
    r"(?:allerg\w*|anaphyla\w*|hypersensitiv\w*)(?:\s+\w+){0,2}\s+(?:to|after|from|with)\s*$|对\s*$", re.IGNORECASE
)


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


def about() -> str:
    return f"{table()['name']}, {table()['date']}, {len(table()['rules'])} rows. It leaves out {table()['leaves_out']}."


def _describe() -> ToolSpec:
    return ToolSpec(
        name="drug_allergy",
        title="Drug after an allergy (short table)",
        title_zh="药物过敏交叉反应（简表）",
        inputs=(
            ToolInput(name="allergy", title="Drug of the earlier reaction", title_zh="既往过敏药物", kind="text"),
            ToolInput(name="drug", title="Drug to be given", title_zh="拟用药物", kind="text"),
        ),
        source=_source(),
        limits=about(),
    )


def _source() -> ToolSource:
    return ToolSource.model_validate({**table()["source"], "version": f"medmodel {__version__}"})


def _calculate(inputs: Mapping[str, Value]) -> Calculated:
    names = str(inputs["allergy"]), str(inputs["drug"])
    culprit, drug = find_drug(names[0]), find_drug(names[1])
    if culprit is None or drug is None:
        strangers = " and ".join(repr(name) for name, found in zip(names, (culprit, drug), strict=True) if found is None)
        said = f"The table does not know {strangers}, so it says nothing of this pair."
        return Calculated("not in the table", said, (about(),))
    if culprit.name == drug.name:
        said = f"{drug.name} is the drug of the earlier reaction: avoid unless allergy has been excluded."
        return Calculated("avoid", said, (about(),))
    row = next((row for row in table()["rules"] if _fits(row, culprit, drug)), None)
    if row is None:
        said = f"The table has no rule for {drug.name} after {culprit.name}; that does not mean that it is safe."
        return Calculated("not listed", said, (about(),))
    said = f"{drug.name} after a reaction to {culprit.name}: {row['level']}. {row['says']}"
    return Calculated(row["level"], said, (f"Row: {row['source']}.", about()))


def _fits(row: Mapping[str, str], culprit: Drug, drug: Drug) -> bool:
    return row["to"] in culprit.kinds and row["given"] in drug.kinds


def _also_named(text: str) -> list[tuple[str, int]]:
    mentions = named_in(text)
    return [(mention.text, mention.start) for mention in mentions[:1]] if mentions and _ALLERGY.search(text) else []


def _read(text: str) -> tuple[ToolReading, ...]:
    """The drug beside the word allergy is the culprit, the other one is asked about; unclear means unread."""
    mentions = named_in(text)
    culprits = [mention for mention in mentions if _beside(mention, text)]
    if len(culprits) != 1:
        return ()
    others = [mention for mention in mentions if mention is not culprits[0]]
    readings = [ToolReading(name="allergy", value=culprits[0].drug.name, text=culprits[0].text)]
    if len(others) == 1:
        readings.append(ToolReading(name="drug", value=others[0].drug.name, text=others[0].text))
    return tuple(readings)


def _beside(mention: Mention, text: str) -> bool:
    before, after = text[: mention.start], text[mention.start + len(mention.text) :]
    return bool(_TO.search(before) or re.match(r"[\s-]*(?:过敏|allerg|anaphyla)", after, re.IGNORECASE))


register("tool", "drug_allergy")(
    Tool(
        "drug_allergy",
        _describe,
        _calculate,
        called=("cross-reactivity", "cross reactivity", "drug allergy"),
        called_zh=("交叉过敏",),
        reads=_read,
        also_named=_also_named,
    )
)
