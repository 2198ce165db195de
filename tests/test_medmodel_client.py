"""The SDK against httpx's own mock transport: what it sends, what it makes of replies, when it tries again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from medmodel import AsyncClient, Client
from medmodel.errors import InputError, ServerError, ServerUnreachable, StreamInterrupted
from medmodel.records import Answer, Batch, BatchResult, Case, Claim, Feedback
from medmodel.sse import Decoder, encode

URL = "http://test.invalid"
ANSWER = Answer(id="a1", question="a synthetic question\u2028on two lines", status="abstained", origin="none")


def client(*replies: httpx.Response | Exception, seen: list[httpx.Request] | None = None, retries: int = 2) -> Client:
    """A client whose server gives these replies in order."""
    return Client(URL, retries=retries, transport=httpx.MockTransport(serve(*replies, seen=seen)))


def serve(
    *replies: httpx.Response | Exception, seen: list[httpx.Request] | None = None
) -> Callable[[httpx.Request], httpx.Response]:
    waiting = list(replies)

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return handle


def answered() -> httpx.Response:
    return httpx.Response(200, content=ANSWER.model_dump_json())


def refused(status: int, message: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"type": "refused", "message": message}}, headers=headers)


def streamed(*events: bytes) -> httpx.Response:
    return httpx.Response(200, stream=Pieces(events))


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body cut at every seventh byte: no event arrives whole. A None breaks the connection."""

    def __init__(self, events: tuple[bytes, ...], broken: bool = False) -> None:
        whole = b"".join(events)
        self._pieces = [whole[start : start + 7] for start in range(0, len(whole), 7)]
        self._broken = broken

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._broken:
            raise httpx.ReadError("connection reset")

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for piece in self:
            yield piece


def test_ask_sends_question_and_language_and_returns_a_typed_answer() -> None:
    seen: list[httpx.Request] = []
    with client(answered(), seen=seen) as asking:
        assert asking.ask("a synthetic question", "zh") == ANSWER
    assert seen[0].url.path == "/v1/answers"
    assert json.loads(seen[0].content) == {"question": "a synthetic question", "language": "zh"}


def test_the_api_key_travels_as_a_bearer_token() -> None:
    seen: list[httpx.Request] = []
    with Client(URL, api_key="k1", transport=httpx.MockTransport(serve(answered(), seen=seen))) as asking:
        asking.ask("q")
    assert seen[0].headers["Authorization"] == "Bearer k1"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(status: int) -> None:
    with client(refused(status, **{"Retry-After": "0"}), answered()) as asking:
        assert asking.ask("q") == ANSWER


