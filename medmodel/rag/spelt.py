"""One spelling for what is written in many ways, before a sentence is read: "half an hour" -> "30 minutes", "two or three" -> "2–3".

Regular expressions in the order they apply; each makes one meaning one text, so that `support_text.py` compares like with like.
Both claim and quote go through it. Quantities in words come first (`counted.py`).
Not covered: what needs more than its own few words ("the day after").

    spelt("a fortnight")     # "2 weeks"
"""

from __future__ import annotations

import re
from typing import Any

from medmodel.rag import units
from medmodel.rag.counted import COUNTED, SMALL, TENS


def spelt(text: str) -> str:
    """Signs that have several code points, as one; thousands without commas; "-" for a minus, "–" for a range."""
    text = text.translate(_SIGNS)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    for found, said in (*COUNTED, *_SPELT):
        text = found.sub(said, text)
    return text


_SIGNS = str.maketrans("μ−\u00a0\u202f％’‑～０１２３４５６７８９．／", "µ-  %'-~0123456789./")
GRADED = re.compile(r"\((?:strong|weak|conditional|moderate|very low|low|high)(?:,| rec)[^()]*\)", re.IGNORECASE)


def _either(match: re.Match[str]) -> str:
    """ "Two or three" as "2–3"; "2 or 5" stays."""
    low, high = (int(units.COUNTS.get(found.lower(), found)) for found in (match[1], match[2]))
    return f"{low}–{high}" if high == low + 1 else match[0]


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
        (r"\b(" + "|".join(TENS) + r")\b", lambda match: TENS[match[1].lower()]),
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
        (r"\b(" + SMALL + r"|\d+) or (" + SMALL + r"|\d+)\b(?! (?:more|less|fewer|later|older|younger|above|below|over|under|higher|lower))", lambda match: _either(match)),
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
