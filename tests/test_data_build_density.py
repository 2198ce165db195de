"""The greedy choice keeps its bound against every other choice, its budget, and its order."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from data_build import density
from data_build.density import NONE_YET, Chosen, Pool, divergence, greedy, pool
from medmodel.artifacts import Artifact, Manifest, read_records, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Source
from medmodel.stages.density import Density

texts = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=2, max_size=8)


def of(documents: list[list[int]]) -> Pool:
    return pool(np.array(each, dtype=np.int32) for each in documents)


def worth(documents: list[list[int]], chosen: tuple[int, ...]) -> float:
    """By the definition: of every token its share of all, times the logarithm of how often the set has it."""
    everything = [token for each in documents for token in each]
    said = [token for number in chosen for token in documents[number]]
    return sum(
        everything.count(token) / len(everything) * math.log((NONE_YET + said.count(token)) / NONE_YET)
        for token in set(everything)
    )


@settings(max_examples=40)
@given(texts, st.integers(1, 4))
def test_at_equal_cost_the_choice_is_within_the_bound_of_the_best_of_all(documents: list[list[int]], number: int) -> None:
    same = [(each * 6)[:6] for each in documents]
    best = max(worth(same, chosen) for chosen in combinations(range(len(same)), min(number, len(same))))
    found = greedy(of(same), 6 * number)
    assert sum(gain for _, gain in found) == pytest.approx(worth(same, tuple(number for number, _ in found)))
    assert sum(gain for _, gain in found) >= (1 - 1 / math.e) * best - 1e-9


@settings(max_examples=40)
@given(texts, st.integers(1, 20))
def test_at_any_cost_it_keeps_the_budget_and_half_the_bound(documents: list[list[int]], budget: int) -> None:
    numbers = range(len(documents))
    affordable = [
        chosen
        for size in range(len(documents) + 1)
        for chosen in combinations(numbers, size)
        if sum(len(documents[number]) for number in chosen) <= budget
    ]
    found = greedy(of(documents), budget)
    assert sum(len(documents[number]) for number, _ in found) <= budget
    best = max(worth(documents, chosen) for chosen in affordable)
    assert sum(gain for _, gain in found) >= (1 - 1 / math.e) / 2 * best - 1e-9


@given(texts, st.integers(1, 20))
def test_lazily_chosen_is_at_each_step_what_looking_at_all_again_would_choose(documents: list[list[int]], budget: int) -> None:
    found = greedy(of(documents), budget)
    singles = [worth(documents, (n,)) for n in range(len(documents)) if len(documents[n]) <= budget]
    if len(found) == 1 and found[0][1] == pytest.approx(max(singles)):
        return  # the best single document, which may be better than going on step by step
    before: tuple[int, ...] = ()
    for number, gain in found:
        left = budget - sum(len(documents[n]) for n in before)
        fitting = [n for n in range(len(documents)) if n not in before and len(documents[n]) <= left]
        per_token = [(worth(documents, (*before, n)) - worth(documents, before)) / len(documents[n]) for n in fitting]
        assert gain / len(documents[number]) == pytest.approx(max(per_token))
        before = (*before, number)
    left = budget - sum(len(documents[n]) for n in before)
    assert all(len(documents[n]) > left for n in range(len(documents)) if n not in before)


def test_of_ten_that_say_the_same_one_is_chosen_before_any_other_of_them() -> None:
    same, other = [[1, 2, 3, 4]] * 10, [[5, 6, 7, 8]] * 3
    chosen = greedy(of([*same, *other]), 8)
    assert sorted(number >= 10 for number, _ in chosen) == [False, True]


def test_the_whole_does_not_diverge_from_itself_and_a_part_of_it_does() -> None:
    made = of([[1, 2], [1, 3], [4, 4]] * 50)
    assert divergence(made, range(150)) == pytest.approx(0, abs=1e-4)
    assert divergence(made, [0]) > 0.5


def test_the_stage_chooses_training_documents_of_the_domains_and_says_how_far_they_are_from_the_whole(tmp_path: Path) -> None:
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")
    said = {
        "a": "stroke stroke stroke",
        "b": "stroke stroke stroke",
        "c": "asthma asthma asthma",
        "h": "held out",
        "g": "general",
    }
    documents = [
        Document(
            id=name,
            text=text,
            source=source,
            domain="general" if name == "g" else "guideline",
            split="heldout" if name == "h" else "train",
        )
        for name, text in said.items()
    ]
    write_records(tmp_path / "documents" / "documents", documents)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([], trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False))
    (tmp_path / "base" / "model").mkdir(parents=True)
    tokenizer.save(str(tmp_path / "base" / "model" / "tokenizer.json"))
    inputs = {"documents": made(tmp_path / "documents"), "model": made(tmp_path / "base")}
    (tmp_path / "out").mkdir()
    config = Density(uses="density", tokens=40, domains=("guideline",))  # letters
    counts = density.run(Job(config, inputs, tmp_path / "out", 1))
    assert [record.id for record in read_records(tmp_path / "out" / "density", Chosen)] == ["a", "c"]
    assert (counts["documents"], counts["tokens"], counts["of_documents"]) == (2, 40, 3)
    assert counts["divergence"] < 0.1
    with pytest.raises(InputError, match="no training document is of the domains note"):
        density.run(Job(config.model_copy(update={"domains": ("note",)}), inputs, tmp_path / "out", 1))


def made(path: Path) -> Artifact:
    told = Manifest.model_validate(
        {"stage": path.name, "uses": path.name, "key": "", "config": {}, "inputs": {}, "code": "", "packages": {}, "counts": {}}
        | {"digest": "", "files": (), "created": datetime(2026, 1, 1, tzinfo=UTC), "seconds": 0.0}
    )
    return Artifact(path, told)
