"""Medical Meadow, small (kbressem/medAlpaca): 5,942 patients' questions with the answers of WikiDoc's patient pages.

Licence: mixed, and not stated by row (DATA_DESCRIPTION.md), so not stated as far as a releasable mix goes.
Tier: forum, since a wiki's copy of a page of the NIH must lose against the page. Every row has the instruction "Answer
this question truthfully"; it is left out, as 5,942 copies would only make the documents more alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca, renamed
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="medalpaca",
    title="Medical Meadow: WikiDoc patient information",
    organization="medAlpaca",
    year=2023,
    date="2023-09-07",
    url="https://github.com/kbressem/medAlpaca",
    licence="n/s (mixed)",
    tier="forum",
)
FILE = "medical_meadow_small.json"
QUESTION_ONLY = {"instruction": "input", "input": ""}  # the constant instruction goes


@register("source", "medalpaca")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("medalpaca", FILE):
        yield from documents(member, SOURCE, renamed(alpaca, QUESTION_ONLY), domain="dialogue")
