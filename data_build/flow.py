"""Stage `documents`: from raw sources to documents, each with its source, its split and its licence.

`FLOW` is the whole of it, readable as data. A phase is a datatrove pipeline over shards; a phase that runs *together*
compares all documents at once, and is a barrier. Steps tag; `decide` drops, and every drop has a reason, is counted, and
can be read in drops/. The records are the same whatever the number of ranks, shards and machines; after a crash the shards
that are done are not made again.

    medmodel run demo --until documents
    MEDMODEL_DATA=... medmodel run small --until documents
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from datatrove.data import Document as Carrier
from datatrove.pipeline.base import PipelineStep

from data_build.decide import EXCERPT, decide
from data_build.entries import check_sources
from data_build.executor import ReadShard, WriteShard, carrier_line, read_carriers, run_phase, shards, whole_file
from data_build.report import write_report
from data_build.shuffle import find_clusters
from data_build.sketch import Sketch, Sketches
from data_build.sources.reading import Unreadable
from data_build.steps.comparison import apply, compare
from data_build.steps.split import choose_heldout
from data_build.steps.tagging import carry, source_of, uncarry
from data_build.tally import Ran, Tally
from medmodel import forgetting, registry
from medmodel.artifacts import write_atomic
from medmodel.errors import InputError
from medmodel.forgetting import belongs
from medmodel.job import Job
from medmodel.recipe import data_dir
from medmodel.records import Drop
from medmodel.stages.documents import phi_key

Arguments = Callable[[Any, "Found"], dict[str, Any] | None]  # None: the recipe does without this step


class Found(NamedTuple):
    """What steps take beside the recipe: sources held out, trained models, clusters of likely duplicates."""

    heldout: list[str]
    names: Path | None  # tells names from other words
    quality: Path | None  # scores quality
    clusters: Path | None = None


class Phase(NamedTuple):
    """Steps by name, with the settings each takes; `together` = compares all documents at once."""

    name: str
    steps: tuple[tuple[str, Arguments], ...]
    together: bool = False


FLOW = (
    Phase(
        "tag",
        (
            ("clean", lambda config, found: {}),
            ("language", lambda config, found: {} if config.languages else None),
            (
                "quality",
                lambda config, found: (
                    {"rules": config.quality_rules, "head": found.quality} if config.quality_rules or found.quality else None
                ),
            ),
            ("phi", lambda config, found: {"names": found.names, "key": phi_key()} if config.phi else None),
            (
                "protected",
                lambda config, found: {"benchmarks": config.protected, "data": data_dir(), "cases": config.cases},
            ),
            ("split", lambda config, found: {"heldout": found.heldout}),  # before anything is packed
        ),
    ),
    Phase(
        "compare",
        (
            ("exact_dedup", lambda config, found: {}),
            ("dedup", lambda config, found: {"threshold": config.near_duplicate, "clusters": found.clusters}),
            ("paragraph_dedup", lambda config, found: {"copies": config.paragraph_copies} if config.paragraph_copies else None),
            ("decontaminate", lambda config, found: {}),
        ),
        together=True,
    ),
)
MOST_SHARDS = 99_999  # as many as five digits can name: about 400 GB
SHARD = 4_000_000  # characters: some seconds of work, which is what a crash costs


def run(job: Job) -> dict[str, Any]:
    """Write documents/, drops/, report.json and report.html; returns counts by split and domain, and drops by reason."""
    config = job.config.model_copy(update={"forget": (*job.config.forget, *forgetting.names())})
    work = job.out / "work"
    read = _read_sources(job, config, work / "read")
    heldout = choose_heldout(
        read.sources,
        {"guideline": config.heldout_guidelines, "differential": config.heldout_complaints},
        keep=[name for name in config.always_train if not belongs(name, name, config.forget)],
        always=[name for name in config.always_heldout if not belongs(name, name, config.forget)],
        seed=job.seed,
    )
    found = Found(heldout, _model(job, "names"), _model(job, "quality"))
    folder = read.folder
    ran: list[Ran] = []
    for number, phase in enumerate(FLOW):
        percent = (30 + 50 * number / len(FLOW), 30 + 50 * (number + 1) / len(FLOW))
        if phase.together and config.near_by == "shuffle":
            clusters = find_clusters(folder, len(shards(folder)), work / "near", config.executor)
            found = found._replace(clusters=clusters)
        chosen = [(name, arguments(config, found)) for name, arguments in phase.steps]
        steps = [registry.get("step", name)(**settings) for name, settings in chosen if settings is not None]
        ran += [Ran(name, getattr(registry.get("step", name), "tags", ())) for name, settings in chosen if settings is not None]
        if phase.together:
            _compare(steps, work, work / "findings")
        else:
            pipeline = [ReadShard(folder), *steps, Sketch(work / "sketch", config), WriteShard(folder := work / phase.name)]
            run_phase(
                pipeline,
                len(shards(read.folder)),
                work / f"{phase.name}-logs",
                config.executor,
                _report(job, percent, len(shards(read.folder))),
            )
        job.progress(percent[1], 100, "%")
    pipeline = [ReadShard(folder), _Apply(work / "findings"), _Decide(job.out, work / "tally", config, ran)]
    run_phase(pipeline, len(shards(folder)), work / "decide-logs", config.executor, _report(job, (80, 95), len(shards(folder))))
    tally = Tally(ran)
    for number in range(len(shards(folder))):
        tally.add((work / "tally" / f"{number:05d}.json").read_bytes())
    with whole_file(job.out / "drops" / f"{len(shards(folder)):05d}.jsonl") as out:  # what could not be read comes last
        for gone in read.unreadable:
            tally.drop(gone)
            out.write(gone.model_dump_json(exclude_defaults=True).encode() + b"\n")
    report = write_report(job.out, tally, heldout, ran)
    shutil.rmtree(work)
    write_atomic(job.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    job.progress(100, 100, "%")
    return {
        key: report[key]
        for key in ("documents", "characters", "splits", "domains", "dropped", "heldout_sources", "quarantined")
    }


class Read(NamedTuple):
    """The shards of all sources; what they hold, as (domain, source id); and what could not be read."""

    folder: Path
    sources: set[tuple[str, str]]
    unreadable: list[Drop]


def _read_sources(job: Job, config: Any, work: Path) -> Read:
    """Every source into shards of its own, one task a source; then the shards of all under numbers of their own."""
    names = [source if isinstance(source, str) else source["format"] for source in config.sources]
    check_sources(config.sources)  # again: what a recipe was checked for may have been installed or removed since
    total = len(names)
    pipeline = [_ReadSource(names, config.sources), _Into(work / "sources", names, config.forget)]
    run_phase(pipeline, total, work / "logs", config.executor, _report(job, (0, 30), total), lambda: _load(config))
    sources: set[tuple[str, str]] = set()
    unreadable: list[Drop] = []
    parts: list[Path] = []
    for number, name in enumerate(names):
        folder = work / "sources" / f"{number:05d}"
        told = orjson.loads((folder / "told.json").read_bytes())
        if not told["documents"] and not told["unreadable"]:
            raise InputError(f"source '{name}' is empty: it gave no document")
        sources |= {(domain, source) for domain, source in told["sources"]}
        unreadable += [Drop.model_validate(gone) for gone in told["unreadable"]]
        parts += shards(folder)
    if not parts:
        raise InputError(
            f"documents.sources: nothing could be read of any of them; '{unreadable[0].id}', for one, {_said(unreadable[0])}"
        )
    _check_ids(work / "sources", names)
    if len(parts) > MOST_SHARDS:
        raise InputError(f"documents: {len(parts):,} shards, {MOST_SHARDS:,} at most: build from fewer sources at a time")
    (work / "shards").mkdir(exist_ok=True)
    for number, part in enumerate(parts):
        link = work / "shards" / f"{number:05d}.jsonl"
        if not link.exists():
            link.symlink_to(part.absolute())
    return Read(work / "shards", sources, unreadable)


def _load(config: Any) -> None:
    """The lists of published tests, and what is compiled: the longest to load, half a second, of what tagging is forked with."""
    arguments = {name: arguments for phase in FLOW for name, arguments in phase.steps}["protected"]
    registry.get("step", "protected")(**(arguments(config, Found([], None, None)) or {}))


def _said(gone: Drop) -> str:
    return gone.reason.removeprefix("unreadable: ")


def _check_ids(folder: Path, names: list[str]) -> None:
    """An id means one document: what is found, split, traced and forgotten is found by it."""
    told = [orjson.loads((folder / f"{number:05d}" / "told.json").read_bytes()) for number in range(len(names))]
    entries = Counter(source for each in told for source in {source for _, source in each["sources"]})
    seen: dict[str, str] = {}
    for number, each in enumerate(told):
        if any(entries[source] > 1 for _, source in each["sources"]):  # others cannot share an id: it begins with the source's
            for part in shards(folder / f"{number:05d}"):
                for carrier in read_carriers(part):
                    if carrier.id in seen:
                        raise InputError(
                            f"documents.sources: '{seen[carrier.id]}' and '{names[number]}' both give a document "
                            f"'{carrier.id}': give one of the two entries an `id:` of its own"
                        )
                    seen[carrier.id] = names[number]


class _ReadSource(PipelineStep):
    """Gives a task the documents of one source, and what could not be read of it."""

    name = "source"
    type = "medmodel"

    def __init__(self, names: list[str], sources: Iterable[Any]) -> None:
        super().__init__()
        self.readers = [registry.get("source", name) for name in names]
        self.options = [
            {} if isinstance(source, str) else {key: value for key, value in source.items() if key != "format"}
            for source in sources
        ]

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        yield from self.readers[rank](**self.options[rank])


class _Into(PipelineStep):
    """Writes one source's documents as shards, and told.json: what it holds, and what could not be read."""

    name = "shards"
    type = "medmodel"

    def __init__(self, folder: Path, names: list[str], forget: Iterable[str]) -> None:
        super().__init__()
        self.folder = folder
        self.names = names
        self.forget = tuple(forget)

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        folder = self.folder / f"{rank:05d}"
        unreadable: list[dict[str, str]] = []
        sources: set[tuple[str, str]] = set()
        seen: set[str] = set()

        def documents() -> Iterator[Carrier]:
            for found in data:
                if isinstance(found, Unreadable):
                    unreadable.append({"id": found.id, "reason": f"unreadable: {found.reason}", "source": self.names[rank]})
                    continue
                if found.id in seen:
                    raise InputError(f"source '{self.names[rank]}' gives two documents the id '{found.id}'")
                seen.add(found.id)
                if not belongs(found.id, found.source.id, self.forget):
                    sources.add((found.domain, found.source.id))
                yield carry(found)

        for number, part in enumerate(_parts(documents())):
            with whole_file(folder / f"{number:05d}.jsonl") as out:
                for carrier in part:
                    out.write(carrier_line(carrier))
        told = {"documents": len(seen), "sources": sorted(sources), "unreadable": unreadable}
        with whole_file(folder / "told.json") as out:
            out.write(orjson.dumps(told))
        yield from ()


