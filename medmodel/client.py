"""The SDK, and the one front door: the app, the batch runner and every product-level benchmark ask through it.

    from medmodel import Client

    with Client("http://127.0.0.1:7860") as client:
        answer = client.ask("Which INR target is used with warfarin in atrial fibrillation?")
        for event in client.stream("…"):  # status, flag, evidence, delta, claim, and last of all done
            print(event.name, event.data)
        client.feedback(answer, "down", reason="outdated", corrected="…")
        batch = client.batches.create("cases.jsonl")  # or .csv, FHIR bundles, or Case records; the server asks them
        client.batches.retrieve(batch.id).status      # running, finished, cancelled, failed
        for result in client.batches.results(batch.id): ...
        client.tools.run("cockcroft_gault", age=70, weight="60 kg", is_female=True, serum_creatinine="106 umol/L")

`AsyncClient` is the same with `await`. Both try again, waiting longer each time, when nothing answers or the server is
busy (429, 503; its Retry-After is kept). They never try again once an answer has begun: a broken stream is
`StreamInterrupted`, with the text that had arrived. Records load on first use, so that the import costs httpx alone.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote

import httpx

from medmodel.errors import InputError, ServerError, ServerUnreachable, StreamInterrupted
from medmodel.sse import Decoder, RawEvent

if TYPE_CHECKING:
    from types import TracebackType

    from medmodel.records import Answer, Batch, BatchResult, Case, Feedback, ToolMissing, ToolOffer, ToolResult, ToolSpec

TIMEOUT = 300.0  # seconds without a byte; a two-core CPU under load needs a minute before its first token
RETRIES = 4  # waits of about 0.5, 1, 2 and 4 s
READY = 30.0  # seconds for /readyz, which waits for nothing
LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is the caller's to decide on, so the error is raised
BUSY = (429, 503)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Event(NamedTuple):
    """One step of an answer: `status`, `flag` (RedFlag), `evidence`, `delta`, `claim` (Claim) or `done` (Answer).

    `data` of `evidence` is {"passages": [Passage]}, of `delta` {"text": …}, of `status` {"stage": …}.
    """

    name: str
    data: Any


@dataclass(frozen=True)
class Readiness:
    """Truthy when the model writes answers. Before that the server still answers, with quotes alone."""

    ready: bool
    engine: str  # "ready", "starting", "restarting", "failed", "none" (meant to run without one), "unreachable"
    detail: str = ""  # "loading the model: 35 s of about 100 s"

    def __bool__(self) -> bool:
        return self.ready


class Client:
    """Asks a medmodel server. `transport` is httpx's seam for tests; over a real socket leave it out."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._retries = retries
        self._http = httpx.Client(**_settings(url, api_key, timeout), transport=transport)
        self.batches = Batches(self)
        self.tools = Tools(self)

    def ask(self, question: str, language: str = "en") -> Answer:
        """The whole answer. Raises ServerError; a failed call is never an answer."""
        return _answer(self._send("POST", "/v1/answers", json={"question": question, "language": language}))

    def recheck(self, answer: Answer) -> Answer:
        """An answer given before, with what the references no longer hold, or hold as retracted, marked as such."""
        return _answer(self._send("POST", "/v1/answers/recheck", json=answer.model_dump(mode="json")))

    def stream(self, question: str, language: str = "en") -> Iterator[Event]:
        """Events as they happen, the last being `done` with the Answer. Raises StreamInterrupted when it is missing."""
        reading = _Reading()
        response = self._open(question, language)
        try:
            for chunk in response.iter_bytes():
                yield from reading.feed(chunk)
        except httpx.TransportError as error:
            raise reading.interrupted(error) from None
        finally:
            response.close()
        reading.check_complete()

    def feedback(
        self,
        answer: Answer,
        rating: Literal["up", "down"],
        reason: str = "",
        corrected: str = "",
        harm: Literal["none", "minor", "serious"] = "none",
        rater: str = "",
    ) -> Feedback:
        """Store a verdict on an answer; returns it as stored. Its id is made here, so that trying again stores it once."""
        return _feedback(self._send("POST", "/v1/feedback", **_verdict(answer, rating, reason, corrected, harm, rater)))

    def feedbacks(self) -> list[Feedback]:
        """All stored feedback, oldest first."""
        return _feedbacks(self._send("GET", "/v1/feedback"))

    def release(self) -> dict[str, Any]:
        """What answers here: name, fingerprint, key, gated, and the gate's report."""
        return _mapping(self._send("GET", "/v1/release"))

    def ready(self) -> Readiness:
        """Ask once, without trying again: for polling and for status lines."""
        try:
            return _readiness(self._http.get("/readyz", timeout=READY))
        except httpx.TransportError:
            return _nobody(self._http.base_url)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self, question: str, language: str) -> httpx.Response:
        body = {"question": question, "language": language}
        return self._send("POST", "/v1/answers", stream=True, json=body, headers={"Accept": "text/event-stream"})

    def _send(self, method: str, path: str, stream: bool = False, **options: Any) -> httpx.Response:
        for attempt in range(self._retries + 1):
            request = self._http.build_request(method, path, **options)
            try:
                response = self._http.send(request, stream=stream)
                if response.is_success:
                    return response
                response.read()
                response.close()
            except (httpx.TransportError, httpx.DecodingError) as error:
                wait = _after_failure(error, attempt, self._retries, self._http.base_url)
            else:
                wait = _after_refusal(response, attempt, self._retries)
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


