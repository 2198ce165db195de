"""Synthetic clinical notes in English and Chinese, with the span of every identifier: to train on, and to measure by.

Three families share no template and no name: "train" is learnt from, on "eval" the recognisers are tuned, and "blind"
(data_build/phi_blind.py) only judges. Given names, surnames, towns, streets and templates are lists of their own. Nobody's
notes were read for them. That is also their limit: all were written by one hand, so what is measured on them is an upper
bound for real notes.

    python -m data_build.phi_notes eval 3        # shows three notes
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from data_build import phi_blind, phi_styles
from data_build.phi_templates import EVAL, LISTS, TRAIN
from data_build.phi_values import Values
from medmodel.phi.finding import words

Family = Literal["train", "eval", "blind"]
STYLED = 0.7  # share of the training notes in the styles of data_build/phi_styles.py
MONTHS = "January February March April May June July August September October November December".split()
_CHINESE = re.compile("[\u4e00-\u9fff]+")
_FIELD = re.compile(r"\{(\w+)\}")


class Gold(NamedTuple):
    start: int
    end: int
    kind: str


class Note(NamedTuple):
    text: str
    language: str
    gold: tuple[Gold, ...]
    template: str


def notes(family: Family, count: int, seed: int) -> Iterator[Note]:
    """Half English, half Chinese; the same for the same seed."""
    for number in range(count):
        chance = random.Random(f"{family}:{seed}:{number}")
        language = "zh" if number % 2 else "en"
        styled = family == "blind" or (family == "train" and chance.random() < STYLED)
        yield _styled(family, language, chance) if styled else _note(family, language, chance)


def _styled(family: Family, language: str, chance: random.Random) -> Note:
    """A note of one style from head to foot."""
    voice = phi_blind if family == "blind" else phi_styles
    style = chance.choice(voice.STYLES[language])
    middle = [
        *chance.sample(style["body"], k=min(len(style["body"]), chance.randint(3, 7))),
        *chance.sample(style["plain"], k=chance.randint(2, 4)),
    ]
    chance.shuffle(middle)
    lines = [chance.choice(style["head"]), *middle, chance.choice(style["foot"])]
    joint = chance.choice(["\n", "\n", " " if language == "en" else ""])
    values = Values(language, voice.PATTERNS[language], _lists(family), chance)
    text, gold = "", []
    for line in lines:
        text += joint if text else ""
        filled, spans = values.fill(line)
        gold += [Gold(len(text) + start, len(text) + end, kind) for start, end, kind in spans]
        text += filled
    return Note(text, language, tuple(gold), "|".join(sorted(str(hash_of(line)) for line in lines)))


@cache
def _lists(family: Family) -> dict[str, tuple[str, ...]]:
    if family == "blind":
        lists = {key: tuple(said.split()) for key, said in phi_blind.LISTS.items()}
        return {**lists, "zh_surname": names_of(family, "zh_surnames")}
    lists = {key: tuple(said.split("|")) for key, said in phi_styles.LISTS.items()}
    for key in (
        "thing",
        "question",
        "sentence",
        "adjective",
        "body",
        "did2",
        "thing2",
        "said",
        "do",
        "does",
        "today",
        "adverb",
        "noun",
        "likely",
        "job",
        "everyday",
        "relation",
    ):
        lists[key.capitalize()] = tuple(said[0].upper() + said[1:] for said in lists[key])
    return {
        **lists,
        "given": names_of(family, "given_female") + names_of(family, "given_male"),
        "surname": names_of(family, "surnames"),
        "city": names_of(family, "cities"),
        "street": names_of(family, "streets"),
        "zh_surname": chinese_surnames_by_share(),
        "zh_given": chinese_given(),
        "zhcity": names_of(family, "zh_cities"),
        "zhstreet": names_of(family, "zh_streets"),
        "zhword": running_words(40_000, 3),
        "measured": measured_names(),
    }


def _note(family: Family, language: str, chance: random.Random) -> Note:
    templates = (TRAIN if family == "train" else EVAL)[language]
    lines = [
        chance.choice(templates["head"]),
        *chance.sample(templates["body"], k=min(len(templates["body"]), chance.randint(3, 7))),
    ]
    lines += chance.sample(templates["plain"], k=chance.randint(2, 4))
    chance.shuffle(lines)
    lines.append(chance.choice(templates["foot"]))
    joint = chance.choice(["\n", "\n", " " if language == "en" else ""])
    people = _People(family, language, chance)
    text, gold = "", []
    for line in lines:
        at = 0
        if text:
            text += joint
        for field in _FIELD.finditer(line):
            text += line[at : field.start()]
            value, kind = people.value(field[1])
            if kind:
                gold.append(Gold(len(text), len(text) + len(value), kind))
            text += value
            at = field.end()
        text += line[at:]
    return Note(text, language, tuple(gold), "|".join(sorted(str(hash_of(line)) for line in lines)))


def hash_of(line: str) -> int:
    from zlib import crc32

    return crc32(line.encode())


@cache
def names_of(family: Family, key: str) -> tuple[str, ...]:
    """A list of names: the recogniser's own for training, others for evaluation."""
    if key == "zh_surnames":  # a closed class, all of it known to the rules: no family shares a given name, so no whole name
        every = "".join(words("zh_surnames"))
        return tuple(every if family == "train" else every[1:200:2] if family == "eval" else every[2:200:4])
    if family == "blind":
        return tuple(phi_blind.LISTS[key].split())
    return words(key) if family == "train" else tuple(LISTS[key].split())


