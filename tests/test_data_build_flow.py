"""The stage `documents`: whole sources held out, every drop explained, the same records on any number of ranks, no text in logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from datatrove.pipeline.base import PipelineStep

from data_build import flow
from data_build.executor import ReadShard, WriteShard, carrier_line, run_phase, whole_file
from data_build.head import BITS, Head, features
from data_build.report import write_report
from data_build.steps.tagging import carry
from data_build.tally import Ran, Tally, steps_of
from medmodel.artifacts import content_digest, hash_files, read_records
from medmodel.errors import InputError, MedmodelError, UnknownName
from medmodel.job import Job
from medmodel.records import Document, Drop, Source
from medmodel.registry import register
from medmodel.stages.documents import Documents, Executor

CANARY = "canary-7f3a-synthetic-text"
LONG = " ".join(f"word{number}" for number in range(60))


def document(source: str, section: str, text: str, **fields: Any) -> Document:
    year = fields.pop("year", 2020)
    described = Source(id=source, title=source, year=year, licence="CC0-1.0", tier="guideline")
    return Document(id=f"{source}/{section}", text=text, source=described, domain="guideline", **fields)


@register("source", "synthetic_guidelines")
def synthetic_guidelines() -> Iterator[Document]:
    """Six guidelines of two sections; one is another's earlier edition, and one section says nothing."""
    for name in "abcdef":
        for section in ("one", "two"):
            text = f"# {name} {section}\n\n" + " ".join(f"{name}{section}{number}" for number in range(80))
            yield document(name, section, text)
    yield document("a_2010", "one", "# a one\n\n" + " ".join(f"aone{number}" for number in range(79)), year=2010)
    yield document("b", "empty", "<!-- nothing -->")


@register("source", "synthetic_nothing")
def synthetic_nothing() -> Iterator[Document]:
    yield from ()


