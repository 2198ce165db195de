"""A server that times out, is busy, breaks off or says nonsense: each case an error of one sentence, never a score, and asked again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from evals import batch
from evals.batch import BatchReport
from medmodel.client import AsyncClient
from medmodel.records import Answer
from medmodel.serve.batches import read_results

CANARY = "Mrs Example"  # synthetic
QUESTIONS = ("fine", "slow", "busy twice", "full", "cut off", "page", "half", "of another kind", "broken")


class Bad:
    """Speaks HTTP as badly as the question says, until it is mended."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.mended = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                body = await reader.readexactly(length)
                if head.startswith(b"GET /readyz"):
                    self.reply(writer, 200, b'{"ready": true, "engine": "ready"}')
                else:
                    await self.answer(writer, json.loads(body)["question"].removeprefix(f"{CANARY}: "))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    async def answer(self, writer: asyncio.StreamWriter, question: str) -> None:
        self.asked.append(question)
        answer = Answer(id="a", question=f"{CANARY}: {question}", status="answered", origin="model").model_dump_json().encode()
        match "fine" if self.mended else question:
            case "slow":
                await asyncio.sleep(2)
            case "busy twice" if self.asked.count(question) < 3:
                self.reply(writer, 429, b"{}", "Retry-After: 0\r\n")
            case "full":
                self.reply(writer, 429, b'{"error": {"message": "the month is used up"}}', "Retry-After: 3600\r\n")
            case "cut off":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + answer[:50])
                await writer.drain()
                writer.close()
            case "page":
                self.reply(writer, 200, f"<html>{CANARY}</html>".encode())
            case "half":
                self.reply(writer, 200, answer[:50])
            case "of another kind":
                self.reply(writer, 200, json.dumps({"choices": [{"text": CANARY}]}).encode())
            case "broken":
                self.reply(writer, 500, b'{"error": {"message": "the index is gone"}}')
            case _:
                self.reply(writer, 200, answer)

    def reply(self, writer: asyncio.StreamWriter, status: int, body: bytes, headers: str = "") -> None:
        writer.write(f"HTTP/1.1 {status} .\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)


async def run(bad: Bad, folder: Path) -> BatchReport:
    server = await asyncio.start_server(bad.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, AsyncClient(f"http://127.0.0.1:{port}", timeout=0.5) as client:
        return await batch.run(folder / "cases.jsonl", folder / "results.jsonl", client)


def test_every_way_to_fail_is_an_error_of_one_sentence_and_only_they_are_asked_again(tmp_path: Path) -> None:
    cases = [{"id": question, "question": f"{CANARY}: {question}", "expect_status": "answered"} for question in QUESTIONS]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    bad = Bad()
    report = asyncio.run(run(bad, tmp_path))
    errors = {result.id: result.error for result in read_results(tmp_path / "results.jsonl")}
    assert sorted(report.failed) == ["broken", "cut off", "full", "half", "of another kind", "page", "slow"]
    assert errors["fine"] == errors["busy twice"] == ""
    assert errors["full"] == "ServerError: the month is used up"
    assert errors["broken"] == "ServerError: the index is gone"
    assert errors["slow"].startswith("ServerUnreachable: the call to http://127.0.0.1:")
    assert errors["slow"].endswith(" took too long")
    assert errors["cut off"].endswith("broke off (RemoteProtocolError)")
    for name in ("page", "half"):
        assert errors[name].endswith("/v1/answers sent something that is cut off or no JSON")
    assert errors["of another kind"].endswith("sent something that is no Answer; are server and SDK of one version?")
    assert not any("\n" in error or CANARY in error for error in errors.values())
    assert (report.expectations["status"].met, report.expectations["status"].n) == (2, 2), "an error is no score"

    bad.mended = True
    bad.asked.clear()
    report = asyncio.run(run(bad, tmp_path))
    assert sorted(bad.asked) == ["broken", "cut off", "full", "half", "of another kind", "page", "slow"]
    assert (report.done, report.failed, report.expectations["status"].met) == (9, (), 9)
