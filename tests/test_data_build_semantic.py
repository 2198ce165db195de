"""Neighbours and clusters are found, whatever the order, and what was embedded before a crash is not embedded again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from data_build import semantic
from data_build.semantic import choose, near, neighbours
from medmodel.artifacts import Artifact, Manifest, read_records, write_records
from medmodel.errors import RecipeError
from medmodel.job import Job
from medmodel.recipe import _validate
from medmodel.records import Document, Source
from medmodel.stages.semantic import Semantic


def unit(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def document(name: str) -> Document:
    return Document(id=name, text=name, source=Source(id="s", title="s", licence="CC0-1.0", tier="none"), domain="general")


def test_each_document_names_its_nearest_and_those_near_enough_share_a_cluster() -> None:
    found = near(["a", "b", "c", "d"], unit(0, 10, 20, 90), 0.98)
    assert [(record.id, record.cluster) for record in found] == [("a", "a"), ("b", "a"), ("c", "a"), ("d", "d")]
    assert [record.nearest for record in found] == ["b", "a", "b", "c"]
    assert found[0].cosine == pytest.approx(np.cos(np.radians(10)), abs=1e-4)


def test_a_document_alone_has_no_neighbour_and_none_at_all_is_no_error() -> None:
    assert near(["a"], unit(0), 0.9)[0].nearest == ""
    assert near([], np.empty((0, 2), dtype=np.float32), 0.9) == []


def test_copies_of_one_text_never_name_themselves() -> None:
    found = neighbours(unit(5, 5, 5, 5), 2)
    assert all(number not in row for number, row in enumerate(found.numbers.tolist()))
    assert found.numbers.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1]]


def test_the_documents_within_the_limit_are_the_same_in_any_order() -> None:
    documents = [document(f"d{number}") for number in range(20)]
    chosen = choose(documents, 7)
    assert choose(documents[::-1], 7) == chosen
    assert len(chosen) == 7
    assert chosen == sorted(chosen, key=lambda each: each.id)


def test_a_nearness_above_one_is_refused() -> None:
    with pytest.raises(RecipeError, match="near"):
        _validate(Semantic, {"uses": "semantic", "near": 1.5}, "test")


@pytest.mark.slow  # loads the embedder
def test_an_interrupted_run_embeds_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "a": "Apixaban prevents stroke in atrial fibrillation.",
        "b": "In atrial fibrillation apixaban prevents stroke.",
        "c": "Asthma is treated with an inhaled steroid.",
    }
    write_records(tmp_path / "documents", [document(name).model_copy(update={"text": text}) for name, text in texts.items()])
    told = Manifest.model_validate(
        {"stage": "d", "uses": "d", "key": "", "config": {}, "inputs": {}, "code": "", "packages": {}, "counts": {}}
        | {"digest": "", "files": (), "created": datetime(2026, 1, 1, tzinfo=UTC), "seconds": 0.0}
    )
    monkeypatch.setattr("data_build.semantic.SHARD", 2)
    (tmp_path / "out").mkdir()
    job = Job(Semantic(uses="semantic"), {"documents": Artifact(tmp_path, told)}, tmp_path / "out", 1)
    semantic.run(job)
    records = list(read_records(tmp_path / "out" / "semantic", semantic.Near))
    assert records[0].nearest == "b"
    assert records[0].cluster == records[1].cluster == "a"
    (tmp_path / "out" / "vectors" / "00001.npy").unlink()
    first = (tmp_path / "out" / "vectors" / "00000.npy").stat().st_mtime_ns
    semantic.run(job)
    assert (tmp_path / "out" / "vectors" / "00000.npy").stat().st_mtime_ns == first
    assert list(read_records(tmp_path / "out" / "semantic", semantic.Near)) == records