@register("step", "synthetic_breaks")
class Breaks(PipelineStep):  # type: ignore[misc]
    name = "breaks"
    type = "test"

    def run(self, data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for carrier in data:
            text = carrier.text
            raise ValueError(f"a library that quotes its input: {text}")
            yield carrier


Run = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def go(head: Path | None = None, **settings: Any) -> Path:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        defaults = {"sources": ("synthetic_guidelines",), "heldout_guidelines": 2, "always_train": ("a", "a_2010", "b")}
        config = Documents.model_validate({"uses": "documents", **defaults, **settings})
        flow.run(Job(config, {"quality": SimpleNamespace(path=head)} if head else {}, out, seed=3))  # type: ignore[dict-item]
        return out

    return go


def digest(folder: Path) -> str:
    return content_digest(folder, tuple(hash_files(folder)))


@pytest.mark.slow
def test_one_rank_and_two_ranks_give_the_same_content_digest(run: Run) -> None:
    assert digest(run()) == digest(run(executor={"workers": 2}))


@pytest.mark.slow
def test_beyond_one_node_the_shuffle_finds_the_same_duplicates_and_keeps_the_same_copies(run: Run) -> None:
    assert digest(run(near_by="shuffle", executor={"workers": 2})) == digest(run())


def test_a_guideline_is_held_out_with_all_its_sections_or_not_at_all(run: Run) -> None:
    splits: dict[str, set[str]] = {}
    for found in read_records(run() / "documents", Document):
        splits.setdefault(found.source.id, set()).add(found.split)
    assert all(len(both) == 1 for both in splits.values())
    heldout = {source for source, split in splits.items() if split == {"heldout"}}
    assert len(heldout) == 2
    assert not heldout & {"a", "b"}


def test_another_seed_holds_out_other_guidelines(tmp_path: Path) -> None:
    chosen = set()
    for seed in range(6):
        out = tmp_path / str(seed)
        out.mkdir()
        config = Documents(uses="documents", sources=("synthetic_guidelines",), heldout_guidelines=2)
        chosen.add(tuple(flow.run(Job(config, {}, out, seed=seed))["heldout_sources"]))
    assert len(chosen) > 1


def test_every_drop_has_a_reason_and_an_excerpt_and_the_report_counts_it(run: Run) -> None:
    out = run()
    drops = {gone.id: gone for gone in read_records(out / "drops", Drop)}
    assert drops["a_2010/one"].reason == "near duplicate of a/one"
    assert drops["a_2010/one"].excerpt.startswith("# a one")
    assert drops["b/empty"].reason == "empty after cleaning"
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["dropped"] == {"empty after cleaning": 1, "near duplicate": 1}
    by_step = {step["step"]: (step["dropped"], step["dropped_bytes"]) for step in report["steps"]}
    assert by_step["clean"] == (1, len("\n"))
    assert by_step["dedup"] == (1, len(" ".join(f"aone{number}" for number in range(79))) + len("# a one\n\n\n"))
    assert "<th>step" in (out / "report.html").read_text(encoding="utf-8")
    kept = [found.id for found in read_records(out / "documents", Document)]
    assert sorted([*kept, *drops]) == sorted(made.id for made in synthetic_guidelines())


@register("source", "synthetic_rubbish")
def synthetic_rubbish() -> Iterator[Document]:
    """A good text, one in Chinese, and one that is symbols."""
    yield document("good", "one", "Give adrenaline at once, and lay the patient flat.")
    yield document("chinese", "one", "立即给予肾上腺素，并使患者平卧。")
    yield document("symbols", "one", "★ ☎ ★ buy ★ ☎ ★ now ★ ☎ ★ ok ★ ☎ ★")


def test_language_and_rules_drop_only_when_the_recipe_asks(run: Run) -> None:
    sources = {"sources": ("synthetic_rubbish",), "heldout_guidelines": 0, "always_train": ()}
    asked = run(**sources, languages=("en",), quality_rules=True)
    drops = {gone.id: gone.reason for gone in read_records(asked / "drops", Drop)}
    assert drops == {"chinese/one": "language: zh", "symbols/one": "quality: symbols"}
    (kept,) = read_records(asked / "documents", Document)
    assert kept.attributes == {"language": "en", "language_en": 1.0, "language_zh": 0.0}
    report = json.loads((asked / "report.json").read_text(encoding="utf-8"))
    assert report["quality_dropped"] == {"symbols": 1}
    left = read_records(run(**sources) / "documents", Document)
    assert [found.attributes for found in left] == [{}, {}, {}]


def test_a_head_scores_and_drops_below_the_least(run: Run, tmp_path: Path) -> None:
    made = tmp_path / "head"
    made.mkdir()
    weights = np.zeros(1 << BITS, dtype=np.float32)
    weights[features("adrenaline")] = 1
    Head(weights).save(made / "quality.npz")
    out = run(
        sources=("synthetic_rubbish",),
        heldout_guidelines=0,
        always_train=(),
        min_quality=0.6,
        needs={"quality": "head"},
        head=made,
    )
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["dropped"] == {"quality: head": 2}
    assert sum(report["quality"].values()) == 1


def test_the_longest_documents_are_counted_among_the_lengths(tmp_path: Path) -> None:
    tally = Tally()
    for number, text in enumerate(["few words", "many " * 140_000]):
        tally.keep(document("s", str(number), text))
    found = {length: count for length, count in write_report(tmp_path, tally, [])["words"].items() if count}
    assert found == {"<64": 1, "≥131072": 1}


def test_tallies_of_shards_add_up_to_the_tally_of_all() -> None:
    kept = [document("s", str(number), LONG, attributes={"phi_name": number, "quality": number / 8}) for number in range(8)]
    gone = [Drop(id=f"d{n}", reason=f"near duplicate of s/{n % 3}", source="s", size=10, excerpt=f"{n}") for n in range(9)]
    whole, parts = Tally([Ran("phi", ("phi_",))]), [Tally([Ran("phi", ("phi_",))]) for _ in range(3)]
    for number, made in enumerate(kept):
        whole.keep(made)
        parts[number // 3].keep(made)
    for number, drop in enumerate(gone):
        whole.drop(drop)
        parts[number // 3].drop(drop)
    added = Tally()
    for part in parts:
        added.add(part.dumps())
    assert added.counts == whole.counts
    assert added.samples == whole.samples
    assert (added.counts["phi"]["name"], added.counts["tagged"]["phi"], added.counts["dropped bytes"]["dedup"]) == (28, 8, 90)


def test_what_a_step_of_ones_own_drops_is_in_the_table_of_steps_too() -> None:
    tally = Tally()
    for reason in ("no dose in it", "unreadable: is empty", "near duplicate of s/1"):
        tally.drop(Drop(id=reason, reason=reason, source="s", size=5))
    told = {step["step"]: step["dropped"] for step in steps_of(tally, [Ran("dedup", ())])}
    assert told == {"read": 1, "dedup": 1, "other": 1}


def test_a_source_that_gives_nothing_is_an_error_that_names_it(run: Run) -> None:
    with pytest.raises(InputError, match="synthetic_nothing"):
        run(sources=("synthetic_nothing",))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_step_names_the_document_and_no_log_or_error_holds_its_text(
    workers: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        with whole_file(tmp_path / "in" / f"{number:05d}.jsonl") as out:
            out.write(carrier_line(carry(document("s", str(number), f"{CANARY} {LONG}"))))
    pipeline = [ReadShard(tmp_path / "in"), Breaks(), WriteShard(tmp_path / "out")]
    with pytest.raises(MedmodelError, match=r"step 'breaks' failed at or after 's/[01]': ValueError") as raised:
        run_phase(pipeline, 2, tmp_path / "logs", Executor(workers=workers))
    printed = capfd.readouterr()
    logs = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.log"))
    assert "step 'breaks' failed" in logs  # what went wrong is there
    for text in (printed.out, printed.err, logs, str(raised.value)):
        assert CANARY not in text


class Failing(PipelineStep):  # type: ignore[misc]
    """The first step of a phase: gives a document, then fails as it is told to."""

    name = "source"
    type = "test"

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        yield carry(document("s", str(rank), f"{CANARY} {LONG}"))
        raise self.error


def test_a_source_that_fails_names_its_latest_document_and_no_log_or_error_holds_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pipeline = [Failing(ValueError(f"quoted: {CANARY}")), WriteShard(tmp_path / "out")]
    with pytest.raises(MedmodelError, match=r"step 'source' failed at or after 's/0': ValueError") as raised:
        run_phase(pipeline, 1, tmp_path / "logs")
    printed = capfd.readouterr()
    logs = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.log"))
    assert not any(CANARY in text for text in (printed.out, printed.err, logs, str(raised.value)))
    assert list((tmp_path / "out").iterdir()) == []  # not even a half-written file


@pytest.mark.slow
def test_an_error_in_one_of_several_processes_ends_the_phase(tmp_path: Path) -> None:
    pipeline = [Failing(UnknownName("option", "txt_field", ["text_field"])), WriteShard(tmp_path / "out")]
    with pytest.raises(UnknownName, match="did you mean 'text_field'"):
        run_phase(pipeline, 2, tmp_path / "logs", Executor(workers=2))


def test_a_copy_that_is_dropped_for_its_quality_takes_no_other_with_it(tmp_path: Path, run: Run) -> None:
    body = " ".join(f"word{number}" for number in range(60))
    lines = [{"id": "better", "text": f"{body}."}, {"id": "longer and worse", "text": f"{body}. " + "\ufffd" * 40}]
    (tmp_path / "two.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = {"format": "jsonl", "path": str(tmp_path / "two.jsonl"), "licence": "CC0-1.0", "tier": "textbook"}
    out = run(sources=(source,), quality_rules=True, heldout_guidelines=0, always_train=())
    assert [gone.reason for gone in read_records(out / "drops", Drop)] == ["quality: damaged characters"]
    assert len(list(read_records(out / "documents", Document))) == 1
