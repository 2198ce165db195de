"""Telephone and fax numbers, with extensions, tried at every number of a text.

A number is one by its form (ten digits in groups, a country code, a Chinese mobile), or by its form and a word before it.
"""

from __future__ import annotations

import re

from medmodel.phi.finding import any_of

_FORM = re.compile(
    r"(?:\(?\+|\()?[0-9]+(?:(?:\)?[ .\-‑/]{1,2}\(?|[()])[0-9]+){0,7}(?![0-9]|[.,/][0-9]|-[0-9])"
    r"(?:(?:,? ?(?:ext\.?|extension|Ext\.?|EXT|x|#) ?|转|分机)[0-9]{1,6}(?![0-9A-Za-z]))?"
)
_CUE = re.compile(
    r"(?:\b"
    + any_of(
        "tel|telephone|phone|mobile|cell|fax|pager|call|contact|reach(?:ed)?|number|home|work|office|text|ring|dial|hotline|helpline|whatsapp|clinic|ward|reception|desk|T|F|M|answering"
    )
    + r"\b[^\n\d]{0,15}|(?:电话|手机|联系方式|传真|致电|联系|热线)[^\n\d]{0,6})$",
    re.IGNORECASE,
)
_PERSON_CUE = re.compile(
    r"\b(?:patient|home|mobile|cell|next of kin|mother|father|wife|husband|his|her|my)\b[^\n]{0,25}$|(?:手机|家属|联系人)[^\n]{0,10}$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    " ?"
    + any_of("mg|mcg|µg|μg|g|kg|ml|mL|L|IU|U|units?|mmol|mmHg|cells|copies|cm|mm|kcal|cal|years?|people|patients")
    + "(?![A-Za-z])| ?(?:[%×°]|毫|克|例|人|元|单位|万)"
)
_TOLL_FREE = re.compile(r"\+?1?[ -.]?\(?8(?:00|88|77|66|55|44|33)\b|400")
_NORTH_AMERICAN = re.compile(r"(?:(?:\+?1|001)[ .-])?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-][0-9]{4}")
_CHINESE = re.compile(r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}|\(?0[0-9]{2,3}\)?[ -]?[1-9][0-9]{6,7}")
_PAIRS = re.compile(r"[0-9]{2}([ .-])[0-9]{2}(?:\1[0-9]{2}){2,3}")
_LINE_END = re.compile(r"(?: \(?(?:office|fax|home|cell|mobile|phone|work|direct)\)?)?\s*(?:\n|$)", re.IGNORECASE)
_YEARS = re.compile(r"(?:19|20)\d\d[ -–](?:19|20)\d\d")
_GROUPED = ([2, 3, 2, 2], [3, 2, 2, 2], [3, 3, 2, 2], [2, 3, 3, 4])  # of digits, as several countries write them
_COUNT = re.compile(r"[0-9]+")
_EXTENSION = re.compile(r"(?:\b(?:ext|extension|bleep|pager)\b\.?:? ?|分机号?:?)$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:PMID|PMCID|PMC|DOI|doi|ISBN|ISSN|NCT|OMIM|ICD|LOINC|SNOMED|CAS|NG|/)[:#\s.\w/-]{0,12}$")


def phone_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The number that begins at start (or at the sign before it)."""
    before = text[start - 1] if start else " "
    if before == "(" or before == "+":
        start -= 1
        if before == "+" and text[start - 1 : start] == "(":
            start -= 1
    elif (
        (before in ".,/" and text[start - 2 : start - 1].isdigit()) or (before.isascii() and before.isalnum()) or before in "_-"
    ):
        return None
    elif end - start < 7 and not (text[end : end + 1] and (text[end] in " .-‑)(" or (text[end] == "/" and text[start] == "0"))):
        return (start, end) if end - start in (3, 4, 5) and _EXTENSION.search(text, max(0, start - 12), start) else None
    match = _FORM.match(text, start)
    if not match:
        return None
    said = match[0]
    groups = [len(group) for group in _COUNT.findall(said)]
    digits = sum(groups)
    if not 7 <= digits <= 21:
        return (
            (start, end)
            if len(groups) == 1 and digits in (3, 4, 5) and _EXTENSION.search(text, max(0, start - 12), start)
            else None
        )
    if _UNIT.match(text, match.end()) or len(groups) > 8 or _YEARS.fullmatch(said):
        return None
    sure = _sure(said, groups, digits) or (len(groups) > 1 and _stands_apart(text, *match.span()))
    if not sure and not _CUE.search(text, max(0, start - 32), start):
        return None
    return None if not sure and _NUMBERED.search(text, max(0, start - 24), start) else match.span()


def person_phone_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """In reference text a number is an organisation's, unless a word says whose it is."""
    if not _PERSON_CUE.search(text, max(0, start - 40), start) or _TOLL_FREE.match(text, start):
        return None
    return phone_at(text, start, end)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """A number in groups that has its line to itself, but for a word that says which it is (781 1704 office)."""
    return (not start or text[start - 1] == "\n") and _LINE_END.match(text, end) is not None


def _sure(said: str, groups: list[int], digits: int) -> bool:
    international = said[0] == "+" or said.startswith("(+") or (said.startswith("00") and digits >= 9)
    if international and digits >= 8:
        return True
    if groups in _GROUPED and _COUNT.sub("", said) == " " * (len(groups) - 1):
        return True
    if len(groups) == 1:
        return digits == 11 and said[0] == "1" and said[1] in "3456789"
    if _NORTH_AMERICAN.match(said) or _CHINESE.match(said):
        return True
    if _PAIRS.fullmatch(said):
        return digits == 10 or "-" in said
    if said[1:3] == " (" and 10 <= digits <= 12:
        return True
    return (said[0] in "0(" and 8 <= digits <= 16) or (len(groups) == 2 and groups[0] == 5 and groups[1] == 6)
