"""Superscripts and subscripts as Unicode characters: 10<sup>9</sup>/L is 10⁹/L, and never 109/L.

    raised("9")      # "⁹"

Shared by what reads a clinic's Word files (`medmodel.rag.word`) and by the data builder's readers of papers and web pages.
"""

from __future__ import annotations

import re

_SUPERSCRIPTS = str.maketrans("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_HAS_SUPERSCRIPT = re.compile(r"[0-9+\-−–=()n]+")
_HAS_SUBSCRIPT = re.compile(r"[0-9+\-−–=()]+")


def raised(text: str) -> str:
    """A superscript in Unicode, or after `^` where there is none."""
    if _HAS_SUPERSCRIPT.fullmatch(text):
        return text.translate(_SUPERSCRIPTS)
    return text if text in ("", "o", "°", "®", "™", "st", "nd", "rd", "th") else f"^{text}"


def lowered(text: str) -> str:
    """A subscript in Unicode, or plain where there is none."""
    return text.translate(_SUBSCRIPTS) if _HAS_SUBSCRIPT.fullmatch(text) else text
