"""What every source reads with: files, archives and lines, with a clear reason for each that cannot be read.

A file may be plain, .gz, .bz2, a member of a .tar(.gz/.bz2) or of a .zip; all are streamed, nothing is unpacked on disk.
Text is UTF-8 (with or without a byte order mark) or UTF-16 with one; nothing is guessed. Line ends become "\n". What is
damaged, empty, binary, too long, or XML that declares entities becomes an `Unreadable`, and the rest goes on: of a file
read line by line the lines before the damage count and the reason says so; of any other file nothing does. Reasons never
quote the text. Control characters are the clean step's business, unless there are so many that the file is no text.

    for member in members(folder("medquad"), ".xml"):      # Member | Unreadable
        root = xml_of(member)                              # Element | Unreadable
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, get_args
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import orjson

from medmodel.errors import InputError, UnknownName
from medmodel.recipe import data_dir
from medmodel.records import Record, Tier

LARGEST = 200_000_000  # bytes of a file that is read as a whole; JSON lines and large XML are streamed and may be longer
LARGEST_ELEMENT = 50_000_000  # bytes of XML that is streamed: a longer article or page is damage
LONGEST_LINE = 10_000_000  # bytes: a longer one is a dump without line ends, and would be one document
NO_ELEMENT = 3  # expat's XML_ERROR_NO_ELEMENTS
CONTROLS = 0.01  # of the characters: from there on it is a binary file that happens to decode

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LINKED = "is a link to a folder, and such are not followed: name the folder as a source of its own"
_DENIED = "may not be read: permission denied"
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
_PLAIN_PROLOG = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?\s*(?:<\?xml(?:[^<>?]*?encoding=["'](?i:utf-8|us-ascii|iso-8859-1|windows-1252)["'])?[^<>?]*\?>)?\s*<[A-Za-z_]"""
)
_DAMAGED = (EOFError, OSError, zlib.error, tarfile.TarError, zipfile.BadZipFile, NotImplementedError)


class Unreadable(Record):
    """A file, or "file:line", that could not be read, and why."""

    id: str
    reason: str


class Member(NamedTuple):
    """A file of a source. It must be read before the next is asked for: archives are streams."""

    name: str  # its path below the source's, without .gz or .bz2
    open: Callable[[], IO[bytes]]  # decompressed


class Line(NamedTuple):
    """A line without its end."""

    number: int  # from 1
    text: str


class Entry(NamedTuple):
    """A JSON object, or a row by the names of its columns."""

    number: int  # the line of a file of lines, else the place in the array; from 1
    value: dict[str, Any]


class _Damage(Exception):
    """The reason in words."""


def folder(name: str) -> Path:
    """The folder of $MEDMODEL_DATA that a source is named after. Raises InputError when there is none."""
    data = data_dir()
    if data is None:
        raise InputError(f"source {name} needs MEDMODEL_DATA: the folder that holds the downloaded data, with {name}/ in it")
    if not (data / name).is_dir():
        raise InputError(f"source {name}: there is no folder {data / name}")
    return data / name


def terms(source: str, licence: str | None, tier: str) -> tuple[str, Tier]:
    """The licence and tier that a recipe gives a format source. Raises InputError when there is no licence."""
    if not (licence or "").strip():
        raise InputError(f"source {source} needs `licence:`: an SPDX name such as CC-BY-4.0, or 'n/s' where none is stated")
    for known in get_args(Tier):
        if known == tier:
            return str(licence).strip(), known
    raise UnknownName("tier", tier, get_args(Tier), f"source {source}")


def members(path: Path | str, *suffixes: str) -> Iterator[Member | Unreadable]:
    """The files at or below `path`, and in archives there, whose names end with one of `suffixes`; sorted on disk, in the
    archive's order inside. Raises InputError when there is no such path."""
    path = Path(path).expanduser()
    for found in files_below(path):
        if isinstance(found, Unreadable):
            yield found
        else:
            name = path.name if found == path else found.relative_to(path).as_posix()
            yield from _members_of(found, name, suffixes, inside="" if found == path else f"{name}/")


