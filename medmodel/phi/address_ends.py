"""How far an address goes once something certain has begun it (`medmodel.phi.addresses`), word by word.

It is followed as long as the words look like a part of it: numbers, capital words, "Apt.", commas, line ends. `grown` does the
same for what the name model found, and joins neighbours. Not covered: what Chinese addresses need, whose parts say what they
are (`medmodel.phi.addresses_zh`).
"""

from __future__ import annotations

import re

from medmodel.phi.finding import HAN, Finding

SURE = 0.7  # certainty from which on a name is more likely a person's than a street's
LONGEST = 140  # characters of an address
TYPES = (
    "Street|Str|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Boulevard|Blvd|Way|Terrace|Close|Crescent|Square|Sq|Highway|Hwy|"
    "Bridge|Mount|Mountain|Valley|Village|Ridge|Creek|Landing|Meadow|Meadows|Shore|Shores|Forest|Glen|Haven|Island|Islands|Lake|Lakes|Manor|Vista|Cove|Crossing|Cliff|Cliffs|Estate|"
    "Estates|Heights|Hollow|Junction|Knoll|Knolls|Lodge|Orchard|Turnpike|Pike|Expressway|Freeway|Bypass|Common|Commons|Summit|Viaduct|Ranch|Harbor|Springs|Squares|Courts|Drives|Roads|Lanes|Parks|Hills|"
    "Parkway|Pkwy|Circle|Cir|Trail|Row|Walk|Gardens|Streets|Roads|Loop|Alley|Mews|Plaza|Hill|Grove|Park|Rise|Quay|Pass|Union|Gateway"
)
COUNTRIES = frozenset("USA UK Kingdom States America Canada Australia England Scotland Wales Ireland Germany France Spain Italy Austria Switzerland Sweden Norway Denmark Finland Poland Hungary Netherlands Belgium Portugal Greece Cyprus Estonia Uruguay Brazil India China Japan Africa Zealand Tunisia Slovenia Czech Republic Iceland Greenland Greenlander Mexico Argentina Chile Norge Sverige Danmark Suomi Deutschland Österreich Schweiz Italia España Türkiye Turkey Romania Bulgaria Croatia Serbia Slovakia Ukraine Russia Latvia Lithuania Luxembourg Malta Israel Egypt Morocco Nigeria Kenya Ghana Pakistan Philippines Vietnam Thailand Malaysia Singapore Indonesia Korea Taiwan".split())  # fmt: skip
_FLAT_BEFORE = re.compile(r"(?:Suite|Ste\.?|Apt\.?|Apartment|Flat|Unit) #?[0-9]+$")
_TOWN_END = re.compile(r"$|[\n,;?!)]|\.(?:\s|$)")  # Apt. 417 Csipkerek Vas
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
_HAN = re.compile(f"[{HAN}]")
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
STOP = frozenset(
    "The A An This That He She It They We You I In On At For With And Or But If When Where What Who Is Are Was Were Has Have Had Not Yes Phone Tel Telephone Fax Email Mobile Dr Mr Mrs Ms Prof DOB Date MRN Name "
    "Patient Please Thanks Regards Signed His Her My Our Your Their To From Re Office Contact Call Insurance Emergency Next Mother Father Wife Husband Son Daughter Age Sex Can Could Will Would NHS Hospital".split()
)
_TYPE_WORDS = frozenset(TYPES.split("|"))


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
            end = follow(text, one.end)
            if modelled and not left and text[one.start : end].rstrip(".")[-1:].isdigit():
                led = _CAPITAL_BEFORE.search(text, max(0, start - 24), start)
                start = led.start() if led and led[0].strip() not in STOP else start
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


def follow(text: str, start: int) -> int:
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
        if word in STOP or not (word[0].isupper() or word[0].isdigit() or word[0] in "#∆"):
            break
        bare = word.rstrip(".")
        if word[0].isdigit() or word[0] == "#":
            if _DECIMAL.match(word):
                break
            if text[at : at + 1] in "/:%" and text[at : at + 1]:
                break
            end = at
            words_since = 0
        elif _STATE.fullmatch(bare) or bare in COUNTRIES or bare in _TYPE_WORDS:
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


def walk(text: str, start: int) -> int:
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
        if first.isupper() and word.rstrip(".:") in STOP and not (word.startswith("The") and at == start):
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
        certain = first.isdigit() or word.rstrip(".") in COUNTRIES or _STATE.fullmatch(word) is not None
        if certain or (first.isupper() and "\n" not in text[start : match.start()]):
            end = at  # on a later line a word alone may be the next sentence
    return end - 1 if text[end - 1 : end] == "." else end


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


def _is_flat(text: str, end: int) -> bool:
    return _FLAT_BEFORE.search(text, max(0, end - 20), end) is not None
