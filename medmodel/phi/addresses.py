"""Street addresses, postal codes and the lines around them, in English, Chinese and the common European orders.

An address starts at something certain (a number with a street's name, a postal code, "lives at") and is followed word by
word as long as the words look like a part of it: numbers, capital words, "Apt.", commas, line ends. A text in which nobody
types a capital is read as if it had them (`with_capitals`). Not covered: towns alone, and streets without a number whose
last word may mean something else (the name model finds some), directions told in words, lines in lower case in a text that
has capitals.
"""

from __future__ import annotations

import re
from functools import cache

from medmodel.phi.finding import HAN, Finding, any_of, words

SURE = 0.7  # certainty from which on a name is more likely a person's than a street's
LONGEST = 140  # characters of an address
_TYPES = (
    "Street|Str|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Boulevard|Blvd|Way|Terrace|Close|Crescent|Square|Sq|Highway|Hwy|"
    "Bridge|Mount|Mountain|Valley|Village|Ridge|Creek|Landing|Meadow|Meadows|Shore|Shores|Forest|Glen|Haven|Island|Islands|Lake|Lakes|Manor|Vista|Cove|Crossing|Cliff|Cliffs|Estate|"
    "Estates|Heights|Hollow|Junction|Knoll|Knolls|Lodge|Orchard|Turnpike|Pike|Expressway|Freeway|Bypass|Common|Commons|Summit|Viaduct|Ranch|Harbor|Springs|Squares|Courts|Drives|Roads|Lanes|Parks|Hills|"
    "Parkway|Pkwy|Circle|Cir|Trail|Row|Walk|Gardens|Streets|Roads|Loop|Alley|Mews|Plaza|Hill|Grove|Park|Rise|Quay|Pass|Union|Gateway"
)
_NAMED = re.compile(rf" {any_of(_TYPES)}\b")  # the end of a street's name
_NAMED_SURE = frozenset(
    "Street Road Avenue Lane Boulevard Parkway Highway Terrace Alley Mews Turnpike Expressway Freeway Rd Ave Blvd Hwy Pkwy".split()
)
_NO_STREET = frozenset("European Credit Soviet African Student Western Red Chi Henle Heart Nasal Cardiac Cardiopulmonary Gastric".split())  # fmt: skip
_BEFORE_TYPE = re.compile(r"(?:(?:(?<=\s)|(?<=[(\"])|^)[A-ZÀ-Þ][\w'’-]+\.? ?){1,3}$")
_PLACED = re.compile(r"\b(?:on|at|in|near|off|from|outside|to|along|down|behind) $")
_COUNTRIES = frozenset("USA UK Kingdom States America Canada Australia England Scotland Wales Ireland Germany France Spain Italy Austria Switzerland Sweden Norway Denmark Finland Poland Hungary Netherlands Belgium Portugal Greece Cyprus Estonia Uruguay Brazil India China Japan Africa Zealand Tunisia Slovenia Czech Republic Iceland Greenland Greenlander Mexico Argentina Chile Norge Sverige Danmark Suomi Deutschland Österreich Schweiz Italia España Türkiye Turkey Romania Bulgaria Croatia Serbia Slovakia Ukraine Russia Latvia Lithuania Luxembourg Malta Israel Egypt Morocco Nigeria Kenya Ghana Pakistan Philippines Vietnam Thailand Malaysia Singapore Indonesia Korea Taiwan".split())  # fmt: skip
_STREET = re.compile(
    rf"[0-9]{{1,6}}[A-Za-z]?,? (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z0-9À-Þ][\w'.-]*[\w'] ){{1,4}}{any_of(_TYPES)}(?![\w]|\.? [A-Z][a-z]+ [A-Z])\.?"
)
_PREFIXED = re.compile(  # 12 rue de la Paix, Via Roma 5, Calle Mayor 3; the number before it is looked for apart
    r"(?:rue|Rue|avenue|Avenue|Av\.|Avda\.|boulevard|Boulevard|via|Via|calle|Calle|avenida|Avenida|Rua|piazza|Piazza|Plaza|Paseo|Carrer|Ulica|ul\.|C/)(?<![a-z](?:rue|via)) (?:(?:de|du|des|la|le|del|da|do|dos|della|di|d'|al) ?)*(?:(?<=[deuls] )[a-zß-ÿ]{3,}(?= [A-ZÀ-Þ]) ?)?(?:[A-ZÀ-Þ]|(?<=[Rr]ue )[a-zß-ÿ])[\w'’-]+(?: (?:(?:e|y|de|da|do|dos|das|du|des|del|della|di|la) )*[A-ZÀ-Þ][\w'’-]+)*(?:,? (?:n[°º.]? ?)?[0-9]{1,5}[A-Za-z]?\b)?"
)
_NUMBER_BEFORE = re.compile(r"(?<![0-9A-Za-z.,/])[0-9]{1,5}[A-Za-z]?,? $")
_SUFFIXES = tuple(
    "strasse straße str. gasse weg damm ufer ring allé stien bakken backen väg platz allee katu tie gatan gata vägen vej veien gade "
    "gaten laan straat plein utca tér ulice náměstí".split()
)
_SUFFIXED = re.compile(rf"[A-ZÀ-Þ][\w-]*{any_of('|'.join(map(re.escape, _SUFFIXES)))}(?: [0-9]{{1,4}}[A-Za-z]?\b)?")
_STREET_WORDS = tuple(
    "utca útja út tér körút u. street str. str tee tänav põik pst mnt gate gata vei veien vej katu tie terrasse plads strasse straße "
    "cesta ulica rkp. sokak caddesi".split()
)
_STREET_WORD = re.compile(rf"{any_of('|'.join(map(re.escape, _STREET_WORDS)))} [0-9]{{1,4}}\.?")  # Kerek utca 12, Luite tee 87
_STREET_ENDS = frozenset(word[-1] for word in (*_SUFFIXES, *_STREET_WORDS))
_BEFORE_STREET_WORD = re.compile(r"[A-ZÀ-Þ][\w-]+ (?:[a-zß-ÿ]+ )?$")
_INITIAL = re.compile(r"(?<![\w.])[A-ZÀ-Þ]\. $")
_FLAT_BEFORE = re.compile(r"(?:Suite|Ste\.?|Apt\.?|Apartment|Flat|Unit) #?[0-9]+$")
_TOWN_END = re.compile(r"$|[\n,;?!)]|\.(?:\s|$)")  # Apt. 417 Csipkerek Vas
_POST_BOX = re.compile(
    r"(?:P\.? ?O\.? ?Box|PO Box|PSC|Unit|UNIT|CMR|(?:Post|P)?[Bb]ox|Postboks|Postfach|Apartado) [0-9]+,? ?(?:[Bb]ox [0-9]+)?"
)
_BOXES = ("PSC", "Unit", "UNIT", "CMR", "ox", "Postboks", "Postfach", "Apartado")
_STATE_ZIP = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?(?![0-9])")
_UK_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}|[ABCEGHJ-NPRSTVXY][0-9][A-Z] [0-9][A-Z][0-9])(?![A-Za-z0-9])"
)
_FLAT = re.compile(r"(?<![A-Za-z])(?:Suite|Ste\.?|Apt\.?|Apartment|Flat|Unit) #?[0-9]+[A-Z]?\b")
_CUES = (  # each begins with letters only, which lets the search skip
    re.compile(
        r"(?:It's in|It is in|it's in|it is in|address|Address|ADDRESS)(?: (?:of|for) [^\n:]{2,40}? is| to the same:| as| is| was|:| ?-)?(?: now)?\s{1,3}"
    ),
    re.compile(
        any_of(
            "live|living|resid|stay|located|office is|home is|house is|deliver|ship|mail|moved|off|new one|send it|send them|invoice|come|went|go|arrived|parked"
        )
        + r"(?:s|d|ed|es|ing|ery)? (?:at|to|in|on)\s{1,3}"
    ),
    re.compile(
        any_of(
            "corner of|domiciled at|is on|is at|was on|was at|enter on|enter at|park on|stop at|turn on|crash on|fell on|meet at|meet me at"
        )
        + r"\s{1,3}"
    ),
)
_PART = r"(?:[0-9]{1,6}[A-Za-z]?\.?|(?=[^\W\d_a-z])[\w'’.-]+|de|da|do|du|la|el|van|der|den|e|y|na|des|del|di|[a-zß-ÿ]{2,}\.?(?= [0-9])),?"
_SIDE = re.compile(
    rf"(?:(?<=[\s>(\"])|^)({_PART}(?: {_PART})*)[ \n>?]{{0,4}}$"
)  # what stands before a flat: street and number in any order
_STATE_BELOW = re.compile(r"(?<=, )[a-z]{2}(?=,?\s{1,2}[0-9]{4,6}\b)")  # in a text without capitals
_TO_NUMBER = re.compile(
    r"(?!(?:for|with|after|in|since|and|over|about|is|was|has|until|from|by|at|to|on|every|he|she|they)\b)(?:[a-zß-ÿ]{2,}\.? ){1,2}[0-9]{1,4}[A-Za-z]?(?![\w%])"
)
_DECIMAL = re.compile(r"[0-9]+\.[0-9]")
_LETTERS = re.compile("[a-z\u00df-\u052f]+")  # of Latin, Greek and Cyrillic; Chinese has no capitals
_SMALL = frozenset(
    "a an and are as at be but by can come could did do does day days every for from had has have he her here him his hour hours how i if in is it its mg minute minutes ml month "
    "months more my no not of off on or our over pain percent people per she since so tablets than that the their them then there they this times to until was we week weeks were what "
    "when where which who will with year years you your".split()
)
_SHORT = frozenset("fpo apo dpo psc uscgc usns usnv uss cmr".split())  # written in capitals where capitals are written
_TITLES = frozenset("mr ms dr st rd ln ct pl".split())
_NO_HOME = re.compile(r"(?:IP|e-?mail|web|MAC|URL|[Mm]ail) $")  # "IP address"
_MILITARY = re.compile(
    r"(?:(?:USNS|USNV|USS|USCGC|PSC|Unit|UNIT|CMR)\b[^\n]{2,30}\n)?(?:APO|FPO|DPO),? A[AEP] [0-9]{5}(?:-[0-9]{4})?"
)
_CORNERS = re.compile(r"(?:the )?corner of [^\n,;?!]{3,50}? and [^\s.,;?!]+(?: [^\W\d_a-z][\w'’-]*)*")
_NUMBERED = re.compile(  # number, name, number: 41086 Kiannonkatu 98
    r"[0-9]{1,6} (?=[^\W\d_a-z])(?:[^\W\d_a-z][\w'’.-]+ |(?:de|da|do|di|du|la|el|al|van|der) ){1,4}[0-9]{1,4}[A-Za-z]?\.?(?![\w.%/,])"
)
_NUMBERED_AFTER = frozenset((" at ", " to ", " is ", " on "))
_ZIP_CUE = re.compile(
    r"(?:zip(?:[ -]?[Cc]ode)?|Zip(?:[ -]?[Cc]ode)?|ZIP(?:[ -]?[Cc]ode)?|post(?:al)?[ -]?code|Post(?:al)?[ -]?[Cc]ode|PLZ|邮编|邮政编码)(?: is|:|：|为)?:? ?([A-Z]{0,2}[0-9][0-9A-Z]{2,5}(?:[- ][0-9A-Z]{2,4})?)\b"
)
_COUNTRY_CODE = re.compile(rf"{any_of('|'.join(sorted(_COUNTRIES)))}\)?,? ([0-9]{{4,6}})(?![0-9.,%])")
_COUNTRY_ENDS = frozenset(name[-2:] for name in _COUNTRIES)
_BLOCK = re.compile(r"(?:^|\n)[>? ]{0,5}([0-9]{1,6} [^\n:]{3,40}|[A-ZÀ-Þ][^\n:]{2,30} [0-9]{1,4}\.?)\n[>? ]{0,5}$")
_HAN = re.compile(f"[{HAN}]")
_DIGIT = re.compile("[0-9]")
_STATE = re.compile("[A-Z]{2}")
_LAST_WORD = re.compile(r"(\w+)\.$")
_CORNER = re.compile("corner of")
_NUMBERS_BEFORE = re.compile(
    r"(?:(?<=\s)|^)(?:the corner of (?:[0-9]{1,6} )?|(?:USNS|USNV|USS|USCGC|Unit|PSC)(?: [A-Z][\w'-]+)? ?\n?|[0-9]{1,6}(?: [0-9]{1,4})? )$"
)
_HOUSE_NUMBER = re.compile(r" [0-9]{1,5}[A-Za-z]?(?=$|\n|, [A-ZÀ-Þ]| St\b| Apt| Suite)")
_NUMBER_AFTER_NAME = re.compile(  # Nieuwe Baan 473, but not "Smith 54 years"
    r" [1-9][0-9]{0,3}[A-Za-z]?(?![\w%:/-]|[.,][0-9]| ?(?:years?|yrs?|y/?o|old|M|F|male|female|mg|mcg|g|ml|mL|kg|cm|mm|days?|weeks?|months?|hours?|minutes?|times?|units?|IU)\b)"
)
_NUMBER_AFTER_SURE = re.compile(  # Peter Zuidhove 188, but not "Maria 20 tablets"
    r" [1-9][0-9]{0,3}[A-Za-z]?(?=$|[,;?!)\n]|\.(?![0-9])| (?:and|on|is|was|to|at|has|from|near|before|after|until|or|for|belongs)\b)"
)
_CAPITAL_BEFORE = re.compile(r"(?<=[a-zß-ÿ,] )[A-ZÀ-Þ][\w'’-]+ $")  # Pod, of Pod Floriánem 1677
_NUMBER_BEFORE_NAME = re.compile(
    r"(?:(?<=[\s(])|^)(?!(?:19|20)[0-9]{2} )[1-9][0-9]{1,4}[A-Za-z]? $"
)  # 214 Pavlou Drandaki; no year
_BETWEEN = re.compile(
    r"[ ,\n>?.]*(?:(?:[A-ZÀ-Þ][\w'’.-]*|[0-9]{1,6}|and|of|de|la|nan|på|na|van|von|der|no|str|ten)[ ,\n>?.)]+){0,3}"
)
_WORD = re.compile(r"[^\W_][\w'’/.°∆-]*|#[0-9]+|[^\w\s]")
_LINKS = frozenset(
    "corner de la le du des do da dos del della di van der den von zu am an al el the of and u ul nr no n no. str utca út tér st tee puiestee mnt vei ter ten y e na nan".split()
)
_PARTICLES = frozenset("de del della di da do dos la van den am an of".split())  # inside the name of a town
_STOP = frozenset(
    "The A An This That He She It They We You I In On At For With And Or But If When Where What Who Is Are Was Were Has Have Had Not Yes Phone Tel Telephone Fax Email Mobile Dr Mr Mrs Ms Prof DOB Date MRN Name "
    "Patient Please Thanks Regards Signed His Her My Our Your Their To From Re Office Contact Call Insurance Emergency Next Mother Father Wife Husband Son Daughter Age Sex Can Could Will Would NHS Hospital".split()
)
_TYPE_WORDS = frozenset(_TYPES.split("|"))
_ZH_CUE = re.compile(
    r"(?:家庭住址|现住址|住址|地址|通讯处|家住|户籍地?|籍贯|居住地?于?|现住|现居|寄至|寄到|我住)[:：为是在于]{0,2}\s{0,2}([^，,。；;！!？?\s（）()]{3,40})"
)
_ZH_PLACE_SIGN = re.compile("[省市区县镇乡村路街号巷弄]")
_ZH_NUMBER = re.compile(
    r"[0-9]+(?:(?:弄|巷)[0-9]+)?(?:号(?:院|楼|大院)?|栋|幢|弄|组)(?:[0-9A-Za-z一二三四五六七八九十]+(?:栋|幢|座|号楼|单元|层|楼|室|号|户))*(?:-?[0-9]+(?:-[0-9]+)?室?)?"
)
_ZH_STREET = re.compile("(?:[路街巷道弄村里园苑庄城坊镇寓院湾屯寨组]|胡同|小区|大厦|公寓|广场|花苑|新村|家园|社区)$")


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


