"""medmodel.rag.ann: each kind of dense index finds what exact search finds, and says how often it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from medmodel.errors import ArtifactError, InputError
from medmodel.rag import ann

QUANTISED = pytest.param("ivfpq", marks=pytest.mark.slow)  # learns its rotation: several seconds
KINDS = ("flat", "hnsw", QUANTISED)


def vectors(count: int, dimensions: int = 32) -> npt.NDArray[np.float32]:
    found = np.random.default_rng(5).standard_normal((count, dimensions)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def in_blocks(whole: npt.NDArray[np.float32], size: int = 700) -> Iterator[npt.NDArray[np.float32]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_of_a_vector_is_itself_and_the_recall_is_measured(kind: str, tmp_path: Path) -> None:
    whole = vectors(3000)
    about = ann.build(in_blocks(whole), 3000, 32, tmp_path, kind)
    scores, rows = ann.open(tmp_path, about).search(whole[:50], 10)
    assert rows[:, 0].tolist() == list(range(50))
    assert np.abs(scores[:, 0] - 1).max() < 2e-3  # float16
    assert (np.diff(scores, axis=1) <= 0).all()
    true = np.argsort(-whole[:50] @ whole.T, axis=1)[:, :10]
    share = np.mean([len(set(found) & set(right)) / 10 for found, right in zip(rows, true, strict=True)])
    assert about["recall"] > 0.9 or kind == "ivfpq"  # one cell in 32 of noise that has no clusters holds few neighbours
    assert abs(share - about["recall"]) < 0.1


def test_the_kind_follows_from_the_number_of_vectors(tmp_path: Path) -> None:
    assert ann.build(in_blocks(vectors(50)), 50, 32, tmp_path)["kind"] == "flat"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_vectors_give_the_same_bytes_whatever_their_blocks(kind: str, tmp_path: Path) -> None:
    whole = vectors(2000)
    made = [ann.build(in_blocks(whole, size), 2000, 32, tmp_path / str(size), kind) for size in (300, 2000)]
    assert made[0] == made[1]
    assert (tmp_path / "300" / ann.FILE).read_bytes() == (tmp_path / "2000" / ann.FILE).read_bytes()


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_more_neighbours_than_there_are_vectors_end_in_minus_one(kind: str, tmp_path: Path) -> None:
    about = ann.build(in_blocks(vectors(40)), 40, 32, tmp_path, kind)
    _, rows = ann.open(tmp_path, about).search(vectors(2), 50)
    assert (rows[:, -1] == -1).all()
    assert sorted(rows[0][rows[0] >= 0].tolist()) == list(range(40))


def test_one_vector_alone_is_an_index(tmp_path: Path) -> None:
    about = ann.build(in_blocks(vectors(1)), 1, 32, tmp_path)
    assert ann.open(tmp_path, about).search(vectors(1), 3)[1].tolist() == [[0, -1, -1]]


def test_another_number_or_length_of_vectors_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="40 vectors were given to an index of 41"):
        ann.build(in_blocks(vectors(40)), 41, 32, tmp_path)
    with pytest.raises(InputError, match="index of 8 dimensions"):
        ann.build(in_blocks(vectors(40)), 40, 8, tmp_path)


@pytest.mark.parametrize(("kind", "file"), [("flat", ann.FILE), ("hnsw", ann.FILE)])
def test_a_file_that_is_missing_or_cut_says_so(kind: str, file: str, tmp_path: Path) -> None:
    about = ann.build(in_blocks(vectors(2000)), 2000, 32, tmp_path, kind)
    raw = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ArtifactError, match="build"):
        ann.open(tmp_path, about)
    (tmp_path / file).unlink()
    with pytest.raises(ArtifactError, match="build"):
        ann.open(tmp_path, about)


@pytest.mark.slow
def test_an_index_whose_exact_vectors_are_missing_or_cut_says_so(tmp_path: Path) -> None:
    about = ann.build(in_blocks(vectors(2000)), 2000, 32, tmp_path, "ivfpq")
    with open(tmp_path / ann.EXACT, "r+b") as exact:
        exact.truncate(1000)
    with pytest.raises(ArtifactError, match="is missing or of another size"):
        ann.open(tmp_path, about)


def test_an_index_of_other_vectors_than_it_is_said_to_hold_is_refused(tmp_path: Path) -> None:
    about = ann.build(in_blocks(vectors(40)), 40, 32, tmp_path)
    with pytest.raises(ArtifactError, match="holds 40 vectors of 32, not 41 of 32"):
        ann.open(tmp_path, {**about, "count": 41})
