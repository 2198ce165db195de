"""Training stages on a model of a few thousand parameters: they learn, resume after a kill, and cut nothing silently."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from medmodel.artifacts import Artifact, publish, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.prompts import CHAT_TEMPLATE
from medmodel.records import Example, Message
from medmodel.stages.cpt import Cpt
from medmodel.stages.merge import Merge
from medmodel.stages.sft import Sft
from medmodel.train import cpt, loop, merge, packing, sft

TEXT = "[1] Give aspirin. [2] Give water. Question: what to give? No answer in the references. system user assistant"


def artifact(folder: Path, name: str) -> Artifact:
    return publish(
        folder,
        folder.with_name(name),
        stage=name,
        uses=name,
        key=name,
        config={},
        inputs={},
        code="",
        packages={},
        counts={},
        seconds=0,
    )


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    """A two-layer Llama with random weights and a word-level tokenizer of its own."""
    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.train_from_iterator([TEXT], trainers.WordLevelTrainer(special_tokens=["<unk>", "<|im_start|>", "<|im_end|>"]))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|im_end|>", unk_token="<unk>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=2,
        eos_token_id=2,
        tie_word_embeddings=True,
    )
    folder = tmp_path / "base.partial"
    LlamaForCausalLM(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return artifact(folder, "base")


def examples(tmp_path: Path, count: int) -> Artifact:
    turns = (
        Message(role="system", content="Give aspirin."),
        Message(role="user", content="Question: what to give?"),
        Message(role="assistant", content="[1] Give aspirin."),
    )
    folder = tmp_path / "examples.partial"
    write_records(
        folder / "examples", [Example(id=f"{n:03d}", kind="copy", messages=turns, documents=("d",)) for n in range(count)]
    )
    return artifact(folder, "examples")


def job(tmp_path: Path, name: str, config: Any, **inputs: Artifact) -> Job:
    (tmp_path / name).mkdir(exist_ok=True)
    return Job(config, inputs, tmp_path / name, seed=1)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model" / "model.safetensors")


@pytest.mark.slow
def test_fine_tuning_lowers_the_loss_and_saves_a_model_with_its_chat_template(tmp_path: Path, model: Artifact) -> None:
    config = Sft(uses="sft", learning_rate=1e-2, batch=2, max_length=64)
    work = job(tmp_path, "sft", config, model=model, examples=examples(tmp_path, 24))
    counts = sft.run(work)
    assert counts["loss_last"] < counts["loss_first"]
    assert counts["examples"] == 24
    assert "generation" in (work.out / "model" / "chat_template.jinja").read_text()
    assert not (work.out / loop.CHECKPOINTS).exists()


def test_an_example_too_long_to_train_on_is_an_error_not_a_cut(tmp_path: Path, model: Artifact) -> None:
    config = Sft(uses="sft", batch=2, max_length=5)
    with pytest.raises(InputError, match=r"example '000' has \d+ tokens, more than sft.max_length 5"):
        sft.run(job(tmp_path, "sft", config, model=model, examples=examples(tmp_path, 2)))


def rows(tmp_path: Path) -> Artifact:
    folder = tmp_path / "packed.partial"
    folder.mkdir()
    generator = np.random.default_rng(0)
    packed = packing.pack([generator.integers(3, 12, 16).tolist() for _ in range(12)], 16, padding=0, seed=1)
    for name in ("tokens", "positions", "targets"):
        np.save(folder / f"{name}.npy", getattr(packed, name))
    return artifact(folder, "packed")


@pytest.mark.slow
def test_continued_pretraining_stopped_and_resumed_ends_with_the_same_weights(tmp_path: Path, model: Artifact) -> None:
    config = Cpt(uses="cpt", learning_rate=1e-2, batch_rows=2, save_every=2)
    packed = rows(tmp_path)
    straight = job(tmp_path, "straight", config, model=model, packed=packed)
    cpt.run(straight)

    class Stopped(Exception):
        pass

    class StopAtFour(Job):
        def progress(self, done: float, total: float, unit: str = "") -> None:
            if done / total > 0.8:  # after step 5 of 6: the last checkpoint is step 4
                raise Stopped

    (tmp_path / "halved").mkdir()
    with pytest.raises(Stopped):
        cpt.run(StopAtFour(config, {"model": model, "packed": packed}, tmp_path / "halved", seed=1))
    resumed = job(tmp_path, "halved", config, model=model, packed=packed)
    counts = cpt.run(resumed)
    assert counts["resumed_at"] == 4
    for name, weight in weights(straight.out).items():
        torch.testing.assert_close(weights(resumed.out)[name], weight, rtol=0, atol=0)


def test_a_checkpoint_that_was_cut_off_is_not_resumed_from(tmp_path: Path) -> None:
    for step, state in ((2, json.dumps({"global_step": 2})), (4, '{"global_st')):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert loop.last_checkpoint(tmp_path) == tmp_path / "checkpoint-2"
    assert not (tmp_path / "checkpoint-4").exists()


@pytest.mark.slow
def test_a_linear_merge_is_the_weighted_mean_of_the_two_models(tmp_path: Path, model: Artifact) -> None:
    config = Sft(uses="sft", learning_rate=1e-2, batch=2, max_length=64)
    tuned_job = job(tmp_path, "tuned.partial", config, model=model, examples=examples(tmp_path, 4))
    sft.run(tuned_job)
    tuned = artifact(tuned_job.out, "tuned")
    work = job(tmp_path, "merge", Merge(uses="merge", tuned_weight=0.75), base=model, tuned=tuned)
    merge.run(work)
    merged, first, second = weights(work.out), weights(model.path), weights(tuned.path)
    name = "model.layers.0.mlp.up_proj.weight"
    torch.testing.assert_close(merged[name], 0.25 * first[name] + 0.75 * second[name])
    LlamaForCausalLM.from_pretrained(work.out / "model")
    assert not list(work.out.rglob("mergekit*"))