def files_below(path: Path) -> Iterator[Path | Unreadable]:
    """The file, or all files of the folder, sorted, and what cannot be looked at. Hidden ones are left out; links to folders
    are not followed, since they may lead in a circle. Raises InputError when there is no such path."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise InputError(f"there is no file or folder {path}")
    closed: set[Path] = set()
    for file in sorted([path, *path.rglob("*")]):
        relative = file.relative_to(path).as_posix()
        if file.parent in closed:  # listed, perhaps, but not to be looked at
            continue
        if file.is_dir():
            reason = _LINKED if file != path and file.is_symlink() else "" if _open_to_us(file) else _DENIED
            if reason:  # rglob passes over both in silence
                closed.add(file)
                if file == path or not _hidden(relative):
                    yield Unreadable(id=file.name if file == path else relative, reason=reason)
        elif file.is_file() and not _hidden(relative):
            yield file


def bytes_of(member: Member) -> bytes | Unreadable:
    """All bytes of a file that is no text, such as a PDF."""
    try:
        return _whole(member)
    except _Damage as damage:
        return Unreadable(id=member.name, reason=str(damage))


def text_of(member: Member) -> str | Unreadable:
    """The whole text of a file."""
    try:
        return _text(_whole(member, LONGEST_LINE))
    except _Damage as damage:
        return Unreadable(id=member.name, reason=str(damage))


def lines_of(member: Member) -> Iterator[Line | Unreadable]:
    """The lines of a file, one at a time; one that is not UTF-8 or too long is unreadable by itself."""
    for number, line in _lines(member):
        if isinstance(line, Unreadable):
            yield line
            continue
        try:
            yield Line(number, line.decode("utf-8"))
        except UnicodeDecodeError:
            yield Unreadable(id=f"{member.name}:{number}", reason="is not UTF-8")


def json_records(member: Member) -> Iterator[Entry | Unreadable]:
    """The objects of a JSON array, of JSON lines, or the one object of a file. Lines (.jsonl, .ndjson) are streamed."""
    if not member.name.lower().endswith((".jsonl", ".ndjson")):
        value = json_of(member)
        if not isinstance(value, Unreadable):
            for number, item in enumerate(value if isinstance(value, list) else [value], 1):
                if isinstance(item, dict):
                    yield Entry(number, item)
                else:
                    yield Unreadable(id=f"{member.name}:{number}", reason="is no JSON object")
            return
        if not value.reason.startswith("is not JSON"):
            yield value
            return
        first = next(_lines(member), None)  # .json with one object a line is common
        if not (first and isinstance(first[1], bytes) and isinstance(_json_line(member, 1, first[1]), Entry)):
            yield value
            return
    for number, line in _lines(member):
        if isinstance(line, Unreadable):
            yield line
        elif line.strip():
            yield _json_line(member, number, line)


def json_of(member: Member) -> Any:
    """The value of a JSON file, or Unreadable."""
    try:
        raw = _whole(member)
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            text = _text(raw)  # says so if it is no text at all; UTF-16 and a byte order mark end here, too
        return orjson.loads(text)
    except _Damage as damage:
        return Unreadable(id=member.name, reason=str(damage))
    except orjson.JSONDecodeError as fault:
        return Unreadable(id=member.name, reason=f"is not JSON (line {fault.lineno}, column {fault.colno})")


def csv_records(member: Member, delimiter: str = ",") -> Iterator[Entry | Unreadable]:
    """The rows of a CSV or TSV file whose first row names the columns. A row with more cells than names is unreadable."""
    text = text_of(member)
    if isinstance(text, Unreadable):
        yield text
        return
    csv.field_size_limit(LONGEST_LINE)
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE  # a TSV's quotation marks are text
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[call-overload]
    try:
        for number, row in enumerate(rows, 2):
            if None in row:
                yield Unreadable(id=f"{member.name}:{number}", reason="has more cells than the first row has names")
            else:
                yield Entry(number, {name: cell or "" for name, cell in row.items()})
    except csv.Error:
        yield Unreadable(id=f"{member.name}:{rows.line_num}", reason="is not CSV: the rows from here on were not read")


def xml_of(member: Member) -> Element | Unreadable:
    """The root of an XML file without entity declarations."""
    try:
        raw = _whole(member)
        if _PLAIN_PROLOG.match(raw[:4096]):
            return ElementTree.fromstring(raw)  # no DTD can stand behind the root's start, so there are no entities
        import defusedxml.ElementTree  # type: ignore[import-untyped]

        root: Element = defusedxml.ElementTree.fromstring(raw)
        return root
    except _Damage as damage:
        return Unreadable(id=member.name, reason=str(damage))
    except (ParseError, ValueError, LookupError) as fault:
        return Unreadable(id=member.name, reason=_xml_fault(fault))


def xml_elements(member: Member, *tags: str) -> Iterator[Element | Unreadable]:
    """Each element of these tags (namespaces left out), one at a time, of an XML file of any size. Damage ends the file."""
    count = 0
    try:
        with member.open() as opened:
            stream = _Counting(opened)
            path: list[Element] = []
            for event, element in _parser(stream):
                if event == "start":
                    path.append(element)
                    continue
                path.pop()
                if element.tag.rpartition("}")[2] in tags:
                    count += 1
                    stream.since = 0
                    yield element
                    if path:
                        path[-1].clear()  # what was read is let go, siblings included
    except _Damage as damage:
        yield Unreadable(id=member.name, reason=_after(str(damage), count))
    except _DAMAGED as fault:
        yield Unreadable(id=member.name, reason=_after(_reason(fault), count))
    except (ParseError, ValueError, LookupError) as fault:
        yield Unreadable(id=member.name, reason=_after(_xml_fault(fault), count))


class _Counting(io.BufferedReader):
    """Raises _Damage when an element, which the parser holds as a whole, is too large to be one."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, 65536)  # type: ignore[arg-type]
        self.since = 0  # bytes read since the last element was given

    def read(self, size: int | None = -1, /) -> bytes:
        self.since += size or 0
        if self.since > LARGEST_ELEMENT:
            raise _Damage(f"has no end of an element within {LARGEST_ELEMENT // 1_000_000} MB")
        return super().read(size)


