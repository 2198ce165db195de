"""What comparing documents needs to know of each, in arrays: so that a barrier over all documents reads no text.

A shard's sketch is made where the shard is (in parallel), and holds for each document: what decides which of two
duplicates is kept, a digest of the whole text, the hash of every word, the MinHash bands, and a hash of every long
paragraph. `Sketches` puts the shards together; the words stay on disk, and are read document by document when asked for.

rensa makes the MinHash. Its LSH index is not used: keeping bands as 32-bit keys and sorting them takes 20 x 4 bytes a
document, and 1M passages fit in memory (`tests/perf/dedup.py`).

Papers: Broder 1997, "On the resemblance and containment of documents"; Leskovec et al., "Mining of Massive Datasets", 3.4.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from datatrove.pipeline.base import PipelineStep
from rensa import RMinHash

from data_build import words
from data_build.decide import decide
from data_build.executor import whole_file
from data_build.steps.tagging import source_of

TIERS = ("guideline", "review", "textbook", "local", "patient", "forum", "none")  # the evidence, strongest first
BANDS, ROWS = 20, 6  # a pair at Jaccard 0.8 is proposed with probability 0.998, one at 0.5 with 0.27
SEED = 42
SHINGLE = 5  # words
PARAGRAPH = 80  # characters; a shorter line is a heading or an item, and may stand anywhere
_ARRAYS = ("meta", "texts", "bands", "bounds", "paragraphs")
_META = np.dtype([("tier", "u1"), ("year", "<i4"), ("length", "<u4"), ("heldout", "?"), ("dropped", "?")])


class WordFile:
    """The words of a shard, on disk. Not a memory map: what it has touched would count as memory until others want it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: int | None = None

    def __getitem__(self, part: slice) -> words.U32:
        if self.file is None:
            self.file = os.open(self.path, os.O_RDONLY)
        return np.frombuffer(os.pread(self.file, 4 * (part.stop - part.start), 4 * part.start), dtype=np.uint32)

    def __del__(self) -> None:
        if self.file is not None:
            os.close(self.file)


class ShardSketch(NamedTuple):
    """Arrays over the n documents of a shard. Words of document i: `words[bounds[i, 0]:bounds[i, 1]]`; plain: columns 2, 3."""

    ids: list[str]
    meta: npt.NDArray[Any]  # (n,) of _META
    texts: words.U64  # (n, 2): digest of the text but for case and white space
    bands: words.U32  # (n, BANDS)
    bounds: npt.NDArray[np.int64]  # (n, 4)
    words: words.U32 | WordFile
    paragraphs: words.U64  # (p, 3): document, line, digest


class Sketch(PipelineStep):
    """Passes documents on, and writes the sketch of its shard when the last has passed."""

    name = "sketch"
    type = "medmodel"

    def __init__(self, folder: Path, config: Any = None) -> None:
        super().__init__()
        self.folder = folder
        self.config = config  # of the stage: what `decide` drops by it is compared with nothing
        words.runs(words.words("a"), 1)  # what is compiled is loaded once, before a fork

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        maker = _Maker(self.config)
        for carrier in data:
            maker.add(carrier)
            yield carrier
        save(maker.made(), self.folder / f"{rank:05d}")


class Sketches:
    """The sketches of all shards as one; document numbers run through them."""

    def __init__(self, shards: Sequence[ShardSketch]) -> None:
        self.shards = shards
        self.starts = np.cumsum([0, *(len(shard.ids) for shard in shards)])
        self.ids = [name for shard in shards for name in shard.ids]
        self.meta = np.concatenate([shard.meta for shard in shards]) if shards else np.empty(0, dtype=_META)

    @classmethod
    def of(cls, carriers: Iterable[Any]) -> Sketches:
        """Of documents in memory, as one shard."""
        maker = _Maker()
        for carrier in carriers:
            maker.add(carrier)
        return cls([maker.made()])

    @classmethod
    def open(cls, folder: Path) -> Sketches:
        return cls([load(folder / path.name.partition(".")[0]) for path in sorted(folder.glob("*.ids.json"))])

    def __len__(self) -> int:
        return len(self.ids)

    def order(self) -> list[int]:
        """The documents that are still in, the most preferred first: tier, then newer, longer, smaller id."""
        meta = self.meta
        by_id = np.empty(len(self), dtype=np.int64)
        by_id[sorted(range(len(self)), key=self.ids.__getitem__)] = np.arange(len(self))
        order = np.lexsort((by_id, -meta["length"].astype(np.int64), -meta["year"], meta["tier"]))
        found: list[int] = order[~meta["dropped"][order]].tolist()
        return found

    def words_of(self, number: int, *, plain: bool = False) -> words.U32:
        shard, at = self._place(number)
        start, end = shard.bounds[at, 2:4] if plain else shard.bounds[at, 0:2]
        return shard.words[int(start) : int(end)]

    def shingles(self, number: int) -> words.U64:
        """Sorted, without repeats."""
        return words.distinct(words.runs(self.words_of(number), SHINGLE))

    def shard_of(self, number: int) -> int:
        return int(np.searchsorted(self.starts, number, side="right")) - 1

    def _place(self, number: int) -> tuple[ShardSketch, int]:
        at = self.shard_of(number)
        return self.shards[at], number - int(self.starts[at])


