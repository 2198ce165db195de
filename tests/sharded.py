"""A phase of three shards, for tests of where shards run. Its steps are here and not in a test, so that a worker can import them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from data_build.executor import ReadShard, WriteShard, carrier_line, shards, whole_file
from data_build.steps.tagging import carry, tag
from medmodel.records import Document, Source

SOURCE = Source(id="s", title="s", licence="CC0-1.0", tier="none")


class Numbered(PipelineStep):  # type: ignore[misc]
    """Tags each document with the shard it came in, and stops at a document called `stop` while `switch` is there."""

    name = "numbered"
    type = "test"

    def __init__(self, switch: Path) -> None:
        super().__init__()
        self.switch = switch

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for carrier in data:
            if carrier.id == "stop" and self.switch.exists():
                raise ValueError("told to stop")
            tag(carrier, "shard", rank)
            yield carrier


class Killed(PipelineStep):  # type: ignore[misc]
    """What a system out of memory does to a worker: always, or once, where `once` is a file that then is gone."""

    name = "killed"
    type = "test"

    def __init__(self, once: Path | None = None) -> None:
        super().__init__()
        self.once = once

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        if not self.once or self.once.exists():
            if self.once:
                self.once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        yield from data


def three_shards(folder: Path) -> list[Any]:
    """Three shards; the second has the document that can stop it."""
    for number, names in enumerate((("a", "b"), ("c", "stop"), ("d",))):
        with whole_file(folder / "in" / f"{number:05d}.jsonl") as out:
            for name in names:
                out.write(carrier_line(carry(Document(id=name, text=f"text of {name}", source=SOURCE, domain="general"))))
    return [ReadShard(folder / "in"), Numbered(folder / "switch"), WriteShard(folder / "out")]


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shards(folder / "out")}
