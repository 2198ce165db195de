"""What a candidate must pass before it is an example: one function a rule, each returning the reason, "" when it passes.

    held out         a document that is no training document, or is not there
    malformed        turns that do not alternate, an empty turn, an answer in no known form
    not supported    a line that the sentence it cites does not support, by the product's own check
    not quoted       a quote that does not stand in its document, byte for byte, or that the example does not say
    leak             the question holds its answer; or the example repeats held-out text, or a published test
    options          not distinct, or more than one right, or the right one the longest too often
    not recovered    an engine that has not seen the answer comes to another (`recovered`, for examples a model wrote)
    too long         for training
    near duplicate   of a kept example of its kind, by what is asked

Makers and writers find faults of their kind on the way (`Candidate.fault`). The first reason counts: what stands before its
colon is counted, what follows is for the reader; neither quotes a text.
Not covered: whether a document is right, and whether a question is worth asking.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from data_build import words
from data_build.candidates import Candidate, Options, Quote
from data_build.steps import protected
from data_build.steps.decontaminate import LONGEST_RUN, repeated
from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.rag.citations import judge_first_try, parse
from medmodel.rag.support import check, content_words, quantities
from medmodel.records import Document, Example, Message, Passage

SHARE = 0.8  # of an answer's content words: a question that has so many says the answer
FEW_WORDS = 3  # content words: of a shorter answer all must stand there, in a row
NEAR = 0.8  # Jaccard of 3-word runs, as between documents
RUN = 3  # words: questions are short
SKETCH = 8  # smallest hashes that two near duplicates must share one of: at .8 all eight differ in 3 of a million pairs
LONGEST_RIGHT = 0.5  # of the kept choices: with four options a quarter is chance, and longer is a little more often right


class Verifier:
    """Passes or rejects candidates one after the other; what it passed is what later ones may not repeat."""

    def __init__(
        self,
        documents: Iterable[Document],
        heldout: Iterable[str],
        lists: protected.Lists,
        longest: int,
        count: Callable[[str], int],
    ) -> None:
        """`documents` may be drawn on, texts of `heldout` not; `longest` is in what `count` counts of a turn."""
        self._texts = {document.id: document.text for document in documents}
        self._heldout = runs_of(heldout)
        self._lists = lists
        self._longest = longest
        self._count = count
        self._asked: dict[str, Asked] = defaultdict(Asked)
        self._longest_right = [0, 0]  # of the choices kept, all

    def why_not(self, candidate: Candidate) -> str:
        """The reason to leave it out; "" when it is kept, and remembered."""
        return self.fault(candidate) or self.repeats(candidate.example, candidate.question, candidate.options)

    def fault(self, candidate: Candidate) -> str:
        """What is wrong with it by itself, whatever was kept before."""
        example = candidate.example
        text = "\n".join(message.content for message in example.messages)
        return (
            foreign(example.documents, self._texts)
            or candidate.fault
            or malformed(example.messages)
            or (cited(example.messages[-1].content, candidate.shown) if candidate.shown else "")
            or not_quoted(candidate.quotes, self._texts, text)
            or leaks(candidate.question, candidate.secret)
            or (options_fault(candidate.options) if candidate.options else "")
            or ("too long" if sum(self._count(message.content) for message in example.messages) > self._longest else "")
            or repeats_heldout(text, self._heldout)
            or repeats_test(text, self._lists, exam=example.kind == "choice")
        )

    def repeats(self, example: Example, question: str, options: Options | None) -> str:
        """What is wrong with it beside those kept; what has nothing is remembered."""
        if options and self._too_often_longest(options):
            return "options: the right one is the longest too often"
        if near := self._asked[example.kind].near(question):
            return f"near duplicate: of {near}"
        self._asked[example.kind].add(example.id, question)
        if options:
            self._longest_right[0] += right_is_longest(options)
            self._longest_right[1] += 1
        return ""

    def _too_often_longest(self, options: Options) -> bool:
        longest, kept = self._longest_right
        return right_is_longest(options) and longest + 1 > LONGEST_RIGHT * (kept + 1) + 1  # +1: the first may be


def reason_class(reason: str) -> str:
    """What is counted of a reason."""
    return reason.split(":")[0]


def foreign(documents: Sequence[str], known: Mapping[str, str]) -> str:
    return "" if documents and all(name in known for name in documents) else "held out: no training document"


def malformed(messages: Sequence[Message]) -> str:
    """Turns of a person and the assistant in turn, the assistant's last, none empty; at most one system turn, the first."""
    roles = [message.role for message in messages]
    turns = roles[bool(roles) and roles[0] == "system" :]
    if not turns or len(turns) % 2 or any(role != ("user", "assistant")[at % 2] for at, role in enumerate(turns)):
        return "malformed: turns do not alternate"
    if not all(message.content.strip() for message in messages):
        return "malformed: an empty turn"
    return ""


def cited(answer: str, shown: Sequence[Passage]) -> str:
    """The answer is in the product's form, and each line is supported by the sentence it cites."""
    tried = judge_first_try(Completion(text=answer, finish_reason="stop"), shown)
    if tried.abstained or tried.grounded:
        return ""
    return (
        "not supported: the sentence cited does not support the line" if tried.well_formed else "malformed: the answer's form"
    )


