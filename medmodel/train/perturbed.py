"""A sentence made false by one small change: what the support check must refuse.

Each rule changes one thing a clinician acts on (a number, a unit, a "not", a drug, who it is about, a direction, …) and
leaves the rest; None where the sentence has nothing to change. Chance is seeded by the sentence and the rule. Every
result keeps at least four fifths of the sentence's words. `unrelated` is no change: it is another document's sentence.
Not covered: changes that need understanding (a wrong inference, a true sentence of another patient).

    perturbed("Give 5 mg daily.", "number", "en")  ->  "Give 50 mg daily."
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

SEED = 17
KEPT = 0.8  # share of the sentence's words that the claim keeps
ASKED = ("number", "unit", "negation", "drug", "population", "direction")
FURTHER = (
    "swap",
    "route",
    "severity",
    "frequency",
    "certainty",
    "noun",
    "comparator",
    "scope",
    "finding",
)  # beside those asked

_OTHER_DRUGS = (
    "metformin warfarin apixaban ibuprofen prednisone amoxicillin vancomycin furosemide metoprolol amlodipine lisinopril "
    "omeprazole insulin digoxin sertraline lithium phenytoin gabapentin morphine naloxone allopurinol methotrexate "
    "levothyroxine albuterol heparin clopidogrel atorvastatin spironolactone ciprofloxacin doxycycline fluconazole "
    "acyclovir ondansetron haloperidol ketamine propofol hydralazine verapamil amiodarone tamoxifen azathioprine"
).split()
_OTHER_DRUGS_ZH = "二甲双胍 华法林 布洛芬 阿莫西林 万古霉素 呋塞米 氨氯地平 奥美拉唑 地高辛 秋水仙碱 甲氨蝶呤 左甲状腺素 氯吡格雷 阿托伐他汀".split()
_UNITS = {
    "mg": ("g", "mcg"), "mcg": ("mg",), "µg": ("mg",), "g": ("mg", "kg"), "kg": ("g",), "mL": ("L", "mg"), "L": ("mL",), "dL": ("L",),
    "hours": ("days", "minutes"), "hour": ("day", "minute"), "minutes": ("hours", "seconds"), "minute": ("hour",), "seconds": ("minutes",),
    "days": ("weeks", "hours"), "day": ("week", "hour"), "weeks": ("months", "days"), "months": ("years", "weeks"), "years": ("months", "weeks"),
    "mmol/L": ("mg/dL", "µmol/L"), "mg/dL": ("mmol/L", "g/dL"), "mmHg": ("kPa",), "mm Hg": ("kPa",), "cmH2O": ("mmHg",), "units": ("mg",), "mEq": ("mg",),
    "mm": ("cm",), "cm": ("mm",), "%": ("points",), "mg/kg": ("mcg/kg",), "mL/kg": ("L/kg",), "mL/min": ("L/min",), "bpm": ("mmHg",), "percent": ("points",),
    "毫克": ("克", "微克"), "毫升": ("升",), "小时": ("天", "分钟"), "天": ("周", "小时"), "周": ("个月", "天"), "个月": ("年", "周"),
}  # fmt: skip
_DIRECTIONS = {
    "increase": "decrease", "increases": "decreases", "increased": "decreased", "increasing": "decreasing", "higher": "lower", "highest": "lowest",
    "high": "low", "more": "less", "greater": "smaller", "longer": "shorter", "reduce": "increase", "reduces": "increases", "reduced": "increased", "reducing": "increasing",
    "elevated": "lowered", "raised": "lowered", "before": "after", "prior to": "after", "above": "below", "exceed": "fall below", "improve": "worsen", "improves": "worsens",
    "improved": "worsened", "early": "late", "start": "stop", "initiate": "discontinue", "initiation": "discontinuation", "larger": "smaller", "most": "fewest",
    "hypertension": "hypotension", "hyperkalemia": "hypokalemia", "hyperglycemia": "hypoglycemia", "hyponatremia": "hypernatremia", "hyperthermia": "hypothermia",
    "tachycardia": "bradycardia", "upper": "lower", "rises": "falls", "rise": "fall", "gain": "loss", "maximum": "minimum", "systolic": "diastolic", "prevent": "cause",
    "prevents": "causes", "升高": "降低", "增加": "减少", "较高": "较低", "之前": "之后", "低血糖": "高血糖", "低于": "高于", "超过": "低于", "加重": "减轻", "增大": "减小",
}  # fmt: skip
_POPULATIONS = {
    "adults": ("children", "infants", "pregnant women"), "adult": ("pediatric", "pregnant"), "children": ("adults", "older adults"), "infants": ("adults", "adolescents"),
    "infant": ("adult",), "newborns": ("adults",), "newborn": ("adult",), "neonates": ("adults",), "pregnancy": ("old age", "infancy"), "pregnant": ("elderly", "adolescent"),
    "women": ("men", "children"), "men": ("women",), "elderly": ("young", "pediatric"), "older": ("younger",), "females": ("males",), "males": ("females",), "females.": ("males.",),
    "patients": ("pregnant patients", "children", "elderly patients", "patients with renal impairment"), "people": ("pregnant women", "children", "infants"),
    "individuals": ("children", "pregnant women"), "成人": ("儿童", "孕妇"), "患者": ("儿童患者", "妊娠患者"), "孕妇": ("老年人",), "老年人": ("儿童",), "新生儿": ("成人",), "儿童": ("成人",),
}  # fmt: skip
_ROUTES = {
    "oral": "intravenous", "orally": "intravenously", "IV": "oral", "intravenous": "oral", "intravenously": "orally", "subcutaneous": "intravenous", "intramuscular": "oral",
    "inhaled": "oral", "topical": "systemic", "静脉": "口服", "口服": "静脉", "皮下": "静脉",
}  # fmt: skip
_SEVERITIES = {
    "mild": "severe", "moderate": "mild", "severe": "mild", "acute": "chronic", "chronic": "acute", "left": "right", "right": "left", "anterior": "posterior",
    "primary": "secondary", "bilateral": "unilateral", "ischemic": "hemorrhagic", "uncomplicated": "complicated", "stable": "unstable", "重度": "轻度", "严重": "轻度",
    "急性": "慢性", "慢性": "急性", "重症": "轻症",
}  # fmt: skip
_FREQUENCIES = {
    "once daily": "three times daily", "twice daily": "once weekly", "daily": "weekly", "weekly": "daily", "per day": "per week", "monthly": "weekly", "annually": "monthly",
    "twice a day": "four times a day", "every day": "every week", "每日": "每周", "每天": "每周",
}  # fmt: skip
_CERTAINTIES = {
    "may be considered": "must always be given", "may be": "is always", "may": "must", "might": "will certainly", "can be": "must be", "consider": "always require",
    "could": "must", "is reasonable": "is mandatory", "is recommended": "is optional", "should": "may", "must": "may", "required": "optional", "可能": "必然",
}  # fmt: skip
_SCOPES = {
    "all": "few", "only": "also", "most": "all", "some": "all", "any": "no", "majority": "minority", "always": "never", "never": "always", "often": "rarely", "rare": "common",
    "usually": "never", "common": "rare", "both": "neither",
}  # fmt: skip
_FINDINGS = {
    "positive": "negative", "negative": "positive", "sensitivity": "specificity", "benefit": "harm", "inhibits": "activates", "antagonist": "agonist", "agonist": "antagonist",
    "bacterial": "viral", "viral": "bacterial", "dominant": "recessive", "recessive": "dominant", "benign": "malignant", "malignant": "benign",
}  # fmt: skip
_COMPARATORS = {
    ">=": "<", "≥": "<", "<=": ">", "≤": ">", ">": "<", "<": ">", "at least": "at most", "more than": "less than", "less than": "more than", "within": "only after",
    "up to": "at least", "below": "above", "不超过": "至少", "大于": "小于", "小于": "大于",
}  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.,/:-])(\d+(?:\.\d+)?)(?![\w.]*[A-Za-z]*\d)(?![/:]\d)")
_MODAL = re.compile(r"\b(should|must|can|could|may|might|will|would|is|are|was|were|has|have|does|do)\b(?! not)")


def perturbed(text: str, kind: str, language: str = "en") -> str | None:
    """The sentence with one thing changed; None where the rule finds nothing, or would change too much."""
    changed = RULES[kind](text, random.Random(f"{SEED}\n{kind}\n{text}"))
    if changed is None or changed == text or kept(text, changed) < KEPT:
        return None
    return changed


def kept(quote: str, claim: str) -> float:
    """Share of the quote's words that the claim keeps; of its signs, in Chinese."""
    words = re.findall(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+", quote)
    left = re.findall(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+", claim)
    found = 0
    for word in words:
        if word in left:
            left.remove(word)
            found += 1
    return found / max(1, len(words))


def _number(text: str, draw: random.Random) -> str | None:
    spots = [match for match in _NUMBER.finditer(text) if not 1900 < float(match[1]) < 2100]
    if not spots:
        return None
    match = draw.choice(spots)
    value = float(match[1])
    new = draw.choice([value * 10, value * 2, value / 2, value + 1, value * 5, value / 10])
    said = f"{new:.4g}"
    return text[: match.start(1)] + said + text[match.end(1) :] if said != match[1] else None


def _unit(text: str, draw: random.Random) -> str | None:
    names = "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True))
    spots = list(re.finditer(rf"(?<=\d)([\s-]?)({names})(?![A-Za-z/\d])", text))
    if not spots:
        return None
    match = draw.choice(spots)
    return text[: match.start(2)] + draw.choice(_UNITS[match[2]]) + text[match.end(2) :]


def _negation(text: str, draw: random.Random) -> str | None:
    for found, said in (
        (r"\b([Dd])o not (\w+)", r"\1o \2"),
        (r"\bDo NOT (\w)", r"Always \1"),
        (r"\bAvoid\b", "Use"),
        (r"\bavoid\b", "use"),
        (r"\b(?:is|are) contraindicated\b", "is indicated"),
        (r"\b(should|must|may|can|is|are|was|were|did|does|do|has|have) not\b", r"\1"),
        (r"\b(should|must|may|can|is|are|did|does) NOT\b", r"\1"),
        (r"\bnot recommended\b", "recommended"),
        (r"\bcannot\b", "can"),
        (r"\bwithout\b", "with"),
        (r"\bNo (?=\w)", "A "),
        (r"\bno (?=\w)", "a "),
        (r"不应|不宜|不得|不可|不能", "应"),
        (r"禁用", "可用"),
        (r"无需", "需要"),
        (r"不推荐", "推荐"),
        (r"(?<!不)(?<!可)推荐", "不推荐"),
        (r"(?<!不)应(?!用)", "不应"),
        (r"可(?=用|以|考虑)", "不可"),
    ):
        if re.search(found, text):
            return re.sub(found, said, text, count=1)
    spots = list(_MODAL.finditer(text))
    return text[: spots[0].end()] + " not" + text[spots[0].end() :] if spots else None


def _drug(text: str, draw: random.Random) -> str | None:
    from medmodel.rag.support_text import read

    spots = [term for term in read(text).of("drug") if term.words in text]
    if not spots:
        return None
    old = draw.choice(spots).words
    names = _OTHER_DRUGS_ZH if "\u4e00" <= old[0] <= "\u9fff" else _OTHER_DRUGS
    new = draw.choice([name for name in names if name.lower() not in text.lower()])
    return text.replace(old, new.capitalize() if old[0].isupper() and not old.isupper() else new)


def _population(text: str, draw: random.Random) -> str | None:
    return _by_table(text, {word: draw.choice(others) for word, others in _POPULATIONS.items()}, draw)


def _noun(text: str, draw: random.Random) -> str | None:
    """A long word of ordinary kind becomes another one: "asthma" for "pneumonia"."""
    for group in _CHINESE_NOUNS:
        if found := [word for word in group if word in text]:
            return text.replace(found[0], draw.choice([word for word in group if word not in text]))
    spots = [match for match in re.finditer(r"\b[a-z]{5,}\b", text) if match[0] in _NOUNS]
    if not spots:
        return None
    match = draw.choice(spots)
    group = next(group for group in _NOUN_GROUPS if match[0] in group)
    return text[: match.start()] + draw.choice([word for word in group if word != match[0]]) + text[match.end() :]


_NOUN_GROUPS = [
    group.split()
    for group in (
        "asthma pneumonia bronchitis emphysema tuberculosis influenza",
        "stroke infarction embolism thrombosis aneurysm",
        "heart liver kidney lung brain stomach spleen pancreas bladder thyroid skin bone eyes muscles nerves",
        "diabetes hypertension obesity anemia gout arthritis osteoporosis epilepsy migraine depression schizophrenia dementia",
        "fever cough headache nausea vomiting diarrhea constipation fatigue rash pain dizziness seizures swelling jaundice",
        "sodium potassium calcium magnesium phosphate chloride glucose lactate bicarbonate creatinine hemoglobin albumin bilirubin troponin",
        "meningitis endocarditis cellulitis peritonitis pyelonephritis sinusitis appendicitis pancreatitis hepatitis",
        "mortality recurrence bleeding disability hospitalization",
        "platelets neutrophils lymphocytes eosinophils erythrocytes",
        "oxygen blood plasma albumin crystalloids dialysis",
        "surgery radiation chemotherapy immunotherapy transplantation psychotherapy acupuncture",
        "antibiotics antivirals antifungals diuretics steroids vaccines analgesics antihistamines",
        "genes proteins enzymes hormones vitamins lipids",
    )
]
_CHINESE_NOUNS = (
    "脓毒症 哮喘 肺炎 糖尿病 高血压 痛风 房颤 卒中 心力衰竭 癫痫".split(),
    "肾 肝 肺 心 脑 胃".split(),
    "血压 心率 体温 血糖 肌酐 血钾".split(),
    "低血糖 出血 感染 水肿 过敏 腹泻 头痛 发热".split(),
    "抗栓 抗凝 抗感染 降压 补液 透析 手术".split(),
)
_NOUNS = frozenset(word for group in _NOUN_GROUPS for word in group if len(word) > 4)


def _swap(text: str, draw: random.Random) -> str | None:
    """Two quantities, or two drugs that no list joins, in each other's place."""
    from medmodel.rag.support_text import read

    doses = list(
        re.finditer(r"\d+(?:\.\d+)?\s?(?:mg|mcg|g|mL|units|%|hours|days|weeks|months|years|毫克|毫升)(?![A-Za-z/])", text)
    )
    pairs = [(a[0], b[0]) for a, b in pairwise(doses) if a[0] != b[0]]
    than = re.search(
        r"(\w+(?:[ -]\w+)?) (?:over|than|rather than|instead of|is preferred to|before|after) (\w+(?:[ -]\w+)?)", text
    )
    if pairs and len(read(text).of("drug")) > 1:
        one, other = draw.choice(pairs)
    elif than and than[1].lower() != than[2].lower() and read(than[1]).of("drug") and read(than[2]).of("drug"):
        one, other = than[1], than[2]
    else:
        return None
    return re.sub(rf"{re.escape(one)}|{re.escape(other)}", lambda match: other if match[0] == one else one, text)


def _by_table(text: str, table: Mapping[str, str], draw: random.Random) -> str | None:
    names = "|".join(
        rf"(?<![\w-]){re.escape(word)}(?![\w-])" if word.isascii() and word[0].isalpha() else re.escape(word)
        for word in sorted(table, key=len, reverse=True)
    )
    spots = list(re.finditer(names, text))
    if not spots:
        return None
    match = draw.choice(spots)
    return text[: match.start()] + table[match[0]] + text[match.end() :]


def _table(table: Mapping[str, str]) -> Callable[[str, random.Random], str | None]:
    return lambda text, draw: _by_table(text, table, draw)


RULES: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "number": _number,
    "unit": _unit,
    "negation": _negation,
    "drug": _drug,
    "population": _population,
    "direction": _table(_DIRECTIONS),
    "swap": _swap,
    "route": _table(_ROUTES),
    "severity": _table(_SEVERITIES),
    "frequency": _table(_FREQUENCIES),
    "certainty": _table(_CERTAINTIES),
    "noun": _noun,
    "comparator": _table(_COMPARATORS),
    "scope": _table(_SCOPES),
    "finding": _table(_FINDINGS),
}


def unrelated(number: int, sentences: Sequence[tuple[str, str]]) -> str:
    """A sentence of another document; `sentences` are (document id, text)."""
    draw = random.Random(f"{SEED}\nunrelated\n{number}\n{sentences[number][1]}")
    others = [text for document, text in draw.sample(sentences, min(50, len(sentences))) if document != sentences[number][0]]
    return others[0] if others else ""