def _parser(stream: _Counting) -> Iterator[tuple[str, Element]]:
    """Start and end of each element; through defusedxml, unless there is no place for a DTD (it is in Python, and slow)."""
    if _PLAIN_PROLOG.match(stream.peek(4096)[:4096]):
        return iter(ElementTree.iterparse(stream, ("start", "end")))
    import defusedxml.ElementTree  # type: ignore[import-untyped]

    found: Iterator[tuple[str, Element]] = defusedxml.ElementTree.iterparse(stream, ("start", "end"))
    return found


def _open_to_us(folder: Path) -> bool:
    """May its files be listed and looked at?"""
    try:
        for file in folder.iterdir():
            file.stat(follow_symlinks=False)
            break
    except PermissionError:
        return False
    return True


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _members_of(file: Path, name: str, suffixes: tuple[str, ...], inside: str) -> Iterator[Member | Unreadable]:
    lower = file.name.lower()
    if lower.endswith(_ARCHIVES):
        inner = _zip_members(file) if lower.endswith(".zip") else _tar_members(file)
        try:
            for found in inner:
                if not _hidden(found.name) and _bare(found.name).lower().endswith(suffixes or ("",)):
                    yield Member(inside + _bare(found.name), _opened(found.name, found.open))
        except _DAMAGED as fault:
            yield Unreadable(id=name, reason=f"{_reason(fault)} (the members before that count)")
    elif _bare(lower).endswith(suffixes or ("",)):
        yield Member(_bare(name), _opened(name, lambda: io.BufferedReader(io.FileIO(file))))


def _tar_members(file: Path) -> Iterator[Member]:
    with tarfile.open(file, "r|*") as archive:
        for info in archive:
            if info.isfile():
                yield Member(info.name.removeprefix("./"), partial(_extracted, archive, info))
            archive.members = []  # type: ignore[attr-defined]  # or a list of all is kept


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    if stream is None:
        raise tarfile.ReadError("not a file")
    return stream


def _zip_members(file: Path) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(info.filename, partial(_unzipped, archive, info))


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    if info.flag_bits & 1:
        raise zipfile.BadZipFile("encrypted")
    return archive.open(info)


def _bare(name: str) -> str:
    return re.sub(r"\.(?:gz|bz2)$", "", name, flags=re.IGNORECASE)


def _opened(name: str, opener: Callable[[], IO[bytes]]) -> Callable[[], IO[bytes]]:
    if name.lower().endswith(".gz"):
        return lambda: _Gunzipped(opener())  # type: ignore[return-value]
    if name.lower().endswith(".bz2"):
        return lambda: _Bunzipped(opener())
    return opener


class _Gunzipped(gzip.GzipFile):
    """Closes what it reads from."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self.packed = packed

    def close(self) -> None:
        super().close()
        self.packed.close()


class _Bunzipped(bz2.BZ2File):
    """Closes what it reads from."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(packed)
        self.packed = packed

    def close(self) -> None:
        super().close()
        self.packed.close()


