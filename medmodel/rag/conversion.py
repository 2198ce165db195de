"""Files to Markdown: text as it is, HTML through trafilatura, PDF through pypdf, DOCX through python-docx.

    markdown("pdf", path.read_bytes(), path.name)

A clinic's references (`medmodel.rag.refs`) and the data builder's sources of files read with it. Headings, lists and tables
of Word and HTML are kept; a PDF has lines alone. Not covered: text recognition, so a scan is refused; drawings, formulas
and footnotes of Word files.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import Any

from medmodel.errors import InputError

READERS = {".md": "text", ".txt": "text", ".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
SHORTEST = 80  # characters of text below which a file is taken for a scan
LARGEST_UNPACKED = 400_000_000  # bytes: a Word file that grows beyond it is a bomb

_DECLARED = re.compile(rb"""<meta[^<>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}  # as browsers do: pages use characters that the older set has not
_PROLOG = 4096  # bytes in which a page says how it is encoded


def markdown(kind: str, raw: bytes, name: str) -> str:
    """The text of a file of one of the kinds that READERS names. Raises InputError that says what is wrong with it."""
    return "\n\n".join(pages(kind, raw, name))


def pages(kind: str, raw: bytes, name: str) -> list[str]:
    """The same, page by page; a file of a kind that has none is one page."""
    try:
        found = {"text": _text, "html": _html, "pdf": _pdf, "docx": _docx}[kind](raw, name)
    except InputError:
        raise
    except ImportError as missing:
        raise InputError(f"{name} needs the package '{missing.name}': pip install 'medmodel[rag]'") from None
    except Exception as damage:  # each reader has errors of its own; whichever it is, the file is at fault
        raise InputError(f"{name} cannot be read as {kind}: {type(damage).__name__}") from None
    refuse_scan(found, name)
    return found


def refuse_scan(pages: list[str], name: str) -> None:
    """Raises InputError for pages with no text to speak of."""
    if sum(len(page.strip()) for page in pages) < SHORTEST:
        raise InputError(f"{name} has no text to speak of; a scan must go through text recognition first")


def decoded(raw: bytes, name: str) -> str:
    """A page's characters by the byte order mark or the encoding it declares, else as UTF-8. Raises InputError."""
    marked = next((encoding for mark, encoding in _MARKS.items() if raw.startswith(mark)), None)
    declared = _DECLARED.search(raw[:_PROLOG])
    said = declared[1].decode("ascii").lower() if declared else "utf-8"
    encoding = marked or _WIDER.get(said, said)
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InputError(
            f"{name} is not in {marked or said}, which it {'declares' if declared else 'should be in'}: save it as UTF-8"
        ) from None


def _text(raw: bytes, name: str) -> list[str]:
    try:
        return [raw.decode("utf-8-sig")]
    except UnicodeDecodeError as fault:
        raise InputError(f"{name} is not UTF-8 (byte {fault.start}): save it as UTF-8") from None


def _html(raw: bytes, name: str) -> list[str]:
    import trafilatura

    page = decoded(raw, name)
    return [trafilatura.extract(page, output_format="markdown", include_tables=True, include_links=False) or ""]


def _pdf(raw: bytes, name: str) -> list[str]:
    from pypdf import PdfReader

    # A line that ends without a stop goes on in the next: PDF has lines, not sentences.
    return [re.sub(r"(?<![.:;!?。])\n(?=[a-z(])", " ", page.extract_text()) for page in PdfReader(io.BytesIO(raw)).pages]


def _docx(raw: bytes, name: str) -> list[str]:
    import zipfile

    from docx import Document as Word
    from docx.table import Table

    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST_UNPACKED:
            raise InputError(f"{name} unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB: it is no document")
    lines = []
    for block in Word(io.BytesIO(raw)).iter_inner_content():
        lines.append(_table(block) if isinstance(block, Table) else _paragraph(block))
    return ["\n\n".join(lines)]


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
