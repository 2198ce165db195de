"""Rows of instruction data as documents: what the sources of that kind share.

    for member in files_of("medalpaca", "medical_meadow_small.json"):
        yield from documents(member, SOURCE, alpaca, domain="dialogue")

A document's id is its source's, the file's name and the row's number. A row that does not fit is an Unreadable with its
file and number. What a folder holds beside training data is *left out* by name and with a reason, which the report shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from data_build.shapes import Misfit, Shape, preference
from data_build.sources.reading import Entry, Member, Unreadable, folder, json_records, members, terms
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document, Preference, Source

_DATE = re.compile(r"(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")  # as far as it is known
JSON = (".json", ".jsonl", ".ndjson")
ABOUT = ("id", "title", "organization", "year", "date", "doi", "url", "summary_by")  # what a recipe may say of a source


def files_of(name: str, *files: str) -> Iterator[Member | Unreadable]:
    """The files of a source's folder by their paths there, gzipped or not; one that is missing is unreadable."""
    for file in files:
        paths = [folder(name) / f"{file}{end}" for end in ("", ".gz", ".bz2")]
        there = [path for path in paths if path.is_file()]
        if there:
            yield from members(there[0])
        else:
            yield Unreadable(id=f"{name}/{file}", reason="is missing: download the set again")


def documents(
    member: Member | Unreadable,
    source: Source,
    shape: Shape,
    *,
    domain: str,
    language: str = "en",
    read: Callable[[Member], Iterator[Entry | Unreadable]] = json_records,
) -> Iterator[Document | Unreadable]:
    """A document for every row of a file."""
    if isinstance(member, Unreadable):
        yield member
        return
    yield from of_rows(read(member), member.name, source, shape, domain=domain, language=language)


def of_rows(
    rows: Iterable[Entry | Unreadable],
    file: str,
    source: Source,
    shape: Shape,
    *,
    domain: str,
    language: str = "en",
    key: str | None = None,
) -> Iterator[Document | Unreadable]:
    """The same for rows that come from elsewhere; `key` is the field that names a row, instead of its number."""
    seen: set[str] = set()
    for entry in rows:
        if isinstance(entry, Unreadable):
            yield entry
            continue
        try:
            text = shape(entry.value)
            name = _name(entry, key, seen)
        except Misfit as misfit:
            yield Unreadable(id=f"{file}:{entry.number}", reason=str(misfit))
            continue
        yield Document(id=f"{source.id}/{stem(file)}/{name}", text=text, source=source, domain=domain, language=language)


def _name(entry: Entry, key: str | None, seen: set[str]) -> str:
    """What a row is called within its file. Raises Misfit when its key is missing or another row's."""
    if key is None:
        return str(entry.number)
    value = entry.value.get(key)
    if not isinstance(value, str | int) or not str(value).strip():
        raise Misfit(f"its field '{key}' names nothing")
    if str(value) in seen:
        raise Misfit(f"its '{key}' is another row's, too")
    seen.add(str(value))
    return str(value)


def preferences_of(member: Member | Unreadable, source: Source) -> Iterator[Preference | Unreadable]:
    """The preference pairs of a file."""
    if isinstance(member, Unreadable):
        yield member
        return
    for entry in json_records(member):
        if isinstance(entry, Unreadable):
            yield entry
            continue
        try:
            yield preference(entry.value, f"{source.id}/{stem(member.name)}/{entry.number}")
        except Misfit as misfit:
            yield Unreadable(id=f"{member.name}:{entry.number}", reason=str(misfit))


def left_out(name: str, reasons: dict[str, str]) -> Iterator[Unreadable]:
    """A file of the source's folder that is not read on purpose, and why; nothing for one that the folder has not."""
    for file, reason in reasons.items():
        if any((folder(name) / f"{file}{end}").is_file() for end in ("", ".gz")):
            yield Unreadable(id=f"{name}/{file}", reason=f"left out: {reason}")


def described(kind: str, path: str | Path, licence: str | None, tier: str, about: dict[str, Any]) -> Source:
    """The source that a recipe's entry of a format describes. Raises InputError, UnknownName."""
    for key in about:
        if key not in ABOUT:
            raise UnknownName("option", key, ("path", "licence", "tier", "language", "domain", *ABOUT), f"source {kind}")
    name = str(about.get("id") or re.sub(r"\W+", "_", stem(Path(path).name)).strip("_").lower())
    if not name or "/" in name:
        raise InputError(f"source {kind} needs `id:`: a short name without a slash")
    stated, known = terms(kind, licence, tier)
    try:
        return Source.model_validate({"title": name, **about, "id": name, "licence": stated, "tier": known})
    except ValidationError as fault:
        wrong = fault.errors(include_input=False, include_url=False)[0]
        raise InputError(f"source {kind}: `{wrong['loc'][0]}:` is wrong: {wrong['msg'].lower()}") from None


def with_own(source: Source, **said: str | None) -> Source:
    """The source with what a file says of itself, which wins over what a recipe says of all files. A date gives the year."""
    own: dict[str, Any] = {key: value.strip() for key, value in said.items() if value and value.strip()}
    date = _DATE.match(own.pop("date", ""))
    if date:
        own |= {"date": date[0], "year": int(date[0][:4])}
    return source.model_copy(update=own) if own else source


def stem(file: str) -> str:
    """A file's path without its ends: "data/llama_data.json.gz" is "data/llama_data"."""
    return re.sub(
        r"(?<=.)(?:\.(?:jsonl?|ndjson|csv|tsv|txt|parquet|md|markdown|x?html?|pdf|docx|n?xml|obo|tar|tgz|zip|gz|bz2))+$",
        "",
        file,
    )
