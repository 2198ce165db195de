"""Ontologies in OBO format, verbalised: one document a term, with its definition, other names and what it is a kind of.

    {format: obo, path: doid.obo, licence: CC0-1.0, title: Human Disease Ontology}

    # Seizure
    Seizure (HP:0001250): A seizure is ... Also called: Epileptic seizure. Seizure is a kind of Abnormal nervous system physiology.

Terms that are obsolete or say no more than their name are left out; a term that stands in several files is read once.
Relations such as `results_in` inside a definition become words. Other relations and cross-references are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_build.sources.reading import Member, Unreadable, lines_of, members
from data_build.sources.rows import described
from medmodel.records import Document, Source
from medmodel.registry import register

Term = dict[str, list[str]]  # tag -> values, as written

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_RELATION = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_COMMENT = re.compile(r"\s+!\s.*$")


@register("source", "obo")
def read(
    path: str | Path,
    licence: str | None = None,
    tier: str = "none",
    language: str = "en",
    domain: str = "terminology",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """Raises InputError for a missing path or licence."""
    yield from terms_of(Path(path), described("obo", path, licence, tier, about), language=language, domain=domain)


def terms_of(path: Path, source: Source, language: str = "en", domain: str = "terminology") -> Iterator[Document | Unreadable]:
    """One document a term below `path`."""
    seen: set[str] = set()
    for member in members(path, ".obo"):
        for term in [member] if isinstance(member, Unreadable) else stanzas(member):
            if isinstance(term, Unreadable):
                yield term
                continue
            number = _first(term, "id")
            text = verbalised(term)
            if not number or not text or number in seen:
                continue
            seen.add(number)
            yield Document(
                id=f"{source.id}/{number.replace(':', '_')}",
                text=text,
                source=source.model_copy(update={"url": _page(number) or source.url}),
                domain=domain,
                language=language,
                attributes={"term": number},
            )


def stanzas(member: Member) -> Iterator[Term | Unreadable]:
    """The [Term] stanzas of a file; a stanza that damage cuts short is not given."""
    term: Term | None = None
    found = False
    for line in lines_of(member):
        if isinstance(line, Unreadable):
            yield line
            term = None
            continue
        if line.text.startswith("["):
            if term:
                yield term
            term = {} if line.text.startswith("[Term]") else None
            found = found or term is not None
        elif term is not None and ": " in line.text:
            tag, _, value = line.text.partition(": ")
            term.setdefault(tag, []).append(value.strip())
    if term:
        yield term
    if not found:
        yield Unreadable(id=member.name, reason="has no [Term]: it is no OBO file, or an empty one")


def verbalised(term: Term) -> str:
    """A term as a short text; "" when it is obsolete or says nothing but its name."""
    name, number = _COMMENT.sub("", _first(term, "name")), _first(term, "id")
    if not name or _first(term, "is_obsolete").startswith("true"):
        return ""
    definition = _RELATION.sub(lambda match: match[0].replace("_", " "), _quoted(_first(term, "def")))
    others = [other for value in term.get("synonym", []) if " RELATED" not in value and (other := _quoted(value))]
    kinds = [value.partition(" ! ")[2].strip() for value in term.get("is_a", []) if " ! " in value]
    sentences = [f"{name} ({number}): {_stopped(definition)}"] if definition else []
    if others:
        sentences.append(f"{name} is also called {'; '.join(dict.fromkeys(others))}.")
    if kinds:
        sentences.append(f"{name} is a kind of {' and of '.join(kinds)}.")
    return f"# {name}\n\n" + "\n\n".join(sentences) if definition or others else ""


def _first(term: Term, tag: str) -> str:
    return term.get(tag, [""])[0]


def _quoted(value: str) -> str:
    match = _QUOTED.match(value)
    return " ".join(_ESCAPED.sub(lambda found: " " if found[1] == "n" else found[1], match[1]).split()) if match else ""


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", ")")) else f"{text}."


def _page(number: str) -> str | None:
    prefix, colon, _ = number.partition(":")
    return f"http://purl.obolibrary.org/obo/{number.replace(':', '_')}" if colon and prefix in ("DOID", "HP") else None
