"""The rules of the support check: each finds one way in which a quote does not support a claim, or nothing.

A rule compares two readings (`support_text.py`) and returns a verdict that is final, or None. `RULES` is their order: the
first that finds something gives the reason. What a rule is about stands before the colon of its reason.

    RULES[0](read("Give 5 mg daily."), read("Give 2 mg daily."))     # contradicted: "number: '5 mg' is not in the quote"
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from medmodel.rag import classes, entailment, units
from medmodel.rag.support_numbers import numbers, unsure
from medmodel.rag.support_text import Reading, Term, denied, light_names, stem, turned
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
_ADDS = frozenset("but while whereas because although though due so optimally ideally preferably 但 而 因为".split())
_RESTRICTS = frozenset(
    "if unless when whenever until provided except once in for with who whose whom without despite where than 如果 若 除非".split()
)
SCOPE = 5  # words on either side of a "not" that say what it denies
_SPARED = re.compile(r"\bbut not\b|, not (?:in|for|with|when|if|during|to)\b|但不", re.IGNORECASE)  # an exception
_UNKNOWN = re.compile(
    r"\bno (?:good |clear )?evidence\b|evidence (?:is|was) (?:lacking|insufficient)|\bunknown\b|insufficient evidence|没有证据|证据不足|尚不清楚",
    re.IGNORECASE,
)
_UNKNOWN_HELD = re.compile(
    r"evidence|shown|known|proven|demonstrat|data|certain|unclear|lack|证据|证明|证实|清楚|明确", re.IGNORECASE
)
_FORBIDS = re.compile(
    r"\b(?:must|should|shall|may|do|does|can|is to|are to|is|are|be) (?:not|never)\b|\bnever\b|n['’]t\b|avoid|contraindicat|\bno \w+ (?:should|must|may)|不(?:得|应|宜|可|能|要)|禁用|禁止|勿",
    re.IGNORECASE,
)
_NEVER = re.compile(r"\bnever\b|in any circumstances|under no circumstances|绝对|一律", re.IGNORECASE)
_ALL = re.compile(
    r"\b(?:all(?! the same)|any|every(?! \d| (?:two|three|four|six|eight|twelve|other|day|week|month|year|hour))|everyone|everybody|always|whatever|regardless|altogether)\b|所有|任何|一律|都要|全部",
    re.IGNORECASE,
)
_ALL_HELD = re.compile(
    r"\b(?:all|any|every|each|everyone|always|irrespective|regardless|whatever|universal\w*|never|unless|until|either|both)\b|所有|任何|一律|都|均|全部|各|每",
    re.IGNORECASE,
)
_ALL_LOOSELY = re.compile(r"\b(?:no|not|without|avoid\w*|contraindicated)\b|不|无|禁", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|solely|exclusively|just (?:in|for|those))\b|只有|仅限|才有|只能", re.IGNORECASE)
_ONLY_HELD = re.compile(
    r"\b(?:only|solely|exclusively|alone|unless|except|sole|limited|restricted|reserved|not)\b|只|仅|单独|才|除|不",
    re.IGNORECASE,
)
_ONLY_LOOSELY = re.compile(r"\b(?:no|once|until|sufficient|suffice|enough|one|over|rather|single)\b", re.IGNORECASE)
_EXCEPT = re.compile(r"\b(?:except|unless|apart from|other than)\b|除外|除非", re.IGNORECASE)
_EXCEPT_HELD = re.compile(
    r"\b(?:except\w*|unless|apart from|other than|excluding|but|not|no|without|save)\b|除|不|无", re.IGNORECASE
)
_EXCEPT_LOOSELY = re.compile(r"\b(?:if|when|non|only|rather|over|who|otherwise|until)\b|才|仅|只", re.IGNORECASE)
_THAN = re.compile(
    r"\b(?:over|than|versus|vs|followed|before|after|until|but|instead|whereas|while|caus(?:es?|ed|ing)|by|to|into|despite|without)\b",
    re.IGNORECASE,
)  # what stands on its sides may not change places


def _kinds(said: Reading, held: Reading) -> Verdict | None:
    """Drugs, codes, grades and how often: each must stand in the quote."""
    free = not entailment.copied(said, held)
    for kind in ("drug", "grade", "frequency") if free else ("drug", "code", "grade", "frequency"):
        known, own = {term.value for term in held.of(kind)}, {term.value for term in said.of(kind)}
        for term in said.of(kind):
            if term.value in known or (kind != "drug" and term.value in held.stems):
                continue
            if kind == "frequency" and _as_quantity(term.value, held):
                continue
            if kind == "code" and term.words.lower().replace("-", "") in re.sub(r"[\s-]", "", held.text.lower()):
                continue
            if kind == "grade" and any(
                re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", held.text.lower()) for name in _either_numeral(term.value)
            ):
                continue
            if kind == "drug" and any(classes.kin(term.value, other) for other in known):
                continue
            if free and kind != "drug" and not known - own:
                continue  # another name of something that the quote describes: the scorer's
            return Verdict("contradicted" if known - own else "not_found", f"{kind}: '{term.words}' is not in the quote")
    return None


def _either_numeral(grade: str) -> list[str]:
    """The last word of a grade, in Roman and in Arabic: "type 2" is "type II"."""
    last = grade.split()[-1]
    turned = [
        b
        for pair in enumerate("i ii iii iv v vi".split(), 1)
        for a, b in (map(str, pair), map(str, reversed(pair)))
        if a == last
    ]
    return [last, *turned]


def _codes(said: Reading, held: Reading) -> Verdict | None:
    """A score or test in another's place, where the rest is said in other words."""
    known = {term.value for term in held.of("code")}
    own = {term.value for term in said.of("code")}
    for term in said.of("code"):
        if known - own and term.value not in known and term.value not in held.stems:
            return Verdict("not_found", f"code: '{term.words}' is not in the quote")
    return None


