"""The name model: which capital words, and which windows of Chinese characters, are a person's name or a place.

A linear model over hashed features of a word and of two words at each side (its shape, endings, neighbours, what was
decided before it): numpy is needed only to load the weights. Chinese windows begin
with a surname. It is trained by the recipe stage `phi_names`; `names.npz` holds the weights and nothing that runs.

    model = NameModel.load(artifact_folder)
    find(text, names=model)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import exp
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from medmodel.errors import InputError
from medmodel.phi.finding import HAN, Finding, words

BITS = 18  # 262,144 buckets a class
LABELS = ("other", "name", "address")
LEANING = 1.0  # added to a name's log-odds: a missed name costs more than a word too many. A first guess, not tuned
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]|\n")
_CAPITAL = re.compile(r"[A-Z\u00c0-\u00de\u0100-\u017f\u0370-\u03ff\u0400-\u042f]")
_AROUND = frozenset(",.;:()\n")


class Word(NamedTuple):
    start: int
    end: int
    text: str


class NameModel:
    """Weights by hashed feature; `labels` are LABELS."""

    def __init__(self, weights: Sequence[Sequence[float]], known: Iterable[int] = ()) -> None:
        self.weights = weights  # [bucket][label]
        self.known = frozenset(known)  # hashes of words that stand in prose and in a dictionary: seldom names

    @classmethod
    def load(cls, path: Path | str) -> NameModel:
        """From names.npz, or from the folder of a `phi_names` artifact. Raises InputError when there is none."""
        import numpy as np

        file = Path(path)
        file = file / "names.npz" if file.is_dir() else file
        if not file.is_file():
            raise InputError(f"there is no name model {file}: run the stage `phi_names`, or leave `names` out")
        with np.load(file, allow_pickle=False) as kept:
            weights, known = kept["weights"].astype("float32"), kept["known"]
        return cls([tuple(row) for row in weights.tolist()], known.tolist())

    def judge(self, features: Sequence[int]) -> tuple[int, float]:
        """(label, its probability)"""
        one = two = three = 0.0
        weights = self.weights
        for feature in features:
            row = weights[feature]
            one += row[0]
            two += row[1]
            three += row[2]
        two, three = two + LEANING, three + LEANING
        top = max(one, two, three)
        scores = (exp(one - top), exp(two - top), exp(three - top))
        best = scores.index(max(scores))
        return best, scores[best] / sum(scores)

    def find(self, text: str) -> Iterator[Finding]:
        """Names and places that the model believes in."""
        if _CAPITAL.search(text):
            yield from self._words(text)
        if re.search(f"[{HAN}]", text):
            yield from self._windows(text)

    def _words(self, text: str) -> Iterator[Finding]:
        tokens = tokens_of(text)
        before = 0
        run: list[tuple[int, int, int, float]] = []
        for at, token in enumerate(tokens):
            label = 0
            if is_candidate(token.text):
                label, score = self.judge(word_features(tokens, at, before, self.known))
                if label and is_protected(tokens, at, before):
                    label = 0
                if label:
                    run.append((token.start, token.end, label, score))
            if not label and token.text in (",", ".") and before == 1 and len(tokens[at - 1].text) == 1:
                continue  # J. Smith: what was decided of the initial still stands
            before = label
        yield from _joined(text, run)

    def _windows(self, text: str) -> Iterator[Finding]:
        last = -1
        for start, options in zh_windows(text):
            if start < last:
                continue
            best = max(
                ((*self.judge(zh_features(text, start, end, self.known)), end) for end in options),
                key=lambda o: (o[0] == 1, o[1]),
            )
            if best[0] == 1:
                last = best[2]
                yield Finding(start, last, "name", "name model", round(best[1], 2))


def tokens_of(text: str) -> list[Word]:
    return [Word(match.start(), match.end(), match[0]) for match in WORD.finditer(text)]


def is_candidate(word: str) -> bool:
    first = word[0]
    return (
        first.isupper() and re.split("['’]", word)[0].lower() not in _common() and not any(letter.isdigit() for letter in word)
    )


def is_protected(tokens: Sequence[Word], at: int, before: int) -> bool:
    """An eponym is a disease, unless a name stands before it."""
    word = re.sub(r"['’]s$", "", tokens[at].text)
    following = tokens[at + 1].text.lower() if at + 1 < len(tokens) else ""
    known = word.title() if word.isupper() else word
    if following in _heads() and (known in _eponyms() or before != 1):
        return True
    if at >= 2 and tokens[at - 1].text == "." and tokens[at - 2].text in ("Mr", "Mrs", "Ms", "Dr"):
        return False
    return (known in _eponyms() or known.split("-")[0] in _eponyms()) and before != 1 and not _named(tokens, at)


def _named(tokens: Sequence[Word], at: int) -> bool:
    """Title, cue or a given name beside it."""
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    cue = tokens[at - 2].text.lower() if at > 1 else ""
    return (
        before in ("Mr", "Mrs", "Ms", "Dr", "Miss")
        or (before == ":" and cue in ("name", "patient"))
        or after in _given()
        or before in _given()
    )


def word_features(
    tokens: Sequence[Word], at: int, before: int, known: Collection[int] = (), identity: bool = True
) -> list[int]:
    """Buckets of what is known of the word `at`; `before`: the label of the word before. `identity`: the word itself too."""
    count = len(tokens)
    word = tokens[at].text
    back = tokens[at - 1].text if at else "<"
    back2 = tokens[at - 2].text if at > 1 else "<"
    back3 = tokens[at - 3].text if at > 2 else "<"
    on = tokens[at + 1].text if at + 1 < count else ">"
    on2 = tokens[at + 2].text if at + 2 < count else ">"
    low = word.lower()
    shape = "A" if word.isupper() and len(word) > 1 else "I" if len(word) == 1 else "Aa" if word[1:].islower() else "aA"
    length = str(min(len(word), 9))
    lback, lon = _seen(back), _seen(on)
    said = [
        "", f"s{shape}", f"l{length}", f"p{before}", f"b{lback}", f"o{lon}", f"c{_seen(back2)} {lback}", f"d{lon} {_seen(on2)}", f"e{lback} {lon}",
        f"f{_seen(back3)} {_seen(back2)} {lback}", f"2{low[-2:]}", f"3{low[-3:]}", f"^{low[:3]}", f"g{before} {lon}", f"h{before} {lback}", f"s{shape} {lback}",
        f"a{word.isascii()}", f"j{_shape(back)} {_shape(on)}", f"k{_shape(back2)} {_shape(back)}", f"m{_shape(on)} {_shape(on2)}", f"n{_seen(back2)}", f"q{_seen(on2)}",
        f"r{shape} {_shape(back)} {_shape(on)} {before}",
    ]  # fmt: skip
    is_known = crc32(low.encode()) in known
    said += [
        f"K{is_known}",
        f"K{is_known} {before}",
        f"K{is_known} {lback}",
        f"K{is_known} {lon}",
        f"K{is_known} {shape} {_shape(back)} {_shape(on)}",
        f"K{is_known}{crc32(on.lower().encode()) in known}{shape}{_shape(on)}{before}",
    ]
    if identity:
        said += [f"w{low}", f"x{low} {before}"]
    if low in _common():
        said.append("common")
    return [crc32(one.encode()) & (1 << BITS) - 1 for one in said]


def zh_windows(text: str) -> Iterator[tuple[int, list[int]]]:
    """(start, possible ends) of windows of two to four characters that begin with a surname."""
    for match in _surname().finditer(text):
        start = match.start()
        first = start + len(match[0])
        ends = []
        for end in range(first + 1, min(first + 3, len(text) + 1)):
            if not "\u4e00" <= text[end - 1] <= "\u9fff":
                break
            ends.append(end)
        if ends:
            yield start, ends


def zh_features(text: str, start: int, end: int, known: Collection[int] = (), identity: bool = True) -> list[int]:
    back, on = text[max(0, start - 4) : start].rjust(4, "<"), text[end : end + 3].ljust(3, ">")
    name = text[start:end]
    size = str(end - start)
    said = [
        "Z", f"Zl{size}", f"Z1{back[3]}", f"Z2{back[2:]}", f"Z3{back[1:]}", f"Z>{on[0]}", f"Z>>{on[:2]}", f"Z>>>{on}", f"Z12{back[3]} {on[0]}", f"Zs{name[0]}", f"Zs{name[:2]}",
        f"Ze{name[-1]}", f"Zl{size} {on[0]}", f"Zl{size} {back[3]}", f"Zl{size} {back[2:]}", f"Zk{_kind(back[3])} {_kind(on[0])} {size}", f"Zn{name[-1]}{on[0]}", f"Zb{back[3]}{name[0]}",
    ]  # fmt: skip
    inside = "".join(str(int(crc32(text[start : start + size].encode()) in known)) for size in (2, 3, 4))
    across = f"{int(crc32(text[max(0, start - 1) : start + 1].encode()) in known)}{int(crc32(text[end - 1 : end + 1].encode()) in known)}"
    around = (
        f"{int(crc32(text[max(0, start - 2) : start].encode()) in known)}{int(crc32(text[end : end + 2].encode()) in known)}"
    )
    said += [
        f"ZK{inside}",
        f"ZK{size}{inside}",
        f"ZL{across}",
        f"ZL{size}{across}{around}",
        f"ZM{inside}{across}",
        f"ZN{size}{inside}{across}{around}",
    ]
    if identity:
        said += [f"Zw{name}", *(f"Zg{letter}" for letter in name[1:])]
    return [crc32(one.encode()) & (1 << BITS) - 1 for one in said]


def _joined(text: str, run: Sequence[tuple[int, int, int, float]]) -> Iterator[Finding]:
    """Words of one label with nothing but spaces, an initial's stop or a comma between them are one finding."""
    at = 0
    while at < len(run):
        start, end, label, score = run[at]
        at += 1
        while at < len(run) and run[at][2] == label and re.fullmatch(r"[ .]{1,2}|,? ", text[end : run[at][0]]):
            end, score = run[at][1], min(score, run[at][3])
            at += 1
        if label == 2:
            number = re.compile(r"\d{1,6}[A-Za-z]?,? $").search(text, max(0, start - 9), start)
            start = number.start() if number else start
            after = re.compile(r",? \d{1,6}[A-Za-z]?(?![\w.%/])").match(text, end)
            end = after.end() if after else end
        elif text[start:end].endswith(("'s", "’s")):
            end -= 2
        yield Finding(start, end, LABELS[label], "name model", round(score, 2))


