"""Whether the passages found answer: worked out from what they are, and withheld when it is little."""

import math
from pathlib import Path

import pytest
from hashed import hashed

from medmodel.rag.abstention import TYPICAL, answerable, chance, features, rarity
from medmodel.rag.index import Index, build_index
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage, Source

DENOSUMAB = "Denosumab must not be paused: its effect on bone is gone six months after the last dose was due."


def passage(text: str, source: str = "bone", title: str = "Osteoporosis") -> Passage:
    about = Source(id=source, title=title, licence="MIT", tier="guideline")
    return split_document(Document(id=f"{source}/1", text=text, source=about, domain="guideline"))[0]


def flat(word: str) -> float:
    """Every word as rare as the others."""
    return 2.0


def test_features_are_of_what_the_best_passage_meets_and_of_the_question() -> None:
    found = [(passage(DENOSUMAB), 0.7), (passage("Fluids are given first in shock.", "shock", "Shock"), 0.3)]
    seen = features("May denosumab be paused?", found, flat)
    assert seen["length"] == pytest.approx(math.log(3))  # two content words, "denosumab" and "paused"
    assert seen["said"] == pytest.approx(math.log(4))  # the same two, of 2.0 each; "may" and "be" say nothing
    assert 0.0 < seen["apart"] < seen["met"] <= 1.0
    assert 0.0 < seen["lacking"] < 2.0


def test_where_two_documents_match_alike_neither_stands_apart() -> None:
    found = [(passage(DENOSUMAB, "one"), 0.7), (passage(DENOSUMAB, "two"), 0.7)]
    assert features("May denosumab be paused?", found, flat)["apart"] == pytest.approx(0.0, abs=1e-3)


def test_what_a_passage_lacks_counts_by_how_rare_the_word_is() -> None:
    found = [(passage(DENOSUMAB), 0.7)]
    rare = features("Is denosumab given in ventriculitis?", found, lambda word: 6.0 if word == "ventriculitis" else 1.0)
    common = features("Is denosumab given in ventriculitis?", found, lambda word: 1.0 if word == "ventriculitis" else 6.0)
    assert rare["met"] < common["met"]
    assert rare["lacking"] > common["lacking"]


def test_a_word_is_the_rarer_the_fewer_passages_of_all_indexes_have_it(tmp_path: Path) -> None:
    for name, texts in (("one", ["Gout is treated.", "Gout flares."]), ("two", ["Shock is treated with fluids."])):
        source = Source(id=name, title=name, licence="MIT", tier="guideline")
        documents = [Document(id=f"{name}/{at}", text=text, source=source, domain="guideline") for at, text in enumerate(texts)]
        build_index(documents, tmp_path / name, "hashed", embed=hashed)
    rare = rarity(Index.open(tmp_path / "one"), Index.open(tmp_path / "two"))
    assert rare("gout") == pytest.approx(math.log(1 + 3 / 3))  # two of three passages
    assert rare("treated") == pytest.approx(math.log(1 + 3 / 3))  # one of each index
    assert rare("denosumab") == pytest.approx(math.log(1 + 3 / 1))
    assert rare("?") == TYPICAL


def test_the_chance_is_a_logistic_one() -> None:
    numbers = {"intercept": -1.0, "weights": {"cosine": 2.0, "words": 1.0}}
    assert chance({"cosine": 0.5, "words": 0.0, "one_source": 9.0}, numbers) == pytest.approx(0.5)
    assert chance({"cosine": 0.5, "words": 1.0}, numbers) == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_question_that_a_guideline_s_passages_answer_is_answerable_and_its_neighbour_is_not() -> None:
    found = [(passage(DENOSUMAB), 0.75)] * 6
    assert answerable("Can denosumab be paused for six months?", found)
    others = [(passage("Insulin is paused before surgery.", f"s{n}", "Diabetes"), 0.35) for n in range(6)]
    assert not answerable("Can denosumab be paused for six months?", others)


def test_nothing_found_answers_nothing() -> None:
    assert not answerable("Can denosumab be paused?", [])
    assert not answerable("地舒单抗可以停药吗？", [])


def test_a_chinese_question_is_answered_where_half_of_its_words_stand() -> None:
    chinese = passage("痛风患者的血尿酸目标值应低于360微摩尔每升。")
    assert answerable("痛风的血尿酸目标值是多少？", [(chinese, 0.0)])
    assert not answerable("肺炎的抗生素疗程是多少天？", [(chinese, 0.0)])


def test_a_chinese_question_is_weighed_by_its_terms_in_english_over_english_passages() -> None:
    found = [(passage("Warfarin is adjusted to an INR of 2 to 3 in atrial fibrillation.", title="Atrial fibrillation"), 0.7)]
    seen = features("房颤患者华法林怎么用？", found, flat)
    assert seen["met"] > features("房颤患者华法林怎么用？", [(passage("Wounds are washed."), 0.7)], flat)["met"]
    assert seen["understood"] == 1.0
    assert features("房颤患者磅礴怎么用？", found, flat)["understood"] == 0.5  # two signs of four
