"""Whose finding it is, and whether it is one: negated, in the past, in the family, supposed, or asked about as a topic.

    denied(text)     words that a negation reaches ("no chest pain, sweating or nausea"); "no better", "not just" deny nothing;
                     a figure of speech ("choked up") and what is said to be well ("bladder and bowels normal") is no finding
    elsewhere(text)  words that stand in the past or the family ("a stroke in 2015", "family history of"); "a two-hour history
                     of" is now, and a relative with a finding now ("my father has chest pain") is a patient
    told(text)       the text without what is denied or elsewhere: what the patient has, as far as the words say
    topics(text)     where the text asks about a subject or supposes a case ("how does meningitis present?", "what would I do
                     if somebody", an exam) and tells of nobody

Somebody who plays a finding down denies nothing: "probably just indigestion, says his wife" leaves every finding where it is.
In doubt a finding counts: a banner too many costs less than an emergency. Not covered: irony, and who "she" is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from medmodel.safety.measures import Reading
from medmodel.safety.phrases import Match
from medmodel.safety.text import Text

REACH = 6  # words, fillers not counted, that a negation reaches: longer than any finding that the rules name
REACH_LIST = 14  # through a list that ends in "or"
REACH_ZH = 10  # characters
_COMMAS = frozenset(",、")
_AUXILIARY = frozenset({"had", "have", "has", "been", "with"})  # "not had any fits": no new clause
_SENTENCE = re.compile(r"(?:[^.?!;。]|\.(?=\d))+[.?!;。]?")


class Scopes(NamedTuple):
    """Word indices (English) and characters (Chinese) that count for less."""

    denied: frozenset[int]
    elsewhere: frozenset[int]
    denied_zh: frozenset[int]
    elsewhere_zh: frozenset[int]

    def is_denied(self, match: Match) -> bool:
        return match.first in self.denied if match.first >= 0 else match.start in self.denied_zh

    def is_elsewhere(self, match: Match) -> bool:
        return match.first in self.elsewhere if match.first >= 0 else match.start in self.elsewhere_zh


def scopes(text: Text) -> Scopes:
    denied, elsewhere = _english(text)
    denied_zh, elsewhere_zh = _chinese(text.flat) if text.chinese else (frozenset(), frozenset())
    return Scopes(denied, elsewhere, denied_zh, elsewhere_zh)


def told(text: Text) -> tuple[str, str]:
    """The text as it was read, with spaces for what is denied or elsewhere, and what is denied alone."""
    found = scopes(text)
    denied, elsewhere = (
        {*_letters(text, words), *signs}
        for words, signs in ((found.denied, found.denied_zh), (found.elsewhere, found.elsewhere_zh))
    )
    has = "".join(" " if at in denied or at in elsewhere else sign for at, sign in enumerate(text.flat))
    return has, "".join(sign if at in denied else " " for at, sign in enumerate(text.flat))


def _letters(text: Text, words: Iterable[int]) -> Iterator[int]:
    """Places in the text of these words."""
    for at in words:
        yield from range(text.words[at].start, text.words[at].end)


def topics(text: Text, readings: Mapping[str, list[Reading]]) -> list[tuple[int, int]]:
    """Stretches of the text in which nobody is the patient: a question about a subject, an exam, a case only supposed."""
    cues, flat = _cues(), text.flat
    whole = [(0, len(flat))]
    if cues["exam"].search(flat):
        return whole
    vital = bool(readings.keys() - {"age_days", "minutes", "gestation", "burn"})
    current = bool(cues["now"].search(flat)) or vital
    if cues["supposed"].search(flat) and not current:
        return whole
    if current or "age_days" in readings or cues["somebody"].search(flat):
        return []
    return [match.span() for match in _SENTENCE.finditer(flat) if cues["subject"].search(match[0])]


def now(text: Text) -> bool:
    """Whether the text tells of something that is happening now, or has just happened."""
    return bool(_cues()["now"].search(text.flat))


def someone(text: Text) -> bool:
    """Whether somebody is the patient: "my wife", "she", "a 58-year-old man", 患者."""
    return bool(_cues()["somebody"].search(text.flat))


def _english(text: Text) -> tuple[frozenset[int], frozenset[int]]:
    cues = _cues()
    denied: set[int] = set()
    elsewhere: set[int] = set()
    starts = {word.start: at for at, word in enumerate(text.words)}
    idle = [match.span() for match in cues["denies_nothing"].finditer(text.flat)]
    for match in cues["denies"].finditer(text.flat):
        if match.start() in starts and not any(low <= match.start() < high for low, high in idle):
            far = bool(cues["denies_lists"].match(match[0]))
            denied.update(_reach(text, _word_after(text, starts, match), far))
    for match in cues["no_finding"].finditer(text.flat):
        denied.update(at for at, word in enumerate(text.words) if match.start() <= word.start < match.end())
    for match in cues["denied_after"].finditer(text.flat):
        denied.update(_before(text, match.start()))
    for match in cues["past"].finditer(text.flat):
        if not cues["onset"].search(text.flat[max(0, match.start() - 40) : match.end()]):
            elsewhere.update(_reach(text, _word_after(text, starts, match), True))
    for match in cues["past_after"].finditer(text.flat):
        elsewhere.update(_before(text, match.start(), whole=True))
    return frozenset(denied), frozenset(elsewhere)


def _word_after(text: Text, starts: Mapping[int, int], match: re.Match[str]) -> int:
    """Index of the first word behind a match."""
    at = match.end()
    while at < len(text.flat) and at not in starts:
        at += 1
    return starts.get(at, len(text.words))


def _reach(text: Text, first: int, far: bool) -> list[int]:
    """Words from `first` on that one cue reaches: to the end of its clause, and through a list when it ends in "or"."""
    cues = _cues()
    if first >= len(text.words):
        return []
    sentence = text.words[first].sentence
    end = first
    while end < len(text.words) and text.words[end].sentence == sentence and end - first < 60:
        end += 1
    rest = [word.text for word in text.words[first:end]]
    reached: list[int] = []
    counted = 0
    for at, word in enumerate(rest):
        if at == 0 and word in _AUXILIARY:
            continue
        if cues["ends"].fullmatch(word) or (cues["denies"].fullmatch(word) and at):
            break
        if word in _COMMAS:
            if not (far or _list_goes_on(rest[at + 1 :])):
                break
            if far and not _short(rest[at + 1 :]):
                break
            continue
        counted += not text.words[first + at].filler
        if counted > (REACH_LIST if far or any(part in _COMMAS for part in rest[:at]) or "or" in rest[at : at + 6] else REACH):
            break
        reached.append(first + at)
    return reached


def _list_goes_on(rest: list[str]) -> bool:
    """Whether what follows a comma is an item of a list that ends in "or": "(no pain,) sweating or nausea"."""
    cues = _cues()
    since = 0
    for word in rest[:16]:
        if word in ("or", "nor"):
            return True
        if cues["ends"].fullmatch(word):
            return False
        since = 0 if word in _COMMAS else since + 1
        if since > 4:  # words: no longer an item, but a clause
            return False
    return False


def _short(rest: list[str]) -> bool:
    """Whether an item of at most four words follows, and not a clause that tells of something present."""
    cues = _cues()
    for at, word in enumerate(rest):
        if word in _COMMAS or word in ("or", "and", "nor"):
            return True
        if cues["ends"].fullmatch(word) or at >= 4:
            return False
    return True


def _before(text: Text, start: int, whole: bool = False) -> list[int]:
    """Words before a cue that stands behind its finding: "chest pain was ruled out", "a stroke two years ago"."""
    at = next((at for at, word in enumerate(text.words) if word.start >= start), len(text.words))
    reached: list[int] = []
    counted = 0
    while at > 0 and counted < (2 * REACH if whole else REACH):
        at -= 1
        word = text.words[at]
        if word.text in ".?!;," or word.text in ("but", "now", "and"):
            break
        counted += not word.filler
        reached.append(at)
    return reached


def _chinese(flat: str) -> tuple[frozenset[int], frozenset[int]]:
    cues = _cues()
    denied: set[int] = set()
    elsewhere: set[int] = set()
    for match in cues["zh_denies"].finditer(flat):
        reach = cues["zh_reach"].match(flat, match.end())
        denied.update(range(match.end(), reach.end() if reach else match.end()))
    for match in cues["no_finding"].finditer(flat):
        denied.update(range(*match.span()))
    for match in cues["zh_past"].finditer(flat):
        reach = cues["zh_past_reach"].match(flat, match.end())
        elsewhere.update(range(match.end(), reach.end() if reach else match.end()))
    for match in cues["zh_past_after"].finditer(flat):
        elsewhere.update(range(max(0, match.start() - 8), match.start()))
    return frozenset(denied), frozenset(elsewhere)


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    raw: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("scope.yaml").read_text(encoding="utf-8"))
    return {name: re.compile("|".join(f"(?:{cue})" for cue in cues)) for name, cues in raw.items()}