_BEFORE_TOWN = frozenset("住自在于是系到从去回至籍贯：居")
_AFTER_TOWN = frozenset("人籍")
_ZH_LEFT = re.compile(
    rf"(?:(?:{'|'.join(words('zh_provinces'))})[{HAN}]{{0,24}}|[{HAN}]{{2,3}}[市区县镇][{HAN}]{{0,20}}|[{HAN}]{{2,6}})$"
)
_ZH_CUT = re.compile(r".*(?:住址|地址|家住|住在|现住|现居|位于|居住于|寄至|送至|住|居|于|在|来自|至|为|是|到|往|，)")


def english(text: str, numbers: list[tuple[int, int]]) -> list[tuple[int, int, float]]:
    """Addresses with their certainty; they may overlap. `numbers`: where the digits of the text stand.

    What needs a number of some length after a space, or a word before it, is looked for only where there is one.
    """
    typed, text = text, with_capitals(text)
    spaced = [(start, end) for start, end in numbers if text[start - 1 : start] == " "]
    found = []
    street, numbered = 0, 0  # where the last of each kind ended
    for start, end in numbers:
        after = text[end : end + 2]
        if end - start > 6 or not after or not (after[0] in " ," or after[0].isalpha()):
            continue
        if start >= street and not after[1:].islower() and (match := _STREET.match(text, start)):
            street = match.end()
            before = text[start - 1 : start]
            if not (before.isalnum() or before in ("/", ",", "-") or (before == "." and text[start - 2].isdigit())):
                found.append((start, _follow(text, street), 0.93))
        if start >= numbered and after[0] == " " and after[1:].isalpha() and (match := _NUMBERED.match(text, start)):
            numbered = match.end()
            ahead = text[max(0, start - 4) : start]
            if match[0].upper() == match[0]:
                continue  # WBC 7, PLT 90
            if ahead[-1:] in ("\n", "(", "") or ahead.rstrip(" ?")[-1:] in ("\n", ">", "") or ahead[-4:] in _NUMBERED_AFTER:
                found.append((start, _follow(text, numbered), 0.85))
    found += [(match.start(1), match.end(1), 0.9) for match in _ZIP_CUE.finditer(text)]
    long = coded = country = boxed = suffixed = worded = False
    for start, end in spaced:
        size = end - start
        sign = text[start - 2 : start - 1]
        if size > 3:
            long = long or size > 4
            country = country or (size < 7 and text[max(0, start - 8) : start].rstrip(" ,)")[-2:] in _COUNTRY_ENDS)
        elif size == 1:
            coded = coded or text[end : end + 1].isupper()  # E1 6AN
        if sign.isalpha() or sign == ".":
            word = text[max(0, start - 10) : start - 1]  # the longest of the words has nine letters
            boxed = boxed or word.endswith(_BOXES)
            if sign in _STREET_ENDS:
                suffixed = suffixed or word.endswith(_SUFFIXES)
                worded = worded or word.endswith(_STREET_WORDS)
    if country:
        found += [(match.start(), match.end(), 0.85) for match in _COUNTRY_CODE.finditer(text)]
    rare = [pattern for sign, pattern in (("PO", _MILITARY), ("corner of", _CORNERS)) if sign in text]
    for pattern in (*((_STATE_ZIP,) if long else ()), *((_UK_CODE,) if coded else ()), *rare):
        found += [(match.start(), match.end(), 0.9) for match in pattern.finditer(text)]
    if "Suite" in text or "Apt" in text or "Flat" in text or "Ste" in text or "Apartment" in text:
        for match in _FLAT.finditer(text):
            left = max(0, match.start() - 60)
            block = _BLOCK.search(text[left : match.start()]) or _SIDE.search(text[left : match.start()])
            start = left + block.start(1) if block and _DIGIT.search(block[1]) else match.start()
            found.append((start, _follow(text, match.end()), 0.9))
    if boxed and ("ox" in text or "PSC" in text or "Postboks" in text or "Postfach" in text or "Apartado" in text):
        found += [(match.start(), _follow(text, match.end()), 0.9) for match in _POST_BOX.finditer(text)]
    for match in _SUFFIXED.finditer(text) if suffixed or "str." in text else ():
        if match[0][-1] in "0123456789.":
            initial = _INITIAL.search(text, max(0, match.start() - 4), match.start())
            found.append((initial.start() if initial else match.start(), _follow(text, match.end()), 0.85))
    for match in _STREET_WORD.finditer(text) if worded else ():
        named = _BEFORE_STREET_WORD.search(text, max(0, match.start() - 40), match.start())
        if named:
            found.append((named.start(), _follow(text, match.end()), 0.85))
    for match in _PREFIXED.finditer(text):
        number = _NUMBER_BEFORE.search(text, max(0, match.start() - 8), match.start())
        if number or match[0][-1].isdigit():
            found.append((number.start() if number else match.start(), _follow(text, match.end()), 0.85))
    for match in (match for cue in _CUES for match in cue.finditer(typed)):
        if _NO_HOME.search(typed, max(0, match.start() - 8), match.start()):
            continue
        end = _walk(text, match.end())
        if _DIGIT.search(text, match.end(), end) or (match[0].startswith("corner") and end - match.end() > 8):
            corner = text.startswith("the corner of", match.start() - 4)
            found.append((match.start() - 4 if corner else match.end(), end, 0.93))
    return found


