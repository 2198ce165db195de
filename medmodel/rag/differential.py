"""What must not be missed and what is likely, for a case: as the references list it for its complaints, and nothing of our own.

Some references are a complaint's differential: a heading a diagnosis, a sentence "Likelihood of X: must not miss.", and lists
of its key features and red flags. The one or two lists are read whole that the case is most likely about: what it complains of
first (`complaints.yaml` has other words for each complaint), and what retrieval finds first and most of. They are looked for
by the case and by the complaints' names, since a long case may find none of its own. Diagnoses of whose features the case has
more come first, then those that retrieval found earlier. Each is shown with the sentence that says how likely it is and with
features of it that the case names. What a case denies ("no fever"), had once or tells of somebody else
(`medmodel.safety.scope`) speaks for nothing. How often that is right: `evals/differential.py`.

Not covered: references that are written in another way, a diagnosis that stands in neither list, how much a finding weighs.
No list for the complaint: no diagnosis is shown, and the reader is told so.

    differential(case, search, held)     # (Diagnosis(name="Subarachnoid Hemorrhage (SAH)", kind="must_not_miss", …), …)
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count, takewhile
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from medmodel.rag.citations import cite
from medmodel.rag.support import content_words
from medmodel.rag.terms import bridged
from medmodel.rag.words import chinese
from medmodel.records import Citation, Diagnosis, Passage
from medmodel.safety.scope import told
from medmodel.safety.text import read

MOST = {"must_not_miss": 5, "likely": 3}  # shown of each kind: what is read in a few seconds
FEATURES = 2  # cited of one diagnosis
SAME = 0.5  # share of a feature's content words that the case has
READ = 8_000  # characters of a case
ASKED = 2_000  # of them in a search
LISTED = "differential diagnosis key features red flags"  # what such a list has in its headings
STEM = 5  # letters: "stiff neck" meets "neck stiffness"
LIKELY = "common"  # the references' word; "less common" is left to the list itself
_LIKELIHOOD = re.compile(r"^Likelihood of (?P<name>.+): (?P<likelihood>[^:]+)\.$")
_LISTED = re.compile(r"\s*\b[Dd]ifferential [Dd]iagnosis\b.*$")
_FOR = ("Key features", "Red flags")  # headings of what speaks for a diagnosis
LISTS = 2  # read: of a case with two complaints, either may hold what it has
# Chance that a list is the one for a case, fitted on 140 cases of an author who had not seen this (docs/evidence.md): of the
# place among the complaints that the case tells (1 the first, 1/2 the second, 0 none), of the place at which retrieval found it, and of
# the passages found.
TOLD, EARLY, FOUND, INTERCEPT = 5.2, 1.3, 2.5, -5.9
MANY = 8  # passages found, above which more say no more
LEAST = 0.15  # chance

Search = Callable[[str], Sequence[Passage]]


class _Listed(NamedTuple):
    """One diagnosis of a list: the sentence on how likely it is, and what speaks for it."""

    name: str
    likelihood: str
    said: Citation
    features: tuple[Citation, ...]


def differential(case: str, search: Search, held: Mapping[str, Passage]) -> tuple[Diagnosis, ...]:
    """Diagnoses of the lists for the case's complaints, the kinds in order; none when the references have no such list.

    `search` finds passages for a text, best first; `held` has all passages of what it searches.
    """
    has, denies = told(read(case[:READ]))
    found = search(f"{has[:ASKED]} {LISTED}")
    named = [passage for complaint in list(_complaints_of(has))[:LISTS] for passage in search(f"{complaint} {LISTED}")]
    listed = [
        one
        for document in _lists(has, found, named)
        for one in _listed(
            _passages(document, held),
            found,
            _stems(_in_english(has)),
            _stems(_in_english(denies)),
        )
    ]
    ranked = _once(sorted(listed, key=lambda one: -len(one.features)))
    kinds: tuple[tuple[Literal["must_not_miss", "likely"], str], ...] = (("must_not_miss", "must not miss"), ("likely", LIKELY))
    return tuple(
        Diagnosis(name=one.name, kind=kind, likelihood=one.likelihood, citations=(one.said, *one.features[:FEATURES]))
        for kind, word in kinds
        for one in [one for one in ranked if one.likelihood == word][: MOST[kind]]
    )


def _once(listed: Sequence[_Listed]) -> list[_Listed]:
    """Without those that stand higher up already, from another list."""
    bare = [_stems(re.sub(r"\(.*?\)", "", one.name)) for one in listed]
    return [one for at, one in enumerate(listed) if bare[at] not in bare[:at]]


def _lists(has: str, found: Sequence[Passage], named: Sequence[Passage]) -> list[str]:
    """The documents that are most likely the lists for what a case has, the likeliest first; `named` by their names alone."""
    titles = {
        passage.document_id: _LISTED.sub("", passage.heading[0])
        for passage in (*found, *named)
        if passage.heading and _LISTED.search(passage.heading[0])
    }
    number = Counter(passage.document_id for passage in found)
    first = {passage.document_id: place for place, passage in reversed(list(enumerate(found)))}
    told_at = {document: at for document, title in titles.items() if (at := _told_at(title, has)) is not None}
    order = sorted(told_at, key=lambda document: (told_at[document], first.get(document, len(found))))

    def chance(document: str) -> float:
        place = 1 / (1 + order.index(document)) if document in told_at else 0.0
        early = 1 / (1 + first[document]) if document in first else 0.0
        return 1 / (1 + math.exp(-(INTERCEPT + TOLD * place + EARLY * early + FOUND * min(number[document], MANY) / MANY)))

    return sorted((document for document in titles if chance(document) >= LEAST), key=chance, reverse=True)[:LISTS]


def _told_at(title: str, has: str) -> int | None:
    """Where a case tells the complaint of a list by one of its names; None where it does not."""
    names = [stems for name in re.split(r"[/()]", title) if (stems := _stems(name))]
    places = [at for complaint, at in _complaints_of(has).items() if any(_stems(complaint) <= name for name in names)]
    words = _stems(has)
    return min([*places, *(min(map(has.find, name)) for name in names if name <= words)], default=None)


def _complaints_of(has: str) -> dict[str, int]:
    """The complaints of the table that a case tells, and where, the first first."""
    found = {complaint: at.start() for complaint, words in _complaints() if (at := words.search(has))}
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


def _passages(document: str, held: Mapping[str, Passage]) -> list[Passage]:
    found = (held.get(f"{document}#{number}") for number in count())
    return [passage for passage in takewhile(lambda passage: passage is not None, found) if passage]


def _listed(passages: Sequence[Passage], found: Sequence[Passage], case: set[str], denied: set[str]) -> list[_Listed]:
    """Those that retrieval found earlier first."""
    places = {passage.id: at for at, passage in reversed(list(enumerate(found)))}
    likelihoods: dict[str, tuple[str, Citation]] = {}
    features: dict[str, list[Citation]] = {}
    place: dict[str, int] = {}
    for passage in passages:
        name = passage.heading[1] if len(passage.heading) > 1 else ""
        place[name] = min(place.get(name, len(found)), places.get(passage.id, len(found)))
        for at in range(len(passage.sentences)):
            if likely := _LIKELIHOOD.match(passage.sentence(at)):
                likelihoods[name] = (likely["likelihood"], cite(passage, at, 0))
            elif (
                passage.heading[-1] in _FOR
                and not told(read(passage.sentence(at)))[1].strip()
                and _has(case, denied - case, _stems(passage.sentence(at)) - _stems(passage.heading[0]))
            ):
                features.setdefault(name, []).append(cite(passage, at, 0))
    listed = [
        _Listed(name, likelihood, said, tuple(features.get(name, ()))) for name, (likelihood, said) in likelihoods.items()
    ]
    return sorted(listed, key=lambda one: place[one.name])


def _has(case: set[str], denied: set[str], feature: set[str]) -> bool:
    """Whether the case has half of a feature's words, those of the complaint aside, which it always has, and denies none."""
    return bool(feature) and not feature & denied and len(feature & case) >= SAME * len(feature)


def _in_english(text: str) -> str:
    """As far as the tables have it."""
    return bridged(text).english if chinese(text) else text


@cache
def _complaints() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = yaml.safe_load(Path(__file__).with_name("complaints.yaml").read_text(encoding="utf-8"))
    return tuple((complaint, re.compile("|".join(told), re.IGNORECASE)) for complaint, told in table.items())


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in content_words(text) - {"acute", "abnormal", "patient", "history"} if len(word) > 2}