def _as_quantity(value: str, held: Reading) -> bool:
    """Every day is every 24 hours."""
    hours = {"1/day": 24.0, "2/day": 12.0, "3/day": 8.0, "4/day": 6.0, "1/week": 168.0, "1/hour": 1.0}.get(value)
    months = {"1/month": 1.0, "1/year": 12.0, "2/year": 6.0}.get(value)
    return any((found.unit, found.low) in (("h", hours), ("month", months)) for found, _ in held.quantities)


def _axes(said: Reading, held: Reading) -> Verdict | None:
    """Opposites and qualifiers: never the one where the quote has the other; a qualifier of the claim must be in the quote."""
    for kind in ("qualifier", "opposite"):
        for axis in dict.fromkeys(term.axis for term in said.of(kind)):
            mine = [term for term in said.of(kind) if term.axis == axis]
            theirs = {term.value for term in held.of(kind) if term.axis == axis}
            for term in mine:
                token = said.tokens[term.at]
                whole = len(token.words) > len(term.words) and token.stem in held.stems  # "oral" of "oral anticoagulant"
                if term.value in theirs or whole or _stands_there(term, held) or _no_side(term, said):
                    continue
                missing = theirs - {other.value for other in mine}
                if missing and (kind == "opposite" or axis not in ("kind",)):
                    if kind == "opposite" and axis == "course" and "stop" not in (term.value, *missing):
                        continue  # to start and to continue are no opposites
                    return Verdict("contradicted", f"{kind}: '{term.words}' where the quote has '{_word_of(missing, held)}'")
                if term.value in ("renal", "hepatic") and {"renal": "~kidney", "hepatic": "~liver"}[term.value] in held.stems:
                    continue
                if kind == "qualifier" and axis in ("population", "route", "severity", "acuity", "side"):
                    return Verdict("not_found", f"{kind}: '{term.words}' is not in the quote")
    return None


def _no_side(term: Term, said: Reading) -> bool:
    """ "Left out", "left alone", "right at the end": no side of the body."""
    following = said.tokens[term.at + 1] if term.at + 1 < len(said.tokens) else None
    return term.words.lower() in ("left", "right") and (
        following is None or following.common or following.words.lower() in ("alone", "untreated", "away")
    )


def _stands_there(term: Term, held: Reading) -> bool:
    return bool(re.search(rf"(?<![a-z]){re.escape(term.words.lower())}", held.text.lower()))


