"""Files that are documents themselves: what the sources html, pdf and docx share.

    yield from of_files(path, (".pdf",), source, convert, language="en", domain="guideline")

`convert` makes Markdown of a file's bytes and says what the file tells of itself; its InputError is the reason why a file is
left out. A document's id is its source's and the file's path without its ending.

PDF and Word files are converted by docling where it is installed (`pip install 'medmodel[docling]'`): it reads layout,
columns and tables. Its models for PDF must be on the machine. Without it, and when a recipe says `converter: plain`, they
are read by `medmodel.rag.conversion`, in which a PDF is lines of text. What converted a document is among its attributes; a
recipe whose result must not depend on the machine says which.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from data_build.sources.reading import Unreadable, bytes_of, members
from data_build.sources.rows import stem, with_own
from medmodel.errors import InputError, UnknownName
from medmodel.rag.conversion import refuse_scan
from medmodel.records import Document, Source

CONVERTERS = ("docling", "plain")
_HEADING = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)


class Converted(NamedTuple):
    """A file as Markdown; what it says of itself, by the fields of a Source; what is to be known of the reading."""

    text: str
    own: Mapping[str, str | None] = {}
    found: Mapping[str, str | int] = {}


Convert = Callable[[bytes, str], Converted]  # bytes and name; raises InputError


def of_files(
    path: str | Path, suffixes: tuple[str, ...], source: Source, convert: Convert, *, language: str, domain: str
) -> Iterator[Document | Unreadable]:
    """A document a file. Raises InputError when there is no such path."""
    seen: set[str] = set()
    for member in members(path, *suffixes):
        if isinstance(member, Unreadable):
            yield member
            continue
        raw = bytes_of(member)
        if isinstance(raw, Unreadable):
            yield raw
            continue
        name = stem(member.name)
        name = member.name if name in seen else name
        if name in seen:
            yield Unreadable(id=member.name, reason="has the path of another file, but for .gz or .bz2")
            continue
        seen.add(name)
        try:
            text, own, found = convert(raw, member.name)
        except InputError as fault:
            yield Unreadable(id=member.name, reason=str(fault).removeprefix(f"{member.name} "))
            continue
        heading = _HEADING.search(text)
        unnamed = name.rpartition("/")[2] if source.title == source.id else None
        yield Document(
            id=f"{source.id}/{name}",
            text=text,
            source=with_own(source, **{"title": heading[1] if heading else unnamed, **own}),
            domain=domain,
            language=language,
            attributes=dict(found),
        )


def chosen(kind: str, converter: str | None, plain: Convert) -> Convert:
    """What a recipe's `converter:` means for files of a kind, "pdf" or "docx". Raises InputError, UnknownName."""
    if converter is not None and converter not in CONVERTERS:
        raise UnknownName("converter", converter, CONVERTERS, f"source {kind}")
    installed = importlib.util.find_spec("docling") is not None
    if converter == "docling" and not installed:
        raise InputError(f"source {kind}: docling is not installed: pip install 'medmodel[docling]', or say `converter: plain`")
    return _by_docling(kind) if installed and converter != "plain" else plain


def _by_docling(kind: str) -> Convert:
    from docling.datamodel.base_models import DocumentStream, InputFormat
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter(allowed_formats=[InputFormat(kind)])
    found = {"converter": f"docling {importlib.metadata.version('docling')}"}

    def convert(raw: bytes, name: str) -> Converted:
        try:
            done = converter.convert(DocumentStream(name=f"file.{kind}", stream=io.BytesIO(raw)))
        except FileNotFoundError:
            raise InputError(
                f"{name} waits for docling's models: run `docling-tools models download`, or say `converter: plain`"
            ) from None
        except (RuntimeError, OSError, ValueError) as damage:  # docling's own errors are RuntimeErrors
            raise InputError(f"{name} cannot be read as {kind}: {type(damage).__name__}") from None
        text = re.sub(r"^#(?=#)", "", done.document.export_to_markdown(), flags=re.MULTILINE)  # its first level is "##"
        refuse_scan([text], name)
        return Converted(text, found=found)

    return convert
