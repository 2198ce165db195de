"""Nigeria Standard Treatment Guidelines 2022, 270 conditions (CC BY 4.0): one document a condition.

Read from the JSON that the dataset's author structured with a language model from text that OCR gave and a clinician sorted;
40 of the files were checked against the print. So `summary_by` names the dataset. Its raw text, which has the same
conditions with the OCR's noise, is not read.

    python -m data_build sources
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.sources.guideline_json import guidelines
from data_build.sources.reading import Unreadable, folder
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="nstg_2022",
    title="Nigeria Standard Treatment Guidelines 2022",
    organization="Federal Ministry of Health, Nigeria",
    year=2022,
    url="https://github.com/chisomrutherford/nigeria-clinical-guidelines-dataset",
    licence="CC-BY-4.0",
    tier="guideline",
    summary_by="NSTG 2022 Structured Clinical Dataset",
)


@register("source", "nigeria-stg")
def read() -> Iterator[Document | Unreadable]:
    """One document a condition. Raises InputError when the folder is missing."""
    yield from guidelines(folder("nigeria-stg") / "nstg.tar.gz", SOURCE)