def streets(text: str) -> list[tuple[int, int, float]]:
    """Streets that stand without a number: Elm Road; after "in", "to" and the like also what may be something else, as Inna Loop."""
    found = []
    for kind in _NAMED.finditer(text):
        named = _BEFORE_TYPE.search(text, max(0, kind.start() - 48), kind.start() + 1)
        if not named:
            continue
        start = named.start()
        for word in named[0].split():
            if word not in _STOP:
                break
            start += len(word) + 1
        if start >= kind.start() or not _NO_STREET.isdisjoint(named[0].split()):
            continue
        if kind[0][1:] in _NAMED_SURE or _PLACED.search(text, max(0, start - 9), start):
            found.append((start, kind.end(), 0.8))
    return found


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


def grown(text: str, found: list[Finding]) -> list[Finding]:
    """The findings in order, with each address made longer by what can only be a part of it, and neighbours joined to it."""
    text = with_capitals(text)
    out: list[Finding] = []
    for one in found:
        modelled = one.rule == "name model"
        after = (_NUMBER_AFTER_NAME if one.score < SURE else _NUMBER_AFTER_SURE) if modelled else _HOUSE_NUMBER
        if one.kind == "name" and (number := after.match(text, one.end)):
            one = one._replace(end=number.end(), kind="address")
        if (
            modelled
            and " " in text[one.start : one.end]
            and (before := _NUMBER_BEFORE_NAME.search(text, max(0, one.start - 7), one.start))
        ):
            one = one._replace(start=before.start())
        if one.kind == "address" and not _HAN.match(text, one.end - 1):
            left = _NUMBERS_BEFORE.search(text, max(0, one.start - 26), one.start)
            start = left.start() if left else one.start
            end = _follow(text, one.end)
            if modelled and not left and text[one.start : end].rstrip(".")[-1:].isdigit():
                led = _CAPITAL_BEFORE.search(text, max(0, start - 24), start)
                start = led.start() if led and led[0].strip() not in _STOP else start
            one = one._replace(start=max(start, out[-1].end if out else 0), end=end)
        last = out[-1] if out else None
        if last and one.start < last.end:
            if one.end > last.end:
                out[-1] = last._replace(end=one.end)
        elif last and {last.kind, one.kind} <= {"address", "name"} and last.kind == "address" and _joins(text, last, one):
            out[-1] = last._replace(end=one.end)
        elif last and last.kind == "name" and one.kind == "address" and text[last.end : one.start] in (" ", " and "):
            out[-1] = one._replace(start=last.start)
        else:
            out.append(one)
    return out


