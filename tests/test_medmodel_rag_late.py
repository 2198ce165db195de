"""Word by word: what is asked finds its like in the passage that names it, in whatever form, and in the sentence that says it."""

import pytest

from medmodel.rag.late import matches, sentence_matches
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage, Source

VEST = "A wearable defibrillator may be offered after an infarction. It is worn day and night."
ICD = "Implanted defibrillators are reprogrammed before surgery. Pacemakers are checked."


def passage(text: str, title: str = "Cardiology") -> Passage:
    about = Source(id=title, title=title, licence="MIT", tier="guideline")
    return split_document(Document(id=f"{title}/1", text=text, source=about, domain="guideline"))[0]


def test_the_passage_that_has_what_is_asked_matches_better_than_its_neighbour() -> None:
    vest, neighbour = matches("For whom is the wearable vest?", [passage(VEST), passage(ICD)])
    assert vest > neighbour + 0.05


def test_a_text_matches_itself_wholly() -> None:
    assert matches("Cardiology. . Pacemakers are checked.", [passage("Pacemakers are checked.")]) == pytest.approx(
        [1.0], abs=0.01
    )


def test_words_of_asking_do_not_count() -> None:
    about = [passage(VEST)]
    assert matches("What is it that they should do about defibrillator?", about) == pytest.approx(
        matches("that they what is it should do about defibrillator?", about), abs=0.15
    )
    assert matches("?", about)[0] <= 1.0  # nothing but signs: they are compared


def test_the_sentence_that_says_it_matches_best_and_one_is_given_for_each() -> None:
    both = [passage(VEST), passage(ICD)]
    found = sentence_matches("Who gets a wearable defibrillator?", both)
    assert len(found) == 4
    assert found.index(max(found)) == 0


def test_what_stands_beside_others_is_matched_as_it_is_alone() -> None:
    together = matches("Is the pacemaker checked?", [passage(VEST), passage(ICD)])
    assert together[1] == pytest.approx(matches("Is the pacemaker checked?", [passage(ICD)])[0], abs=1e-3)