class AsyncClient:
    """`Client` for asyncio."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = retries
        self._http = httpx.AsyncClient(**_settings(url, api_key, timeout), transport=transport)
        self.batches = AsyncBatches(self)
        self.tools = AsyncTools(self)

    async def ask(self, question: str, language: str = "en") -> Answer:
        return _answer(await self._send("POST", "/v1/answers", json={"question": question, "language": language}))

    async def recheck(self, answer: Answer) -> Answer:
        return _answer(await self._send("POST", "/v1/answers/recheck", json=answer.model_dump(mode="json")))

    async def stream(self, question: str, language: str = "en") -> AsyncIterator[Event]:
        reading = _Reading()
        body = {"question": question, "language": language}
        response = await self._send("POST", "/v1/answers", stream=True, json=body, headers={"Accept": "text/event-stream"})
        try:
            async for chunk in response.aiter_bytes():
                for event in reading.feed(chunk):
                    yield event
        except httpx.TransportError as error:
            raise reading.interrupted(error) from None
        finally:
            await response.aclose()
        reading.check_complete()

    async def feedback(
        self,
        answer: Answer,
        rating: Literal["up", "down"],
        reason: str = "",
        corrected: str = "",
        harm: Literal["none", "minor", "serious"] = "none",
        rater: str = "",
    ) -> Feedback:
        return _feedback(await self._send("POST", "/v1/feedback", **_verdict(answer, rating, reason, corrected, harm, rater)))

    async def feedbacks(self) -> list[Feedback]:
        return _feedbacks(await self._send("GET", "/v1/feedback"))

    async def release(self) -> dict[str, Any]:
        return _mapping(await self._send("GET", "/v1/release"))

    async def ready(self) -> Readiness:
        try:
            return _readiness(await self._http.get("/readyz", timeout=READY))
        except httpx.TransportError:
            return _nobody(self._http.base_url)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _send(self, method: str, path: str, stream: bool = False, **options: Any) -> httpx.Response:
        import asyncio

        for attempt in range(self._retries + 1):
            request = self._http.build_request(method, path, **options)
            try:
                response = await self._http.send(request, stream=stream)
                if response.is_success:
                    return response
                await response.aread()
                await response.aclose()
            except (httpx.TransportError, httpx.DecodingError) as error:
                wait = _after_failure(error, attempt, self._retries, self._http.base_url)
            else:
                wait = _after_refusal(response, attempt, self._retries)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


class Batches:
    """Cases that the server asks by itself: they go on when this process ends, and when the server starts again."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, cases: Path | str | Iterable[Case], id: str | None = None, question: str = "") -> Batch:
        """Send a cases file (JSON lines, CSV, FHIR) or records. The same again under its id asks what failed or was left.

        `question` is asked of FHIR bundles that ask nothing. Raises InputError for a file with a bad line.
        """
        return _batch(self._client._send(**_sent(cases, id, question)))

    def retrieve(self, id: str) -> Batch:
        """How far it is. Raises ServerError (404) when there is none of yours by that id."""
        return _batch(self._client._send("GET", _path(id)))

    def results(self, id: str) -> Iterator[BatchResult]:
        """What is done so far, one case at a time. Raises StreamInterrupted when the connection breaks."""
        lines = _Lines()
        response = self._client._send("GET", _path(id) + "/results", stream=True)
        try:
            for chunk in response.iter_bytes():
                yield from lines.feed(chunk)
        except httpx.TransportError as error:
            raise lines.interrupted(error) from None
        finally:
            response.close()
        lines.check_complete()

    def cancel(self, id: str) -> Batch:
        """Ask nothing more; what is done stays."""
        return _batch(self._client._send("POST", _path(id) + "/cancel"))

    def delete(self, id: str) -> None:
        """Cancel it, and remove its cases and answers from the server."""
        self._client._send("DELETE", _path(id))

    def list(self) -> list[Batch]:
        """All of yours, newest first."""
        return _batches(self._client._send("GET", "/v1/batches"))


