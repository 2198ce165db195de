"""Sources that differ are put side by side: only when they are about one thing, and only what differs."""

import pytest

from medmodel.rag.conflicts import conflicts
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage, Source


def shown(*texts: str, same_source: bool = False) -> list[Passage]:
    found = []
    for number, text in enumerate(texts):
        year = 2009 + 8 * number
        source = Source(
            id="one" if same_source else f"s{number}", title="High blood pressure", year=year, licence="MIT", tier="guideline"
        )
        document = Document(id=f"d{number}/1", text=f"# High blood pressure\n\n{text}\n", source=source, domain="guideline")
        found += split_document(document)
    return found


OLD = "The blood pressure target for adults with hypertension is below 140 mmHg."
NEW = "The blood pressure target for adults with hypertension is below 130 mmHg."


def test_two_sources_with_another_figure_are_shown_the_newer_first_with_their_quotes() -> None:
    (conflict,) = conflicts(shown(OLD, NEW))
    assert conflict.kind == "quantity"
    assert [said.lower() for said in conflict.differs] == ["<130 mmhg", "<140 mmhg"]
    assert [side.quote for side in conflict.sides] == [NEW, OLD]
    assert [side.number for side in conflict.sides] == [2, 1]


def test_a_drug_that_one_advises_and_the_other_advises_against_is_a_conflict_of_direction() -> None:
    for_it = "Atenolol is recommended as first-line therapy for hypertension."
    against = "Atenolol is not recommended as first-line therapy for hypertension."
    (conflict,) = conflicts(shown(for_it, against))
    assert (conflict.kind, conflict.differs) == ("direction", ("against", "for"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OLD, OLD),  # they agree
        (OLD, NEW.replace("130", "140")),
        (OLD, NEW.replace("adults", "children").replace("for", "in pregnant").replace("130", "120")),  # other patients
        (OLD, "Reduce sodium to less than 1,500 mg a day in adults with hypertension."),  # another question, another unit
        ("Start lisinopril 10 mg daily in hypertension.", "Start amlodipine 5 mg daily in hypertension."),  # other drugs
        (OLD, "Blood pressure criterion for adults with hypertension: at or above 140 mmHg."),  # one figure, turned round
    ],
)
def test_what_agrees_or_is_about_something_else_is_no_conflict(one: str, other: str) -> None:
    assert conflicts(shown(one, other)) == ()


def test_one_source_does_not_conflict_with_itself() -> None:
    assert conflicts(shown(OLD, NEW, same_source=True)) == ()
