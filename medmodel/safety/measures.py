"""Vital signs, ages and laboratory values in a text, in one unit each: what a rule compares ("sbp < 90", "age_days < 90").

A number counts only beside its name ("BP 82/40", "sats of 88%", "血压80/50") or its unit ("38.6 °C"). After "below", "target"
or "<" it is a criterion and not a reading, so it is left out. Not covered: tables, and readings in words beyond `words.yaml`.

    measures(read("BP 82/40, sats 88% on air, a 6-week-old"))  ->  {"sbp": [82.0], "dbp": [40.0], "spo2": [88.0], "age_days": [42.0]}
"""

from __future__ import annotations

import re
from typing import NamedTuple

from medmodel.safety.text import Text


class Reading(NamedTuple):
    value: float
    start: int
    end: int


_LINK = (
    r"(?:\s|[:=,(-]|\b(?:is|are|were|was|of|at|now|only|reads?|reading|showed|shows|down|to|fell|about|around|measured?|the|a|has|have|her|his|"
    r"fallen|dropped|came|back|up|on|room|air|just|level|score|rate|today|very|low|high|spiked|reached|rising|persistently|still|with|running|sitting|remains|it|s|shows|say|says|saying|came|home|gone|monitor|hovering|persistent|today|currently|initial)\b"
    r"|为|是|约|只有|只|仅|降至|降到|降|升至|高达|到|达|有|了|测|掉|才|在|左右|评分|数|值|指|脉|氧|百分之)*"
)
_NUMBER = r"(?<![\d.])(\d{1,3}(?:\.\d{1,2})?)(?![\d]|\.\d)"
_NAMES = {  # reading -> the names it goes by, as patterns
    "spo2": r"spo2|sp02|sao2|o2 sats?|oxygen (?:saturations?|sats?|levels?)|oxygen|\bsats?|saturat(?:ion|ions|ing)|血氧饱和度|血氧|氧饱和度?",
    "hr": r"\bhr|heart ?rate|pulse(?: rate)?|heart (?:is )?(?:beating|going|racing)(?: at)?|心率|脉搏|心跳",
    "rr": r"\brr|resp(?:iratory|iration)?s?(?: rate)?|breathing(?: rate)?|呼吸(?:频率)?",
    "glucose": r"(?:blood |serum |plasma |finger.?(?:stick|prick) |capillary )?(?:glucose|sugars?)|\bbm|\bcbg|\bbgl?|血糖",
    "gcs": r"\bgcs|glasgow(?: coma)?(?: scale| score)*|格拉斯哥(?:昏迷)?",
    "ketones": r"ketones?|血酮体?|酮体|羟丁酸",
    "lactate": r"lactate|乳酸",
    "potassium": r"potassium|\bk\+?(?= )|血钾|钾",
    "sodium": r"sodium|\bna\+?(?= )|血钠",
    "calcium": r"calcium|血钙",
    "hb": r"\bhb|\bhgb|ha?emoglobin|血红蛋白|血色素",
    "platelets": r"platelets?(?: count)?|\bplts?|血小板",
    "neutrophils": r"neutrophils?(?: count)?|\banc|中性粒(?:细胞)?",
    "inr": r"\binr",
    "ph": r"\bph",
    "crt": r"\bcrt|cap(?:illary)? refill(?: time)?|毛细血管(?:再)?充盈(?:时间)?",
    "pef": r"peak (?:expiratory )?flow|\bpe?fr?\b",
    "qtc": r"\bqtc?\b(?: interval)?",
    "creatinine": r"creatinine|肌酐",
    "bilirubin": r"bilirubin|胆红素",
    "troponin": r"troponin|肌钙蛋白",
}
_PATTERNS = {name: re.compile(rf"(?:{names}){_LINK}{_NUMBER}") for name, names in _NAMES.items()}
_CUES = {name: re.compile(names) for name, names in _NAMES.items()}
_AFTER = {  # the number first
    "spo2": re.compile(r"\b(\d{2}) ?%(?: on| sat| oxygen| o2| spo2| \(?room)"),
    "hr": re.compile(r"(?<!吸)(?<!呼吸频率)\b(\d{2,3}) ?(?:bpm|beats)"),
    "rr": re.compile(r"\b(\d{2,3}) ?(?:breaths|/ ?min resp)"),
    "glucose": re.compile(r"\b(\d{1,3}(?:\.\d)?) ?(?:mmol/l|mg/dl)(?= (?:glucose|sugar))"),
}
_PRESSURE = re.compile(
    rf"(?:blood pressure|\bbp|b/p|\bsbp|systolic(?: bp| pressure| blood pressure)?|血压|收缩压|\bpressure){_LINK}(?<![\d.])(\d{{2,3}})(?:mmhg)?(?:\s?(?:/|over)\s?(\d{{2,3}}))?(?!\d)"
)
_BARE_PRESSURE = re.compile(r"(?<![\d./])(\d{2,3})\s?(?:/|over)\s?(\d{2,3})(?![\d/])(?! ?(?:mcg|mg|microg|ug|vision|puff|%))")
_TEMPERATURE = re.compile(
    rf"(?:temp(?:erature)?s?|\bt|fever|febrile|thermometer|\bhot|burning up|体温|发热|发烧|高烧|高热|低热|烧到|烧){_LINK}{_NUMBER}\s?(?:°|º|degrees?|度)?\s?([cf]\b)?"
)
_DEGREES = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d{1,2})?)\s?(?:°|º|degrees?\s?|度)\s?([cf]\b)?|(?<![\d.])(\d{2,3}(?:\.\d)?)\s?([cf])\b"
)
# A bare 38.9 is a temperature: no other reading of a patient is written so without a unit.
_BARE_TEMPERATURE = re.compile(
    r"(?<![\d./])(3[89]|4[01])\.\d(?![\d.%])(?! ?(?:%|kg|kilos|cm|mm|mg|ml|mcg|mmol|g\b|weeks|wks|years|days|months|hours|x|/|岁|周|公斤|厘米))"
)
_AGES = (
    (re.compile(r"(?<![\d.])(\d{1,3})[\s-]*(?:years?|yrs?|y)[\s-]*(?:olds?|o\b)"), 365.25),
    (re.compile(r"\bage[ds]?(?: of)? (\d{1,3})\b(?! (?:weeks|months|days))"), 365.25),
    (re.compile(r"\b(\d{2})\s?(?:yo|y/o|m|f)\b(?! ?/)"), 365.25),
    (re.compile(r"\b(?:he|she|who|mother|father|mum|dad|wife|husband) (?:is|'s) (\d{1,2})\b(?! (?:weeks|months|days|hours|kg|%|min|cm))"), 365.25),
    (re.compile(r"(\d{1,3})\s?岁(?!以)"), 365.25),
    (re.compile(r"(?<![\d.])(\d{1,2}|an?|one)[\s-]*(?:months?|mths?|mo)[\s-]*olds?"), 30.4),
    (re.compile(r"(?<![\d.])(\d{1,2}|an?|one)[\s-]*(?:weeks?|wks?)[\s-]*olds?"), 7.0),
    (re.compile(r"(?<![\d.])(\d{1,3}|an?|one)[\s-]*(?:days?)[\s-]*olds?"), 1.0),
    (re.compile(r"born (?:only |just |about )?(\d{1,2}|an?|one) months? ago"), 30.4),
    (re.compile(r"born (?:only |just |about )?(\d{1,2}|an?|one) weeks? ago"), 7.0),
    (re.compile(r"born (?:only |just |about )?(\d{1,2}|an?|one) days? ago|born (?:yesterday|today|this)"), 1.0),
    (re.compile(r"(?:才|刚|满|未满|不到|出生)*(\d{1,2})个(?:多|半)?月(?:大|龄|的?(?:女|男|小)?(?:婴|宝|孩|儿))|出生(?:才|刚|后)?(\d{1,2})个月|(?:宝宝|婴儿|孩子|儿子|女儿|娃)(?:才|刚|只有|刚满|满|现在)?(\d{1,2})个月"), 30.4),
    (re.compile(r"(\d{1,2})周(?:大|龄|的?(?:女|男|小)?(?:婴|宝|孩|儿))|出生(?:才|刚|后)?(\d{1,2})周"), 7.0),
    (re.compile(r"出生(?:才|刚|后|第)?(\d{1,3})天|(\d{1,3})天(?:大|龄|的?(?:女|男|小)?(?:婴|宝|孩|儿|新生))|生后(\d{1,3})天|刚?满月"), 1.0),
)  # fmt: skip
_GESTATION = re.compile(
    r"(\d{1,2})(?:\s?\+\s?\d)?[\s-]*(?:weeks?|wks?)[\s-]*(?:\w+ )?(?:pregnan|gestation|along|gone|gravid)|pregnan\w*(?: \w+)? (?:at |of )?(\d{1,2})(?:\s?\+\s?\d)? (?:weeks|wks)"
    r"|\bat (\d{1,2}) weeks\b(?! old| ago)"
    r"|(?:\bi am|\bim|i'm|\bshe|wife|daughter|sister|partner|girlfriend|patient|now|,|^)(?: is| about| only| nearly| almost)? ?(\d{2})(?:\s?\+\s?\d)? ?(?:weeks|wks?)\b(?! old| ago| post| after| since| of| later| on)|孕(\d{1,2})\+?\d?周|(?:妊娠|怀孕|孕)(?:期)?(\d{1,2})\+?\d?周"
)
_MINUTES = re.compile(
    r"(?<![\d.])(\d{1,3})[\s-]*(?:plus |\+ ?)?(?:minutes?|mins?)\b(?! (?:after|before|walk|drive))|(\d{1,3})多?分钟"
)
_BURN = re.compile(
    r"(\d{1,2}) ?% (?:\w+ ){0,3}(?:tbsa|bsa|body|burn)|burns?[^.?!]{0,30}?(\d{1,2}) ?%|烧伤[^。]{0,10}?(\d{1,2})%"
)
_RANGES = {  # what a reading can be; anything else is another number
    "spo2": (40, 100), "hr": (15, 280), "rr": (3, 90), "glucose": (0.3, 99), "gcs": (3, 15), "ketones": (0.1, 15),
    "lactate": (0.3, 25), "potassium": (1.5, 10), "sodium": (95, 190), "calcium": (0.8, 6), "hb": (15, 250), "platelets": (0, 999),
    "neutrophils": (0, 60), "inr": (0.8, 25), "ph": (6.6, 7.8), "crt": (1, 15), "pef": (5, 900), "qtc": (300, 800),
    "creatinine": (10, 3000), "bilirubin": (0, 900), "troponin": (0, 99999), "sbp": (35, 290), "dbp": (15, 180), "temp": (26, 43.5),
}  # fmt: skip
_CRITERION = re.compile(
    r"(?:below|under|above|over|less than|more than|target|goal|aim|threshold|cut.?off|[<>≤≥]|低于|高于|目标)[^,.;]{0,8}$"
)
MMOL = 18.0  # mg/dl of glucose in one mmol/l
_MG_FROM = 40.0  # a glucose of more than this without a unit is in mg/dl: 40 mmol/l is written with its unit


