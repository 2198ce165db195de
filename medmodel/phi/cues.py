"""Names after a cue ("Patient:", 姓名：), after a title (Mrs.) and, in Chinese, before one (先生).

Sure where they fire, and blind to all else: names that stand alone are the name model's (medmodel/phi/names.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from medmodel.phi.finding import HAN, Finding, any_of, word_set, words

_NO_NAMES = frozenset(
    "The A An This That He She It They We You I In On At For With And Or But If When Where What Who Is Are Was Were Has Have Had Had No Not Yes Any All Some Most Many History "
    "Education Information Care Safety Reported Denies States Presents Please Address Date Age Sex Male Female Unknown None Data Dr Mr Mrs Ms Prof Name Patient Group Center "
    "Centre Hospital Clinic Department Medicine University Health Aid Number Visits Who See How Can Do Does Should Being During After Before Today Currently Also Had Patients "
    "Doctor Nurse Portal Factors Symptoms Population Selection Outcomes Resources".split()
)
_WORD = r"[A-ZÀ-ÞŁŠŽ](?:\.|['’]?[^\W\d_]+(?:['’-][^\W\d_]+)*)"
_PARTICLES = r"(?:(?:van|von|de|da|del|der|den|di|la|bin|al|el|dos|ten|ter) )*"
_TITLED = re.compile(
    rf"(?:M(?:rs|r|s|iss|x)|Dr|Prof|Professor|Sir|Madam|Nurse|Sister|Doctor)(?<![a-z](?:Dr|Mr|Ms|Mx|ir|ad|ur|ss))\.? ({_PARTICLES}{_WORD}(?: {_PARTICLES}{_WORD}){{0,2}})"
)
_PATIENT_TITLED = re.compile(r"M(?:rs|r|s|iss|x)(?<![a-z]M[rsx])\.? ([A-Z][a-zà-ÿ'’-]+(?: [A-Z]['’]?[A-Za-zà-ÿ-]+)?)")
_CUED = re.compile(
    any_of(
        "name|Name|NAME|patient|Patient|PATIENT|Pt|PT|Next of kin|NOK|emergency contact|Emergency contact|signed|Signed|surgeon|Surgeon|attending|Attending|physician|Physician|guardian|Guardian|"
        "Informant|User|Customer|Client|Caller|Contact|Dictated|Reviewed|Reported|Verified|Provider|Consultant|Pathologist|Radiologist|Requester|Referrer|Carer|Witness|Interpreter|Surname|surname|Forename|forename|Author|Scribe|GP|PCP|RE|Re|re"
    )
    + rf"(?: [Nn]ames?)?(?: by)?(?:[.\s]{{0,12}}:\s{{0,3}}| is )({_WORD}(?:[ ,]{{1,2}}{_WORD}){{0,3}})"
)
_LOOSE = re.compile(
    any_of(
        "named|patient|Patient|my name is|My name is|I am|husband|wife|son|daughter|brother|sister|mother|father|uncle|aunt|niece|nephew|partner|neighbour|neighbor|carer|friend"
    )
    + r"(?<![A-Za-z]son),? ([A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+)?)(?=[ ,.)]|$)"
)
_FIELD = re.compile(
    rf"(?:Patient|PATIENT|Patient's|Pt)(?: [Nn]ame| NAME)?:\s{{0,3}}({_WORD}(?:,? {_WORD}){{1,3}})(?=[,;.\n(]|$|  | DOB| MRN)|(?:Name|NAME):\s{{0,3}}({_WORD}(?:,? {_WORD}){{1,3}})(?=[,;\n]| DOB| MRN|  )"
)
_NO_SPACE = re.compile(r"[^\s,]+")
_NOTES = ((_TITLED, "title and name", 0.9), (_CUED, "name after a cue", 0.9), (_LOOSE, "name after a cue", 0.7))
_PUBLISHED = ((_PATIENT_TITLED, "patient's title and name", 0.9), (_FIELD, "name after a cue", 0.9))


def english_names(text: str, published: bool) -> Iterator[Finding]:
    """`published`: a title alone names an author there; a patient is named by a field of a form, or as Mr or Mrs."""
    for pattern, rule, score in _PUBLISHED if published else _NOTES:
        for match in pattern.finditer(text):
            if match.start() and text[match.start() - 1].isalpha():
                continue
            end = _end_of_name(text, match.start(match.lastindex or 1), match.end(match.lastindex or 1))
            if end > match.start(match.lastindex or 1):
                yield Finding(match.start(match.lastindex or 1), end, "name", rule, score)


def _end_of_name(text: str, start: int, end: int) -> int:
    """The capital words after a cue, as far as they may be a name."""
    kept = last = start
    for word in _NO_SPACE.finditer(text, start, end):
        if word[0].strip(".'’") in _NO_NAMES:
            break
        last, kept = kept, word.end()
    if (
        text[kept : kept + 1] == ":" and last > start
    ):  # "Jane Roe, MRN:": the last word is the next field's, but not in "Jane Roe:"
        word_before = text[last:kept].strip(" ,")
        if text[last] == "," or (word_before.isupper() and not text[start:last].isupper()):
            kept = last
    return kept


_ZH_TITLED = re.compile(
    r"(?:先生|女士|小姐|太太|阿姨|大爷|大妈|医生|医师|大夫|主任|副主任|护士|教授|护师|同志|老师|叔叔|奶奶|爷爷)"
)
_ZH_CUED = re.compile(
    rf"(?:姓\s{{0,4}}名|患者姓名|联系人|签名|签字|主治医师|主管医师|责任护士|记录者|申请医生|报告医师|审核医师|手术者|术者|麻醉医师|家属|监护人|收件人|申请人|陪诊人|委托人|经办人|接诊医生|住院医师|经管医师|患者|病人|病员|患儿)(?:姓名)?[:：]?\s{{0,3}}([{HAN}]{{2,4}})(?![{HAN}])"
)
_ZH_BEFORE = frozenset("请是的由找和与给对为叫经问让至到谢托名位好您患者约向遵随见在及了于过将已予归还又也则就再跟同因据")
_ZH_FUNCTION = frozenset("在按的了是与应当可或请向由被把将让使经从对咨询去找看说该")
_HAN_ONLY = re.compile(f"[{HAN}]+")
NO_CHINESE_NAMES = frozenset(
    "麻醉 来说 来讲 主治 高级 金牌 时间 于是 任何 应当 和平 全科 专科 家属 平时 常规 成人 方面 安静 余无 康复 查房 易感 明确 强烈 温度 白天 黄疸 高热 单纯 关于 何时 解除 终止 包括 连续 经过 万一 元旦 凌晨 农民 曾经 时有 均匀 左侧 右侧 水肿 盛行".split()
)


@cache
def chinese_surnames() -> tuple[frozenset[str], frozenset[str]]:
    """Of one character, and of two."""
    return frozenset("".join(words("zh_surnames"))), word_set("zh_compound_surnames")


def chinese_names(text: str) -> Iterator[Finding]:
    """Names after a cue (姓名：) or before a title (先生)."""
    single, compound = chinese_surnames()
    for match in _ZH_CUED.finditer(text):
        name = match[1]
        if ((name[0] in single and len(name) < 4) or name[:2] in compound) and name[:2] not in NO_CHINESE_NAMES:
            yield Finding(match.start(1), match.end(1), "name", "name after a cue", 0.85)
    for match in _ZH_TITLED.finditer(text):
        end = match.start()
        if not (end and "\u4e00" <= text[end - 1] <= "\u9fff"):
            continue
        for size in (4, 3, 2, 1):
            start = end - size
            if start < 0 or not (text[start] in single or text[start : start + 2] in compound):
                continue
            name = text[start:end]
            known = size > 1 if name[:2] in compound else size < 4
            free = not start or not "\u4e00" <= text[start - 1] <= "\u9fff" or text[start - 1] in _ZH_BEFORE
            if (
                known
                and free
                and name[:2] not in NO_CHINESE_NAMES
                and not _ZH_FUNCTION & set(name)
                and _HAN_ONLY.fullmatch(name)
            ):
                yield Finding(start, end, "name", "name before a title", 0.8)
                break
