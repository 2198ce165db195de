"""What a recipe may say of the gate."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import ClassVar

from medmodel.errors import InputError
from medmodel.recipe import StageConfig, data_dir
from medmodel.registry import register
from medmodel.stages.documents import source_digests


@register("stage", "gate")
class Gate(StageConfig):
    module: ClassVar[str] = "evals.gate"
    roles: ClassVar[tuple[str, ...]] = ("base", "candidate", "index", "examples", "documents")
    packages: ClassVar[tuple[str, ...]] = ("scipy", "statsmodels", "lm-eval")
    unkeyed: ClassVar[tuple[str, ...]] = ("judge", "judge_key", "agreement")  # the agreement's digest is in `outside`

    profile: str = "demo"  # of evals/gates.yaml; what it asks for is fixed there, never here
    baseline: str | None = None  # a release's folder, for gates that compare with the one in use: `--baseline R`
    judge: str | None = None  # for suites with rubrics: an OpenAI-compatible address that ends in /v1
    judge_model: str | None = None  # default: the first that its server lists
    judge_key: str = "JUDGE_API_KEY"  # the environment variable that holds its key
    agreement: str | None = None  # what `evals judge-agreement` wrote of this judge: without it, it decides nothing
    key: str = "development"  # who signs the report; else the path of a PEM private key
    together: bool = True  # both engines start at once: 90 s less on two cores, 5 GB more; false where a GPU holds one model

    def check(self) -> None:
        data = data_dir()
        for folder in self._benchmarks():
            if data is None or not (data / folder).is_dir():
                where = f"{data / folder} is not there" if data else "MEDMODEL_DATA is not set"
                raise InputError(
                    f"gate profile '{self.profile}' has no data: {where}; download it, or choose a smaller profile"
                )

    def outside(self) -> dict[str, str]:
        found = source_digests(self._benchmarks())
        if self.baseline is not None:
            manifest = Path(self.baseline) / "manifest.json"
            found["baseline release"] = _sha256(
                manifest, f"the baseline release {self.baseline} is missing: it has no manifest.json; name a release's folder"
            )
        if self.agreement is not None:
            found["judge's agreement"] = _sha256(
                Path(self.agreement), f"there is no {self.agreement}; python -m evals judge-agreement writes it"
            )
        return found

    def _benchmarks(self) -> list[str]:
        """Folders under $MEDMODEL_DATA that the profile's benchmarks read. evals is in no wheel; running the stage says so."""
        if not importlib.util.find_spec("evals"):
            return []
        folders: list[str] = importlib.import_module("evals.profiles").data_folders(self.profile)
        return folders

    def seconds(self) -> float:
        return 185.0  # measured: 180


def _sha256(path: Path, missing: str) -> str:
    if not path.is_file():
        raise InputError(missing)
    return hashlib.sha256(path.read_bytes()).hexdigest()