class AsyncBatches:
    """`Batches` for asyncio."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def create(self, cases: Path | str | Iterable[Case], id: str | None = None, question: str = "") -> Batch:
        return _batch(await self._client._send(**_sent(cases, id, question)))

    async def retrieve(self, id: str) -> Batch:
        return _batch(await self._client._send("GET", _path(id)))

    async def results(self, id: str) -> AsyncIterator[BatchResult]:
        lines = _Lines()
        response = await self._client._send("GET", _path(id) + "/results", stream=True)
        try:
            async for chunk in response.aiter_bytes():
                for result in lines.feed(chunk):
                    yield result
        except httpx.TransportError as error:
            raise lines.interrupted(error) from None
        finally:
            await response.aclose()
        lines.check_complete()

    async def cancel(self, id: str) -> Batch:
        return _batch(await self._client._send("POST", _path(id) + "/cancel"))

    async def delete(self, id: str) -> None:
        await self._client._send("DELETE", _path(id))

    async def list(self) -> list[Batch]:
        return _batches(await self._client._send("GET", "/v1/batches"))


class Tools:
    """Calculators and tables that the server computes: typed, each with its source; what is missing is asked for."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[ToolSpec]:
        """Every tool, with its inputs, their units and ranges, and its source."""
        return _specs(self._client._send("GET", "/v1/tools"))

    def get(self, name: str) -> ToolSpec:
        """One tool. Raises ServerError (404) naming the nearest."""
        return _spec(self._client._send("GET", _tool(name)))

    def schema(self, name: str) -> dict[str, Any]:
        """Its function for `tools=` of a chat completion (OpenAI's form)."""
        return _function(self._client._send("GET", _tool(name)))

    def run(self, name: str, /, **inputs: Any) -> ToolResult | ToolMissing:
        """A result, or what is still wanted. A number may be 106, "106 umol/L" or {"value": 106, "unit": "umol/L"}.

        Raises ServerError (422) for an input that the tool cannot take.
        """
        return _done(self._client._send("POST", _tool(name), json={"inputs": inputs}))

    def find(self, question: str) -> Sequence[ToolOffer]:
        """The tools that a question names, with the inputs read from it."""
        return _offers(self._client._send("POST", "/v1/tools", json={"question": question}))


class AsyncTools:
    """`Tools` for asyncio."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def list(self) -> list[ToolSpec]:
        return _specs(await self._client._send("GET", "/v1/tools"))

    async def get(self, name: str) -> ToolSpec:
        return _spec(await self._client._send("GET", _tool(name)))

    async def schema(self, name: str) -> dict[str, Any]:
        return _function(await self._client._send("GET", _tool(name)))

    async def run(self, name: str, /, **inputs: Any) -> ToolResult | ToolMissing:
        return _done(await self._client._send("POST", _tool(name), json={"inputs": inputs}))

    async def find(self, question: str) -> Sequence[ToolOffer]:
        return _offers(await self._client._send("POST", "/v1/tools", json={"question": question}))


class _Lines:
    """Results as they arrive, cut at line feeds alone: U+2028, which stands in clinical text, ends no line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[BatchResult]:
        from medmodel.records import BatchResult

        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield _parse(BatchResult, line, "the server")

    def interrupted(self, error: Exception) -> StreamInterrupted:
        return StreamInterrupted(f"the results broke off ({type(error).__name__}); ask for them again")

    def check_complete(self) -> None:
        if self._rest:
            raise StreamInterrupted("the results ended within a line; ask for them again")


