"""Stage `merge`: one model out of several, by mergekit in a process of its own.

Merging back towards the base keeps general ability that fine-tuning loses, and costs nothing at inference; medical
merges match or beat ensembles of their parts (BioMistral, arXiv 2402.10373). The merge is gated like any candidate.

    medmodel run demo --until merge
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from medmodel.errors import StageFailed
from medmodel.job import Job


def run(job: Job) -> dict[str, Any]:
    """Write model/ and merge.yaml; returns the method and the weights."""
    job.clear()
    base, tuned = (job.inputs[role].path / "model" for role in ("base", "tuned"))
    weight = job.config.tuned_weight
    plan = {
        "merge_method": job.config.method,
        "models": [
            {"model": str(base), "parameters": {"weight": round(1 - weight, 6)}},
            {"model": str(tuned), "parameters": {"weight": weight}},
        ],
        "dtype": "float32",
    }
    if job.config.method != "linear":
        plan["base_model"] = str(base)
    with_paths = job.out / "merge.tmp.yaml"
    with_paths.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    job.progress(0, 1, "merges")
    _mergekit(with_paths, job.out / "model")
    with_paths.unlink()
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "special_tokens_map.json",
        "generation_config.json",
    ):
        if (tuned / name).exists():  # the tuned model's own files: mergekit rewrites some of them
            shutil.copyfile(tuned / name, job.out / "model" / name)
    shutil.copyfile(tuned / "config.json", job.out / "model" / "config.json")
    (job.out / "model" / "README.md").unlink(missing_ok=True)  # mergekit's card holds paths; the release writes its own
    (job.out / "model" / "mergekit_config.yml").unlink(missing_ok=True)
    job.progress(1, 1, "merges")
    return {"method": job.config.method, "tuned_weight": weight}


def _mergekit(plan: Path, out: Path) -> None:
    command = [str(Path(sys.executable).with_name("mergekit-yaml")), str(plan), str(out), "--no-copy-tokenizer"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise StageFailed(f"mergekit ended with exit code {done.returncode}:\n{tail}")
