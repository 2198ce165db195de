"""Who may import whom, read from the source with `ast`: a lazy import inside a function counts like any other.

`data_build`, `evals` and `app` import `medmodel`, never each other; `medmodel` imports none of them; inside `medmodel` a
file imports its own layer or one below. What is named in a string (a stage's module) starts as a process of its own.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = ("medmodel", "data_build", "evals", "app")
LAYERS = (
    # the foundation: records, files and rules; no model, no server
    "errors records cases registry recipe artifacts job keys prompts phi safety client sse stages forgetting __init__",
    # what turns text into answers or weights
    "models rag tools train",
    # what puts it together
    "serve release pipeline trace cli",
)
COMPILED = ("medmodel.phi.scoring",)  # loaded by a call of the name model, never by an import
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts.split()}
HEAVY = (
    "torch transformers trl peft accelerate datasets sentence_transformers faiss tantivy numpy scipy pandas polars pyarrow "
    "duckdb datatrove rensa mergekit presidio_analyzer spacy vllm openai gradio fastapi starlette uvicorn aiohttp sqlalchemy "
    "langchain langchain_core langchain_text_splitters qdrant_client lm_eval inspect_ai model_signing huggingface_hub gguf"
).split()
SOURCES = sorted(path for top in TOP for path in (ROOT / top).rglob("*.py"))


def name_of(path: Path) -> str:
    """medmodel/rag/index.py -> medmodel.rag.index"""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path, top_level: bool = False) -> Iterator[str]:
    """Modules a file imports; `top_level` leaves out those inside functions and under TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _run_on_import(tree) if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write whole module names, so that who imports whom can be read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _run_on_import(child)


def level_of(module: str) -> int:
    """The layer of `medmodel.rag.index` is that of `rag`; names taken from `medmodel` itself are the foundation's."""
    parts = module.split(".")
    return LEVEL.get(parts[1], 0) if len(parts) > 1 else 0


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_top_level_packages_import_medmodel_and_never_each_other(path: Path) -> None:
    own = name_of(path).split(".")[0]
    others = {
        module for module in imported(path) if module.split(".")[0] in TOP and module.split(".")[0] not in (own, "medmodel")
    }
    assert not others


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path).startswith("medmodel")], ids=name_of)
def test_inside_medmodel_a_file_imports_its_own_layer_or_one_below(path: Path) -> None:
    own = level_of(name_of(path))
    above = {module for module in imported(path) if module.split(".")[0] == "medmodel" and level_of(module) > own}
    assert not above


def test_every_part_of_medmodel_has_a_layer() -> None:
    parts = {path.stem for path in (ROOT / "medmodel").glob("*.py")}
    parts |= {path.parent.name for path in (ROOT / "medmodel").glob("*/__init__.py")}
    assert parts <= set(LEVEL)


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in SOURCES
        if name_of(path).startswith("medmodel") and level_of(name_of(path)) == 0 and name_of(path) not in COMPILED
    ],
    ids=name_of,
)
def test_the_foundation_imports_no_heavy_package_when_it_is_loaded(path: Path) -> None:
    assert not {module for module in imported(path, top_level=True) if module.split(".")[0] in HEAVY}


@pytest.mark.parametrize("statement", ["import medmodel", "from medmodel import Client", "import medmodel.cli"])
def test_loading_medmodel_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not set(json.loads(loaded)) & set(HEAVY)