def test_a_time_to_wait_for_may_be_a_date() -> None:
    with client(refused(503, **{"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), answered()) as asking:
        assert asking.ask("q") == ANSWER
    with (
        client(refused(503, "down for a century", **{"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"})) as asking,
        pytest.raises(ServerError, match="down for a century"),
    ):
        asking.ask("q")


def test_a_refused_connection_is_tried_again() -> None:
    with client(httpx.ConnectError("refused"), answered()) as asking:
        assert asking.ask("q") == ANSWER


def test_when_nothing_ever_answers_the_error_names_the_address_and_the_tries() -> None:
    with (
        client(httpx.ConnectError("refused"), httpx.ConnectError("refused"), retries=1) as asking,
        pytest.raises(ServerUnreachable, match=r"test\.invalid.*2 tries"),
    ):
        asking.ask("q")


def test_a_connection_lost_while_waiting_for_the_answer_is_not_tried_again() -> None:
    seen: list[httpx.Request] = []
    with client(httpx.ReadError("reset"), answered(), seen=seen) as asking, pytest.raises(ServerUnreachable):
        asking.ask("q")
    assert len(seen) == 1


def test_a_wait_longer_than_a_minute_is_left_to_the_caller() -> None:
    with (
        client(refused(429, "over the limit", **{"Retry-After": "3600"})) as asking,
        pytest.raises(ServerError, match="over the limit"),
    ):
        asking.ask("q")


def test_the_servers_own_sentence_and_status_are_kept() -> None:
    with (
        client(refused(413, "the question is longer than 8000 characters")) as asking,
        pytest.raises(ServerError, match="longer than 8000") as caught,
    ):
        asking.ask("q")
    assert caught.value.status == 413


def test_a_foreign_servers_page_is_not_quoted() -> None:
    with client(httpx.Response(404, text="<html>patient Jane</html>")) as asking, pytest.raises(ServerError) as caught:
        asking.ask("q")
    assert "Jane" not in str(caught.value)
    assert "/v1/answers" in str(caught.value)


def test_a_body_that_is_no_answer_is_an_error_without_its_text() -> None:
    with (
        client(httpx.Response(200, json={"id": "x", "question": "patient Jane"})) as asking,
        pytest.raises(ServerError) as caught,
    ):
        asking.ask("q")
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize("body", ["<html>patient Jane</html>", '{"id": "x", "question": "patient Ja', ""])
def test_a_body_that_is_no_whole_json_is_said_to_be_so(body: str) -> None:
    with client(httpx.Response(200, text=body)) as asking, pytest.raises(ServerError, match="cut off or no JSON") as caught:
        asking.ask("q")
    assert "Ja" not in str(caught.value)


def test_stream_yields_typed_events_however_the_bytes_are_cut() -> None:
    claim = Claim(text="c", citations=(), verdict="unsupported", reason="none")
    body = streamed(
        encode("status", '{"stage": "retrieving"}'),
        b": waiting\n\n",
        encode("evidence", '{"passages": []}'),
        encode("delta", '{"text": "≥ 70 %"}'),
        encode("claim", claim.model_dump_json()),
        encode("done", ANSWER.model_dump_json()),
    )
    with client(body) as asking:
        events = list(asking.stream("q"))
    assert [event.name for event in events] == ["status", "evidence", "delta", "claim", "done"]
    assert events[2].data == {"text": "≥ 70 %"}
    assert events[3].data == claim
    assert events[4].data == ANSWER


def test_a_stream_without_its_last_event_is_interrupted_and_keeps_what_came() -> None:
    with (
        client(streamed(encode("delta", '{"text": "one "}'), encode("delta", '{"text": "two"}'))) as asking,
        pytest.raises(StreamInterrupted) as caught,
    ):
        list(asking.stream("q"))
    assert caught.value.partial == "one two"


def test_a_connection_lost_in_a_stream_is_interrupted_and_keeps_what_came() -> None:
    body = httpx.Response(200, stream=Pieces((encode("delta", '{"text": "one"}'),), broken=True))
    with client(body) as asking, pytest.raises(StreamInterrupted) as caught:
        list(asking.stream("q"))
    assert caught.value.partial == "one"


def test_an_error_event_is_raised_with_its_status() -> None:
    with (
        client(streamed(encode("error", '{"message": "the index is gone", "status": 500}'))) as asking,
        pytest.raises(ServerError, match="the index is gone"),
    ):
        list(asking.stream("q"))


def test_feedback_tried_again_keeps_its_id() -> None:
    seen: list[httpx.Request] = []

    def store(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return refused(503, **{"Retry-After": "0"}) if len(seen) == 1 else httpx.Response(201, content=request.content)

    with Client(URL, transport=httpx.MockTransport(store)) as asking:
        stored = asking.feedback(ANSWER, "down", reason="outdated", corrected="better", harm="minor", rater="r1")
    assert seen[0].content == seen[1].content
    assert stored.answer == ANSWER
    assert (stored.rating, stored.reason, stored.corrected, stored.harm, stored.rater) == (
        "down",
        "outdated",
        "better",
        "minor",
        "r1",
    )


def test_feedbacks_reads_one_record_a_line() -> None:
    lines = [Feedback(id=str(number), answer=ANSWER, rating="up") for number in range(3)]
    with client(httpx.Response(200, text="".join(line.model_dump_json() + "\n" for line in lines))) as asking:
        assert asking.feedbacks() == lines


def test_a_batch_tried_again_keeps_its_id_and_is_sent_as_cases() -> None:
    seen: list[httpx.Request] = []
    batch = Batch(id="b", status="running", cases=2)
    replies = (refused(503, **{"Retry-After": "0"}), httpx.Response(201, content=batch.model_dump_json()))
    with client(*replies, seen=seen) as asking:
        assert asking.batches.create([Case(id="1", question="a\u2028b"), Case(id="2", question="q", language="zh")]) == batch
    assert [request.method for request in seen] == ["PUT", "PUT"]
    assert seen[0].url == seen[1].url
    assert seen[0].url.path.startswith("/v1/batches/")
    lines = [Case.model_validate_json(line) for line in seen[1].content.split(b"\n") if line]
    assert [(case.id, case.question, case.language) for case in lines] == [("1", "a\u2028b", "en"), ("2", "q", "zh")]


def test_an_id_of_a_batch_cannot_lead_to_another_address() -> None:
    seen: list[httpx.Request] = []
    with client(refused(404), seen=seen, retries=0) as asking, pytest.raises(ServerError):
        asking.batches.retrieve("../answers?x")
    assert seen[0].url.raw_path == b"/v1/batches/..%2Fanswers%3Fx"


def test_results_are_read_a_line_at_a_time_however_the_bytes_are_cut() -> None:
    results = [BatchResult(id=str(number), status="ok", answer=ANSWER) for number in range(3)]
    whole = "".join(result.model_dump_json() + "\n" for result in results).encode()
    with client(streamed(whole), streamed(b""), streamed(whole[:-20])) as asking:
        assert list(asking.batches.results("b")) == results
        assert list(asking.batches.results("b")) == []
        with pytest.raises(StreamInterrupted, match="ended within a line"):
            list(asking.batches.results("b"))
    with client(httpx.Response(200, stream=Pieces((whole,), broken=True))) as asking:
        found = asking.batches.results("b")
        assert [next(found) for _ in range(3)] == results
        with pytest.raises(StreamInterrupted, match="broke off"):
            next(found)


def test_ready_is_false_with_the_reason_while_the_model_loads() -> None:
    with client(httpx.Response(503, json={"engine": "starting", "detail": "35 s of about 100 s"})) as asking:
        readiness = asking.ready()
    assert not readiness
    assert readiness.detail == "35 s of about 100 s"


def test_ready_is_false_when_nothing_answers() -> None:
    with client(httpx.ConnectError("refused")) as asking:
        assert asking.ready().engine == "unreachable"


@pytest.mark.parametrize("url", ["localhost:7860", "", "http://", "http://host:port"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InputError, match="http://host:port"):
        Client(url)


def test_the_async_client_asks_retries_and_streams_alike() -> None:
    async def main() -> None:
        body = streamed(encode("delta", '{"text": "one"}'), encode("done", ANSWER.model_dump_json()))
        replies = serve(refused(503, **{"Retry-After": "0"}), answered(), body, streamed(encode("delta", '{"text": "one"}')))
        async with AsyncClient(URL, transport=httpx.MockTransport(replies)) as asking:
            assert await asking.ask("q") == ANSWER
            assert [event.name async for event in asking.stream("q")] == ["delta", "done"]
            with pytest.raises(StreamInterrupted):
                _ = [event async for event in asking.stream("q")]

    asyncio.run(main())


def test_events_survive_encoding_with_line_separators_inside() -> None:
    data = '{"text": "a\u2028b\u0085c"}'
    assert [tuple(event) for event in Decoder().feed(encode("delta", data))] == [("delta", data)]


def test_importing_the_client_loads_httpx_and_nothing_heavier() -> None:
    code = "import sys; from medmodel import Client; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "httpx" in modules
    assert not {"pydantic", "torch", "vllm", "gradio", "langchain_core", "fastapi", "medmodel.records"} & set(modules)
