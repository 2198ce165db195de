"""Licences as articles state them, in sentences and addresses, by their SPDX names.

    licence_name("... under the terms of the Creative Commons Attribution License (https://creativecommons.org/licenses/by/4.0/)")
    == "CC-BY-4.0"

Only Creative Commons is known: what open articles are under. Where a text names several (the article's, and a public-domain
waiver for its data), the strictest counts. A name without its version stays without one ("CC-BY").
"""

from __future__ import annotations

import re

_URL = re.compile(r"creativecommons\.org/licen[cs]es/(by(?:-nc)?(?:-sa|-nd)?)(?:/(\d\.\d))?", re.IGNORECASE)
_SHORT = re.compile(r"\bCC[ -](BY(?:[ -]NC)?(?:[ -](?:SA|ND))?)\b(?:[ -]?v?(\d\.\d))?", re.IGNORECASE)
_WORDS = re.compile(
    r"Creative\s+Commons\s+(Attribution(?:[\s,-]{1,3}(?:and\s+)?(?:Non-?\s?Commercial|Share-?\s?Alike|No-?\s?Deriv(?:ative)?s?))*)"
    r"(?:\s+\(CC[^()]{1,20}\))?(?:\s+(?:License|Licence|International|Unported),?){0,2}\s*(?:v(?:ersion)?\s*)?(\d\.\d)?",
    re.IGNORECASE,
)
_ZERO = re.compile(r"creativecommons\.org/publicdomain/zero|\bCC0\b", re.IGNORECASE)
_MARK = re.compile(r"creativecommons\.org/publicdomain/mark", re.IGNORECASE)


def licence_name(text: str) -> str | None:
    """The SPDX name of the licence that a text names; None when it names none that is known."""
    found = [(kind.lower().replace(" ", "-"), version) for pattern in (_URL, _SHORT) for kind, version in pattern.findall(text)]
    found += [(_kind(words), version) for words, version in _WORDS.findall(text)]
    if found:
        kind = max((kind for kind, _ in found), key=lambda kind: ("nc" in kind, "nd" in kind, "sa" in kind))
        version = max((version for same, version in found if same == kind), default="")
        return f"CC-{kind.upper()}" + (f"-{version}" if version else "")
    if _ZERO.search(text):
        return "CC0-1.0"
    return "LicenseRef-PDM-1.0" if _MARK.search(text) else None


def _kind(words: str) -> str:
    said = re.sub(r"[\s-]", "", words.lower())
    parts = ("noncommercial", "nc"), ("sharealike", "sa"), ("noderiv", "nd")
    return "-".join(["by", *(short for long, short in parts if long in said)])
