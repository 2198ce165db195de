"""MEDEC as published: replies are parsed strictly, corrections must make the change, and guessing is worth what it is."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.benchmarks.note_errors import COLUMNS, NoteErrors, Reply, is_corrected, parse, prompt, shared_words
from evals.run import measure, summarise
from evals.suite import Material, Subject
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.recipe import data_dir

WRONG, RIGHT = "Culture shows Proteus mirabilis.", "Culture shows Escherichia coli."
TEXT = f"0 He has burning urine.\n1 {WRONG}\n2 He is given\n3 antibiotics for 3 days."
ROWS = [
    ["a", TEXT, "1", "causalOrganism", "1", WRONG, RIGHT],
    ["b", TEXT.replace(WRONG, RIGHT), "0", "NA", "-1", "NA", "NA"],
    ["c", TEXT, "1", "diagnosis", "1", WRONG, RIGHT],
]


def suite(folder: Path, rows: list[list[str]], columns: tuple[str, ...] = COLUMNS) -> NoteErrors:
    with open(folder / "MEDEC-MS-MadeUp.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(columns), *rows])
    return NoteErrors(Material(data=folder))


def saying(reply: Callable[[str], str] | str, finish_reason: str = "stop") -> Subject:
    def write(messages: object, most: int) -> Completion:
        asked = messages[0].content  # type: ignore[index]
        return Completion(text=reply if isinstance(reply, str) else reply(asked), finish_reason=finish_reason)

    return Subject(generate=write)


def scores(folder: Path, subject: Subject) -> dict[str, float]:
    read = suite(folder, ROWS)
    return {name: found.value for name, found in summarise(read, measure(read, subject)).metrics.items()}


def done(text: str) -> Completion:
    return Completion(text=text, finish_reason="stop")


def test_the_note_is_shown_a_sentence_a_line_with_its_id_and_a_pipe(tmp_path: Path) -> None:
    shown = prompt(suite(tmp_path, ROWS).items()[0])
    assert shown.startswith("The following is a medical narrative")
    assert shown.endswith(f"\n0|He has burning urine.\n1|{WRONG}\n2|He is given\n3|antibiotics for 3 days.")


def test_a_line_that_does_not_begin_with_the_next_id_goes_on_with_its_sentence(tmp_path: Path) -> None:
    rows = [["a", "0 First.\n1 Goes on\n\n3 days later.\n2 Last.", "0", "NA", "-1", "NA", "NA"]]
    assert suite(tmp_path, rows).items()[0].sentences == ("First.", "Goes on 3 days later.", "Last.")


def test_always_saying_correct_is_worth_the_share_of_correct_notes_and_finds_nothing(tmp_path: Path) -> None:
    found = scores(tmp_path, saying("CORRECT"))
    assert found == pytest.approx(
        {"flag": 1 / 3, "sentence": 1 / 3, "found": 0, "false_alarm": 0, "corrected": 0, "f1": 0, "unparsed": 0}
    )


def test_always_naming_a_sentence_raises_false_alarms(tmp_path: Path) -> None:
    found = scores(tmp_path, saying("0 He has burning urine."))
    assert (found["found"], found["false_alarm"], found["corrected"]) == (0.0, 1.0, 0.0)
    assert found["flag"] == pytest.approx(2 / 3)


def test_the_right_sentence_left_as_it_stands_is_found_and_not_corrected(tmp_path: Path) -> None:
    found = scores(tmp_path, saying(f"1 {WRONG}"))
    assert (found["found"], found["corrected"]) == (1.0, 0.0)
    assert found["f1"] == pytest.approx(0.5)  # two of four words are shared


def test_a_flawless_reply_is_flawless(tmp_path: Path) -> None:
    found = scores(tmp_path, saying(lambda asked: f"1 {RIGHT}" if WRONG in asked else "CORRECT"))
    assert found == {"flag": 1, "sentence": 1, "found": 1, "false_alarm": 0, "corrected": 1, "f1": 1, "unparsed": 0}


def test_what_is_cut_off_is_unparsed_and_wrong_however_good(tmp_path: Path) -> None:
    found = scores(tmp_path, saying(f"1 {RIGHT}", "length"))
    assert found == {"flag": 0, "sentence": 0, "found": 0, "false_alarm": 0, "corrected": 0, "f1": 0, "unparsed": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct",
        "The text is correct.",
        "CORRECT, all of it",
        "1",
        "1 ",
        "one Culture",
        "Sentence 1: Culture",
        "4 No such.",
        "1 a\n2 b",
    ],
)
def test_any_other_form_is_unparsed(text: str) -> None:
    assert parse(done(text), 4) is None


@pytest.mark.parametrize("text", [f"1 {RIGHT}", f" 1 {RIGHT}\n", f"1|{RIGHT}", f"1 | {RIGHT}"])
def test_a_space_or_the_pipe_that_was_shown_divides_id_and_sentence(text: str) -> None:
    assert parse(done(text), 4) == Reply(1, RIGHT)


def test_correct_may_end_in_a_full_stop() -> None:
    assert parse(done("CORRECT."), 4) == parse(done("CORRECT\n"), 4) == Reply(-1, "")


@given(st.text(), st.integers(0, 5))
def test_no_reply_breaks_the_parser_and_no_id_is_out_of_the_note(text: str, sentences: int) -> None:
    said = parse(done(text), sentences)
    assert said is None or -1 <= said.at < sentences


@pytest.mark.parametrize(
    ("said", "corrected"),
    [
        (RIGHT, True),
        ("CULTURE shows escherichia coli", True),
        ("Cultures grew Escherichia coli.", True),  # other words around the change
        ("Culture shows Escherichia coli, not Proteus mirabilis.", False),
        ("Culture shows coli.", False),
        ("Escherichia coli or Klebsiella or Enterococcus or Pseudomonas or Staphylococcus or Serratia", False),
        ("", False),
    ],
)
def test_a_correction_puts_the_right_words_in_and_takes_the_wrong_ones_out(said: str, corrected: bool) -> None:
    assert is_corrected(WRONG, RIGHT, said) is corrected


def test_a_number_is_one_word() -> None:
    wrong, right = "Give 25 mg of warfarin.", "Give 2.5 mg of warfarin."
    assert is_corrected(wrong, right, "Give 2.5 mg warfarin.")
    assert not is_corrected(wrong, right, "Give 5 mg of warfarin.")
    assert not is_corrected(wrong, right, "Give 2 and 5 mg of warfarin.")


def test_words_are_shared_as_often_as_they_stand() -> None:
    assert shared_words("a b", "a a b b") == pytest.approx(2 * 2 / 6)
    assert shared_words("a b", "c") == 0.0
    assert shared_words("a b", "") == 0.0


def test_a_wrong_flag_or_a_sentence_that_is_not_there_is_named_and_counted(tmp_path: Path) -> None:
    faulty = [
        ["d", TEXT, "maybe", "diagnosis", "1", WRONG, RIGHT],
        ["e", TEXT, "1", "diagnosis", "9", WRONG, RIGHT],
        ["f", TEXT, "1", "diagnosis", "1", WRONG, ""],
    ]
    read = suite(tmp_path, [*ROWS, *faulty])
    found = summarise(read, measure(read, saying("CORRECT")))
    assert (found.metrics["flag"].n, found.errors) == (3, 0)
    assert [reason for _, _, reason in found.detail["bad_items"]["first"]] == [
        "has the error flag 'maybe', which is neither 0 nor 1",
        "has the error sentence id '9', which is no sentence of the note",
        "has no corrected sentence",
    ]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="item 1 has no 'Error Flag'"):
        suite(tmp_path, [row[:2] + row[3:] for row in ROWS], tuple(column for column in COLUMNS if column != "Error Flag"))


def test_what_leaving_the_sentence_alone_scores_is_shown(tmp_path: Path) -> None:
    read = suite(tmp_path, ROWS)
    shown = read.detail(measure(read, saying("CORRECT")))
    assert shown["f1 of leaving the wrong sentence as it stands"] == pytest.approx(0.5)
    assert {kind: found["n"] for kind, found in shown["found"].items()} == {"causalOrganism": 1, "diagnosis": 1}


@pytest.mark.skipif(data_dir() is None, reason="MEDMODEL_DATA unset")
def test_the_published_validation_set_has_574_notes_and_its_own_corrections_are_right() -> None:
    read = NoteErrors(Material(data=data_dir() / "medec"))  # type: ignore[operator]
    notes = read.items()
    wrong = [note for note in notes if note.at >= 0]
    assert (len(notes), len(wrong)) == (574, 319)
    assert read.detail([])["bad_items"]["n"] == 0
    assert all(is_corrected(note.wrong, note.right, note.right) for note in wrong)
    assert not [note.id for note in wrong if is_corrected(note.wrong, note.right, note.wrong)]
