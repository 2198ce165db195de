"""Quantities as people say them, in digits: "a day and a half", "four times a year", "9 out of ten", "2 x 10^5", "四十五".

`COUNTED` holds regular expressions in the order they apply, before those of `spelt.py`. Each turns words that mean one quantity
into one spelling of it; none looks beyond its own few words. Periods come out as "every 3 months", shares as percent.
Not covered: thirds, fractions other than halves and quarters, centuries, Chinese numerals of a hundred and more.

    COUNTED[0][0].sub(COUNTED[0][1], "forty-five")     # "45"
"""

from __future__ import annotations

import re
from typing import Any

from medmodel.rag import units

TENS = dict(
    zip("thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split(), map(str, (*range(13, 21), *range(30, 100, 10))), strict=True)
)  # fmt: skip
SMALL = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"

_FRACTIONS = {"7": "days", "52": "weeks", "12": "months"}  # British notes: "3/12" are three months
_ORDINALS = dict(zip("second third fourth fifth sixth seventh eighth ninth tenth".split(), map(str, range(2, 11)), strict=True))
_COUNT = rf"(?:\d+(?:\.\d+)?|{SMALL})"
_PERIOD = r"(?:minute|hour|day|week|month|year)"
_TIMES = {"once": "1", "twice": "2", "thrice": "3"}
_UNIT = r"(?:mg|mcg|µg|micrograms?|g|grams?|milligrams?|mL|ml|L|lit(?:re|er)s?|units?|IU|tablets?|capsules?|puffs?|doses?|points?|years?|months?|weeks?|days?|hours?|minutes?|cm|mm|mmHg|%)"
_OF = {"10": 10, "ten": 10, "1000": 0.1, "a thousand": 0.1, "10000": 0.01, "10 000": 0.01}  # to percent; of a hundred: 1
_LONE = {"sixes": "six"}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LARGE = {"thousand": 1e3, "million": 1e6, "千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8}
_PER_YEAR = {"2": "every 6 months", "3": "every 4 months", "4": "every 3 months", "6": "every 2 months", "12": "monthly"}


def _value(text: str) -> float:
    """ "two" or "2" as 2."""
    return float(units.COUNTS.get(text.lower(), text))


def _compound(match: re.Match[str]) -> str:
    """ "Forty-five" as "45"."""
    return str(int(TENS[match[1].lower()]) + int(units.COUNTS[match[2].lower()]))


def _power(match: re.Match[str]) -> str:
    """ "2 x 10^5" as "200000"."""
    return f"{float(match[1]) * 10 ** int((match[2] or match[3]).translate(_POWERS)):.15g}"


def _large(match: re.Match[str]) -> str:
    return f"{_value(match[1]) * _LARGE[match[2].lower()]:.15g}"


def _half(match: re.Match[str]) -> str:
    """ "A day and a half" as "1.5 days"; "half a litre" as "0.5 litre"."""
    return f"1.5 {match[1]}s"


def _share(match: re.Match[str]) -> str:
    """ "9 out of ten" as "90 %", "93 to 97 in a hundred" as "93–97 %"."""
    scale = _OF.get(match[3].lower(), 1.0)
    ends = [f"{_value(found) * scale:.10g}" for found in (match[1], match[2]) if found]
    return "–".join(ends) + " %"


def _yearly(match: re.Match[str]) -> str:
    """ "Four times a year" as "every 3 months"."""
    count = _TIMES.get(match[1].lower(), f"{_value(_TIMES.get(match[1].lower(), match[1].split()[0])):g}")
    return _PER_YEAR.get(count, match[0])


def _chinese(match: re.Match[str]) -> str:
    """ "四十五" as "45", "十五" as "15"."""
    return str(10 * int(units.COUNTS[match[1]] if match[1] else 1) + int(units.COUNTS[match[2]]))


COUNTED: list[tuple[re.Pattern[str], Any]] = [
    (re.compile(found, re.IGNORECASE), said)
    for found, said in (
        (r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ](one|two|three|four|five|six|seven|eight|nine)\b", _compound),
        (r"(?<![\d.])(\d+(?:\.\d+)?) ?[x×*] ?10(?:\^([3-8]|1[0-2])|([³⁴-⁸]))(?!\d)", _power),
        (rf"\b({_COUNT}) (thousand|million)\b", _large),
        (r"(\d+(?:\.\d+)?|[一二两三四五六七八九十])(百万|万|千|亿)(?=[单位国际UIu毫升个/])", _large),
        (rf"\b(?:an?|one) ({_PERIOD}|lit(?:re|er)|gram|tablet|milligram) and a half\b", _half),
        (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"\b(?:a|one) decade\b", "10 years"),
        (r"\bthrice\b", "three times"),
        (rf"\b({SMALL})-?fold\b", r"\1 times"),
        (r"\bupwards? of\b", "more than"),
        (r"\b(over|under)[- ]?(\d+)s\b", r"\1 \2 years"),
        (r"\bunder[- ](twos|threes|fours|fives|sixes|tens|twelves)\b", lambda match: f"under {units.COUNTS[_LONE.get(match[1].lower(), match[1].lower()[:-1])]} years"),
        (r"\bin (?:their|his|her) (twent|thirt|fort|fift|sixt|sevent|eight|ninet)ies\b", lambda match: f"aged {TENS[match[1].lower() + 'y']}–{int(TENS[match[1].lower() + 'y']) + 9} years"),
        (r"\b(hours?|days?|weeks?|months?) (to|or) an? (day|week|month|year)\b", r"\1 \2 1 \3"),
        (r"\b(?:a|one)[- ]third of\b|\b1/3 of\b", "33 % of"),
        (r"\btwo[- ]thirds of\b|\b2/3 of\b", "67 % of"),
        (r"(^|\b(?:about|around|roughly|nearly|almost|over|in|to|by|with|than|and) |[,.;] )half of (?!an? )", r"\g<1>50 % of "),  # not "the front half of"
        (r"\bone in two\b", "50 %"),
        (r"\bhalf an? (lit(?:re|er)|gram|tablet|milligram)\b", r"0.5 \1"),
        (r"\bhalf a day\b|\ba half[- ]day\b", "12 hours"),
        (rf"\b(?:a |every )?couple of (?={_PERIOD}|tablets|doses|times)", lambda match: ("every " if match[0].lower().startswith("every") else "") + "2 "),
        (r"\b(?:a|one|the) dozen\b", "12"),
        (r"\b(?:a )?fortnightly\b|\b(?:every|each) fortnight\b|\b(?:every (?:other|second)|on alternate|alternate) weeks?\b", "every 2 weeks"),
        (r"\bevery (?:other|second) day\b|\b(?:on )?alternate days?\b|\bevery (?:two|2) days\b", "every 48 hours"),
        (r"\b(?:every (?:other|second)|alternate) (month|year)s?\b", r"every 2 \1s"),
        (r"\bbiennial(?:ly)?\b", "every 2 years"),
        (r"\btriennial(?:ly)?\b", "every 3 years"),
        (r"\bquarterly\b|\bonce (?:a|per|each|every) quarter\b|\b(?:each|every) quarter\b", "every 3 months"),
        (r"\bbi-?annual(?:ly)?\b|\bsemi-?annual(?:ly)?\b|\bhalf-yearly\b", "every 6 months"),
        (r"\bannual(?=ly|\b)(?! leave)", "yearly"),
        (rf"\b(twice|thrice|{_COUNT} times)(?: (?:a|per|each|every) year|[ -]yearly)\b", _yearly),
        (rf"\bonce (?:in )?(?:every )?(?=(?:{_COUNT}|other) {_PERIOD}s)", "every "),
        (rf"\b(?:each|one every) (?={_COUNT} {_PERIOD}s)", "every "),
        (r"\b(?:at|in) ((?:\w+|\d+)(?:-? (?:to|or) (?:\w+|\d+)|[-–]\d+)?)[- ](minute|hour|day|week|month)(?:ly)? intervals\b", r"every \1 \2s"),
        (r"\b(two|three|four|six|eight|twelve|\d+)-(hour|week|month|year)ly\b", r"every \1 \2s"),
        (rf"\b({SMALL}|\d+)- (to|or) (?={_COUNT}\b)", r"\1 \2 "),
        (r"\b(?:one|1|a single) day (?:a|per|each|every|of the|in the|in a) week\b", "once a week"),
        (r"\b(?:on )?(?:two|2) days (?:a|per|each|every|of the|of each|in the|in a) week\b", "twice a week"),
        (rf"\b(?:on )?({_COUNT}) days (?:a|per|each|every|of the|of each|in the|in a) week\b", r"\1 times a week"),
        (r"\bat least once\b(?! (?:(?:daily|weekly|monthly|yearly|a|per|every|each)\b|in (?:\d|two|three|four|five|ten)))|\b(?:one|1) or more times?\b", "at least one"),
        (r"\b(\d\d)\+0(?![\d.])", r"\1"),
        (r"\ban? (day|week|month|year) (?=(?:to|or) (?:an? |\w+ )(?:day|week|fortnight|month|year)s?\b)", r"1 \1 "),
        (rf"\b({_COUNT}(?: ?[-–] ?{_COUNT})?) or (more|greater|fewer|less|over|above|under|below) ({_UNIT})\b", r"\1 \3 or \2"),
        (rf"(\d ?)({_UNIT}) or (more|less|higher|lower|above|below|over|under) (?:per|/|for each|a) (g|gram|kg|mL|L|lit(?:re|er))\b", r"\1\2/\4 or \3"),
        (rf"\b({_COUNT})(?: (?:to|[-–]) ({_COUNT}))?(?: [a-z]+)? (?:in|out of)(?: every)? (10|ten|100|a hundred|one hundred|1000|a thousand|10000|10 000)\b(?![ ,.]?\d| (?:{_UNIT}|min|hrs?|kg|thousand|million)\b)", _share),
        (r"\b(?:come|comes|coming|came) (?:straight )?off (?=(?:[\w-]+ ){0,2}[\w-]+)", "stop "),
        (r"\bthree[- ]quarters of an hour\b", "45 minutes"),
        (r"\bthree[- ]quarters of\b", "75 % of"),
        (r"\bwithin the (?:past|last|previous|preceding) ", "within "),
        (r"\b(up to|until|under|over|above|below|before|at least|at most) age (?=\d)", r"aged \1 "),
        (r"\bdays? (\d+(?:/\d+){2,})(?![\d/])", lambda match: match[1].replace("/", ", ") + " days"),
        (r"(?<![\d/.])([1-9]|1\d|2[0-4])/(7|52|12)(?![\d/%.])", lambda match: f"{match[1]} {_FRACTIONS[match[2]]}"),
        (r"(\d[\d.]* ?(?:mg|mcg|µg|micrograms?|g|mL|ml|units?))((?: [a-z]+){0,2}) (daily|a day|per day|each day) or (more|less)\b", lambda match: f"at {'least' if match[4].lower() == 'more' else 'most'} {match[1]}{match[2]} {match[3]}"),
        (r"\b(?:a|one)[- ]quarter of a year\b", "3 months"),
        (r"\b(?:a|one)[- ]quarter of (?!an? (?:hour|year))", "25 % of "),
        (r"\b(second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth) (day|week|month|year)\b", lambda match: f"{_ORDINALS[match[1].lower()]} {match[2]}s"),
        (r"\b(week|day|month) (two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", r"\2 \1s"),
        (r"\b(week|day|month) (\d+)(?=\.(?:\s|$))", r"\2 \1s"),
        (r"\b(hour|day|week|month)s? (\d+(?:, ?\d+)*(?:,? (?:and|or|to) \d+))\b(?! ?(?:\1|%|mg))", r"\2 \1s"),
        (r"\b(?:the )?(?:first|initial|opening) (?:three|3) months of (?:the |her |a )?pregnancy\b|\b(?:the )?first (?:12|twelve|13) weeks of (?:the |her |a )?pregnancy\b|\bearly pregnancy\b", "the first trimester"),
        (r"\b(?:should|must|may|can|need|is|are|do|does) (?:not|never) (?:to )?be (delayed|postponed|left|kept|put off|held|stored|continued|used|given|taken)( for| until)? (?:beyond|past|(?:more|longer|later) than) ", r"should be \1 at most "),
        (r"\bnot to exceed\b|\bwithout exceeding\b|\b(?:must|do|should|may|can) not go (?:above|over|beyond|past)\b", "at most"),
        (r"\bdouble or (?:triple|treble)\b|\b(?:two|2|twice)(?: to|[-–]| or) (?:three|3)(?: times|-?fold)\b", "2 times or 3 times"),
        (r"(?:怀孕|妊娠|孕妇|孕期)的?(?:头|前|最初)(?:三|3)个月", "妊娠早期"),
        (r"孕早期", "妊娠早期"),
        (r"隔[天日](?:一次|1次)?", "每48小时一次"),
        (r"[每一]个?季度?(?=[一1]次)|每季度?", "每3个月"),
        (r"三分之([一二])", lambda match: {"一": "33%", "二": "67%"}[match[1]]),
        (r"([一二两三四五六七八九])百(?![一二三四五六七八九十零万分])", lambda match: f"{units.COUNTS[match[1]]}00"),
        (r"[一1](天|日|周|个?月)(?=[二两三四五2-5]次)", lambda match: "每" + match[1].removeprefix("个")),
        (r"([一二两三四五六七八九])[到至~-]([二两三四五六七八九十])(?=倍|片|粒|毫克|毫升|次)", lambda match: f"{units.COUNTS[match[1]]}–{units.COUNTS[match[2]]}"),
        (r"半个月", "15天"),
        (r"个?钟头", "小时"),
        (r"(?:个?礼拜|个星期)", "周"),
        (r"([一二两三四五六七八九])?十([一二三四五六七八九])(?![百千万])", _chinese),
        (r"一两(?=[年月周天日次个片粒])", "1–2"),
        (r"([二两三四五六七八九])([三四五六七八九])(?=[年月周天日次个片粒])", lambda match: f"{units.COUNTS[match[1]]}–{units.COUNTS[match[2]]}" if int(units.COUNTS[match[2]]) == int(units.COUNTS[match[1]]) + 1 else match[0]),
        (r"([一二两三四五六七八九十])个?(?=小时|厘米|毫米|毫升|毫克|片|粒|倍|单位)", lambda match: units.COUNTS[match[1]]),
        (r"(?<=\d)个(?=小时|周)", ""),
        (r"半个(?=小时|月)", "半"),
        (r"([一二两三四五六七八九])天半", lambda match: f"{units.COUNTS[match[1]]}.5天"),
        (r"半个?(?=天)", "0.5"),
    )
]  # fmt: skip
