"""Format hf: any data set of the Hugging Face Hub, or a copy of one in a folder, streamed.

    sources: [{format: hf, dataset: owner/name, split: train, licence: CC-BY-4.0, text_field: article}]
    sources: [{format: hf, path: copies/medical, licence: MIT, shape: alpaca, columns: {instruction: question, output: answer}}]

`dataset` is a name on the Hub, `path` a folder with the files of a data set, or one that `save_to_disk` wrote; just one of
them. `revision` pins a commit: without one the same recipe may build something else next month. Offline, and when the Hub
does not answer, the error says to download the set and to give its folder. A set that needs its own loading code is an
error too: code from a data set is never run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_build.shapes import SHAPES, renamed
from data_build.sources.reading import Entry, Unreadable
from data_build.sources.rows import described, of_rows
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document
from medmodel.registry import register


@register("source", "hf")
def read(
    dataset: str | None = None,
    path: str | None = None,
    licence: str | None = None,
    *,
    config: str | None = None,
    split: str = "train",
    revision: str | None = None,
    tier: str = "none",
    language: str = "en",
    domain: str = "general",
    shape: str = "text",
    text_field: str = "text",
    columns: Mapping[str, str] | None = None,
    key: str | None = None,
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every row of one split."""
    if (dataset is None) == (path is None):
        raise InputError("source hf needs either `dataset:`, a name on the Hub, or `path:`, a folder")
    if shape not in SHAPES:
        raise UnknownName("shape", shape, SHAPES, "source hf")
    name = str(dataset or path)
    source = described("hf", name, licence, tier, about)
    names = {"text": text_field, **(columns or {})} if shape == "text" else dict(columns or {})
    rows = _rows(name, path is not None, config, split, revision)
    yield from of_rows(rows, split, source, renamed(SHAPES[shape], names), domain=domain, language=language, key=key)


def _rows(name: str, local: bool, config: str | None, split: str, revision: str | None) -> Iterator[Entry]:
    import datasets

    try:
        for number, row in enumerate(_stream(name, local, config, split, revision), 1):
            yield Entry(number, row)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as fault:
        hint = "look at its files" if local else "download it where there is a network, and give its folder as `path:`"
        raise InputError(
            f"source hf: split '{split}' of '{name}' cannot be read ({type(fault).__name__}): check the name, the config and "
            f"the split; {hint}"
        ) from None


def _stream(name: str, local: bool, config: str | None, split: str, revision: str | None) -> Any:
    import datasets

    if not local:
        return datasets.load_dataset(name, config, split=split, revision=revision, streaming=True)
    folder = Path(name).expanduser()
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        saved = datasets.load_from_disk(str(folder))
        return saved[split] if isinstance(saved, datasets.DatasetDict) else saved
    return datasets.load_dataset(str(folder), config, split=split, streaming=True)
