"""E-mail and web addresses."""

from __future__ import annotations

import re

_DOMAIN = re.compile(r"@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|@[A-Za-z0-9-]{2,}(?=[\s>,;)]|$)")
_INSTITUTION = re.compile(r"\.(?:gov|org|edu|int|nhs\.uk)(?:\.\w+)?$")
_WEB = re.compile(r"(?:https?://|www\.)[^\s<>\"）】，。]+")
_TOP = "com|net|org|edu|gov|info|io|cn|de|fr|se|es|it|nl|ch|at|jp|eu|co\\.uk|com\\.au"
_ENDING = re.compile(rf"\.(?:{_TOP})")  # without one there is no address, and this is the quicker look
_BARE = re.compile(rf"(?<![\w@.-])(?:[A-Za-z0-9-]+\.)+(?:{_TOP})(?:/[^\s<>\"）】，。]*)?(?![\w.-]*[@\w])")
_SIGNS = frozenset("._%+'-")


def emails(text: str, published: bool) -> list[tuple[int, int]]:
    """`published`: an address at an institution is how to reach it."""
    found = []
    for match in _DOMAIN.finditer(text):
        start = first = match.start()
        while (
            first
            and start - first < 64
            and ((text[first - 1].isalnum() and ord(text[first - 1]) < 0x3400) or text[first - 1] in _SIGNS)
        ):
            first -= 1
        if first < start and not (published and _INSTITUTION.search(match[0])):
            found.append((first, match.end()))
    return found


def urls(text: str) -> list[tuple[int, int]]:
    found = []
    if "://" in text or "www." in text:
        for match in _WEB.finditer(text):
            found.append((match.start(), match.start() + len(match[0].rstrip(".,;:!?)'\"]"))))
    if _ENDING.search(text):
        found += [match.span() for match in _BARE.finditer(text)]
    return found
