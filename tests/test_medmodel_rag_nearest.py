"""The sentences that the prompt names as nearest: the best of the first passage, then the nearest of all."""

import numpy as np

from medmodel.prompts import numbered
from medmodel.rag.nearest import (
    NAMED,
    SENTENCES,
    evidence,
    grounded_prompt,
    keep,
    named,
    nearest,
    sentence_vectors,
)
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage, Source

QUESTION = "How much apixaban is given in atrial fibrillation?"
OWN = "Measure renal function first.\nApixaban 5 mg twice daily is given in atrial fibrillation.\nRepeat."
OTHER = "Statins lower cholesterol.\nIn atrial fibrillation, apixaban is given for life.\nDrink water with tablets every day."


def passages(*texts: str, language: str = "en") -> list[Passage]:
    found: list[Passage] = []
    for number, text in enumerate(texts):
        source = Source(id=f"s{number}", title="Synthetic", licence="MIT", tier="guideline")
        found += split_document(Document(id=f"s{number}/1", text=text, source=source, domain="guideline", language=language))
    assert len(found) == len(texts)
    return found


def test_the_best_sentence_of_the_first_passage_leads_and_all_others_follow_by_nearness() -> None:
    ranked = nearest(QUESTION, passages(OTHER, OWN))
    assert [number for number, _ in ranked[:2]] == [2, 5]
    rest = [nearness for _, nearness in ranked[1:]]
    assert rest == sorted(rest, reverse=True)


def test_a_scrap_is_left_out_unless_there_is_nothing_else() -> None:
    shown = passages(OWN)
    assert shown[0].sentence(2) == "Repeat."
    assert sorted(number for number, _ in nearest(QUESTION, shown)) == [1, 2]
    assert [number for number, _ in nearest(QUESTION, passages("Repeat."))] == [1]


def test_a_line_that_leads_into_a_list_is_left_out() -> None:
    shown = passages("Apixaban in atrial fibrillation is given as follows:\nTake 5 mg twice daily.\nIt is given for life, too.")
    assert sorted(number for number, _ in nearest(QUESTION, shown)) == [2, 3]


def test_a_chinese_question_is_ranked_by_the_words_it_shares() -> None:
    shown = passages("心房颤动患者应监测肾功能。\n使用华法林时目标值为二至三。", language="zh")
    assert nearest("华法林的目标值是多少？", shown)[0][0] == 2


def test_a_chinese_question_is_near_to_english_sentences_by_its_terms() -> None:
    assert nearest("房颤患者阿哌沙班的剂量？", passages(OWN))[0][0] == 2


def test_the_prompt_names_numbers_that_it_shows() -> None:
    shown = passages(OWN, OTHER)
    user = grounded_prompt(QUESTION, shown)[1].content
    numbers = named(QUESTION, shown)
    assert user.splitlines()[-1] == f"Nearest: {' '.join(f'[{number}]' for number in numbers)}"
    assert len(numbers) == NAMED
    assert set(numbers) <= set(range(1, len(numbered(shown)) + 1))


MANY = "\n".join(f"Apixaban tablet number {n} is kept in cupboard {n} of the ward." for n in range(1, 7))


def test_the_evidence_is_the_nearest_sentences_under_their_own_passages() -> None:
    found = passages(OTHER, OWN)
    shown = evidence(QUESTION, found)
    assert [passage.id for passage in shown] == ["s0/1#0", "s1/1#0"]
    assert [passage.text for passage in shown] == [passage.text for passage in found]  # a quote is cut from the whole text
    assert len(numbered(shown)) == SENTENCES
    texts = [passage.sentence(at) for passage, at in numbered(shown)]
    assert "Apixaban 5 mg twice daily is given in atrial fibrillation." in texts
    assert "Repeat." not in texts


def test_evidence_of_evidence_is_the_same() -> None:
    shown = evidence(QUESTION, passages(MANY, OWN, OTHER))
    assert evidence(QUESTION, shown) == shown


def test_retrieval_s_first_passage_is_always_among_the_evidence_and_first() -> None:
    shown = evidence(QUESTION, passages("Nothing of the kind is said in this first paragraph.", OWN, OTHER))
    assert shown[0].source.id == "s0"


def test_passages_of_one_source_stand_together() -> None:
    first, second, third = passages(OTHER, OWN, OTHER.replace("Statins", "Fibrates"))
    again = third.model_copy(update={"source": first.source})
    sources = [passage.source.id for passage in evidence(QUESTION, [first, second, again])]
    assert sources == sorted(sources, key=sources.index)


def test_vectors_that_an_index_holds_are_taken_over() -> None:
    (passage,) = passages("A sentence that no other test has ever embedded before.")
    held = np.eye(1, 384, 7)
    keep(passage, held.astype(np.float16))
    assert np.array_equal(sentence_vectors([passage]), held.astype(np.float32))