def _word_of(values: set[str], held: Reading) -> str:
    return next((term.words for term in held.terms if term.value in values), min(values))


def _limits(said: Reading, held: Reading) -> Verdict | None:
    """Every "not" has its fellow over the same words; two in one place cancel out, and "insufficient" may be one of them."""
    claim = [(term, _scope(term, said)) for term in _negations(said, held)]
    quote = [(term, _scope(term, held)) for term in _negations(held, said)]
    free = not entailment.copied(said, held)  # in other words, what is denied once may be denied twice
    if (
        free
        and any(term.value == "only" for term in said.of("limit"))
        and any(term.value == "unless" for term in held.of("limit"))
    ):
        return None  # "not … unless" is "only … if"
    left, lone = list(quote), []
    said_too = {term.words.lower() for term, _ in quote}
    for term, scope in sorted(claim, key=lambda one: one[0].words.lower() not in said_too):
        best = max(left, key=lambda other: (other[0].words == term.words) + _alike(scope, other[1]), default=None)
        if best is not None and (_alike(scope, best[1]) > 0.15 or (free and len(claim) == len(quote))):
            left.remove(best)
        else:
            lone.append((term, scope))
    missed = [
        (term, scope)
        for term, scope in left
        if scope and len(scope & said.stems) >= 0.5 * len(scope) and not _clause_gone(term, held, said)
    ]
    hard = [term for term, _ in lone if term.value == "not" and not (free and _prevents(term, held))]
    if hard and len(lone) % 2 and (len(claim) - len(quote)) % 2 and not (free and quote):
        return Verdict("contradicted", f"limit: the quote has no '{hard[0].words}' there")
    if hard and left and not free:
        return Verdict("contradicted", f"limit: '{hard[0].words}' denies something else in the quote")
    gone = [term for term, _ in missed if term.value == "not" and not (free and _prevents(term, said))]
    if gone and len(missed) % 2 and not lone and not (free and claim):
        return Verdict("contradicted", f"limit: the claim leaves out '{gone[0].words}'")
    if len(claim) < len(quote) and (spared := _SPARED.search(held.text)) and not _SPARED.search(said.text):
        return Verdict("not_found", f"limit: the claim leaves out '{spared[0]}'")
    for value in ("only", "unless"):
        kept = [term for term in held.of("limit") if term.value == value]
        if kept and not any(term.value in ("only", "unless") for term in said.of("limit")):
            scope = _scope(kept[0], held)
            if len(claim) <= len(quote) and len(scope & said.stems) >= 0.4 * len(scope):
                return Verdict("not_found", f"limit: the claim leaves out '{kept[0].words}'")
    return None


def _clause_gone(term: Term, held: Reading, said: Reading) -> bool:
    """ "And must not be frozen" without any of its words: the claim drops the clause, not its "not"."""
    clause = held.tokens[term.at].clause
    content = {token.stem for token in held.tokens if token.clause == clause and not token.common} - light_names()
    content -= {held.tokens[term.at].stem}
    opening = next(token for token in held.tokens if token.clause == clause).words.lower()
    return bool(content) and not content & said.stems and opening in ("and", "并")


def _negations(one: Reading, other: Reading) -> Iterator[Term]:
    """Each "not" of a sentence, and each word that denies one of the other's by its prefix ("untreated")."""
    last = -9
    for term in one.of("limit"):
        near = 9 if term.words.lower() == "nor" else 0  # "neither … nor …" are one
        label = term.words == "Contraindication"  # "Contraindication: asthma (absolute contraindication)"
        if term.value in ("not", "hardly") and term.at > last + near and not label:
            yield term
            last = term.at
    for at, token in enumerate(one.tokens):
        if token.kind == "word" and (rest := denied(token.words, other.written)) and rest not in one.written:
            yield Term("limit", "not", token.words, at)


def _prevents(term: Term, other: Reading) -> bool:
    """What one sentence avoids, the other may prevent; what is not given, withheld."""
    values = {one.value for one in other.of("opposite")}
    return "stop" in values or (term.words.lower().startswith(("avoid", "避免")) and "prevent" in values)


