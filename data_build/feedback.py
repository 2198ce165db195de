"""Clinicians' verdicts as training data: what they approved, and what they put in the place of what they rejected.

An approved answer becomes a supervised example; a correction becomes one too, and with the model's first try a
preference pair. Every target passes the product's own support check against the passages shown, since training on
what the evidence does not say would teach the model to invent: a correction from elsewhere is a lead for new
references, not an example. All else is held back, with its reason counted: likely identifiers (see `identifiers`),
raters who disagree, fakes, passages of held-out documents.
Nothing here de-identifies or reviews; docs/intended-use.md says what must happen before the export is trained on.

    python -m data_build feedback --store http://127.0.0.1:7860 --documents STORE/documents-… --out export
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from data_build.identifiers import identifiers
from medmodel import prompts
from medmodel.artifacts import open_artifact, write_atomic
from medmodel.client import Client
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.rag.citations import check, content_words, judge_first_try
from medmodel.rag.nearest import grounded_prompt
from medmodel.rag.passages import split_sentences
from medmodel.records import Answer, Citation, Document, Example, Feedback, Message, Passage, Preference, Record
from medmodel.serve.feedback import FeedbackStore

_NUMBER = re.compile(r"^\s*\[\d+\]\s*", re.MULTILINE)  # of a sentence: the clinician's numbering is made anew


class Exported(NamedTuple):
    """What training may read, and how many verdicts gave nothing, by reason."""

    examples: list[Example]
    preferences: list[Preference]
    held_back: Counter[str]


class _HeldBack(Exception):
    """A verdict gives no example; the message is the reason that is counted."""


def export(feedbacks: Iterable[Feedback], heldout: Collection[str] = ()) -> Exported:
    """Examples and preference pairs of verdicts. `heldout`: ids of documents that nothing may be trained on."""
    exported = Exported([], [], Counter())
    seen: set[tuple[tuple[Message, ...], str]] = set()
    latest: dict[tuple[str, str], Feedback] = {}
    for feedback in feedbacks:
        if latest.pop((feedback.answer.id, feedback.rater), None):
            exported.held_back["superseded by the rater's later verdict"] += 1
        latest[feedback.answer.id, feedback.rater] = feedback
    ratings: dict[str, set[str]] = {}
    for feedback in latest.values():
        ratings.setdefault(feedback.answer.id, set()).add(feedback.rating)
    for feedback in latest.values():
        try:
            if len(ratings[feedback.answer.id]) > 1:
                raise _HeldBack("raters disagree: it wants adjudication")
            prompt, target = _usable(feedback, heldout)
            if (prompt, target) in seen:
                raise _HeldBack("duplicate: the same question and answer are in the export")
        except _HeldBack as reason:
            exported.held_back[str(reason)] += 1
            continue
        seen.add((prompt, target))
        documents = tuple(dict.fromkeys(passage.document_id for passage in feedback.answer.passages))
        messages = (*prompt, Message(role="assistant", content=target))
        exported.examples.append(Example(id=f"feedback:{feedback.id}", kind="feedback", messages=messages, documents=documents))
        first = feedback.answer.first_try
        if feedback.rating == "down" and first and first.text.strip() not in ("", target):
            pair = Preference(id=f"feedback:{feedback.id}", prompt=prompt, chosen=target, rejected=first.text.strip())
            exported.preferences.append(pair)
    return exported


def read(store: str | None) -> list[Feedback]:
    """All feedback of a server (http://…), a database (a URL or an SQLite file), a .jsonl file, or $MEDMODEL_HOME's."""
    if store and store.startswith(("http://", "https://")):
        with Client(store, api_key=os.environ.get("MEDMODEL_API_KEY")) as client:
            return client.feedbacks()
    if store and "://" not in store:
        path = Path(store)
        if not path.is_file():
            raise InputError(f"there is no feedback database at {path}; give its file, a database URL or a server's address")
        if path.suffix == ".jsonl":
            return list(_from_lines(path))
        store = f"sqlite:///{path.resolve()}"
    kept = FeedbackStore(store)
    try:
        return list(kept.all())
    finally:
        kept.close()


def _from_lines(path: Path) -> Iterator[Feedback]:
    """Feedback records, one a line, as the API gives them. An error names the line and the field, never what they say."""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield Feedback.model_validate_json(line)
            except ValidationError as error:
                where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole line"
                raise InputError(f"{path}:{number} is no Feedback (field '{where}'): mend or remove the line") from None


def heldout_documents(artifact: Path) -> set[str]:
    """Ids of the held-out documents of a `documents` artifact."""
    return {document.id for document in open_artifact(artifact).read("documents", Document) if document.split == "heldout"}


def write(exported: Exported, out: Path, heldout_checked: bool) -> dict[str, Any]:
    """Write sft.jsonl, preference.jsonl and, last, report.json, for the owner's eyes alone; returns the report."""
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o700)  # the questions are clinicians' own words
    write_atomic(out / "sft.jsonl", _lines(exported.examples))
    write_atomic(out / "preference.jsonl", _lines(exported.preferences))
    report = {
        "examples": len(exported.examples),
        "preferences": len(exported.preferences),
        "held_back": dict(sorted(exported.held_back.items())),
        "heldout_checked": heldout_checked,
    }
    write_atomic(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    return report


def _usable(feedback: Feedback, heldout: Collection[str]) -> tuple[tuple[Message, ...], str]:
    """The prompt and the target that a verdict teaches. Raises _HeldBack with the reason why there is none."""
    answer = feedback.answer
    texts = [answer.question, feedback.corrected, answer.first_try.text if answer.first_try else ""]
    found = identifiers("\n".join(texts))
    if found:
        raise _HeldBack(f"identifier: {found[0]}")
    if answer.fake:
        raise _HeldBack("fake: a scripted engine answered")
    if answer.status == "refused" or not answer.passages:
        raise _HeldBack("no passages: it was refused or nothing was found")
    if any(passage.document_id in heldout for passage in answer.passages):
        raise _HeldBack("held out: a passage of a held-out document was shown")
    if feedback.rating == "up":
        if feedback.harm != "none":
            raise _HeldBack("contradiction: approved, and called harmful")
        target = _as_shown(answer)
    elif feedback.corrected.strip():
        target = _as_corrected(feedback.corrected, answer.passages)
    else:
        raise _HeldBack("no correction: rejected without a better answer")
    tried = judge_first_try(Completion(text=target, finish_reason="stop"), answer.passages)
    if not tried.grounded and not tried.abstained:
        raise _HeldBack("fails the support check against the passages shown")
    return grounded_prompt(answer.question, answer.passages), target


def _as_shown(answer: Answer) -> str:
    """The answer as the prompt asks for it: each claim under the number its quote has among the passages shown."""
    if answer.status == "abstained":
        return prompts.NO_ANSWER
    spans = [(passage.id, passage.sentences[at]) for passage, at in prompts.numbered(answer.passages)]

    def number(citation: Citation) -> int | None:
        """Of the sentence that the quote stands in: it may be a part of it."""
        for at, (passage, span) in enumerate(spans, 1):
            if passage == citation.passage_id and span.start <= citation.start and citation.end <= span.end:
                return at
        return None

    lines = []
    for claim in answer.claims:
        cited = [number(citation) for citation in claim.citations[:1]]
        if claim.verdict != "supported" or not cited or cited[0] is None:
            raise _HeldBack("fails the support check against the passages shown")
        lines.append(prompts.answer_line(cited[0], claim.text))
    return _few(lines)


def _as_corrected(corrected: str, passages: Sequence[Passage]) -> str:
    """A correction under the numbers of the sentences that support it; each of its sentences must find one."""
    text = _NUMBER.sub("", corrected).strip()
    if text == prompts.NO_ANSWER:
        return text
    shown = [prompts.one_line(passage.sentence(at)) for passage, at in prompts.numbered(passages)]
    lines = []
    for span in split_sentences(text):
        sentence = prompts.one_line(text[span.start : span.end])
        supporting = [number for number, quote in enumerate(shown, 1) if not check(sentence, quote)]
        if not supporting:
            raise _HeldBack("new knowledge: the correction is not in the passages shown")
        words = content_words(sentence)
        best = max(supporting, key=lambda number: (len(words & content_words(shown[number - 1])), -number))
        lines.append(prompts.answer_line(best, sentence))
    return _few(lines)


def _few(lines: Sequence[str]) -> str:
    if not 1 <= len(lines) <= prompts.MAX_LINES:
        raise _HeldBack(f"not one to {prompts.MAX_LINES} sentences: the answer format holds no more")
    return "\n".join(lines)


def _lines(records: Iterable[Record]) -> str:
    return "".join(record.model_dump_json(exclude_defaults=True) + "\n" for record in records)
