"""The values that fill the styles of synthetic notes: names, dates, numbers and addresses by the patterns of a family.

A pattern is text in which "#" is a digit, "%" a digit from 2 to 9, "^" a capital letter and `{city}` a word of the family's
lists or a part of a date. Digits follow no registry: none of the numbers was looked up.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
KINDS = {  # of the fields that are identifiers; a field that is not here is none
    **dict.fromkeys(
        (
            "name",
            "first",
            "last",
            "other",
            "otherfirst",
            "otherlast",
            "zhname",
            "zhother",
            "zhlast",
            "varied",
            "variedfirst",
            "person",
            "personfirst",
            "personlast",
        ),
        "name",
    ),
    **dict.fromkeys(("date", "monthyear"), "date"),
    **dict.fromkeys(("phone", "ext"), "phone"),
    **dict.fromkeys(("mrn", "policy", "accession", "licence", "gmc", "passport"), "record"),
    **dict.fromkeys(("nhs", "ssn", "identity"), "identity"),
    **dict.fromkeys(("account", "card"), "account"),
    **dict.fromkeys(("plate", "usplate"), "plate"),
    **dict.fromkeys(("address", "town", "zhtown", "road"), "address"),
    **{"old": "age", "email": "email", "url": "url", "ip": "ip"},
}
EPONYMS = (
    "Parkinson disease|Crohn's disease|Wells score|Cushing syndrome|Graves' disease|Hodgkin lymphoma|Bell's palsy|Murphy sign|"
    "Addison disease|Alzheimer disease|Babinski sign|Marfan syndrome|Hashimoto thyroiditis|Romberg test"
).split("|")
DRUGS = (
    "Metformin Lisinopril Warfarin Augmentin Lasix Keppra Coumadin Lipitor Eliquis Tylenol Amoxicillin Plavix Zofran".split()
)
DOSES = ("5 mg", "2.5-5 mg", "500 mg", "40 mg", "1000 mg", "0.1 mg/kg")
ONSETS = [*"b c ch d dr f g gr h j k kr l m n p ph qu r s sh st sz t th tr v w x y z zh".split(), ""]
VOWELS = "a a a e e e i i o o u u ai au ea ei ia io ie oa oe ou ui y ä ö ü é á ó í".split()
CODAS = [*"b ck d g l ll m n nd ng nn r rd rs rt s sch sk ss st t tz v w x z".split(), *[""] * 20]
ORIGINS: dict[str, tuple[str, str, str]] = {  # beginnings of surnames, their ends, ends of given names; put together at random
    "slavic": ("Petr Ivan Novo Kova Bogda Dmitr Milo Rado Stani Zdra Vuk Jura Lesk Horv Marko Pavl Sido Gri Tka Bara Kuz Dobr Slav Krá Ži Dvo", "ov ova ić ović enko chuk ski ska wicz czyk ák ek ková in ina ev yan nik", "slav mir ka ana ina oslava ek il ja dra yna"),
    "nordic": ("Anders Peder Hauk Lind Berg Thor Sig Bjørn Ein Holm Ström Niel Mik Kjel Øst Sand Ny Eng Guð Hal Lauri Korho Nieme Virta Hakka", "sen son sson sdóttir mann qvist strand stad rud vik dal nen la berg ius gård lund", "e a rid hild mar björn gunn kka ja er ar o vind"),
    "latin": ("Gonz Rodr Mart Ferr Lomb Cast Guer Silv Mour Alm Per Card Bell Fabr Mor Vill San Rib Gat Dup Bouch Lef Mart Gira Rouss Chev Mich", "ez ari ardi eiro es oso illo ini elli eau ault ier on ard ini ucci ado era eira a o ana otti", "a o ette ine ella io ando inho ieta ardo ique iane elle"),
    "german": ("Schu Hoff Kra Zimm Bau Vog Eber Wein Roth Stein Schmi Kirch Fried Müll Köh Brück Lehr Alt Neu van Roe Wester Dijk", "mann er bach stein feld berg hardt inger ler bauer meier ke sma stra kamp hoven huis man ert", "rich hild bert linde trud helm wig a e jan ke brecht"),
    "greek": ("Papa Kara Theo Niko Geor Dimi Kons Ana Christo Vassi Stav Pana", "dopoulos kis idis iou akis otis oglou ellis antou aki os", "os is ia oula ni is ina thea"),
    "turkic": ("Yıl Öz Kara De Ak Er Ars Çe Şa Ali Meh Nur Aza Rus Tim", "maz türk kaya mir soy doğan lan lik hin yev oğlu tam ov bek", "gül han can tay nur et din ran bay"),
    "arabic": ("Kha Has Mah Sal Far Rah Naj Bak Sha Qad Mans Haj Zay Tah", "lid san moud eh ouq man ib ri hin ouri dan ir ed i oun", "a ir im een ah ad iya id an ra"),
    "african": ("Oke Ade Nwa Chi Oba Mba Dla Nko Mwa Tshi Ndi Ogu Ama Kam Sit Zul", "for yemi chukwu nedu seki mini si ngi aye ala ola bo ko u wu ari ndi", "ka na me nde ola uwa i zi tse wo ayo"),
    "asian": ("Naka Yama Taka Mori Ishi Kobaya Fuji Nguy Pha Tr Hu Ngu Par Cho Rama Sri Gupt Venka Chakra Bhat Bal Sub Mukher", "mura moto da shi hashi ta wa en m an ynh ng k i nathan vasan a borty tacharya jee an nian ji", "ko mi ro ki a esh it ya ana endra ul in ung hee"),
    "english": ("Wal Har Black Win Ash Brad Cart Wood Hol Fair Stan Kings Mer Tho Ald Ram Pick Sut Lang Hay Whit", "ton ford ley well field wood man by son ridge worth ham sey combe den er shaw more", "ley lyn a er ton den elle son ra ie dra"),
}  # fmt: skip
ROADS: tuple[str, ...] = (  # "~": a made-up word
    *"~straße ~strasse ~weg ~gasse ~platz ~allee ~katu ~tie ~kuja ~polku ~gatan ~vägen ~stigen ~vej ~gade ~vænget ~straat ~laan ~dreef ~veien ~gata ~stien ~gata ~vegur ~tun ~stræde ~gate ~plein ~singel ~kade ~dijk ~haugen ~damm ~ufer ~ring ~cesta ~ulica ~ova ~ská ~ého ~ić ~ská ~ova".split(),
    *"~ utca|~ út|~ tee|~ tänav|~ põik|~ Strasse|~er Strasse|~ terrasse|Rua ~|Rue ~|rue ~|Via ~|via ~|Calle ~|Avenida ~|Avenue ~|Ulica ~|ul. ~|Trg ~|Rua do ~|Rue de la ~|Via San ~|Piazza ~|Largo ~|Praça ~|Paseo ~|Camino ~|Nieuwe ~|Alter ~|Calle de ~|Plaza ~|Chemin ~|Strada ~|Λεωφόρος ~|~|~|~ ~|Alte ~|Gamle ~".split(
        "|"
    ),
)
AS_WORDS = (  # names that are words, or diseases' names, too
    "Allen Arnold Austin Baker Ballard Barrett Beck Becker Bell Bernard Bishop Bloom Bradford Burnett Chadwick Clark Cooper Corrigan Edwards Epstein Ewing Fisher Forrest Frank Gardner Gilbert Graves "
    "Hansen Harris Hartmann Hawkins Hickman Hill Hoffmann Horner Howell Hunter Hutchinson Jacob Johnson Jones Kaplan Kennedy Lambert Levine Lynch Lund Marcus Morton Murphy Nelson Nielsen Norton Pierre Potter "
    "Ramsay Reed Reynolds Ross Roth Rutherford Schilling Schwartz Stevens Tanner Thomas Thompson Todd Turner Vincent Weber Wells Werner Wharton Whitaker Wickham Willis Wilson Wright Cox Pearson Douglas Glenn Gray Mann "
    "Hope Faith Joy Summer Autumn Dawn Rose Ruby Amber Daisy Crystal Melody Chase Mason Parker Cash Young Long Banks Rivers Day Knight Pope Noble Rich Sharp Little Strong Moody Savage Swift Wolf Lamb "
    "Bird Finch Crane Drake Rice Bean Berry Cherry Olive Basil Sage Ash Cliff Dale Heath Bill Rob Pat Gene Will Drew Ray Star Page Marsh Frost Snow Waters Field Brook Lane North Carpenter Mercer Potts "
    "Angel April Aurora Candy Carol Charity Clay Dean Destiny Earl Eden Fern Ginger Hazel Heather Holly Iris Jade Jewel June Kitty Lily Mercy Miles Misty Opal Pearl Penny Poppy Robin Rusty Sandy Sky "
    "Sterling Tiffany Trinity Wade Willow Randy Art Nick Jack Pierce Spears Burns Stone Barber Butcher Cook Farmer Fowler Fuller Glover Miller Porter Sawyer Shepherd Singer Tyler Weaver Bush Church Cross "
    "French Holland Key Bacon Short Love Moon Pepper Pike Rush Sands Shields Gold Sweet Valentine Winters York Newman Pitt Archer Booth Bond Bowman Chambers Flowers Gates Hardy Hawk Judge Moss Nash "
    "Starling Swan Wheeler"
).split()
_FIELD = re.compile(r"\{(\w+)\}")
_NO_DATE = re.compile(rf"^(?:the |(?:{'|'.join(WEEKDAYS)}), |(?:{'|'.join(day[:3] for day in WEEKDAYS)}) )| \d\d:\d\d$")
_SIGN = re.compile(r"[#%^]")


class Values:
    """The values of one note: its patient's name returns, all else is made anew."""

    def __init__(
        self,
        language: str,
        patterns: Mapping[str, Sequence[str]],
        lists: Mapping[str, Sequence[str]],
        chance: random.Random,
    ) -> None:
        self.language, self.patterns, self.lists, self.chance = language, patterns, lists, chance
        self.given, self.surname, self.zh = self._of("given"), self._of("surname"), self._chinese()

    def fill(self, line: str) -> tuple[str, list[tuple[int, int, str]]]:
        """The line with its values, and where the identifiers stand in it."""
        text, spans, at = "", [], 0
        for field in _FIELD.finditer(line):
            text += line[at : field.start()]
            value, kind = self.value(field[1]), KINDS.get(field[1])
            if kind:
                inner = _NO_DATE.sub("", value) if kind == "date" else value
                start = len(text) + value.index(inner)
                spans.append((start, start + len(inner), kind))
            text += value
            at = field.end()
        return text + line[at:], spans

    def value(self, field: str) -> str:
        if field in ("date", "monthyear"):
            return self._date(self.chance.choice(self.patterns["date"] if field == "date" else self.patterns[field]))
        if field in self.patterns:
            return self._pattern(self.chance.choice(self.patterns[field]))
        made = getattr(self, f"_{field}", None)
        return made() if made else self._of(field)

    def _of(self, key: str) -> str:
        return self.chance.choice(self.lists[key]) if key in self.lists else ""

    def _pattern(self, pattern: str) -> str:
        def word(field: re.Match[str]) -> str:
            if field[1] in ("num", "flat"):
                return str(self.chance.randint(2, 999 if field[1] == "num" else 40))
            if field[1] == "letter":
                return self.chance.choice("ABC")
            said = self._of("zh_pinyin" if self.language == "zh" and "zh_pinyin" in self.lists else field[1])
            return re.sub(r"[^a-z]", "", said.lower()) if field[1] in ("given", "surname") else said

        signs = {"#": "0123456789", "%": "23456789", "^": "ABCDEHJKLMPRSTXZ"}
        # signs first: a word of a list holds none of them
        return _FIELD.sub(word, _SIGN.sub(lambda sign: self.chance.choice(signs[sign[0]]), pattern))

    def _date(self, pattern: str) -> str:
        year, month, day = self.chance.randint(2004, 2025), self.chance.randint(1, 12), self.chance.randint(1, 28)
        name, weekday = MONTHS[month - 1], self.chance.choice(WEEKDAYS)
        digits = "〇一二三四五六七八九"
        parts = {
            "y": str(year), "yy": f"{year % 100:02d}", "m": str(month), "mm": f"{month:02d}", "d": str(day), "dd": f"{day:02d}",
            "Month": name, "Mon": name[:3], "MON": name[:3].upper(), "Weekday": weekday, "Wd": weekday[:3],
            "th": "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th"),
            "HH": f"{self.chance.randint(0, 23):02d}", "MM": f"{self.chance.randint(0, 59):02d}",
            "zhyear": "".join(digits[int(digit)] for digit in str(year)), "zhmonth": _chinese_number(month), "zhday": _chinese_number(day),
        }  # fmt: skip
        return _FIELD.sub(lambda field: parts[field[1]], pattern)

    def _chinese(self) -> str:
        return self._of("zh_surname") + self._of("zh_given")

    def _name(self) -> str:
        style = self.chance.random()
        if style < 0.12:
            return f"{self.given} {self.chance.choice('ABCDEHJKLMRT')}. {self.surname}"
        if style < 0.2:
            return f"{self.given} {self.surname}".upper()
        return f"{self.surname}, {self.given}" if style < 0.28 else f"{self.given} {self.surname}"

    def _varied(self) -> str:
        """Forms of names that the lists do not hold: initials, double names, particles, and names that nobody has."""
        given, surname = self._of("given"), self._of("surname")
        if self.chance.random() < 0.4:
            given, surname = self._invented(), self._invented()
        style = self.chance.randrange(12)
        initial = self.chance.choice("ABCDEFGHJKLMNPRSTVW")
        return (
            f"{given} {surname}", f"{given} {initial} {surname}", f"{given} {initial}. {surname}", f"{initial}. {surname}", f"{initial} {surname}",
            f"{given} {surname}-{self._of('surname')}", f"{given} {self.chance.choice(['van', 'de', 'von', 'al', 'da', 'van der'])} {surname}", f"{surname.upper()}, {given}",
            f"{surname} {given}", f"{given.upper()} {surname.upper()}", f"{given}-{self._of('given')} {surname}", f"{given} {self.chance.choice(['Mc', 'Mac', 'O’', 'D’', 'Al-', 'Ben-'])}{surname}",
        )[style]  # fmt: skip

    def _variedfirst(self) -> str:
        return self._invented() if self.chance.random() < 0.7 else self._of("given")

    def _person(self) -> str:
        """A whole name, or one part of it, of any origin."""
        given, surname = self._personfirst(), self._personlast()
        initial = self.chance.choice("ABCDEFGHIJKLMNOPRSTVWYZ")
        style = self.chance.randrange(14)
        return (
            (given, surname, f"{given} {initial} {surname}", f"{given} {initial}. {surname}", f"{given} {surname}-{self._personlast()}", f"{given} {surname} {self._personlast()}", f"{initial}. {surname}")[style]
            if style < 7
            else f"{given} {surname}"
        )  # fmt: skip

    def _personfirst(self) -> str:
        if self.chance.random() < 0.4:
            return self._of("given") if self.chance.random() < 0.75 else self.chance.choice(AS_WORDS)
        begins, _, ends = ORIGINS[self.chance.choice(sorted(ORIGINS))]
        return self._new(self.chance.choice(begins.split()) + self.chance.choice(ends.split()))

    def _personlast(self) -> str:
        if self.chance.random() < 0.4:
            return self._of("surname") if self.chance.random() < 0.6 else self.chance.choice(AS_WORDS)
        if self.chance.random() < 0.08 and "noun" in self.lists:
            return self._of("noun").split()[0].capitalize()
        begins, ends, _ = ORIGINS[self.chance.choice(sorted(ORIGINS))]
        made = self._new(self.chance.choice(begins.split()) + self.chance.choice(ends.split()))
        before = self.chance.choice(["Mc", "Mac", "O'", "De ", "Du ", "van ", "von ", "El ", "Al-", "Le ", "Di ", "St. "])
        return before + made if self.chance.random() < 0.12 else made

    def _new(self, made: str) -> str:
        """A name put together by chance, altered where another family measures with it."""
        return made + made[-1] if made in self.lists.get("measured", ()) else made

    def _road(self) -> str:
        """A street and a number, in an order of another country."""
        made = self._personlast() if self.chance.random() < 0.6 else self._invented()
        street = re.sub("~", made.lower().capitalize(), self.chance.choice(ROADS))
        number = str(self.chance.randint(1, 299)) + self.chance.choice(["", "", "", "", "a", "B"])
        before = self.chance.random() < (0.5 if street[-1].isupper() or " " in street else 0.12)
        whole = f"{number} {street}" if before else f"{street} {number}"
        return whole if self.chance.random() < 0.7 else f"{whole}, {self._pattern('####')} {self._personlast()}"

    def _invented(self) -> str:
        count = self.chance.choice([1, 2, 2, 2, 3, 3, 4])
        made = "".join(
            self.chance.choice(ONSETS) + self.chance.choice(VOWELS) + self.chance.choice(CODAS) for _ in range(count)
        )
        return made.capitalize() if len(made) > 2 else self._of("surname")

    def _first(self) -> str:
        return self.given

    def _last(self) -> str:
        return self.surname

    def _other(self) -> str:
        style = self.chance.random()
        given = self._of("given")
        return f"{given[0]}. {self._of('surname')}" if style < 0.12 else f"{given} {self._of('surname')}"

    def _otherfirst(self) -> str:
        return self._of("given")

    def _otherlast(self) -> str:
        return self._of("surname")

    def _zhname(self) -> str:
        return self.zh

    def _zhother(self) -> str:
        return self._chinese()

    def _zhlast(self) -> str:
        return self._of("zh_surname")

    def _town(self) -> str:
        return self._of("city")

    def _ip(self) -> str:
        return ".".join(str(self.chance.randint(11, 250)) for _ in range(4))

    def _card(self) -> str:
        number = f"4{self._pattern('#' * 14)}"
        digits = [int(digit) for digit in number][::-1]
        check = -(sum(sum(divmod(2 * digit, 10)) for digit in digits[0::2]) + sum(digits[1::2])) % 10
        whole = number + str(check)
        return whole if self.chance.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, 16, 4))

    def _identity(self) -> str:
        area = self.chance.choice(["110105", "310104", "440301", "330106"])
        body = f"{area}{self.chance.randint(1940, 2010)}{self.chance.randint(1, 12):02d}{self.chance.randint(1, 28):02d}{self._pattern('###')}"
        return body + "10X98765432"[sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(body)) % 11]

    def _plate(self) -> str:
        return self.chance.choice("京沪浙粤") + self._pattern("^^####")

    def _old(self) -> str:
        return str(self.chance.randint(90, 104))

    def _age(self) -> str:
        return str(self.chance.randint(18, 88))

    def _eponym(self) -> str:
        return self.chance.choice(EPONYMS)

    def _drug(self) -> str:
        return self.chance.choice(DRUGS)

    def _dose(self) -> str:
        return self.chance.choice(DOSES)

    def _n(self) -> str:
        return str(self.chance.randint(2, 180))


def _chinese_number(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return ("" if not tens else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")
