"""Every record that crosses a folder, in the order a fact travels: source -> document -> passage -> answer -> feedback.

A record is frozen and strict: an unknown field is an error, so a writer and a reader cannot drift apart.
Records know nothing of files; `medmodel.artifacts` reads and writes them as JSON lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Split = Literal["train", "heldout"]
Tier = Literal["guideline", "review", "textbook", "patient", "local", "forum", "none"]
Role = Literal["system", "user", "assistant"]


class Record(BaseModel):
    """The base of all records."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Record):
    """Who published a text, and on what terms it may be used."""

    id: str  # "acc_aha_af_2023"
    title: str
    organization: str = ""
    year: int | None = None
    date: str | None = (
        None  # ISO 8601, as far as it is known: "2019-03", "2019-03-07"; of the publication, else of the retrieval
    )
    doi: str | None = None
    url: str | None = None
    licence: str  # SPDX where there is one; "n/s" = not stated: never in a releasable mix
    tier: Tier
    summary_by: str | None = None  # set when the text is somebody's summary of the publication: cited as such
    status: Literal["current", "retracted", "superseded"] = "current"  # what its publisher says of it since
    superseded_by: str | None = None  # id, title or DOI of what replaces it


class Document(Record):
    """One text of one source. `split` is set before anything is packed and never changes."""

    id: str  # "<source id>/<section>"
    text: str
    source: Source
    domain: str  # "guideline", "differential", "general": what a mix is proportioned by
    language: str = "en"
    split: Split = "train"
    attributes: dict[str, str | int | float | bool] = Field(default_factory=dict)  # what steps found; they decide nothing


class Drop(Record):
    """A document or an example that goes no further, and why. The excerpt is reference text."""

    id: str
    reason: str
    source: str
    size: int = 0  # bytes of its text in UTF-8, as it was when it was dropped
    excerpt: str = ""


class Mixed(Record):
    """How often the mix reads one document: what the stage `mix` decides and `pack` carries out."""

    id: str
    document_id: str
    domain: str
    epochs: float
    tokens: int


class Span(Record):
    """Characters `start`..`end` (end exclusive) of the text that the record holding the span names."""

    start: int
    end: int


