"""What continued pretraining and fine-tuning share: settings by hardware, progress, checkpoints that survive a kill.

transformers' Trainer does the training. A checkpoint counts only when `trainer_state.json`, which it writes last, is
there and parses; an incomplete one is removed before resuming.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback

from medmodel.job import Job

CHECKPOINTS = "checkpoints"


def hardware() -> dict[str, Any]:
    """Trainer settings for the machine at hand: bf16 autocast over fp32 weights on a GPU, fp32 on a CPU.

    On a CPU without bf16 units bf16 is three to four times slower than fp32.
    """
    return {
        "bf16": torch.cuda.is_available(),
        "use_cpu": not torch.cuda.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def train(trainer: Trainer, job: Job, tokens: int) -> dict[str, Any]:
    """Train to the end, from the last whole checkpoint if there is one; returns losses, speed and steps."""
    trainer.add_callback(_Progress(job, tokens))
    checkpoint = last_checkpoint(job.out / CHECKPOINTS)
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    with open(job.out / "log.jsonl", "w", encoding="utf-8") as log:
        log.writelines(json.dumps(entry) + "\n" for entry in trainer.state.log_history)
    return {
        "steps": trainer.state.global_step,
        "tokens": tokens,
        "loss_first": round(losses[0], 4),
        "loss_last": round(losses[-1], 4),
        "resumed_at": int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        "tokens_per_second": round(tokens / result.metrics["train_runtime"], 1),
    }


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, job: Job) -> None:
    """Write model/ as float32 safetensors with its tokenizer, and drop the checkpoints."""
    model.config.use_cache = True
    model.save_pretrained(job.out / "model")
    tokenizer.save_pretrained(job.out / "model")
    shutil.rmtree(job.out / CHECKPOINTS, ignore_errors=True)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; incomplete ones are deleted."""
    whole: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        try:
            state = json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
            whole.append((state["global_step"], path))
        except (FileNotFoundError, json.JSONDecodeError, KeyError):
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


class _Progress(TrainerCallback):  # type: ignore[misc]
    def __init__(self, job: Job, tokens: int) -> None:
        self.job = job
        self.tokens = tokens

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.job.progress(self.tokens * state.global_step / max(1, state.max_steps), self.tokens, "tokens")
