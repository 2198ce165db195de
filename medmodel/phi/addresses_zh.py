"""Chinese addresses: after a cue such as 住址, a street with its number, or a province or city with the parts that follow it.

Not covered: towns alone without a word before or after them that says somebody lives there.
"""

from __future__ import annotations

import re
from functools import cache

from medmodel.phi.finding import HAN, words

_ZH_CUE = re.compile(
    r"(?:家庭住址|现住址|住址|地址|通讯处|家住|户籍地?|籍贯|居住地?于?|现住|现居|寄至|寄到|我住)[:：为是在于]{0,2}\s{0,2}([^，,。；;！!？?\s（）()]{3,40})"
)
_ZH_PLACE_SIGN = re.compile("[省市区县镇乡村路街号巷弄]")
_ZH_NUMBER = re.compile(
    r"[0-9]+(?:(?:弄|巷)[0-9]+)?(?:号(?:院|楼|大院)?|栋|幢|弄|组)(?:[0-9A-Za-z一二三四五六七八九十]+(?:栋|幢|座|号楼|单元|层|楼|室|号|户))*(?:-?[0-9]+(?:-[0-9]+)?室?)?"
)
_ZH_STREET = re.compile("(?:[路街巷道弄村里园苑庄城坊镇寓院湾屯寨组]|胡同|小区|大厦|公寓|广场|花苑|新村|家园|社区)$")
_BEFORE_TOWN = frozenset("住自在于是系到从去回至籍贯：居")
_AFTER_TOWN = frozenset("人籍")
_ZH_LEFT = re.compile(
    rf"(?:(?:{'|'.join(words('zh_provinces'))})[{HAN}]{{0,24}}|[{HAN}]{{2,3}}[市区县镇][{HAN}]{{0,20}}|[{HAN}]{{2,6}})$"
)
_ZH_CUT = re.compile(r".*(?:住址|地址|家住|住在|现住|现居|位于|居住于|寄至|送至|住|居|于|在|来自|至|为|是|到|往|，)")


def chinese(text: str, cued_only: bool) -> list[tuple[int, int, float]]:
    """`cued_only`: in reference text a place is a fact, unless it is said to be somebody's home."""
    found = []
    if "址" in text or "住" in text or "寄" in text or "居" in text or "户籍" in text or "籍贯" in text:
        for match in _ZH_CUE.finditer(text):
            if _ZH_PLACE_SIGN.search(match[1]):
                found.append((match.start(1), match.end(1), 0.93))
    if cued_only:
        return found
    for match in _ZH_NUMBER.finditer(text):
        left = text[max(0, match.start() - 34) : match.start()]
        if _ZH_STREET.search(left) and (place := _ZH_LEFT.search(left)):
            cut = _ZH_CUT.match(place[0])
            found.append((match.start() - len(place[0]) + (cut.end() if cut else 0), match.end(), 0.9))
    for match in _zh_place().finditer(text):
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if match[1] or before in _BEFORE_TOWN or after in _AFTER_TOWN:
            found.append((*match.span(), 0.88))
    return found


def _area() -> str:
    """Provinces and cities as one pattern, by their first character."""
    by_first: dict[str, list[str]] = {}
    for name in sorted({*words("zh_provinces"), *words("zh_known_cities")}):
        by_first.setdefault(name[0], []).append(name[1:])
    second = "".join(sorted({rest[0] for rests in by_first.values() for rest in rests}))
    branches = "|".join(f"{first}(?:{'|'.join(sorted(rests, reverse=True))})" for first, rests in sorted(by_first.items()))
    return f"(?=[{''.join(sorted(by_first))}][{second}])(?:{branches})"


@cache
def _zh_place() -> re.Pattern[str]:
    """A province or city, and the parts of an address that follow it; compiled when Chinese is first met."""
    return re.compile(
        rf"{_area()}(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区)?"
        rf"((?:[{HAN}]{{1,8}}?(?:市|区|县|旗|州|镇|乡|街道|村|路|街|大道|巷|胡同|小区|花园|公寓|家园|新村|苑|庄|屯|广场|大厦|交叉口|路口|里|城|府|园)"
        r"|[0-9A-Za-z一二三四五六七八九十]{1,5}(?:号楼|号院|号|栋|幢|座|单元|层|楼|室|弄|组|户|队)|[0-9]{1,5}(?:-[0-9]{1,5})*)*)"
    )
