"""Versions of an index: whatever is added, removed, forgotten, damaged or killed, one is served and holds what it should."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hashed import Counting, Killed, hashed
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.errors import AnotherRun, ArtifactError, InputError
from medmodel.rag import generations
from medmodel.rag.index import Flag, Index, build_index, update_index
from medmodel.rag.lexical import remove
from medmodel.rag.passages import split_document
from medmodel.rag.store import searchable, sentence_texts
from medmodel.records import Document, Passage, Source

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # where fsync costs nothing: a hundred updates do it 30 times each
SHARED = "# Dose\n\nThe dose is halved in renal impairment.\n\n"  # of one publisher: the text that two documents have


def document(name: str, version: int = 1, shared: bool = False, **source: str) -> Document:
    own = f"# {name}\n\nOnly {name}{version}only says this.\n\n## Part\n\nAnd {name}{version}then says that. Twice 1️⃣ 剂量。"
    return Document(
        id=f"{name}/1",
        text=(SHARED if shared else "") + own,
        source=Source.model_validate(
            {"id": name, "title": "T", "organization": "O", "licence": "MIT", "tier": "local", **source}
        ),
        domain="local",
    )


def make(folder: Path, *documents: Document) -> Index:
    build_index(documents, folder, "hashed", embed=hashed)
    return Index.open(folder)


def check(index: Index, documents: list[Document]) -> None:
    """The index holds the texts of these documents, each once, each with its own vectors, found where they should be."""
    held: dict[str, Passage] = {passage.id: passage for one in documents for passage in split_document(one)}
    assert {searchable(passage) for passage in index.passages.values()} == {searchable(passage) for passage in held.values()}
    assert len({searchable(passage) for passage in index.passages.values()}) == len(index.passages)
    assert index.documents() == {one.id for one in documents}
    for passage_id, passage in index.passages.items():
        assert passage == held[passage_id]
        [(nearest, cosine)] = index.search_vector(hashed([searchable(passage)])[0], 1)
        assert (nearest, round(cosine, 4)) == (passage_id, 1)
        stored = index.sentence_vectors(passage_id)
        assert stored is not None
        assert np.abs(stored - hashed(sentence_texts(passage))).max() < 1e-3
        word = re.search(r"\w+\d(only|then)", passage.text)
        assert word is None or index.search_lexical(word[0], 5)[0][0] == passage_id


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "forget", "flag", "damage", "lose pointer"]),
        st.sampled_from("abcd"),
        st.integers(1, 2),  # version
        st.booleans(),  # has the shared text
        st.sampled_from(["", "", "embedding", "before the switch", "after the switch"]),  # where it is killed
        st.integers(0, 10**6),  # which file, which byte
    ),
    max_size=9,
)


@pytest.mark.slow
@given(OPERATIONS)
@settings(max_examples=40)
def test_any_sequence_of_changes_damage_and_kills_ends_in_an_index_that_holds_what_it_should(
    operations: list[tuple[str, str, int, bool, str, int]],
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        root = Path(temporary) / "index"
        now = {"z": document("z")}
        before: dict[str, Document] | None = None
        forgotten: set[str] = set()
        damaged = False
        make(root, *now.values())
        for what, name, version, shared, killed, at in operations:
            if what == "lose pointer":
                if not damaged:
                    (root / "CURRENT").write_bytes(b"{" if at % 2 else b"")
            elif what == "damage":
                if damaged or before is None:
                    continue
                newest = root / "generations" / f"{Index.open(root).generation:05d}"
                files = sorted(path for path in newest.rglob("*") if path.is_file())
                spoil(files[at % len(files)], at)
                damaged, now, before = True, before, None
                if (
                    generations.served(root) is None
                ):  # the pointer was lost too: nothing can say that the older one may be shown
                    with pytest.raises(ArtifactError, match="build it again"):
                        Index.open(root)
                    remove(root)
                    make(root, *now.values())
                    damaged = False
            else:
                after = dict(now)
                change: dict[str, object] = {}
                if what == "add":
                    after[name] = document(name, version, shared)
                    change["add"] = [after[name]]
                elif what == "flag":
                    change["flag"] = [Flag(name, "retracted")]
                    after = {key: retracted(one) if key == name else one for key, one in now.items()}
                else:
                    after.pop(name, None)
                    change[what] = [name]
                known = set(now) | ({key.split("/")[0] for key in withdrawn(Index.open(root))} if what == "forget" else set())
                if what != "add" and name not in known:
                    with pytest.raises(InputError, match=f"holds no document or source '{name}'"):
                        update_index(root, embed=hashed, **change)  # type: ignore[arg-type]
                    continue
                if apply(root, change, killed):
                    before, now = (None if what == "forget" else now), after
                    damaged = False
                    forgotten = (forgotten | {name} if what == "forget" else forgotten) - set(now)
            index = Index.open(root)
            check(index, list(now.values()))
            assert (index.notice != "") == damaged
        update_index(root, embed=hashed)  # clears away what a killed one left
        check(Index.open(root), list(now.values()))
        held = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
        for name in forgotten:
            assert f"{name}1only".encode() not in held
            assert f"{name}2only".encode() not in held


def apply(root: Path, change: dict[str, object], killed: str) -> bool:
    """Update, killed where it says; True when the new generation is there."""
    if killed == "embedding":
        try:
            update_index(root, embed=Counting(killed_at=2), **change)  # type: ignore[arg-type]
        except Killed:
            return False
        return True
    with tempfile.TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        shutil.copytree(root, Path(temporary) / "old")
        update_index(root, embed=hashed, **change)  # type: ignore[arg-type]
        if not killed:
            return True
        for older in (Path(temporary) / "old" / "generations").iterdir():  # not yet deleted
            if not (root / "generations" / older.name).exists():
                shutil.copytree(older, root / "generations" / older.name)
        if killed == "after the switch":
            return True
        shutil.copyfile(Path(temporary) / "old" / "CURRENT", root / "CURRENT")
        return generations.served(root) is None  # without a pointer the newest that is whole is it


def spoil(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    if not raw or at % 5 == 0:
        file.unlink()
    else:
        raw[at % len(raw)] ^= 1 + at % 255
        file.write_bytes(raw)


def retracted(one: Document) -> Document:
    return one.model_copy(update={"source": one.source.model_copy(update={"status": "retracted"})})


def withdrawn(index: Index) -> list[str]:
    return list(index.passages.withdrawn)  # type: ignore[attr-defined]


def test_what_stays_keeps_its_vectors_and_is_not_embedded_again(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    counting = Counting()
    update_index(tmp_path, add=[document("c")], embed=counting)
    [one, other] = split_document(document("c"))
    assert counting.texts == 1 + 2 + len(one.sentences) + len(other.sentences)  # the probe, two passages, their sentences
    counting = Counting()
    update_index(tmp_path, remove=["a"], embed=counting)
    assert counting.calls == 0
    check(Index.open(tmp_path), [document("b"), document("c")])


def test_a_new_version_of_a_document_embeds_only_the_passages_that_changed(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    changed = document("a").model_copy(update={"text": document("a").text.replace("Twice", "Thrice")})
    counting = Counting()
    update_index(tmp_path, add=[changed], embed=counting)
    assert counting.texts == 1 + 1 + len(split_document(changed)[1].sentences)
    check(Index.open(tmp_path), [changed, document("b")])


def test_a_text_that_two_documents_have_stays_when_one_of_them_goes(tmp_path: Path) -> None:
    make(tmp_path, document("a", shared=True), document("b", shared=True))
    counting = Counting()
    update_index(tmp_path, forget=["a"], embed=counting)
    index = Index.open(tmp_path)
    check(index, [document("b", shared=True)])
    assert "b/1#0" in index.passages
    assert counting.texts == 1  # the probe: the twin takes over the vector


def test_a_passage_that_has_gone_is_known_as_withdrawn_by_its_id_date_and_reason(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    update_index(tmp_path, remove=["a"], reason="superseded by b", embed=hashed)
    gone = Index.open(tmp_path).withdrawn("a/1#0")
    assert gone
    assert (gone.reason, gone.forgotten, len(gone.date)) == ("superseded by b", False, 10)
    assert Index.open(tmp_path).withdrawn("b/1#0") is None
    assert Index.open(tmp_path).withdrawn("never/1#0") is None
    update_index(tmp_path, forget=["a"], reason="asked for by its author", embed=hashed)
    gone = Index.open(tmp_path).withdrawn("a/1#0")
    assert gone
    assert (gone.reason, gone.forgotten) == ("asked for by its author", True)
    update_index(tmp_path, add=[document("a")], embed=hashed)
    assert Index.open(tmp_path).withdrawn("a/1#0") is None


def test_what_is_removed_is_in_the_generation_before_and_what_is_forgotten_in_none(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    update_index(tmp_path, remove=["a"], embed=hashed)
    assert [path.name for path in sorted((tmp_path / "generations").iterdir())] == ["00001", "00002"]
    update_index(tmp_path, forget=["a"], embed=hashed)
    assert [path.name for path in sorted((tmp_path / "generations").iterdir())] == ["00003"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"a1only" in path.read_bytes()]


def test_to_forget_deletes_what_a_killed_update_left(tmp_path: Path) -> None:
    make(tmp_path, document("a"))
    with pytest.raises(Killed):
        update_index(tmp_path, add=[document("b")], embed=Counting(killed_at=2))
    with pytest.raises(InputError, match="holds no document or source 'b'"):
        update_index(tmp_path, forget=["b"], embed=hashed)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"b1only" in path.read_bytes()]


def test_a_retracted_source_is_flagged_in_every_passage_of_it_and_found_as_before(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    counting = Counting()
    update_index(tmp_path, flag=[Flag("a", "superseded", "b")], embed=counting)
    assert counting.calls == 0
    index = Index.open(tmp_path)
    found = index.passages[index.search_lexical("a1only", 1)[0][0]]
    assert (found.source.status, found.source.superseded_by) == ("superseded", "b")
    assert {passage.source.status for passage in index.passages.values() if passage.source.id == "b"} == {"current"}


def test_when_the_newest_is_damaged_the_one_before_is_served_and_says_so(tmp_path: Path) -> None:
    make(tmp_path, document("a"))
    update_index(tmp_path, add=[document("b")], embed=hashed)
    vectors = tmp_path / "generations" / "00002" / "vectors.npy"
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"!")
    index = Index.open(tmp_path)
    check(index, [document("a")])
    assert index.generation == 1
    assert index.notice == (
        "The newest references cannot be used (generation 2 is damaged: vectors.npy is not the file that was built (its "
        "SHA-256 differs)); generation 1, the one before, is shown. Build them again."
    )
    update_index(tmp_path, add=[document("c")], embed=hashed)
    assert (Index.open(tmp_path).generation, Index.open(tmp_path).notice) == (3, "")
    check(Index.open(tmp_path), [document("a"), document("c")])


def test_a_damaged_generation_that_has_forgotten_is_never_replaced_by_one_that_has_not(tmp_path: Path) -> None:
    make(tmp_path, document("a"), document("b"))
    older = tmp_path / "generations" / "00001"
    shutil.copytree(older, tmp_path / "kept")
    update_index(tmp_path, forget=["a"], embed=hashed)
    shutil.copytree(tmp_path / "kept", older)  # as if the power had gone before it was deleted
    (tmp_path / "generations" / "00002" / "keys.bin").unlink()
    with pytest.raises(ArtifactError, match=r"generation 2 is damaged: keys\.bin is missing"):
        Index.open(tmp_path)


def test_a_file_added_to_a_generation_is_damage(tmp_path: Path) -> None:
    make(tmp_path, document("a"))
    (tmp_path / "generations" / "00001" / "dense" / "more").write_bytes(b"")
    with pytest.raises(ArtifactError, match="dense/more was added after it was built"):
        Index.open(tmp_path)


def test_an_opened_index_goes_on_after_its_generation_is_deleted(tmp_path: Path) -> None:
    index = make(tmp_path, document("a"), document("b"))
    for name in "cde":
        update_index(tmp_path, add=[document(name)], embed=hashed)
    assert not (tmp_path / "generations" / "00001").exists()
    check(index, [document("a"), document("b")])


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    make(tmp_path, document("a"))
    with generations.writing(tmp_path), pytest.raises(AnotherRun, match="is being written by another process"):
        update_index(tmp_path, add=[document("b")], embed=hashed)


def test_the_last_document_can_be_forgotten(tmp_path: Path) -> None:
    make(tmp_path, document("a"))
    update_index(tmp_path, forget=["a"], embed=hashed)
    index = Index.open(tmp_path)
    check(index, [])
    assert index.search_lexical("a1only", 3) == index.search_vector(hashed(["x"])[0], 3) == []
    update_index(tmp_path, add=[document("b")], embed=hashed)
    check(Index.open(tmp_path), [document("b")])


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [2, 5])
def test_a_killed_build_goes_on_after_its_last_whole_block_and_ends_in_the_same_bytes(tmp_path: Path, killed_at: int) -> None:
    documents = [document(f"d{number:04d}") for number in range(2500)]  # 5,000 passages, three blocks
    whole = Counting()
    build_index(documents, tmp_path / "whole", "hashed", embed=whole)
    with pytest.raises(Killed):
        build_index(documents, tmp_path / "killed", "hashed", embed=Counting(killed_at))
    [partial] = (tmp_path / "killed" / "generations").iterdir()
    with open(partial / "vectors.npy", "ab") as torn:
        torn.write(b"half a block")
    again = Counting()
    build_index(documents, tmp_path / "killed", "hashed", embed=again)
    assert again.calls == whole.calls - 2 * ((killed_at - 2) // 2)  # a block is two calls, after the probe's
    files = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()]
    assert len(files) > 10
    assert all((tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes() for name in files)
