"""What must not be missed and what is likely, for a case: as the references list it for its complaints, and nothing of our own.

Some references are a complaint's differential: a heading a diagnosis, a sentence "Likelihood of X: must not miss.", and lists
of its key features and red flags. The one or two lists are read whole that the case is most likely about (`complaints.py`).
They are looked for by the case and by its complaints' names, since a long case may find none of its own. Diagnoses of whose
features the case has more come first, then those that retrieval found earlier. Each is shown with the sentence that says how
likely it is and with features of it that the case names. What a case denies ("no fever"), had once or tells of somebody else
(`medmodel.safety.scope`) speaks for nothing. How often that is right: `evals/differential.py`.

Not covered: references that are written in another way, a diagnosis that stands in neither list, how much a finding weighs.
No list for the complaint: no diagnosis is shown, and the reader is told so.

    differential(case, search, held)     # (Diagnosis(name="Subarachnoid Hemorrhage (SAH)", kind="must_not_miss", …), …)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from typing import Literal, NamedTuple

from medmodel.rag.citations import cite
from medmodel.rag.complaints import Search, in_english, lists, stems
from medmodel.rag.support import content_words
from medmodel.records import Citation, Diagnosis, Passage
from medmodel.safety.scope import told
from medmodel.safety.text import read

MOST = {"must_not_miss": 5, "likely": 3}  # shown of each kind: what is read in a few seconds
FEATURES = 2  # cited of one diagnosis
SAME = 0.5  # share of a feature's content words that the case has
READ = 8_000  # characters of a case
LIKELY = "common"  # the references' word; "less common" is left to the list itself
_LIKELIHOOD = re.compile(r"^Likelihood of (?P<name>.+): (?P<likelihood>[^:]+)\.$")
_FOR = ("Key features", "Red flags")  # headings of what speaks for a diagnosis


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
    documents, found = lists(has, search)
    listed = [
        one
        for document in documents
        for one in _listed(
            _passages(document, held),
            found,
            stems(in_english(has)),
            stems(in_english(denies)),
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
    """Without those that stand higher up already, from another list: "Acute Coronary Syndrome (ACS)" is "Acute Coronary Syndrome"."""
    seen: dict[frozenset[str], str] = {}
    kept = []
    for one in listed:
        name = frozenset(content_words(re.sub(r"\(.*?\)", "", one.name)))
        if seen.setdefault(name, one.said.passage_id.rpartition("#")[0]) == one.said.passage_id.rpartition("#")[0]:
            kept.append(one)
    return kept


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
                and _has(case, denied - case, stems(passage.sentence(at)) - stems(passage.heading[0]))
            ):
                features.setdefault(name, []).append(cite(passage, at, 0))
    listed = [
        _Listed(name, likelihood, said, tuple(features.get(name, ()))) for name, (likelihood, said) in likelihoods.items()
    ]
    return sorted(listed, key=lambda one: place[one.name])


def _has(case: set[str], denied: set[str], feature: set[str]) -> bool:
    """Whether the case has half of a feature's words, those of the complaint aside, which it always has, and denies none."""
    return bool(feature) and not feature & denied and len(feature & case) >= SAME * len(feature)
