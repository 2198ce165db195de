"""The API over doubles, on a real socket: answers, streams that always end, refusals in one shape, feedback, metrics."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import PASSAGE, TEXT, Switch, served

from medmodel.client import Client
from medmodel.errors import InputError, ServerError
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.limits import MAX_BODY, MAX_QUESTION, Places
from medmodel.serve.problems import Problem
from medmodel.serve.product import Fixed

QUESTION = "Which INR target is used with warfarin?"


def error(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()["error"]
    return body


def eventually(condition: Any) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


def test_an_answer_carries_a_quote_that_stands_in_its_passage(tmp_path: Path) -> None:
    with served(tmp_path, Fixed(ScriptedEngine())) as url, Client(url) as client:
        answer = client.ask(QUESTION)
    assert answer.origin == "model"
    citation = answer.claims[0].citations[0]
    assert citation.quote == PASSAGE.text[citation.start : citation.end]


def test_an_old_answer_is_checked_against_the_references_of_today(tmp_path: Path) -> None:
    with served(tmp_path, Fixed(ScriptedEngine())) as url, Client(url) as client:
        answer = client.ask(QUESTION)
        assert client.recheck(answer) == answer
        cited = answer.claims[0].citations[0].model_copy(update={"passage_id": "gone/1#0"})
        old = answer.model_copy(update={"claims": (answer.claims[0].model_copy(update={"citations": (cited,)}),)})
        (claim,) = client.recheck(old).claims
    assert (claim.citations[0].withdrawn, claim.citations[0].quote) == ("deleted on request", cited.quote)


def test_a_stream_shows_the_flag_before_the_model_writes_and_ends_with_the_answer(tmp_path: Path) -> None:
    with served(tmp_path, Fixed(ScriptedEngine())) as url, Client(url) as client:
        events = list(client.stream("collapse on warfarin, which INR target?"))
    names = [event.name for event in events]
    assert names[0] == "flag"
    assert names.index("evidence") < names.index("delta") < names.index("claim")
    assert names[-1] == "done"
    assert names.count("done") == 1
    assert "".join(event.data["text"] for event in events if event.name == "delta") == f"[1] {TEXT}"


def test_before_the_model_runs_answers_are_quotes_and_readyz_says_why(tmp_path: Path) -> None:
    switch = Switch()
    with served(tmp_path, switch) as url, Client(url) as client:
        assert not client.ready()
        assert client.ready().detail == "35 s of about 100 s"
        assert client.ask(QUESTION).origin == "extractive"
        switch.current = ScriptedEngine()
        assert client.ready()
        assert client.ask(QUESTION).origin == "model"


def test_an_unforeseen_error_is_told_without_its_text_in_reply_stream_and_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(tmp_path) as url, Client(url) as client:
        with pytest.raises(ServerError, match="internal error") as whole:
            client.ask("break on patient Jane")
        with pytest.raises(ServerError, match="internal error") as streamed:
            list(client.stream("break on patient Jane"))
        metrics = httpx.get(url + "/metrics").text
    assert whole.value.status == streamed.value.status == 500
    assert "ValueError" in caplog.text
    assert "Jane" not in caplog.text + metrics + str(whole.value) + str(streamed.value)
    assert 'medmodel_failures_total{type="internal"} 2.0' in metrics


def test_a_caller_who_goes_away_cancels_the_work_behind(tmp_path: Path) -> None:
    for accept in ("application/json", "text/event-stream"):
        seen: dict[str, Any] = {}
        with served(tmp_path, seen=seen) as url:
            body = json.dumps({"question": "wait for it"}).encode()
            head = f"POST /v1/answers HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
            with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as caller:
                caller.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                assert eventually(lambda seen=seen: seen.get("waiting"))
            assert eventually(lambda seen=seen: seen.get("cancelled")), accept


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": " "}, "question"),
        ({"question": "q", "language": "fr"}, "language"),
        ({"question": "q", "patient": "Jane"}, "patient"),
        ({"question": "Jane " * MAX_QUESTION}, "question"),
    ],
)
def test_a_bad_question_is_refused_by_field_without_its_content(tmp_path: Path, body: dict[str, Any], field: str) -> None:
    with served(tmp_path) as url:
        response = httpx.post(url + "/v1/answers", json=body)
    assert response.status_code == 422
    assert error(response)["type"] == "invalid_request"
    assert field in error(response)["message"]
    assert "Jane" not in response.text


def test_what_is_no_json_too_large_or_nowhere_is_refused_in_the_same_shape(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        kinds = [
            error(httpx.post(url + "/v1/answers", content=b"{not json", headers={"Content-Type": "application/json"}))["type"],
            error(httpx.post(url + "/v1/answers", content=b"x" * (MAX_BODY + 1)))["type"],
            error(httpx.post(url + "/v1/answers", content=(b"x" * 100_000 for _ in range(12))))["type"],
            error(httpx.get(url + "/v1/nothing"))["type"],
            error(httpx.get(url + "/v1/answers"))["type"],
        ]
    assert kinds == ["invalid_request", "too_large", "too_large", "not_found", "method_not_allowed"]


def test_beyond_the_places_the_next_is_refused_at_once() -> None:
    places = Places(1)
    with places.one(), pytest.raises(Problem, match="under way") as caught, places.one():
        pass
    assert caught.value.status == 503
    with places.one():
        assert places.taken == 1


def test_with_a_key_set_every_v1_route_asks_for_it_and_probes_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMODEL_API_KEY", "k1, k2")
    with served(tmp_path) as url:
        routes = [
            ("POST", "answers"),
            ("POST", "chat/completions"),
            ("GET", "models"),
            ("POST", "feedback"),
            ("GET", "feedback"),
            ("GET", "release"),
        ]
        for method, path in routes:
            assert httpx.request(method, f"{url}/v1/{path}").status_code == 401, path
        assert httpx.get(url + "/v1/release", headers={"Authorization": "Bearer k3"}).status_code == 401
        assert httpx.get(url + "/healthz").status_code == 200
        for key in ("k1", "k2"):
            with Client(url, api_key=key) as client:
                assert client.ask(QUESTION).status == "answered"


def test_each_tenant_has_a_cache_salt_of_its_own(tmp_path: Path) -> None:
    from fastapi import Request

    from medmodel.serve.auth import Keys

    def salt(keys: Keys, key: str) -> str:
        return asyncio.run(keys(Request({"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())]})))

    keys = Keys("k1,k2")
    assert salt(keys, "k1") == salt(keys, "k1") != salt(keys, "k2")
    assert salt(keys, "k1") != salt(Keys("k1,k2"), "k1"), "another process's salt must not be guessable"
    assert "k1" not in salt(keys, "k1")


def test_feedback_is_stored_once_and_listed(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        answer = client.ask(QUESTION)
        given = client.feedback(answer, "down", reason="outdated", corrected="2.5", harm="minor")
        again = httpx.post(url + "/v1/feedback", content=given.model_dump_json(), headers={"Content-Type": "application/json"})
        other = given.model_copy(update={"rating": "up"})
        changed = httpx.post(
            url + "/v1/feedback", content=other.model_dump_json(), headers={"Content-Type": "application/json"}
        )
        assert client.feedbacks() == [given]
    assert again.status_code == 201
    assert changed.status_code == 409


def test_release_models_and_metrics_say_what_answers(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        client.ask("patient Jane on warfarin")
        assert client.release()["name"] == "tiny"
        assert httpx.get(url + "/v1/models").json() == {"object": "list", "data": []}
        metrics = httpx.get(url + "/metrics").text
    assert 'medmodel_answers_total{origin="extractive",status="answered"} 1.0' in metrics
    assert "Jane" not in metrics


def test_a_key_that_is_set_and_empty_lets_nobody_in() -> None:
    from medmodel.serve.auth import Keys

    with pytest.raises(InputError, match="is set and holds no key"):
        Keys(" , ")
