"""Whether a short, cited table names an interaction of two drugs; what it does not name, it does not know.

open-medicine has no table of interactions (its terminology lists names and classes alone), so this one is ours: pairs that
prescribing information calls contraindicated or major, each with the label that says so (`interactions.yaml`). An answer
always names the table, its date and what it leaves out: "not listed" is never "safe".
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
from medmodel.tools.drugs import Drug, find_drug, named_in
from medmodel.tools.tool import Calculated, Tool, Value

TABLE = Path(__file__).parents[1] / "interactions.yaml"
_TOGETHER = re.compile(
    r"\b(?:interact\w*|together|combin\w*|co-?administ\w*|concomitant\w*|alongside)\b|\bsafe with\b"
    r"|\b(?:take|taking|give|given|add|added|start|started|use|used|prescribe)\b.{0,60}\b(?:with|while|taking|already|takes)\b"
    r"|相互作用|合用|同用|联用|一起|同时",
    re.IGNORECASE,
)


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


def about() -> str:
    """What every answer says of the table."""
    return f"{table()['name']}, {table()['date']}, {len(table()['pairs'])} rows. It leaves out {table()['leaves_out']}."


def _describe() -> ToolSpec:
    return ToolSpec(
        name="drug_interaction",
        title="Drug interaction (short table)",
        title_zh="药物相互作用（简表）",
        inputs=(
            ToolInput(name="drug", title="Drug", title_zh="药物", kind="text"),
            ToolInput(name="other", title="Other drug", title_zh="另一药物", kind="text"),
        ),
        source=ToolSource(
            citation=f"{table()['name']}: United States prescribing information, section by section",
            url="https://dailymed.nlm.nih.gov/",
            year=table()["date"].year,
            version=f"medmodel {__version__}",
        ),
        limits=about(),
    )


def _calculate(inputs: Mapping[str, Value]) -> Calculated:
    names = str(inputs["drug"]), str(inputs["other"])
    drugs = [find_drug(name) for name in names]
    strangers = [name for name, drug in zip(names, drugs, strict=True) if drug is None]
    first, second = drugs
    if first is None or second is None:
        said = f"The table does not know {' and '.join(repr(name) for name in strangers)}, so it says nothing of this pair."
        return Calculated("not in the table", said, (about(),))
    rows = [row for row in table()["pairs"] if _fits(row, first, second)]
    if not rows:
        said = f"The table lists no interaction of {first.name} and {second.name}; that does not mean that there is none."
        return Calculated("not listed", said, (about(),))
    row = rows[0]
    said = f"{first.name} with {second.name}: {row['level']}. {row['says']}"
    source = ToolSource(citation=row["source"], url="https://dailymed.nlm.nih.gov/", version=f"medmodel {__version__}")
    more = tuple(f"Also: {other['says']} ({other['source']})" for other in rows[1:])
    return Calculated(row["level"], said, (*more, about()), source=source)


def _fits(row: Mapping[str, str], first: Drug, second: Drug) -> bool:
    pair = row["a"], row["b"]
    return any(pair in ((one, other), (other, one)) for one in first.kinds for other in second.kinds)


def _also_named(text: str) -> list[tuple[str, int]]:
    mentions = named_in(text)
    return [(mention.text, mention.start) for mention in mentions[:1]] if len(mentions) > 1 and _TOGETHER.search(text) else []


def _read(text: str) -> tuple[ToolReading, ...]:
    return tuple(
        ToolReading(name=name, value=mention.drug.name, text=mention.text)
        for name, mention in zip(("drug", "other"), named_in(text), strict=False)
    )


register("tool", "drug_interaction")(
    Tool(
        "drug_interaction",
        _describe,
        _calculate,
        called=("drug interaction", "drug interactions", "drug-drug interaction"),
        called_zh=("药物相互作用",),
        reads=_read,
        also_named=_also_named,
    )
)
