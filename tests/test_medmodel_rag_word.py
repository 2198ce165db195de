"""Word files as text: a raised 9 stays a power, and what is no readable Word file says why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest

from medmodel.errors import InputError
from medmodel.rag import word


def saved(document: docx.document.Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def typed(*pieces: str) -> docx.document.Document:
    """A paragraph whose pieces are raised when they begin with ^, and lowered with _."""
    document = docx.Document()
    paragraph = document.add_paragraph()
    for piece in pieces:
        run = paragraph.add_run(piece.lstrip("^_"))
        if piece.startswith("^"):
            run.font.superscript = True
        elif piece.startswith("_"):
            run.font.subscript = True
    return document


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("Platelets 150 × 10", "^9", "/L"), "Platelets 150 × 10⁹/L"),
        (("HCO", "_3", "^−", " and CO", "_2 ", "in"), "HCO₃⁻ and CO₂ in"),
        (("on the 1", "^st", " day, x", "^a"), "on the 1st day, x^a"),
        (("vitamin B", "_12", ", *5", "–10 mg"), "vitamin B₁₂, *5–10 mg"),
    ],
)
def test_what_is_raised_or_lowered_becomes_unicode_and_the_rest_stays_as_typed(pieces: tuple[str, ...], text: str) -> None:
    assert word.markdown(saved(typed(*pieces)), "a.docx") == text


def test_superscripts_in_tables_are_kept_too() -> None:
    document = docx.Document()
    paragraph = document.add_table(1, 2).cell(0, 1).paragraphs[0]
    paragraph.add_run("m")
    paragraph.add_run("2").font.superscript = True
    assert word.markdown(saved(document), "a.docx").splitlines()[0] == "|  | m² |"


def test_a_file_that_cannot_be_read_says_what_it_is() -> None:
    whole = saved(typed("All is well."))
    assert reason(whole[: len(whole) // 2]) == "a.docx is cut off"
    assert reason(b"just text") == "a.docx is no Word file, whatever its name says"
    assert reason(repacked(whole, keep="docProps/")) == "a.docx is no Word file, whatever its name says"
    assert reason(repacked(whole, damage="word/document.xml")).startswith("a.docx is damaged: open it in Word")
    protected = bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le")
    assert reason(protected).startswith("a.docx is protected by a password, or is an old .doc")


def reason(raw: bytes) -> str:
    with pytest.raises(InputError) as fault:
        word.markdown(raw, str(Path("a.docx")))
    return str(fault.value)


def repacked(raw: bytes, keep: str = "", damage: str | None = None) -> bytes:
    """The parts whose names begin with `keep`, the end of one cut away."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            if part.filename.startswith(keep):
                content = old.read(part)
                new.writestr(part, content[:-50] if part.filename == damage else content)
    return out.getvalue()
