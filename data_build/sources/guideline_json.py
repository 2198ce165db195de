"""Guidelines as JSON: objects in a file, an array, or JSON lines; one document an object.

    {format: guideline_json, path: guidelines.jsonl, licence: CC-BY-4.0, title: ..., organization: ..., year: 2024}

An object that holds its text (`clean_text`, `text` or `content`) gives that. Any other is verbalised: a field is a
section, a list its bullets, a list of objects its subsections, named by `type`, `title`, `heading` or `name`. The heading is
`title`, `condition_name` or `name`; an object's own `url`, `doi`, `year` and `licence` win over the recipe's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_build.sources.reading import Unreadable, json_records, members
from data_build.sources.rows import described, stem, with_own
from medmodel.records import Document, Source
from medmodel.registry import register

_NAMES = ("title", "condition_name", "name")
_TEXTS = ("clean_text", "text", "content")
_LABELS = ("type", "title", "heading", "name")
_NO_SECTION = {
    *_NAMES,
    *_TEXTS,
    "raw_text",
    "condition_slug",
    "slug",
    "id",
    "source",
    "url",
    "doi",
    "year",
    "licence",
    "license",
}


@register("source", "guideline_json")
def read(
    path: str | Path,
    licence: str | None = None,
    tier: str = "guideline",
    language: str = "en",
    domain: str = "guideline",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """Raises InputError for a missing path or licence."""
    source = described("guideline_json", path, licence, tier, about)
    yield from guidelines(Path(path), source, language=language, domain=domain)


def guidelines(path: Path, source: Source, language: str = "en", domain: str = "guideline") -> Iterator[Document | Unreadable]:
    """One document an object below `path`."""
    for member in members(path, ".json", ".jsonl", ".ndjson"):
        if isinstance(member, Unreadable):
            yield member
            continue
        for entry in json_records(member):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            text = verbalised(entry.value)
            if not text.strip():
                yield Unreadable(id=f"{member.name}:{entry.number}", reason="holds no text")
                continue
            part = stem(member.name) if member.name.lower().endswith(".json") else ""
            if entry.number > 1 or not part:  # an array, or lines
                part = f"{stem(member.name)}/{entry.value.get('id') or entry.number}"
            yield Document(
                id=f"{source.id}/{part.lower().replace(' ', '_')}",
                text=text,
                source=_own(entry.value, source),
                domain=domain,
                language=language,
            )


def verbalised(value: Mapping[str, Any]) -> str:
    """An object as Markdown; "" when there is no more to it than a title."""
    title = next((str(value[name]).strip() for name in _NAMES if value.get(name)), "")
    heading = f"# {title}\n\n" if title else ""
    for name in _TEXTS:
        if isinstance(value.get(name), str) and value[name].strip():
            text: str = value[name].strip()
            return text if text.startswith("# ") else heading + text
    sections = "\n\n".join(_section(key, part, 2) for key, part in value.items() if key not in _NO_SECTION and _said(part))
    return heading + sections if sections else ""


def _section(key: str, value: Any, level: int) -> str:
    """A field under its name as heading; deeper than six levels stays at the sixth."""
    heading = f"{'#' * min(level, 6)} {_words(key)}"
    if isinstance(value, Mapping):
        return "\n\n".join([heading, *(_section(inner, part, level + 1) for inner, part in value.items() if _said(part))])
    if not isinstance(value, list):
        return f"{heading}\n\n{str(value).strip()}"
    bullets = [f"- {str(item).strip()}" for item in value if _said(item) and not isinstance(item, Mapping | list)]
    parts = [heading, "\n".join(bullets)] if bullets else [heading]
    for item in value:
        if isinstance(item, Mapping) and _said(item):
            label = next((name for name in _LABELS if isinstance(item.get(name), str) and item[name].strip()), None)
            rest = {inner: part for inner, part in item.items() if inner != label and _said(part)}
            if label is None:
                parts += [_section(inner, part, level + 1) for inner, part in rest.items()]
            elif len(rest) == 1 and isinstance(only := next(iter(rest.values())), list | str):
                parts.append(_section(item[label], only, level + 1))
            else:
                parts.append(_section(item[label], rest, level + 1))
        elif isinstance(item, list) and _said(item):
            parts.append("- " + "; ".join(str(cell).strip() for cell in item if _said(cell)))
    return "\n\n".join(parts)


def _said(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_said(part) for part in value.values())
    if isinstance(value, list):
        return any(_said(part) for part in value)
    return value is not None and bool(str(value).strip())


def _words(key: str) -> str:
    words = re.sub(r"_+", " ", key).strip()
    return words[:1].upper() + words[1:]


def _own(value: Mapping[str, Any], source: Source) -> Source:
    """What the object says of itself."""
    own = {key: str(value[key]) for key in ("url", "doi") if value.get(key)}
    licence = value.get("licence") or value.get("license")
    return with_own(source, date=str(value.get("year", "")), licence=str(licence) if licence else None, **own)
