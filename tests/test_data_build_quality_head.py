"""The quality head: n-grams that see words and not layout, a student that learns what it is told, areas with intervals, and a
stage that never learns from what it is checked on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build import quality_head
from data_build.head import BITS, Head, features, judged
from data_build.quality_head import Texts, area, piece, said_by, shortened, student
from data_build.steps.quality import Quality
from data_build.steps.tagging import carry
from medmodel.errors import InputError, RecipeError
from medmodel.job import Job
from medmodel.recipe import _validate
from medmodel.records import Document, Source
from medmodel.registry import register
from medmodel.stages.documents import Documents
from medmodel.stages.quality_head import QualityHead, Sides

DRUGS = ("heparin", "warfarin", "digoxin", "insulin", "morphine", "lithium", "aspirin", "atropine")
GUIDE = "{drug} is indicated in adults at {mg} mg daily. Monitor renal function and reduce the dose when clearance falls."
CHAT = "Hey there, no worries at all! I think you should maybe just try {drug}, like {mg} mg or so, and see how you feel."


def document(source: str, name: str, text: str) -> Document:
    described = Source(id=source, title=source, licence="CC0-1.0", tier="none")
    return Document(id=f"{source}/{name}", text=text, source=described, domain="general")


def filled(template: str, seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    return [template.format(drug=chance.choice(DRUGS).capitalize(), mg=chance.randrange(1, 900)) for _ in range(count)]


@register("source", "synthetic_guide")
def synthetic_guide() -> Iterator[Document]:
    """Two books: the second is what a stage holds out."""
    for seed, book in enumerate(("book_one", "book_two")):
        for number, text in enumerate(filled(GUIDE, seed, 60)):
            yield document(book, str(number), f"# A heading\n\n- {book}: {text}\n")


@register("source", "synthetic_chat")
def synthetic_chat() -> Iterator[Document]:
    for number, text in enumerate(filled(CHAT, 3, 60)):
        yield document(
            "chat", str(number), f"[user]\nI take {number} tablets of something, is that fine?\n[assistant]\n{text}\n"
        )


SIDES = {"clean": ("synthetic_guide",), "noisy": ("synthetic_chat",)}


def test_layout_case_and_numbers_change_no_feature() -> None:
    plain = features("give heparin 500 units daily")
    assert features("# Give **heparin** 725 units,\n- daily.").tolist() == plain.tolist()
    assert sorted(features("daily give heparin 500 units").tolist()) != sorted(plain.tolist())  # the order of words counts


def test_features_worked_by_hand() -> None:
    # words: ab, cd; a pair; " ab ", "ab c", "b cd", " cd "
    assert len(features("ab cd")) == 2 + 1 + 4
    # a Chinese character is a word: two words, a pair, " 头痛 "
    assert len(features("头痛")) == 2 + 1 + 1
    assert len(features("...")) == 0


def test_of_a_conversation_only_the_assistant_is_judged() -> None:
    text = "[user]\nIt hurts.\n[assistant]\nSince when?\n[user]\nMonday.\n[assistant]\nSee a doctor.\n"
    assert judged(text) == "Since when?\n\nSee a doctor.\n"
    assert said_by("user", text) == "It hurts.\nMonday."
    assert judged("[1] Plain text.") == "[1] Plain text."
    assert judged("[user]\nNobody answered.\n") == "[user]\nNobody answered.\n"


@pytest.mark.slow
def test_a_student_learns_what_it_is_told_and_reads_new_texts_so() -> None:
    lesson = [*filled(GUIDE, 1, 40), *filled(CHAT, 2, 40)]
    head = student(lesson, np.repeat([0.9, 0.1], 40))
    scores = [head.score(text) for text in (*filled(GUIDE, 5, 5), *filled(CHAT, 6, 5))]
    assert all(score is not None and score > 0.7 for score in scores[:5])
    assert all(score is not None and score < 0.3 for score in scores[5:])


def test_a_score_worked_by_hand_and_one_of_nothing_known() -> None:
    weights = np.zeros(1 << BITS, dtype=np.float32)
    weights[features("ab")[0]] = 0.5  # the word itself
    n = len(features("ab cd"))
    assert Head(weights).score("ab cd") == pytest.approx(1 / (1 + np.exp(-100 * 0.5 / (n + 30))))
    assert Head(weights).score("xy") == 0.5
    assert Head(weights).score("...") is None


@pytest.mark.slow
def test_a_student_told_the_opposite_says_the_opposite() -> None:
    lesson = [*filled(GUIDE, 1, 40), *filled(CHAT, 2, 40)]
    told = np.repeat([0.9, 0.1], 40)
    one, other = student(lesson, told), student(lesson, 1 - told)
    for text in (*filled(GUIDE, 5, 3), *filled(CHAT, 6, 3)):
        assert one.score(text) == pytest.approx(1 - (other.score(text) or 0), abs=0.01)


def test_a_head_is_kept_without_pickle_and_reads_the_same(tmp_path: Path) -> None:
    head = Head(np.random.default_rng(1).normal(size=1 << BITS).astype(np.float32))
    head.save(tmp_path / "quality.npz")
    assert Head.load(tmp_path).score("Give heparin.") == head.score("Give heparin.")
    assert Head.load(tmp_path / "quality.npz").weights.tobytes() == head.weights.tobytes()
    with pytest.raises(InputError, match="run the stage `quality_head`"):
        Head.load(tmp_path / "nowhere")


@given(st.text(max_size=60) | st.text(alphabet=st.sampled_from("aé0 \n头の\ud800\U0001f600["), max_size=60))
def test_any_text_has_a_score_between_0_and_1_or_none(text: str) -> None:
    head = Head(np.random.default_rng(1).normal(size=1 << BITS).astype(np.float32))
    score = head.score(text)
    assert score is None or 0 <= score <= 1
    assert all(0 <= feature < 1 << BITS for feature in features(text).tolist())


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    found = area(np.array([0.9, 0.4, 0.6, 0.4]), np.array([1, 1, 0, 0]))
    assert found.auc == (1 + 1 + 0 + 0.5) / 4
    assert found.low < found.auc < found.high


def test_delongs_interval_worked_by_hand() -> None:
    # clean 3, 1; noisy 2, 0, 0.5: of each clean text the share below it, 1 and 2/3; of each noisy one the share above: 1/2, 1, 1
    found = area(np.array([3, 1, 2, 0, 0.5]), np.array([1, 1, 0, 0, 0]))
    error = (np.var([1, 2 / 3], ddof=1) / 2 + np.var([1 / 2, 1, 1], ddof=1) / 3) ** 0.5
    logit, half = np.log((5 / 6) / (1 / 6)), 1.96 * error / (5 / 6 * 1 / 6)
    assert found == pytest.approx((5 / 6, 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))), abs=1e-4)


def test_a_perfect_area_of_few_texts_has_a_wide_interval() -> None:
    few, many = (area(np.arange(2.0 * n), np.repeat([0, 1], n)) for n in (5, 200))
    assert few.auc == many.auc == 1
    assert few.low < 0.6 < 0.95 < many.low < 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=30))
def test_the_fast_area_is_the_slow_one(pairs: list[tuple[int, bool]]) -> None:
    labels = np.array([1, 1, 0, 0, *(int(label) for _, label in pairs)])
    scores = np.array([2.0, 3.0, 1.0, 2.0, *(float(score) for score, _ in pairs)])
    slow = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(scores[labels == 1], scores[labels == 0])]
    assert area(scores, labels).auc == pytest.approx(sum(slow) / len(slow), abs=1e-4)


def test_a_piece_is_some_lines_without_headings_and_bullets() -> None:
    text = "# Title\n\n- First item, which is long enough to be a piece.\n2. Second item, which is long enough as well.\n"
    found = {piece(text, 300, seed) for seed in range(20)}
    assert found == {
        "First item, which is long enough to be a piece. Second item, which is long enough as well.",
        "Second item, which is long enough as well.",
    }


def test_a_text_is_shortened_at_a_sentence_or_a_word() -> None:
    assert shortened("One two. Three four.", 12) == "One two."
    assert shortened("One two three four", 12) == "One two"
    assert shortened("头痛三天。发热两天。", 8) == "头痛三天。"
    assert shortened("short", 12) == "short"


def test_what_is_checked_is_not_learnt_from() -> None:
    sides = Sides.model_validate(SIDES)
    texts = Texts({"synthetic_guide", "synthetic_chat"}, {"book_two"}, seed=1)
    learnt, checked = texts.learnt(sides, 200), texts.checked(sides, 200)
    assert not set(learnt.texts) & set(checked.texts)
    assert learnt.labels.sum() == checked.labels.sum() == 60  # a book each
    assert 0 < len(checked.texts) - 60 < 30  # about a fifth of the conversations
    assert len(learnt.texts) + len(checked.texts) == 180


def test_the_sides_do_not_differ_in_length() -> None:
    learnt = Texts((), (), seed=1).checked(Sides.model_validate(SIDES), 200)
    clean = [len(text) for text, label in zip(learnt.texts, learnt.labels, strict=True) if label]
    noisy = [len(text) for text, label in zip(learnt.texts, learnt.labels, strict=True) if not label]
    assert max(clean) <= max(noisy)


def test_a_role_takes_what_that_side_of_a_conversation_says() -> None:
    sides = Sides(clean=("synthetic_chat/user",), noisy=("synthetic_chat/assistant",))
    found = Texts((), (), seed=1).checked(sides, 5)
    assert all(("tablets" in text) == bool(label) for text, label in zip(found.texts, found.labels, strict=True))


def test_sources_that_give_nothing_to_learn_from_are_named() -> None:
    with pytest.raises(InputError, match="synthetic_guide"):
        Texts({"synthetic_guide", "synthetic_chat"}, {"book_one", "book_two"}, seed=1).learnt(Sides.model_validate(SIDES), 5)


def test_without_the_data_the_stage_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDMODEL_DATA", raising=False)
    with pytest.raises(InputError, match="needs MEDMODEL_DATA"):
        quality_head.run(Job(QualityHead(uses="quality_head"), {}, tmp_path, seed=1))


def test_a_least_quality_without_a_head_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"min_quality.*needs the input `quality`"):
        _validate(Documents, {"uses": "documents", "min_quality": 0.3}, "test")


@pytest.mark.slow
def test_the_stage_learns_from_its_sources_and_the_step_tags_with_it(tmp_path: Path) -> None:
    fields = {
        "english": SIDES,
        "chinese": None,
        "checks": {"books": SIDES},
        "heldout": ["book_two"],
        "pieces": 40,
        "checked": 20,
    }
    config = QualityHead.model_validate({"uses": "quality_head", **fields})
    counts = quality_head.run(Job(config, {}, tmp_path, seed=1))
    books = counts["roc"]["books"]
    assert (counts["english"], counts["chinese"]) == (80, 0)
    assert books["clean"] == 20
    assert books["student"]["auc"] > 0.95 < books["teacher"]["auc"]
    assert [path.name for path in tmp_path.iterdir()] == ["quality.npz"]
    tagged = Quality(rules=False, head=tmp_path).run(
        [carry(document("s", str(number), text)) for number, text in enumerate((GUIDE, CHAT, "..."))]
    )
    tags = [found.metadata["tags"] for found in tagged]
    assert tags[0]["quality"] > 0.5 > tags[1]["quality"]
    assert tags[2] == {}  # nothing to judge
