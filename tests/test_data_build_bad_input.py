"""Bad input through the stage `documents`: each file has its reason, the rest goes on, and nothing is half-written."""

from __future__ import annotations

import bz2
import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sourced import drawn, pdf, put

from data_build import flow
from data_build.sources.reading import Member, Unreadable, json_records, lines_of, text_of, xml_elements, xml_of
from medmodel.artifacts import read_records
from medmodel.errors import InputError, MedmodelError
from medmodel.job import Job
from medmodel.records import Document, Drop
from medmodel.stages.documents import Documents


def text(name: str) -> str:
    """Thirty words that no other text has, so that nothing is a near-duplicate."""
    return " ".join(f"{name}{number}" for number in range(30))


BOMB = (
    '<!DOCTYPE article [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(97 + n)} "{f"&{chr(96 + n)};" * 10}">' for n in range(1, 9))
    + "]><article><body><p>&i;</p></body></article>"
)
EXTERNAL = '<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/hostname">]><article><body><p>&x;</p></body></article>'
REMOTE = '<!DOCTYPE article [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><article><body><p>a</p></body></article>'
ARTICLE = f"<article><front><article-meta/></front><body><p>{text('article')}</p></body></article>"

Build = Callable[..., tuple[dict[str, str], dict[str, str]]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Run the stage on formats; the texts that stay, and the reasons of what does not, by id."""

    def go(*sources: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        entries = [{"licence": "CC0-1.0", **source, "path": str(source["path"])} for source in sources]
        config = Documents.model_validate(
            {"uses": "documents", "sources": entries, "heldout_guidelines": 0, "heldout_complaints": 0}
        )
        flow.run(Job(config, {}, out, seed=1))
        assert not (out / "work").exists()  # nothing half-written stays
        kept = {document.id: document.text for document in read_records(out / "documents", Document)}
        return kept, {gone.id: gone.reason for gone in read_records(out / "drops", Drop)}

    return go


@pytest.mark.slow
def test_every_kind_of_bad_file_has_its_reason_and_the_good_ones_beside_it_are_read(tmp_path: Path, build: Build) -> None:
    packed = gzip.compress("\n".join(json.dumps({"text": text(f"line{n}x")}) for n in range(200)).encode())
    put(tmp_path / "in" / "empty.md", "")
    (tmp_path / "in" / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    put(tmp_path / "in" / "latin.md", f"# Fi\xe8vre\n\n{text('latin')}".encode("latin-1"))
    put(tmp_path / "in" / "binary.md", bytes(range(32)) * 40)
    put(tmp_path / "in" / "ends.md", f"# Ends\r\rOld Mac.\r\n\r\nWindows.\n\nUnix: {text('ends')}\r\n")
    put(tmp_path / "in" / "controls.md", f"# Contr\x00ols\n\n{text('controls')}\x07 \x1b[0m{text('more')}\x7f\n")
    put(tmp_path / "in" / "wide.md", f"# Wide\n\n{text('wide')}".encode("utf-16"))
    put(tmp_path / "in" / "lines.jsonl", json.dumps({"text": text("good")}) + '\n{broken\n[1]\n{"other": 1}\n')
    put(tmp_path / "in" / "bomb.xml", BOMB)
    put(tmp_path / "in" / "external.xml", EXTERNAL)
    put(tmp_path / "in" / "remote.xml", REMOTE)
    put(tmp_path / "in" / "article.xml", ARTICLE)
    put(tmp_path / "in" / "scan.pdf", pdf("q 600 0 0 800 0 0 cm /Im Do Q", image=True))
    put(tmp_path / "in" / "text.pdf", pdf(drawn("Ward", text("pdf"))))
    put(tmp_path / "in" / "no.docx", b"PK\x03\x04 broken")
    put(tmp_path / "in" / "broken.zip", b"PK\x03\x04 broken")
    here = {"path": tmp_path / "in"}
    kept, drops = build(
        *({**here, "format": kind, "id": kind} for kind in ("markdown", "jsonl", "jats")),
        *({**here, "format": kind, "id": kind, "converter": "plain"} for kind in ("pdf", "docx")),
    )
    assert drops["empty.md"] == "unreadable: is empty"
    assert drops["latin.md"] == "unreadable: is not UTF-8 (byte 4): save it as UTF-8"
    assert drops["binary.md"] == "unreadable: is no text: too many control characters"
    assert kept["markdown/ends"] == f"# Ends\n\nOld Mac.\n\nWindows.\n\nUnix: {text('ends')}\n"
    assert kept["markdown/controls"].startswith(f"# Controls\n\n{text('controls')} [0m{text('more')}")
    assert kept["markdown/wide"] == f"# Wide\n\n{text('wide')}\n"
    assert drops["cut.jsonl"].startswith("unreadable: is truncated (after line ")
    assert "jsonl/cut/1" in kept
    assert drops["lines.jsonl:2"] == "unreadable: is not JSON (column 2)"
    assert drops["lines.jsonl:3"] == "unreadable: is no JSON object"
    assert drops["lines.jsonl:4"].startswith("unreadable: ")
    assert kept["jsonl/lines/1"] == text("good") + "\n"
    entities = "unreadable: declares XML entities, which may be a bomb or name other files"
    assert (drops["bomb.xml"], drops["external.xml"], drops["remote.xml"]) == (entities, entities, entities)
    assert [said for name, said in kept.items() if name.startswith("jats")] == [text("article") + "\n"]
    assert drops["scan.pdf"] == "unreadable: has no text to speak of; a scan must go through text recognition first"
    assert text("pdf") in kept["pdf/text"]
    assert drops["no.docx"] == "unreadable: is cut off"
    assert drops["broken.zip"].startswith("unreadable: is damaged (BadZipFile)")
    assert not any("vre" in reason or "lol" in reason for reason in drops.values())


def test_a_source_of_nothing_but_bad_files_leaves_their_reasons_and_the_others(tmp_path: Path, build: Build) -> None:
    put(tmp_path / "bad" / "a.md", "")
    put(tmp_path / "good" / "b.md", f"# Good\n\n{text('good')}")
    kept, drops = build({"format": "markdown", "path": tmp_path / "bad"}, {"format": "markdown", "path": tmp_path / "good"})
    assert list(kept) == ["good/b"]
    assert drops == {"a.md": "unreadable: is empty"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"licence": ""}, "source markdown needs `licence:`"),
        ({"path": "empty"}, "source 'markdown' is empty"),
        ({"tier": "textbok"}, "unknown tier 'textbok'.*did you mean 'textbook'"),
        ({"path": None}, "source markdown needs `path:`"),
        ({"language": 5}, "source markdown: `language:` is no text"),
        ({"year": "soon"}, "source markdown: `year:` is wrong: input should be a valid integer"),
    ],
)
def test_a_source_without_licence_or_files_stops_the_stage_before_any_document_is_written(
    tmp_path: Path, entry: dict[str, Any], words: str
) -> None:
    put(tmp_path / "good" / "b.md", f"# Good\n\n{text('good')}")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    good = {"format": "markdown", "path": str(tmp_path / "good"), "licence": "CC0-1.0"}
    bad = {**good, **{key: str(tmp_path / value) if key == "path" and value else value for key, value in entry.items()}}
    bad = {key: value for key, value in bad.items() if value is not None}
    config = Documents.model_validate({"uses": "documents", "sources": [good, bad]})
    with pytest.raises(MedmodelError, match=words):
        flow.run(Job(config, {}, out, seed=1))
    assert not (out / "documents").exists()
    assert not (out / "report.json").exists()
    assert (out / "work").exists() == (entry.get("path") == "empty")  # the rest is seen before anything is read


CONSUME = """
import resource, sys
from pathlib import Path
from data_build.sources import reading
path = Path(sys.argv[1])
found = reading.Member(path.name, lambda: path.open("rb"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reader = {"lines": reading.lines_of, "json": reading.json_records, "text": lambda one: [reading.text_of(one)],
          "xml": lambda one: reading.xml_elements(one, "article")}[sys.argv[2]]
said = [one.reason for one in reader(found) if isinstance(one, reading.Unreadable)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, said, sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reader", "start", "end", "reason"),
    [
        ("json", b'{"text": "', b'"}\n{"text": "good"}\n', "is a line longer than 10 MB"),
        ("lines", b"", b"\ngood\n", "is a line longer than 10 MB"),
        ("text", b"# Title\n\n", b"", "has a line longer than 10 MB: it needs line ends"),
        ("xml", b"<article><p>", b"</p></article>", "has no end of an element within 50 MB"),
    ],
)
def test_a_line_of_100_mb_is_refused_in_bounded_memory(
    tmp_path: Path, reader: str, start: bytes, end: bytes, reason: str
) -> None:
    path = tmp_path / ("long.jsonl" if reader == "json" else "long")
    with path.open("wb") as file:
        file.write(start)
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(end)
    command = [sys.executable, "-c", CONSUME, str(path), reader]
    grown, said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert said == repr([reason])
    assert int(grown) < 100_000  # KiB: a line of 10 MB and an element of 50 MB may be held, no more


@pytest.mark.slow
def test_a_line_of_100_mb_is_one_drop_and_the_lines_around_it_are_documents(tmp_path: Path, build: Build) -> None:
    with put(tmp_path / "in" / "a.jsonl", "").open("wb") as file:
        file.write(json.dumps({"text": text("first")}).encode() + b'\n{"text": "')
        for _ in range(100):
            file.write(b"y" * 1_000_000)
        file.write(b'"}\n' + json.dumps({"text": text("last")}).encode() + b"\n")
    kept, drops = build({"format": "jsonl", "path": tmp_path / "in", "id": "notes"})
    assert list(kept) == ["notes/a/1", "notes/a/3"]
    assert drops == {"a.jsonl:2": "unreadable: is a line longer than 10 MB"}


@settings(max_examples=150)
@given(st.binary(max_size=400), st.sampled_from([bytes, gzip.compress, bz2.compress]), st.sampled_from(["", ".gz", ".bz2"]))
def test_any_bytes_are_text_or_have_a_reason(tmp_path_factory: pytest.TempPathFactory, raw: bytes, pack: Any, end: str) -> None:
    from data_build.sources.reading import members

    folder = tmp_path_factory.mktemp("any")
    (folder / f"a.jsonl{end}").write_bytes(pack(raw))
    for found in members(folder):
        assert isinstance(found, Member)
        for read in (text_of, xml_of):
            read(found)
        for reader in (lines_of, json_records, lambda one: xml_elements(one, "a")):
            for one in reader(found):
                assert not isinstance(one, Unreadable) or (one.reason and one.id.startswith("a.jsonl"))


def test_an_archive_that_is_cut_off_keeps_the_members_before(tmp_path: Path, build: Build) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.md", f"# One\n\n{text('one')}")
        archive.writestr("latin.md", "caf\xe9".encode("latin-1") * 30)
    kept, drops = build({"format": "markdown", "path": tmp_path / "a.zip", "id": "zip"})
    assert list(kept) == ["zip/one"]
    assert list(drops) == ["latin.md"]


def test_files_of_nothing_but_damage_are_an_error_that_names_one(tmp_path: Path, build: Build) -> None:
    put(tmp_path / "bad" / "a.md", "")
    with pytest.raises(InputError, match=r"nothing could be read of any of them; 'a\.md', for one, is empty"):
        build({"format": "markdown", "path": tmp_path / "bad"})


def test_two_entries_may_not_give_documents_the_same_id(tmp_path: Path, build: Build) -> None:
    for ward in ("one", "two"):
        put(tmp_path / ward / "notes.jsonl", json.dumps({"text": text(ward)}))
    entries = [{"format": "jsonl", "path": tmp_path / ward / "notes.jsonl"} for ward in ("one", "two")]
    with pytest.raises(InputError, match=r"both give a document 'notes/notes/1': give one of the two entries an `id:`"):
        build(*entries)
    kept, _ = build(entries[0], {**entries[1], "id": "two"})
    assert sorted(kept) == ["notes/notes/1", "two/notes/1"]
