"""Words and their runs are hashed as `re` would cut them; sets are compared as Python would compare them."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_build.words import Store, distinct, jaccard, longest_run, runs, words

WILD = st.text(alphabet=st.sampled_from("aZ09_é ,.\n\u4e00\u9fffα\u0301٣😀-"), max_size=60)


def one_each(found: list[str]) -> list[int]:
    """The hash of each word by itself."""
    return [int(words(word)[0]) for word in found]


@given(WILD)
def test_plain_words_are_those_of_the_gates_contamination_suite(text: str) -> None:
    lower = text.lower()
    assert words(lower, plain=True).tolist() == one_each(re.findall(r"[a-z0-9]+|[\u3400-\u9fff]", lower))


@given(WILD)
def test_words_of_any_script_are_cut_and_each_chinese_character_is_one(text: str) -> None:
    lower = text.lower()
    found = re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", lower.replace("\u0301", " "))
    assert words(lower.replace("\u0301", " ")).tolist() == one_each(found)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=20), st.integers(1, 6))
def test_equal_runs_have_equal_hashes_and_others_do_not(letters: list[str], size: int) -> None:
    found = runs(words(" ".join(letters)), size).tolist()
    expected = [tuple(letters[at : at + size]) for at in range(max(1, len(letters) - size + 1))] if letters else []
    assert len(found) == len(expected)
    assert len(set(found)) == len(set(expected))


@given(st.lists(st.integers(0, 30), max_size=40))
def test_distinct_hashes_are_those_of_the_set_in_order(found: list[int]) -> None:
    assert distinct(np.array(found, dtype=np.uint64)).tolist() == sorted(set(found))


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_jaccard_is_that_of_the_sets(one: set[int], other: set[int]) -> None:
    arrays = (np.array(sorted(each), dtype=np.uint64) for each in (one, other))
    expected = len(one & other) / len(one | other) if one or other else 1.0
    assert jaccard(*arrays) == expected


@given(st.lists(st.booleans()))
def test_the_longest_run_is_the_longest_run(found: list[bool]) -> None:
    text = "".join("x" if hit else " " for hit in found)
    assert longest_run(np.array(found, dtype=bool)) == max((len(run) for run in text.split()), default=0)


@given(st.lists(st.sets(st.integers(0, 12)), min_size=1, max_size=8), st.sets(st.integers(0, 12)), st.floats(0.1, 1.0))
def test_the_store_names_the_first_that_is_near_enough(sets: list[set[int]], asked: set[int], threshold: float) -> None:
    store = Store()
    places = [store.add(np.array(sorted(each), dtype=np.uint64)) for each in sets]
    near = [
        place
        for place, each in zip(places, sets, strict=True)
        if (len(each & asked) / len(each | asked) if each | asked else 1.0) >= threshold
    ]
    found = store.first_near(np.array(sorted(asked), dtype=np.uint64), places[::-1], threshold)
    assert found == (near[-1] if near else -1)