def with_capitals(text: str) -> str:
    """A text in which nobody types a capital, letter for letter as it would be with them; any other text as it is."""
    if not text.islower():
        return text
    return _LETTERS.sub(_capital, _STATE_BELOW.sub(lambda state: state[0].upper(), text))


def _capital(word: re.Match[str]) -> str:
    said = word[0]
    if said in _SMALL or said in _LINKS or (said == "s" and word.start()):
        return said
    upper = (len(said) == 2 and said not in _TITLES) or said in _SHORT
    typed = said.upper() if upper else said.capitalize()
    return typed if len(typed) == len(said) else said


def _joins(text: str, last: Finding, one: Finding) -> bool:
    gap = text[last.end : one.start]
    if one.kind == "name":
        return gap in (" and ", ", ") and bool(_CORNER.search(text, max(0, last.start - 16), last.start + 14))
    return len(gap) < 26 and _BETWEEN.fullmatch(gap) is not None


def _follow(text: str, start: int) -> int:
    """The end of an address whose street ends at `start`: what follows belongs to it as far as it ends in a number, a state or a country."""
    end = start
    at, limit, words_since, comma = start, start + 70, 0, False
    for match in _WORD.finditer(text, start, limit):
        gap = text[at : match.start()]
        word = match[0]
        if gap.strip(" \n>?") or gap.count("\n") > 2 or len(gap) > 6:
            break
        at = match.end()
        if word in (",", ".", "#") or (word == "(" and text[at : at + 1].isalpha()) or word == ")":
            comma = word == ","
            continue
        after_comma, comma = comma and "\n" not in gap, False
        if word in ("nan", "nan."):  # a state that a form leaves out
            end = at - len(word) + 3
            continue
        if word in _PARTICLES and text[at : at + 1] == " " and at > end + len(word) + 1:
            continue
        if word in _STOP or not (word[0].isupper() or word[0].isdigit() or word[0] in "#∆"):
            break
        bare = word.rstrip(".")
        if word[0].isdigit() or word[0] == "#":
            if _DECIMAL.match(word):
                break
            if text[at : at + 1] in "/:%" and text[at : at + 1]:
                break
            end = at
            words_since = 0
        elif _STATE.fullmatch(bare) or bare in _COUNTRIES or bare in _TYPE_WORDS:
            end = at - (len(word) - len(bare))
            words_since = 0
        else:
            words_since += 1
            if words_since > 3:
                break
            if text[end - 1].isdigit() and _TOWN_END.match(text, at) and _is_flat(text, end) and "\n" not in text[end:at]:
                end = at - (len(word) - len(bare))
            if (
                after_comma
                and words_since == 1
                and (not text[at : at + 1] or text[at] in ".,\n;)" or text[at : at + 4] == " and")
            ):
                end = at - (len(word) - len(bare))
    return end


