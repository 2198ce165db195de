"""PDF and Word files to Markdown by docling (`pip install 'medmodel[docling]'`): headings, tables, columns in reading order.

    sources: [{format: pdf, path: guidelines/, licence: CC-BY-4.0, tier: guideline, converter: docling}]

Word files need no model. PDF needs docling's models for layout, tables and text recognition: `docling-tools models download`
fetches them once; they are looked for where it puts them, ~/.cache/docling/models, or in $DOCLING_ARTIFACTS_PATH. They are
never fetched while documents are built.

Two habits of docling 2.143 would change a dose, and are kept from it. In Word it drops the spaces where the formatting
changes, so "10", a raised "9", "/L" reads "10 9 /L": it is given files with superscripts in Unicode and without bold, italics
and underlining. In PDF it drops a hyphen at a line's end, so "5-" above "10 mg" reads "510 mg": here only between small
letters. Not kept from it: in PDF "5–10" becomes "5-10", and a raised "9" that is a small 9 on the page reads "10 9 /L".
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import logging
import re
from pathlib import Path
from typing import Any

from medmodel.errors import InputError
from medmodel.rag import word
from medmodel.rag.conversion import refuse_scan

GET_MODELS = "run `docling-tools models download`, or set DOCLING_ARTIFACTS_PATH to a folder that has them"
_EXPORT = {"escape_html": False, "escape_underscores": False, "compact_tables": True, "image_placeholder": ""}  # "<5 mg" stays
_BEFORE_TABLE = re.compile(r"^(?!\|)(.+)\n(?=\|)", re.MULTILINE)
_SPLIT_WORD = re.compile(r"[a-z]-\n[a-z]")
_AFTER_TABLE = re.compile(r"^(\|.*)\n(?=[^|\n])", re.MULTILINE)


class Docling:
    """Makes Markdown of files of one kind, "pdf" or "docx". Raises InputError when docling's models for PDF are not at hand."""

    def __init__(self, kind: str) -> None:
        from docling.datamodel.base_models import InputFormat
        from docling.datamodel.pipeline_options import PdfPipelineOptions
        from docling.document_converter import DocumentConverter, PdfFormatOption

        for logger in ("docling", "docling_core", "RapidOCR"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)  # their warnings may quote the document
        self._kind = InputFormat(kind)
        if kind == "docx":
            self._converter = DocumentConverter(allowed_formats=[self._kind])
            return
        folder = models()
        if folder is None:
            raise InputError(f"source pdf: docling's models are not on this machine: {GET_MODELS}")
        options = PdfFormatOption(pipeline_cls=_pipeline(), pipeline_options=PdfPipelineOptions(artifacts_path=folder))
        self._converter = DocumentConverter(allowed_formats=[self._kind], format_options={self._kind: options})
        try:
            self._converter.initialize_pipeline(self._kind)
        except FileNotFoundError:
            raise InputError(f"source pdf: docling's models in {folder} are not complete: {GET_MODELS}") from None
        except (RuntimeError, ImportError) as fault:  # models of another version, or a torchvision that is not torch's
            said = str(fault).partition("\n")[0]
            raise InputError(f"source pdf: docling cannot load its models ({said}); or say `converter: plain`") from None

    def __call__(self, raw: bytes, name: str) -> tuple[str, dict[str, str | int]]:
        """A file's Markdown, and what is to be known of the reading. Raises InputError that says what is wrong with the file."""
        from docling.datamodel.base_models import DocumentStream

        if self._kind.value == "docx":
            raw = _unformatted(raw, name)
        stream = DocumentStream(name=f"file.{self._kind.value}", stream=io.BytesIO(raw))
        done = self._converter.convert(stream, raises_on_error=False)
        if done.status.value not in ("success", "partial_success"):
            raise InputError(f"{name} {_fault(self._kind.value, raw)}")
        found: dict[str, str | int] = {"converter": f"docling {importlib.metadata.version('docling')}"}
        if self._kind.value == "pdf":
            found |= _pages(done.document)
        text = _markdown(done.document, self._kind.value)
        refuse_scan([text], name)
        return text, found


def models() -> Path | None:
    """The folder that has docling's models for PDF; None where there is none."""
    from docling.datamodel.settings import defaults

    settings = defaults()
    folder = Path(settings.artifacts_path or settings.cache_dir / "models").expanduser()
    return folder if any(folder.glob("*--docling-layout-*")) else None


def models_at_hand() -> str:
    """What is in that folder, for the key of a stage: with other models a PDF may read otherwise."""
    folder = models() if importlib.util.find_spec("docling") else None
    return ", ".join(sorted(path.name for path in folder.iterdir())) if folder else "none"


def _pipeline() -> Any:
    """docling's own pipeline, but for how it joins lines."""
    from docling.pipeline.standard_pdf_pipeline import StandardPdfPipeline

    class Pipeline(StandardPdfPipeline):
        def _init_models(self) -> None:
            super()._init_models()
            self.assemble_model = hyphens_kept()

    return Pipeline


def hyphens_kept() -> Any:
    """docling's stage that makes paragraphs of lines, but that a hyphen at a line's end stays unless it splits a word."""
    from docling.models.stages.page_assemble.page_assemble_model import PageAssembleModel, PageAssembleOptions

    class Assemble(PageAssembleModel):
        def sanitize_text(self, lines: list[str]) -> str:
            return str(super().sanitize_text(with_hyphens(lines)))

    return Assemble(options=PageAssembleOptions())


def with_hyphens(lines: list[str]) -> list[str]:
    """A paragraph's lines, those made one that a hyphen parts and is more than a word's break: a range, a name, a code."""
    kept: list[str] = []
    for line in lines:
        before = kept[-1] if kept else ""
        if before[-1:] == "-" and before[-2:-1].isalnum() and not _SPLIT_WORD.fullmatch(f"{before[-2:]}\n{line[:1]}"):
            kept[-1] += line
        else:
            kept.append(line)
    return kept


def _unformatted(raw: bytes, name: str) -> bytes:
    file = word.opened(raw, name)
    for run in word.runs(file):
        run.bold = run.italic = run.underline = False  # said, not left out: a style may say otherwise
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def _fault(kind: str, raw: bytes) -> str:
    if b"%PDF-" not in raw[:1024] and kind == "pdf":  # where readers look for it
        return "is no PDF, whatever its name says"
    if kind == "pdf" and b"/Encrypt" in raw:
        return "is protected by a password: save it without one"
    return "is damaged or cut off: docling cannot read it"


def _pages(document: Any) -> dict[str, str | int]:
    """How many pages there are; and how many without text, if any: pictures, or damage."""
    filled = {
        place.page_no for item, _ in document.iterate_items() for place in item.prov if getattr(item, "text", "x").strip()
    }
    empty = document.num_pages() - len(filled)
    return {"pages": document.num_pages()} | ({"pages_without_text": empty} if empty else {})


def _markdown(document: Any, kind: str) -> str:
    text = document.export_to_markdown(**_EXPORT, page_break_placeholder="\x0c" if kind == "pdf" else None)
    if not re.search(r"^# ", text, re.MULTILINE):
        text = re.sub(r"^#(?=#)", "", text, flags=re.MULTILINE)  # without a title its first level is "##"
    text = _AFTER_TABLE.sub(r"\1\n\n", _BEFORE_TABLE.sub(r"\1\n\n", text))  # a table inside a list would be lines of it
    return text.replace("&#124;", "\\|")
