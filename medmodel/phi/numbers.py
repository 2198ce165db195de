"""Numbers that stand for a person or a thing of theirs: records, identity, accounts, plates, devices, network addresses.

A number is one by its check character, by its form, or by the word before it ("MRN:", 住院号). Numbers of publications and
codes (PMID, DOI, NCT, ICD) are none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from medmodel.phi.finding import any_of

BEFORE = 40  # characters in which a cue may stand


class Numbered(NamedTuple):
    start: int
    end: int
    kind: str
    rule: str
    score: float


_QUALIFIED = r"(?:[ .-]?(?:no|num|nr|number|id|identifier|identity|card|licen[cs]e|code|plate|serial|security|record|policy|insurance)\b\.?){%s}"
_RECORD = re.compile(
    r"(?:\b(?:"  # these stand for a number by themselves
    + any_of(
        r"mrn?|urn|nhi|fin|csn|uhid|hn|empi|nhs|ssn|vin|npi|dea|gmc|nmc|imei|chi|medical rec(?:ord)?|chart|record|accession|specimen|account|acct|a/c|claim|policy|member|membership|subscriber|beneficiary|medicare|medicaid|certificate|licen[cs]e|passport|serial|pacemaker|registration|reg|social security|identity|identification|id|driver'?s|badge|invoice|prescription|iban|admission|encounter|slides?"
    )
    + r"\b"
    + _QUALIFIED % "0,3"
    + "|"
    + any_of(
        "hospital|unit|patient|health|case|visit|sample|lab|laboratory|group|insurance|device|implant|plate|card|staff|employee|order|file|reference|ref|rx|study|block|request|referral|ticket|locker|vehicle|bank"
    )
    + r"\b"
    r"(?:" + _QUALIFIED % "1,3" + r"|(?=\s?[#:.]))"
    r"|hospital\b(?=[ \n]))"
    r"(?: is| was|:|#|=|-|\.|\(|\s){0,8})$"
    r"|(?:号码?|编码|条码|账户|卡|证|id)[是为：:）)\s]{0,3}$"
)  # of a text in lower case: a third of the time that it takes whatever the case
_LAST = frozenset(  # the last word of such a cue; a cheap look before the pattern
    "mr mrn urn nhi fin csn uhid hn empi nhs ssn vin npi dea gmc nmc imei chi record rec hospital unit patient health chart case admission encounter visit accession specimen sample lab laboratory "
    "account acct a/c claim policy member membership subscriber group insurance beneficiary medicare medicaid certificate license licence passport serial device implant pacemaker plate "
    "registration reg security identity identification id card driver's drivers badge staff employee order invoice file reference ref prescription rx study slide slides block request referral ticket "
    "locker vehicle iban bank no num nr number identifier code is was".split()
)
_SPLIT = re.compile(r"[\n.(]|'s ")
_CHINESE_CUE = frozenset("号码卡证户是为：:）)")
_IDENTITY = re.compile(r"[0-9]{17}[0-9Xx]")
_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[-/][0-9A-Za-z]+)*")
_GROUPS = re.compile(r"(?: [0-9]{2,5}(?![0-9A-Za-z.,/%])){1,4}(?: [A-Z]\b)?")
_CARD = re.compile(r"(?:[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{5})(?![0-9])")
_CARD_CUE = re.compile(r"card|卡|visa|account", re.IGNORECASE)
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}(?:-?[A-Z][0-9]?\b)?(?![0-9-])")  # a letter after it: an old Medicare number
_NINO = re.compile(r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-Z](?![0-9A-Za-z])")  # UK national insurance
_IP = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.]*[0-9])")
_IP_CUE = re.compile(r"\bIP\b|address")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Za-z0-9])")
_PLATE = re.compile(r"[A-Z]·?[A-Z0-9]{5,6}(?![A-Z0-9])")
_PROVINCES = frozenset("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
_US_PLATE = re.compile(r"(?:[A-Z]{2,3}[ -]?[0-9]{3,4}|[0-9][A-Z]{2,3}[0-9]{3,4})(?![0-9A-Za-z])")
_US_PLATE_CUE = re.compile(r"\b(?:plates?|licen[cs]e|registration|vehicle|car|reg|VRM|truck|tag)\b[^\n]{0,14}$", re.IGNORECASE)
_MAC = re.compile(r"(?<![\w:])[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){5,7}(?![\w:])")
_NO_ONES = re.compile(
    any_of(
        r"PMID|PMCID|PMC|DOI|doi|ISBN|ISSN|NCT|ISRCTN|ACTRN|ChiCTR|OMIM|MIM|ICD|LOINC|SNOMED|CUI|CAS|RRID|GenBank|arXiv|EudraCT|UMLS|rs|HP|DOID|MONDO|ORPHA|MESH|NBK|GO|/|10\.\d{4}"
    )
    + r"[:#\s.\w/-]{0,12}$"
)
_CODE = re.compile(r"(?:[A-Z]{1,3}-?[0-9]{5,12}(?:-[0-9]{2,6})?|[A-Z]{1,3}-?[0-9]{2,4}[-/][0-9]{4,7})(?![0-9A-Za-z]|[.,][0-9])")
_COUNTED = re.compile(  # what six digits count when they are no number of a record
    r"(?:platelets?|plts?|counts?|WBC|RBC|CFU|load|copies|cells|cost|price|of|about|approximately|over|than|nearly|least|血小板|计数|约|达|超过|共)\W{0,4}$|[<>=≥≤$£€¥]\s?$",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\s,;)/\]|，。；）]|$|\.(?![0-9])")
_GROUPED = re.compile(r"[0-9]{2,5}(?:-[0-9]{2,6}){1,3}(?![0-9A-Za-z%-]|\.[0-9])")
_UNIT = re.compile(
    r" ?"
    + any_of("mg|mcg|µg|μg|g|kg|ml|mL|L|IU|U|units?|mmol|mmHg|cells|copies|x|cm|mm|kcal|cal|years?|people|patients")
    + r"(?![A-Za-z])| ?(?:[%×/°]|毫|克|例|人|元|单位|万)"
)


def identity_checksum(number: str) -> bool:
    """GB 11643: the 18th character of a Chinese identity number follows from the other 17."""
    if len(number) != 18 or not _IDENTITY.fullmatch(number):
        return False
    total = sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper()


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()][::-1]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def certain_at(text: str, start: int, end: int) -> Numbered | None:
    """What has a form of its own, in notes and in reference text alike."""
    size = end - start
    before = text[start - 1] if start else " "
    after = text[end : end + 1]
    if before.isalnum() and before.isascii():
        return _after_letters(text, start) if before.isupper() else None
    nino = _NINO.match(text, start - 3) if size == 2 and before == " " and start > 2 and text[start - 2].isupper() else None
    if nino and not text[start - 4 : start - 3].isalnum():
        return Numbered(start - 3, nino.end(), "identity", "national insurance number", 0.95)
    if size >= 17:
        whole = text[start:end] + (after if size == 17 and after in ("X", "x") else "")
        if len(whole) == 18 and (identity_checksum(whole) or re.search(r"身份证|证件", text[max(0, start - 12) : start])):
            return Numbered(start, start + 18, "identity", "Chinese identity number", 1.0)
    if size == 3 and after == "-" and before not in ".,-" and (match := _SSN.match(text, start)):
        return Numbered(start, match.end(), "identity", "social security number", 1.0)
    card = _CARD.match(text, start) if (size >= 13 or size == 4) and before not in ".,/" else None
    if card and (luhn(card[0]) or _CARD_CUE.search(text, max(0, start - BEFORE), start)):
        return Numbered(start, card.end(), "account", "payment card", 0.97)
    if size < 4 and after == "." and before != "." and (match := _IP.match(text, start)):
        parts = match[0].split(".")
        long = sum(len(part) > 1 for part in parts) >= 2 or _IP_CUE.search(text, max(0, start - BEFORE), start)
        if long and all(int(part) < 256 for part in parts):
            return Numbered(start, match.end(), "ip", "IP address", 0.96)
    return None


def record_at(text: str, start: int, end: int, digits: int = 3) -> Numbered | None:
    """A number of so many digits after the name of a record; letters glued to its front belong to it."""
    first = start
    while (
        first and start - first < 12 and ((text[first - 1].isascii() and text[first - 1].isalnum()) or text[first - 1] in "-/")
    ):
        first -= 1
    while text[first] in "-/" and first < start:
        first += 1
    if not _is_cued(text, first):
        return None
    match = _TOKEN.match(text, first)
    last = match.end() if match else end
    groups = _GROUPS.match(text, last) if last - first >= 2 else None
    if groups and not _UNIT.match(text, groups.end()):
        last = groups.end()
    if sum(sign.isdigit() for sign in text[first:last]) < digits or (_UNIT.match(text, last) and text[last : last + 1] != "/"):
        return None
    return Numbered(first, last, "record", "number after a cue", 0.96)


def long_at(text: str, start: int, end: int) -> Numbered | None:
    """Six digits and more, or a code of letters and five digits and more, that nothing else explains."""
    before = text[start - 1] if start else " "
    first = start
    while first and start - first < 4 and text[first - 1].isascii() and (text[first - 1].isupper() or text[first - 1] == "-"):
        first -= 1
    if first < start:
        match = _CODE.match(text, first) if not (first and text[first - 1].isascii() and text[first - 1].isalnum()) else None
        if match and not _NO_ONES.search(text, max(0, first - 24), first + 3):
            return Numbered(first, match.end(), "number", "letters and a number", 0.6)
    after = text[end : end + 1]
    grouped = _GROUPED.match(text, start) if after == "-" and before not in "_.,-/" and not before.isalnum() else None
    if grouped and not _UNIT.match(text, grouped.end()) and (grouped[0].count("-") > 1 or len(grouped[0]) > 8):
        return Numbered(start, grouped.end(), "number", "groups of digits", 0.6)
    if (
        end - start < 6
        or (end - start == 6 and (_COUNTED.search(text, max(0, start - 24), start) or not _ALONE.match(text, end)))
        or before in "_.,"
        or (before.isascii() and before.isalnum())
        or (after.isascii() and (after.isalnum() or (after in ".," and text[end + 1 : end + 2].isdigit())))
        or _UNIT.match(text, end)
        or _NO_ONES.search(text, max(0, start - BEFORE), start)
    ):
        return None
    return Numbered(start, end, "number", "long number", 0.6)


def network_addresses(text: str) -> list[tuple[int, int]]:
    """IPv6 and MAC."""
    return [match.span() for match in _MAC.finditer(text) if re.search("[0-9]", match[0])] if text.count(":") >= 5 else []


def _after_letters(text: str, start: int) -> Numbered | None:
    """IBAN and number plates begin with letters."""
    iban = _IBAN.match(text, start - 2) if start >= 2 and text[start - 2].isascii() and text[start - 2].isupper() else None
    if iban and (start < 3 or not (text[start - 3].isalnum() or text[start - 3] == "/") or ord(text[start - 3]) > 127):
        return Numbered(start - 2, iban.end(), "account", "IBAN", 1.0)
    nino = _NINO.match(text, start - 2) if start >= 2 else None
    if nino and not text[start - 3 : start - 2].isalnum():
        return Numbered(start - 2, nino.end(), "identity", "national insurance number", 0.95)
    first = start - 1
    while first and start - first < 6 and text[first - 1].isascii() and (text[first - 1].isalnum() or text[first - 1] == "·"):
        first -= 1
    if first and text[first - 1] in _PROVINCES and (match := _PLATE.match(text, first)):
        return Numbered(first - 1, match.end(), "plate", "Chinese number plate", 0.97)
    return None


def plate_at(text: str, start: int) -> Numbered | None:
    """A number plate after a word that says so."""
    first = start
    while first and start - first < 4 and text[first - 1].isascii() and (text[first - 1].isupper() or text[first - 1] in " -"):
        first -= 1
    while text[first] in " -":
        first += 1
    match = _US_PLATE.match(text, first)
    if match and _US_PLATE_CUE.search(text, max(0, first - 24), first):
        return Numbered(first, match.end(), "plate", "number plate", 0.95)
    return None


def _is_cued(text: str, first: int) -> bool:
    left = text[max(0, first - 24) : first]
    bare = left.rstrip(" :#=-.\t\n(")
    if not bare:
        return False
    word = bare.rpartition(" ")[2]
    if not word.isalnum():
        word = _SPLIT.split(word)[-1]
    if word.lower() in _LAST or bare[-1] in _CHINESE_CUE or left[-1] in _CHINESE_CUE:
        start = max(0, first - BEFORE)
        before = 1 if start else 0  # the character by which the pattern sees whether a word begins
        return _RECORD.search(text[start - before : first].lower(), before) is not None
    return False
