"""What the sources of scientific papers share: text inside a paragraph, dates, and how strong an article's kind of evidence is.

A superscript and a subscript become Unicode (10⁹/L), MathML one line, and what only points elsewhere goes: numbers of
references with the brackets around them, footnote marks, pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from data_build.markup import formula
from medmodel.rag.scripts import lowered, raised
from medmodel.records import Tier

DEEPEST = 40  # elements inside each other; what is deeper is damage or an attack, and keeps its words alone
NOTICES = {  # kinds of articles that are about another one
    "retraction": "a retraction notice",
    "retraction of publication": "a retraction notice",
    "retracted publication": "it was retracted",
    "retraction-forward": "it was retracted",  # how JATS points from an article to the notice about it
    "correction": "a correction of another article",
    "published erratum": "a correction of another article",
    "expression-of-concern": "an expression of concern",
    "expression of concern": "an expression of concern",
}
_GUIDELINES = {"guideline", "practice guideline", "practice-guideline"}
_REVIEWS = {"systematic review", "systematic-review", "meta-analysis", "network meta-analysis"}
_REVIEW_TITLE = re.compile(r"\bsystematic review\b|\bmeta-?analys[ie]s\b", re.IGNORECASE)
_PROTOCOL = re.compile(r"\bprotocol\b", re.IGNORECASE)
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_SILENT = {"graphic", "inline-graphic", "object-id", "fn", "index-term", "inline-supplementary-material", "milestone-start"}
_HOLLOW = re.compile(r"[ \t]?[\[(][\s,;–—-]*[\])]")
_BEFORE_STOP = re.compile(r"\s+(?=[,.;:](?:\s|$))")


def name_of(element: Element) -> str:
    """A tag without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def words(element: Element | None) -> str:
    """What an element says, as one line."""
    return tidy(inline(element)) if element is not None else ""


def inline(element: Element, depth: int = 0) -> str:
    """The same with the white space that was there."""
    if depth > DEEPEST:
        return "".join(element.itertext())
    said = [element.text or ""]
    for child in element:
        said += [piece(child, depth + 1), child.tail or ""]
    return "".join(said)


def piece(child: Element, depth: int = 0) -> str:
    """What an element inside a paragraph says there."""
    match name_of(child):
        case "sup":
            only_points = any(_is_citation(inner) for inner in child.iter())
            return "" if only_points else raised(inline(child, depth).strip())
        case "sub":
            return lowered(inline(child, depth).strip())
        case "math":
            return formula(child)
        case "alternatives":
            first = child.find("{*}math")
            return inline(child, depth) if first is None else formula(first)
        case "xref" if _is_citation(child):
            return ""
        case "break":
            return " "
        case "p" | "title" | "list-item" | "def-item":
            return f" {inline(child, depth)} "
        case name:
            return "" if name in _SILENT or not name else inline(child, depth)


def _is_citation(element: Element) -> bool:
    return name_of(element) == "xref" and element.get("ref-type") in ("bibr", "fn", "table-fn", "aff", "corresp")


def tidy(text: str) -> str:
    """One line, without the brackets that held numbers of references."""
    return _BEFORE_STOP.sub("", _HOLLOW.sub("", " ".join(text.split()))).strip()


def iso_date(year: str | None, month: str | None = None, day: str | None = None) -> str | None:
    """A date as far as it is known: "2019", "2019-03", "2019-03-07". Months may be names."""
    found = re.search(r"(?:19|20)\d\d", year or "")
    if not found:
        return None
    said, at = (month or "").strip().lower(), (day or "").strip()
    number = _MONTHS.get(said[:3]) or (int(said) if said.isdecimal() else 0)
    if not 1 <= number <= 12:
        return found[0]
    return f"{found[0]}-{number:02}" + (f"-{int(at):02}" if at.isdecimal() and 1 <= int(at) <= 31 else "")


def tier_of(kinds: Iterable[str], title: str, otherwise: Tier) -> Tier:
    """The evidence tier by an article's kinds, and by a title that calls it a systematic review (a protocol is none yet)."""
    said = {kind.strip().lower() for kind in kinds}
    if said & _GUIDELINES:
        return "guideline"
    if said & _REVIEWS or (_REVIEW_TITLE.search(title) and not _PROTOCOL.search(title)):
        return "review"
    return otherwise


def notice(kinds: Iterable[str]) -> str | None:
    """Why an article of these kinds is left out; None for one that says something itself."""
    return next((f"left out: {NOTICES[kind.strip().lower()]}" for kind in kinds if kind.strip().lower() in NOTICES), None)