class _Reading:
    """What has been read of one stream: makes events, keeps the partial text, knows whether the end came."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._partial = ""
        self._done = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        for raw in self._decoder.feed(chunk):
            event = _event(raw)
            if event.name == "delta":
                self._partial += event.data["text"]
            self._done = self._done or event.name == "done"
            yield event

    def interrupted(self, error: Exception) -> StreamInterrupted:
        return StreamInterrupted(f"the answer broke off ({type(error).__name__}); ask again", self._partial)

    def check_complete(self) -> None:
        if not self._done:
            raise StreamInterrupted("the answer ended without its last event; ask again", self._partial)


def _settings(url: str, api_key: str | None, timeout: float) -> dict[str, Any]:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise InputError(f"'{url}' is no server address; write it as http://host:port")
    return {
        "base_url": address,
        "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
        "timeout": httpx.Timeout(timeout, connect=10.0),
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=None),  # else the 21st is opened anew each time
        "trust_env": address.host not in LOOPBACK,  # a clinic's proxy setting must not catch calls to this machine
    }


def _after_failure(error: Exception, attempt: int, retries: int, url: httpx.URL) -> float:
    """Seconds to wait before the next attempt. Raises when there is none, or when the request may have been taken."""
    if not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        what = "took too long" if isinstance(error, httpx.TimeoutException) else f"broke off ({type(error).__name__})"
        raise ServerUnreachable(f"the call to {url} {what}") from None
    if attempt == retries:
        raise ServerUnreachable(f"nothing answers at {url} ({attempt + 1} tries); is the server running?") from None
    return _backoff(attempt)


def _after_refusal(response: httpx.Response, attempt: int, retries: int) -> float:
    """Seconds to wait before the next attempt. Raises ServerError when waiting would not help."""
    asked = _retry_after(response.headers.get("Retry-After", ""))
    if response.status_code not in BUSY or attempt == retries or (asked or 0.0) > LONGEST_WAIT:
        raise ServerError(_message(response), response.status_code)
    return _backoff(attempt) if asked is None else asked


def _retry_after(value: str) -> float | None:
    """Seconds, however they are written (RFC 9110, 10.2.3); None when they are not."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _backoff(attempt: int) -> float:
    """0.5, 1, 2, 4 … s, of which up to a half is left to chance, so that many clients do not come back together."""
    return float(min(8.0, 0.5 * 2**attempt) * random.uniform(0.5, 1.0))


def _message(response: httpx.Response) -> str:
    """The server's own sentence, when it is one of ours; never the body of a foreign page."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"{response.request.url.path} answered {response.status_code}, which is no medmodel error; is this the right address?"


def _answer(response: httpx.Response) -> Answer:
    from medmodel.records import Answer

    return _parse(Answer, response.content, response.request.url)  # type: ignore[no-any-return]


def _feedback(response: httpx.Response) -> Feedback:
    from medmodel.records import Feedback

    return _parse(Feedback, response.content, response.request.url)  # type: ignore[no-any-return]


def _feedbacks(response: httpx.Response) -> list[Feedback]:
    from medmodel.records import Feedback

    return [_parse(Feedback, line, response.request.url) for line in response.content.split(b"\n") if line]


def _sent(cases: Path | str | Iterable[Case], identity: str | None, question: str) -> dict[str, Any]:
    """A batch's id is made here, so that trying again stores it once."""
    from medmodel.cases import read_all

    listed = read_all(Path(cases), question) if isinstance(cases, Path | str) else cases
    body = "".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in listed)
    headers = {"Content-Type": "application/x-ndjson"}
    return {"method": "PUT", "path": _path(identity or uuid.uuid4().hex), "content": body.encode(), "headers": headers}


