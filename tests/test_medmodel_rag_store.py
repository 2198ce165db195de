"""Passages on disk: what is read back is what was split, to the last character, whatever the script."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hashed import hashed
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.errors import InputError
from medmodel.rag.index import Index, build_index
from medmodel.records import Document, Source

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # where fsync costs nothing
WILD = st.sampled_from(
    [
        "Give 5 mg. ",
        "剂量为5mg。每日一次。",
        "👩🏽‍⚕️ emoji 1️⃣. ",
        "é e\u0301 combining. ",
        "جرعة واحدة. مرتين. ",  # right to left
        "\u202eoverride\u202c. ",
        "a\u2028b\u2029c. ",  # line ends to Unicode, not to JSON lines
        "x\r\ny\rz. ",
        "\x85\x0b\x0c. ",
        '"quoted" \\back. ',
        "𝒙 astral 𐍈. ",
        "\n# Heading ü\n\n",
        "\n- bullet ½ – em—dash. ",
    ]
)


@given(st.lists(st.one_of(WILD, st.text(max_size=30)), max_size=30).map("".join), st.text(min_size=1, max_size=12))
@settings(max_examples=20)
def test_a_passage_read_back_is_a_slice_of_its_document_and_so_is_every_quote(text: str, name: str) -> None:
    source = Source(id=name, title=name, licence="MIT", tier="guideline")
    document = Document(id=f"{name}/1", text=text, source=source, domain="guideline")
    # tantivy looks at an index that was just opened from a thread, and may write its lock while the folder is removed
    with tempfile.TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as folder:
        try:
            counts = build_index([document], Path(folder), "hashed", embed=hashed)
        except InputError:  # no sentence in it
            return
        index = Index.open(Path(folder))
        assert len(index.passages) == counts["passages"]
        for passage_id, passage in index.passages.items():
            assert passage.id == passage_id
            assert passage.text.encode() == text[passage.start : passage.end].encode()
            for at, span in enumerate(passage.sentences):
                assert passage.sentence(at) == text[passage.start + span.start : passage.start + span.end]
