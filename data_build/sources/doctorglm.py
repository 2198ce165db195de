"""ChatDoctor's conversations in machine-translated Chinese (xionghonglin/DoctorGLM): 5,397 rows, no licence stated.

Noisy twice over and on purpose: for the quality head, never for training. The constant instruction is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.shapes import alpaca, renamed
from data_build.sources.medalpaca import QUESTION_ONLY
from data_build.sources.reading import Unreadable
from data_build.sources.rows import documents, files_of
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="doctorglm",
    title="GenMedGPT 5k in Chinese",
    organization="DoctorGLM",
    year=2023,
    date="2023-10-19",
    url="https://github.com/xionghonglin/DoctorGLM",
    licence="n/s",
    tier="none",
)
FILE = "Doctor_GLM/GenMedGPT-5k-ch.json"


@register("source", "doctorglm")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("doctorglm", FILE):
        yield from documents(member, SOURCE, renamed(alpaca, QUESTION_ONLY), domain="dialogue", language="zh")
