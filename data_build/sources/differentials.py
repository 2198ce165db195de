"""14 complaints with 159 differential diagnoses from open-medicine (MIT), verbalised: one document a complaint.

Each diagnosis is a section with its likelihood ("must not miss"), key features, red flags and tests. Names of the
package's own calculators are left out of the tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from data_build.sources.open_medicine import package_folder
from medmodel.errors import InputError
from medmodel.records import Document, Source
from medmodel.registry import register


@register("source", "differentials")
def read() -> Iterator[Document]:
    """One document a complaint. Raises InputError when the package or its content is missing."""
    files = sorted((package_folder() / "mcp" / "differentials" / "data").glob("*.json"))
    if not files:
        raise InputError("source differentials is empty; reinstall open-medicine")
    for path in files:
        complaint = json.loads(path.read_text(encoding="utf-8"))
        year = re.search(r"\b(?:19|20)\d\d\b", complaint["source_description"])
        source = Source(
            id=f"differential_{complaint['differential_id']}",
            title=complaint["title"],
            organization="OpenMedicine",
            year=int(year[0]) if year else None,
            doi=complaint["source_doi"],
            url=f"https://doi.org/{complaint['source_doi']}" if complaint["source_doi"] else None,
            licence="MIT",
            tier="guideline",
            summary_by="OpenMedicine",
        )
        text = f"# {complaint['title']}\n\n" + "\n".join(_section(diagnosis) for diagnosis in complaint["diagnoses"])
        yield Document(id=f"{source.id}/diagnoses", text=text, source=source, domain="differential")


def _section(diagnosis: dict[str, Any]) -> str:
    lines = [
        f"## {diagnosis['name']}",
        "",
        f"Likelihood of {diagnosis['name']}: {diagnosis['likelihood'].replace('_', ' ')}.",
        "",
    ]
    for title, key in (
        ("Key features", "key_features"),
        ("Red flags", "red_flags"),
        ("Recommended tests", "recommended_tests"),
    ):
        items = [item for item in diagnosis[key] if not item.startswith("calculate_")]
        if items:
            lines += [f"### {title}", "", *(f"- {item}" for item in items), ""]
    return "\n".join(lines)
