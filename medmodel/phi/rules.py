"""Rules that find identifiers: the HIPAA safe-harbour list (45 CFR 164.514(b)(2)) and its Chinese counterparts.

Each rule is one compiled pattern that begins with a digit, a sign or a literal, since Python's `re` then skips through the
text fast; what stands before the hit (a cue such as "MRN:") is looked at only where there is a hit. A rule with
`published` also runs on reference text, where dates, hotlines, web addresses and authors are facts and no identifiers.
Not covered: photographs, biometrics, free descriptions of a rare circumstance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

HAN = "\u4e00-\u9fff"
BEFORE = 40  # characters in which a cue may stand


class Finding(NamedTuple):
    """Characters start..end of the text are an identifier of this kind, says this rule."""

    start: int
    end: int
    kind: str
    rule: str
    score: float


class Rule(NamedTuple):
    kind: str
    name: str
    guard: str  # a character that must be in the text; "9" stands for any digit
    pattern: re.Pattern[str]
    check: Callable[[str, int, int], tuple[int, int] | None]  # the span, perhaps made longer; None: it is something else
    published: bool
    score: float


@cache
def words(key: str) -> tuple[str, ...]:
    """A list of words.yaml."""
    import yaml

    lists = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return tuple(lists[key].split())


def by_rule(text: str, published: bool = False) -> Iterator[Finding]:
    """All hits of all rules; they may overlap. `published`: the text is a reference, not a note."""
    digits = re.search("[0-9]", text) is not None
    for rule in RULES:
        if (published and not rule.published) or not (digits if rule.guard == "9" else rule.guard in text):
            continue
        for match in rule.pattern.finditer(text):
            group = 1 if rule.pattern.groups and match[1] is not None else 0
            span = rule.check(text, match.start(group), match.end(group))
            if span:
                yield Finding(*span, rule.kind, rule.name, rule.score)
    yield from _addresses_after_a_cue(text, published)


def identity_checksum(number: str) -> bool:
    """GB 11643: the 18th character of a Chinese identity number follows from the other 17."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", number):
        return False
    total = sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper()


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()][::-1]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


_RECORD = re.compile(
    r"(?:\b(?:MRN|URN|NHI|FIN|CSN|UHID|medical record|(?:hospital|patient|health|chart|record|case|admission|encounter|visit|"
    r"accession|specimen|account|acct|claim|policy|member|subscriber|group|insurance|beneficiary|medicare|medicaid|certificate|"
    r"licen[cs]e|passport|serial|device|implant|pacemaker|plate|registration|VIN|NPI|DEA|SSN|social security|NHS|identity|ID|card|"
    r"driver'?s|badge|order|invoice|file|reference|ref)\b)(?: ?(?:no|num|number|id|identifier|card|licen[cs]e|code|plate|serial|security)\b\.?){0,3}"
    r"(?:(?: is| was|:|#|=|-|\.|\s){0,5}))$"
    r"|(?:病历号|病案号|住院号|门诊号|就诊卡号?|登记号|医保卡?号?|社保卡?号?|身份证号?码?|护照号?码?|检查号|标本号|条码号?|影像号|病理号|银行卡号?|卡号|"
    r"账号|车牌号?|设备号|序列号|证件号码?|编号|(?<![A-Za-z])ID号?)[是为：:\s]{0,3}$",
    re.IGNORECASE,
)
_NO_ONES = re.compile(  # numbers of publications and codes
    r"(?:PMID|PMCID|PMC|DOI|doi|ISBN|ISSN|NCT|ISRCTN|OMIM|MIM|ICD|LOINC|SNOMED|CUI|CAS|RRID|GenBank|arXiv|EudraCT|UMLS|rs|HP|DOID|/|10\.\d{4})[:#\s.\w/-]{0,12}$"
)
_PHONE_CUE = re.compile(
    r"(?:\b(?:tel|telephone|phone|mobile|cell|fax|pager|call|contact|reach(?:ed)?|number|home|work|text)\b[^\n\d]{0,15}|(?:电话|手机|联系方式|传真|致电|联系)[^\n\d]{0,6})$",
    re.IGNORECASE,
)
_DATE_CUE = re.compile(
    r"\b(?:on|since|dated?|until|by|from|DOB|born|seen|admitted|discharged|visit)\b[: ]{0,2}(?:date[: ]{1,2}|the )?$",
    re.IGNORECASE,
)
_PATIENT_DATE = re.compile(
    r"(?:\b(?:DOB|born(?: on)?|birth|admi(?:tted|ssion)|discharged?|deceased|seen|visit)\b(?: on| date)?[^\w\n]{0,3}|(?:出生|入院|出院|就诊|生于)(?:日期|时间)?[^\w\n]{0,3})$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r" ?(?:mg|mcg|µg|μg|g|kg|ml|mL|L|IU|U|units?|mmol|mmHg|cells|copies|x|cm|mm|kcal|cal|years?|people|patients)(?![A-Za-z])| ?(?:[%×/°]|毫|克|例|人|元|单位|万)"
)
_TOLL_FREE = re.compile(r"\+?1?[ -.]?\(?8(?:00|88|77|66|55|44|33)\b|400")
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Boulevard|Blvd|Way|Terrace|Close|Crescent|Square|Sq|Highway|Hwy|"
    r"Parkway|Pkwy|Circle|Cir|Trail|Row|Walk|Gardens|Streets|Roads|Loop|Alley|Mews|Plaza)"
)
_TAIL = (  # what may follow a street: flat, town, state, code
    r"(?:[,.]?\s{1,3}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|#)\.? ?#?\w+)?(?:,?\s{1,3}[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+){0,2}(?=,? ?[A-Z]{2} \d{5}|, ?[A-Z]{1,2}\d| \d{5}))?"
    r"(?:,?\s{1,3}[A-Z]{2})?(?:,?\s{1,3}(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b)?"
)
_ADDRESS_CUE = re.compile(
    r"(?:家庭住址|现住址|住址|地址|家住|户籍地?|居住地?于?|现住)[:：为是在于]{0,2}\s{0,2}([^，,。；;！!？?\s]{3,40})"
)
_ADDRESS_EN = re.compile(
    r"(?:[Hh]ome address|ADDRESS|[Aa]ddress)(?: is|:)\s{1,3}([^\n;]{4,80}?)(?=[.;\n]|$| and |, (?:phone|tel|DOB))"
)


