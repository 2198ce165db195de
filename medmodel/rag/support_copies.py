"""What a claim that copies its quote leaves out or adds: no condition may go, no list may grow.

What only says more about what stays may go: an aim, a reason, one of two things that are joined, another sentence, a dose.
Not covered: claims in other words, of which the scorer sees what is missing.

    conditions(read("Give aspirin daily."), read("Give aspirin daily if pain persists."))     # not found: the claim leaves out …
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from medmodel.rag import entailment
from medmodel.rag.support_text import Reading, light_names
from medmodel.rag.support_verdict import Verdict

CONDITIONAL = frozenset("if unless when whenever until provided except once 如果 若 除非".split())
LEFT_OUT_CHINESE = 1.4  # three signs
_NOUNS = ("have", "has", "had", "tion", "ment", "therapy", "lasting", "together", "score", "course", "regimen", "agent", "use")
ADDED = 0.6  # weight of what is added to a list, below which it says nothing new
_AND = frozenset("and or nor plus 和 与 或 及 并".split())
LEFT_OUT = 0.5  # weight of what a claim leaves out, below which it is a word that adds nothing ("score", "therapy")
_OPENERS = frozenset(
    "in for with despite after before during within who whose whom without of by at on to from against as when where while whereas over under than among including".split()
)
_VERBS = frozenset("should is are may must can be do not offer give".split())
_PEOPLE = frozenset(
    "patients people persons adults children women men infants those anyone someone person patient syndrome over older".split()
)
_ADDS = frozenset("but while whereas because although though due so optimally ideally preferably 但 而 因为".split())
_RESTRICTS = frozenset(
    "if unless when whenever until provided except once in for with who whose whom without despite where than 如果 若 除非".split()
)


def conditions(said: Reading, held: Reading) -> Verdict | None:
    """A copy keeps what limits the quote: "if", "in patients with", "despite", a second condition; `_may_go` says what need not stay."""
    fresh = entailment.novel(said, held)
    if not entailment.copied(said, held) and (fresh or not in_order(said, held)):
        return None  # in other words; the scorer sees what is missing
    mine = [token.stem for token in said.tokens if not token.common]
    theirs = [at for at, token in enumerate(held.tokens) if not token.common]
    matcher = SequenceMatcher(None, mine, [held.tokens[at].stem for at in theirs], autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag != "insert":
            continue
        gone = [
            at
            for at in theirs[start:end]
            if held.tokens[at].stem not in said.stems and held.tokens[at].stem not in light_names()
        ]
        gone = [at for at in gone if not any(entailment.related(held.tokens[at].words, word) for word in said.words)]
        counted = any(held.tokens[at].kind == "number" for at in gone)
        if (
            not gone
            or (not counted and entailment.weight(held, gone) < (LEFT_OUT_CHINESE if held.zh else LEFT_OUT))
            or _may_go(
                held, theirs[start - 1] + 1 if start else 0, gone, theirs[end] if end < len(theirs) else len(held.tokens)
            )
        ):
            continue
        if len(gone) == 1 and not held.zh and _manner(held, gone[0]):
            continue  # "haemodynamically stable", "routine screening", "immediately"
        if len(gone) == 1 and not held.zh and (held.tokens[gone[0]].words.lower().endswith(_NOUNS) or _next_of(held, gone[0])):
            continue  # "zinc supplementation", "the initiation of": the scorer's
        words = " ".join(held.tokens[at].words for at in range(gone[0], min(gone[-1] + 1, gone[0] + 4)))
        return Verdict("not_found", f"limit: the claim leaves out '{words}'")
    return None


def _manner(held: Reading, at: int) -> bool:
    """An adverb of a sentence that denies nothing: less is said without it. "Not routinely" is another matter."""
    word = held.tokens[at].words.lower()
    adverb = held.tokens[at].kind == "word" and (word.endswith("ly") or word in ("routine", "uninterrupted", "afterwards"))
    return adverb and not any(term.value == "not" for term in held.of("limit"))


def in_order(said: Reading, held: Reading) -> bool:
    """The claim's words stand in the quote, in its order."""
    rest = iter(sequence(held))
    return all(stem in rest for stem in sequence(said))


def _next_of(held: Reading, at: int) -> bool:
    return at + 1 < len(held.tokens) and held.tokens[at + 1].words.lower() == "of"