def measures(text: Text) -> dict[str, list[Reading]]:
    """Every reading by name. Units: mmHg, %, per minute, °C, mmol/l, g/l, 10⁹/l, days of age, weeks of gestation, minutes."""
    flat = text.flat
    if not re.search(r"\d|born|满月|one|an? (?:day|week|month)", flat):
        return {}
    found: dict[str, list[Reading]] = {}

    def keep(name: str, value: float, start: int, end: int) -> None:
        low, high = _RANGES.get(name, (0, 1e6))
        if low <= value <= high:
            found.setdefault(name, []).append(Reading(value, start, end))

    for name, cue in _CUES.items():
        if cue.search(flat):
            for match in _PATTERNS[name].finditer(flat):
                keep(name, _unit(name, float(match[1]), flat[match.end() : match.end() + 8]), *match.span())
    for name, pattern in _AFTER.items():
        for match in pattern.finditer(flat):
            keep(name, _unit(name, float(match[1]), match[0]), *match.span())
    for match in _PRESSURE.finditer(flat):
        keep("sbp", float(match[1]), *match.span())
        if match[2]:
            keep("dbp", float(match[2]), *match.span())
    for match in _BARE_PRESSURE.finditer(flat):
        high, low = float(match[1]), float(match[2])
        if _CRITERION.search(flat, max(0, match.start() - 20), match.start()):
            continue
        if 60 <= high <= 260 and 30 <= low <= 150 and high - low >= 10:
            keep("sbp", high, *match.span())
            keep("dbp", low, *match.span())
    for pattern in (_TEMPERATURE, _DEGREES):
        for match in pattern.finditer(flat):
            value, unit = (match[1], match[2]) if match[1] else (match[3], match[4])
            degrees = float(value)
            fahrenheit = unit == "f" or (unit != "c" and 93 <= degrees <= 110)
            keep("temp", (degrees - 32) / 1.8 if fahrenheit else degrees, *match.span())
    for match in _BARE_TEMPERATURE.finditer(flat):
        if not any(one.start <= match.start() < one.end for readings in found.values() for one in readings):
            keep("temp", float(match[0]), *match.span())
    for pattern, days in _AGES:
        for match in pattern.finditer(flat):
            written = next((group for group in match.groups() if group), "30" if "满月" in match[0] else "1")
            number = float(written) if written[0].isdigit() else 1.0
            keep("age_days", number * days, *match.span())
    for name, pattern in (("gestation", _GESTATION), ("minutes", _MINUTES), ("burn", _BURN)):
        for match in pattern.finditer(flat):
            keep(name, float(next(group for group in match.groups() if group)), *match.span())
    return found


def _unit(name: str, value: float, after: str) -> float:
    """The value in the unit that rules are written in."""
    if name == "glucose" and ("mg" in after or (value > _MG_FROM and "mmol" not in after)):
        return value / MMOL
    if name == "hb" and value < 25 and not after.startswith((" g/l", "g/l")):
        return value * 10
    if name == "calcium" and value > 5 and "mmol" not in after:
        return value / 4
    return value
