"""One spelling for what is written in many ways, before a sentence is read: "half an hour" -> "30 minutes", "two or three" -> "2–3".

Regular expressions in the order they apply; each makes one meaning one text, so that `support_text.py` compares like with like.
Both claim and quote go through it. Quantities in words are most of it: periods, shares, ranges, powers of ten, Chinese numerals.
Not covered: what needs more than its own few words ("the day after").

    spelt("a fortnight")     # "2 weeks"
"""

from __future__ import annotations

import re
from typing import Any

from medmodel.rag import units


def spelt(text: str) -> str:
    """Signs that have several code points, as one; thousands without commas; "-" for a minus, "–" for a range."""
    text = text.translate(_SIGNS)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    for found, said in (*_QUANTITIES, *_SPELT):
        text = found.sub(said, text)
    return text


_SIGNS = str.maketrans("μ−\u00a0\u202f％’‑～０１２３４５６７８９．／", "µ-  %'-~0123456789./")
GRADED = re.compile(r"\((?:strong|weak|conditional|moderate|very low|low|high)(?:,| rec)[^()]*\)", re.IGNORECASE)
_TENS = dict(
    zip("thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split(), map(str, (*range(13, 21), *range(30, 100, 10))), strict=True)
)  # fmt: skip
_SMALL = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"


def _either(match: re.Match[str]) -> str:
    """ "Two or three" as "2–3"; "2 or 5" stays."""
    low, high = (int(units.COUNTS.get(found.lower(), found)) for found in (match[1], match[2]))
    return f"{low}–{high}" if high == low + 1 else match[0]


_COUNT = rf"(?:\d+(?:\.\d+)?|{_SMALL})"
_PERIOD = r"(?:minute|hour|day|week|month|year)"
_TIMES = {"once": "1", "twice": "2", "thrice": "3"}
_UNIT = r"(?:mg|mcg|µg|micrograms?|g|grams?|milligrams?|mL|ml|L|lit(?:re|er)s?|units?|IU|tablets?|capsules?|puffs?|doses?|points?|years?|months?|weeks?|days?|hours?|minutes?|cm|mm|mmHg|%)"
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LARGE = {"thousand": 1e3, "million": 1e6, "千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8}
_PER_YEAR = {"2": "every 6 months", "3": "every 4 months", "4": "every 3 months", "6": "every 2 months", "12": "monthly"}


def _value(text: str) -> float:
    """ "two" or "2" as 2."""
    return float(units.COUNTS.get(text.lower(), text))


def _compound(match: re.Match[str]) -> str:
    """ "Forty-five" as "45"."""
    return str(int(_TENS[match[1].lower()]) + int(units.COUNTS[match[2].lower()]))


def _power(match: re.Match[str]) -> str:
    """ "2 x 10^5" as "200000"."""
    return f"{float(match[1] or 1) * 10 ** int(match[2].translate(_POWERS)):.15g}"


def _large(match: re.Match[str]) -> str:
    return f"{_value(match[1]) * _LARGE[match[2].lower()]:.15g}"


def _half(match: re.Match[str]) -> str:
    """ "A day and a half" as "1.5 days"; "half a litre" as "0.5 litre"."""
    return f"1.5 {match[1]}s"


def _share(match: re.Match[str]) -> str:
    """ "9 out of ten" as "90 %", "93 to 97 in a hundred" as "93–97 %"."""
    scale = 10 if match[3].lower() in ("10", "ten") else 1
    ends = [f"{_value(found) * scale:.10g}" for found in (match[1], match[2]) if found]
    return "–".join(ends) + " %"


def _yearly(match: re.Match[str]) -> str:
    """ "Four times a year" as "every 3 months"."""
    count = _TIMES.get(match[1].lower(), f"{_value(_TIMES.get(match[1].lower(), match[1].split()[0])):g}")
    return _PER_YEAR.get(count, match[0])


def _chinese(match: re.Match[str]) -> str:
    """ "四十五" as "45", "十五" as "15"."""
    return str(10 * int(units.COUNTS[match[1]] if match[1] else 1) + int(units.COUNTS[match[2]]))


_QUANTITIES: list[tuple[re.Pattern[str], Any]] = [
    (re.compile(found, re.IGNORECASE), said)
    for found, said in (
        (r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ](one|two|three|four|five|six|seven|eight|nine)\b", _compound),
        (r"(?<![\d.])(?:(\d+(?:\.\d+)?) ?[x×*] ?)10(?:\^|\*\*)?(?<=10)([³-⁸]|10)(?!\d)", _power),
        (r"(?<![\d.])(\d+(?:\.\d+)?) ?[x×*] ?10\^([3-8]|1[0-2])(?!\d)", _power),
        (rf"\b({_COUNT}) (thousand|million)\b", _large),
        (r"(\d+(?:\.\d+)?|[一二两三四五六七八九十])(百万|万|千|亿)(?=[单位国际UIu毫升个/])", _large),
        (rf"\ban? ({_PERIOD}) and a half\b", _half),
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
        (rf"\b({_SMALL}|\d+)- (to|or) (?={_COUNT}\b)", r"\1 \2 "),
        (r"\b(?:one|1|a single) day (?:a|per|each|every|of the|in the|in a) week\b", "once a week"),
        (r"\b(?:on )?(?:two|2) days (?:a|per|each|every|of the|of each|in the|in a) week\b", "twice a week"),
        (rf"\b(?:on )?({_COUNT}) days (?:a|per|each|every|of the|of each|in the|in a) week\b", r"\1 times a week"),
        (r"\bat least once\b(?! (?:(?:daily|weekly|monthly|yearly|a|per|every|each)\b|in (?:\d|two|three|four|five|ten)))|\b(?:one|1) or more times?\b", "at least one"),
        (r"\b(\d\d)\+0(?![\d.])", r"\1"),
        (r"\ban? (day|week|month|year) (?=(?:to|or) (?:an? |\w+ )(?:day|week|fortnight|month|year)s?\b)", r"1 \1 "),
        (rf"\b({_COUNT}(?: ?[-–] ?{_COUNT})?) or (more|greater|fewer|less|over|above|under|below) ({_UNIT})\b", r"\1 \3 or \2"),
        (rf"(\d ?)({_UNIT}) or (more|less|higher|lower|above|below|over|under) (?:per|/|for each|a) (g|gram|kg|mL|L|lit(?:re|er))\b", r"\1\2/\4 or \3"),
        (rf"\b({_COUNT})(?: (?:to|[-–]) ({_COUNT}))?(?: [a-z]+)? (?:in|out of)(?: every)? (10|ten|100|a hundred|one hundred)\b(?![ ,.]?\d| (?:{_UNIT}|thousand|million|years))", _share),
        (r"\b(?:come|comes|coming|came) (?:straight )?off (?=(?:[\w-]+ ){0,2}[\w-]+)", "stop "),
        (r"\bthree[- ]quarters of an hour\b", "45 minutes"),
        (r"\bthree[- ]quarters of\b", "75 % of"),
        (r"\bwithin the (?:past|last|previous|preceding) ", "within "),
        (r"\b(up to|until|under|over|above|below|before|at least|at most) age (?=\d)", r"aged \1 "),
        (r"\bdays? (\d+(?:/\d+){2,})(?![\d/])", lambda match: match[1].replace("/", ", ") + " days"),
        (r"(?<![\d/.])(\d{1,2})/(7|52|12)(?![\d/%.])", lambda match: f"{match[1]} {_FRACTIONS[match[2]]}"),
        (r"(\d[\d.]* ?(?:mg|mcg|µg|micrograms?|g|mL|ml|units?))((?: [a-z]+){0,2}) (daily|a day|per day|each day) or (more|less)\b", lambda match: f"at {'least' if match[4].lower() == 'more' else 'most'} {match[1]}{match[2]} {match[3]}"),
        (r"\b(?:a|one)[- ]quarter of a year\b", "3 months"),
        (r"\b(?:a|one)[- ]quarter of (?!an? (?:hour|year))", "25 % of "),
        (r"\b(second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth) (day|week|month|year)\b", lambda match: f"{_ORDINALS[match[1].lower()]} {match[2]}s"),
        (r"\b(week|day|month) (two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", r"\2 \1s"),
        (r"\b(week|day|month) (\d+)(?=\.(?:\s|$))", r"\2 \1s"),
        (r"\b(hour|day|week|month)s? (\d+(?:, ?\d+)*(?:,? (?:and|or|to) \d+))\b(?! ?(?:\1|%|mg))", r"\2 \1s"),
        (r"\b(?:the )?(?:first|initial|opening) (?:three|3) months of (?:the |her |a )?pregnancy\b|\bearly pregnancy\b", "the first trimester"),
        (r"\b(?:should|must|may|can|need|is|are|do|does) (?:not|never) (?:to )?be (delayed|postponed|left|kept|put off|held|stored|continued|used|given|taken)( for| until)? (?:beyond|past|(?:more|longer|later) than) ", r"should be \1 at most "),
        (r"\bnot to exceed\b|\bwithout exceeding\b|\b(?:must|do|should|may|can) not go (?:above|over|beyond|past)\b", "at most"),
        (r"\bdouble or (?:triple|treble)\b|\b(?:two|2|twice)(?: to|[-–]| or) (?:three|3)(?: times|-?fold)\b", "2 times or 3 times"),
        (r"(?:怀孕|妊娠|孕妇|孕期)的?(?:头|前|最初)(?:三|3)个月", "妊娠早期"),
        (r"孕早期", "妊娠早期"),
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
_FRACTIONS = {"7": "days", "52": "weeks", "12": "months"}  # British notes: "3/12" are three months
_ORDINALS = dict(zip("second third fourth fifth sixth seventh eighth ninth tenth".split(), map(str, range(2, 11)), strict=True))


_SPELT: list[tuple[re.Pattern[str], Any]] = [
    (re.compile(found, re.IGNORECASE), said)
    for found, said in (
        (GRADED.pattern, " "),  # how sure the authors are
        (r"\bshort-acting beta[- ]?2?[- ]?agonists?\b|短效β2?(?:受体)?激动剂", "SABA"),
        (r"\blong-acting beta[- ]?2?[- ]?agonists?\b|长效β2?(?:受体)?激动剂", "LABA"),
        (r"\bsodium-glucose co-?transporter[- ]?2 inhibitors?\b|(?<![A-Za-z])SGLT-?2(?:i\b| ?inhibitors?\b|抑制剂)", "gliflozin"),
        (r"\b(?:dipeptidyl peptidase|DPP)[- ]?4 inhibitors?\b", "gliptin"),
        (r"\bSp?a?O2\b", "saturation"),
        (r"\bHbA1c\b|糖化血红蛋白", "glycohemoglobin"),
        (r"\bvitamin B6\b", "pyridoxine"),
        (r"\bper ?cent\b", "%"),
        (r"\b(" + "|".join(_TENS) + r")\b", lambda match: _TENS[match[1].lower()]),
        (r"(?<=[A-Za-z\d]) ?per (?=(?:kg|kilo(?:gram)?)\b)", "/"),
        (r"/kilo(?:gram)?\b", "/kg"),
        (r"\bm²", "m2"),
        (r"\bnormal saline\b|生理盐水", "0.9 % saline"),
        (r"\bq ?(?=\d+ ?(?:[-–] ?\d+ ?)?min)", "every "),
        (r"(?<=\d) ?(?:times|beats|breaths) (?:per|a|/) ?(?:min\b|minute)", " /min"),
        (r"\b(past|over|under|above|below) the age of (?=\w)", r"\1 "),
        (r"\bfrom (?:the )?age (?:of )?(?=\d)", "at least "),
        (r"\bno later than (\S+ \w+) (?=prior to|before|ahead of)", r"at least \1 "),
        (r"\bbetween (?:the )?ages? (?:of )?(?=\d)", "between "),
        (r"\b(" + _SMALL + r"|\d+) or (" + _SMALL + r"|\d+)\b(?! (?:more|less|fewer|later|older|younger|above|below|over|under|higher|lower))", lambda match: _either(match)),
        (r"月龄", "个月"),
        (r"四分之一", "25%"),
        (r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+) and a half\b", lambda match: f"{units.COUNTS.get(match[1].lower(), match[1])}.5"),
        (r"\b(one|two|three|four|five|six|seven|eight|nine) tenths\b", lambda match: f"{units.COUNTS[match[1].lower()]}0 %"),
        (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"\bhalf an hour\b|\b(?:the )?half hour\b", "30 minutes"),
        (r"\b(?:half a|the first half) year\b", "6 months"),
        (r"\b(?:a )?fortnight\b", "2 weeks"),
        (r"\b(?:inside|(?:in )?under) an? (?=day|week|month|hour|minute|year)", "within 1 "),
        (r"\ban? (day|week|month|hour|minute|year)(?= (?:or (?:more|longer|less)|later|after|before|ago|ahead|prior|without|beyond)\b)", r"1 \1"),
        (r"\b(eleven|twelve|\w+teen|\w+ty|\d+)(?:st|nd|rd|th) (week|day|month|year|birthday)\b", lambda match: f"{match[1]} {'year' if match[2] == 'birthday' else match[2]}s"),
        (r"\b(week|day|month) (\d+)\b(?! ?[-–.%]|\.\d)", r"\2 \1s"),
        (r"(?:[x×*]|times) ?10\^? ?(9|⁹)(?: ?(?:/|per) ?(?:l\b|lit(?:re|er)))?", " billion/L"),
        (r"\b(?:cells|platelets|neutrophils|eosinophils|leukocytes) ?(?:/|per (?=µl|ul|mcl|microlit|mm|lit|l\b))", "/"),
        (r"(\d ?)(mg|mcg|micrograms?|µg|g|mL|units?|grams?|milligrams?) of ([\w-]+(?: [\w-]+)?) ?(?:per|/|for each) ?(?:kg|kilo(?:gram)?)\b( hourly| (?:each|an|per) hour)?", lambda match: f"{match[1]}{match[2]}/kg{'/hour' if match[4] else ''} of {match[3]}"),
        (r"(\d ?)(mg|mcg|micrograms?|µg|g|mL|units?|grams?|milligrams?) (?:for each|a|each) (?:kg|kilo(?:gram)?)\b", r"\1\2/kg"),
        (r"\b(?:per|/) ?kilo\b", "/kg"),
        (r"(?<=\d) ?per(?=/)", ""),
        (r"(\d ?(?:mg|mcg|µg|g|mL|ml|units?)(?:/kg)?) (?:each|an) hour\b|(\d ?(?:mg|mcg|µg|g|mL|ml|units?)(?:/kg)?) hourly\b", lambda match: f"{match[1] or match[2]}/hour"),
        (r"(\d[\d.]* ?(?:mg|mcg|µg|g|mL|units?)(?:/kg)?) (daily|a day|per day|each day) or (less|more|lower|higher)\b", lambda match: f"{'at most' if match[3].lower() in ('less', 'lower') else 'at least'} {match[1]} {match[2]}"),
        (r"每公斤(?:体重)?(?:给|用|予)?(\d+(?:\.\d+)?(?: ?[到至~–-] ?\d+(?:\.\d+)?)?) ?(毫克|微克|克|毫升|mg|mL|g)", r"\1\2/公斤"),
        (r"一刻钟", "15分钟"),
        (r"([一二两三四五六七八九十])个半(?=小时|月)", lambda match: f"{units.COUNTS[match[1]]}.5"),
        (r"半(?=小时|个小时)", "0.5"),
        (r"半(?:年|岁)", "6个月"),
        (r"([一二两三四五六七八九])[到至~-]([一二两三四五六七八九十])(?=个?[月周天年次]|个?小时|分钟|公斤)", lambda match: f"{units.COUNTS[match[1]]}–{units.COUNTS[match[2]]}"),
        (r"([一二三四五六七八九])十(?!分)", lambda match: f"{units.COUNTS[match[1]]}0"),
        (r"十分之一", "10%"),
        (r"[Ⅰ-Ⅻ](?=级|期|度|型)", lambda match: str(ord(match[0]) - 0x215F)),
        (r"[一二三四](?=级)", lambda match: units.COUNTS[match[0]]),
        (r"\b(do not|don['’]t|should not|shouldn['’]t|must not|may not|is not to|are not to|never) ((?:rise|increase|go|go up|fall|drop|take|take off|give|get|receive|be|use|last|run|climb|grow|change)(?: off| up| down)?(?: by)?) (?:more|higher|greater|longer|larger) than ", r"\2 at most "),
        (r"\b(?:should|must|may|can|need|is|are) (?:not|never) (?:to )?exceed ", "should be at most "),
        (r"\bq\s?(\d+)\s?h\b", r"every \1 h"),
        (r"\bbetween (\d[\d.]*)( ?[\w%/]+)? and (?=\d)", r"\1–"),
        (r"(?<=\d)\s?[-–—~]\s?(?=[\d.])|(?<=\d)\sto\s(?=\d)|(?<=\d)%\s?[-–—~至]\s?(?=\d)|(?<=\d)[至到](?=\d)", "–"),
        (r"(?<=\bevery )(two|three|four|six|eight|twelve)(?= hours)", lambda match: units.COUNTS[match[1].lower()]),
        (r"(?<=\d)-? to (?=\d)", "–"),
        (r"(?<=\d) to (?=(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b)", "–"),
        (r"\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve) to (?=(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b|\d)", r"\1–"),
        (r"\b(within|for|after|least|than|last|next|every|further|about) an? (?=day|week|month|hour|minute|year|decade)", r"\1 1 "),
        (r"\bfirst (?=day|week|month|hour|minute|year)", "first 1 "),
        (r"\b(?:one|1)(?: \w+)? in (?:ten|10)\b", "10 %"),
        (r"\b(?:one|1)(?: \w+)? in (?:five|5)\b", "20 %"),
        (r"\b(?:one|1)(?: \w+)? in (?:four|4)\b", "25 %"),
        (r"\bhalf an? (?=minute)", "0.5 "),
        (r"(?:[x×]|times) ?(?:the )?(?:ULN\b|upper (?:limit of normal|normal limit))", "times"),
        (r"\bdouble(?:s|d)?\b|\btwofold\b|\btwice the\b", "2 times"),
        (r"\btrebles?\b|\btriples?d?\b|\bthreefold\b|\bthree times\b(?! (?:daily|a day|per day))", "3 times"),
        (r"(?<=\d)\s?times\b(?= (?:a|per) (?:day|week))", " times"),
        (r"(?<=\d) x (?=\[)", " times "),
        (r"(?<=[A-Za-z%²\d])\s+per\s+(?=kg|m2|m²|min|minute|hour|h\b|day|d\b|week|litre|liter|l\b|dl|ml|kilogram|µl|mcl)", "/"),
        (r"\b(?:1型|type[ -](?:1|I)) ?(?:diabetes(?: mellitus)?|DM)\b|\bT1DM?\b", "type one diabetes"),
        (r"\b(?:type[ -](?:2|II)) ?(?:diabetes(?: mellitus)?|DM)\b|\bT2DM?\b", "typetwo diabetes"),
        (r"\b(can|do|does|did|is|are|was|were|should|must|would|could|has|have|need)n['’]t\b", r"\1 not"),
        (r"\bcannot\b", "can not"),
        (r"\bright (?=time|dose|way|choice|treatment)", "appropriate "),
        (r"\bat once\b|\bright away\b", "immediately"),
        (r"\b(\w+)-free\b", r"no \1"),
        (r"(?<=\w)[- ](lowering|reducing|sparing)\b(?= (?:therap|treat|drug|agent|medic))|(?<=\w)-(lowering|reducing|sparing)\b", r" \1\2agent"),
        (r"\bno(?:t)? (?:effect|benefit) (?:of|from)\b", "no benefit"),
    )
]  # fmt: skip
