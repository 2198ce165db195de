"""Artifacts: whole or not at all, the same digest however the records are sharded, and damage that is named."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.artifacts import (
    MANIFEST,
    Artifact,
    Input,
    content_digest,
    hash_files,
    lineage,
    open_artifact,
    publish,
    read_records,
    write_atomic,
    write_records,
)
from medmodel.errors import ArtifactError
from medmodel.records import Mixed


def record(number: int, tokens: int = 10) -> Mixed:
    return Mixed(id=f"m{number}", document_id=f"d{number}", domain="guideline", epochs=1.0, tokens=tokens)


def made(store: Path, name: str, records: Sequence[Mixed], **inputs: Artifact) -> Artifact:
    """A published artifact of these records, one shard."""
    partial = store / f"{name}.partial"
    write_records(partial / "mix", records)
    (partial / "report.json").write_text(json.dumps({"records": len(records)}))
    return publish(
        partial,
        store / name,
        stage=name,
        uses="mix",
        key=f"key of {name}",
        config={},
        inputs={
            role: Input(stage=a.manifest.stage, path=a.path.name, key=a.manifest.key, digest=a.digest)
            for role, a in inputs.items()
        },
        code="code",
        packages={"numpy": "1"},
        counts={"records": len(records)},
        seconds=1.0,
    )


def digest_of(folder: Path, shards: Sequence[Sequence[Mixed]]) -> str:
    for number, shard in enumerate(shards):
        write_records(folder / "mix", shard, number)
    return content_digest(folder, list(hash_files(folder)))


@given(st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=20), st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_digest_is_the_same_for_any_order_and_any_number_of_shards(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], random: object, shards: int
) -> None:
    shuffled = sorted(numbers, key=lambda _: random.random())  # type: ignore[attr-defined]
    one = digest_of(tmp_path_factory.mktemp("one"), [[record(n) for n in numbers]])
    many = digest_of(tmp_path_factory.mktemp("many"), [[record(n) for n in shuffled[start::shards]] for start in range(shards)])
    assert one == many


def test_the_digest_changes_with_a_record_a_missing_record_and_another_file(tmp_path: Path) -> None:
    base = digest_of(tmp_path / "a", [[record(1), record(2)]])
    assert digest_of(tmp_path / "b", [[record(1), record(2, tokens=11)]]) != base
    assert digest_of(tmp_path / "c", [[record(1)]]) != base
    digest_of(tmp_path / "d", [[record(1), record(2)]])
    (tmp_path / "d" / "dense.faiss").write_bytes(b"weights")
    assert content_digest(tmp_path / "d", list(hash_files(tmp_path / "d"))) != base


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    artifact = made(tmp_path, "mix", [record(2), record(1)])
    assert list(open_artifact(artifact.path).read("mix", Mixed)) == [record(2), record(1)]
    assert artifact.manifest.counts == {"records": 2}


def test_before_the_manifest_there_is_no_artifact_and_afterwards_no_partial(tmp_path: Path) -> None:
    write_records(tmp_path / "mix.partial" / "mix", [record(1)])
    with pytest.raises(ArtifactError, match=r"is no artifact: it has no manifest\.json"):
        open_artifact(tmp_path / "mix.partial")
    made(tmp_path, "mix", [record(1)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mix"]


def test_publishing_again_replaces_the_old_folder_whole(tmp_path: Path) -> None:
    old = made(tmp_path, "mix", [record(1)])
    new = made(tmp_path, "mix", [record(2)])
    assert old.digest != new.digest
    assert list(new.read("mix", Mixed)) == [record(2)]
    new.verify()


def test_a_changed_a_missing_and_an_added_file_are_each_named(tmp_path: Path) -> None:
    artifact = made(tmp_path, "mix", [record(1)])
    report = artifact.path / "report.json"
    whole = report.read_bytes()
    report.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(ArtifactError, match=r"report\.json is not what was published"):
        artifact.verify()
    report.unlink()
    with pytest.raises(ArtifactError, match=r"report\.json is missing"):
        artifact.verify()
    report.write_bytes(whole)
    (artifact.path / "extra.txt").write_text("x")
    with pytest.raises(ArtifactError, match=r"extra\.txt was added"):
        artifact.verify()


def test_a_damaged_manifest_says_what_to_do(tmp_path: Path) -> None:
    artifact = made(tmp_path, "mix", [record(1)])
    (artifact.path / MANIFEST).write_text('{"stage": "mix"')
    with pytest.raises(ArtifactError, match=r"is damaged .* delete the folder and run again"):
        open_artifact(artifact.path)


def test_a_bad_record_is_reported_by_file_line_and_field_without_its_text(tmp_path: Path) -> None:
    write_records(tmp_path, [record(1)])
    with open(tmp_path / "00000.jsonl", "a", encoding="utf-8") as shard:
        shard.write('{"id": "m2", "document_id": "SYNTHETIC PATIENT TEXT", "domain": "d", "epochs": "many", "tokens": 1}\n')
    with pytest.raises(ArtifactError, match=r"00000\.jsonl:2 is no Mixed \(field 'epochs'\)") as caught:
        list(read_records(tmp_path, Mixed))
    assert "PATIENT" not in str(caught.value)


def test_no_records_at_all_is_an_error_not_an_empty_set(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no records in"):
        list(read_records(tmp_path, Mixed))


def test_lineage_walks_to_the_sources_once_each_nearest_first(tmp_path: Path) -> None:
    documents = made(tmp_path, "documents", [record(1)])
    index = made(tmp_path, "index", [record(2)], documents=documents)
    gate = made(tmp_path, "gate", [record(3)], index=index, documents=documents)
    assert [manifest.stage for manifest in lineage(gate.path)] == ["gate", "index", "documents"]


def test_lineage_names_an_input_that_has_left_the_store(tmp_path: Path) -> None:
    documents = made(tmp_path, "documents", [record(1)])
    index = made(tmp_path, "index", [record(2)], documents=documents)
    documents.path.rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="documents is no artifact"):
        lineage(index.path)


def test_logs_and_progress_change_no_digest(tmp_path: Path) -> None:
    before = digest_of(tmp_path, [[record(1)]])
    (tmp_path / "log.txt").write_text("one line")
    (tmp_path / "progress.jsonl").write_text("{}")
    assert content_digest(tmp_path, list(hash_files(tmp_path))) == before


def test_a_write_that_fails_leaves_the_old_text(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    write_atomic(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(target, "half of it \ud800")
    assert target.read_text() == "old"
    write_atomic(target, "new")
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["state.json"]
