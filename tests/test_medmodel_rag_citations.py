"""From lines to claims: numbers run on over passages, quotes are byte-exact, and a first try is judged as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.models.engine import Completion
from medmodel.rag.citations import check, judge_first_try, rechecked, resolve, shortest
from medmodel.rag.passages import split_document
from medmodel.records import Answer, Document, Passage, Source, Span

APIXABAN = (
    "Apixaban: Reduce to 2.5 mg BID if the patient has at least two of: age ≥ 80 years, weight ≤ 60 kg, creatinine ≥ 1.5 mg/dL."
)
WARFARIN = "Warfarin is recommended only when direct oral anticoagulants are contraindicated."
STATIN = "High-intensity statin therapy with atorvastatin 40–80 mg reduces cardiovascular events by 25% over 5 years."


def passages() -> list[Passage]:
    source = Source(id="s", title="Heart", licence="MIT", tier="guideline")
    texts = (f"# Anticoagulants\n\n- {APIXABAN}\n- {WARFARIN}\n", f"# Statins\n\n- {STATIN}\n")
    documents = [Document(id=f"s/{n}", text=text, source=source, domain="guideline") for n, text in enumerate(texts)]
    return [passage for document in documents for passage in split_document(document)]


def test_numbers_run_on_over_passages_and_quotes_are_byte_exact() -> None:
    claims = resolve([(2, WARFARIN), (3, STATIN)], passages())
    assert [claim.verdict for claim in claims] == ["supported", "supported"]
    held = {passage.id: passage.text for passage in passages()}
    for claim in claims:
        citation = claim.citations[0]
        assert held[citation.passage_id][citation.start : citation.end] == citation.quote == claim.text


@pytest.mark.parametrize(
    ("text", "finish", "well_formed", "grounded"),
    [
        (f"[2] {WARFARIN}", "stop", True, True),
        (f"[1] {APIXABAN}\n[3] {STATIN}", "stop", True, True),
        (f"[1] {WARFARIN}", "stop", True, False),  # cites the wrong sentence
        (f"[4] {WARFARIN}", "stop", False, False),  # no such sentence
        (f"[2] {WARFARIN}", "length", False, False),
        (f"[2] {WARFARIN}\n[2] {WARFARIN}", "stop", False, False),
        (WARFARIN, "stop", False, False),
        ("", "stop", False, False),
        ("No answer in the references.", "stop", True, False),
    ],
)
def test_the_first_try_is_judged_as_it_stands(text: str, finish: str, well_formed: bool, grounded: bool) -> None:
    tried = judge_first_try(Completion(text=text, finish_reason=finish), passages())
    assert (tried.well_formed, tried.grounded) == (well_formed, grounded)


def quoted(claim: str, sentence: str) -> str:
    """The part of a sentence that is shown for a claim."""
    span = shortest(sentence, Span(start=0, end=len(sentence)), claim)
    return sentence[span.start : span.end]


LONG = (
    "For adults with gout who start urate-lowering therapy, allopurinol is the preferred first agent, beginning at 100 mg a day, "
    "and colchicine is given for three to six months."
)


def test_the_quote_is_the_part_of_the_sentence_that_the_claim_needs() -> None:
    sentence = "Allopurinol is the preferred first agent in gout, and colchicine is given for three to six months."
    assert (
        quoted("Allopurinol is the preferred first agent in gout.", sentence)
        == "Allopurinol is the preferred first agent in gout,"
    )


def test_who_it_holds_for_is_not_cut_off() -> None:
    assert quoted("Allopurinol is the preferred first agent in adults.", LONG).startswith("adults")


def test_a_limit_is_not_cut_off() -> None:
    sentence = "Warfarin is recommended in valve disease, only when direct oral anticoagulants are contraindicated."
    assert "only when" in quoted("Warfarin is recommended only in valve disease.", sentence)


def test_a_copy_keeps_the_whole_sentence() -> None:
    assert quoted(LONG, LONG) == LONG


@given(st.text(alphabet="aé µ≥中文🫀\u0301 \u200f\u05d0.,", max_size=20), st.integers(0, 8), st.integers(1, 12))
def test_a_quote_is_byte_exact_and_supports_its_claim_whatever_stands_around(noise: str, first: int, length: int) -> None:
    """The claim is a run of the sentence's own words; the text around it is of any script."""
    words = "Give apixaban 5 mg twice daily with food to reduce stroke in atrial fibrillation".split()
    claim = " ".join(words[first : first + length])
    text = f"{noise}\n{' '.join(words)}.\n{noise}"
    start = text.index("Give")
    sentence = Span(start=start, end=start + len(" ".join(words)) + 1)
    source = Source(id="s", title="T", licence="MIT", tier="guideline")
    passage = Passage(id="s/1#0", document_id="s/1", text=text, start=0, end=len(text), sentences=(sentence,), source=source)
    (told,) = resolve([(1, claim)], [passage])
    (citation,) = told.citations
    assert text[citation.start : citation.end] == citation.quote
    assert sentence.start <= citation.start < citation.end <= sentence.end
    if told.verdict == "supported":
        assert not check(claim, citation.quote)


def answered(passage: Passage) -> Answer:
    claims = resolve([(1, passage.sentence(0))], [passage])
    return Answer(id="a", question="q", status="answered", origin="model", claims=claims, passages=(passage,))


def test_an_old_answer_whose_passage_is_gone_shows_the_stored_quote_as_withdrawn() -> None:
    first, second, _ = [*passages(), passages()[0]]
    answer = answered(first)
    held = {second.id: second}
    (claim,) = rechecked(answer, held, lambda passage_id: "deleted on request").claims
    assert claim.citations[0].withdrawn == "deleted on request"
    assert claim.citations[0].quote == APIXABAN
    (claim,) = rechecked(answer, held, lambda passage_id: None).claims
    assert "no longer hold" in claim.citations[0].withdrawn


def test_an_old_answer_is_told_that_its_source_was_retracted_since() -> None:
    first = passages()[0]
    retracted = first.model_copy(update={"source": first.source.model_copy(update={"status": "retracted"})})
    (claim,) = rechecked(answered(first), {first.id: retracted}, lambda passage_id: None).claims
    assert (claim.citations[0].source.status, claim.citations[0].withdrawn) == ("retracted", "")


def test_a_quote_whose_passage_reads_otherwise_now_is_withdrawn() -> None:
    first = passages()[0]
    changed = first.model_copy(update={"text": first.text.replace("2.5 mg", "5 mg")})
    (claim,) = rechecked(answered(first), {first.id: changed}, lambda passage_id: None).claims
    assert claim.citations[0].withdrawn