def _parts(carriers: Iterator[Carrier]) -> Iterator[Iterator[Carrier]]:
    """Cut a stream into parts of about `SHARD` characters; each must be read before the next."""
    for first in carriers:

        def part(first: Carrier = first) -> Iterator[Carrier]:
            yield first
            size = len(first.text)
            while size < SHARD:
                following = next(carriers, None)
                if following is None:
                    return
                size += len(following.text)
                yield following

        yield part()


def _compare(steps: list[Any], work: Path, folder: Path) -> None:
    """The barrier: what is found of the documents of each shard, as one file a shard."""
    sketches = Sketches.open(work / "sketch")
    found: list[list[tuple[str, str, str]]] = [[] for _ in sketches.shards]
    for document, kind, value in sorted(compare(steps, sketches)):
        found[sketches.shard_of(document)].append((sketches.ids[document], kind, value))
    for number, findings in enumerate(found):
        with whole_file(folder / f"{number:05d}.json") as out:
            out.write(orjson.dumps(findings))


class _Apply(PipelineStep):
    """Tags the documents of a shard with what the barrier found of them."""

    name = "findings"
    type = "medmodel"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        findings: dict[str, list[tuple[str, str]]] = {}
        for document, kind, value in orjson.loads((self.folder / f"{rank:05d}.json").read_bytes()):
            findings.setdefault(document, []).append((kind, value))
        for carrier in data:
            for kind, value in findings.get(carrier.id, ()):
                apply(carrier, kind, value)
            yield carrier


