"""Stage `documents`: from raw sources to documents, each with its source, its split and its licence.

`FLOW` is the whole of it, readable as data. A phase is a datatrove pipeline over shards; a *global* phase sees every
document at once (duplicates, contamination), and is a barrier. Steps tag; `decide` drops, and every drop has a reason,
is counted, and can be read in drops/. The records are the same whatever the number of ranks.

    medmodel run demo --until documents
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from datatrove.data import Document as Carrier
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep

from data_build.steps.split import choose_heldout
from data_build.steps.tagging import Drop, carry, quiet_logger, uncarry
from medmodel import registry
from medmodel.artifacts import write_atomic, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document


class Phase(NamedTuple):
    """Steps by name, with the settings each takes from the recipe; `together` = needs all documents at once."""

    name: str
    steps: tuple[tuple[str, Callable[[Any], dict[str, Any]]], ...]
    together: bool = False


FLOW = (
    Phase("clean", (("clean", lambda settings: {}),)),
    Phase("split", (("split", lambda settings: {"heldout": settings["heldout"]}),)),  # before anything is packed
    Phase(
        "compare",
        (
            ("exact_dedup", lambda settings: {}),
            ("dedup", lambda settings: {"threshold": settings["near_duplicate"]}),
            ("decontaminate", lambda settings: {}),
        ),
        together=True,
    ),
)
EXCERPT = 200  # characters of a dropped document that can be read


def run(job: Job) -> dict[str, Any]:
    """Write documents/, drops/ and report.json; returns counts by split and domain, and drops by reason."""
    job.clear()
    config = job.config
    documents: list[Document] = []
    for number, name in enumerate(config.sources):
        found = list(registry.get("source", name)())
        if not found:
            raise InputError(f"source '{name}' is empty: it gave no document")
        documents += found
        job.progress(number + 1, len(config.sources) + len(FLOW), "steps")
    heldout = choose_heldout(
        documents,
        {"guideline": config.heldout_guidelines, "differential": config.heldout_complaints},
        keep=config.always_train,
        seed=job.seed,
    )
    settings = {**config.model_dump(), "heldout": heldout}
    carried = [carry(document) for document in documents]
    for number, phase in enumerate(FLOW):
        steps = [registry.get("step", name)(**arguments(settings)) for name, arguments in phase.steps]
        carried = _run_phase(steps, carried, 1 if phase.together else config.tasks, job.out / "work" / phase.name)
        job.progress(len(config.sources) + number + 1, len(config.sources) + len(FLOW), "steps")
    kept, drops = decide(carried)
    shutil.rmtree(job.out / "work")
    kept.sort(key=lambda document: document.id)
    drops.sort(key=lambda gone: gone.id)
    write_records(job.out / "documents", kept)
    if drops:
        write_records(job.out / "drops", drops)
    report = _report(kept, drops, heldout)
    write_atomic(job.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    return {
        key: report[key]
        for key in ("documents", "characters", "splits", "domains", "dropped", "heldout_sources", "quarantined")
    }


def decide(carried: Iterable[Carrier]) -> tuple[list[Document], list[Drop]]:
    """The one place where a tagged document is dropped."""
    kept: list[Document] = []
    drops: list[Drop] = []
    for carrier in carried:
        if carrier.metadata["drop"]:
            source = carrier.metadata["document"]["source"]["id"]
            drops.append(Drop(id=carrier.id, reason=carrier.metadata["drop"], source=source, excerpt=carrier.text[:EXCERPT]))
        else:
            kept.append(uncarry(carrier))
    return kept, drops


class _Shard(PipelineStep):  # type: ignore[misc]
    """Gives each rank its share of the documents, by position."""

    name = "shard"
    type = "medmodel"

    def __init__(self, carried: Sequence[Carrier]) -> None:
        super().__init__()
        self.carried = carried

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        yield from self.carried[rank::world_size]


class _Keep(PipelineStep):  # type: ignore[misc]
    """Writes what a rank made: ranks are processes, and files are what they share."""

    name = "keep"
    type = "medmodel"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Any:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"text": d.text, "id": d.id, "metadata": d.metadata}, ensure_ascii=False) + "\n" for d in data]
        (self.folder / f"{rank:05d}.jsonl").write_text("".join(lines), encoding="utf-8")
        yield from ()


def _run_phase(steps: Sequence[Any], carried: Sequence[Carrier], tasks: int, folder: Path) -> list[Carrier]:
    """Run steps over the documents on `tasks` ranks; returns all documents, in an order that ranks do not change."""
    quiet_logger()
    LocalPipelineExecutor(
        pipeline=[_Shard(carried), *steps, _Keep(folder / "out")],
        tasks=tasks,
        workers=tasks,
        logging_dir=str(folder / "logs"),
        skip_completed=False,
    ).run()
    lines = [
        line
        for path in sorted((folder / "out").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    return sorted((Carrier(**json.loads(line)) for line in lines), key=lambda carrier: carrier.id)


def _report(kept: Sequence[Document], drops: Sequence[Drop], heldout: Sequence[str]) -> dict[str, Any]:
    def counted(values: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(values).items()))

    return {
        "documents": len(kept),
        "characters": sum(len(document.text) for document in kept),
        "splits": counted(document.split for document in kept),
        "domains": counted(f"{document.domain}/{document.split}" for document in kept),
        "licences": counted(document.source.licence for document in kept),
        "sources": counted(document.source.id for document in kept),
        "dropped": counted(gone.reason.split(" of ")[0].split(":")[0] for gone in drops),
        "heldout_sources": list(heldout),
        "quarantined": {d.id: d.attributes["quarantined"] for d in kept if "quarantined" in d.attributes},
    }
