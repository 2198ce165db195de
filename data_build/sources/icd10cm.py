"""Format icd10cm: the ICD-10-CM tabular list of CMS, verbalised: one document a category (three characters).

    sources: [{format: icd10cm, path: icd10cm-tabular-2026.xml, licence: LicenseRef-US-Government}]
    sources: [{format: icd10cm, licence: LicenseRef-US-Government}]    # the list in the package simple-icd-10-cm

    # Heart failure (I50)
    I50 is the ICD-10-CM code of Heart failure. Chapter 9: Diseases of the circulatory system (I00-I99).
    Not part of it, but may be present as well: cardiac arrest (I46.-); ...
    ## Left ventricular failure, unspecified (I50.1)
    Also: Cardiac asthma; Left heart failure.

`path` is the tabular XML, the order file (.txt: codes with short and long titles, no notes), a folder or the zip of CMS.
Below a category each code with notes or codes of its own is a heading, and any other a bullet. The two kinds of exclusion
are said in words. What a code inherits from above is not repeated. The edition's year is the source's. A stage's key sees the
file that a recipe names, and not the package: give the path where that matters.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from data_build.sources.papers import words
from data_build.sources.reading import Member, Unreadable, lines_of, members, xml_of
from data_build.sources.rows import described, with_own
from medmodel.errors import InputError
from medmodel.records import Document
from medmodel.registry import register

NOTES = {  # what CMS calls a note: how it is said
    "includes": "Includes",
    "inclusionTerm": "Also",
    "excludes1": "Never coded together with",
    "excludes2": "Not part of it, but may be present as well",
    "codeFirst": "Code first",
    "codeAlso": "Code also",
    "useAdditionalCode": "Use an additional code",
    "notes": "Note",
    "sevenChrNote": "Seventh character",
}
DEEPEST = 6  # levels of codes below a category: a code has seven characters
_ORDER = re.compile(r"\d{5} ([A-Z]\d[0-9A-Z]{1,5}) +([01]) (.{60}) (.+)")  # number, code, whether it is billed, titles


@register("source", "icd10cm")
def read(
    path: str | None = None,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "terminology",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every category. Raises InputError when there is no path and the package is not installed."""
    known = {
        "title": "ICD-10-CM",
        "organization": "CMS and NCHS",
        "url": "https://www.cms.gov/medicare/coding-billing/icd-10-codes",
    }
    source = described("icd10cm", path or "icd10cm", licence, tier, {**known, **about})
    seen: set[str] = set()
    for member in members(path or _package(), ".xml", ".txt"):
        if isinstance(member, Unreadable):
            yield member
            continue
        for found in _tabular(member) if member.name.lower().endswith(".xml") else _order(member):
            if isinstance(found, Unreadable):
                yield found
                continue
            code, year, text = found
            if code in seen:  # the order file beside the tabular list
                continue
            seen.add(code)
            yield Document(
                id=f"{source.id}/{code}",
                text=text,
                source=with_own(source, date=year),
                domain=domain,
                language=language,
                attributes={"term": code},
            )


def _package() -> Path:
    """Where simple-icd-10-cm keeps the list. It is read, not imported."""
    spec = importlib.util.find_spec("simple_icd_10_cm")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted((Path(folder) / "data").glob("*.xml")):
            return file
    raise InputError("source icd10cm needs `path:`, the tabular list of CMS, or the package: pip install simple-icd-10-cm")


def _tabular(member: Member) -> Iterator[tuple[str, str, str] | Unreadable]:
    root = xml_of(member)
    if isinstance(root, Unreadable):
        yield root
        return
    year = root.findtext("version", "").strip()
    number = 0
    for chapter in root.iterfind("chapter"):
        place = f"Chapter {chapter.findtext('name', '').strip()}: {words(chapter.find('desc'))}."
        for section in chapter.iterfind("section"):
            for category in section.iterfind("diag"):
                number += 1
                code, title = category.findtext("name", "").strip(), words(category.find("desc"))
                said = [f"# {title} ({code})", f"{code} is the ICD-10-CM code of {title}. {place}", *_notes(category)]
                yield code, year, "\n\n".join([*said, *_codes(category, 2)])
    if not number:
        yield Unreadable(id=member.name, reason="has no category: it is not the tabular list")


def _codes(parent: Element, level: int) -> Iterator[str]:
    """The codes below one: bullets while they have nothing to say but their titles, then headings."""
    bullets: list[str] = []
    for code in parent.iterfind("diag") if level <= DEEPEST else ():
        number, title = code.findtext("name", "").strip(), words(code.find("desc"))
        notes = _notes(code)
        if not notes and code.find("diag") is None:
            bullets.append(f"- {number}: {title}")
            continue
        if bullets:
            yield "\n".join(bullets)
            bullets = []
        yield f"{'#' * min(level, 6)} {title} ({number})"
        yield from notes
        yield from _codes(code, level + 1)
    if bullets:
        yield "\n".join(bullets)


def _notes(code: Element) -> list[str]:
    said = []
    for part in code:
        notes = [note.rstrip(".") for element in part.iterfind("note") if (note := words(element))]
        if part.tag == "sevenChrDef":
            meanings = [f"{element.get('char', '')} {words(element)}" for element in part.iterfind("extension")]
            said.append(f"Seventh characters: {'; '.join(meanings)}.")
        elif part.tag in NOTES and notes:
            said.append(f"{NOTES[part.tag]}: {'; '.join(notes)}.")
    return said


def _order(member: Member) -> Iterator[tuple[str, str, str] | Unreadable]:
    """Categories from CMS's order file, whose codes have no dots."""
    year = found[0] if (found := re.search(r"20\d\d", member.name)) else ""
    category, parts = "", list[str]()
    number = 0
    for line in lines_of(member):
        if isinstance(line, Unreadable):
            yield line
            continue
        row = _ORDER.fullmatch(line.text.rstrip())
        if not row:
            continue
        number += 1
        code, title = row[1], " ".join(row[4].split())
        if code[:3] != category:
            if parts:
                yield category, year, "\n".join(parts).strip()
            category, parts = code[:3], []
        if len(code) == 3:
            parts = [f"# {title} ({code})", "", f"{code} is the ICD-10-CM code of {title}.", ""]
        else:
            parts.append(f"- {code[:3]}.{code[3:]}: {title}")
    if parts:
        yield category, year, "\n".join(parts).strip()
    if not number:
        yield Unreadable(id=member.name, reason="has no line of an order file: number, code, 0 or 1, short and long title")
