"""Does a question describe a patient, and does it ask what the patient may have or what to do?

By words alone: an age ("74M" in a note, too), a patient in the singular who has or takes something, or the writer's own body.
"Which anticoagulant in a patient with atrial fibrillation?" is a question on a subject, and no case. Not covered: cases told
without any of these.

    described("A 54-year-old man has had a headache since morning.")      # True
"""

from __future__ import annotations

import re

READ = 4_000  # characters: a case says by then that it is one
_AGE = re.compile(
    r"\b\d{1,3}[\s-]*(?:years?|yrs?|months?|weeks?|days?)[\s-]*old\b|\b\d{1,3}\s*(?:yo|y/o)\b|\baged \d{1,3}\b|\d{1,3}\s*(?:岁|个月大|月龄)",
    re.I,
)
# "74M", "(34 F)" of a note; 102F is a temperature, 16F a catheter, 18F-FDG a tracer
_NOTED = re.compile(
    r"(?:(?<![\w.-])(?!(?:9[5-9]|10\d)F)\d{1,3}[MF]|(?:^|[.;:,(]\s?)\d{1,3} [MF])(?=[\s,.;:)]|$)(?!\s?(?:catheter|Foley|sheath|needle|urea|NaCl|solution|PET))"
)
_PERSON = (
    r"(?:wo)?m[ae]n|patient|boy|girl|child|infant|baby|newborn|lady|gentleman|mother|father|son|daughter|wife|husband|student"
    r"|runner|farmer|smoker|teacher|driver|worker"
)
_ONE = re.compile(
    rf"(?:^|[.!?]\s+)(?:A|An|My|Our|This|The)\s(?:[\w-]+\s){{0,3}}(?:{_PERSON})\b[^.?!]{{0,80}}?\s(?:has|had|is|was|presents|comes|"
    rf"takes|took|develops?|complains|feels|weighs|wakes|collapsed|fell|arrives|needs|with)\b|\b(?:[Mm]y|[Oo]ur|[Tt]his)\s(?:{_PERSON})\b"
    r"|\b(?:[Ss]he|[Hh]e)\s(?:has|had|is|takes|took|feels|complains)\b|\bI\s(?:have|had|am|feel|take|took|woke|can't|cannot)\b|\bI'(?:m|ve (?:got|had|been))\b"
    r"|\bM(?:r|rs|s)\.?\s[A-Z]|\bsince (?:this morning|yesterday|last night|\w+ days)\b"
    r"|\b[Mm]y\s(?:(?:left|right|lower|upper)\s)?(?:chest|calf|shoulder|head|back|knee|leg|arm|throat|stomach|belly|heart|eye|ear|foot|neck|face|breathing)\b",
)
_ONE_ZH = re.compile(
    r"(?:^|[，。；\s])(?:患者|病人)?[男女](?:性|，|,|士)|我(?:的|今|昨|最近|有|一直|突然|胸|头|肚|妈|爸|爱人|孩子)|(?:患者|病人)(?:今|昨|突|近|因|\d)"
    r"|(?:^|[，。；\s])(?:孩子|宝宝|女儿|儿子|爸爸|妈妈|爷爷|奶奶|外公|外婆|老公|老婆|丈夫|妻子|父亲|母亲)|今天|昨天|今早|昨晚|最近"
)
_WHAT = re.compile(
    r"\bwhat (?:could|can|might|may|else|is|'s|are|should|to|must|do|would|comes|now)\b|what's|\bdiagnos|\bdifferential\b|\bcauses?\b|\bwhy\b"
    r"|\brule out\b|\bmust not\b|\bmissed\b|\bworr(?:y|ied)\b|\bserious\b|\bdangerous\b|\bmanag|\bnext step|\bwhat now\b|\bwork-?up\b|\btests?\b"
    r"|什么病|什么原因|可能是|诊断|鉴别|怎么办|怎么处理|如何处理|下一步|什么问题|什么情况|严重吗|要紧吗|危险吗|检查|为什么",
    re.IGNORECASE,
)

_OTHER = re.compile(
    r"\bdos(?:e|es|age|ing)\b|\bhow (?:much|many|long|often|soon|fast)\b|\bwhich\b|\bcontraindicat|\binteract|\btargets?\b|\bscore\b"
    r"|\b(?:can|may|should|shall|must|do|is)\b[^?]{0,60}\b(?:tak(?:e|ing)|giv(?:e|en|ing)|start(?:ed)?|stop(?:ped)?|switch(?:ed)?|continue[ds]?|hold|used?"
    r"|prescribed?|add(?:ed)?|increased?|reduced?|bridged?|go down)\b|\b(?:can|may)\b[^?]{0,60}\bhave (?:an?|the|his|her|my)\b"
    r"|剂量|多少|用量|几(?:毫克|片|天)|哪(?:种|个)|能(?:不能)?(?:吃|用|停|做)|可以(?:吃|用|停|做)|要不要(?:吃|用|停)|要(?:吃|用|停)",
    re.IGNORECASE,
)
_TOLD_TO = re.compile(
    r"\b(?:tell|give|name|need|want|calculate|advise)\b[^.]{0,40}\bdos|\bdose (?:of|for)\b|剂量$|用量$", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def described(question: str) -> bool:
    """Whether one patient is described."""
    text = question[:READ]
    return bool(_AGE.search(text) or _NOTED.search(text) or _ONE.search(text) or _ONE_ZH.search(text))


def asks_what(question: str) -> bool:
    """Whether it asks what it could be, or what to do. Whoever tells a case and ends in another question, or in none, does so
    too, unless it is for a drug, a dose or a number."""
    if _WHAT.search(question[:READ]):
        return True
    sentences = [sentence.strip() for sentence in _SENTENCE.split(question.strip()) if sentence.strip()]
    asked = [sentence for sentence in sentences if sentence.endswith(("?", "？"))]
    if asked:
        return not _OTHER.search(asked[-1])
    return not (sentences and _TOLD_TO.search(sentences[-1].rstrip("。.!！")))
