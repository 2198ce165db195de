"""Does a sentence support a claim? Supported, contradicted or not found, with the reason in a few words.

Rules first, on what harms (`support_text.py` reads it): quantities with unit and comparator, how often, drugs, grades,
limits ("not", "only", "unless"), opposites ("increase", "before"), who and how ("children", "renal impairment", "oral",
"severe"), how sure ("may", "must"), of how many ("all", "only"), and what belongs with what (the dose with its drug). One that
the quote lacks is a veto: "contradicted" where the quote says another of the kind, else "not found". A claim that copies its
quote but for a few words may also drop no condition and lengthen no list; without such a change, and with its words in the
quote's order, it is admitted. In a claim that is in other words, a veto on grammar (limits, opposites, order, how sure) is
only a doubt, and so is a number that may follow from the quote's ("a 7 mm stone" for 5–10 mm). Then the scorer decides between paraphrase and invention (`entailment.py`); it knows words by their meaning, is
told the doubts, and never overrules a veto.

Not seen: whether the quote is right; a condition made up in ordinary words; a swap of ordinary words that no grammar
marks; in a free claim, who does what to whom. Chinese paraphrase goes as far as the phrases of support.yaml.
docs/evidence.md has the figures.

    verdict("Give apixaban 5 mg daily.", "Apixaban 2.5 mg is given daily.")     # contradicted: number '5 mg'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from medmodel.rag import entailment
from medmodel.rag.support_copies import in_order
from medmodel.rag.support_rules import DOUBTS, ORDER, RULES
from medmodel.rag.support_text import COMMON, MOST, Reading, Term, read
from medmodel.rag.support_verdict import Label, Verdict

__all__ = ["Label", "Verdict", "check", "content_words", "judged", "quantities", "terms", "verdict"]

FEWEST_WORDS = 3  # content words below which a claim says nothing that could be checked
NEAR = 0.15  # share of a claim's content below which no paraphrase is looked for: the quote is about something else
NEAR_CHINESE = 0.4  # most of its words are compared sign by sign, and signs recur
_WORD = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿα-ω0-9_₀-₉²³⁰-⁹+\-/]*|[\u4e00-\u9fff]")


def check(claim: str, quote: str) -> str:
    """Why `quote` does not support `claim`, in a few words; "" when it does."""
    found = verdict(claim, quote)
    return "" if found.label == "supported" else found.reason


@lru_cache(maxsize=8192)  # an answer that is judged is then resolved, and many say the same sentence
def verdict(claim: str, quote: str) -> Verdict:
    """What the packaged scorer and the rules say of one pair."""
    return judged(claim, quote, entailment.packaged)


def judged(claim: str, quote: str, scorer: Callable[[], entailment.Scorer]) -> Verdict:
    """The same with another scorer, which is only loaded when it is asked."""
    said, held = read(claim), read(quote)
    if len(said.tokens) > MOST:
        return Verdict("not_found", f"too long: it has more than {MOST} words")
    content = content_words(claim)
    if len(content) < FEWEST_WORDS:
        return Verdict("not_found", "too short: it says nothing that could be checked")
    copied, novel, doubts = entailment.copied(said, held), entailment.novel(said, held), []
    for rule in RULES:
        if found := rule(said, held):
            if copied or rule not in DOUBTS or (not novel and rule in ORDER):
                return found
            doubts.append(found)
    if not novel and not doubts and in_order(said, held):
        return Verdict("supported")
    share = entailment.coverage(said, held)
    if share < (NEAR_CHINESE if said.zh else NEAR):
        return Verdict("not_found", f"overlap: {share:.0%} of it is in the quote")
    model = scorer()
    score = model.score(said, held, claim, quote, frozenset(found.reason.split(":")[0] for found in doubts))
    if score >= model.threshold:
        return Verdict("supported", "", score)
    if doubts:
        return doubts[0]._replace(score=score)
    return Verdict("not_found", f"overlap: '{_strangest(said, held)}' is not in the quote", score)


def terms(text: str) -> list[Term]:
    """Every term, in the order of the text."""
    return list(read(text).terms)


def quantities(text: str) -> set[str]:
    """Every number with its comparator and unit, in one spelling: "≥2.5 mg"."""
    return {str(found) for found, _ in read(text).quantities}


def content_words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - COMMON


def _strangest(said: Reading, held: Reading) -> str:
    return max((token.words for token in entailment.novel(said, held)), key=len, default="what its words make together")
