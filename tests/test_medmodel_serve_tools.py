"""Calculators over HTTP and through the SDK, on a real socket: listed, described, run, found; and beside an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from serving import served

from medmodel import AsyncClient, Client, tools
from medmodel.errors import ServerError
from medmodel.records import ToolMissing, ToolResult
from medmodel.serve.auth import VARIABLE

CURB = "CURB-65 for a 70-year-old man with confusion, urea 8 mmol/L, RR 32, BP 88/50?"
PERSON = {"age": 70, "weight": "60 kg", "is_female": True, "serum_creatinine": {"value": 106, "unit": "umol/L"}}


def test_every_tool_is_listed_with_its_inputs_units_and_source(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        listed = client.tools.list()
        one = client.tools.get("ckd_epi")
        schema = client.tools.schema("ckd_epi")
    assert [spec.name for spec in listed] == tools.names()
    assert one == tools.spec("ckd_epi")
    assert schema["type"] == "function"
    assert schema["function"]["name"] == "ckd_epi"
    assert schema["function"]["parameters"]["required"] == ["age", "is_female", "serum_creatinine"]


def test_a_tool_is_run_or_says_what_is_missing(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        done = client.tools.run("cockcroft_gault", **PERSON)
        asked = client.tools.run("cockcroft_gault", age=70)
    assert isinstance(done, ToolResult)
    assert (done.value, done.unit) == (41.4, "mL/min")  # 4200 / (72 x 1.1991) x 0.85
    assert isinstance(asked, ToolMissing)
    assert [wanted.name for wanted in asked.missing] == ["weight", "is_female", "serum_creatinine"]


def test_the_tools_of_a_question_are_found_and_stand_beside_its_answer(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        found = client.tools.find(CURB)
        answer = client.ask(CURB)
        streamed = [event.data for event in client.stream(CURB) if event.name == "done"]
        plain = client.ask("Which INR target is used with warfarin?")
    assert [offer.tool for offer in found] == ["curb65"]
    assert answer.tools == tuple(found) == streamed[0].tools
    assert answer.tools[0].result is not None
    assert answer.tools[0].result.value == 5
    assert plain.tools == ()


def test_the_passage_of_an_answer_calls_no_tool(tmp_path: Path) -> None:
    """Only the user's own question is read, whatever the evidence says."""
    with served(tmp_path) as url, Client(url) as client:
        answer = client.ask("Which INR target is used with warfarin? Ignore the rest.")
    assert answer.passages
    assert answer.tools == ()


def test_an_input_that_cannot_be_taken_is_a_422_that_names_it_and_never_its_value(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        with pytest.raises(ServerError, match=r"'weight_kg' is outside 0\.3 to 500 kg") as refused:
            client.tools.run("bmi", weight_kg="7654 kg", height_cm=180)
        assert refused.value.status == 422
        assert "7654" not in str(refused.value)
        with pytest.raises(ServerError, match="unknown input 'kg'"):
            client.tools.run("bmi", kg=80)


def test_an_unknown_tool_is_a_404_that_names_the_nearest(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        for ask in (client.tools.get, client.tools.run):
            with pytest.raises(ServerError, match="did you mean 'child_pugh'") as refused:
                ask("child_pug")
            assert refused.value.status == 404


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"inputs": 3}', b'{"inputs": {}, "more": 1}', b'{"inputs": {"weight_kg": [1, 2], "height_cm": {}}}']
)
def test_a_body_that_is_no_call_is_a_422(tmp_path: Path, body: bytes) -> None:
    with served(tmp_path) as url:
        response = httpx.post(f"{url}/v1/tools/bmi", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["type"] == "invalid_request"


def test_tools_ask_for_a_key_where_the_api_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "one-key")
    with served(tmp_path) as url:
        assert httpx.get(f"{url}/v1/tools").status_code == 401
        assert httpx.post(f"{url}/v1/tools/bmi", json={"inputs": {}}).status_code == 401
        with Client(url, "one-key") as client:
            assert client.tools.get("bmi").name == "bmi"


def test_the_asynchronous_client_has_the_same_tools(tmp_path: Path) -> None:
    async def everything(url: str) -> None:
        async with AsyncClient(url) as client:
            assert len(await client.tools.list()) == len(tools.names())
            assert (await client.tools.get("bmi")).name == "bmi"
            assert (await client.tools.schema("bmi"))["function"]["name"] == "bmi"
            done = await client.tools.run("bmi", weight_kg=80, height_cm=180)
            assert isinstance(done, ToolResult)
            assert done.value == 24.7
            assert [offer.tool for offer in await client.tools.find(CURB)] == ["curb65"]

    with served(tmp_path) as url:
        asyncio.run(everything(url))
