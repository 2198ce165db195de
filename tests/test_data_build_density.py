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

from data_build import density, semantic
from data_build.density import Cover, coverage, gain_of, greedy
from medmodel.artifacts import Artifact, Manifest, read_records, write_records
from medmodel.job import Job
from medmodel.records import Document, Source
from medmodel.stages.density import Density
from medmodel.stages.semantic import Semantic


def random_cover(seed: int, documents: int) -> Cover:
    draw = np.random.default_rng(seed)
    full = draw.random((documents, documents + 4)) * (draw.random((documents, documents + 4)) < 0.5)
    columns = [np.flatnonzero(row) for row in full]
    first = np.concatenate([[0], np.cumsum([len(each) for each in columns])]).astype(np.int64)
    values = np.concatenate([row[each] for row, each in zip(full, columns, strict=True)])
    return Cover(first, np.concatenate(columns), values, draw.random(documents + 4))


def worth(cover: Cover, chosen: tuple[int, ...]) -> float:
    reached = np.zeros(len(cover.weights))
    total = 0.0
    for number in chosen:
        total += gain_of(cover, number, reached)
        part = slice(int(cover.first[number]), int(cover.first[number + 1]))
        reached[cover.columns[part]] = np.maximum(reached[cover.columns[part]], cover.values[part])
    return total


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(1, 4))
def test_at_equal_cost_the_choice_is_within_the_bound_of_the_best_of_all(seed: int, documents: int, budget: int) -> None:
    cover = random_cover(seed, documents)
    best = max(worth(cover, chosen) for chosen in combinations(range(documents), min(budget, documents)))
    found = greedy(cover, [1] * documents, budget)
    assert sum(gain for _, gain in found) >= (1 - 1 / math.e) * best - 1e-9


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 9), min_size=2, max_size=8), st.integers(1, 20))
def test_at_any_cost_it_keeps_the_budget_and_half_the_bound(seed: int, costs: list[int], budget: int) -> None:
    cover = random_cover(seed, len(costs))
    affordable = [
        chosen
        for size in range(len(costs) + 1)
        for chosen in combinations(range(len(costs)), size)
        if sum(costs[number] for number in chosen) <= budget
    ]
    found = greedy(cover, costs, budget)
    assert sum(costs[number] for number, _ in found) <= budget
    best = max(worth(cover, chosen) for chosen in affordable)
    assert sum(gain for _, gain in found) >= (1 - 1 / math.e) / 2 * best - 1e-9


@given(st.integers(0, 10_000))
def test_lazily_chosen_is_what_looking_at_all_again_each_time_would_choose(seed: int) -> None:
    cover = random_cover(seed, 8)
    costs = [1 + number % 3 for number in range(8)]
    reached, left, expected = np.zeros(len(cover.weights)), 6, []
    while True:
        open_ = [n for n in range(8) if n not in expected and costs[n] <= left and gain_of(cover, n, reached) > 0]
        if not open_:
            break
        number = max(open_, key=lambda n: (gain_of(cover, n, reached) / costs[n], -n))
        part = slice(int(cover.first[number]), int(cover.first[number + 1]))
        reached[cover.columns[part]] = np.maximum(reached[cover.columns[part]], cover.values[part])
        left -= costs[number]
        expected.append(number)
    found = greedy(cover, costs, 6)
    single = max(worth(cover, (number,)) for number in range(8))
    assert [number for number, _ in found] == expected or single > worth(cover, tuple(expected))
    assert greedy(cover, costs, 6) == found


def test_of_ten_that_say_the_same_one_is_chosen_before_any_other_of_them() -> None:
    same = [f"apixaban warfarin stroke bleeding copy {number}" for number in range(10)]
    others = [f"asthma inhaler wheeze steroid kind {number}" for number in range(3)]
    angles = np.radians([0] * 10 + [90] * 3)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    chosen = greedy(coverage([*same, *others], vectors, concepts=0.5), [6] * 13, 12)
    assert sorted(number >= 10 for number, _ in chosen) == [False, True]


@pytest.mark.slow  # loads the embedder
def test_from_documents_to_a_choice_and_an_interrupted_run_embeds_only_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")
    texts = {
        "a": "Apixaban prevents stroke in atrial fibrillation.",
        "b": "In atrial fibrillation apixaban prevents stroke.",
        "c": "Asthma is treated with an inhaled steroid.",
    }
    documents = [Document(id=name, text=text, source=source, domain="general") for name, text in texts.items()]
    write_records(tmp_path / "documents" / "documents", documents)
    given = made(tmp_path / "documents")
    monkeypatch.setattr("data_build.semantic.SHARD", 2)
    semantic.run(Job(Semantic(uses="semantic"), {"documents": given}, folder(tmp_path / "semantic"), 1))
    records = [record.model_dump() for record in read_records(tmp_path / "semantic" / "semantic", semantic.Near)]
    assert records[0]["nearest"] == "b"
    assert records[0]["cluster"] == records[1]["cluster"] == "a"
    (tmp_path / "semantic" / "vectors" / "00001.npy").unlink()
    first = (tmp_path / "semantic" / "vectors" / "00000.npy").stat().st_mtime_ns
    semantic.run(Job(Semantic(uses="semantic"), {"documents": given}, tmp_path / "semantic", 1))
    assert (tmp_path / "semantic" / "vectors" / "00000.npy").stat().st_mtime_ns == first
    assert [record.model_dump() for record in read_records(tmp_path / "semantic" / "semantic", semantic.Near)] == records
    inputs = {"documents": given, "semantic": made(tmp_path / "semantic")}
    counts = density.run(Job(Density(uses="density", words=14), inputs, folder(tmp_path / "density"), 1))
    chosen = {record.id for record in read_records(tmp_path / "density" / "density", density.Chosen)}
    assert counts["documents"] == len(chosen) == 2
    assert "c" in chosen


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def made(path: Path) -> Artifact:
    told = Manifest.model_validate(
        {"stage": path.name, "uses": path.name, "key": "", "config": {}, "inputs": {}, "code": "", "packages": {}, "counts": {}}
        | {"digest": "", "files": (), "created": datetime(2026, 1, 1, tzinfo=UTC), "seconds": 0.0}
    )
    return Artifact(path, told)