def _any(text: str, start: int, end: int) -> tuple[int, int] | None:
    return start, end


def _before(text: str, start: int) -> str:
    return text[max(0, start - BEFORE) : start]


def _email(text: str, start: int, end: int) -> tuple[int, int] | None:
    first = start
    while (
        first
        and start - first < 64
        and ((text[first - 1].isalnum() and ord(text[first - 1]) < 0x3400) or text[first - 1] in "._%+'-")
    ):
        first -= 1
    return (first, end) if first < start else None


def _url(text: str, start: int, end: int) -> tuple[int, int] | None:
    return start, start + len(text[start:end].rstrip(".,;:!?)'\"]"))


def _ip(text: str, start: int, end: int) -> tuple[int, int] | None:
    parts = text[start:end].split(".")
    long = sum(len(part) > 1 for part in parts) >= 2 or re.search(r"\bIP\b", _before(text, start))
    return (start, end) if long and all(int(part) < 256 for part in parts) else None


def _numeric_date(text: str, start: int, end: int) -> tuple[int, int] | None:
    parts = [int(part) for part in re.findall(r"\d+", text[start:end])[:3]]
    if len(parts) == 3:
        year_first = parts[0] > 31
        month, day = sorted(parts[1:] if year_first else parts[:2])
        written = re.split(r"\D", text[start:end])
        if not (1 <= month <= 12 and 1 <= day <= 31) or len(written[0 if year_first else 2]) not in (2, 4):
            return None
        if "." in text[start:end] and len(written[0 if year_first else 2]) != 4:
            return None  # 3.1.12 is a section
        return start, end
    month, day = sorted(parts)
    if 1 <= month <= 12 and 1 <= day <= 31 and _DATE_CUE.search(_before(text, start)) and not _UNIT.match(text, end):
        return start, end
    return None


def _patient_date(text: str, start: int, end: int) -> tuple[int, int] | None:
    return (start, end) if _PATIENT_DATE.search(_before(text, start)) else None


def _identity(text: str, start: int, end: int) -> tuple[int, int] | None:
    return (start, end) if identity_checksum(text[start:end]) or re.search(r"身份证|证件", _before(text, start)[-12:]) else None


