"""Superscripts and subscripts as Unicode characters: 10<sup>9</sup>/L is 10⁹/L, and never 109/L.

    raised("9")      # "⁹"

Shared by what reads a clinic's files (`medmodel.rag.conversion`) and by the data builder's readers of papers and web pages.
"""

from __future__ import annotations

import re

_SUPERSCRIPTS = str.maketrans("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_HAS_SUPERSCRIPT = re.compile(r"[0-9+\-−–=()n]+")
_HAS_SUBSCRIPT = re.compile(r"[0-9+\-−–=()]+")
_TAGGED = re.compile(r"<(su[bp])\b[^<>]*>([^<>]{0,200})</\1>", re.IGNORECASE)


def untagged(text: str) -> str:
    """A text with HTML's <sup> and <sub> written out, the innermost first; what is not closed is left alone."""
    while "<su" in text and (written := _TAGGED.sub(_written, text)) != text:
        text = written
    return text


def raised(text: str) -> str:
    """A superscript in Unicode, or after `^` where there is none."""
    if _HAS_SUPERSCRIPT.fullmatch(text):
        return text.translate(_SUPERSCRIPTS)
    return text if text in ("", "o", "°", "®", "™", "st", "nd", "rd", "th") else f"^{text}"


def lowered(text: str) -> str:
    """A subscript in Unicode, or plain where there is none."""
    return text.translate(_SUBSCRIPTS) if _HAS_SUBSCRIPT.fullmatch(text) else text


def _written(match: re.Match[str]) -> str:
    if match[2].lstrip().startswith("[") and "](#" in match[2]:
        return ""  # the number of a footnote
    return raised(match[2].strip()) if match[1].lower() == "sup" else lowered(match[2].strip())
