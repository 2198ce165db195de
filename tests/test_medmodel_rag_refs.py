"""A clinic's own references: readable kinds, found by search, forgotten on request, and clear refusals."""

from pathlib import Path

import pytest
from sourced import drawn, pdf

from medmodel.errors import InputError
from medmodel.rag import refs
from medmodel.rag.index import Index, build_index
from medmodel.rag.passages import split_document
from medmodel.rag.retrievers.together import Together
from medmodel.records import Document, Source

PROTOCOL = "# Sedation on ward 7\n\nGive the blue folder to the charge nurse before any procedural sedation on ward seven.\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))


def test_an_added_reference_is_listed_found_and_cited_with_its_tier_and_removed_again(tmp_path: Path) -> None:
    (tmp_path / "sedation.md").write_text(PROTOCOL, encoding="utf-8")
    [document] = refs.add(tmp_path / "sedation.md", licence="internal", tier="local")
    assert [(line.title, line.tier, line.licence, line.passages) for line in refs.listing()] == [
        ("Sedation on ward 7", "local", "internal", 1)
    ]
    own = refs.load_index()
    assert own
    source = Source(id="s", title="Other", licence="MIT", tier="guideline")
    build_index(
        [Document(id="s/1", text="Warfarin needs an INR target.", source=source, domain="guideline")], tmp_path / "index"
    )
    together = Together(index=Index.open(tmp_path / "index"), own=own)
    found = together.invoke("Who gets the blue folder before sedation on ward seven?")
    assert found[0].metadata["passage"].source.tier == "local"
    refs.remove(document.source.id)
    assert refs.listing() == []
    assert refs.load_index() is None


def test_an_index_of_references_that_another_version_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "sedation.md").write_text(PROTOCOL, encoding="utf-8")
    refs.add(tmp_path / "sedation.md", licence="internal", tier="local")
    [manifest] = refs.home().glob("index/generations/*/manifest.json")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"schema_version"', '"old"'), encoding="utf-8")
    made = [refs.load_index(), refs.load_index()]
    assert [index.generation for index in made if index] == [1, 1]


def test_a_damaged_newest_index_of_references_is_mended_rather_than_the_one_before_it_served(tmp_path: Path) -> None:
    for name in ("sedation", "falls"):
        (tmp_path / f"{name}.md").write_text(PROTOCOL.replace("Sedation", name), encoding="utf-8")
        refs.add(tmp_path / f"{name}.md", licence="internal", tier="local")
    newest = refs.home() / "index" / "generations" / "00002" / "keys.bin"
    newest.write_bytes(b"x" + newest.read_bytes()[1:])
    index = refs.load_index()
    assert index
    assert index.notice == ""
    assert len(index.documents()) == 2


def test_what_is_removed_is_in_no_file_any_more_and_the_others_keep_their_vectors(tmp_path: Path) -> None:
    for name, text in (
        ("sedation", PROTOCOL),
        ("falls", PROTOCOL.replace("blue folder", "red form").replace("edation", "lips")),
    ):
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    [sedation] = refs.add(tmp_path / "sedation.md", licence="internal", tier="local")
    [falls] = refs.add(tmp_path / "falls.md", licence="internal", tier="local")
    before = refs.load_index()
    refs.remove(sedation.source.id)
    after = refs.load_index()
    assert before
    assert after
    assert list(after.passages) == [f"{falls.id}#0"]
    assert (after.sentence_vectors(f"{falls.id}#0") == before.sentence_vectors(f"{falls.id}#0")).all()  # type: ignore[union-attr]
    for file in refs.home().rglob("*"):
        assert not file.is_file() or b"blue folder" not in file.read_bytes()
    withdrawn = after.withdrawn(f"{sedation.id}#0")
    assert withdrawn
    assert withdrawn.forgotten


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_html_and_word_files_keep_their_headings(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"guide.{kind}"
    if kind == "html":
        body = (
            "<h1>Falls on the ward</h1><p>Every patient over 65 years is screened for falls within four hours of admission.</p>"
        )
        path.write_text(f"<html><body><article>{body}{body.replace('h1', 'h2')}</article></body></html>", encoding="utf-8")
    else:
        from docx import Document as Word

        word = Word()
        word.add_heading("Falls on the ward", level=1)
        word.add_paragraph("Every patient over 65 years is screened for falls within four hours of admission.")
        word.save(str(path))
    document = refs.read(path, licence="internal", tier="local")
    assert document.source.title == "Falls on the ward"
    assert "within four hours of admission" in document.text


def test_a_pdf_is_read_and_its_broken_lines_are_one_sentence(tmp_path: Path) -> None:
    lines = ["Falls on the ward", "Every patient over 65 years is screened for falls, but not", "those who are bedbound."]
    (tmp_path / "falls.pdf").write_bytes(pdf(drawn(*lines)))
    document = refs.read(tmp_path / "falls.pdf", licence="internal", tier="local")
    [passage] = split_document(document)
    last = passage.sentence(len(passage.sentences) - 1)
    assert " ".join(last.split()).endswith("screened for falls, but not those who are bedbound.")


def test_a_file_that_cannot_be_read_is_refused_in_one_sentence_and_nothing_is_added(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 not really")
    (tmp_path / "scan.md").write_text("p. 1", encoding="utf-8")
    (tmp_path / "image.png").write_bytes(b"x")
    (tmp_path / "latin.md").write_bytes("Fièvre".encode("latin-1"))
    for name, words in (("broken.pdf", "cannot be read"), ("scan.md", "no text"), ("image.png", "kind"), ("latin.md", "UTF-8")):
        with pytest.raises(InputError, match=words):
            refs.add(tmp_path / name, licence="internal", tier="local")
    assert refs.listing() == []


def test_removing_what_is_not_there_names_what_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no reference 'x'; known: none"):
        refs.remove("x")
