"""A real vLLM over a model of 0.2 million random parameters, made here: starts, writes, scores, and dies with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medmodel.errors import EngineError, InputError
from medmodel.models.engine import NextToken
from medmodel.models.openai_engine import OpenAIEngine
from medmodel.models.vllm_server import VllmServer, usable_cpus
from medmodel.prompts import CHAT_TEMPLATE, answer_grammar
from medmodel.records import Message

PROMPT = (Message(role="user", content="[1] Target INR is 2.\n\nQuestion: Which INR?"),)
# What `medmodel serve` does, in a process that a test may kill.
PARENT = """
import json, sys, time
from pathlib import Path
from medmodel.models.vllm_server import VllmServer
with VllmServer(Path(sys.argv[1]), log=Path(sys.argv[2])) as server:
    seen = []
    server.wait_ready(lambda done, expected, what: seen.append(what))
    engine = server.engine()
    print(json.dumps([server.base_url, server.model, server.api_key, engine.name, 1, seen]), flush=True)
    time.sleep(3600)
"""


def make_model(folder: Path) -> Path:
    """A Llama with random weights and a byte-level tokeniser trained on one sentence."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["When warfarin is used, target INR is 2.0–3.0."], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=special[0], bos_token=special[1], eos_token=special[2], pad_token=special[2]
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(17)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("pico"))


@pytest.fixture(scope="module")
def parent(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a server; its first line says where. vLLM takes most of a minute, so the tests share it."""
    log = tmp_path_factory.mktemp("log") / "vllm.log"
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model), str(log)],
        env={**os.environ, "CXX": "/bin/false"},  # nothing is compiled, so a machine without a C++ compiler will do
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.said = json.loads(process.stdout.readline() or "null")  # type: ignore[attr-defined]
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def engine(parent: Any) -> OpenAIEngine:
    url, name, key, shown, bos, _ = parent.said
    return OpenAIEngine(url, name, key, name=shown, bos_token_id=bos)


def processes(mark: str) -> list[int]:
    """Every process of this server: those whose environment holds its key."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.mark.vllm
def test_while_it_starts_it_says_what_it_is_doing(parent: Any) -> None:
    assert len(set(parent.said[5])) > 1  # which of its steps are seen depends on how busy the machine is


@pytest.mark.vllm
def test_the_engine_writes_what_the_grammar_admits_and_streams_it(engine: OpenAIEngine) -> None:
    pieces: list[str] = []
    completion = asyncio.run(
        engine.generate(PROMPT, regex=answer_grammar(1), max_tokens=400, on_text=pieces.append, cache_salt="tenant")
    )
    assert "".join(pieces) == completion.text
    assert len(pieces) > 1
    assert completion.tokens > 1
    if completion.finish_reason == "stop":  # a random model may also run on until it is cut
        assert re.fullmatch(answer_grammar(1), completion.text)
    else:
        assert completion.text.startswith(("[1] ", "No answer"))


@pytest.mark.vllm
def test_likelihoods_agree_with_transformers(engine: OpenAIEngine, model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    reference = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    for prompt, continuation in (("Question: which INR?\nAnswer:", " target INR is 2.0–3.0."), ("", "warfarin")):
        before = tokenizer(prompt, add_special_tokens=False).input_ids or [1]
        after = tokenizer(continuation, add_special_tokens=False).input_ids
        with torch.no_grad():
            logprobs = torch.log_softmax(reference(torch.tensor([before + after])).logits[0], -1)
        expected = sum(float(logprobs[len(before) + n - 1, token]) for n, token in enumerate(after))
        likelihood = asyncio.run(engine.loglikelihood(prompt, continuation))
        assert likelihood.tokens == len(after)
        assert likelihood.logprob == pytest.approx(expected, abs=0.01)


@pytest.mark.vllm
def test_a_prompt_too_long_is_an_engine_error_with_the_limit_and_without_the_prompt(engine: OpenAIEngine) -> None:
    with pytest.raises(EngineError, match="maximum context length is 1024 tokens") as caught:
        asyncio.run(engine.generate((Message(role="user", content="Jane " * 2000),)))
    assert "Jane" not in str(caught.value)
    assert asyncio.run(engine.ready()) is True


@pytest.mark.vllm
def test_letters_by_one_request_have_the_likelihoods_that_each_has_alone(engine: OpenAIEngine) -> None:
    async def both() -> tuple[NextToken, list[float]]:
        found = await engine.next_token("Question: which INR?\nAnswer:", ["A", "B", "C"])
        return found, [(await engine.loglikelihood("Question: which INR?\nAnswer:", letter)).logprob for letter in "ABC"]

    found, alone = asyncio.run(both())
    assert found.logprobs == pytest.approx(alone, abs=1e-4)
    assert found.cut == 0


@pytest.mark.vllm
def test_a_prompt_over_the_context_is_cut_from_the_left_to_all_but_one_token(engine: OpenAIEngine, model: Path) -> None:
    async def ask(letters: int) -> NextToken:
        return await engine.next_token("x" * (letters - 1) + ":", ["A", "B"])

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    assert len(tokenizer("x" * 99 + ":").input_ids) == 100  # a letter is a token
    found = {letters: asyncio.run(ask(letters)) for letters in (1023, 1024, 1025, 1123)}  # its context has 1,024
    assert [reply.cut for reply in found.values()] == [0, 1, 2, 100]
    assert found[1123].logprobs == pytest.approx(found[1023].logprobs, abs=1e-4)


@pytest.mark.vllm
def test_kill_minus_nine_of_the_parent_leaves_no_process_after_ten_seconds(parent: Any) -> None:
    started = processes(parent.said[2])
    assert len(started) >= 4  # guard, API server, EngineCore, worker
    os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in started) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == [], "running, or a zombie that nobody buries"


@pytest.mark.vllm
def test_a_vllm_that_dies_while_it_starts_gives_its_exit_code_and_last_words(model: Path, tmp_path: Path) -> None:
    with VllmServer(model, log=tmp_path / "vllm.log", options=["--no-such-option"]) as server:
        with pytest.raises(EngineError, match=r"exit code 2") as caught:
            server.wait_ready()
        assert "no-such-option" in str(caught.value)


def test_a_folder_that_holds_no_model_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        VllmServer(tmp_path)


def test_it_runs_on_no_core_that_this_process_may_not_use() -> None:
    assert set(usable_cpus()) <= os.sched_getaffinity(0)
    assert usable_cpus()
