"""Dates of a day or a month, tried at every number of a text. A year alone is no identifier (45 CFR 164.514(b)(2)(i)(C)).

Not covered: dates told in words alone ("the first of May"), week days, holidays.
"""

from __future__ import annotations

import re

from medmodel.phi.finding import any_of

MONTHS = "January February March April May June July August September October November December".split()
_MONTHS = r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
_MONTH_WORDS = frozenset(
    form
    for month in MONTHS
    for short in (month, month[:3], *(["Sept"] if month == "September" else []))
    for form in (short, short.upper())
)
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9:]))?"
_NUMERIC = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})(?![0-9]|[-./][0-9])" + _TIME)
_TWO = re.compile(r"[0-9]{1,2}([-/.])(?:[0-9]{4}|[0-9]{1,2})(?![0-9]|[-./%][0-9])")
_CHINESE = re.compile(
    r"(?:[0-9]{4}|[0-9]{2}) ?年 ?(?:[0-9]{1,2} ?月份?(?: ?[0-9]{1,2} ?[日号])?)|[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日号]"
)
_CHINESE_WORDS = re.compile(
    r"[〇○零一二三四五六七八九]{2,4}年[一二三四五六七八九十]{1,3}月(?:[一二三四五六七八九十]{1,3}[日号])?"
)
_DAY_MONTH = re.compile(
    rf"[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of| day of)?[ ./-]?{any_of(_MONTHS + '|' + _MONTHS.upper())}\b\.?(?:(?:, ?| of | |-|/|\.)?(?:19|20)[0-9]{{2}}\b|[-/ ]'?[0-9]{{2}}\b(?![.:]))?"
)
_AFTER_MONTH = re.compile(
    r"(?:[0-9]{1,2}(?:st|nd|rd|th)?(?![0-9%/]|\.[0-9]|-[0-9])(?:(?:,? ?|-)(?:19|20)[0-9]{2}\b)?|(?:19|20)[0-9]{2}\b)"
)
_CUE = re.compile(
    r"\b(?:on|since|dated?|until|till|by|from|DOB|born|seen|admitted|discharged|visit|birth|was|of|is|between|and)\b[.: ]{0,3}(?:date[: ]{1,2}|the )?$|[:(\[]\s?$",
    re.IGNORECASE,
)
_NUMBER_CUE = re.compile(r"\b" + any_of("on|since|dated?|until|till|by|DOB|born|seen|admitted|discharged|visit|birth") + r"\b[.: ]{0,3}(?:date[: ]{1,2}|the )?$", re.IGNORECASE)  # fmt: skip
_PATIENT = re.compile(
    r"(?:\b(?:DOB|D\.O\.B\.|born(?: on)?|birth|admi(?:tted|ssion)|discharged?|deceased|seen|visit)\b(?: on| date)?[^\w\n]{0,3}|(?:出生|入院|出院|就诊|生于)(?:日期|时间)?[^\w\n]{0,3})$",
    re.IGNORECASE,
)
_UNIT = re.compile(" ?" + any_of("mg|mcg|µg|g|kg|ml|mL|IU|units?|mmol|mmHg|years?|%") + "(?![A-Za-z])")


def date_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The date that begins with the number start..end, or with the month's name before it."""
    size = end - start
    before = text[start - 1] if start else " "
    if size > 4 or (before.isalnum() and before.isascii()) or before in "_$":
        return None
    after = text[end : end + 1]
    if after in ("/", "-", "."):
        if size != 3 and not (before in ".," and text[start - 2 : start - 1].isdigit()) and (span := _numeric(text, start)):
            return span
    elif after and after in "年月 " and (match := _CHINESE.match(text, start)):
        return match.span()
    if before in " -.":
        word = text[max(0, start - 12) : start - 1]
        word = word[max(word.rfind(" "), word.rfind("\n"), word.rfind("-"), word.rfind("(")) + 1 :].rstrip(".,")
        if word in _MONTH_WORDS and (match := _AFTER_MONTH.match(text, start)) and not _UNIT.match(text, match.end()):
            first = text.rfind(word, 0, start)
            return first, match.end()
    if size < 3 and after and (after in " -/.JFMASOND" or after in "snrt"):
        match = _DAY_MONTH.match(text, start)
        return match.span() if match and before not in ".,/" else None
    return None


def patient_date_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """In reference text: only a date that follows "born", "admitted", 出生..."""
    return date_at(text, start, end) if _PATIENT.search(text, max(0, start - 30), start) else None


def chinese_dates(text: str) -> list[tuple[int, int]]:
    """Dates in Chinese numerals: 二〇二一年三月四日."""
    return [match.span() for match in _CHINESE_WORDS.finditer(text)] if "年" in text else []


def _numeric(text: str, start: int) -> tuple[int, int] | None:
    match = _NUMERIC.match(text, start)
    if match:
        one, sign, two, three = match.groups()
        first, second, third = int(one), int(two), int(three)
        year_first = len(one) == 4 or first > 31
        month, day = sorted((second, third) if year_first else (first, second))
        year = one if year_first else three
        if not (1 <= month <= 12 and 1 <= day <= 31) or len(year) not in (2, 4) or (len(year) == 4 and year[0] not in "12"):
            return None
        if sign == "." and len(year) != 4 and not _CUE.search(text, max(0, start - 24), start):
            return None  # 3.1.12 is a section
        if sign == "-" and year_first and len(one) != 4:
            return None
        return match.span()
    match = _TWO.match(text, start)
    if not match:
        return None
    one, two = re.split(r"[-/.]", match[0])
    if len(two) == 4:  # 03/2021
        return match.span() if 1 <= int(one) <= 12 and two[:2] in ("19", "20") and match[1] != "-" else None
    month, day = sorted((int(one), int(two)))
    certain = match[1] == "/" and 1 <= month <= 12 and 1 <= day <= 31 and _NUMBER_CUE.search(text, max(0, start - 24), start)
    return match.span() if certain and not _UNIT.match(text, match.end()) else None
