"""Files that are documents themselves: what the sources html, pdf and docx share.

    yield from of_files(path, (".pdf",), source, convert, language="en", domain="guideline")

`convert` makes Markdown of a file's bytes and says what the file tells of itself; its InputError is the reason why a file is
left out. A document's id is its source's and the file's path without its ending.

PDF and Word files are converted by docling where it is installed (`pip install 'medmodel[docling]'`): it reads layout,
columns and tables (`by_docling`). Without it, and when a recipe says `converter: plain`, they are read by
`medmodel.rag.conversion`, in which a PDF is lines of text; so is a PDF when docling is there without its models, unless the
recipe says `converter: docling`: then that is an error before anything is read. What converted a document is among its
attributes, with a note where models were missing; a recipe whose result must not depend on the machine says which.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from data_build.sources.reading import Unreadable, bytes_of, members
from data_build.sources.rows import stem, with_own
from medmodel.errors import InputError, UnknownName
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
    if converter == "plain" or not installed:
        return plain
    from data_build.sources import by_docling

    if converter is None and kind == "pdf" and by_docling.models() is None:
        return _noted(plain, f"docling is installed without its models: {by_docling.GET_MODELS}")
    docling = by_docling.Docling(kind)

    def convert(raw: bytes, name: str) -> Converted:
        text, found = docling(raw, name)
        return Converted(text, found=found)

    return convert


def _noted(plain: Convert, note: str) -> Convert:
    def convert(raw: bytes, name: str) -> Converted:
        read = plain(raw, name)
        return read._replace(found={**read.found, "converter_note": note})

    return convert