class Passage(Record):
    """A piece of a document, as retrieved, numbered and cited.

    `text == document.text[start:end]`. Sentences are cut here, once, when the index is built; an answer's passages name
    those alone that the model was shown. Prompt, citation and app count them alike, and a quote is a part of `text`, byte
    for byte.
    """

    id: str  # "<document id>#<n>"
    document_id: str
    text: str
    start: int
    end: int
    heading: tuple[str, ...] = ()
    sentences: tuple[Span, ...]
    source: Source
    language: str = "en"

    def sentence(self, number: int) -> str:
        """The `number`-th sentence (from 0) of this passage, unchanged."""
        span = self.sentences[number]
        return self.text[span.start : span.end]

    @property
    def digest(self) -> str:
        """SHA-256 of the text: two passages of one text have one digest."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Withdrawn(Record):
    """What is known of a passage that an index no longer holds: an answer given before may cite it. Never its text."""

    passage_id: str
    source_id: str
    date: str  # ISO 8601: the day it left
    reason: str
    forgotten: bool = False  # deleted everywhere, earlier generations of the index included


class Message(Record):
    role: Role
    content: str


class Example(Record):
    """One supervised example. Loss falls on assistant turns only."""

    id: str
    kind: Literal[
        "grounded", "abstain", "copy", "choice", "feedback", "general", "dialogue", "note", "differential", "intake", "twin"
    ]
    messages: tuple[Message, ...]
    documents: tuple[str, ...]  # ids of every document whose text stands in it: lineage checks the split on these
    split: Split = "train"


class Preference(Record):
    """A pair for preference training (TRL's conversational shape)."""

    id: str
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


class ChoiceItem(Record):
    """A multiple-choice item; `cluster` names the guideline or complaint that related items share."""

    id: str
    question: str
    options: tuple[str, ...]
    answer: int
    cluster: str
    split: Split = "heldout"


class Criterion(Record):
    """One line of a rubric (HealthBench's shape): what an answer earns or loses when a judge finds that it does this."""

    criterion: str
    points: float
    tags: tuple[str, ...] = ()


class Case(Record):
    """One line of a cases file for batch evaluation."""

    id: str
    question: str
    language: Literal["en", "zh"] = "en"
    expect_source: str | None = None  # a source id that a right answer cites
    expect_quote: str | None = None  # the very sentence that a right answer cites, as its passage has it
    expect_status: Literal["answered", "abstained", "refused"] | None = None
    must_mention: tuple[str, ...] = ()
    rubric: tuple[Criterion, ...] = ()  # scored by a judge, where there is one; never by rule


class Citation(Record):
    """Where a sentence rests. `quote == passage.text[start:end]`, byte for byte."""

    passage_id: str
    source: Source
    quote: str
    start: int
    end: int
    number: int  # the sentence number shown to the model and to the reader, from 1; 0: not among those
    withdrawn: str = ""  # why the references no longer hold the passage, of an answer given before: the quote is the stored one


class Claim(Record):
    """One sentence of an answer with what it rests on."""

    text: str
    citations: tuple[Citation, ...]
    verdict: Literal[
        "supported", "contradicted", "not_found", "unsupported"
    ]  # the last in older records, and of what cites nothing
    reason: str = ""  # why it is unsupported: "number 5 is not in the quote"


class Conflict(Record):
    """Two sources that answer one question differently: shown side by side, never blended."""

    kind: Literal["quantity", "direction"]
    differs: tuple[str, ...]  # what each side says, in the order of the sides: "<130/80 mmhg", "<140/90 mmhg"
    sides: tuple[Citation, ...]  # the newer source first


class Withheld(Record):
    """Words of a passage that look like an order to a model: no prompt and no quote has them, the reader sees them as that."""

    passage_id: str
    source_id: str
    text: str  # `passage.text[start:end]`; of a heading or a title, which are no part of it, the whole
    start: int
    end: int
    reason: str


class RedFlag(Record):
    """A rule that fired on the question, before any model was asked."""

    id: str
    title: str
    action: str
    urgency: Literal["emergency", "urgent"]
    matched: str  # words of the rule that matched, never the patient's own sentence
    source: str  # the guideline the rule rests on
    number: str = ""  # whom to call, for the reader's country
    path: str = ""  # self_harm, poison, child, pregnancy: which help the number is for


class FirstTry(Record):
    """What the model wrote at the first try, before repair and fallback: what the grounding gate scores."""

    text: str
    finish_reason: str
    well_formed: bool  # parses, is complete, cites only sentences that exist
    grounded: bool  # well formed, and every sentence passes the support check
    abstained: bool
    reason: str = ""  # why not


class ToolChoice(Record):
    """One of the answers that a choice allows."""

    value: str
    title: str
    title_zh: str = ""


class ToolInput(Record):
    """What a tool asks for. A number is taken in `unit`, or in one of `units`, which are converted exactly."""

    name: str
    title: str
    title_zh: str = ""
    kind: Literal["number", "integer", "yes_no", "choice", "text"]
    unit: str = ""  # what the formula counts in; empty: a pure number, a score
    units: tuple[str, ...] = ()  # every unit that is accepted, `unit` first
    minimum: float | None = None  # in `unit`; beyond it the tool refuses, and never clips
    maximum: float | None = None
    choices: tuple[ToolChoice, ...] = ()
    required: bool = True
    note: str = ""  # how it is scored, or what is taken when it is left out
    analyte: str = ""  # the substance its units are converted for: "creatinine"


class ToolSource(Record):
    """Where a tool's numbers come from, and whose code computes them."""

    citation: str
    doi: str = ""
    url: str = ""
    year: int | None = None
    version: str  # "open-medicine 0.12.0", "medmodel 0.1.0"
    checked: str = ""  # what was worked by hand against the source; empty: nothing beyond the boundaries of its inputs


class ToolSpec(Record):
    """A calculator or a table, as a form or a model's tool call sees it."""

    name: str
    title: str
    title_zh: str = ""
    inputs: tuple[ToolInput, ...]
    unit: str = ""  # of the result
    source: ToolSource
    limits: str = ""  # what it does not cover


class ToolReading(Record):
    """An input as it was read in the user's own question: shown, and changed by whoever knows better."""

    name: str
    title: str = ""
    title_zh: str = ""
    value: float | bool | str
    unit: str = ""
    text: str = ""  # the words it was read from


class ToolResult(Record):
    """What a tool computed. `used` has every input as the formula took it, converted and with its unit."""

    status: Literal["done"] = "done"
    tool: str
    title: str
    title_zh: str = ""
    value: float | str
    unit: str = ""
    interpretation: str
    used: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: ToolSource


class ToolMissing(Record):
    """What a tool must be told before it computes anything: it is asked for, never guessed."""

    status: Literal["missing"] = "missing"
    tool: str
    missing: tuple[ToolInput, ...]
    why: str = ""


class ToolOffer(Record):
    """A tool that fits a question, what was read for it, and either its result, what is missing, or why it refuses."""

    tool: str
    title: str
    title_zh: str = ""
    read: tuple[ToolReading, ...] = ()
    missing: tuple[ToolInput, ...] = ()
    result: ToolResult | None = None
    error: str = ""


class Diagnosis(Record):
    """What the references list for the complaint of a case. The first citation says how likely; the others are features of
    it that the case has."""

    name: str
    kind: Literal["must_not_miss", "likely"]
    likelihood: str  # in the references' own words: "must not miss", "common"
    citations: tuple[Citation, ...] = Field(min_length=1)


class Dependence(Record):
    """A finding that a case does not give, and on which sentences quoted for it depend."""

    finding: str  # "kidney"
    title: str
    title_zh: str = ""
    said: tuple[str, ...]  # the quotes' own words: "eGFR"
    citations: tuple[Citation, ...] = Field(min_length=1)


class CaseNotes(Record):
    """What stands under the answer to a question that describes a patient; every line with its quotes, or it is not there."""

    asks_what: bool = False  # it asks what it could be or what to do: without diagnoses the references list none
    diagnoses: tuple[Diagnosis, ...] = ()
    depends: tuple[Dependence, ...] = ()


class Answer(Record):
    """What a clinician sees. Every claim carries a citation, or is marked unsupported, or there is none at all."""

    id: str
    question: str
    language: Literal["en", "zh"] = "en"
    status: Literal["answered", "abstained", "refused"]
    origin: Literal["model", "repaired", "extractive", "none"]
    claims: tuple[Claim, ...] = ()
    passages: tuple[Passage, ...] = ()
    red_flags: tuple[RedFlag, ...] = ()
    notice: str = ""  # shown above the answer: "the model is not running; these are quotes", "scripted engine: a fake"
    first_try: FirstTry | None = None
    release: str = ""  # name and fingerprint of the release that answered
    engine: str = ""
    fake: bool = False  # True when the scripted engine answered
    seconds: float = 0.0
    prompt_tokens: int | None = None  # that the model read and wrote for it, repair included; 0 when it was not asked,
    tokens: int | None = None  # None when its server does not say
    conflicts: tuple[Conflict, ...] = ()  # sentences shown whose sources differ on one subject
    tools: tuple[ToolOffer, ...] = ()  # calculators and tables that the question names, computed by rule, never by the model
    withheld: tuple[Withheld, ...] = ()  # orders to a model, found in the passages
    case: CaseNotes | None = None  # of a question that describes a patient


class BatchResult(Record):
    """One line of a batch's results: an answer, or why there is none. An error is never an answer."""

    id: str  # the case's
    status: Literal["ok", "error"]
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0  # as the asker saw it: waiting and retries included


class Batch(Record):
    """A batch on the server. `done` counts failed calls too; sent again under its id, those are asked again."""

    id: str
    status: Literal["running", "finished", "cancelled", "failed"]
    cases: int
    done: int = 0
    failed: int = 0
    release: str = ""  # what answers it: one batch is never answered by two
    error: str = ""  # why it failed
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Feedback(Record):
    """A clinician's verdict on one answer. The snapshot makes it exportable after the release is gone."""

    id: str
    answer: Answer
    rating: Literal["up", "down"]
    reason: str = ""
    corrected: str = ""
    harm: Literal["none", "minor", "serious"] = "none"
    rater: str = ""
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))


