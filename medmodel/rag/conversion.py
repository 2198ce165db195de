"""Files to Markdown: text as it is, HTML through trafilatura, PDF through pypdf, DOCX through `medmodel.rag.word`.

    markdown("pdf", path.read_bytes(), path.name)

A clinic's references (`medmodel.rag.refs`) and the data builder's sources of files read with it. Headings, lists and tables
of Word and HTML are kept; a PDF has lines alone. Not covered: text recognition, so a scan is refused; drawings, formulas
and footnotes of Word files.
"""

from __future__ import annotations

import codecs
import io
import re

from medmodel.errors import InputError
from medmodel.rag.scripts import untagged

READERS = {".md": "text", ".txt": "text", ".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
SHORTEST = 80  # characters of text below which a file is taken for a scan

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
    text = trafilatura.extract(page, output_format="markdown", include_tables=True, include_links=False) or ""
    return [untagged(text)]


def _pdf(raw: bytes, name: str) -> list[str]:
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PdfReadError

    try:
        texts = [page.extract_text() for page in PdfReader(io.BytesIO(raw)).pages]
    except FileNotDecryptedError:
        raise InputError(f"{name} is protected by a password: save it without one") from None
    except PdfReadError:
        raise InputError(
            f"{name} cannot be read: it is damaged or cut off; a PDF viewer may open it and save it whole"
        ) from None
    # A line that ends without a stop goes on in the next: PDF has lines, not sentences.
    return [re.sub(r"(?<![.:;!?。])\n(?=[a-z(])", " ", text) for text in texts]


def _docx(raw: bytes, name: str) -> list[str]:
    from medmodel.rag import word

    return [word.markdown(raw, name)]
