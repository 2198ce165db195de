"""Street addresses, postal codes and the lines around them, in English and the common European orders: where one begins.

An address starts at something certain (a number with a street's name, a postal code, "lives at"); how far it goes from there
is `medmodel.phi.address_ends`. A text in which nobody types a capital is read as if it had them (`with_capitals`). Not
covered: towns alone, and streets without a number whose last word may mean something else (the name model finds some),
directions told in words, lines in lower case in a text that has capitals. Chinese: `medmodel.phi.addresses_zh`.
"""

from __future__ import annotations

import re

from medmodel.phi.address_ends import COUNTRIES, STOP, TYPES, follow, walk, with_capitals
from medmodel.phi.finding import any_of

_NAMED = re.compile(rf" {any_of(TYPES)}\b")  # the end of a street's name
_NAMED_SURE = frozenset(
    "Street Road Avenue Lane Boulevard Parkway Highway Terrace Alley Mews Turnpike Expressway Freeway Rd Ave Blvd Hwy Pkwy".split()
)
_NO_STREET = frozenset("European Credit Soviet African Student Western Red Chi Henle Heart Nasal Cardiac Cardiopulmonary Gastric".split())  # fmt: skip
_BEFORE_TYPE = re.compile(r"(?:(?:(?<=\s)|(?<=[(\"])|^)[A-ZÀ-Þ][\w'’-]+\.? ?){1,3}$")
_PLACED = re.compile(r"\b(?:on|at|in|near|off|from|outside|to|along|down|behind) $")
_STREET = re.compile(
    rf"[0-9]{{1,6}}[A-Za-z]?,? (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z0-9À-Þ][\w'.-]*[\w'] ){{1,4}}{any_of(TYPES)}(?![\w]|\.? [A-Z][a-z]+ [A-Z])\.?"
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
_COUNTRY_CODE = re.compile(rf"{any_of('|'.join(sorted(COUNTRIES)))}\)?,? ([0-9]{{4,6}})(?![0-9.,%])")
_COUNTRY_ENDS = frozenset(name[-2:] for name in COUNTRIES)
_BLOCK = re.compile(r"(?:^|\n)[>? ]{0,5}([0-9]{1,6} [^\n:]{3,40}|[A-ZÀ-Þ][^\n:]{2,30} [0-9]{1,4}\.?)\n[>? ]{0,5}$")
_DIGIT = re.compile("[0-9]")


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
                found.append((start, follow(text, street), 0.93))
        if start >= numbered and after[0] == " " and after[1:].isalpha() and (match := _NUMBERED.match(text, start)):
            numbered = match.end()
            ahead = text[max(0, start - 4) : start]
            if match[0].upper() == match[0]:
                continue  # WBC 7, PLT 90
            if ahead[-1:] in ("\n", "(", "") or ahead.rstrip(" ?")[-1:] in ("\n", ">", "") or ahead[-4:] in _NUMBERED_AFTER:
                found.append((start, follow(text, numbered), 0.85))
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
            found.append((start, follow(text, match.end()), 0.9))
    if boxed and ("ox" in text or "PSC" in text or "Postboks" in text or "Postfach" in text or "Apartado" in text):
        found += [(match.start(), follow(text, match.end()), 0.9) for match in _POST_BOX.finditer(text)]
    for match in _SUFFIXED.finditer(text) if suffixed or "str." in text else ():
        if match[0][-1] in "0123456789.":
            initial = _INITIAL.search(text, max(0, match.start() - 4), match.start())
            found.append((initial.start() if initial else match.start(), follow(text, match.end()), 0.85))
    for match in _STREET_WORD.finditer(text) if worded else ():
        named = _BEFORE_STREET_WORD.search(text, max(0, match.start() - 40), match.start())
        if named:
            found.append((named.start(), follow(text, match.end()), 0.85))
    for match in _PREFIXED.finditer(text):
        number = _NUMBER_BEFORE.search(text, max(0, match.start() - 8), match.start())
        if number or match[0][-1].isdigit():
            found.append((number.start() if number else match.start(), follow(text, match.end()), 0.85))
    for match in (match for cue in _CUES for match in cue.finditer(typed)):
        if _NO_HOME.search(typed, max(0, match.start() - 8), match.start()):
            continue
        end = walk(text, match.end())
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
            if word not in STOP:
                break
            start += len(word) + 1
        if start >= kind.start() or not _NO_STREET.isdisjoint(named[0].split()):
            continue
        if kind[0][1:] in _NAMED_SURE or _PLACED.search(text, max(0, start - 9), start):
            found.append((start, kind.end(), 0.8))
    return found
