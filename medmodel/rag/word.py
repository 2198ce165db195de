"""Word files to Markdown by python-docx: headings, lists and tables, in their order.

    markdown(path.read_bytes(), path.name)

A superscript is meaning: 10⁹/L is often typed as "10", a raised "9" and "/L", which without the raising is 109/L. So what is
raised or lowered becomes Unicode characters before anything reads the text. Not covered: raising by a named style, drawings,
formulas, footnotes, and the old binary .doc.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from medmodel.errors import InputError
from medmodel.rag.scripts import lowered, raised

LARGEST_UNPACKED = 400_000_000  # bytes: a Word file that grows beyond it is a bomb
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")  # how old .doc files begin, and Word files that a password protects


def markdown(raw: bytes, name: str) -> str:
    """The text of a Word file. Raises InputError that says what is wrong with it."""
    from docx.table import Table

    blocks = opened(raw, name).iter_inner_content()
    return "\n\n".join(_table(block) if isinstance(block, Table) else _paragraph(block) for block in blocks)


def opened(raw: bytes, name: str) -> Any:
    """A Word file as python-docx has it, with its superscripts and subscripts in Unicode. Raises InputError."""
    from docx import Document

    _refuse(raw, name)
    try:
        word = Document(io.BytesIO(raw))
    except (KeyError, ValueError):  # parts that Word files have are missing, or it is a workbook or slides
        raise InputError(f"{name} is no Word file, whatever its name says") from None
    except (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError):  # SyntaxError: of the XML
        raise InputError(f"{name} is damaged: open it in Word, which may repair it, and save it again") from None
    for run in runs(word):
        if run.font.superscript:
            _rewrite(run, raised)
        elif run.font.subscript:
            _rewrite(run, lowered)
    return word


def runs(word: Any) -> list[Any]:
    """Every stretch of one formatting, in paragraphs, links and tables."""
    from docx.oxml.ns import qn
    from docx.text.run import Run

    return [Run(element, word) for element in word.element.body.iter(qn("w:r"))]


def _refuse(raw: bytes, name: str) -> None:
    """Raises InputError for what is no Word file, or one that cannot or must not be unpacked."""
    if raw.startswith(_OLE):
        raise InputError(f"{name} is protected by a password, or is an old .doc: save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        cut = raw.startswith(b"PK")
        raise InputError(f"{name} is {'cut off' if cut else 'no Word file, whatever its name says'}") from None
    if size > LARGEST_UNPACKED:
        raise InputError(f"{name} unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB: it is no document")


def _rewrite(run: Any, change: Callable[[str], str]) -> None:
    from docx.oxml.ns import qn

    for piece in run._r.iter(qn("w:t")):
        text = piece.text or ""
        bare = text.strip()
        if bare:
            piece.text = text.replace(bare, change(bare))
    run.font.superscript = run.font.subscript = None


def _paragraph(paragraph: Any) -> str:
    style = paragraph.style.name if paragraph.style is not None else ""
    level = re.fullmatch(r"Heading (\d)", style)
    if level or style == "Title":
        return f"{'#' * int(level[1]) if level else '#'} {paragraph.text}"
    return f"- {paragraph.text}" if style.startswith("List") else str(paragraph.text)


def _table(table: Any) -> str:
    """The first row names the columns. A cell that spans several is written once."""
    rows = []
    for row in table.rows:
        seen: list[Any] = []
        cells = []
        for cell in row.cells:
            cells.append("" if cell._tc in seen else re.sub(r"\s+", " ", cell.text).strip().replace("|", "\\|"))
            seen.append(cell._tc)
        rows.append(f"| {' | '.join(cells)} |")
    if not rows:
        return ""
    return "\n".join([rows[0], re.sub(r"[^|]+", " --- ", re.sub(r"\\\|", "", rows[0])), *rows[1:]])
