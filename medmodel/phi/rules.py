"""Rules that find identifiers: the HIPAA safe-harbour list (45 CFR 164.514(b)(2)) and its Chinese counterparts.

Most identifiers hold a number, so a text is walked once from number to number, and at each the kinds are tried from the
most certain on; the first that fits has it. What has no number (names after a cue, e-mail) is searched by itself.
`published`: reference text, where dates, hotlines, web addresses and authors are facts and no identifiers.
Not covered: photographs, biometrics, free descriptions of a rare circumstance.
"""

from __future__ import annotations

import re

from medmodel.phi import addresses, addresses_zh, contacts, cues
from medmodel.phi.dates import chinese_dates, date_at, patient_date_at
from medmodel.phi.finding import Finding
from medmodel.phi.numbers import certain_at, long_at, network_addresses, plate_at, record_at
from medmodel.phi.phones import person_phone_at, phone_at

_NUMBER = re.compile("[0-9]+")
_LATIN = re.compile("[A-Za-zÀ-ÿ]{3}")
_AGE = re.compile(
    r"(?:9[0-9]|1[0-2][0-9])(?=[ -]?(?:years?|yrs?|y)[ -/]?\.?(?:old\b|o\b|/o|\b)|[ -]?(?:yo|y/o|YO)\b| ?(?:周岁|岁)|[FM]\b)"
)
_AGE_CUE = re.compile(r"(?:\b[Aa]ged?(?: of| is|:)? |\b[Aa]ge\s?:\s?|\bturned |年龄[:：]?\s?|享年|现年)$")
_NO_AGE = re.compile(r"(?:over|under|than|to|≥|>|<|≤|–|-|least|above|until|every|大于|超过)\s?$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.,](?![0-9])")
_NO_AGE_AFTER = re.compile(
    r"%|[.,-][0-9]| or| and (?:over|older|above)| ?(?:mg|mm|ml|cm|/|days?|minutes?|hours?|weeks?|months?)"
)


_PLAIN_BEFORE = frozenset(" \n\t:;,=<>[]{}\"'*~%&|")  # and what is not ASCII
_PLAIN_AFTER = frozenset("\n\t:;,=<>[]{}\"'*~%&|，。；：、！？岁次天周分级片粒个度")
_DECIMAL = re.compile(r"\.[0-9]{1,3}(?: ?(?:mg|mcg|µg|g|kg|ml|mL|mmol|%|×)|[,;:)\n]|， | ?[^\W\d_](?<![A-Zx]))")
_BEFORE_DAY = frozenset("YNBHRLEGTPCVynbhrlegtpcv.,")  # the last letters of the months, and what may follow them
_NO_MONTH = frozenset("abcefghijklmnpqrstuvwxyzBCEGHIKLPQRTUVWXYZ")  # of, day of, and the months begin otherwise


def by_rule(text: str, published: bool = False) -> list[Finding]:
    """All hits of all rules; they may overlap. `published`: the text is a reference, not a note."""
    found: list[Finding] = []
    numbers = [number.span() for number in _NUMBER.finditer(text)]
    taken, length = 0, len(text)
    for start, end in numbers:
        if start < taken:
            continue
        if end - start < 3 and text[start] != "9" and end + 2 < length and start and _is_plain(text, start, end):
            continue
        one = _at(text, start, end, published)
        if one:
            found.append(one)
            taken = one.end
    if "@" in text:
        rule = "personal e-mail" if published else "e-mail"
        found += [Finding(start, end, "email", rule, 0.98) for start, end in contacts.emails(text, published)]
    latin = text.isascii() or _LATIN.search(text) is not None
    if not published:
        found += [Finding(start, end, "url", "web address", 0.9) for start, end in contacts.urls(text)]
        if numbers and latin:
            found += [
                Finding(start, end, "address", "address", score) for start, end, score in addresses.english(text, numbers)
            ]
        if latin:
            found += [Finding(start, end, "address", "street", score) for start, end, score in addresses.streets(text)]
    found += [Finding(start, end, "ip", "IPv6 or MAC address", 0.9) for start, end in network_addresses(text)]
    if latin:
        found += cues.english_names(text, published)
    if not text.isascii():
        found += [
            Finding(start, end, "address", "Chinese address", score)
            for start, end, score in addresses_zh.chinese(text, published)
        ]
        found += cues.chinese_names(text)
        if not published:
            found += [Finding(start, end, "date", "Chinese date", 0.9) for start, end in chinese_dates(text)]
    return found


def _is_plain(text: str, start: int, end: int) -> bool:
    """Of one or two digits: that nothing before or after it lets it be a part of an identifier. Most numbers of a note are such."""
    before, after = text[start - 1], text[end]
    if before == "." and start > 1 and text[start - 2].isdigit():
        return not after.isupper()  # the decimals of 2.5
    if before == " ":
        if text[start - 2] in _BEFORE_DAY:  # June 5, MAY 5, Sept. 5
            return False
    elif before not in _PLAIN_BEFORE and before.isascii():
        return False
    if after == " ":
        beyond = text[end + 1]
        return beyond in _NO_MONTH or (beyond in _PLAIN_AFTER and beyond != " ")
    if after == ".":
        if text[end + 1].isdigit():
            return _DECIMAL.match(text, end) is not None
        return text[end + 1] == "\n" or (text[end + 1] == " " and text[end + 2].isalpha())
    return after in _PLAIN_AFTER


def _at(text: str, start: int, end: int, published: bool) -> Finding | None:
    """What the number start..end is, or begins."""
    certain = certain_at(text, start, end)
    if certain:
        return Finding(*certain)
    record = record_at(text, start, end, 5 if published else 3)
    if record and not (not published and date_at(text, start, end)):
        return Finding(*record)
    date = patient_date_at(text, start, end) if published else date_at(text, start, end)
    if date:
        return Finding(*date, "date", "date of a patient" if published else "date", 0.95)
    phone = person_phone_at(text, start, end) if published else phone_at(text, start, end)
    if phone:
        return Finding(*phone, "phone", "telephone", 0.92)
    if published:
        return None
    if _is_age(text, start, end):
        return Finding(start, end, "age", "age over 89", 0.9)
    other = plate_at(text, start) or long_at(text, start, end)
    return Finding(*other) if other else None


def _is_age(text: str, start: int, end: int) -> bool:
    """90 and more, with a word that says it is an age."""
    if not 2 <= end - start <= 3 or text[start] not in "19" or not 90 <= int(text[start:end]) < 130:
        return False
    if text[start - 1 : start] in (".", ",", "/") or _NO_AGE.search(text, max(0, start - 14), start):
        return False
    if _AGE.match(text, start):
        return True
    if text[start - 3 : start].lower() == "at " and (
        text[end : end + 1] in ("", ")", ";", "\n") or _SENTENCE_END.match(text, end)
    ):
        return True
    return _AGE_CUE.search(text, max(0, start - 12), start) is not None and not _NO_AGE_AFTER.match(text, end)
