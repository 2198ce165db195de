"""Markdown to plain, citable text without touching a dose, unit, range, superscript or chemical name.

Unicode NFC (not NFKC, which turns 10⁹ into 109), line ends, white space; emphasis, links, comments and advertisements of
the reference package's own calculators go; headings and bullets stay. A table row becomes one bullet,
"- Header: cell; Header: cell.", since a row is what a reader would cite. A flow chart drawn with `|` is no table: its
lines keep their words and their indentation, and lose the drawing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from datatrove.pipeline.base import PipelineStep

from data_build.steps.tagging import drop
from medmodel.registry import register

_ADVERTISEMENT = re.compile(r"OpenMedicine|available via MCP")
_SENTENCE_END = re.compile(r"(?<=\.)\s+")
_EMPHASIS = re.compile(r"\*{2,3}|__(?=\S)|(?<=\S)__|`+|(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])")
_LINK = re.compile(r"!?\[([^\]]*)\]\((?:https?:|#|/)[^)]*\)")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_QUOTE = re.compile(r"^>[ \t]?(?!\s*=?\s*\d)", re.MULTILINE)  # "> 5 L" at the start of a line is a threshold
_DASH_IN_WORD = re.compile(r"(?<=\w)--(?=\w)")  # 10--20, NYHA II--III, clinician--patient
_DASH_BETWEEN_WORDS = re.compile(r"(?<=\s)--(?=\s)")
_RULE = re.compile(r"^\s*-{3,}\s*$", re.MULTILINE)


@register("step", "clean")
class Clean(PipelineStep):
    """Rewrites `text`; a document that is empty afterwards is tagged for dropping."""

    name = "clean"
    type = "medmodel"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            document.text = clean(document.text)
            if not re.search(r"\w", document.text):
                drop(document, "empty after cleaning")
            yield document


def clean(text: str) -> str:
    """Idempotent: cleaning twice is cleaning once."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\u00a0", " ").replace("\u200b", "")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = _QUOTE.sub("", text)
    text = "\n".join(_without_advertisement(line) for line in text.split("\n"))
    text = _EMPHASIS.sub("", _LINK.sub(r"\1", text))
    text = _DASH_BETWEEN_WORDS.sub("—", _DASH_IN_WORD.sub("–", text))
    text = "\n".join(_without_tables(text.split("\n")))
    text = _RULE.sub("", text.replace("+-->", " -->"))
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=\S)[ \t]{2,}", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _without_advertisement(line: str) -> str:
    """The sentences of a line that are not about the package's own calculators: some of them are clinical."""
    if not _ADVERTISEMENT.search(line):
        return line
    return " ".join(part for part in _SENTENCE_END.split(line) if not _ADVERTISEMENT.search(part))


def _without_tables(lines: Sequence[str]) -> Iterator[str]:
    """Rows as bullets. A table is a row of names with a rule under it; any other line with bars is a drawing."""
    header: list[str] | None = None
    for at, line in enumerate(lines):
        if not line.lstrip().startswith("|"):
            header = None
            yield line
        elif header is None and at + 1 < len(lines) and _is_rule(lines[at + 1]):
            header = _cells(line)
            if at + 2 >= len(lines) or not lines[at + 2].lstrip().startswith("|"):
                yield f"- {'; '.join(filter(None, header))}."  # names alone: nothing is left out
        elif header is None:
            words = line.replace("|", " ")
            if re.search(r"\w", words):
                yield words
        elif not _is_rule(line):
            named = [
                f"{name}: {cell}" if name else cell for name, cell in zip_longest(header, _cells(line), fillvalue="") if cell
            ]
            if named:
                yield f"- {'; '.join(named).rstrip('.')}."


def _is_rule(line: str) -> bool:
    return "|" in line and bool(_TABLE_RULE.match(line))


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))]
