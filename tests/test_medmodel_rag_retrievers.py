"""Retrievers on worked cases: what fusion, preference, diversity, parents and rewriting make of scores that are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from given import Given, passage
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.rag import lexical, profiles
from medmodel.rag.asked import FEW, kept_words, spread
from medmodel.rag.hits import Found, Retriever
from medmodel.rag.retrievers.dense import Dense
from medmodel.rag.retrievers.diversity import Diversity
from medmodel.rag.retrievers.fusion import Fusion, Side, fuse
from medmodel.rag.retrievers.late import Late
from medmodel.rag.retrievers.parents import Parents
from medmodel.rag.retrievers.preference import Preference
from medmodel.rag.retrievers.rewriting import Rewriting, core
from medmodel.records import Passage


def ids(found: Sequence[Found]) -> list[str]:
    return [hit.passage_id for hit in found]


def test_scores_are_divided_by_their_best_and_a_passage_one_side_missed_gets_that_sides_lowest() -> None:
    words = Side(0.5, {"a": 10.0, "b": 5.0})
    meaning = Side(0.5, {"c": 0.8, "a": 0.4})
    assert fuse([words, meaning]) == pytest.approx({"a": 0.5 + 0.25, "b": 0.25 + 0.25, "c": 0.25 + 0.5})


def test_a_side_that_gave_all_it_had_counts_nothing_for_what_it_did_not_find() -> None:
    words = Side(0.5, {"a": 10.0, "b": 5.0}, all_there_is=True)
    assert fuse([words, Side(0.5, {"c": 0.8})])["c"] == pytest.approx(0.5)


def test_minmax_and_reciprocal_ranks() -> None:
    sides = [Side(1.0, {"a": 3.0, "b": 2.0, "c": 1.0}), Side(1.0, {"b": 0.9, "a": 0.1})]
    assert fuse(sides, "minmax") == pytest.approx({"a": 0.5, "b": 0.75, "c": 0.0})
    assert fuse(sides, "rrf") == pytest.approx({"a": (1 + 61 / 62) / 2, "b": (61 / 62 + 1) / 2, "c": 61 / 63 / 2})


def test_fusion_goes_on_with_one_side_when_the_other_finds_nothing() -> None:
    index = Given([passage("a#0"), passage("b#0")], words={"b#0": 4.0, "a#0": 2.0})
    assert Fusion(index=index).rank("房颤") == [Found("b#0", 1.0), Found("a#0", 0.5)]


def test_fusion_keeps_the_cosine_for_who_decides_whether_to_answer() -> None:
    index = Given([passage("a#0"), passage("b#0")], dense={"a#0": 0.6}, words={"b#0": 4.0})
    assert {hit.passage_id: hit.cosine for hit in Fusion(index=index).rank("x")} == {"a#0": 0.6, "b#0": 0.0}


def test_among_near_equals_the_newer_source_leads_and_a_much_better_old_one_still_does() -> None:
    old, new = passage("old#0", year=2006), passage("new#0", year=2026)
    near = Given([old, new], dense={"old#0": 0.62, "new#0": 0.60})
    far = Given([old, new], dense={"old#0": 0.90, "new#0": 0.60})
    for index, first in ((near, "new#0"), (far, "old#0")):
        dense = registry.get("retriever", "dense")(index=index)
        assert ids(Preference(index=index, of=dense, recency=0.05).rank("x"))[0] == first


def test_a_retracted_source_comes_last_and_is_not_hidden() -> None:
    index = Given([passage("a#0", status="retracted"), passage("b#0")], dense={"a#0": 0.7, "b#0": 0.6})
    dense = registry.get("retriever", "dense")(index=index)
    assert ids(Preference(index=index, of=dense, passed=-0.3).rank("x")) == ["b#0", "a#0"]


def test_a_tier_can_be_preferred() -> None:
    index = Given([passage("a#0", tier="patient"), passage("b#0")], dense={"a#0": 0.61, "b#0": 0.6})
    dense = registry.get("retriever", "dense")(index=index)
    assert ids(Preference(index=index, of=dense, tiers={"guideline": 0.05}).rank("x")) == ["b#0", "a#0"]


def test_diversity_puts_another_passage_before_one_that_says_the_same_again() -> None:
    texts = {"a#0": "aspirin relieves pain", "b#0": "aspirin relieves pain", "c#0": "rest the joint"}
    index = Given([passage(name, text) for name, text in texts.items()], dense={"a#0": 0.9, "b#0": 0.89, "c#0": 0.7})
    dense = registry.get("retriever", "dense")(index=index)
    assert ids(Diversity(index=index, of=dense).rank("x")) == ["a#0", "c#0", "b#0"]
    assert ids(Diversity(index=index, of=dense, penalty=0.0).rank("x")) == ["a#0", "b#0", "c#0"]


class Sections(Given):
    def section(self, passage_id: str) -> list[Passage]:
        return [one for one in self.passages.values() if one.document_id == self.passages[passage_id].document_id]


def test_the_first_passages_bring_their_section_along_once() -> None:
    passages = [passage(f"a#{at}") for at in range(3)] + [passage("b#0")]
    index = Sections(passages, dense={"a#1": 0.9, "b#0": 0.8, "a#2": 0.7})
    dense = registry.get("retriever", "dense")(index=index)
    found = Parents(index=index, of=dense, sections=1).rank("x")
    assert ids(found) == ["a#1", "a#0", "a#2", "b#0"]
    assert [hit.cosine for hit in found] == [0.9, 0.0, 0.7, 0.8]  # none was computed for a#0


def test_a_question_is_asked_with_its_abbreviations_written_out() -> None:
    index = Given([passage("a#0")], words={"a#0": 1.0})
    words = registry.get("retriever", "lexical")(index=index)
    Rewriting(index=index, of=words, abbreviations=True).rank("AF and CKD: which DOAC?")
    assert index.asked[0].startswith("AF and CKD: which DOAC? atrial fibrillation chronic kidney disease")


def test_a_chinese_question_is_asked_of_an_english_embedder_in_english_and_brings_english_passages_alone() -> None:
    index = Given([passage("a#0"), passage("b#0", "房颤患者抗凝。")], dense={"b#0": 0.7, "a#0": 0.5})
    dense = registry.get("retriever", "dense")(index=index)
    assert ids(Rewriting(index=index, of=dense, bridge="instead").rank("房颤患者用CHA2DS2评分")) == ["a#0"]
    assert index.asked == ["atrial fibrillation CHA2DS2 score"]  # in the question's order
    assert Rewriting(index=index, of=dense, bridge="instead").rank("你好") == []


def test_english_terms_alone_are_added_and_an_english_question_stays_as_it_is() -> None:
    index = Given([])
    rewriting = Rewriting(index=index, of=registry.get("retriever", "lexical")(index=index), bridge="english")
    assert rewriting.rewritten("房颤患者抗凝？") == "房颤患者抗凝？ atrial fibrillation anticoagulation"
    assert rewriting.rewritten("Is gout treated?") == "Is gout treated?"


def test_of_a_long_story_what_is_asked_stays() -> None:
    story = "The weather was fine that week. " * 20 + "A 67-year-old man with gout came in. He likes tea. Which drug?"
    assert core(story) == "A 67-year-old man with gout came in. Which drug?"
    assert core("He likes tea. Which drug?") == "He likes tea. Which drug?"


def test_words_that_tell_nothing_apart_are_not_looked_for_and_names_in_capitals_are() -> None:
    assert kept_words("What is the advice of WHO on malaria?") == ["advice", "WHO", "malaria"]
    assert kept_words("WHAT IS THE ADVICE?") == ["ADVICE"]
    assert kept_words("What is it?") == ["What", "is", "it"]  # nothing else is there


def test_a_word_of_letters_and_digits_is_found_in_its_parts_and_as_a_whole() -> None:
    assert spread("GDF15 and 5mg, not 15 or x") == "GDF15 GDF 15 and 5mg 5 mg, not 15 or x"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> lexical.Lexical:
    folder: Path = tmp_path_factory.mktemp("words") / "lexical"
    texts = ["Levels of GDF-15 rise in sepsis.", "Sepsis sepsis sepsis and what it is of.", "Rest. 安静休息。"]
    lexical.build(folder, [("", text) for text in texts])
    return lexical.Lexical(folder)


def test_two_words_that_are_there_outweigh_one_that_is_repeated(words: lexical.Lexical) -> None:
    assert [row for row, _ in words.search("What is GDF15 in sepsis?", 3)] == [0, 1]


WILD = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "",
            " \n\t",
            "\U0001f912\U0001f489" * 50,
            "كم جرعة الوارفارين؟ \u202e\u202dabc",
            "房颤 AF ファイブ фибрилляция",
            "'; DROP TABLE passages;--",
            "<script>alert(1)</script>" * 20,
            "[" * 3000 + "](" * 3000,
            "**" * 2000,
            "word " * 20_000,
            "a" * 100_000,
            "房" * 100_000,
        ]
    ),
)


@given(query=WILD)
@settings(max_examples=25, deadline=None)
def test_any_text_is_a_question_and_never_more_than_a_few_words_are_looked_for(words: lexical.Lexical, query: str) -> None:
    found = words.search(query, 3)
    assert all(score > 0 for _, score in found)
    assert len(kept_words(query)) <= 1_000
    assert FEW == 64


@pytest.mark.slow
@given(query=WILD)
@settings(max_examples=25, deadline=None)
def test_every_profile_takes_any_text(query: str) -> None:
    index = Given([passage("a#0"), passage("b#0")], dense={"a#0": 0.6}, words={"b#0": 4.0})
    for name in profiles.names():
        assert set(ids(profiles.open_retriever(index, 5, name).rank(query))) <= {"a#0", "b#0"}
    assert all(len(asked) <= 130_000 for asked in index.asked)


def test_a_profile_is_built_as_it_is_written() -> None:
    index = Given([passage("a#0"), passage("b#0")], dense={"a#0": 0.6}, words={"b#0": 4.0})
    spec = {"use": "fusion", "depth": 7, "of": [{"use": "lexical", "weight": 3}, {"use": "dense", "weight": 1}]}
    made = profiles.build(index, spec, 2)
    assert isinstance(made, Fusion)
    assert (made.k, made.weights, [part.k for part in made.of]) == (2, [3, 1], [7, 7])


def test_a_profile_or_an_option_that_does_not_exist_is_named() -> None:
    index = Given([passage("a#0")])
    with pytest.raises(UnknownName, match="did you mean 'laptop'"):
        profiles.open_retriever(index, 5, "laptpo")
    with pytest.raises(InputError, match="'diversity' does not take what a profile gives it: lambda"):
        profiles.build(index, {"use": "diversity", "lambda": 1, "of": {"use": "dense"}}, 5)


def test_a_new_retriever_ranks_and_nothing_else() -> None:
    class Alphabetical(Retriever):
        def rank(self, query: str) -> list[Found]:
            return [Found(name, 1.0) for name in sorted(self.index.passages)][: self.k]

    index = Given([passage("b#0", "Bee."), passage("a#0", "Ant.")])
    [hit] = Alphabetical(index=index, k=1).invoke("x")
    assert (hit.page_content, hit.metadata["passage_id"], hit.metadata["passage"].id) == ("Ant.", "a#0", "a#0")


def test_the_first_passages_are_put_in_order_by_how_they_meet_the_question_word_by_word() -> None:
    vest, icd = passage("icd#0", text="Implanted devices are checked."), passage("vest#0", text="A wearable vest is offered.")
    index = Given([vest, icd], dense={"icd#0": 0.62, "vest#0": 0.60})
    found = Late(index=index, of=Dense(index=index)).rank("Who is offered the wearable vest?")
    assert ids(found) == ["vest#0", "icd#0"]
    assert found[0].score <= 1.0
    assert found[0].cosine == 0.60  # what silence and clinics' own indexes compare


def test_only_the_first_are_looked_at_again_and_the_others_stay_behind_them() -> None:
    named = [passage(f"p#{at}", text="A wearable vest is offered." if at == 3 else "Wounds are washed.") for at in range(4)]
    index = Given(named, dense={f"p#{at}": 0.9 - at / 10 for at in range(4)})
    assert ids(Late(index=index, of=Dense(index=index), top=2).rank("Who is offered the wearable vest?"))[2:] == ["p#2", "p#3"]


def test_chinese_passages_and_questions_stay_in_the_order_in_which_they_came() -> None:
    index = Given([passage("a#0", text="Wounds are washed."), passage("b#0", text="A vest.")], dense={"a#0": 0.9, "b#0": 0.8})
    assert ids(Late(index=index, of=Dense(index=index)).rank("谁可以穿背心？")) == ["a#0", "b#0"]
    chinese = Given([passage("a#0", text="清洗伤口。"), passage("b#0", text="A vest.")], dense={"a#0": 0.9, "b#0": 0.8})
    assert ids(Late(index=chinese, of=Dense(index=chinese)).rank("Who gets a vest?")) == ["a#0", "b#0"]
