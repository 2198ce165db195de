"""The name model: which capital words, and which windows of Chinese characters, are a person's name or a place.

A linear model over hashed features of a word and of three words at each side: shapes, endings, neighbours, what was decided
before it, and whether it is a word of ordinary prose (`lexicon`). A Chinese window begins with a surname; its characters,
its neighbours, and whether a dictionary's word runs across its ends decide. It is trained by the recipe stage `phi_names`;
`names.npz` holds numbers and nothing that runs. Compiled by numba: this is the cost of de-identification with names.

    model = NameModel.load(artifact_folder)
    find(text, names=model)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from medmodel.errors import InputError
from medmodel.phi.cues import NO_CHINESE_NAMES, chinese_surnames
from medmodel.phi.finding import CAPITALS, HAN, Finding, word_set, words

LABELS = ("other", "name", "address")
# Added to the log-odds of a name: a missed one costs more than a word too many. On the family "eval" names were found with
# recall .993 at precision .986 (English, 1.0), and .996 at .93 (Chinese, 1.5; .986 at .99 with 1.0).
LEANING = 1.0
ZH_LEANING = 1.5
LOWER_CASE = 5000  # characters of a text without a capital in which names are looked for all the same
CACHED = 300_000  # words whose attributes are kept
WORD = re.compile(rf"[^\W_{HAN}]+(?:['’-][^\W\d_{HAN}]+)*|[{HAN}]+|[^\w\s]|\n")
_ANY_HAN = "中"  # stands for every run of Chinese characters: the windows judge those
_CAPITAL = re.compile(f"[{CAPITALS}]")
_UNKNOWN = re.compile(r"(?<![\w@./])[^\W\d_A-Z\u4e00-\u9fff]{3,}(?![\w@/])")
_TITLED = re.compile(  # in a text without capitals: a title, or a word that says a name follows, and that name
    r"\b(?:mr|mrs|ms|dr|miss|prof)\.? [^\W\d_]{2,}(?: [^\W\d_]\.?(?= ))?|(?<=name is )[^\W\d_]{2,}(?: [^\W\d_]{3,})?|(?<=name: )[^\W\d_]{2,}(?: [^\W\d_]{3,})?|(?<=named )[^\W\d_]{2,}|(?<=dear )[^\W\d_]{3,}",
    re.IGNORECASE,
)
_HAN = re.compile(f"[{HAN}]")
_GAP = re.compile(
    r"[ .]{1,2}|,? |,? [A-Z]\.? ?| [a-z]\.? | (?:van der|van den|van|von|de la|de|da|del|di|dos|bin|al|el|ter|ten) "
)
_NUMBER_BEFORE = re.compile(r"\d{1,6}[A-Za-z]?,? $")
_NUMBER_AFTER = re.compile(r",? \d{1,6}[A-Za-z]?(?![\w.%/])")
_COMMON = frozenset(
    "the a an this that he she it they we you in on at for with and or but if when what who is are was has had no not what they my your our there then c'mon c hello i "
    "yes none yeah yep nope hm hmm uh um oh wow okay ok alright sure well great right sorry thanks please can could would should do does did how why where which "
    "ma'am sir doctor nurse today january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday".split()
)
_CONTRACTED = re.compile(r"['’](?:t|re|ll|ve|m|d)$", re.IGNORECASE)
_TITLES = frozenset(("Mr", "Mrs", "Ms", "Dr", "Miss", "Prof"))


class Lexicon(NamedTuple):
    """What is known of words before any note is read."""

    known: frozenset[int]  # crc32 of words that stand in lower case in prose
    proper: frozenset[int]  # crc32 of lower-cased words that a large vocabulary has with a capital only
    dictionary: Any  # uint8 by hash: does a Chinese dictionary have these two to four characters
    given: Any  # uint8 by code point from U+4E00: how much oftener a character stands in given names than in words, 0 to 15


class Weights(NamedTuple):
    english: Any  # float32 [bucket][label]
    chinese: Any  # float32 [bucket]: the log-odds of a name


class NameModel:
    """Weights by hashed feature, and the lexicon that the features look into."""

    def __init__(self, weights: Weights, lexicon: Lexicon) -> None:
        self.weights, self.lexicon = weights, lexicon
        self.words = WordTable(lexicon)

    @classmethod
    def load(cls, path: Path | str) -> NameModel:
        """From names.npz, or from the folder of a `phi_names` artifact. Raises InputError when there is none."""
        import numpy as np

        file = Path(path)
        file = file / "names.npz" if file.is_dir() else file
        if not file.is_file():
            raise InputError(f"there is no name model {file}: run the stage `phi_names`, or leave `names` out")
        with np.load(file, allow_pickle=False) as kept:
            if "english" not in kept:
                raise InputError(f"the name model {file} is of an older medmodel: run the stage `phi_names` again")
            weights = Weights(kept["english"].astype("float32"), kept["chinese"].astype("float32"))
            known, proper = frozenset(kept["known"].tolist()), frozenset(kept["proper"].tolist())
            return cls(weights, Lexicon(known, proper, np.unpackbits(kept["dictionary"]), kept["given"]))

    def save(self, path: Path) -> None:
        import numpy as np

        np.savez(
            path,
            english=self.weights.english.astype("float16"),
            chinese=self.weights.chinese.astype("float16"),
            known=np.array(sorted(self.lexicon.known), dtype="uint32"),
            proper=np.array(sorted(self.lexicon.proper), dtype="uint32"),
            dictionary=np.packbits(self.lexicon.dictionary),
            given=self.lexicon.given,
        )

    def find(self, text: str) -> Iterator[Finding]:
        """Names and places that the model believes in."""
        if not text.islower():
            if _CAPITAL.search(text):
                yield from self._words(text)
        elif len(text) < LOWER_CASE:
            yield from self._words(capitalised(text, self.lexicon))
        if not text.isascii() and _HAN.search(text):
            yield from self._windows(text)

    def _words(self, text: str) -> Iterator[Finding]:
        from medmodel.phi.scoring import label_words

        spans, rows = self.words.read(text)
        labels, scores = label_words(rows, self.words.table, self.weights.english, LEANING)
        yield from _joined(text, [(*spans[at], int(labels[at]), float(scores[at])) for at in labels.nonzero()[0].tolist()])

    def _windows(self, text: str) -> Iterator[Finding]:
        from medmodel.phi.scoring import label_windows

        found = label_windows(
            code_points(text), *surnames(), self.lexicon.dictionary, self.lexicon.given, self.weights.chinese, ZH_LEANING
        )
        for start, end, score in zip(*(part.tolist() for part in found), strict=True):
            if text[start : start + 2] in NO_CHINESE_NAMES:
                continue
            yield Finding(start, end, "name", "name model", round(score, 2))


def capitalised(text: str, lexicon: Lexicon) -> str:
    """Of a text in which nobody types a capital: the words that are no words of prose, or are given names, get one."""

    def judged(word: re.Match[str]) -> str:
        said = word[0]
        known = crc32(said.encode("utf-8", "surrogatepass")) in lexicon.known and said not in _given()
        return said if known or len(said.capitalize()) != len(said) else said.capitalize()

    return _TITLED.sub(lambda one: one[0].title(), _UNKNOWN.sub(judged, text))


@cache
def _given() -> frozenset[str]:
    """Given names in lower case that are no everyday words."""
    return frozenset(name.lower() for name in (*words("given_female"), *words("given_male"))) - {
        "may",
        "will",
        "mark",
        "grace",
        "per",
    }


class WordTable:
    """The attributes of every word seen so far, a row a word; rows 0 and 1 stand before and after the text."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._reset()

    def read(self, text: str) -> tuple[list[tuple[int, int]], Any]:
        """Where the words and signs stand, and their rows."""
        import numpy as np

        if len(self.rows) > CACHED:
            self._reset()
        rows, spans, found = self.rows, [], []
        for match in WORD.finditer(text):
            word = match[0] if not "\u4e00" <= match[0][0] <= "\u9fff" else _ANY_HAN
            spans.append(match.span())
            found.append(rows[word] if word in rows else self._add(word))
        return spans, np.array(found, dtype=np.int32)

    def _reset(self) -> None:
        import numpy as np

        self.table: Any = np.zeros((1024, 10), dtype=np.int64)
        self.table[0, :2] = crc32(b"<start>"), 10
        self.table[1, :2] = crc32(b"<end>"), 11
        self.rows: dict[str, int] = {}

    def _add(self, word: str) -> int:
        import numpy as np

        row = self.rows[word] = len(self.rows) + 2
        if row == len(self.table):
            self.table = np.concatenate([self.table, np.zeros_like(self.table)])
        self.table[row] = _attributes(word, self.lexicon)
        return row