def _is_flat(text: str, end: int) -> bool:
    return _FLAT_BEFORE.search(text, max(0, end - 20), end) is not None


def _walk(text: str, start: int) -> int:
    """The end of what looks like an address from `start` on."""
    end = at = start
    for match in _WORD.finditer(text, start, start + LONGEST):
        gap, word = text[at : match.start()], match[0]
        if gap.strip(" \n>?") or len(gap) > 6:
            break
        if word in ".,#":
            at = match.end()
            continue
        first = word[0]
        if first.isupper() and word.rstrip(".:") in _STOP and not (word.startswith("The") and at == start):
            break
        if "\n" in gap and at > start and not (first.isupper() or first.isdigit()):
            break
        if not (first.isupper() or first.isdigit() or word.rstrip(".") in _LINKS or _TO_NUMBER.match(text, match.start())):
            break
        if text[at - 1 : at] == "." and at - start > 3 and text[at - 2 : at - 1].islower() and first.isupper() and at != start:
            before = _LAST_WORD.search(text, start, at)
            if before and len(before[1]) > 4:
                break
        at = match.end()
        certain = first.isdigit() or word.rstrip(".") in _COUNTRIES or _STATE.fullmatch(word) is not None
        if certain or (first.isupper() and "\n" not in text[start : match.start()]):
            end = at  # on a later line a word alone may be the next sentence
    return end - 1 if text[end - 1 : end] == "." else end