def _scope(term: Term, reading: Reading) -> frozenset[str]:
    """The content within reach of a "not", in its clause if that has any."""
    near = range(max(0, term.at - SCOPE), min(len(reading.tokens), term.at + SCOPE + 1))
    here = reading.tokens[term.at].clause
    found = [t for t in (reading.tokens[at] for at in near if at != term.at) if not t.common and t.stem not in light_names()]
    inside = frozenset(token.stem for token in found if token.clause == here)
    return inside if len(inside) > 1 else frozenset(token.stem for token in found)


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _replaced(said: Reading, held: Reading) -> Verdict | None:
    """In what is otherwise copied: a few words in the place of others may not have another value of their kind."""
    if not entailment.copied(said, held):
        return None
    matcher = entailment.matcher(said, held)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "replace" or max(end - start, other_end - other_start) > 4:
            continue
        mine = [term for term in said.terms if start <= term.at < end]
        theirs = [term for term in held.terms if other_start <= term.at < other_end]
        for term in mine:
            rivals = [other for other in theirs if (other.kind, other.axis) == (term.kind, term.axis)]
            if term.kind not in ("limit", "number") and rivals and all(other.value != term.value for other in rivals):
                return Verdict("contradicted", f"{term.kind}: '{term.words}' where the quote has '{rivals[0].words}'")
    return None


def _prefixes(said: Reading, held: Reading) -> Verdict | None:
    """No word is one of the quote's with its prefix turned: "hyperkalemia", "hypokalemia"."""
    lost = [word for word in held.words if stem(word) not in said.written]
    for token in said.tokens:
        new = token.kind == "word" and token.stem not in held.stems
        if new and any(turned(token.words, other) and not _denies(token.words, other) for other in lost):
            return Verdict("contradicted", f"opposite: '{token.words}' turns a word of the quote")
    return None


def _denies(one: str, other: str) -> bool:
    return bool(denied(one, [stem(other)]) or denied(other, [stem(one)]))


def _certainty(said: Reading, held: Reading) -> Verdict | None:
    """What may be is not what must be, and a suggestion no duty. A copy must be as sure as the quote, word by word."""
    mine, theirs = Counter(said.strength), Counter(held.strength)
    copied = entailment.copied(said, held)
    claim, quote = _level(mine), _level(theirs)
    if mine["sure"] > theirs["sure"] and (copied or not theirs["sure"]):
        return Verdict("not_found", "certainty: the quote does not say how sure it is")
    if held.graded and said.graded and held.graded != said.graded:
        return Verdict("contradicted", "certainty: the quote grades it otherwise")
    if _UNKNOWN.search(said.text) and not _UNKNOWN_HELD.search(held.text):
        return Verdict("not_found", "certainty: the quote does not say that it is unknown")
    firm, firmly = mine["duty"] + mine["strong"], theirs["duty"] + theirs["strong"]
    if copied and mine["duty"] > theirs["duty"] and mine["weak"] < theirs["weak"]:
        return Verdict("contradicted", "certainty: the quote says that it may be, not that it must")
    if copied and mine["weak"] > theirs["weak"] and firm < firmly:
        return Verdict("not_found", "certainty: the quote says more than that it may be")
    negated = bool(_FORBIDS.search(said.text) and _FORBIDS.search(held.text))
    if negated and {claim, quote} == {2, 3} and not _NEVER.search(said.text):
        return None  # "must not" is said of what should not be
    weakened = sum((_spoken(said) - _spoken(held)).values()) <= 3
    surer = claim > quote and (copied or (quote == 1 and (claim == 3 or mine["strong"]) and not mine["weak"]))
    if surer and (claim == 3 or mine["strong"]):
        return Verdict("contradicted", "certainty: the quote says that it may be, not that it must")
    if claim < quote and (copied or weakened) and mine["weak"] > theirs["weak"]:
        return Verdict("not_found", "certainty: the quote says more than that it may be")
    return None


def _level(strength: Counter[str]) -> int:
    """1: may; 2: should, or said without any such word; 3: must."""
    return 3 if strength["duty"] else 1 if strength["weak"] else 2


