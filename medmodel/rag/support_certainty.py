"""How sure, and of how many: a claim is no surer than its quote, and speaks of no more.

Not covered: degrees between "may", "should" and "must", and shares ("most", "some"), which are opposites (support.yaml).

    certainty(read("It must be given."), read("It may be given."))     # contradicted, as a copy
"""

from __future__ import annotations

import re
from collections import Counter

from medmodel.rag import entailment
from medmodel.rag.support_text import Reading
from medmodel.rag.support_verdict import Verdict

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


def certainty(said: Reading, held: Reading) -> Verdict | None:
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
    weakened = sum((spoken(said) - spoken(held)).values()) <= 3
    surer = claim > quote and (copied or (quote == 1 and (claim == 3 or mine["strong"]) and not mine["weak"]))
    if surer and (claim == 3 or mine["strong"]):
        return Verdict("contradicted", "certainty: the quote says that it may be, not that it must")
    if claim < quote and (copied or weakened) and mine["weak"] > theirs["weak"]:
        return Verdict("not_found", "certainty: the quote says more than that it may be")
    return None


def _level(strength: Counter[str]) -> int:
    """1: may; 2: should, or said without any such word; 3: must."""
    return 3 if strength["duty"] else 1 if strength["weak"] else 2


def universal(said: Reading, held: Reading) -> Verdict | None:
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


def spoken(reading: Reading) -> Counter[str]:
    return Counter(token.words.lower() for token in reading.tokens)