def _attributes(word: str, lexicon: Lexicon) -> tuple[int, ...]:
    """Numbers that stand for a word in the features; the columns are named in `scoring`."""
    from medmodel.phi import scoring

    low = word.lower()
    first = word[0]
    bare = re.sub(r"['’]s$", "", word)
    said = crc32(bare.lower().encode("utf-8", "surrogatepass"))
    shape = (
        (1 if len(word) == 1 else 2 if word.isupper() else 3 if word[1:].islower() else 4)
        if first.isupper()
        else 5
        if first.islower()
        else 6
        if first.isdigit()
        else 7
        if first.isalnum()
        else 20 + ord(first) % 200
    )
    title = bare.title() if bare.isupper() else bare
    flags = 0
    digits = any(letter.isdigit() for letter in word)
    if first.isupper() and not digits and low.split("'")[0].split("’")[0] not in _COMMON and not _CONTRACTED.search(word):
        flags |= scoring.CANDIDATE
    flags |= scoring.EPONYM * (title in word_set("eponyms") or title.split("-")[0] in word_set("eponyms"))
    flags |= scoring.BORNE * (title in word_set("eponyms_as_names"))
    flags |= scoring.HEAD * (low in word_set("eponym_heads"))
    flags |= scoring.TITLE * (word in _TITLES)
    flags |= scoring.GIVEN * (word in word_set("given_female") or word in word_set("given_male"))
    flags |= scoring.CUE * (low in ("name", "patient"))
    flags |= scoring.STOP * (word in (",", "."))
    flags |= scoring.INITIAL * (len(word) == 1)
    flags |= scoring.CHINESE * (word == _ANY_HAN)
    lexical = (said in lexicon.known) + 2 * (said in lexicon.proper) + 4 * (low in _COMMON) + 8 * word.isascii()
    if "-" in bare and not lexical & 3:
        parts = [crc32(part.encode("utf-8", "surrogatepass")) for part in bare.lower().split("-")]
        lexical += all(part in lexicon.known for part in parts)
    spelled = 0 if first.isdigit() else crc32(low.encode("utf-8", "surrogatepass"))
    endings = (crc32(low[-size:].encode("utf-8", "surrogatepass")) for size in (2, 3, 4))
    return spelled, shape, min(len(word), 12), *endings, crc32(low[:3].encode("utf-8", "surrogatepass")), lexical, flags, said


