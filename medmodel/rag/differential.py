"""What must not be missed and what is likely, for a case: as the references list it for its complaint, and nothing of our own.

Some references are a complaint's differential: a heading a diagnosis, a sentence "Likelihood of X: must not miss.", and lists
of its key features and red flags. The first list among what retrieval finds whose complaint the case has (`complaints.yaml`
knows other words for it) is read whole; diagnoses of whose features the case has more come first, then those that retrieval
found earlier. Each is shown with the sentence that says how likely it is and with features of it that the case names. What
a case denies ("no fever") speaks for nothing.

Not covered: references that are written in another way, a diagnosis of two complaints together, how much a finding weighs.
No list for the complaint: no diagnosis is shown, and the reader is told so.

    differential(case, found, held)     # (Diagnosis(name="Subarachnoid Hemorrhage (SAH)", kind="must_not_miss", …), …)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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

MOST = {"must_not_miss": 4, "likely": 3}  # shown of each kind: what is read in a few seconds
FEATURES = 2  # cited of one diagnosis
SAME = 0.5  # share of a feature's content words that the case has
READ = 8_000  # characters of a case
STEM = 5  # letters: "stiff neck" meets "neck stiffness"
LIKELY = "common"  # the references' word; "less common" is left to the list itself
_LIKELIHOOD = re.compile(r"^Likelihood of (?P<name>.+): (?P<likelihood>[^:]+)\.$")
_LISTED = re.compile(r"\s*\b[Dd]ifferential [Dd]iagnosis\b.*$")
_FOR = ("Key features", "Red flags")  # headings of what speaks for a diagnosis
_DENIED = re.compile(
    r"\b(?:no|not|without|denies|denied|never|nor)\b[^.,;:!?]*|(?:无|没有|否认|不伴|未见)[^，。；：！？]*", re.IGNORECASE
)


class _Listed(NamedTuple):
    """One diagnosis of a list: the sentence on how likely it is, and what speaks for it."""

    name: str
    likelihood: str
    said: Citation
    features: tuple[Citation, ...]
    place: int  # of its first passage that retrieval found; past the end when none was


def differential(case: str, found: Sequence[Passage], held: Mapping[str, Passage]) -> tuple[Diagnosis, ...]:
    """Diagnoses of the list for the case's complaint, the kinds in order; none when the references have no such list."""
    document = _list_for(case, found)
    if document is None:
        return ()
    passages = list(takewhile(bool, (held.get(f"{document}#{number}") for number in count())))
    listed = _listed([passage for passage in passages if passage], found, _stems(_said(case)), _stems(_denied(case)))
    ranked = sorted(listed, key=lambda one: (-len(one.features), one.place))
    kinds: tuple[tuple[Literal["must_not_miss", "likely"], str], ...] = (("must_not_miss", "must not miss"), ("likely", LIKELY))
    return tuple(
        Diagnosis(name=one.name, kind=kind, likelihood=one.likelihood, citations=(one.said, *one.features[:FEATURES]))
        for kind, word in kinds
        for one in [one for one in ranked if one.likelihood == word][: MOST[kind]]
    )


def _list_for(case: str, found: Sequence[Passage]) -> str | None:
    """The document found first whose complaint, by one of its names, the case has."""
    affirmed = _DENIED.sub(" ", case[:READ])
    named = [complaint for complaint, told in _complaints() if told.search(affirmed)]
    words = _stems(" ".join([_said(case), *named]))
    for passage in found:
        title = passage.heading[0] if passage.heading else ""
        complaint = _LISTED.sub("", title)
        if complaint != title and any(_stems(name) and _stems(name) <= words for name in re.split(r"[/()]", complaint)):
            return passage.document_id
    return None


def _listed(passages: Sequence[Passage], found: Sequence[Passage], case: set[str], denied: set[str]) -> list[_Listed]:
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
                and not _DENIED.search(passage.sentence(at))
                and _has(case, denied - case, _stems(passage.sentence(at)) - _stems(passage.heading[0]))
            ):
                features.setdefault(name, []).append(cite(passage, at, 0))
    return [
        _Listed(name, likelihood, said, tuple(features.get(name, ())), place[name])
        for name, (likelihood, said) in likelihoods.items()
    ]


def _has(case: set[str], denied: set[str], feature: set[str]) -> bool:
    """Whether the case has half of a feature's words, those of the complaint aside, which it always has, and denies none."""
    return bool(feature) and not feature & denied and len(feature & case) >= SAME * len(feature)


def _denied(case: str) -> str:
    said = " ".join(_DENIED.findall(case[:READ]))
    return bridged(said).english if chinese(said) else said


def _said(case: str) -> str:
    """What the case affirms, in English as far as the tables have it."""
    affirmed = _DENIED.sub(" ", case[:READ])
    return bridged(affirmed).english if chinese(affirmed) else affirmed


@cache
def _complaints() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = yaml.safe_load(Path(__file__).with_name("complaints.yaml").read_text(encoding="utf-8"))
    return tuple((complaint, re.compile("|".join(told), re.IGNORECASE)) for complaint, told in table.items())


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in content_words(text) - {"acute", "abnormal", "patient", "history"} if len(word) > 2}