@cache
def dictionary_entries() -> tuple[tuple[str, int, str], ...]:
    """jieba's dictionary: word, count, part of speech."""
    from importlib.resources import files

    lines = files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    return tuple((word, int(count), kind) for word, count, kind in (line.split(" ") for line in lines))


@cache
def dictionary_words(count: int) -> tuple[str, ...]:
    """The most frequent words of jieba's dictionary of two characters and more that are no person's name."""
    entries = [(word, often) for word, often, kind in dictionary_entries() if not kind.startswith("nr")]
    chinese = [entry for entry in entries if re.fullmatch("[\u4e00-\u9fff]{2,}", entry[0])]
    return tuple(word for word, _ in sorted(chinese, key=lambda entry: (-entry[1], entry[0]))[:count])


@cache
def running_words(count: int, seed: int) -> tuple[str, ...]:
    """Words as they follow each other in prose: often ones often, single characters too, people's names left out."""
    entries = [
        (word, often**0.7)
        for word, often, kind in dictionary_entries()
        if not kind.startswith("nr") and _CHINESE.fullmatch(word)
    ]
    weights = [often for _, often in entries]
    return tuple(random.Random(seed).choices([word for word, _ in entries], weights, k=count))


@cache
def chinese_surnames_by_share() -> tuple[str, ...]:
    """Surnames as often as people have them, about: the list begins with the most frequent (Zipf, from the eighth on)."""
    every = "".join(words("zh_surnames"))
    return (
        tuple(name for rank, name in enumerate(every) for _ in range(max(1, 2000 // (rank + 8))))
        + words("zh_compound_surnames") * 8
    )


@cache
def measured_names() -> tuple[str, ...]:
    """Names, towns and streets of the families that measure, in Latin letters."""
    tuned = (names_of("eval", key) for key in ("given_female", "given_male", "surnames", "cities", "streets"))
    judged = (phi_blind.LISTS[key].split() for key in ("given", "surname", "city", "street"))
    return tuple(sorted({name for names in (*tuned, *judged) for name in names}))


@cache
def measured_given() -> frozenset[str]:
    """Chinese given names of the families that measure: nothing is learnt from them."""
    lists = (LISTS["zh_given_female"], LISTS["zh_given_male"], phi_blind.LISTS["zh_given"])
    return frozenset(" ".join(lists).split())


@cache
def chinese_given() -> tuple[str, ...]:
    """Given names to train on: the recogniser's own, those of people in jieba's dictionary, new pairs of their characters, words."""
    single = frozenset("".join(words("zh_surnames")))
    people = [word[1:] for word, _, kind in dictionary_entries() if kind == "nr" and word[0] in single and len(word) in (2, 3)]
    people = [given for given in people if re.fullmatch("[\u4e00-\u9fff]+", given)]
    chance = random.Random(11)
    letters = "".join(people)
    pairs = [chance.choice(letters) + chance.choice(letters) for _ in range(8000)]
    ones = [chance.choice(letters) for _ in range(4000)]
    others = [word for word in dictionary_words(30_000)[4000:] if len(word) == 2]
    own = words("zh_given_female") + words("zh_given_male")
    every = [*own * 60, *chance.sample(people, 10_000), *pairs, *ones, *chance.sample(others, 3000)]
    return tuple(given for given in every if given not in measured_given())


class _People:
    """The values of one note: its patient's name returns, all else is made anew."""

    def __init__(self, family: Family, language: str, chance: random.Random) -> None:
        self.family: Family = family
        self.language = language
        self.chance = chance
        self.given = self._of(chance.choice(["given_female", "given_male"]))
        self.surname = self._of("surnames")
        self.zh = self._zh_name()
        self.day_first = chance.random() < 0.5

    def value(self, field: str) -> tuple[str, str]:
        """(text, kind of identifier or "")"""
        made = getattr(self, f"_{field}")()
        return made if isinstance(made, tuple) else (made, "")

    def _of(self, key: str) -> str:
        return self.chance.choice(names_of(self.family, key))

    def _digits(self, count: int) -> str:
        return "".join(self.chance.choice("0123456789") for _ in range(count))

    def _zh_name(self) -> str:
        given = self._of(self.chance.choice(["zh_given_female", "zh_given_male"]))
        if self.chance.random() < 0.35:
            given = self._of(self.chance.choice(["zh_given_female", "zh_given_male"]))[0]
        return self._of("zh_surnames") + given

    def _name(self) -> tuple[str, str]:
        style = self.chance.random()
        full = f"{self.given} {self.surname}"
        if style < 0.15:
            full = f"{self.given} {self.chance.choice('ABCDEHJKLMRT')}. {self.surname}"
        elif style < 0.22:
            full = full.upper()
        elif style < 0.3:
            full = f"{self.surname}, {self.given}"
        return full, "name"

    def _first(self) -> tuple[str, str]:
        return self.given, "name"

    def _last(self) -> tuple[str, str]:
        return self.surname, "name"

    def _other(self) -> tuple[str, str]:
        full = f"{self._of(self.chance.choice(['given_female', 'given_male']))} {self._of('surnames')}"
        return full, "name"

    def _otherfirst(self) -> tuple[str, str]:
        return self._of(self.chance.choice(["given_female", "given_male"])), "name"

    def _otherlast(self) -> tuple[str, str]:
        return self._of("surnames"), "name"

    def _zhname(self) -> tuple[str, str]:
        return self.zh, "name"

    def _zhother(self) -> tuple[str, str]:
        return self._zh_name(), "name"

    def _zhlast(self) -> tuple[str, str]:
        return self._of("zh_surnames"), "name"

    def _date(self) -> tuple[str, str]:
        year, month, day = self.chance.randint(2008, 2024), self.chance.randint(1, 12), self.chance.randint(1, 28)
        if self.language == "zh":
            styles = [
                f"{year}年{month}月{day}日",
                f"{year}-{month:02d}-{day:02d}",
                f"{month}月{day}日",
                f"{year}.{month:02d}.{day:02d}",
                f"{year}/{month}/{day}",
            ]
        else:
            first, second = (day, month) if self.day_first else (month, day)
            name = MONTHS[month - 1]
            styles = [
                f"{first:02d}/{second:02d}/{year}", f"{first}/{second}/{year % 100:02d}", f"{year}-{month:02d}-{day:02d}", f"{name} {day}, {year}", f"{day} {name} {year}",
                f"{name[:3]} {day}", f"{day:02d}-{name[:3]}-{year}", f"{name} {day}",
            ]  # fmt: skip
        return self.chance.choice(styles), "date"

    def _phone(self) -> tuple[str, str]:
        if self.language == "zh":
            styles = [
                f"1{self.chance.choice('356789')}{self._digits(9)}",
                f"0{self.chance.choice(['10', '21', '571', '755'])}-{self.chance.choice('2345678')}{self._digits(7)}",
            ]
        else:
            area = f"{self.chance.randint(2, 9)}{self._digits(2)}"
            styles = [f"({area}) {self._digits(3)}-{self._digits(4)}", f"{area}-{self._digits(3)}-{self._digits(4)}", f"{area}.{self._digits(3)}.{self._digits(4)}",
                      f"+1 {area} {self._digits(3)} {self._digits(4)}", f"+44 20 {self._digits(4)} {self._digits(4)}", f"07{self._digits(3)} {self._digits(6)}"]  # fmt: skip
        return self.chance.choice(styles), "phone"

    def _email(self) -> tuple[str, str]:
        return (
            f"{self.chance.choice('abcdefgh')}{self._digits(3)}.{self._of('surnames').lower().encode('ascii', 'ignore').decode()}@{self.chance.choice(['mailbox', 'post', 'inbox'])}.example.com",
            "email",
        )

    def _url(self) -> tuple[str, str]:
        return f"https://portal.example.com/p/{self._digits(5)}", "url"

    def _ip(self) -> tuple[str, str]:
        return ".".join(str(self.chance.randint(11, 250)) for _ in range(4)), "ip"

    def _ssn(self) -> tuple[str, str]:
        return f"{self._digits(3)}-{self._digits(2)}-{self._digits(4)}", "identity"

    def _identity(self) -> tuple[str, str]:
        body = f"{self.chance.choice(['110105', '310104', '440301', '330106'])}{self.chance.randint(1940, 2010)}{self.chance.randint(1, 12):02d}{self.chance.randint(1, 28):02d}{self._digits(3)}"
        total = sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(body))
        return body + "10X98765432"[total % 11], "identity"

    def _mrn(self) -> tuple[str, str]:
        styles = [
            self._digits(6),
            self._digits(8),
            f"{self.chance.choice('ABCHMZ')}{self._digits(7)}",
            f"{self._digits(3)}-{self._digits(5)}",
            f"{self.chance.choice(['MR', 'ZY', 'H'])}{self._digits(6)}",
        ]
        return self.chance.choice(styles), "record"

    def _policy(self) -> tuple[str, str]:
        return f"{self.chance.choice(['XQ', 'HB', 'UM'])}{self._digits(9)}", "record"

    def _card(self) -> tuple[str, str]:
        number = f"4{self._digits(14)}"
        digits = [int(digit) for digit in number][::-1]
        check = -(sum(sum(divmod(2 * digit, 10)) for digit in digits[0::2]) + sum(digits[1::2])) % 10
        return number + str(check), "account"

    def _plate(self) -> tuple[str, str]:
        return (
            f"{self.chance.choice('京沪浙粤')}{self.chance.choice('ABCD')}{self.chance.choice('KLMN')}{self._digits(4)}",
            "plate",
        )

    def _address(self) -> tuple[str, str]:
        number = self.chance.randint(2, 999)
        if self.language == "zh":
            return (
                f"{self._of('zh_cities')}{self._of('zh_streets')}{number}号{self.chance.randint(1, 20)}栋{self.chance.randint(101, 1905)}室",
                "address",
            )
        kind = self.chance.choice(["Street", "Road", "Avenue", "Lane", "Drive", "St", "Rd"])
        tail = self.chance.choice(
            [
                "",
                f", {self._of('cities')}",
                f", {self._of('cities')}, {self.chance.choice(['OH', 'TX', 'NY', 'CA'])} {self._digits(5)}",
                f", Apt {number % 30 + 1}",
            ]
        )
        return f"{number} {self._of('streets')} {kind}{tail}", "address"

    def _town(self) -> tuple[str, str]:
        return self._of("cities"), "address"

    def _old(self) -> tuple[str, str]:
        return str(self.chance.randint(90, 104)), "age"

    def _age(self) -> str:
        return str(self.chance.randint(18, 88))

    def _eponym(self) -> str:
        pairs = "Parkinson disease|Crohn's disease|Wells score|Cushing syndrome|Graves' disease|Hodgkin lymphoma|Bell's palsy|Murphy sign|Addison disease|Alzheimer disease|Swan-Ganz catheter|Babinski sign|Marfan syndrome|Hashimoto thyroiditis|Romberg test"
        return self.chance.choice(pairs.split("|"))

    def _drug(self) -> str:
        return self.chance.choice(
            "Metformin|Lisinopril|Warfarin|Augmentin|Lasix|Keppra|Coumadin|Lipitor|Eliquis|Tylenol|Amoxicillin|Plavix|Zofran|Lantus".split(
                "|"
            )
        )

    def _dose(self) -> str:
        return self.chance.choice(["5 mg", "2.5-5 mg", "500 mg", "40 mg", "1000 mg", "0.1 mg/kg"])

    def _n(self) -> str:
        return str(self.chance.randint(2, 180))


if __name__ == "__main__":
    shown: Family = "eval" if sys.argv[1] == "eval" else "blind" if sys.argv[1] == "blind" else "train"
    for note in notes(shown, int(sys.argv[2]), 0):
        print(note.text, [(note.text[one.start : one.end], one.kind) for one in note.gold], "", sep="\n")
