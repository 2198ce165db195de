"""Stage `cpt`: continued pretraining of the whole model on packed rows.

Warm-up, stable, decay; AdamW .9/.95; weight decay not on norms and biases; clipping at 1.0; rows in the order the
packer seeded. Resumes from its last checkpoint with the same data order.

Sources: learning rates and replay, arXiv 2403.08763; WSD, arXiv 2404.06395.

    medmodel run demo --until cpt
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, default_data_collator

from medmodel.job import Job
from medmodel.train import loop
from medmodel.train.packing import Packed, load


class Rows(Dataset[dict[str, torch.Tensor]]):  # type: ignore[misc]
    """Packed rows as the model takes them."""

    def __init__(self, packed: Packed) -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed.tokens)

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        return {
            "input_ids": torch.as_tensor(self.packed.tokens[row].astype("int64")),
            "position_ids": torch.as_tensor(self.packed.positions[row].astype("int64")),
            "labels": torch.as_tensor(self.packed.targets[row].astype("int64")),
        }


def run(job: Job) -> dict[str, Any]:
    """Write model/ and log.jsonl; returns losses, steps and speed."""
    source = job.inputs["model"].path / "model"
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    model.config.use_cache = False
    tokenizer = AutoTokenizer.from_pretrained(source)
    packed = load(job.inputs["packed"].path)
    rows = Rows(packed)
    steps = -(-len(rows) // job.config.batch_rows)
    arguments = TrainingArguments(
        output_dir=str(job.out / loop.CHECKPOINTS),
        per_device_train_batch_size=job.config.batch_rows,
        num_train_epochs=1,
        learning_rate=job.config.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": max(1, round(steps * job.config.decay))},
        warmup_steps=max(1, round(steps * job.config.warmup)),
        weight_decay=job.config.weight_decay,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        train_sampling_strategy="sequential",  # the packer shuffled
        save_strategy="steps",
        save_steps=job.config.save_every,
        save_total_limit=1,
        logging_steps=1,
        seed=job.seed,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        **loop.hardware(),
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=default_data_collator)
    counts = loop.train(trainer, job, tokens=int((packed.targets != -100).sum()))
    loop.save(model, tokenizer, job)
    return counts