def _whole(member: Member, longest_line: int = LARGEST) -> bytes:
    """All bytes. Raises _Damage, and then before more than `LARGEST` of them, or of a line, are held."""
    chunks: list[bytes] = []
    size = line = 0
    try:
        with member.open() as stream:
            while chunk := stream.read(1 << 20):
                chunks.append(chunk)
                size += len(chunk)
                last = chunk.rfind(b"\n")
                line = line + len(chunk) if last < 0 else len(chunk) - last - 1
                if line > longest_line and b"\r" not in chunk:
                    raise _Damage(f"has a line longer than {LONGEST_LINE // 1_000_000} MB: it needs line ends")
                if size > LARGEST:
                    raise _Damage(f"is larger than {LARGEST // 1_000_000} MB: split it, or give it as JSON lines")
    except _DAMAGED as fault:
        raise _Damage(_reason(fault)) from None
    raw = b"".join(chunks)
    if not raw.strip():
        raise _Damage("is empty")
    return raw


def _text(raw: bytes) -> str:
    sixteen = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if sixteen else "utf-8-sig")
    except UnicodeDecodeError as fault:
        raise _Damage(f"is not UTF-{'16' if sixteen else '8'} (byte {fault.start}): save it as UTF-8") from None
    if len(_CONTROL.findall(text)) > CONTROLS * len(text):
        raise _Damage("is no text: too many control characters")
    if not text.strip():
        raise _Damage("is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _lines(member: Member) -> Iterator[tuple[int, bytes | Unreadable]]:
    """Numbered lines without their ends, and what is wrong with the file."""
    number = 0
    try:
        with member.open() as opened:
            stream = io.BufferedReader(opened)  # type: ignore[type-var]
            start = stream.peek(3)[:3]
            if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # its line ends are no bytes
                for number, text in enumerate(_text(_whole(member)).split("\n"), 1):
                    yield number, text.encode()
                return
            if start == codecs.BOM_UTF8:
                stream.read(3)
            for line in _pieces(stream):
                number += 1
                if line is None:
                    reason = f"is a line longer than {LONGEST_LINE // 1_000_000} MB"
                    yield number, Unreadable(id=f"{member.name}:{number}", reason=reason)
                else:
                    yield number, line
        if not number:
            yield 0, Unreadable(id=member.name, reason="is empty")
    except _Damage as damage:
        yield number, Unreadable(id=member.name, reason=str(damage))
    except _DAMAGED as fault:
        yield number, Unreadable(id=member.name, reason=_after(_reason(fault), number, "line"))


def _pieces(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Lines that end with \\n, \\r\\n or \\r; None stands for one that is too long, of which only a piece is ever held."""
    held = b""
    while piece := stream.readline(LONGEST_LINE):
        line = held + piece
        held = b""
        if line.endswith(b"\n"):
            yield from line[:-1].removesuffix(b"\r").split(b"\r")
            continue
        *whole, held = line.split(b"\r")  # the end of the file, or a part of a long line
        yield from whole
        if len(held) >= LONGEST_LINE:
            while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield None
            held = b""
    if held:
        yield held


def _json_line(member: Member, number: int, line: bytes) -> Entry | Unreadable:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as fault:
        reason = "is not UTF-8" if "UTF-8" in fault.msg or "utf-8" in fault.msg else f"is not JSON (column {fault.colno})"
        return Unreadable(id=f"{member.name}:{number}", reason=reason)
    if not isinstance(value, dict):
        return Unreadable(id=f"{member.name}:{number}", reason="is no JSON object")
    return Entry(number, value)


def _reason(fault: BaseException) -> str:
    """Why a compressed or packed file broke off, in the words of a reader; library messages may quote."""
    if isinstance(fault, EOFError) or "unexpected end of data" in str(fault):
        return "is truncated"
    if isinstance(fault, PermissionError):
        return _DENIED
    if "encrypted" in str(fault) or "password" in str(fault):
        return "is encrypted"
    if isinstance(fault, tarfile.ReadError) and "empty" in str(fault):
        return "is empty"
    if isinstance(fault, gzip.BadGzipFile) and "Not a gzipped" in str(fault):
        return "is not gzip, whatever its name says"
    return f"is damaged ({type(fault).__name__})"


def _after(reason: str, count: int, what: str = "element") -> str:
    return f"{reason} (after {what} {count}: what stands before counts)" if count else reason


def _xml_fault(fault: BaseException) -> str:
    name = type(fault).__name__
    if name == "EntitiesForbidden":
        return "declares XML entities, which may be a bomb or name other files"
    if name in ("ExternalReferenceForbidden", "DTDForbidden"):
        return "refers to files outside itself"
    if isinstance(fault, ParseError):
        line, column = fault.position
        if (line, column) == (1, 0) and fault.code == NO_ELEMENT:
            return "is empty"
        return f"is not well-formed XML (line {line}, column {column})"
    return f"is not XML that can be read ({name})"
