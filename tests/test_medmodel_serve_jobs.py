"""Batches that the server asks: sent once, read while they run, stopped, and gone on with after a restart. Over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import RELEASE, OnePassage, Switch, served

from medmodel import AsyncClient, Client
from medmodel.errors import InputError, ServerError
from medmodel.models.engine import Engine
from medmodel.models.scripted import ScriptedEngine
from medmodel.rag.answer import NOTICES
from medmodel.records import Answer, Batch, Case
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.limits import MAX_CASES
from medmodel.serve.product import Fixed, Language, OnEvent, Product
from medmodel.serve.run import running

CASES = [Case(id=f"c{number}", question=f"question {number}") for number in range(12)]
STUCK = [*CASES[:4], Case(id="stuck", question="please wait")]  # the double waits a minute for it


@contextmanager
def server(folder: Path, digest: str = "d0", **options: Any) -> Iterator[str]:
    """One that answers "fail" with an error, while there is no file named `mended`."""

    class Failing(OnePassage):
        async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
            broken = "fail" in question and not (folder / "mended").exists()
            return await super().answer("break" if broken else question, language, on_event)

    def answering(engine: Engine | None) -> OnePassage:
        return Failing(engine, {})

    product = Product(answering, options.get("source") or Fixed(None), {**RELEASE, "digest": digest})
    store = FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")
    with running(create_app(product, store, folder / "batches")) as url:
        yield url
    store.close()


def until(client: Client, batch: Batch, *status: str, done: int = 0) -> Batch:
    """Look until it has one of these states and so many are done."""
    deadline = time.monotonic() + 20
    while (found := client.batches.retrieve(batch.id)).status not in status or found.done < done:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_a_batch_is_asked_to_its_end_and_gives_one_result_a_case(tmp_path: Path) -> None:
    with served(tmp_path, Fixed(ScriptedEngine())) as url, Client(url) as client:
        created = client.batches.create(CASES)
        assert (created.status, created.cases, created.release) == ("running", 12, "tiny d0")
        ended = until(client, created, "finished")
        results = list(client.batches.results(created.id))
    assert (ended.done, ended.failed) == (12, 0)
    assert sorted(result.id for result in results) == sorted(case.id for case in CASES)
    assert all(result.answer and result.answer.question == f"question {result.id[1:]}" for result in results)


def test_a_cases_file_of_any_kind_is_sent_as_cases(tmp_path: Path) -> None:
    table = tmp_path / "cases.csv"
    table.write_text('id,question\n1,"on two\nlines"\n2,another\n', encoding="utf-8")
    with served(tmp_path) as url, Client(url) as client:
        batch = until(client, client.batches.create(table), "finished")
        found = {result.id: result.answer.question for result in client.batches.results(batch.id) if result.answer}
    assert found == {"1": "on two\nlines", "2": "another"}


def test_a_file_with_a_bad_line_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "question": "q"}\n{"id": "b"}\n', encoding="utf-8")
    with Client("http://127.0.0.1:9") as client, pytest.raises(InputError, match=r"cases\.jsonl:2: .*question"):
        client.batches.create(path)


def test_sending_again_makes_no_second_batch_and_other_cases_under_its_id_are_refused(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        first = client.batches.create(CASES, id="may")
        until(client, first, "finished")
        again = client.batches.create(CASES, id="may")
        assert (again.created, again.status, again.done) == (first.created, "finished", 12)
        with pytest.raises(ServerError, match="other cases") as caught:
            client.batches.create(CASES[:3], id="may")
        assert [batch.id for batch in client.batches.list()] == ["may"]
    assert caught.value.status == 409


def test_failed_calls_are_counted_and_sent_again_only_they_are_asked(tmp_path: Path) -> None:
    cases = [*CASES[:3], Case(id="f", question="please fail")]
    with server(tmp_path) as url, Client(url) as client:
        ended = until(client, client.batches.create(cases, id="b"), "finished")
        assert (ended.done, ended.failed) == (4, 1)
        first = {result.id: result for result in client.batches.results("b")}
        assert first["f"].status == "error"
        assert "please fail" not in first["f"].error
        (tmp_path / "mended").touch()
        client.batches.create(cases, id="b")
        ended = until(client, ended, "finished")
        second = {result.id: result for result in client.batches.results("b")}
    assert (ended.done, ended.failed) == (4, 0)
    assert second["f"].status == "ok"
    assert all(second[name] == first[name] for name in ("c0", "c1", "c2"))


def test_a_cancelled_batch_keeps_what_is_done_and_goes_on_when_it_is_sent_again(tmp_path: Path) -> None:
    with server(tmp_path) as url, Client(url) as client:
        batch = client.batches.create(STUCK)
        until(client, batch, "running", done=4)
        stopped = client.batches.cancel(batch.id)
        assert (stopped.status, stopped.done) == ("cancelled", 4)
        assert client.batches.retrieve(batch.id) == stopped
        assert client.batches.create(STUCK, id=batch.id).status == "running"
        until(client, batch, "running", done=4)


def test_a_server_that_starts_again_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with server(tmp_path) as url, Client(url) as client:
        batch = client.batches.create(STUCK)
        until(client, batch, "running", done=4)
        before = {result.id: result for result in client.batches.results(batch.id)}
    with server(tmp_path) as url, Client(url) as client:
        found = until(client, batch, "running", done=4)
        assert (found.created, found.done) == (batch.created, 4)
        assert {result.id: result for result in client.batches.results(batch.id)} == before


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from serving import served
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.product import Fixed
with served(Path(sys.argv[1]), Fixed(ScriptedEngine(pause=0.001))) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_server_killed_at_work_and_started_again_ends_with_each_case_once(tmp_path: Path) -> None:
    cases = [Case(id=f"c{number}", question=f"question {number}") for number in range(1_500)]
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)]
    for last in (False, False, True):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            with Client(process.stdout.readline().strip()) as client:
                if not client.batches.list():
                    client.batches.create(cases, id="b")
                batch = client.batches.retrieve("b")
                if last:
                    until(client, batch, "finished")
                    results = list(client.batches.results("b"))
                else:
                    until(client, batch, "running", done=batch.done + 100)
            process.kill()
    assert sorted(result.id for result in results) == sorted(case.id for case in cases)
    assert {result.status for result in results} == {"ok"}


FULL = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from serving import served
from medmodel import Client
from medmodel.models.scripted import ScriptedEngine
from medmodel.records import Case
from medmodel.serve.product import Fixed
with served(Path(sys.argv[1]), Fixed(ScriptedEngine(pause=0.2))) as url, Client(url) as client:
    batch = client.batches.create([Case(id=f"c{number}", question=f"question {number}") for number in range(8)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # from now on no file takes as much as one result, or a record
    while client.batches.retrieve(batch.id).status == "running":
        time.sleep(0.05)
    print(client.batches.retrieve(batch.id).model_dump_json())
"""


