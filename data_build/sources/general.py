"""A small general replay set, written for this project: everyday prose that keeps a medical mix from forgetting English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from medmodel.errors import InputError
from medmodel.records import Document, Source
from medmodel.registry import register

FILE = Path(__file__).with_name("general.md")
SOURCE = Source(
    id="general", title="General replay texts", organization="medmodel", year=2026, licence="Apache-2.0", tier="none"
)


@register("source", "general")
def read() -> Iterator[Document]:
    """One document a "# " section. Raises InputError when the file has none."""
    sections = re.split(
        r"^(?=# )", re.sub(r"<!--.*?-->", "", FILE.read_text(encoding="utf-8"), flags=re.DOTALL), flags=re.MULTILINE
    )
    texts = [section for section in sections if section.startswith("# ")]
    if not texts:
        raise InputError(f"source general is empty: {FILE.name} has no '# ' section")
    for text in texts:
        name = re.sub(r"\W+", "_", text.splitlines()[0][2:].strip().lower())
        yield Document(id=f"{SOURCE.id}/{name}", text=text, source=SOURCE, domain="general")
