"""Files as sources: Markdown, HTML, PDF and Word, with what a file says of itself, and a reason for each that cannot be read."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from sourced import drawn, pdf, put, read, tar

from medmodel.errors import InputError, UnknownName
from medmodel.rag import conversion
from medmodel.stages.documents import Documents

FALLS = "Every patient over 65 years is screened for falls within four hours of admission to the ward."


def words(path: Path, title: str = "Falls on the ward") -> Path:
    word = docx.Document()
    word.add_heading(title, level=1)
    word.add_paragraph(FALLS)
    word.add_heading("Doses", level=2)
    word.add_paragraph("Check pulse", style="List Bullet")
    table = word.add_table(3, 2)
    for row, (drug, dose) in enumerate((("Drug", "Dose"), ("Warfarin|A", "5 mg"), ("Note", "Note"))):
        table.cell(row, 0).text, table.cell(row, 1).text = drug, dose
    table.cell(2, 0).merge(table.cell(2, 1)).text = "Only with food"
    word.add_paragraph("After the table.")
    word.save(str(path))
    return path


@pytest.mark.parametrize("name", ["markdown", "html", "pdf", "docx", "jats", "pubmed", "icd10cm"])
def test_a_format_without_a_licence_is_an_error_that_says_how_to_state_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"source {name} needs `licence:`.*'n/s'"):
        read(name, path=str(tmp_path))
    with pytest.raises(UnknownName, match=r"unknown option 'lisence'.*did you mean 'licence'"):
        read(name, path=str(tmp_path), lisence="MIT")
    with pytest.raises(InputError, match="there is no file or folder"):
        read(name, path=str(tmp_path / "nowhere"), licence="MIT")


def test_a_markdown_file_with_one_title_is_one_document_with_its_headings(tmp_path: Path) -> None:
    text = "---\ntitle: Falls guide\ndate: 2021-03-04\nlicense: CC0-1.0\nurl: https://ward.example/falls\nrest: x\n---\n## Scope\n\nAll.\n"
    put(tmp_path / "book" / "falls.md", text)
    put(tmp_path / "book" / "plain.markdown.gz", "Only words, without a heading.\r\nTwo lines.\r\n")
    documents, left = read(
        "markdown", path=str(tmp_path / "book"), licence="MIT", tier="textbook", domain="textbook", year=1999
    )
    assert not left
    one, two = documents
    assert (one.id, one.text) == ("book/falls", "# Falls guide\n\n## Scope\n\nAll.")
    assert (one.source.title, one.source.date, one.source.year) == ("Falls guide", "2021-03-04", 2021)
    assert (one.source.licence, one.source.url, one.source.tier) == ("CC0-1.0", "https://ward.example/falls", "textbook")
    assert (two.text, two.source.title) == ("Only words, without a heading.\nTwo lines.", "book")
    assert (two.source.year, two.domain) == (1999, "textbook")


def test_a_markdown_file_with_several_titles_is_a_document_a_top_section(tmp_path: Path) -> None:
    path = put(tmp_path / "hand.md", "Preface.\n\n# One\n\n## A\n\nText.\n\n```\n# code\n```\n\nTwo\n===\n\nMore.\n")
    documents, _ = read("markdown", path=str(path), licence="MIT", id="handbook", title="Handbook")
    assert [(document.id, document.source.title) for document in documents] == [
        ("handbook/hand/1", "One"),
        ("handbook/hand/2", "Two"),
    ]
    assert documents[0].text == "Preface.\n\n# One\n\n## A\n\nText.\n\n```\n# code\n```"
    assert documents[1].text == "# Two\n\nMore."


PAGE = f"""<!doctype html><html lang="en"><head><meta charset="{{charset}}"><title>Falls – Ward Example</title>
<link rel="canonical" href="https://ward.example/falls"><meta name="date" content="2021-03-04">
<meta property="og:site_name" content="Ward Example"></head><body><nav><a href="/">Home</a> <a href="/x">About</a></nav>
<article><h1>Falls on the ward</h1><p>{FALLS}</p><h2>Fièvre</h2><p>Take the temperature of each patient twice a day, and
write it down.</p><table><tr><th>Score</th><th>Action</th></tr><tr><td>3</td><td>call the nurse</td></tr></table></article>
<footer>All rights reserved</footer></body></html>"""


def test_a_page_gives_its_main_text_and_what_its_head_says_in_the_encoding_it_declares(tmp_path: Path) -> None:
    put(tmp_path / "site" / "utf.html", PAGE.format(charset="utf-8"))
    put(tmp_path / "site" / "latin.htm", PAGE.format(charset="iso-8859-1").replace("–", "-").encode("latin-1"))
    documents, left = read("html", path=str(tmp_path / "site"), licence="CC-BY-4.0", tier="patient", title="Pages")
    assert not left
    assert [document.id for document in documents] == ["site/latin", "site/utf"]
    for document in documents:
        assert document.text.startswith("# Falls on the ward\n")
        assert "## Fièvre" in document.text
        assert "call the nurse" in document.text
        assert not any(word in document.text for word in ("Home", "rights reserved"))
        assert (document.source.url, document.source.date) == ("https://ward.example/falls", "2021-03-04")
        assert (document.source.title, document.source.organization) == ("Falls on the ward", "Ward Example")
        assert (document.source.licence, document.source.tier) == ("CC-BY-4.0", "patient")


def test_a_page_in_another_encoding_than_it_says_is_unreadable_with_that_reason(tmp_path: Path) -> None:
    put(tmp_path / "a.html", PAGE.format(charset="utf-8").encode("utf-16-be"))
    put(tmp_path / "b.html", PAGE.format(charset="utf-8").replace("–", "-").encode("latin-1"))
    put(tmp_path / "c.html", PAGE.format(charset="x-nonsense"))
    put(tmp_path / "d.html", "<html><body><nav>Home</nav></body></html>")
    documents, left = read("html", path=str(tmp_path), licence="MIT")
    assert not documents
    assert left["b.html"] == "is not in utf-8, which it declares: save it as UTF-8"
    assert left["c.html"] == "is not in x-nonsense, which it declares: save it as UTF-8"
    assert left["d.html"].startswith("has no text to speak of")
    assert "a.html" in left


def test_a_pdf_is_pages_of_lines_and_says_how_many_have_no_text(tmp_path: Path) -> None:
    put(tmp_path / "in" / "falls.pdf", pdf(drawn("Ward 7", FALLS), drawn("Ward 7", "In the night", "too."), ""))
    documents, left = read("pdf", path=str(tmp_path / "in"), licence="internal", tier="local", converter="plain", year=2020)
    assert not left
    [document] = documents
    pages = document.text.split("\x0c")
    assert len(pages) == 3
    assert FALLS in pages[0]
    assert "In the night too." in pages[1]
    assert document.attributes == {"converter": "plain", "pages": 3, "pages_without_text": 1}
    assert (document.id, document.source.title, document.source.year) == ("in/falls", "falls", 2020)


def test_a_pdf_that_is_an_image_or_none_or_encrypted_or_cut_off_has_a_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    whole = pdf(drawn("Ward 7", FALLS))
    put(tmp_path / "a.pdf", pdf("q 600 0 0 800 0 0 cm /Im Do Q", "q 600 0 0 800 0 0 cm /Im Do Q", image=True))
    put(tmp_path / "b.pdf", "a text file")
    put(tmp_path / "c.pdf", whole[: len(whole) // 3])
    put(tmp_path / "d.pdf", b"")
    put(tmp_path / "e.pdf", whole)
    locked = pypdf.PdfWriter(io.BytesIO(whole))
    locked.encrypt("secret", algorithm="RC4-128")
    locked.write(tmp_path / "f.pdf")
    documents, left = read("pdf", path=str(tmp_path), licence="MIT", converter="plain", id="wards")
    assert [document.id for document in documents] == ["wards/e"]
    assert left["a.pdf"] == "has no text to speak of; a scan must go through text recognition first"
    assert left["b.pdf"] == "is no PDF, whatever its name says"
    assert left["c.pdf"] == "cannot be read: it is damaged or cut off; a PDF viewer may open it and save it whole"
    assert left["d.pdf"] == "is empty"
    assert left["f.pdf"] == "is protected by a password: save it without one"


def test_a_word_file_keeps_headings_lists_and_tables_in_their_order(tmp_path: Path) -> None:
    words(tmp_path / "falls.docx")
    documents, _ = read("docx", path=str(tmp_path / "falls.docx"), licence="internal", tier="local", converter="plain")
    [document] = documents
    assert document.text == (
        f"# Falls on the ward\n\n{FALLS}\n\n## Doses\n\n- Check pulse\n\n"
        "| Drug | Dose |\n| --- | --- |\n| Warfarin\\|A | 5 mg |\n| Only with food |  |\n\nAfter the table."
    )
    assert (document.id, document.source.title) == ("falls/falls", "Falls on the ward")


@pytest.mark.slow
def test_a_word_file_that_is_none_or_a_bomb_has_a_reason(tmp_path: Path) -> None:
    put(tmp_path / "a.docx", "not a zip")
    with zipfile.ZipFile(tmp_path / "b.docx", "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("word/document.xml", "w") as part:
        for _ in range(401):
            part.write(b" " * 1_000_000)
    words(tmp_path / "c.docx")
    documents, left = read("docx", path=str(tmp_path), licence="MIT", converter="plain")
    assert len(documents) == 1
    assert left == {
        "a.docx": "is no Word file, whatever its name says",
        "b.docx": "unpacks to more than 400 MB: it is no document",
    }


def test_files_in_archives_are_read_and_one_name_twice_is_told(tmp_path: Path) -> None:
    tar(tmp_path / "in" / "a.tar.gz", {"x/one.md": "# One\n\nText.", "x/._one.md": "hidden", "x/two.txt": "other"})
    put(tmp_path / "in" / "b.md", "# B\n\nText.")
    put(tmp_path / "in" / "b.md.gz", "# B again\n\nText.")
    documents, left = read("markdown", path=str(tmp_path / "in"), licence="MIT")
    assert [document.id for document in documents] == ["in/a.tar.gz/x/one", "in/b"]
    assert list(left.values()) == ["has the path of another file, but for its ending"]


def test_a_converter_that_is_unknown_or_not_installed_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    put(tmp_path / "a.pdf", pdf(drawn(FALLS)))
    with pytest.raises(UnknownName, match=r"unknown converter 'docing'.*did you mean 'docling'"):
        read("pdf", path=str(tmp_path), licence="MIT", converter="docing")
    if importlib.util.find_spec("docling") is None:
        with pytest.raises(InputError, match="docling is not installed: pip install"):
            read("docx", path=str(tmp_path), licence="MIT", converter="docling")


def test_a_power_in_a_page_stays_one() -> None:
    page = f"<html><body><article><p>{FALLS} Give platelets below 10 × 10<sup>9</sup>/L; HCO<sub>3</sub>.</p></article></body></html>"
    assert "10 × 10⁹/L; HCO₃." in conversion.markdown("html", page.encode(), "a.html")


def test_text_that_is_not_utf8_is_refused_with_the_place() -> None:
    assert conversion.markdown("text", FALLS.encode(), "a.txt") == FALLS
    with pytest.raises(InputError, match=r"a\.txt is not UTF-8 \(byte 3\)"):
        conversion.markdown("text", b"caf\xe9" + b" " * 100, "a.txt")


def test_a_byte_order_mark_wins_and_gb2312_is_read_as_browsers_do() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert "Fièvre" in conversion.markdown("html", PAGE.format(charset="iso-8859-1").encode(encoding), "a.html")
    chinese = PAGE.format(charset="gb2312").replace("–", "-").replace("Fièvre", "镕基")  # not in GB 2312 itself
    assert "镕基" in conversion.markdown("html", chinese.encode("gbk"), "a.html")


def test_the_versions_of_what_converts_files_are_part_of_the_stages_key(tmp_path: Path) -> None:
    def outside(kind: str) -> dict[str, str]:
        source = {"format": kind, "path": str(tmp_path), "licence": "MIT"}
        return Documents.model_validate({"uses": "documents", "sources": [source]}).outside()

    assert outside("html")["package trafilatura"] == importlib.metadata.version("trafilatura")
    assert outside("pdf")["package pypdf"] == importlib.metadata.version("pypdf")
    assert outside("docx")["package python-docx"] == importlib.metadata.version("python-docx")
    assert not [key for key in outside("jsonl") if key.startswith("package ")]
