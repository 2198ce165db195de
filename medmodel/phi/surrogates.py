"""What stands in the place of an identifier: of its kind and format, the same for the same words within a patient's texts.

All is derived from a keyed hash (BLAKE2b) of the words and the scope, so nothing is kept and no table can leak. Dates
move by one number of whole weeks per scope: intervals, week days and formats stay. Surrogates of numbers are made so that
they are nobody's where a range is reserved for that (example.org, 192.0.2.0/24, 555-01xx); an identity number's check
character is made wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from hashlib import blake2b

from medmodel.phi.dates import MONTHS
from medmodel.phi.finding import Finding, word_set, words
from medmodel.phi.numbers import identity_checksum

_WORDS = re.compile(r"[^\W\d_]+")
_HAN = re.compile("[\u4e00-\u9fff]")
_MONTH_WORD = re.compile(r"[A-Z][a-z]{2,8}")
_NAME_PART = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TITLE = re.compile(r"\b(?:Mrs?|Ms|Miss|Dr|Prof)\.? $")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_COUNT = re.compile(r"\d+")
_BIRTH = re.compile(r"(?:DOB|[Bb]irth|[Bb]orn|出生)[^\n]{0,8}$")
_PADDED = re.compile(r"\d\d[-/.]\d\d[-/.]\d{2,4}|\d{4}[-/.]\d\d[-/.]\d\d")
_ORDINAL = re.compile(r"(\d)(?:st|nd|rd|th)\b")
_CHINESE_DAY = re.compile("[日号]")
_CHINESE_STREET = re.compile("[路街号巷村室]")
_LINE = re.compile(r"\d{3}(\D?)\d{4}$")  # the last seven digits of a telephone number
_MOBILE = re.compile("1[3-9]\\d")
_ONE_READING = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}.*")
_GERMAN = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")


@lru_cache(maxsize=8)
def key_of(secret: str) -> bytes:
    """The key of the keyed hashes: of any length, 64 bytes."""
    return blake2b(secret.encode()).digest()


class Surrogates:
    """Surrogates of one scope: a document, or all of a patient's."""

    def __init__(self, key: str, scope: str, text: str, findings: Sequence[Finding]) -> None:
        self.keyed, self.text = blake2b(scope.encode() + b"\0", digest_size=8, key=key_of(key)), text
        self.folded = text.casefold()
        dates = [text[found.start : found.end] for found in findings if found.kind == "date"]
        self.day_first = _day_first(dates)
        years = [int(year) for one in dates for year in _YEAR.findall(one)]
        self.year = max(years, default=2021)  # of a day and month that names none
        self.taken: dict[str, str] = {}
        self.named: dict[str, str] = {}  # by the words alone, whatever they were first taken for
        self.used: set[str] = set()

    def of(self, found: Finding) -> str:
        said = self.text[found.start : found.end]
        chinese = not said.isascii() and _HAN.search(said) is not None
        if found.kind == "name":
            return self._chinese_name(said, found) if chinese else self._name(said, found)
        if found.kind == "date":
            return self._date(said, found)
        if found.kind == "age":
            return _COUNT.sub("90+", said, count=1)
        if found.kind == "email":
            return f"user{self._number(said) % 10000}@example.org"
        if found.kind == "url":
            return f"https://example.org/{self._number(said) % 10000}"
        if found.kind == "ip":
            return f"192.0.2.{self._number(said) % 254 + 1}" if "." in said else self._format(said)
        if found.kind == "address":
            return self._address(said, chinese)
        if found.kind == "phone":
            return self._phone(said)
        return self._format(said)

    @cached_property
    def shift(self) -> timedelta:
        weeks = 5 + self._number("shift") % 100  # 5 to 104 weeks
        return timedelta(weeks=weeks if self._number("direction") % 2 else -weeks)

    @cached_property
    def there(self) -> frozenset[str]:
        return frozenset(_WORDS.findall(self.folded))

    def _holds(self, word: str) -> bool:
        if not word.isascii():
            return word in self.text
        low = word.casefold()
        return (
            low in self.folded and low in self.there
        )  # few stand in it at all, and its words need not be known for the others

    def _number(self, *parts: str) -> int:
        one = self.keyed.copy()
        one.update("\0".join(parts).encode("utf-8", "surrogatepass"))
        return int.from_bytes(one.digest(), "big")

    def _pick(self, choices: Sequence[str], *what: str) -> str:
        """One that is not in the text and stands for nothing else."""
        key = "\0".join(what)
        if key not in self.taken:
            first, count = self._number(*what), len(choices)
            one = ""
            for step in range(count):
                one = choices[(first + step) % count]
                if one not in self.used and not self._holds(one):
                    break
            else:  # the text holds them all: one that is not the very word
                free = (choices[(first + step) % count] for step in range(count))
                one = next((choice for choice in free if choice.casefold() != what[-1].casefold()), "X")
            self.used.add(one)
            self.taken[key] = one
            self.named.setdefault(what[-1], one)
        return self.taken[key]

    def _name(self, said: str, found: Finding) -> str:
        parts = _NAME_PART.findall(said)
        before = self.text[max(0, found.start - 12) : found.start]
        titled = _TITLE.search(before) is not None
        made: dict[str, str] = {}
        for number, part in enumerate(parts):
            if len(part) == 1:
                made[part] = "ABCDEGHJKLMNPRSTW"[self._number("initial", part) % 17]
                continue
            low = part.casefold()
            kind = self._kind(
                part.title() if part.isupper() else part, last=number == len(parts) - 1 and (number > 0 or titled)
            )
            new = self.named.get(low) or self._pick(words(kind), kind, low)
            made[part] = new.upper() if part.isupper() else new.lower() if part.islower() else new
        return _NAME_PART.sub(lambda match: made[match[0]], said)

    def _kind(self, part: str, last: bool) -> str:
        if last:
            return "surnames"
        if part in word_set("given_female"):
            return "given_female"
        if part in word_set("given_male"):
            return "given_male"
        return "given_female" if part.endswith(("a", "e", "i")) else "given_male"

    def _chinese_name(self, said: str, found: Finding) -> str:
        size = 2 if said[:2] in word_set("zh_compound_surnames") else 1
        surname = self._pick(words("zh_surnames")[0][:100], "surname", said[:size])
        given = said[size:]
        if not given:
            return surname
        around = self.text[found.end : found.end + 12]
        female = "女" in around or given[-1] in "芳娟敏静丽燕玲婷雪倩英兰梅霞莉娜红萍"
        choices = _given("zh_given_female" if female else "zh_given_male", len(given))
        return surname + (self._pick(choices, "given", given) if choices else "")

    def _date(self, said: str, found: Finding) -> str:
        spans = [number.span() for number in _COUNT.finditer(said)]
        values = [int(said[start:end]) for start, end in spans]
        month_word = None
        for word in _MONTH_WORD.finditer(said):
            if _month(word[0]):
                month_word = word
                break
        first = values[0] if values else 0
        order = ""  # which number is year, month, day
        if month_word:
            many = len(values) > 1
            order = "".join("y" if end - start == 4 or (at and many) else "d" for at, (start, end) in enumerate(spans))
        elif "月" in said:
            order = ("y" if "年" in said else "") + "m" + ("d" if _CHINESE_DAY.search(said) else "")
        elif len(values) >= 3:
            order = "ymd" if first > 31 else "mdy" if values[1] > 12 or not (self.day_first or first > 12) else "dmy"
        elif len(values) == 2 and values[1] > 31:
            order = "my"  # 03/2021
        elif len(values) == 2:
            order = "dm" if (self.day_first or first > 12) and values[1] <= 12 else "md"
        at = dict(zip(order, values, strict=False))
        year = at.get("y", self.year)
        if year < 100:
            year += 2000 if year < 40 else 1900
        try:
            old = date(year, _month(month_word[0]) if month_word else at["m"], at.get("d", 15))
            if self.year - year > 89 and _BIRTH.search(self.text[max(0, found.start - 20) : found.start]):
                return "[DATE]"  # a year of birth that says over 89
            new = old + self.shift
        except (ValueError, KeyError, OverflowError):
            return "[DATE]"
        parts = [(start, end, letter) for (start, end), letter in zip(spans, order, strict=False)]
        if month_word:
            parts.append((*month_word.span(), "M"))
            parts.sort()
        out, last = "", 0
        for start, end, letter in parts:
            size = end - start
            if letter == "M":
                name = MONTHS[new.month - 1]
                part = name if size > 3 and said[start:end] in MONTHS else name[: 3 if len(name) > 4 else 4]
            elif letter == "y":
                part = f"{new.year if size == 4 else new.year % 100:02d}"
            else:
                value = new.month if letter == "m" else new.day
                padded = value < 10 and (said[start] == "0" or (size == 2 and _PADDED.fullmatch(said[:10])))
                part = f"0{value}" if padded else str(value)
            out += said[last:start] + part
            last = end
        out += said[last:]
        return _ORDINAL.sub(lambda match: match[1] + _ordinal(new.day), out) if month_word else out

    def _address(self, said: str, chinese: bool) -> str:
        number = self._number(said) % 190 + 2
        if not chinese:
            street = f"{number} {self._pick(words('streets'), 'street', said)} Street"
            return street if _COUNT.search(said) else self._pick(words("cities"), "city", said.casefold())
        city = self._pick(words("zh_cities"), "city", said)
        return f"{city}{self._pick(words('zh_streets'), 'street', said)}{number}号" if _CHINESE_STREET.search(said) else city

    def _phone(self, said: str) -> str:
        made = self._format(said)
        if sum(map(str.isdecimal, said)) in (10, 11) and _LINE.search(said) and not _MOBILE.match(said):
            made = _LINE.sub(lambda match: f"555{match[1]}01{match[0][-2:]}", made)
        return made if said[:1] != "1" else "1" + made[1:]

    def _format(self, said: str) -> str:
        """Digit for digit, capital for capital; never the same."""
        keyed = self.keyed.copy()
        keyed.update(b"format\0" + said.encode("utf-8", "surrogatepass"))
        seed = int.from_bytes(keyed.digest(), "big")
        made = ""
        for at, letter in enumerate(said):
            if at % 8:
                value = seed >> at % 40
            else:
                more = keyed.copy()
                more.update(b"\0%d" % at)
                value = int.from_bytes(more.digest(), "big")
            if letter.isdigit():
                made += str((int(letter) + 1 + value % 9) % 10)
            elif letter.isascii() and letter.isalpha():
                made += chr((ord(letter.upper()) - 65 + 1 + value % 25) % 26 + (65 if letter.isupper() else 97))
            else:
                made += letter
        if len(made) == 18 and identity_checksum(made):
            made = made[:-1] + str((int(made[-1]) + 1) % 10 if made[-1].isdigit() else 0)
        return made


_MONTH_OF = {name[:3]: number for number, name in enumerate(MONTHS, 1)}


def _month(word: str) -> int:
    return _MONTH_OF.get(word[:3], 0)


@cache
def _given(key: str, size: int) -> tuple[str, ...]:
    return tuple(name for name in words(key) if len(name) == size)


def _ordinal(day: int) -> str:
    return "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _day_first(dates: Sequence[str]) -> bool:
    """One date that can be read in one way only says how the others are read."""
    for one in dates:
        parts = _ONE_READING.fullmatch(one)
        if parts and int(parts[1]) > 12:
            return True
        if parts and int(parts[2]) > 12:
            return False
    return any(_GERMAN.fullmatch(one) for one in dates)