Verdict = Literal["pass", "fail", "cannot tell", "not gated"]


class GateResult(Record):
    """One gate, decided. `interval` and `missed_by` are in the unit of `value`; with a baseline, of the difference."""

    gate: str
    verdict: Verdict  # "cannot tell": the items do not decide it, which is no pass; "not gated": only shown
    value: float | None
    baseline: float | None = None
    interval: tuple[float, float] | None = None
    n: int
    rule: str  # the sentence that was tested: "lower bound of the paired difference > 0"
    missed_by: float | None = None
    threshold: float | None = None  # what the difference, or without a baseline the value, is held against
    p: float | None = None  # one-sided, of a test that belongs to the profile's family
    p_adjusted: float | None = None  # by Holm, over that family
    why: str = ""  # what the verdict rests on, and what n would be needed
    detail: dict[str, Any] = Field(default_factory=dict)

    @property
    def gated(self) -> bool:
        return self.verdict != "not gated"

    @property
    def passed(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.verdict in ("pass", "not gated")


class Override(Record):
    """A person lets a release go out that a gate did not pass: shown wherever the release is."""

    gate: str
    reason: str
    by: str
    on: date | None = None  # when the release was made; a recipe does not say it

    @model_validator(mode="after")
    def _said(self) -> Override:
        for name in ("gate", "reason", "by"):
            if not getattr(self, name).strip():
                raise ValueError(f"an override names its gate, a reason and who decided: '{name}' is empty")
        return self


class Measured(Record):
    """One suite for one model: where its rows are, and the digests that the report stands on."""

    role: str  # "candidate", "base" or "release"
    suite: str
    file: str  # of the rows, relative to the report
    sha256: str  # of that file
    rows: int
    items: str  # digest of the suite's items: the data that was asked


class Conditions(Record):
    """What a report's numbers were measured under."""

    prompts: str = ""  # SHA-256 of medmodel/prompts.py
    engine_flags: tuple[str, ...] = ()
    seeds: dict[str, int] = Field(default_factory=dict)
    packages: dict[str, str] = Field(default_factory=dict)
    trained_on: dict[str, str] = Field(default_factory=dict)  # contamination lineage: stage behind the candidate -> digest
    checked_against: dict[str, str] = Field(default_factory=dict)  # what the contamination suite searched -> digest
    judge: dict[str, str] = Field(default_factory=dict)  # who read rubrics, with which prompt, and how it agreed with people


class GateReport(Record):
    """The release decision. `release` refuses a candidate without a passing report about that very candidate."""

    profile: str
    candidate: str  # digest of the candidate artifact
    index: str  # digest of the index artifact
    baseline: str  # digest of the baseline model
    release: str = ""  # digest of the baseline release, where the profile compares with one
    engine: str
    results: tuple[GateResult, ...]
    errors: int  # failed calls, counted apart; never a score
    gates: tuple[dict[str, Any], ...] = ()  # the profile's entries as they were decided by, in the order of `results`
    not_gated: dict[str, str] = Field(default_factory=dict)  # gates of other profiles that this size leaves out -> which
    measured: tuple[Measured, ...] = ()
    conditions: Conditions = Conditions()

    @property
    def passed(self) -> bool:
        """True when nothing failed to run, something was gated, and every gated result passed."""
        return self.errors == 0 and self.decides and all(result.passed for result in self.results)

    @property
    def decides(self) -> bool:
        """Whether any result is gated: a report of figures alone lets nothing go."""
        return any(result.gated for result in self.results)

    def blocking(self, overrides: Sequence[Override] = ()) -> list[GateResult]:
        """Results that did not pass and that no override names."""
        named = {override.gate for override in overrides}
        return [result for result in self.results if not result.passed and result.gate not in named]