@cache
def surnames() -> tuple[Any, Any]:
    """By code point from U+4E00: 1 a surname, 2 the first character of a compound one, 3 both; and the compound ones."""
    import numpy as np

    single, compound = chinese_surnames()
    table = np.zeros(0x5200, dtype=np.uint8)
    for letter in single - word_set("zh_function_surnames"):
        table[ord(letter) - 0x4E00] |= 1
    for pair in compound:
        table[ord(pair[0]) - 0x4E00] |= 2
    return table, np.array(sorted((ord(pair[0]) << 32) + ord(pair[1]) for pair in compound), dtype=np.int64)


def code_points(text: str) -> Any:
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _joined(text: str, run: Sequence[tuple[int, int, int, float]]) -> Iterator[Finding]:
    """Words of one label with nothing but spaces, an initial's stop or a comma between them are one finding."""
    at = 0
    while at < len(run):
        start, end, label, score = run[at]
        at += 1
        while at < len(run) and run[at][2] == label and _GAP.fullmatch(text, end, run[at][0]):
            end, score = run[at][1], min(score, run[at][3])
            at += 1
        if label == 2:
            number = _NUMBER_BEFORE.search(text, max(0, start - 9), start)
            start = number.start() if number else start
            after = _NUMBER_AFTER.match(text, end)
            end = after.end() if after else end
        elif text[end - 2 : end] in ("'s", "’s"):
            end -= 2
        yield Finding(start, end, LABELS[label], "name model", round(score, 2))
