"""What in a text may point to a person: found, counted, and replaced. The data step, the feedback export and the app call it.

Rules find what has a form (`rules`), a small trained model finds names and places (`names`), and what is found is replaced
by something of its kind (`surrogates`). The audit says where, what kind, which rule and a keyed hash, never the words.

`published=True` is for guidelines, textbooks and health pages: dates of publication, hotlines, web addresses and authors
are facts there; only what names a patient goes. Not covered: rare circumstances told in free words; names in lower case in
a text that has capitals; languages other than English and Chinese beyond what looks alike. Measured: tests/perf/phi.py.

    found = find(text, NameModel.load(folder))
    clean = deidentify(text, key="a secret", names=model)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from medmodel.phi.address_ends import grown
from medmodel.phi.finding import Finding
from medmodel.phi.names import NameModel
from medmodel.phi.rules import by_rule

__all__ = ["KINDS", "Audit", "Deidentified", "Finding", "NameModel", "analyzer", "deidentify", "find", "identifiers"]

_CAPITALS = re.compile(r"(?=[^\W\d_a-z])[^\W\d_]{3,}")
_NUMBER_AFTER = re.compile(
    r"(?:,? ?[/(\[|#-]? ?|  +)((?:[A-Z]{0,3}[0-9]{5,}|(?=(?:[-/]?[A-Z0-9]){6})[A-Z]{0,3}[0-9]{1,4}[-/][0-9]{2,})[A-Z0-9/-]*)(?![0-9A-Za-z.,%])"
)
_PHONE_AFTER = re.compile(  # Ann Roe, 655 437 108; seven to ten digits
    r"(?:, ?| ?[-(:/|]{1,2} ?|\t| )((?=(?:[ -]?[0-9]){7,10}(?![0-9]))[0-9]{2,4}(?:[ -][0-9]{2,6}){1,3})(?![0-9A-Za-z%/]|[.,:-][0-9]| ?(?:[a-z]+/|mg|ml|mm))"
)
Mode = Literal["surrogate", "mask", "tag"]
AGAIN = "name seen before"
WEAK = frozenset(("name model", AGAIN, "number after a name", "telephone after a name"))  # less than what a form or a cue says
REPEATED = 0.7  # certainty from which on a name is looked for elsewhere in the text
PLAIN = frozenset("the and for with who will may hope grace joy rose park hill".split())  # names that are words, too
KINDS = ("name", "address", "date", "age", "phone", "email", "url", "ip", "identity", "record", "account", "plate", "number")


class Audit(NamedTuple):
    """One replacement: where it was, what it was, and a keyed hash by which the owner of the key can tell equal ones."""

    start: int
    end: int
    kind: str
    rule: str
    digest: str


class Deidentified(NamedTuple):
    text: str
    audit: tuple[Audit, ...]


def find(text: str, names: NameModel | None = None, published: bool = False) -> list[Finding]:
    """Identifiers in order, none overlapping another. Without `names`, names are found after titles and cues only."""
    found = by_rule(text, published)
    if names and not published:
        found += names.find(text)
    if not published:
        found += list(_again(text, found))
        found += list(_after_names(text, found))
    apart = _apart(text, found)
    return apart if published else grown(text, apart)


def deidentify(
    text: str, key: str, names: NameModel | None = None, *, scope: str = "", mode: Mode = "surrogate", published: bool = False
) -> Deidentified:
    """The text with every identifier replaced. `scope`: a document or a patient; within it surrogates and the shift of dates agree.

    mode "mask" writes [NAME]; "tag" leaves the text as it is, for the audit alone.
    """
    from medmodel.phi.surrogates import Surrogates, key_of

    found = find(text, names, published)
    if not found:
        return Deidentified(text, ())
    made = Surrogates(key, scope, text, found) if mode == "surrogate" else None
    parts, last = [], 0
    for one in found:
        new = made.of(one) if made else f"[{one.kind.upper()}]" if mode == "mask" else text[one.start : one.end]
        parts += [text[last : one.start], new]
        last = one.end
    keyed = blake2b(digest_size=8, key=key_of(key))
    audit = tuple(Audit(one.start, one.end, one.kind, one.rule, _digest(keyed, text[one.start : one.end])) for one in found)
    return Deidentified("".join(parts) + text[last:], audit)


def identifiers(text: str) -> tuple[str, ...]:
    """Kinds of identifiers found, never the words themselves."""
    kinds = {one.kind for one in find(text)}
    return tuple(kind for kind in KINDS if kind in kinds)


def analyzer(names: NameModel | None = None) -> Any:
    """A presidio AnalyzerEngine with these recognisers alone; it fetches no model and no list."""
    from medmodel.phi.presidio import engine

    return engine(names)


def _digest(keyed: blake2b, words: str) -> str:
    """64 bits of a keyed hash: without the key, not even a guess can be tried."""
    one = keyed.copy()
    one.update(" ".join(words.casefold().split()).encode("utf-8", "surrogatepass"))
    return one.hexdigest()


def _again(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Where a name stands again, whole or by one of its capital words, without a cue."""
    sure = [one for one in found if one.kind == "name" and one.score >= REPEATED]
    wholes, parts = set(), set()
    for one in sure:
        said = text[one.start : one.end]
        if "\u4e00" <= said[0] <= "\u9fff":
            wholes.add(said)
        else:
            parts |= {word for word in _CAPITALS.findall(said) if word.lower() not in PLAIN}
    for word in sorted(wholes):
        for start in _places(text, word) if len(word) > 1 else ():
            yield Finding(start, start + len(word), "name", AGAIN, 0.5)
    for word in sorted(parts):
        for start in _places(text, word):
            end = start + len(word)
            if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
                yield Finding(start, end, "name", AGAIN, 0.5)


def _after_names(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """A number of five digits and more that follows a name at once is that person's; groups of digits are a telephone number."""
    for one in found:
        if one.kind != "name":
            continue
        if phone := _PHONE_AFTER.match(text, one.end):
            yield Finding(phone.start(1), phone.end(1), "phone", "telephone after a name", 0.6)
        elif number := _NUMBER_AFTER.match(text, one.end):
            yield Finding(number.start(1), number.end(1), "record", "number after a name", 0.6)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _apart(text: str, found: Iterable[Finding]) -> list[Finding]:
    """Of those that overlap a rule's goes before the model's, and the more certain stays, with what the other covers."""
    kept: list[Finding] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.end <= one.start:
            continue
        if not kept or one.start >= kept[-1].end:
            if kept and one.kind == kept[-1].kind == "address" and text[kept[-1].end : one.start].strip(" ,\n.") == "":
                kept[-1] = kept[-1]._replace(end=one.end)
            else:
                kept.append(one)
            continue
        last = kept[-1]
        better = max(last, one, key=_weight)
        kept[-1] = better._replace(start=last.start, end=max(last.end, one.end))
    return kept


def _weight(one: Finding) -> tuple[bool, float]:
    return one.rule not in WEAK, one.score