def _seen(word: str) -> str:
    return "0" if word[0].isdigit() else word.lower()


def _shape(word: str) -> str:
    first = word[0]
    return "A" if first.isupper() else "a" if first.islower() else "0" if first.isdigit() else word


def _kind(letter: str) -> str:
    return "h" if "\u4e00" <= letter <= "\u9fff" else "0" if letter.isdigit() else letter


_CACHE: dict[str, frozenset[str]] = {}
_SURNAME: list[re.Pattern[str]] = []


def _set(key: str, lower: bool = False) -> frozenset[str]:
    if key not in _CACHE:
        _CACHE[key] = frozenset(word.lower() if lower else word for word in words(key))
    return _CACHE[key]


def _eponyms() -> frozenset[str]:
    return _set("eponyms")


def _heads() -> frozenset[str]:
    return _set("eponym_heads")


def _given() -> frozenset[str]:
    if "given" not in _CACHE:
        _CACHE["given"] = _set("given_female") | _set("given_male")
    return _CACHE["given"]


def _common() -> frozenset[str]:
    return _CACHE.setdefault(
        "common",
        frozenset(
            "the a an this that he she it they we you in on at for with and or but if when what who is are was has had no not what they my your our there then c'mon c hello".split()
        ),
    )


def _surname() -> re.Pattern[str]:
    if not _SURNAME:
        _SURNAME.append(re.compile("|".join(words("zh_compound_surnames")) + "|[" + "".join(words("zh_surnames")) + "]"))
    return _SURNAME[0]
