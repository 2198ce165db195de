"""Stage `sft`: supervised fine-tuning on conversations, loss on the assistant's words alone.

TRL's SFTTrainer does it; this file holds what we decide: the order (the examples come sorted from copying to
choosing, and are read once, in that order), no packing (TRL's needs a varlen kernel), padding by the attention mask
(pad == eos in the embedded model), and no silent cutting: an example longer than `max_length` is an error.
Full fine-tuning by default; `lora_rank` > 0 trains LoRA adapters on all linear layers and folds them in.

Sources: assistant-only loss, TRL 1.16; LoRA on all layers, arXiv 2405.09673.

    medmodel run demo --until sft
"""

from __future__ import annotations

from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Example
from medmodel.train import loop


def run(job: Job) -> dict[str, Any]:
    """Write model/ and log.jsonl; returns losses, steps, speed and the number of examples."""
    source = job.inputs["model"].path / "model"
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    model.config.use_cache = False
    tokenizer = AutoTokenizer.from_pretrained(source)
    examples = list(job.inputs["examples"].read("examples", Example))
    tokens = _count_tokens(examples, tokenizer, job.config.max_length)
    dataset = Dataset.from_list([{"messages": [message.model_dump() for message in example.messages]} for example in examples])
    steps = -(-len(examples) // job.config.batch)
    # On a CPU one example at a time: no padding, 125 tokens/s against 93 for four padded ones (docs/log.md).
    # The gradient is that of the whole batch, normalised by its tokens.
    at_once = job.config.batch if torch.cuda.is_available() else 1
    arguments = SFTConfig(
        output_dir=str(job.out / loop.CHECKPOINTS),
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=job.config.batch // at_once,
        num_train_epochs=job.config.epochs,
        learning_rate=job.config.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1},
        warmup_steps=max(1, round(steps * job.config.epochs * job.config.warmup)),
        max_grad_norm=1.0,
        assistant_only_loss=True,
        max_length=job.config.max_length,
        packing=False,
        train_sampling_strategy="sequential",  # from easy to hard, as the examples come
        gradient_checkpointing=torch.cuda.is_available(),
        save_strategy="steps",
        save_steps=job.config.save_every,
        save_total_limit=1,
        logging_steps=1,
        seed=job.seed,
        report_to=[],
        disable_tqdm=True,
        **loop.hardware(),
    )
    adapters = (
        LoraConfig(r=job.config.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM") if job.config.lora_rank else None
    )
    trainer = SFTTrainer(model=model, args=arguments, train_dataset=dataset, processing_class=tokenizer, peft_config=adapters)
    counts = loop.train(trainer, job, tokens=round(tokens * job.config.epochs))
    trained = trainer.model.merge_and_unload() if adapters else trainer.model
    loop.save(trained, tokenizer, job)
    return {**counts, "examples": len(examples)}


def _count_tokens(examples: list[Example], tokenizer: Any, max_length: int) -> int:
    total = 0
    for example in examples:
        text = tokenizer.apply_chat_template([message.model_dump() for message in example.messages], tokenize=False)
        length = len(tokenizer(text, add_special_tokens=False).input_ids)
        if length > max_length:
            raise InputError(
                f"example '{example.id}' has {length} tokens, more than sft.max_length {max_length}: raise it, or make the example shorter"
            )
        total += length
    return total
