"""GPTeacher, role play (teknium1, MIT), as AlpacaDataCleaned carries it: 3,146 instructions written and answered by GPT-4.

Replay: general English, no medicine. What a model made, a provider's terms may restrict beside the licence.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="gpteacher",
    title="GPTeacher: role play",
    organization="teknium1/GPTeacher",
    year=2023,
    date="2023-04-14",
    url="https://github.com/gururise/AlpacaDataCleaned",
    licence="MIT",
    tier="none",
)
FILE = "dataset_extensions/GPTeacher/Roleplay/roleplay-simple-deduped-roleplay-dataset.json"


@register("source", "gpteacher")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("gpteacher", FILE):
        yield from documents(member, SOURCE, alpaca, domain="instruction")
