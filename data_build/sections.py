"""Markdown by its headings: what the sources of articles and of Markdown files cut and clean by.

    for section in sections(text): section.level, section.title, section.body

A "#" inside a fenced block is no heading. A line of "=" or "-" under a line of text makes that a heading of the first or
second level, as in Markdown; inside a list or a table it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_NO_TITLE = re.compile(r"[ \t]*(?:[-*+>|]|\d+[.)][ \t]|$)")


class Section(NamedTuple):
    """A heading and what stands under it, up to the next heading of whatever level."""

    level: int  # 1 to 6; 0 for what stands before the first heading
    title: str
    body: str


def sections(text: str) -> list[Section]:
    """Every section in its order; nothing but white space is lost by `joined(sections(text))`."""
    found: list[Section] = []
    level, title, body = 0, "", list[str]()
    fence = ""
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened[1]
        elif opened and opened[1][0] == fence[0] and len(opened[1]) >= len(fence):
            fence = ""
        heading = None if fence else _HEADING.fullmatch(line)
        underline = None if fence or heading else _UNDERLINE.fullmatch(line)
        if underline and body and not _NO_TITLE.match(body[-1]) and (len(body) < 2 or not body[-2].strip()):
            above = body.pop().strip()
            found.append(Section(level, title, "\n".join(body).strip("\n")))
            level, title, body = (1 if underline[1][0] == "=" else 2), above, []
        elif heading:
            found.append(Section(level, title, "\n".join(body).strip("\n")))
            level, title, body = len(heading[1]), heading[2], []
        else:
            body.append(line)
    found.append(Section(level, title, "\n".join(body).strip("\n")))
    return found if found[0].title or found[0].body.strip() else found[1:]


def joined(parts: Iterable[Section]) -> str:
    """The sections as Markdown again."""
    return "\n\n".join(
        "\n\n".join(filter(None, [f"{'#' * part.level} {part.title}" if part.level else "", part.body])) for part in parts
    )


def without_hollow(parts: list[Section]) -> list[Section]:
    """The sections without those that neither say anything nor hold one that does."""
    kept: list[Section] = []
    below = 0  # the level of the section that follows and stays
    for part in reversed(parts):
        if part.body.strip() or part.level < below:
            kept.append(part)
            below = part.level
    return kept[::-1]