def not_quoted(quotes: Iterable[Quote], documents: Mapping[str, str], text: str) -> str:
    """Every quote stands in its document byte for byte, and in the example as the prompt shows sentences, on one line."""
    said = prompts.one_line(text)
    for quote in quotes:
        if not quote.text or quote.text not in documents.get(quote.document, ""):
            return "not quoted: the quote does not stand in its document"
        if prompts.one_line(quote.text) not in said:
            return "not quoted: the example does not say it"
    return ""


def leaks(question: str, secret: str) -> str:
    """The question gives its answer away: most words of a sentence, or a short answer as it stands."""
    if not secret:
        return ""
    wanted, asked = content_words(secret), content_words(question)
    if _holds(question, secret) or (len(wanted) > FEW_WORDS and len(wanted & asked) >= SHARE * len(wanted)):
        return "leak: the question holds the answer"
    return ""


def options_fault(options: Options) -> str:
    """Distinct, none empty, and the right one among them."""
    plain = [" ".join(text.lower().split()).rstrip(".") for text in options.texts]
    if len(plain) < 2 or not all(plain) or len(set(plain)) < len(plain) or not 0 <= options.right < len(plain):
        return "options: not distinct"
    return ""


def one_right(options: Options, sentence: str) -> str:
    """By the sentence that the question rests on, the right option holds and no other does."""
    holds = [_stands_in(option, sentence) for option in options.texts]
    if not holds[options.right]:
        return "options: the right one is not in the source"
    return "options: more than one right" if sum(holds) > 1 else ""


def right_is_longest(options: Options) -> bool:
    return all(len(options.texts[options.right]) > len(text) for at, text in enumerate(options.texts) if at != options.right)


def recovered(reply: Completion, shown: Sequence[Passage], number: int) -> str:
    """The engine, shown the question and the passages alone, comes to the same sentence, or to what that sentence supports."""
    tried = judge_first_try(reply, shown)
    if tried.abstained:
        return "not recovered: it finds no answer"
    passage, at = prompts.numbered(shown)[number - 1]
    sentence = prompts.one_line(passage.sentence(at))
    lines = parse(tried.text, len(prompts.numbered(shown))) or []
    if reply.finish_reason == "stop" and (number, sentence) in lines:  # also one too short for the support check: "Chills"
        return ""
    if not tried.grounded:
        return "not recovered: its own answer does not hold up"
    if any(
        cites == number or (not check(line, sentence) and quantities(line) <= quantities(sentence)) for cites, line in lines
    ):
        return ""
    return "not recovered: it rests on another sentence"


def repeats_heldout(text: str, heldout: words.U64) -> str:
    return "leak: repeats held-out text" if repeated(words.words(text.lower(), plain=True), heldout) else ""


def repeats_test(text: str, lists: protected.Lists, *, exam: bool) -> str:
    copy = protected.repeated(text, lists, exam=exam)
    return f"leak: {copy.reason}" if copy else ""


def runs_of(texts: Iterable[str]) -> words.U64:
    """Every run of 13 words of these texts, sorted: what training may not repeat."""
    found = (words.words(text.lower(), plain=True) for text in texts)
    runs = [words.runs(each, LONGEST_RUN) for each in found if len(each) >= LONGEST_RUN]
    return words.distinct(np.concatenate(runs)) if runs else np.empty(0, dtype=np.uint64)


class Asked:
    """What has been asked, by runs of words; a near duplicate shares one of the smallest hashes."""

    def __init__(self) -> None:
        self._runs: dict[str, words.U64] = {}
        self._by_hash: dict[int, list[str]] = defaultdict(list)

    def add(self, name: str, question: str) -> None:
        self._runs[name] = _runs(question)
        for smallest in self._runs[name][:SKETCH].tolist():
            self._by_hash[smallest].append(name)

    def near(self, question: str) -> str:
        """The first that asks nearly the same; "" when none does."""
        runs = _runs(question)
        others: Counter[str] = Counter(name for smallest in runs[:SKETCH].tolist() for name in self._by_hash.get(smallest, ()))
        return next((name for name in others if words.jaccard(runs, self._runs[name]) >= NEAR), "")


def _runs(question: str) -> words.U64:
    return words.distinct(words.runs(words.words(question.lower()), RUN))


def _holds(text: str, part: str) -> bool:
    """Do the words of `part` stand in `text` in a row?"""
    found, wanted = (words.words(each.lower()) for each in (text, part))
    size = len(wanted)
    if not size or size > len(found):
        return False
    return bool(np.isin(words.runs(found, size), words.runs(wanted, size)).any())


def _stands_in(option: str, sentence: str) -> bool:
    """Every number and most words of the option stand in the sentence."""
    wanted = content_words(option)
    if not wanted:
        return re.sub(r"\s+", " ", option.strip().lower()) in sentence.lower()
    return quantities(option) <= quantities(sentence) and len(wanted & content_words(sentence)) >= SHARE * len(wanted)