@pytest.mark.slow
def test_a_batch_on_a_full_disk_reads_failed_and_the_next_server_goes_on_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path), str(Path(__file__).parent)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    batch = Batch.model_validate_json(ended.stdout)
    assert (batch.status, batch.failed) == ("failed", 0)
    assert "disk is full" in batch.error
    with served(tmp_path, Fixed(ScriptedEngine())) as url, Client(url) as client:
        assert until(client, batch, "finished").done == 8
        assert len({result.id for result in client.batches.results(batch.id)}) == 8


def test_a_batch_is_answered_by_one_release(tmp_path: Path) -> None:
    with server(tmp_path) as url, Client(url) as client:
        batch = client.batches.create(STUCK)
        until(client, batch, "running", done=4)
    with server(tmp_path, digest="d1") as url, Client(url) as client:
        found = until(client, batch, "failed")
        assert "tiny d1" in found.error
        assert "tiny d0" in found.error
        assert len(list(client.batches.results(batch.id))) == 4


@pytest.mark.slow
def test_a_batch_waits_for_a_model_that_starts(tmp_path: Path) -> None:
    switch = Switch()
    with server(tmp_path, source=switch) as url, Client(url) as client:
        batch = client.batches.create(CASES[:2])
        time.sleep(0.1)
        assert client.batches.retrieve(batch.id).done == 0
        switch.current = ScriptedEngine()
        until(client, batch, "finished")
        results = list(client.batches.results(batch.id))
    assert {result.answer.origin for result in results if result.answer} == {"model"}


def test_a_deleted_batch_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    with server(tmp_path) as url, Client(url) as client:
        batch = client.batches.create(STUCK)
        until(client, batch, "running", done=4)
        client.batches.delete(batch.id)
        with pytest.raises(ServerError, match="no batch") as caught:
            client.batches.retrieve(batch.id)
    assert caught.value.status == 404
    assert [path for path in (tmp_path / "batches").rglob("*") if path.is_file()] == []


def test_a_key_sees_its_own_batches_alone_and_no_folder_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMODEL_API_KEY", "first-key,second-key")
    with served(tmp_path) as url, Client(url, "first-key") as first, Client(url, "second-key") as second:
        until(first, first.batches.create(CASES, id="mine"), "finished")
        for ask in (second.batches.retrieve, second.batches.cancel, second.batches.delete, lambda name: list(results(second))):
            with pytest.raises(ServerError) as caught:
                ask("mine")
            assert caught.value.status == 404
        assert second.batches.list() == []
        until(second, second.batches.create(CASES[:1], id="mine"), "finished")
        assert first.batches.retrieve("mine").cases == 12
        with Client(url, "third-key") as third, pytest.raises(ServerError) as caught:
            third.batches.list()
    assert caught.value.status == 401
    assert not any("key" in path.name for path in (tmp_path / "batches").rglob("*"))


