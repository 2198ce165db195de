"""From lines to claims: numbers run on over passages, quotes are byte-exact, and a first try is judged as it stands."""

import pytest

from medmodel.models.engine import Completion
from medmodel.rag.citations import judge_first_try, resolve
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage, Source

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
