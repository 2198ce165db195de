"""Findings in a text: every phrase of `findings.yaml` and `requests.yaml`, looked for in one pass over the words.

A phrase is words with marks that a clinician can read:

    stiff neck           both words, in this order, at most one other word between them; fillers (the, of, is) never count
    face ~ droop         at most five words between, in one sentence, in either order; behind a word that governs (cannot, not,
                         no, after, since …) in this order only
    chest + pain|tight   the same, and always in either order
    pain|hot_water       either; words match by their stem ("vomit" = vomiting, vomited)
    diaphor*             any word that begins so
    <n> <10>             a number; a number of at least ten

Chinese phrases are the same without the spaces meaning much: `胸口|胸部 ~ 痛` has at most eight characters between, and a space
means none. Every English phrase hangs on its first word, so a text pays for the phrases whose first word it has.
A negation between the words of a phrase breaks it ("chest clear, no pain").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from typing import NamedTuple

from medmodel.safety.text import SHORTEST, Speller, Text, Word, fillers, stem

NEXT = 1  # words between two that stand together: "stiff and sore neck"
APART = 5  # words between two that belong together: "her face, she says, began to droop"
APART_ZH = 8  # characters
LONG = 6  # letters of a stem whose other endings are known to the speller too
_BREAKS = frozenset({"no", "not", "without", "denies", "denied", "never", "nor"})
_GOVERNS = _BREAKS | set(
    "cannot how after since for with at during through until within in last had when between by from will".split()
)
_CHINESE = re.compile("[\u3400-\u9fff]")


class Match(NamedTuple):
    finding: str
    start: int  # in Text.flat
    end: int
    first: int  # index of its first word; -1 of a Chinese one


class _Phrase(NamedTuple):
    finding: str
    elements: tuple[frozenset[int], ...]
    gaps: tuple[int, ...]  # before each element but the first


class _Chinese(NamedTuple):
    finding: str
    needs: tuple[tuple[str, ...], ...]  # of each, one must be in the text
    pattern: re.Pattern[str]


class Phrases:
    """A set of findings, ready to be looked for."""

    def __init__(self, findings: Mapping[str, Iterable[str]]) -> None:
        self._literal: dict[str, int] = {}
        self._prefix: dict[str, int] = {}
        self._least: dict[int, int] = {}  # a number's term -> its least value
        self._phrases: dict[int, list[_Phrase]] = {}
        self._chinese: list[_Chinese] = []
        forms: dict[str, str] = {}
        for finding, phrases in findings.items():
            for phrase in phrases:
                if _CHINESE.search(phrase):
                    self._chinese.append(_chinese(finding, phrase))
                else:
                    self._add(finding, phrase, forms)
        self._speller = Speller(forms)
        self._terms: dict[str, frozenset[int]] = {}  # of words seen; bounded below

    def find(self, text: Text) -> Iterator[Match]:
        """Every place where a finding stands, negated or not, in no order."""
        words = [(at, word) for at, word in enumerate(text.words) if not word.filler and word.text not in ",'\"()"]
        terms = [self._of(word) for _, word in words]
        for position, found in enumerate(terms):
            for term in found:
                for phrase in self._phrases.get(term, ()):
                    end = self._ends(phrase, words, terms, position, 1)
                    if end >= 0:
                        yield Match(phrase.finding, words[position][1].start, words[end][1].end, words[position][0])
        if text.chinese:
            for chinese in self._chinese:
                if all(any(part in text.flat for part in parts) for parts in chinese.needs):
                    for match in chinese.pattern.finditer(text.flat):
                        yield Match(chinese.finding, match.start(), match.end(), -1)

    def _ends(
        self, phrase: _Phrase, words: list[tuple[int, Word]], terms: list[frozenset[int]], position: int, element: int
    ) -> int:
        """Position of the phrase's last word when it goes on from `position`; -1 when it does not."""
        if element == len(phrase.elements):
            return position
        sentence, wanted = words[position][1].sentence, phrase.elements[element]
        for at in range(position + 1, min(position + 2 + phrase.gaps[element - 1], len(words))):
            word = words[at][1]
            if word.sentence != sentence:
                break
            if not wanted.isdisjoint(terms[at]):
                end = self._ends(phrase, words, terms, at, element + 1)
                if end >= 0:
                    return end
            if word.text in _BREAKS:
                break
        return -1

    def _of(self, word: Word) -> frozenset[int]:
        known = self._terms.get(word.text)
        if known is not None:
            return known
        found = self._exact(word.text, word.stem)
        if not found:
            found = frozenset().union(*(self._exact(meant, meant) for meant in self._speller.stems_of(word.text)))
        if len(self._terms) < 50_000:
            self._terms[word.text] = found
        return found

    def _exact(self, text: str, stemmed: str) -> frozenset[int]:
        if text[0].isdigit():
            return frozenset(term for term, least in self._least.items() if float(text) >= least)
        found = {self._prefix[text[:length]] for length in range(2, len(text) + 1) if text[:length] in self._prefix}
        if stemmed in self._literal:
            found.add(self._literal[stemmed])
        return frozenset(found)

    def _add(self, finding: str, phrase: str, forms: dict[str, str]) -> None:
        joined = re.search(r"(?<![\w*])(\w+_\w+)(?![\w*])", phrase)
        if joined:  # "gas|hot_water": the two words in a row are one of the choices
            before, after = phrase[: joined.start()], phrase[joined.end() :]
            choice = re.search(r"[^ ]*$", before)[0] + joined[1] + re.match(r"[^ ]*", after)[0]  # type: ignore[index]
            others = "|".join(word for word in choice.split("|") if word != joined[1])
            for instead in filter(None, (joined[1].replace("_", " "), others)):
                self._add(finding, phrase.replace(choice, instead, 1), forms)
            return
        governed = not _GOVERNS.isdisjoint(re.split(r"[ |]", phrase.partition("~")[0]))
        if phrase.count("~") == 1 and not governed:
            phrase = phrase.replace("~", "+")
        groups = [part.split() for part in phrase.split("+")]
        for order in permutations(groups) if len(groups) <= 3 else [groups]:
            elements: list[frozenset[int]] = []
            gaps: list[int] = []
            for group in order:
                gap = APART
                for part in group:
                    if part == "~":
                        gap = APART
                        continue
                    words = [word for word in part.split("|") if word and word not in fillers()]
                    if not words:  # "shortness of breath": what the text skips, the phrase skips
                        continue
                    if elements:
                        gaps.append(gap)
                    elements.append(frozenset(self._term(word, forms) for word in words))
                    gap = NEXT
            if not elements:
                raise ValueError(f"findings.yaml: '{phrase}' of {finding} is made of fillers alone")
            entry = _Phrase(finding, tuple(elements), tuple(gaps))
            for term in elements[0]:
                self._phrases.setdefault(term, []).append(entry)

    def _term(self, word: str, forms: dict[str, str]) -> int:
        table, key = self._literal, stem(word)
        if word.startswith("<"):
            table, key = self._literal, word
            self._least[table.setdefault(key, self._new())] = int(word.strip("<>n") or 0)
        elif word.endswith("*"):
            table, key = self._prefix, word[:-1]
        else:
            endings = ("", "s", "ed", "ing") if len(key) >= LONG else ("",)
            forms.update({form: key for form in (word, *(key + ending for ending in endings)) if len(form) >= SHORTEST})
        return table.setdefault(key, self._new())

    def _new(self) -> int:
        return len(self._literal) + len(self._prefix)


def _chinese(finding: str, phrase: str) -> _Chinese:
    needs: list[tuple[str, ...]] = []
    groups: list[str] = []
    for group in phrase.split("+"):
        pattern = ""
        for part in group.split():
            if part == "~":
                pattern += rf"[^。！？；.?!;]{{0,{APART_ZH}}}?"
                continue
            words = part.split("|")
            if "<n>" not in words:
                needs.append(tuple(words))
            pattern += (
                "(?:"
                + "|".join(r"[\d一二两三四五六七八九十百半几多整]+" if word == "<n>" else re.escape(word) for word in words)
                + ")"
            )
        groups.append(pattern)
    between = rf"[^。！？；.?!;]{{0,{APART_ZH}}}?"
    orders = [between.join(order) for order in permutations(groups)]
    return _Chinese(finding, tuple(needs), re.compile("|".join(orders)))
