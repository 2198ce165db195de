"""Plug-ins: one file each, found by name; a duplicate is an error, an unknown one names the nearest."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from medmodel import registry
from medmodel.errors import MedmodelError, UnknownName

ROOT = Path(__file__).parents[1]


def test_a_plug_in_is_found_without_anyone_importing_its_file() -> None:
    code = "from medmodel import registry; print(registry.get('stage', 'cpt').module)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "medmodel.train.cpt"


def test_an_unknown_plug_in_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown stage 'ctp'; known: base, cpt.* — did you mean 'cpt'"):
        registry.get("stage", "ctp")


def test_two_plug_ins_of_one_name_are_refused_and_the_first_stays() -> None:
    first = registry.get("stage", "cpt")
    with pytest.raises(MedmodelError, match="two stages are called 'cpt'"):
        registry.register("stage", "cpt")(object())
    assert registry.get("stage", "cpt") is first


def test_names_are_sorted_so_that_messages_and_plans_do_not_change_between_runs() -> None:
    assert registry.names("gate") == sorted(registry.names("gate"))


@pytest.mark.parametrize("kind", sorted(registry.FOLDERS))
def test_every_kind_has_plug_ins_and_each_lives_in_a_file_of_its_kind_s_folder(kind: str) -> None:
    folder = Path(str(importlib.import_module(registry.FOLDERS[kind]).__file__)).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    homes = {_home(registry.get(kind, name)) for name in registry.names(kind)}
    homes = {home for home in homes if not home.startswith("test_")}  # other tests register plug-ins of their own
    assert homes
    assert homes <= {f"{registry.FOLDERS[kind]}.{name}" for name in files}


def _home(plugin: object) -> str:
    """Module of a plug-in: a class, a function, or an instance of a class."""
    plugin = getattr(plugin, "func", plugin)  # one reader for several sources
    return str(getattr(plugin, "__module__", type(plugin).__module__))
