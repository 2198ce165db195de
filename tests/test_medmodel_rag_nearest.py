"""The sentences that the prompt names as nearest: the best of the first passage, then the nearest of all."""

from medmodel.prompts import numbered
from medmodel.rag.nearest import NAMED, grounded_prompt, named, nearest
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


def test_a_chinese_question_is_ranked_by_the_words_it_shares() -> None:
    shown = passages("心房颤动患者应监测肾功能。\n使用华法林时目标值为二至三。", language="zh")
    assert nearest("华法林的目标值是多少？", shown)[0][0] == 2


def test_the_prompt_names_numbers_that_it_shows() -> None:
    shown = passages(OWN, OTHER)
    user = grounded_prompt(QUESTION, shown)[1].content
    numbers = named(QUESTION, shown)
    assert user.splitlines()[-1] == f"Nearest: {' '.join(f'[{number}]' for number in numbers)}"
    assert len(numbers) == NAMED
    assert set(numbers) <= set(range(1, len(numbered(shown)) + 1))
