"""What cannot be read is named with its reason, and the rest goes on."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_build import flow
from data_build.sources.reading import Member, Unreadable, members
from medmodel.artifacts import read_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Drop
from medmodel.stages.documents import Documents, source_digests

LINE = json.dumps({"id": "one", "text": "A synthetic sentence about nothing in particular, for this test."}) + "\n"


def build(folder: Path, out: Path, **options: str) -> tuple[list[Document], dict[str, str]]:
    out.mkdir()
    entry = {"format": "jsonl", "path": str(folder), "licence": "CC0-1.0", "tier": "none", **options}
    config = Documents.model_validate(
        {"uses": "documents", "sources": [entry], "heldout_guidelines": 0, "heldout_complaints": 0}
    )
    flow.run(Job(config, {}, out, seed=1))
    kept = list(read_records(out / "documents", Document))
    return kept, {gone.id: gone.reason for gone in read_records(out / "drops", Drop)}


def test_a_damaged_an_empty_and_a_wrongly_encoded_file_are_drops_with_a_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text(LINE, encoding="utf-8")
    whole = gzip.compress((LINE.replace("one", "two") + "x" * 5000).encode())
    (folder / "b.jsonl.gz").write_bytes(whole[: len(whole) - 12])
    (folder / "c.jsonl").write_bytes(b"")
    (folder / "d.jsonl").write_bytes(LINE.replace("synthetic", "caf\xe9").encode("latin-1"))
    kept, drops = build(folder, tmp_path / "out")
    assert "A synthetic sentence about nothing in particular, for this test.\n" in {document.text for document in kept}
    assert len(drops) >= 3
    assert all(reason.startswith("unreadable: ") for reason in drops.values())
    assert not any("caf" in reason for reason in drops.values())


def test_a_folder_that_is_kept_for_tests_is_refused_with_its_use(tmp_path: Path) -> None:
    config = Documents(uses="documents", sources=("medqa_dev",))
    with pytest.raises(InputError, match="'medqa_dev' is for dev gate"):
        flow.run(Job(config, {}, tmp_path, seed=1))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may read, as one who is not root: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        root = os.geteuid() == 0
        yield Path(name)
        if root:
            os.seteuid(0)
        for folder in (path for path in Path(name).rglob("*") if path.is_dir()):
            os.chmod(folder, 0o755)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o311])
def test_a_folder_that_may_not_be_read_has_its_reason_and_the_rest_goes_on(shared: Path, mode: int) -> None:
    for file in ("closed/deep/a.jsonl", "open.jsonl", ".hidden/b.jsonl"):
        (shared / file).parent.mkdir(exist_ok=True, parents=True)
        (shared / file).write_text(LINE)
    for folder in ("closed", ".hidden"):
        (shared / folder).chmod(mode)
    if os.geteuid() == 0:
        os.seteuid(65534)
    found = list(members(shared, ".jsonl"))
    assert [each.name for each in found if isinstance(each, Member)] == ["open.jsonl"]
    denied = Unreadable(id="closed", reason="may not be read: permission denied")
    assert [each for each in found if isinstance(each, Unreadable)] == [denied]
    assert source_digests([{"format": "jsonl", "path": str(shared)}])  # the stage's key can be told all the same
