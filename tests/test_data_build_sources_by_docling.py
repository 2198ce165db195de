"""Word and PDF files through the real docling: doses stay as typed, and missing models are said before or beside the text."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import docx
import pytest
from sourced import drawn, pdf, put, read

from data_build.sources.by_docling import models_at_hand, with_hyphens
from medmodel.errors import InputError

HAS_DOCLING = importlib.util.find_spec("docling") is not None
needs_docling = pytest.mark.skipif(not HAS_DOCLING, reason="no docling")
imports_docling = pytest.mark.filterwarnings("ignore")  # of the packages it brings, which are not in the tested set
FALLS = "Every patient over 65 years is screened for falls within four hours of admission to the ward."


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["Give 5-", "10 mg of algo-", "rithm"], ["Give 5-10 mg of algo-", "rithm"]),
        (["COVID-", "19 and CHA2DS2-", "VASc"], ["COVID-19 and CHA2DS2-VASc"]),
        (["β-", "blocker -", "5 mg"], ["β-blocker -", "5 mg"]),
        (["-", "5"], ["-", "5"]),
        ([], []),
    ],
)
def test_a_hyphen_at_a_lines_end_stays_unless_it_splits_a_word(lines: list[str], kept: list[str]) -> None:
    assert with_hyphens(lines) == kept


@pytest.mark.slow
@needs_docling
@imports_docling
def test_docling_joins_no_range_of_two_lines_into_another_dose() -> None:
    from docling.models.stages.page_assemble.page_assemble_model import PageAssembleModel, PageAssembleOptions

    from data_build.sources.by_docling import hyphens_kept

    assert PageAssembleModel(options=PageAssembleOptions()).sanitize_text(["Give 5-", "10 mg"]) == "Give 510 mg"
    assert hyphens_kept().sanitize_text(["Give 5-", "10 mg of algo-", "rithm"]) == "Give 5-10 mg of algorithm"


@pytest.mark.slow
@needs_docling
@imports_docling
def test_a_word_file_keeps_its_doses_headings_lists_and_tables(tmp_path: Path) -> None:
    file = docx.Document()
    file.add_heading("Doses", 1)
    paragraph = file.add_paragraph("Morphine 5–10 mg if BP <90/60 & SpO2 >92 %, 1,25-(OH)₂D, µg, a_b; platelets 10")
    paragraph.add_run("9").font.superscript = True
    paragraph.add_run("/L, ")
    paragraph.add_run("H").bold = True
    paragraph.add_run("eparin. 患者应在四小时内进行跌倒筛查。")
    for step in ("First", "Second"):
        file.add_paragraph(step, style="List Number")
    table = file.add_table(2, 2)
    for row, cells in enumerate((("Drug", "Dose"), ("Warfarin|A", "5–10 mg"))):
        table.cell(row, 0).text, table.cell(row, 1).text = cells
    file.save(str(tmp_path / "doses.docx"))
    documents, left = read("docx", path=str(tmp_path), licence="MIT", converter="docling")
    assert not left
    assert documents[0].text == (
        "# Doses\n\nMorphine 5–10 mg if BP <90/60 & SpO2 >92 %, 1,25-(OH)₂D, µg, a_b; platelets 10⁹/L, Heparin. "
        "患者应在四小时内进行跌倒筛查。\n\n1. First\n2. Second\n\n| Drug | Dose |\n| - | - |\n| Warfarin\\|A | 5–10 mg |"
    )
    assert str(documents[0].attributes["converter"]).startswith("docling 2.")


@pytest.mark.slow
@needs_docling
@imports_docling
def test_bad_word_files_have_their_reasons_and_the_rest_is_read(tmp_path: Path) -> None:
    file = docx.Document()
    file.save(str(tmp_path / "empty.docx"))
    file.add_paragraph(FALLS)
    file.save(str(tmp_path / "good.docx"))
    put(tmp_path / "cut.docx", (tmp_path / "good.docx").read_bytes()[:9000])
    put(tmp_path / "text.docx", "no zip")
    documents, left = read("docx", path=str(tmp_path), licence="MIT", converter="docling", id="wards")
    assert [(document.id, document.text) for document in documents] == [("wards/good", FALLS)]
    assert left["cut.docx"] == "is cut off"
    assert left["text.docx"] == "is no Word file, whatever its name says"
    assert left["empty.docx"].startswith("has no text to speak of")


@pytest.mark.slow
@needs_docling
@imports_docling
def test_a_pdf_without_doclings_models_is_lines_of_text_with_a_note_or_an_error_where_docling_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCLING_ARTIFACTS_PATH", str(tmp_path / "models"))
    put(tmp_path / "in" / "falls.pdf", pdf(drawn("Ward 7", FALLS)))
    assert models_at_hand() == "none"
    documents, left = read("pdf", path=str(tmp_path / "in"), licence="MIT")
    assert not left
    assert FALLS in documents[0].text
    assert documents[0].attributes["converter"] == "plain"
    assert "run `docling-tools models download`" in str(documents[0].attributes["converter_note"])
    with pytest.raises(InputError, match="docling's models are not on this machine: run `docling-tools models download`"):
        read("pdf", path=str(tmp_path / "in"), licence="MIT", converter="docling")
    put(tmp_path / "models" / "docling-project--docling-layout-heron" / "config.json", "{}")
    assert models_at_hand() == "docling-project--docling-layout-heron"
    with pytest.raises(InputError, match=r"docling's models in .* are not complete: run|docling cannot load its models"):
        read("pdf", path=str(tmp_path / "in"), licence="MIT")


@pytest.mark.skipif(HAS_DOCLING, reason="no docling")  # which is what it needs
def test_without_docling_no_models_are_at_hand() -> None:
    assert models_at_hand() == "none"