def _path(identity: str) -> str:
    return f"/v1/batches/{quote(identity, safe='')}"


def _batch(response: httpx.Response) -> Batch:
    from medmodel.records import Batch

    return _parse(Batch, response.content, response.request.url)  # type: ignore[no-any-return]


def _batches(response: httpx.Response) -> list[Batch]:
    from medmodel.records import Batch

    return [_parse(Batch, line, response.request.url) for line in response.content.split(b"\n") if line]


def _tool(name: str) -> str:
    return f"/v1/tools/{quote(name, safe='')}"


def _specs(response: httpx.Response) -> list[ToolSpec]:
    from medmodel.records import ToolSpec

    return [_checked(ToolSpec, row, response) for row in _mapping(response).get("tools", ())]


def _spec(response: httpx.Response) -> ToolSpec:
    from medmodel.records import ToolSpec

    return _checked(ToolSpec, _mapping(response).get("spec"), response)  # type: ignore[no-any-return]


def _function(response: httpx.Response) -> dict[str, Any]:
    return dict(_mapping(response).get("function", {}))


def _done(response: httpx.Response) -> ToolResult | ToolMissing:
    from medmodel.records import ToolMissing, ToolResult

    found = _mapping(response)
    record = ToolMissing if found.get("status") == "missing" else ToolResult
    return _checked(record, found, response)  # type: ignore[no-any-return]


def _offers(response: httpx.Response) -> list[ToolOffer]:
    from medmodel.records import ToolOffer

    return [_checked(ToolOffer, row, response) for row in _mapping(response).get("tools", ())]


def _checked(record: Any, value: object, response: httpx.Response) -> Any:
    return _parse(record, json.dumps(value).encode(), response.request.url)


def _verdict(answer: Answer, rating: str, reason: str, corrected: str, harm: str, rater: str) -> dict[str, Any]:
    from medmodel.records import Feedback

    verdict = Feedback.model_validate(
        {
            "id": uuid.uuid4().hex,
            "answer": answer,
            "rating": rating,
            "reason": reason,
            "corrected": corrected,
            "harm": harm,
            "rater": rater,
        }
    )
    return {"content": verdict.model_dump_json(), "headers": {"Content-Type": "application/json"}}


def _event(raw: RawEvent) -> Event:
    from medmodel.records import Answer, Claim, Passage, RedFlag

    record: dict[str, Any] = {"flag": RedFlag, "claim": Claim, "done": Answer}
    if raw.name in record:
        return Event(raw.name, _parse(record[raw.name], raw.data.encode(), raw.name))
    data = json.loads(raw.data)
    if raw.name == "error":
        raise ServerError(str(data["message"]), int(data.get("status", 500)))
    if raw.name == "evidence":
        data = {"passages": [Passage.model_validate(passage) for passage in data["passages"]]}
    return Event(raw.name, data)


def _parse(record: Any, content: bytes, where: object) -> Any:
    from pydantic import ValidationError

    try:
        return record.model_validate_json(content)
    except ValidationError as error:  # its text holds the input, which may be a patient's
        broken = error.errors(include_input=False)[0]["type"] == "json_invalid"
        why = "is cut off or no JSON" if broken else f"is no {record.__name__}; are server and SDK of one version?"
        message = f"{where} sent something that {why}"
        raise ServerError(message) from None


def _mapping(response: httpx.Response) -> dict[str, Any]:
    try:
        data = response.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ServerError(f"{response.request.url.path} sent no JSON object; is this the right address?")
    return data


def _readiness(response: httpx.Response) -> Readiness:
    try:
        body = response.json()
        return Readiness(response.is_success, str(body["engine"]), str(body.get("detail", "")))
    except (ValueError, KeyError, TypeError):
        return Readiness(False, "unreachable", f"{response.request.url} answered {response.status_code}: no medmodel server")


def _nobody(url: httpx.URL) -> Readiness:
    return Readiness(False, "unreachable", f"nothing answers at {url}")