def _cued(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A number after the name of a record; letters glued to its front belong to it."""
    first = start
    while (
        first and start - first < 12 and ((text[first - 1].isascii() and text[first - 1].isalnum()) or text[first - 1] in "-/")
    ):
        first -= 1
    while text[first] in "-/" and first < start:
        first += 1
    if end - first < 3 or not _RECORD.search(text, max(0, first - BEFORE), first):
        return None
    return None if _UNIT.match(text, end) and not text[end:].startswith("/") else (first, end)


def _long(text: str, start: int, end: int) -> tuple[int, int] | None:
    after = text[end : end + 1]
    if _NO_ONES.search(_before(text, start)) or _UNIT.match(text, end) or (after.isascii() and after.isalnum()):
        return None
    return start, end


def _card(text: str, start: int, end: int) -> tuple[int, int] | None:
    return (start, end) if luhn(text[start:end]) or re.search(r"card|卡", _before(text, start), re.IGNORECASE) else None


def _phone(text: str, start: int, end: int) -> tuple[int, int] | None:
    said = text[start:end]
    digits = re.sub(r"\D", "", said)
    if not 7 <= len(digits) <= 15 or _UNIT.match(text, end) or _NO_ONES.search(_before(text, start)):
        return None
    groups = [len(group) for group in re.findall(r"\d+", said)]
    if len(groups) > 7 or re.fullmatch(r"(?:19|20)\d\d[ -–](?:19|20)\d\d", said):
        return None
    cued = _PHONE_CUE.search(_before(text, start)) is not None
    international = said[0] in "+(" or (said.startswith("00") and len(digits) >= 9)
    if len(groups) == 1:
        sure = bool(re.fullmatch(r"1[3-9]\d{9}", digits)) or (international and len(digits) >= 8)
    elif re.fullmatch(r"(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", said) or re.fullmatch(r"1[3-9]\d[ -]\d{4}[ -]\d{4}", said):
        sure = True
    elif re.fullmatch(r"\d{2}([ .-])\d{2}(?:\1\d{2}){2,3}", said):
        sure = len(digits) == 10 or "-" in said
    else:
        sure = international or (said[0] == "0" and 9 <= len(digits) <= 12) or bool(re.fullmatch(r"\d{3}-\d{4}", said) and cued)
    return (start, end) if sure or cued else None


def _person_phone(text: str, start: int, end: int) -> tuple[int, int] | None:
    """In reference text a toll-free number is a hotline; so is what an organisation prints without a person's cue."""
    cue = r"\b(?:patient|home|mobile|cell|next of kin|mother|father|wife|husband|his|her|my)\b[^\n]{0,25}$|(?:手机|家属|联系人)[^\n]{0,10}$"
    found = _phone(text, start, end)
    return (
        found if found and not _TOLL_FREE.match(text, start) and re.search(cue, _before(text, start), re.IGNORECASE) else None
    )


def _person_email(text: str, start: int, end: int) -> tuple[int, int] | None:
    """In reference text an address at an institution is how to reach it."""
    found = _email(text, start, end)
    return found if found and not re.search(r"\.(?:gov|org|edu|int|nhs\.uk)(?:\.\w+)?$", text[start:end]) else None


def _ninety(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[max(0, start - 14) : start].lower()
    return None if re.search(r"(?:over|under|than|to|≥|>|<|≤|–|-|least|above|大于|超过)\s?$", before) else (start, end)


def _zh_address(text: str, start: int, end: int) -> tuple[int, int] | None:
    """ "...路12号5栋301室": made longer to the left as far as it is an address."""
    left = text[max(0, start - 30) : start]
    if not re.search("[路街巷道弄村里胡同区园苑庄城坊镇]$", left):
        return None
    places = re.search(
        rf"(?:(?:{'|'.join(words('zh_provinces'))})[{HAN}]{{0,24}}|[{HAN}]{{2,3}}[市区县镇][{HAN}]{{0,16}}|[{HAN}]{{2,5}})$",
        left,
    )
    if not places:
        return None
    cut = re.search(r".*(?:住址|地址|家住|住在|现住|位于|居住于|住|于|在|来自|为|是)", places[0])
    return start - len(places[0]) + (cut.end() if cut else 0), end


def _addresses_after_a_cue(text: str, published: bool) -> Iterator[Finding]:
    if "址" in text or "家住" in text or ("住" in text and "现住" in text):
        for match in _ADDRESS_CUE.finditer(text):
            if re.search(r"[省市区县镇乡村路街号]", match[1]):
                yield Finding(match.start(1), match.end(1), "address", "address after a cue", 0.9)
    if not published and ("ddress" in text or "ADDRESS" in text):
        for match in _ADDRESS_EN.finditer(text):
            if "@" not in match[1] and "://" not in match[1] and re.search(r"\d", match[1]):
                yield Finding(match.start(1), match.end(1), "address", "address after a cue", 0.9)


def _month_date(text: str, start: int, end: int) -> tuple[int, int] | None:
    return None if (start and text[start - 1].isalnum()) or _UNIT.match(text, end) else (start, end)


_NO_NAMES = frozenset(
    "The A An This That He She It They We You I In On At For With And Or But If When Where What Who Is Are Was Were Has Have Had Had No Not Yes Any All Some Most Many History "
    "Education Information Care Safety Reported Denies States Presents Please Address Date Age Sex Male Female Unknown None Data Dr Mr Mrs Ms Prof Name Patient Group Center "
    "Centre Hospital Clinic Department Medicine University Health Aid Number Visits Who See How Can Do Does Should Being During After Before Today Currently Also Had Patients "
    "Doctor Nurse Portal Factors Symptoms Population Selection Outcomes Resources".split()
)


def _name(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Capital words after a cue, as far as they may be a name."""
    kept = last = start
    for word in re.finditer(r"[^\s,]+", text[start:end]):
        if word[0].strip(".'’") in _NO_NAMES:
            break
        last, kept = kept, start + word.end()
    if text[kept : kept + 1] == ":":  # "Jane Roe, MRN:": the last word is the next field's
        kept = last
    return (start, kept) if kept > start else None


def _rule(
    kind: str,
    name: str,
    guard: str,
    pattern: str,
    check: Callable[[str, int, int], tuple[int, int] | None] = _any,
    published: bool = False,
    score: float = 0.9,
) -> Rule:
    return Rule(kind, name, guard, re.compile(pattern), check, published, score)


_D = r"[0-9](?<![0-9A-Za-z_][0-9])(?<!\d[.,][0-9])"  # a digit that begins a number
_PHONE = r"(?:\+[0-9]|\((?=\+?[0-9])\+?[0-9]|[0-9](?<![0-9A-Za-z_.,/-][0-9]))[0-9]*(?:[ ().\-‑]{1,3}[0-9]+){0,7}(?![0-9]|[.,/][0-9]|-[0-9A-Za-z])"
RULES = (
    _rule("email", "e-mail", "@", r"@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _email),
    _rule("email", "personal e-mail", "@", r"@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _person_email, True),
    _rule("url", "web address", ":", r"https?://[^\s<>\"）】，。]+", _url),
    _rule("url", "web address", ".", r"www\.[^\s<>\"）】，。]+\.[^\s<>\"）】，。]+", _url),
    _rule("ip", "IP address", "9", _D + r"[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![0-9.]*[0-9])", _ip, True),
    _rule(
        "ip",
        "IPv6 or MAC address",
        ":",
        r"[0-9a-fA-F](?<![\w:].)[0-9a-fA-F]{0,3}(?::[0-9a-fA-F]{1,4}){5,7}(?![\w:])",
        _any,
        True,
    ),
    _rule("identity", "Chinese identity number", "9", r"[1-9](?<![0-9].)[0-9]{16}[0-9Xx](?![0-9A-Za-z])", _identity, True, 1.0),
    _rule("identity", "social security number", "9", _D + r"[0-9]{2}-[0-9]{2}-[0-9]{4}(?![0-9-])", _any, True, 1.0),
    _rule(
        "account",
        "IBAN",
        "9",
        r"[A-Z](?<!\w.)[A-Z][0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){3,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])",
        _any,
        True,
        1.0,
    ),
    _rule(
        "account",
        "payment card",
        "9",
        _D + r"(?:[0-9]{12,18}|[0-9]{3}(?:[ -][0-9]{4}){3}|[0-9]{3}[ -][0-9]{6}[ -][0-9]{5})(?![0-9])",
        _card,
        True,
        0.97,
    ),
    _rule("record", "number after a cue", "9", r"[0-9](?<![0-9].)[0-9A-Za-z]*(?:[-/][0-9A-Za-z]+)*", _cued, True, 0.96),
    _rule(
        "plate",
        "Chinese number plate",
        "9",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]·?[A-Z0-9]{5,6}(?![A-Z0-9])",
        _any,
        True,
    ),
    _rule(
        "date",
        "numeric date",
        "9",
        _D + r"[0-9]{0,3}(?:/[0-9]{1,2}(?:/[0-9]{2,4})?|-[0-9]{1,2}-[0-9]{1,4}|\.[0-9]{1,2}\.[0-9]{2,4})(?![0-9]|[-./][0-9])",
        _numeric_date,
    ),
    _rule("date", "date of a patient", "9", _D + r"[0-9]{0,3}[-./年][0-9]{1,2}[-./月][0-9]{1,4}日?", _patient_date, True),
    _rule(
        "date",
        "Chinese date",
        "9",
        r"[0-9](?<![0-9.].)[0-9]{0,3} ?(?:年 ?[0-9]{1,2} ?月(?: ?[0-9]{1,2} ?[日号])?|月 ?[0-9]{1,2} ?[日号])",
    ),
    _rule(
        "date",
        "day and month",
        "9",
        r"[0-9](?<![0-9A-Za-z.].)[0-9]?(?:st|nd|rd|th)?(?: of)?[ -]"
        + _MONTH
        + r"\b\.?(?:,? ?-?(?:19|20)[0-9]{2}\b|-[0-9]{2}\b)?",
    ),
    _rule(
        "date",
        "month and day",
        "9",
        _MONTH
        + r"\.? (?:[0-9]{1,2}(?:st|nd|rd|th)?(?![0-9%/]|\.[0-9])(?:,? (?:19|20)[0-9]{2}\b)?|(?:of )?(?:19|20)[0-9]{2}\b)",
        _month_date,
    ),
    _rule("phone", "telephone", "9", _PHONE, _phone, False, 0.92),
    _rule("phone", "telephone of a person", "9", _PHONE, _person_phone, True, 0.92),
    _rule("number", "long number", "9", r"[0-9](?<![0-9A-Za-z_.,].)[0-9]{6,}(?![0-9]|[.,][0-9])", _long, False, 0.6),
    _rule(
        "age",
        "age over 89",
        "9",
        r"(?:9[0-9]|1[0-2][0-9])(?<![0-9.,]9[0-9])(?<![0-9.,]1[0-9]{2})(?=[ -]?(?:years?|yrs?|y)[ -/]?\.?(?:old\b|o\b|/o)|[ -]?(?:yo|y/o|YO)\b| ?岁)",
        _ninety,
    ),
    _rule(
        "age",
        "age over 89",
        "9",
        r"[Aa]ged?(?: is|:)? (9[0-9]|1[0-2][0-9])(?![0-9%]|[.-][0-9])(?! or| and (?:over|older))",
        _ninety,
    ),
    _rule(
        "address",
        "street",
        "9",
        r"[1-9](?<![0-9A-Za-z.,/-].)[0-9]{0,4}[A-Za-z]?,? (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z0-9][\w'.-]*\s){1,4}"
        + _STREET
        + r"\b\.?"
        + _TAIL,
    ),
    _rule("address", "post box", "B", r"P\.? ?O\.? Box [0-9]+" + _TAIL),
    _rule("address", "state and ZIP", "9", r"[A-Z](?<!\w.)[A-Z] [0-9]{5}(?:-[0-9]{4})?(?![0-9])"),
    _rule("address", "flat", "9", r"(?:Suite|Apt\.?|Apartment|Flat) #?[0-9]+[A-Z]?\b"),
    _rule("address", "UK postcode", "9", r"[A-Z](?<!\w.)[A-Z]?[0-9][A-Z0-9]? [0-9][A-Z]{2}(?![A-Za-z0-9])"),
    _rule(
        "address",
        "Chinese street",
        "号",
        r"[0-9]+(?:弄[0-9]+)?号(?:院|楼)?(?:[0-9A-Za-z一二三四五六七八九十]+(?:栋|幢|座|号楼|单元|层|楼|室|号|户))*(?:-?[0-9]+(?:-[0-9]+)?室?)?",
        _zh_address,
        True,
    ),
    _rule(
        "address",
        "Chinese place",
        "市",
        rf"(?:{'|'.join(words('zh_provinces'))})(?:省|自治区|壮族自治区)?[{HAN}]{{1,5}}[市县区](?:[{HAN}]{{1,5}}[区县镇乡村])*",
    ),
    _rule(
        "name",
        "title and name",
        " ",
        r"(?:M(?:rs?|s|iss|x)|Dr|Prof(?:essor)?|Sir|Madam|Nurse|Doctor)(?<![a-z](?:Dr|Mr|Ms|Mx))\.? ([A-Z](?:[\w'’-]+|\.)(?: [A-Z](?:\.|['’]?[A-Za-zà-ÿ-]+)){0,2})",
        _name,
    ),
    _rule(
        "name",
        "patient's title and name",
        " ",
        r"M(?:rs?|s|iss|x)(?<![a-z]M[rsx])\.? ([A-Z][a-zà-ÿ'’-]+(?: [A-Z]['’]?[A-Za-zà-ÿ-]+)?)",
        _name,
        True,
    ),
    _rule(
        "name",
        "name after a cue",
        " ",
        r"(?:[Nn]ame|NAME|[Pp]atient|PATIENT|Next of kin|[Ee]mergency contact|[Ss]igned(?: by)?|[Ss]urgeon|[Aa]ttending|[Pp]hysician|[Gg]uardian|Informant|Dictated by|Reviewed by|Reported by|Provider)(?: [Nn]ame)?(?:: {0,3}| is )([A-Z][\w'’-]+(?:[ ,]{1,2}[A-Z](?:\.|['’]?[A-Za-zà-ÿ-]+)){0,3})",
        _name,
        True,
    ),
    _rule(
        "name",
        "name after a cue",
        " ",
        r"(?:[Nn]amed|[Pp]atient|[Mm]y name is|I am|[Hh]usband|[Ww]ife|[Ss]on|[Dd]aughter|[Bb]rother|[Ss]ister|[Mm]other|[Ff]ather),? ([A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+)?)(?=[ ,.]|$)",
        _name,
        False,
        0.7,
    ),
)

_ZH_TITLED = re.compile(r"(?:先生|女士|小姐|太太|阿姨|大爷|大妈|医生|医师|主任|护士|教授|护师|同志|老师)")
_ZH_CUED = re.compile(
    rf"(?:姓\s{{0,4}}名|患者姓名|联系人|签名|签字|主治医师|主管医师|责任护士|记录者|申请医生|报告医师|审核医师|手术者|术者|麻醉医师|家属|监护人|患者|病人|病员|患儿)(?:姓名)?[:：]?\s{{0,3}}([{HAN}]{{2,4}})(?![{HAN}])"
)
_NO_ZH = frozenset(
    "主治 高级 金牌 时间 于是 任何 应当 和平 全科 专科 家属 平时 常规 成人 方面 安静 余无 康复 查房 易感 明确 强烈 温度 白天 黄疸 高热 单纯 关于 何时 解除 终止 包括 连续 经过 万一 元旦 凌晨 农民 曾经 时有 均匀 左侧 右侧 水肿 盛行".split()
)


def chinese_names(text: str) -> Iterator[Finding]:
    """Names after a cue (姓名：) or before a title (先生)."""
    single, compound = frozenset("".join(words("zh_surnames"))), words("zh_compound_surnames")
    for match in _ZH_CUED.finditer(text):
        name = match[1]
        if ((name[0] in single and len(name) < 4) or name.startswith(compound)) and name[:2] not in _NO_ZH:
            yield Finding(match.start(1), match.end(1), "name", "name after a cue", 0.85)
    for match in _ZH_TITLED.finditer(text):
        for size in (4, 3, 2, 1):
            start = match.start() - size
            name = text[max(0, start) : match.start()]
            known = (
                name.startswith(compound) and size > 1
                if size in (4, 2) and name.startswith(compound)
                else name[:1] in single and size < 4
            )
            ends_word = (
                start <= 0
                or not "\u4e00" <= text[start - 1] <= "\u9fff"
                or text[start - 1] in "请是的由找和与给对为叫经请问让至到谢托名位好您患者"
            )
            if start >= 0 and known and re.fullmatch(f"[{HAN}]+", name) and name[:2] not in _NO_ZH and ends_word:
                yield Finding(start, match.start(), "name", "name before a title", 0.8)
                break
