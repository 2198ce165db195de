"""A phase as tasks of Ray: on the cluster that `RAY_ADDRESS` names, else on the cores of this machine.

One shard is one Ray task in a worker process of its own. datatrove's Ray executor is not used. It runs each shard in a pool
within an actor, and such a pool waits for ever when its process is killed, as systems do that are out of memory. It also puts
the values of variables into its workers' logs, and with them text of documents. Here Ray itself begins a killed shard again,
and a step's error is the sentence that it is elsewhere. `options` are those of datatrove that say what a task takes.

The nodes must see the same files: the store, the sources, this project and its Python. Tried on one machine (Ray 2.60).

    documents: {uses: documents, executor: {kind: ray, workers: 64, options: {cpus_per_task: 1, mem_per_cpu_gb: 2}}}
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datatrove.executor.base import DistributedEnvVars, PipelineExecutor

from medmodel.errors import MedmodelError

RETRIES = 3  # of a shard whose worker was killed; a step's error is not tried again
TRIES = "3"  # of 40 s each to reach a cluster; Ray's own 20 would be a quarter of an hour
# What a worker needs of this environment, Ray's daemons having begun in their own. No key: Ray writes these into its logs.
OURS = ("PYTHONPATH", "MEDMODEL_DATA", "MEDMODEL_HOME", "HF_HUB_OFFLINE", "OMP_NUM_THREADS")


class RayTasks(PipelineExecutor):  # type: ignore[misc]
    def __init__(
        self,
        pipeline: list[Any],
        tasks: int,
        workers: int,
        folder: Path,
        on_done: Callable[[], None],
        cpus_per_task: float = 1,
        mem_per_cpu_gb: float = 2,
        ray_remote_kwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(pipeline, str(folder.absolute()))
        self.tasks = tasks
        self.workers = workers
        self.on_done = on_done
        self.cpus_per_task = cpus_per_task
        self.mem_per_cpu_gb = mem_per_cpu_gb
        self.ray_remote_kwargs = ray_remote_kwargs or {}

    @property
    def world_size(self) -> int:
        return self.tasks

    def get_distributed_env(self, node_rank: int = -1) -> DistributedEnvVars:
        return DistributedEnvVars(
            datatrove_node_ips="",
            datatrove_cpus_per_task=str(self.cpus_per_task),
            datatrove_mem_per_cpu=str(self.mem_per_cpu_gb),
            datatrove_gpus_on_node="0",
            datatrove_executor="RAY",
        )

    def run(self) -> None:
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        if "RAY_ADDRESS" in os.environ:
            os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", TRIES)  # read as Ray is imported
        import ray

        if not ray.is_initialized():
            environment = {name: os.environ[name] for name in OURS if name in os.environ}
            try:
                ray.init(include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": environment})
            except (ConnectionError, ray.exceptions.AuthenticationError):
                raise MedmodelError(
                    f"no Ray cluster lets this run in at RAY_ADDRESS={os.environ.get('RAY_ADDRESS', '')}: is it up, "
                    "and has this machine its token (RAY_AUTH_MODE=token, ~/.ray/auth_token)?"
                ) from None
        for _ in self._running(ray, ranks):
            self.on_done()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "on_done": None}  # the parent's alone

    def _running(self, ray: Any, ranks: list[int]) -> Iterator[None]:
        """Tasks that were done, as they are, `workers` at a time."""
        options = {
            "num_cpus": self.cpus_per_task,
            "memory": int(self.mem_per_cpu_gb * self.cpus_per_task * 2**30),
            "max_retries": RETRIES,
            **self.ray_remote_kwargs,
        }
        task = ray.remote(run_rank).options(**options)
        executor, waiting = ray.put(self), list(reversed(ranks))
        running: list[Any] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    running.append(task.remote(executor, waiting.pop()))
                [done], running = ray.wait(running)
                ray.get(done)
                yield
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
            raise MedmodelError(
                f"a shard's worker was killed {RETRIES + 1} times, as systems do that are out of memory: "
                "run again with more `mem_per_cpu_gb`; what is done is kept"
            ) from None
        finally:
            for left in running:
                ray.cancel(left, force=True)


def run_rank(executor: RayTasks, rank: int) -> None:
    """In a worker of Ray."""
    executor._run_for_rank(rank)


def check_ray() -> None:
    if importlib.util.find_spec("ray") is None:
        raise MedmodelError("executor.kind: ray is not installed: pip install 'medmodel[ray]', or choose local or slurm")