def results(client: Client) -> Iterator[Any]:
    return client.batches.results("mine")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "no case"),
        ('{"id": "a", "question": "q"}\nJane', "line 2"),
        ('{"id": "a", "question": "q"}\n{"id": "a", "question": "Jane"}', "line 2: its id stands in line 1"),
        (json.dumps({"id": "a", "question": "x" * 8001}), "case 1: 'question'"),
        ('{"id": "a", "question": " "}', "case 1: 'question'"),
    ],
)
def test_what_is_no_batch_is_one_sentence_without_its_text(tmp_path: Path, body: str, said: str) -> None:
    with served(tmp_path) as url:
        response = httpx.put(f"{url}/v1/batches/b", content=body)
        missing = httpx.get(f"{url}/v1/batches/b")
    assert response.status_code == 422
    assert said in response.json()["error"]["message"]
    assert "Jane" not in response.text
    assert missing.status_code == 404


@pytest.mark.parametrize("name", ["..", "a%2Fb", "a b", "x" * 65])
def test_an_id_that_is_no_folders_name_is_refused(tmp_path: Path, name: str) -> None:
    with served(tmp_path) as url:
        assert httpx.put(f"{url}/v1/batches/{name}", content="{}").status_code in (404, 405, 422)
    assert not (tmp_path / "batches").exists()


def test_a_batch_may_be_larger_than_another_body_and_has_a_limit(tmp_path: Path) -> None:
    cases = [Case(id=str(number), question="x" * 7_000) for number in range(200)]
    with served(tmp_path) as url, Client(url) as client:
        assert client.batches.create(cases).cases == 200
        asking = http.client.HTTPConnection(httpx.URL(url).netloc.decode())
        asking.putrequest("PUT", "/v1/batches/b")
        asking.putheader("Content-Length", str(MAX_CASES + 1))
        asking.endheaders()
        assert asking.getresponse().status == 413  # before any of it is sent
        asking.close()


def test_the_async_client_has_batches_too(tmp_path: Path) -> None:
    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            batch = await client.batches.create(CASES, id="b")
            while (await client.batches.retrieve(batch.id)).status == "running":
                await asyncio.sleep(0.02)
            assert len([result async for result in client.batches.results("b")]) == 12
            assert [found.id for found in await client.batches.list()] == ["b"]
            assert (await client.batches.cancel("b")).status == "finished"
            await client.batches.delete("b")
            assert await client.batches.list() == []

    with served(tmp_path) as url:
        asyncio.run(main(url))


def test_retrieve_gives_the_passages_an_answer_would_rest_on(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        found = httpx.post(f"{url}/v1/retrieve", json={"question": "Which INR?"}).json()["passages"]
        refused = httpx.post(f"{url}/v1/retrieve", json={"question": "q", "k": 21})
    assert [(hit["passage"]["id"], hit["cosine"]) for hit in found] == [("synthetic/1#0", 0.9)]
    assert refused.status_code == 422


class Broken(OnePassage):
    """Its model breaks off at every question: what comes are quotes, as the product gives them then."""

    async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
        self.engine = None
        return await super().answer(question, language, on_event)


def test_quotes_in_place_of_a_model_that_broke_off_are_a_failed_call_and_asked_again(tmp_path: Path) -> None:
    product = Product(lambda engine: Broken(engine, {}), Fixed(ScriptedEngine()), RELEASE)
    store = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.db'}")
    with running(create_app(product, store, tmp_path / "batches")) as url, Client(url) as client:
        ended = until(client, client.batches.create(CASES[:3]), "finished")
        [first, *_] = client.batches.results(ended.id)
    store.close()
    assert (ended.done, ended.failed) == (3, 3)
    assert (first.answer, first.error) == (None, "ServerError: the model broke off; send the batch again")


@pytest.mark.parametrize("why", ["English", "no Chinese"])
def test_quotes_that_were_given_on_purpose_are_an_answer(tmp_path: Path, why: str) -> None:
    class Quoting(OnePassage):
        async def answer(self, question: str, language: Language = "en", on_event: OnEvent | None = None) -> Answer:
            found = await super().answer(question, language, on_event)
            return found.model_copy(update={"origin": "extractive", "notice": NOTICES[why]["zh"]})

    product = Product(lambda engine: Quoting(engine, {}), Fixed(ScriptedEngine()), RELEASE)
    store = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.db'}")
    with running(create_app(product, store, tmp_path / "batches")) as url, Client(url) as client:
        ended = until(client, client.batches.create(CASES[:3]), "finished")
    store.close()
    assert (ended.done, ended.failed) == (3, 0)


def test_a_batch_that_is_cancelled_and_deleted_at_once_is_gone_with_its_cases(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        batch = client.batches.create(STUCK)
        until(client, batch, "running", done=4)
        client.batches.cancel(batch.id)
        client.batches.delete(batch.id)
        assert client.batches.list() == []
        assert list(tmp_path.rglob("cases.jsonl")) == []
        assert client.batches.create(STUCK[:4]).status in ("running", "finished")