def _universal(said: Reading, held: Reading) -> Verdict | None:
    """What holds of some is not told of all, nor what holds is told to hold only there, or everywhere but there."""
    copied = entailment.copied(said, held)
    for added, there, loosely in (
        (_ALL, _ALL_HELD, _ALL_LOOSELY),
        (_ONLY, _ONLY_HELD, _ONLY_LOOSELY),
        (_EXCEPT, _EXCEPT_HELD, _EXCEPT_LOOSELY),
    ):
        found = added.search(said.text)
        if found and not there.search(held.text) and (copied or not loosely.search(held.text)):
            return Verdict("not_found", f"limit: the quote does not say '{found[0]}'")
    return None


def _spoken(reading: Reading) -> Counter[str]:
    return Counter(token.words.lower() for token in reading.tokens)


def _conditions(said: Reading, held: Reading) -> Verdict | None:
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


def _lengthened(said: Reading, held: Reading) -> Verdict | None:
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
        return not under  # "if A and B" without B is wider; "give A and B" without B says less
    if opening == first or (opening is not None and opening < gone[0]):
        return False
    own = (
        held.tokens[first].clause > held.tokens[first - 1].clause
        if first
        else held.tokens[gone[-1]].clause < held.tokens[-1].clause
    )
    return own or (len(gone) == 1 and not under and held.tokens[gone[0]].kind in ("word", "number"))


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


def _conditional(reading: Reading) -> Iterator[tuple[str, frozenset[str]]]:
    """The word that opens a condition, and what stands in it: up to the next mark."""
    for at, token in enumerate(reading.tokens):
        if token.words.lower() in CONDITIONAL:
            inside = []
            for other in reading.tokens[at + 1 : at + 12]:
                if other.clause > token.clause:
                    break
                inside.append(other)
            content = frozenset(other.stem for other in inside if not other.common)
            if content:
                yield token.words, content


def _partners(said: Reading, held: Reading) -> Verdict | None:
    """A dose stays with its drug: where the quote pairs them otherwise, they have changed partners."""
    if len({term.value for term in held.of("drug")}) < 2 or not held.quantities:
        return None
    mine, theirs = _pairs(said), _pairs(held)
    both = said.text + " " + held.text
    for words, quantity, drug in mine:
        if any(drug == other and units.same(quantity, found, both) for _, found, other in theirs):
            continue
        paired = {other for _, found, other in theirs if units.same(quantity, found, both)}
        doses = [found for _, found, other in theirs if other == drug and found.unit == quantity.unit]
        if paired and doses:
            return Verdict("contradicted", f"order: '{words.strip()}' belongs to {min(paired)} in the quote, not to {drug}")
    return None


def _pairs(reading: Reading) -> list[tuple[str, units.Quantity, str]]:
    drugs = reading.of("drug")
    found = []
    for quantity, at in reading.quantities:
        if not quantity.unit or quantity.unit in ("%", "month") or not drugs:
            continue
        before = [term for term in drugs if term.at < at]
        after = [term for term in drugs if term.at > at]
        of = after and after[0].at - at <= 3 and any(t.words.lower() == "of" for t in reading.tokens[at : after[0].at])
        chosen = after[0] if of or not before else before[-1]
        if not of and before and after and after[0].at - at == 1 and at - before[-1].at > 1:
            chosen = after[0]
        found.append((quantity.words, quantity, chosen.value))
    return found


def _swapped(said: Reading, held: Reading) -> Verdict | None:
    """Two of a kind that changed places while the rest stayed: "A over B" and "B over A", "raised … low" and "low … raised"."""
    if words := _exchanged(said, held):
        return Verdict("contradicted", f"order: {words} have changed places")
    if {term.value for term in said.of("opposite")} != {term.value for term in held.of("opposite")}:
        return None  # "A is less than B" is "B is more than A"
    if in_order(said, held):
        return None
    theirs = list(_sides(held))
    for word, left, right in _sides(said):
        for other_word, other_left, other_right in theirs:
            if word != other_word:
                continue
            a, b = other_left - other_right, other_right - other_left
            straight = len(left & a) + len(right & b)
            crossed = len(left & b) + len(right & a)
            if left & b and right & a and crossed > 2 * straight:
                return Verdict("contradicted", "order: what is compared has changed sides")
    return None


def sequence(reading: Reading) -> list[str]:
    return [token.stem for token in reading.tokens if not token.common]