class _Decide(PipelineStep):
    """Writes a shard's documents that stay, those that do not with the reason, and the tally of both."""

    name = "decide"
    type = "medmodel"

    def __init__(self, out: Path, tallies: Path, config: Any, steps: Sequence[Ran]) -> None:
        super().__init__()
        self.out = out
        self.tallies = tallies
        self.config = config
        self.steps = list(steps)

    def run(self, data: Iterable[Carrier], rank: int = 0, world_size: int = 1) -> Iterator[Carrier]:
        tally = Tally(self.steps)
        with (
            whole_file(self.out / "documents" / f"{rank:05d}.jsonl") as kept,
            whole_file(self.out / "drops" / f"{rank:05d}.jsonl") as dropped,
        ):
            for carrier in data:
                reason = decide(carrier, self.config)
                if reason:
                    excerpt = "" if reason == "forgotten on request" else carrier.text[:EXCERPT]
                    size = len(carrier.text.encode("utf-8", "surrogatepass"))
                    gone = Drop(id=carrier.id, reason=reason, source=source_of(carrier)["id"], size=size, excerpt=excerpt)
                    tally.drop(gone)
                    dropped.write(gone.model_dump_json(exclude_defaults=True).encode() + b"\n")
                else:
                    document = uncarry(carrier)
                    tally.keep(document)
                    kept.write(document.model_dump_json(exclude_defaults=True).encode() + b"\n")
        with whole_file(self.tallies / f"{rank:05d}.json") as told:
            told.write(tally.dumps())
        yield from ()


def _model(job: Job, role: str) -> Path | None:
    return job.inputs[role].path if role in job.inputs else None


def _report(job: Job, percent: tuple[float, float], total: int) -> Callable[[int], None]:
    """Progress of a phase as its part of the whole."""
    start, end = percent
    return lambda done: job.progress(start + (end - start) * min(1.0, done / max(1, total)), 100, "%")
