"""The gate through the product's front door, with fakes for the model: each scores at its true value."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evals.gate import digest_of, hold, kept
from evals.profiles import Gate
from evals.run import errors, mean, measure
from evals.suite import Material, Part, Scored, Subject
from evals.suites.grounding import Grounding
from evals.verdicts import conclude
from evals.verify import verify
from medmodel import registry, release
from medmodel.artifacts import Artifact, publish, write_records
from medmodel.client import Client
from medmodel.errors import EngineError, GateFailed, InputError, ReleaseRefused
from medmodel.job import Job
from medmodel.models.engine import Completion, Engine
from medmodel.models.scripted import ScriptedEngine
from medmodel.prompts import NO_ANSWER
from medmodel.rag.answer import Answerer
from medmodel.rag.index import Index, build_index
from medmodel.records import Case, ChoiceItem, Document, Example, GateReport, Message, Record, Source
from medmodel.release import check_report
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Fixed, Product
from medmodel.serve.run import running

FACTS = {
    "gout": "Allopurinol is started at 100 mg daily in chronic gout and raised every four weeks until urate is on target.",
    "asthma": "Inhaled budesonide with formoterol is the preferred reliever in mild asthma for adults and adolescents.",
    "fibrillation": "Apixaban 5 mg twice daily prevents stroke in atrial fibrillation when the stroke risk score is raised.",
    "thrombosis": "Compression stockings relieve leg swelling after deep vein thrombosis but do not prevent the syndrome.",
}


def documents() -> list[Document]:
    """Synthetic."""
    return [
        Document(
            id=f"{topic}/advice",
            text=f"# {topic.title()}\n\n{fact}\n",
            source=Source(id=topic, title=f"Advice on {topic}", organization="Made up", licence="CC0-1.0", tier="guideline"),
            domain="guideline",
            split="heldout" if topic in ("gout", "asthma") else "train",
        )
        for topic, fact in FACTS.items()
    ]


CASES = [
    Case(id="gout", question="How is allopurinol started in chronic gout?", expect_source="gout", expect_quote=FACTS["gout"]),
    Case(
        id="asthma",
        question="Which reliever is preferred in mild asthma for adults?",
        expect_source="asthma",
        expect_quote=FACTS["asthma"],
    ),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build_index(documents(), folder)
    return folder


@pytest.fixture
def asked(index: Path, tmp_path: Path) -> Callable[[Engine], list[Scored]]:
    """Score an engine by the suite, over the real API and a real socket."""
    opened = Index.open(index)
    retriever = registry.get("retriever", "fusion")(index=opened, k=8)

    def score(engine: Engine) -> list[Scored]:
        product = Product(lambda now: Answerer(retriever, now), Fixed(engine), {"name": "made up"})
        with (
            closing(FeedbackStore(f"sqlite:///{tmp_path}/f.sqlite")) as store,
            running(create_app(product, store)) as url,
            Client(url) as client,
        ):
            return measure(Grounding(Material(cases=CASES, passages=opened.passages)), Subject(client.ask))

    return score


class Copying(ScriptedEngine):
    """Copies the second sentence it is shown, whatever is asked."""

    async def generate(self, messages: Sequence[Message], **options: Any) -> Completion:
        line = next(line for line in messages[-1].content.split("\n") if line.startswith("[2] "))
        return Completion(text=line, finish_reason="stop")


def saying(text: str) -> ScriptedEngine:
    return ScriptedEngine([text] * 10)


def test_an_engine_that_copies_the_right_sentence_is_grounded_and_shown(asked: Callable[[Engine], list[Scored]]) -> None:
    rows = asked(ScriptedEngine())
    for metric in ("grounded", "well_formed", "right_sentence", "model_written", "right_source", "citations_valid"):
        assert mean(rows, metric) == 1.0, metric


def test_an_empty_engine_is_neither_well_formed_nor_grounded(asked: Callable[[Engine], list[Scored]]) -> None:
    rows = asked(saying(""))
    assert (mean(rows, "well_formed"), mean(rows, "grounded"), mean(rows, "model_written")) == (0.0, 0.0, 0.0)
    assert mean(rows, "citations_valid") == 1.0  # what is shown in its place are quotes


def test_an_engine_that_always_refuses_is_well_formed_and_never_grounded(asked: Callable[[Engine], list[Scored]]) -> None:
    rows = asked(saying(NO_ANSWER))
    assert (mean(rows, "well_formed"), mean(rows, "grounded"), mean(rows, "right_source")) == (1.0, 0.0, 0.0)
    assert mean(rows, "citations_valid") is None  # an abstention shows none


def test_one_answer_to_everything_is_well_formed_and_never_grounded(asked: Callable[[Engine], list[Scored]]) -> None:
    rows = asked(saying("[1] Aspirin 300 mg helps against everything and everybody."))
    assert (mean(rows, "well_formed"), mean(rows, "grounded"), mean(rows, "model_written")) == (1.0, 0.0, 0.0)


def test_an_engine_that_copies_the_wrong_sentence_is_grounded_but_does_not_point(
    asked: Callable[[Engine], list[Scored]],
) -> None:
    rows = asked(Copying())
    assert (mean(rows, "grounded"), mean(rows, "right_sentence")) == (1.0, 0.0)
    assert Grounding(Material()).detail(rows * 5)["degenerate"]
    assert not Grounding(Material()).detail(rows)["degenerate"]  # two answers show no habit


def test_an_engine_that_breaks_is_an_error_and_no_score(asked: Callable[[Engine], list[Scored]]) -> None:
    rows = asked(ScriptedEngine([EngineError("it died")] * 10))
    assert errors(rows) == len(CASES)
    assert mean(rows, "grounded") is None


def test_a_quote_that_differs_from_the_index_by_one_byte_is_found(asked: Callable[[Engine], list[Scored]], index: Path) -> None:
    answered = asked(ScriptedEngine())
    changed = {
        passage.id: passage.model_copy(update={"text": passage.text.replace("mg", "µg").replace("mild", "mald")})
        for passage in Index.open(index).passages.values()
    }
    by_question = {row.answer.question: row.answer for row in answered if row.answer}
    rows = measure(Grounding(Material(cases=CASES, passages=changed)), Subject(lambda question, _: by_question[question]))
    assert mean(rows, "citations_valid") == 0.0


def artifact(store: Path, name: str, make: Callable[[Path], object]) -> Artifact:
    partial = store / f"{name}.partial"
    partial.mkdir(parents=True)
    make(partial)
    return publish(
        partial,
        store / name,
        stage=name,
        uses=name,
        key=name,
        config={},
        inputs={},
        code="",
        packages={},
        counts={},
        seconds=0.0,
    )


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    texts = documents()
    example = Example(id="e", kind="copy", messages=(Message(role="user", content="How?"),), documents=("fibrillation/advice",))
    choice = ChoiceItem(id="c", question="Which is for gout?", options=("Allopurinol", "Rest"), answer=0, cluster="gout")
    sets: dict[str, list[Record]] = {"cases": [*CASES], "choices": [choice], "examples": [example]}

    def write_examples(folder: Path) -> None:
        for name, records in sets.items():
            write_records(folder / name, records)

    def write_model(folder: Path) -> None:
        (folder / "model").mkdir()
        (folder / "model" / "config.json").write_text("{}")

    inputs = {
        "documents": artifact(tmp_path, "documents", lambda folder: write_records(folder / "documents", texts)),
        "index": artifact(tmp_path, "index", lambda folder: build_index(texts, folder)),
        "examples": artifact(tmp_path, "examples", write_examples),
        "base": artifact(tmp_path, "base", write_model),
        "candidate": artifact(tmp_path, "candidate", write_model),
    }
    out = tmp_path / "gate.partial"
    out.mkdir()
    return Job(registry.get("stage", "gate")(uses="gate"), inputs, out, seed=1)


@pytest.mark.slow
def test_the_stage_reports_on_this_candidate_and_does_not_pass_what_did_not_improve(job: Job) -> None:
    counts = hold(job, "scripted")
    report = GateReport.model_validate_json((job.out / "report.json").read_bytes())
    assert (report.candidate, report.index) == (job.inputs["candidate"].digest, job.inputs["index"].digest)
    assert report.baseline == job.inputs["base"].digest
    assert "fake" in report.engine
    assert (report.passed, report.errors) == (False, 0)
    found = {result.gate: result for result in report.results}
    assert found["grounding"].verdict == "cannot tell"
    assert "2 items, and this gate wants 30" in found["grounding"].why
    assert found["grounding"].value == found["grounding"].baseline == 1.0
    assert found["contamination"].value == 0.0
    assert "grounding" in counts["undecided"]
    assert "May not be released" in (job.out / "report.html").read_text(encoding="utf-8")

    again = verify(job.out)  # from the stored rows alone
    assert again.report == report
    assert again.notes == ()
    under = report.conditions
    assert under.checked_against["documents"] == job.inputs["documents"].digest
    assert under.trained_on == {"candidate": job.inputs["candidate"].digest}
    assert under.seeds["recipe"] == 1
    assert {"python", "scipy"} <= set(under.packages)
    assert len(under.prompts) == 64
    measured = {(one.role, one.suite): one for one in report.measured}
    assert measured["candidate", "grounding"].items == digest_of(CASES) == measured["base", "grounding"].items


@pytest.mark.slow
def test_a_gate_that_was_killed_goes_on_and_starts_only_the_model_it_still_needs(job: Job) -> None:
    hold(job, "scripted")
    before = (job.out / "report.json").read_bytes()
    nowhere = "http://127.0.0.1:9/v1"  # an engine that cannot be reached: starting it would raise
    hold(job, nowhere)
    assert (job.out / "report.json").read_bytes() == before
    kept(job.out, Part("candidate", "choice")).unlink()
    with pytest.raises(EngineError):
        hold(job, nowhere)


@pytest.mark.slow
def test_a_report_goes_whole_into_a_release_that_somebody_answers_for(job: Job, tmp_path: Path) -> None:
    """Nothing passes with two cases; every gate is overridden, and whoever opens the release sees it and can compute it again."""
    hold(job, "scripted")
    report = GateReport.model_validate_json((job.out / "report.json").read_bytes())
    held = artifact(tmp_path, "held", lambda folder: shutil.copytree(job.out, folder, dirs_exist_ok=True))
    said = [{"gate": result.gate, "reason": "a test", "by": "Dr Example"} for result in report.blocking()]
    config = registry.get("stage", "release")(uses="release", overrides=said)
    inputs = {"model": job.inputs["candidate"], "index": job.inputs["index"], "gate": held}
    made = tmp_path / "release"
    made.mkdir()
    with pytest.raises(GateFailed, match=r"CANNOT TELL\s+grounding"):
        release.run(Job(config.model_copy(update={"overrides": ()}), inputs, made))
    release.run(Job(config, inputs, made))

    info = release.verify_release(made / "release")
    assert {override.gate for override in info.overrides} == {result.gate for result in report.blocking()}
    assert all(override.on for override in info.overrides)
    again = verify(made / "release" / "gate")
    assert again.report == report
    assert again.overrides == info.overrides
    page = (made / "release" / "gate" / "report.html").read_text(encoding="utf-8")
    assert "Released with an override" in page
    assert "Released with an override" in (made / "release" / "README.md").read_text(encoding="utf-8")

    (held.path / "answers" / "candidate" / "grounding.jsonl").unlink()
    with pytest.raises(GateFailed, match=r"does not hold up.*grounding\.jsonl is missing"):
        release.run(Job(config, inputs, made))


def test_a_profile_whose_benchmark_has_no_data_says_so_before_any_stage_runs(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = job.config.model_copy(update={"profile": "small"})
    monkeypatch.delenv("MEDMODEL_DATA", raising=False)
    with pytest.raises(InputError, match="'small' has no data: MEDMODEL_DATA is not set"):
        config.check()
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    with pytest.raises(InputError, match="medqa_dev is not there"):
        config.check()
    (tmp_path / "medqa_dev").mkdir()
    config.check()


def test_another_file_of_a_benchmark_is_another_gate(job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    config = job.config.model_copy(update={"profile": "small"})
    (tmp_path / "medqa_dev").mkdir()
    (tmp_path / "medqa_dev" / "dev.jsonl").write_text("{}")
    before = config.outside()
    (tmp_path / "medqa_dev" / "dev.jsonl").write_text('{"question": "another"}')
    assert set(before) == {"medqa_dev"}
    assert config.outside() != before
    assert job.config.outside() == {}  # the demo's reads no file of the user's


def test_a_baseline_release_that_is_missing_is_one_sentence(job: Job, tmp_path: Path) -> None:
    job.config = job.config.model_copy(update={"profile": "full"})
    with pytest.raises(InputError, match="compares medqa_release, seconds_release with the release in use, and none is named"):
        hold(job, "scripted")
    job.config = job.config.model_copy(update={"baseline": str(tmp_path / "gone")})
    with pytest.raises(ReleaseRefused, match="gone is no release"):
        hold(job, "scripted")
    with pytest.raises(InputError, match=r"the baseline release .*gone is missing"):
        job.config.outside()


def stripped() -> ScriptedEngine:
    """Copies the right sentence and leaves out which one it is."""

    class Stripped(ScriptedEngine):
        async def generate(self, messages: Sequence[Message], **options: Any) -> Completion:
            said = await ScriptedEngine().generate(messages, **options)
            return Completion(text=said.text.partition("] ")[2], finish_reason="stop")

    return Stripped()


def test_a_model_whose_citations_were_stripped_is_refused(asked: Callable[[Engine], list[Scored]]) -> None:
    """Twenty cases through the real front door; what differs is the number in brackets."""
    gate = Gate(
        name="grounding",
        suite="grounding",
        metric="grounded",
        rule="not_worse",
        n=20,
        baseline="base",
        margin=0.2,
        why="a test",
        owner="tests",
    )
    many = {name: copies(asked(engine), 10) for name, engine in (("base", ScriptedEngine()), ("candidate", stripped()))}
    rows = {Part(name, "grounding"): found for name, found in many.items()}
    assert (mean(many["base"], "grounded"), mean(many["candidate"], "grounded")) == (1.0, 0.0)
    fields: dict[str, Any] = {"profile": "p", "candidate": "c", "index": "i", "baseline": "b", "engine": "fake", "errors": 0}
    refused = GateReport(results=conclude([gate], rows), **fields)
    assert [result.verdict for result in refused.results] == ["fail"]
    with pytest.raises(GateFailed, match=r"FAIL\s+grounding\s+0\s+1"):
        check_report(refused, candidate="c", index="i")
    same = {Part(role, "grounding"): many["base"] for role in ("base", "candidate")}
    check_report(GateReport(results=conclude([gate], same), **fields), candidate="c", index="i")


def copies(rows: list[Scored], times: int) -> list[Scored]:
    """The same rows as if of so many guidelines; without the answers, which all cite one and the same number."""
    return [
        row.model_copy(update={"id": f"{row.id}{at}", "cluster": f"{row.cluster}{at}", "answer": None})
        for row in rows
        for at in range(times)
    ]