def _exchanged(said: Reading, held: Reading) -> str:
    """Two stretches of at most six words that stand in each other's place, with something other than a list between."""
    longest = 16 if said.zh else 7
    a, b = sequence(said), sequence(held)
    if len(a) != len(b) or a == b or (_spoken(said) - _spoken(held)).total() > 1:
        return ""
    start = next(at for at in range(len(a)) if a[at] != b[at])
    end = next(at for at in range(1, len(a) + 1) if a[-at] != b[-at])
    mine, theirs = a[start : len(a) - end + 1], b[start : len(b) - end + 1]
    for first in range(1, min(longest, len(mine))):
        for second in range(1, min(longest, len(mine) - first + 1)):
            middle = theirs[first : len(theirs) - second]
            if not middle and not _joined_by(held, theirs, first):
                continue
            if mine == theirs[len(theirs) - second :] + middle + theirs[:first] and not _a_list(held, theirs):
                return f"'{theirs[0].removeprefix('~')}' and '{theirs[-1].removeprefix('~')}'"
    return ""


def _joined_by(reading: Reading, stretch: Sequence[str], first: int) -> bool:
    """Two neighbours with a word between them that gives them a direction: "A over B"."""
    content = [at for at, token in enumerate(reading.tokens) if not token.common]
    stems = [reading.tokens[at].stem for at in content]
    for at in range(len(stems) - len(stretch) + 1):
        if stems[at : at + len(stretch)] == list(stretch):
            between = reading.tokens[content[at + first - 1] + 1 : content[at + first]]
            return any(_THAN.fullmatch(token.words) for token in between)
    return False


def _a_list(reading: Reading, stretch: Sequence[str]) -> bool:
    """ "A, B and C": its members may be named in any order."""
    content = [at for at, token in enumerate(reading.tokens) if not token.common]
    stems = [reading.tokens[at].stem for at in content]
    for at in range(len(stems) - len(stretch) + 1):
        if stems[at : at + len(stretch)] == list(stretch):
            first, last = content[at], content[at + len(stretch) - 1]
            if not (_parted(reading, first) and _parted(reading, _before_last(content, last))):
                return False  # "buccal midazolam or rectal diazepam": adjectives of two things
            inside = reading.tokens[first : last + 1]
            joined = {token.words.lower() for token in inside if token.common}
            breaks = (
                len({token.clause for token in inside})
                - 1
                + sum(token.words.lower() in ("and", "or", "和", "与", "或") for token in inside)
            )
            return (
                joined <= {"and", "or", "the", "a", "an", "also", "和", "与", "或", "及", "e.g", "nor"}
                and breaks > 0
                and len(stretch) <= 3 * (breaks + 1)
            )
    return False


def _before_last(content: Sequence[int], last: int) -> int:
    """The content word before the last of a stretch."""
    return content[content.index(last) - 1]


def _parted(reading: Reading, at: int) -> bool:
    """Whether a mark or "and" stands before the next content word."""
    for token in reading.tokens[at + 1 :]:
        if token.clause != reading.tokens[at].clause or token.words.lower() in ("and", "or", "和", "与", "或", "及"):
            return True
        if not token.common:
            return False
    return False


def _sides(reading: Reading) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Each "than", "over", "before" with what stands to its left and its right."""
    for at, token in enumerate(reading.tokens):
        if _THAN.fullmatch(token.words) and token.kind == "word":
            left = [t.stem for t in reading.tokens[max(0, at - 6) : at] if not t.common]
            right = [t.stem for t in reading.tokens[at + 1 : at + 6] if not t.common]
            yield token.words.lower(), frozenset(left), frozenset(right)


RULES: Sequence[Callable[[Reading, Reading], Verdict | None]] = (
    numbers, unsure, _kinds, _replaced, _partners, _swapped, _limits, _axes, _prefixes, _certainty, _universal, _codes, _conditions, _lengthened,
)  # fmt: skip
ORDER = (_partners, _swapped)  # hold in the quote's own words too, whatever their order
DOUBTS = (
    unsure,
    _partners,
    _swapped,
    _limits,
    _axes,
    _prefixes,
    _certainty,
    _universal,
    _codes,
)  # no veto of what is said in other words: the scorer weighs them
