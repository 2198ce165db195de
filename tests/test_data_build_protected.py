"""Published tests stay out of documents and index: a copy is dropped by benchmark name, a shared phrase is not."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build import cases, flow
from data_build.steps.clean import clean
from data_build.steps.protected import CHINESE_GRAM, IN_A_ROW, LATIN_GRAM, Protected, hashed, hits, load, merge, repeated
from data_build.steps.tagging import carry
from medmodel import registry
from medmodel.artifacts import file_sha256, read_records
from medmodel.errors import InputError, UnknownName
from medmodel.job import Job
from medmodel.recipe import data_dir
from medmodel.records import Document, Drop, Source
from medmodel.stages.documents import Documents, Executor

ITEM = " ".join(f"item{number}" for number in range(60))  # a synthetic test item
CHINESE_ITEM = "".join(chr(0x4E00 + 37 * number) for number in range(60))
COPY = LATIN_GRAM + IN_A_ROW - 1  # words whose n-grams are just enough hits in a row
FILLER = " ".join(f"other{number}" for number in range(60))


def published(data: Path, **items: str) -> dict[str, str]:
    """Write one list a benchmark, in the format of the lists; returns what a recipe says of them."""
    folder = data / "protected_ngrams"
    folder.mkdir(exist_ok=True)
    for name, text in items.items():
        np.unique(hashed(text)).astype("<u8").tofile(folder / f"{name}.u64")
    return {name: file_sha256(folder / f"{name}.u64") for name in items}


def first(words: int) -> str:
    return " ".join(ITEM.split()[:words])


def test_a_hash_is_eight_bytes_of_blake2b_over_eight_lower_case_words() -> None:
    digest = hashlib.blake2b(b"the quick brown fox jumps over the lazy", digest_size=8).digest()
    assert hashed("The QUICK (brown) fox -- jumps over the lazy").tolist() == [int.from_bytes(digest, "little")]


def test_a_chinese_text_is_hashed_by_sixteen_characters_without_punctuation() -> None:
    text = CHINESE_ITEM[:17]
    digest = hashlib.blake2b(text[:16].encode(), digest_size=8).digest()
    found = hashed(f"{text[:9]}，{text[9:]}。").tolist()
    assert len(found) == 2
    assert found[0] == int.from_bytes(digest, "little")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{FILLER} {first(COPY)} {FILLER}", f"repeats exam: {IN_A_ROW} n-grams in a row"),
        (f"{FILLER} {first(COPY - 1)} {FILLER}", ""),
        (f"{FILLER} {first(COPY).upper().replace(' ', ', ')}", f"repeats exam: {IN_A_ROW} n-grams in a row"),
        (FILLER, ""),
        ("", ""),
        (CHINESE_ITEM, "repeats zh_exam: 45 n-grams in a row"),
    ],
)
def test_a_copy_of_an_item_is_named_and_a_shared_phrase_is_let_through(tmp_path: Path, text: str, reason: str) -> None:
    lists = load(published(tmp_path, exam=ITEM, zh_exam=CHINESE_ITEM), tmp_path)
    found = repeated(text, lists)
    assert (found.reason if found else "") == reason


def test_the_benchmark_with_the_longest_run_is_named(tmp_path: Path) -> None:
    lists = load(published(tmp_path, a=first(20), b=first(40)), tmp_path)
    found = repeated(ITEM, lists)
    assert found
    assert found.benchmark == "b"


@given(st.text(alphabet=st.sampled_from("ab1 Z\n,é，患者头痛①🙂ß"), max_size=200) | st.text(max_size=60))
def test_the_compiled_hashes_are_those_of_hashlib_over_the_lists_own_definition(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text).lower()
    chinese = len(re.findall("[\u3400-\u9fff]", plain)) * 3 > len(plain)
    tokens = re.findall("[a-z0-9\u3400-\u9fff]" if chinese else "[a-z0-9]+", plain)
    size, joint = (CHINESE_GRAM, "") if chinese else (LATIN_GRAM, " ")
    grams = [joint.join(tokens[at : at + size]).encode() for at in range(len(tokens) - size + 1)]
    digests = [hashlib.blake2b(gram, digest_size=8).digest() for gram in grams]
    assert hashed(text).tolist() == [int.from_bytes(digest, "little") for digest in digests]


def test_an_n_gram_longer_than_a_block_is_hashed_as_a_whole() -> None:
    words = [letter * 30 for letter in "abcdefghi"]
    digest = hashlib.blake2b(" ".join(words[1:]).encode(), digest_size=8).digest()
    assert hashed(" ".join(words)).tolist()[1] == int.from_bytes(digest, "little")


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 200))
def test_the_run_is_as_long_as_the_part_of_the_item_that_stands_in_the_text(start: int, length: int, before: int) -> None:
    lists = merge({"exam": np.unique(hashed(ITEM))})
    part = ITEM.split()[start : start + length]
    text = " ".join(f"w{number}" for number in range(before)) + " " + " ".join(part) + f" {FILLER}"
    run = max(0, len(part) - LATIN_GRAM + 1)
    found = repeated(text, lists)
    assert int(hits(text, lists).sum()) == run
    assert (found.run if found else 0) == (run if run >= IN_A_ROW else 0)


def test_a_question_too_short_for_a_run_is_found_when_it_is_a_line_by_itself() -> None:
    lists = merge({"exam": np.unique(hashed(first(9)))})
    assert repeated(f"{FILLER}\nQuestion: {first(9)}?\n{FILLER}", lists)
    assert not repeated(f"{FILLER} {first(9)} {FILLER}", lists)


def test_an_item_of_a_list_is_no_question() -> None:
    lists = merge({"exam": np.unique(hashed(first(9)))})
    assert not repeated(f"{FILLER}\n- {first(9)}\n{FILLER}", lists)


def test_options_are_found_with_other_letters_than_the_list_has() -> None:
    lists = merge({"exam": np.unique(hashed(first(16)))})
    words = first(16).split()
    lettered = "\n".join(f"({letter}) {' '.join(words[4 * at : 4 * at + 4])}" for at, letter in enumerate("ABCD"))
    assert repeated(f"{FILLER}\n{lettered}\n{FILLER}", lists)


def test_an_item_is_found_in_a_text_that_is_mostly_in_the_other_language() -> None:
    lists = merge({"exam": np.unique(hashed(ITEM)), "zh_exam": np.unique(hashed(CHINESE_ITEM))})
    other = "".join(chr(0x5000 + 31 * number) for number in range(300))
    for text, benchmark in ((f"{other}。{ITEM}。{other}", "exam"), (f"{FILLER} {CHINESE_ITEM} {FILLER} {FILLER}", "zh_exam")):
        found = repeated(text, lists)
        assert found
        assert found.benchmark == benchmark


def test_in_exam_items_a_stock_phrase_is_no_copy_and_a_whole_question_is() -> None:
    lists = merge({"exam": np.unique(hashed(ITEM))})
    assert repeated(f"{FILLER} {first(COPY)}?\n{first(9)}?", lists)
    assert not repeated(f"{FILLER} {first(COPY)}?\n{first(9)}?", lists, exam=True)
    assert repeated(f"{FILLER}\n{first(COPY)}?", lists, exam=True)


def asked(folder: Path, *questions: str) -> tuple[str, ...]:
    path = folder / "dev.jsonl"
    path.write_text("".join(json.dumps({"question": question, "options": ["x"]}) + "\n" for question in questions))
    return (str(path),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{FILLER} {ITEM} {FILLER}", "60 words in a row"),
        (f"{FILLER} {first(13)} {FILLER}", "13 words in a row"),
        (f"{FILLER} {first(12)} {FILLER}", None),
        (f"{FILLER} q0 q1 q2 X q4 q5 q6 q7 q8 q9 q10 q11 {FILLER}", "92% of a question's words"),
        (f"{FILLER} q0 q1 q2 X q4 q5 q6 X q8 q9 q10 q11 {FILLER}", None),
        ("What causes croup here\nA virus.", "a line is a question of it"),
        ("What causes croup here is a virus.", None),
        (f"前文。{CHINESE_ITEM[:21]}。后文", "21 words in a row"),
        ("前文。\n肺炎的病因是？\n后文", "a line is a question of it"),
    ],
)
def test_a_question_at_hand_is_found_exact_changed_or_short(tmp_path: Path, text: str, kind: str | None) -> None:
    twelve = " ".join(f"q{number}" for number in range(12))
    known = cases.load(asked(tmp_path, ITEM, twelve, "What causes croup here?", CHINESE_ITEM, "肺炎的病因是"))
    assert known
    found = cases.repeated(text, known)
    assert (found.kind if found else None) == kind


def test_cases_are_read_from_csv_nested_json_and_folders_and_a_file_without_any_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    (tmp_path / "mmlu" / "a.csv").write_text("What is one of these?,a,b,A\n")
    (tmp_path / "mmlu" / "b.json").write_text(json.dumps({"exams": {"1": {"data": [{"qtext": "Which two are there?"}]}}}))
    found = list(cases.read(tmp_path / "mmlu"))
    assert [(question.benchmark, question.text) for question in found] == [
        ("mmlu", "What is one of these?"),
        ("mmlu", "Which two are there?"),
    ]
    (tmp_path / "none.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="holds no question"):
        cases.load((str(tmp_path / "none.jsonl"),))
    with pytest.raises(InputError, match="there is no"):
        cases.load((str(tmp_path / "gone.jsonl"),))


def test_the_step_tags_what_it_found_and_can_be_copied(tmp_path: Path) -> None:
    step = copy.deepcopy(Protected(published(tmp_path, exam=ITEM), tmp_path, cases=asked(tmp_path, "What causes croup here?")))
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")
    texts = {"a": ITEM, "b": "What causes croup here?", "c": FILLER}
    documents = [Document(id=name, text=text, source=source, domain="general") for name, text in texts.items()]
    found = {carrier.id: carrier.metadata for carrier in step.run(map(carry, documents))}
    assert found["a"]["tags"] == {"protected": "exam", "protected_run": 53, "protected_share": 1.0}
    assert found["b"]["tags"] == {"protected": "dev", "protected_case": "dev.jsonl:0", "protected_share": 1.0}
    assert found["b"]["drop"] == "repeats dev: a line is a question of it"
    assert not found["c"]["drop"]


def test_another_list_than_the_recipe_names_is_an_error_with_both_named(tmp_path: Path) -> None:
    told = published(tmp_path, exam=ITEM)
    published(tmp_path, exam=FILLER)
    with pytest.raises(InputError, match=r"exam\.u64 has the SHA-256 [0-9a-f]{64}, not the one that the recipe gives"):
        Protected(told, tmp_path)


def test_an_unknown_benchmark_names_the_nearest_known_one(tmp_path: Path) -> None:
    published(tmp_path, exam_test=ITEM)
    with pytest.raises(UnknownName, match="did you mean 'exam_test'"):
        Protected({"exam_tets": "0" * 64}, tmp_path)


def test_without_the_data_folder_the_error_says_what_to_set() -> None:
    with pytest.raises(InputError, match="set it to the folder that holds protected_ngrams"):
        Protected({"exam": "0" * 64}, None)


@pytest.mark.slow
def test_the_stage_reads_the_lists_in_MEDMODEL_DATA_drops_copies_and_counts_them_by_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = next(iter(registry.get("source", "general")()))
    told = published(tmp_path, exam=clean(copied.text))
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    counts = {}
    for tasks in (1, 2):
        out = tmp_path / f"out{tasks}"
        out.mkdir()
        config = Documents(uses="documents", sources=("general",), protected=told, executor=Executor(workers=tasks))
        counts[tasks] = flow.run(Job(config, {}, out, seed=1))
        assert [gone.id for gone in read_records(out / "drops", Drop)] == [copied.id]
        assert copied.id not in {found.id for found in read_records(out / "documents", Document)}
    assert counts[1]["dropped"] == {"repeats exam": 1}
    assert counts[1] == counts[2]


@pytest.mark.skipif(data_dir() is None, reason="MEDMODEL_DATA unset")
def test_leaked_benchmark_questions_are_found_and_the_embedded_sources_are_let_through() -> None:
    data = data_dir()
    assert data
    known = {path.stem: file_sha256(path) for path in (data / "protected_ngrams").glob("*.u64")}
    step = Protected(known, data)
    own = [document for name in ("open_medicine", "differentials", "general") for document in registry.get("source", name)()]
    assert not [found.id for found in step.run(map(carry, own)) if found.metadata["drop"]]
    leaked = json.loads((data / "apollo" / "metadata" / "dev" / "en.json").read_text(encoding="utf-8"))
    questions = [item["question"] for item in leaked if item["source"] == "medqa-usmle"]
    caught = [found for question in questions if (found := repeated(question, step.lists))]
    assert len(questions) > 50
    assert len(caught) == len(questions)
    assert {found.benchmark for found in caught} == {"medqa_test"}
