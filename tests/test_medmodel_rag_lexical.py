"""Search by words in an index that is too large to read every passage with a frequent word."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from medmodel.rag.lexical import FINDING, LOOKING_UP, Lexical, build, finding_words, remove


@pytest.mark.parametrize(
    ("having", "finding", "why"),
    [
        ([3, 50, 900], 3, "all are few"),
        (
            [4_000, 7_000, 500_000, 600_000],
            2,
            "11,000 passages, looked at twice more at five times the price: 121,000 of 1,111,000",
        ),
        ([4_000, 900_000], 2, "4,000 passages may be too few to be the best"),
        ([10_000, 50_000], 2, "looking 10,000 up costs as much as reading 50,000"),
        ([10_000, 50_001], 1, "and now less"),
        ([10_000] + [12_000] * 40, 41, "looking 40 words up is dearer than reading what has them"),
        ([2_000_000], 1, "a frequent word alone finds what it can"),
    ],
)
def test_frequent_words_find_no_passages_of_their_own_where_looking_them_up_is_cheaper(
    having: list[int], finding: int, why: str
):
    assert finding_words(having) == finding, why


def test_a_frequent_word_still_counts_in_the_passages_that_a_rarer_one_found(tmp_path: Path):
    both = FINDING - 1  # the only passage that has both words
    texts = ["Gout here"] * both + ["Gout pain"] + ["Pain here"] * (LOOKING_UP * FINDING)
    build(tmp_path / "words", (("", text) for text in texts))
    opened = Lexical(tmp_path / "words")
    first, second = opened.search("gout pain", 2)
    assert first[0] == both
    assert second[0] < both, "passages with the frequent word alone are not found"
    gout = dict(opened.search("gout", FINDING))[both]
    [(_, pain)] = opened.search("pain", 1)
    assert first[1] == pytest.approx(gout + pain, rel=1e-5)


def test_a_folder_that_a_thread_still_writes_into_is_deleted_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "part"
    folder.mkdir()
    started = threading.Event()

    def write() -> None:
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            with suppress(OSError):
                (folder / ".tantivy-meta.lock").touch()
            started.set()

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    remove(folder)
    writer.join()
    assert not folder.exists()


def test_a_folder_that_cannot_be_deleted_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        remove(tmp_path / "file")