def lengthened(said: Reading, held: Reading) -> Verdict | None:
    """A copy names no more than its quote: what is put between marks or "and" and stands nowhere in the quote is made up."""
    if not entailment.copied(said, held):
        return None
    fresh = {token.stem for token in entailment.novel(said, held)}
    matcher = entailment.matcher(said, held)
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag != "delete":
            continue
        added = [token for token in said.tokens[start:end] if token.stem in fresh and not token.common]
        around = {token.words.lower() for token in said.tokens[max(0, start - 1) : end + 1]}
        listed = (
            bool(around & _AND)
            or (start and said.tokens[start - 1].clause != said.tokens[start].clause)
            or (end < len(said.tokens) and said.tokens[end].clause != said.tokens[end - 1].clause)
        )
        if listed and added and sum(map(entailment.weight_of, added)) >= (LEFT_OUT_CHINESE / 2 if said.zh else ADDED):
            return Verdict("not_found", f"overlap: '{added[0].words}' is not in the quote")
    return None


def _may_go(held: Reading, first: int, gone: Sequence[int], after: int) -> bool:
    """Whether a stretch only adds to what stands around it, so that the rest says less, and nothing wider.

    `first` is the word after what is kept before it, `after` the next that is kept. What opens with a condition's word, or
    is the second of two under one, stays. A reason, an aim, an alternative, a clause of its own may go.
    """
    words = [token.words.lower() for token in held.tokens]
    opening = next((at for at in range(first, gone[-1] + 1) if words[at] in CONDITIONAL or words[at] in _OPENERS), None)
    led, joins = words[first], words[after - 1] if after > gone[-1] + 1 else ""
    under = [at for at in range(first) if held.tokens[at].clause == held.tokens[first].clause and words[at] in _RESTRICTS]
    if _own_sentence(held, first, gone, after) or _spaced(held, first, gone) or _dosed(held, first, gone):
        return True
    if led in _ADDS or (led == "to" and words[first + 1 : first + 2] != ["patients"]):
        return True
    if led == "or" or joins == "or":
        return True
    if led in _AND or joins in _AND:
        if led in _AND and _of_people(held, first):
            return False  # "in patients with A and B" without B
        return not under  # "if A and B" without B is wider; "give A and B" without B says less
    if opening == first or (opening is not None and opening < gone[0]):
        return False
    own = (
        held.tokens[first].clause > held.tokens[first - 1].clause
        if first
        else held.tokens[gone[-1]].clause < held.tokens[-1].clause
    )
    return own or (len(gone) == 1 and not under and held.tokens[gone[0]].kind in ("word", "number"))


def _of_people(held: Reading, first: int) -> bool:
    """Whether the first of two that are joined describes for whom: "in patients with cirrhosis and …"."""
    near = [token.words.lower().strip() for token in held.tokens[max(0, first - 7) : first]]
    if {token.words.lower() for token in held.tokens[first + 1 : first + 2]} & _VERBS:
        return False  # "… and should be continued"
    return any(
        word in ("with", "who", "whose")
        and place
        and near[place - 1].rsplit(maxsplit=1)[-1] in _PEOPLE
        and not set(near[place + 1 :]) & _VERBS
        for place, word in enumerate(near)
    )


def _own_sentence(held: Reading, first: int, gone: Sequence[int], after: int) -> bool:
    """What stands between semicolons, or begins behind a comma with how it is done (", given as a dose of …")."""
    starts = _mark_before(held, first)
    if starts == "," and re.match(r"\w+(?:ed|en)\b", held.tokens[first].words) and after == len(held.tokens):
        return not any(token.words.lower() in CONDITIONAL for token in held.tokens[first:after])
    if not first and after < len(held.tokens) and _mark_before(held, after) in (";", "；"):
        return True
    return starts in (";", "；") and (after == len(held.tokens) or _mark_before(held, after) in (";", "；"))


def _mark_before(held: Reading, at: int) -> str:
    """The mark between a word and the one before it, as far as the words can be found in the text; "" when there is none."""
    if not at:
        return ""
    pattern = re.escape(held.tokens[at - 1].words.strip()) + r"\W*?([,;；，])\W*" + re.escape(held.tokens[at].words.strip())
    found = re.search(pattern, held.text)
    return found[1] if found else ""


def _spaced(held: Reading, first: int, gone: Sequence[int]) -> bool:
    """ "2 to 6 months apart"."""
    return held.tokens[first].kind == "number" and held.tokens[gone[-1]].words.lower() == "apart" and len(gone) == 2


def _dosed(held: Reading, first: int, gone: Sequence[int]) -> bool:
    """ "At 20 mg daily", "at a rate of 100 per minute": how much, where what is given stays."""
    numbers_gone = [found for found, at in held.quantities if first <= at <= gone[-1]]
    return held.tokens[first].words.lower() == "at" and bool(numbers_gone) and all(
        not found.comparator and found.unit.split("/")[0] in ("mg", "mL", "u", "piece", "") and found.unit for found in numbers_gone
    )  # fmt: skip


def sequence(reading: Reading) -> list[str]:
    return [token.stem for token in reading.tokens if not token.common]
