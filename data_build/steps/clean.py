"""Markdown to plain, citable text without touching a dose, unit, range, superscript or chemical name.

Unicode NFC (not NFKC, which turns 10⁹ into 109), line ends, white space; emphasis, links, comments and the reference
package's own boilerplate go; headings and bullets stay. A table row becomes one bullet, "- Header: cell; Header: cell.",
since a row is what a reader would cite.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep

from medmodel.registry import register

_BOILERPLATE = re.compile(r"^.*(?:OpenMedicine|available via MCP).*$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|`+|(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])")
_LINK = re.compile(r"!?\[([^\]]*)\]\((?:https?:|#|/)[^)]*\)")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")
_DASH_BETWEEN_NUMBERS = re.compile(r"(?<=\d)--(?=\d)")
_DASH_BETWEEN_WORDS = re.compile(r"(?<=\s)--(?=\s)")


@register("step", "clean")
class Clean(PipelineStep):
    """Rewrites `text`; a document that is empty afterwards is tagged for dropping."""

    name = "clean"
    type = "medmodel"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        from data_build.steps.tagging import drop

        for document in data:
            document.text = clean(document.text)
            if not re.search(r"\w", document.text):
                drop(document, "empty after cleaning")
            yield document


def clean(text: str) -> str:
    """Idempotent: cleaning twice is cleaning once."""
    text = (
        unicodedata.normalize("NFC", text)
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u00a0", " ")
        .replace("\u200b", "")
    )
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = _BOILERPLATE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub("", text)
    text = _DASH_BETWEEN_WORDS.sub("—", _DASH_BETWEEN_NUMBERS.sub("–", text))
    text = "\n".join(_without_tables(text.split("\n")))
    text = re.sub(r"^>\s?", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*-{3,}\s*$", "", text, flags=re.MULTILINE)  # horizontal rules
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=\S)[ \t]{2,}", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _without_tables(lines: list[str]) -> Iterator[str]:
    header: list[str] | None = None
    for line in lines:
        if not line.lstrip().startswith("|"):
            header = None
            yield line
        elif _TABLE_RULE.match(line):
            continue
        else:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if header is None:
                header = cells
            else:
                named = [f"{name}: {cell}" if name else cell for name, cell in zip(header, cells, strict=False) if cell]
                yield f"- {'; '.join(named).rstrip('.')}."
