"""Passages: nothing lost, nothing doubled, and sentences as a reader would count them."""

from hypothesis import given
from hypothesis import strategies as st

from medmodel.rag.passages import TARGET, split_document
from medmodel.records import Document, Source

SOURCE = Source(id="s", title="T", licence="MIT", tier="guideline")
LINES = st.sampled_from(
    [
        "# Heading",
        "## Part",
        "- A bullet of 5–10 mg/kg.",
        "1. First, e.g. aspirin. Then rest.",
        "",
        "Prose ends. More follows!",
        "|a|b|",
        "|-|-|",
        "剂量为5mg。每日一次。",
        "A line that its editor broke before its end, so that it is not",
        "recommended in pregnancy.",
        "-> Stop? -> Wait",
        "x" * 450,
    ]
)


def document(text: str) -> Document:
    return Document(id="s/d", text=text, source=SOURCE, domain="guideline")


def sentences(text: str) -> list[str]:
    return [passage.sentence(at) for passage in split_document(document(text)) for at in range(len(passage.sentences))]


@given(st.one_of(st.lists(LINES, max_size=40).map("\n".join), st.text(max_size=400)))
def test_a_passage_is_a_slice_of_its_document_and_its_sentences_follow_each_other(text: str) -> None:
    end = 0
    for passage in split_document(document(text)):
        assert passage.text == text[passage.start : passage.end]
        assert passage.start >= end
        at = 0
        for span in passage.sentences:
            assert at <= span.start < span.end <= len(passage.text)
            assert passage.text[span.start : span.end].strip() == passage.text[span.start : span.end] != ""
            at = span.end
        end = passage.end


@given(st.one_of(st.lists(LINES, max_size=40).map("\n".join), st.text(max_size=400)))
def test_no_word_is_lost(text: str) -> None:
    kept = "".join(sentences(text))
    for line in text.splitlines():
        if not line.lstrip().startswith(("#", "|", "-")):
            assert all(word in kept for word in line.split() if word.isalpha())


def test_a_sentence_broken_over_lines_keeps_what_limits_it() -> None:
    text = (
        "Nitrates are given for chest pain in the emergency department but not\nin patients who took sildenafil.\n\n"
        "  → Suggest indefinite anticoagulation (Conditional)\n      unless high bleeding risk → individualize\n"
        "  → Otherwise three months\n- First bullet\n  goes on here\n- Second bullet\n"
    )
    assert [" ".join(sentence.split()) for sentence in sentences(text)] == [
        "Nitrates are given for chest pain in the emergency department but not in patients who took sildenafil.",
        "→ Suggest indefinite anticoagulation (Conditional) unless high bleeding risk → individualize",
        "→ Otherwise three months",
        "First bullet goes on here",
        "Second bullet",
    ]


def test_a_sentence_too_long_to_copy_is_cut_where_it_pauses() -> None:
    first = "Start with " + "a low dose and go up slowly while " * 8 + "watching the pressure;"
    second = "then " + "check potassium and renal function again " * 5 + "within weeks."
    assert sentences(f"{first} {second}") == [first, second]


def test_abbreviations_end_no_sentence() -> None:
    assert len(sentences("Mason et al. 2014 showed this in the U.S. Veterans, e.g. Older men, vs. Placebo.")) == 1


def test_a_bullet_is_a_sentence_without_its_mark_and_prose_ends_at_its_stop() -> None:
    assert sentences("# H\n\n- Give 2.5 mg b.i.d. if needed.\n* Stop.\n\nFirst one. Second one, e.g. this. Third?\n") == [
        "Give 2.5 mg b.i.d. if needed.",
        "Stop.",
        "First one.",
        "Second one, e.g. this.",
        "Third?",
    ]


def test_chinese_sentences_end_at_their_own_stop() -> None:
    assert sentences("剂量为5mg。每日一次。") == ["剂量为5mg。", "每日一次。"]


def test_passages_stay_under_one_heading_and_carry_its_path() -> None:
    passages = split_document(document("# A\n\nOne.\n\n## B\n\nTwo.\n\n# C\n\nThree.\n"))
    assert [(passage.heading, passage.text) for passage in passages] == [
        (("A",), "One."),
        (("A", "B"), "Two."),
        (("C",), "Three."),
    ]


def test_a_long_section_is_cut_between_sentences_and_a_short_rest_stays_with_its_list() -> None:
    bullets = [f"- Bullet number {n} says something of about sixty characters in all." for n in range(17)]
    passages = split_document(document("\n".join(bullets)))
    assert len(passages) > 1
    assert sum(len(passage.sentences) for passage in passages) == 17
    assert all(len(passage.text) <= TARGET + 200 for passage in passages)
    assert len(passages[-1].sentences) > 1