def save(sketch: ShardSketch, stem: Path) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        with whole_file(stem.with_name(f"{stem.name}.{name}.npy")) as out:
            np.save(out, getattr(sketch, name), allow_pickle=False)
    with whole_file(stem.with_name(f"{stem.name}.words.u32")) as out:
        out.write(sketch.words[0 : int(sketch.bounds.max(initial=0))].tobytes())
    with whole_file(stem.with_name(f"{stem.name}.ids.json")) as out:
        out.write(orjson.dumps(sketch.ids))


def load(stem: Path) -> ShardSketch:
    arrays = {name: np.load(stem.with_name(f"{stem.name}.{name}.npy"), mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
    ids = orjson.loads(stem.with_name(f"{stem.name}.ids.json").read_bytes())
    return ShardSketch(ids=ids, words=WordFile(stem.with_name(f"{stem.name}.words.u32")), **arrays)


class _Maker:
    """Collects what is known of each document of a shard."""

    def __init__(self, config: Any = None) -> None:
        self.config = config
        self.ids: list[str] = []
        self.meta: list[tuple[int, int, int, bool, bool]] = []
        self.texts: list[bytes] = []
        self.found: list[words.U32] = []
        self.bounds: list[tuple[int, int, int, int]] = []
        self.paragraphs: list[tuple[int, int, int]] = []
        self.size = 0

    def add(self, carrier: Any) -> None:
        record = carrier.metadata["document"]
        source = source_of(carrier)
        lower = carrier.text.lower()
        number = len(self.ids)
        self.ids.append(carrier.id)
        self.meta.append(
            (
                TIERS.index(source["tier"]),
                source["year"] or 0,
                len(carrier.text),
                record["split"] == "heldout",
                bool(decide(carrier, self.config) if self.config else carrier.metadata["drop"]),
            )
        )
        self.texts.append(hashlib.sha256(" ".join(lower.split()).encode("utf-8", "surrogatepass")).digest()[:16])
        found = words.words(lower)
        start, end = self._keep(found)
        plain = (start, end) if lower.isascii() and "_" not in lower else self._keep(words.words(lower, plain=True))
        self.bounds.append((start, end, *plain))
        for line, paragraph in enumerate(lower.split("\n")):
            if len(paragraph) >= PARAGRAPH:
                digest = hashlib.blake2b(" ".join(paragraph.split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()
                self.paragraphs.append((number, line, int.from_bytes(digest, "little")))

    def made(self) -> ShardSketch:
        whole = np.concatenate(self.found) if self.found else np.empty(0, dtype=np.uint32)
        bounds = np.array(self.bounds, dtype=np.int64).reshape(-1, 4)
        return ShardSketch(
            ids=self.ids,
            meta=np.array(self.meta, dtype=_META),
            texts=np.frombuffer(b"".join(self.texts), dtype="<u8").reshape(-1, 2),
            bands=_bands(whole, bounds),
            bounds=bounds,
            words=whole,
            paragraphs=np.array(self.paragraphs, dtype=np.uint64).reshape(-1, 3),
        )

    def _keep(self, found: words.U32) -> tuple[int, int]:
        self.found.append(found)
        start, self.size = self.size, self.size + len(found)
        return start, self.size


def _bands(whole: words.U32, bounds: npt.NDArray[np.int64]) -> words.U32:
    """One 32-bit key a band: two documents are compared when they share one."""
    if not len(bounds):
        return np.empty((0, BANDS), dtype=np.uint32)
    shingles = [words.runs(whole[start:end], SHINGLE) for start, end in bounds[:, :2]]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in shingles])]).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(np.concatenate(shingles), offsets, BANDS * ROWS, SEED)
    rows = np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(bounds), BANDS, ROWS)
    keys = np.zeros(rows.shape[:2], dtype=np.uint64)
    for row in range(ROWS):
        keys = (keys ^ rows[:, :, row]) * np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(29)
    return (keys >> np.uint64(32)).astype(np.uint32)
