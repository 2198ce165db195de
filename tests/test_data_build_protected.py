"""Published tests stay out of documents and index: a copy is dropped by benchmark name, a shared phrase is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build import flow
from data_build.steps.clean import clean
from data_build.steps.protected import IN_A_ROW, LATIN_GRAM, Protected, hashed, load, longest_run, repeated
from data_build.steps.tagging import Drop, carry
from medmodel import registry
from medmodel.artifacts import file_sha256, read_records
from medmodel.errors import InputError, UnknownName
from medmodel.job import Job
from medmodel.recipe import data_dir
from medmodel.records import Document
from medmodel.stages.documents import Documents

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
    assert repeated(text, lists) == reason


def test_the_benchmark_with_the_longest_run_is_named(tmp_path: Path) -> None:
    lists = load(published(tmp_path, a=first(20), b=first(40)), tmp_path)
    assert repeated(ITEM, lists).startswith("repeats b:")


@given(st.lists(st.booleans()))
def test_the_longest_run_of_hits_is_the_longest_stretch_of_true(hits: Sequence[bool]) -> None:
    stretches = "".join("x" if hit else " " for hit in hits).split()
    assert longest_run(hits) == max((len(stretch) for stretch in stretches), default=0)


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
        config = Documents(uses="documents", sources=("general",), protected=told, tasks=tasks)
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
    caught = [question for question in questions if repeated(question, step.lists).startswith("repeats medqa_test")]
    assert len(questions) > 50
    assert len(caught) >= 0.95 * len(questions)
