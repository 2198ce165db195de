"""Recipes: strict, with the nearest name for every wrong one, and one value overridden at a time."""

from pathlib import Path

import pytest

from medmodel import registry
from medmodel.errors import RecipeError, UnknownName
from medmodel.recipe import RECIPES, StageConfig, data_dir, load_recipe

ROAD = """
name: road
seed: 3
stages:
  merge: {uses: merge, needs: {base: base, tuned: base}}
  base: {uses: base}
"""


def recipe(folder: Path, text: str = ROAD) -> str:
    path = folder / "road.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_stages_run_after_what_they_need_whatever_their_place_in_the_file(tmp_path: Path) -> None:
    assert load_recipe(recipe(tmp_path)).order() == ["base", "merge"]


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_loads(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_recipe_that_is_not_shipped_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown recipe 'dmeo'; known: .*demo.* did you mean 'demo'"):
        load_recipe("dmeo")


def test_an_unknown_key_names_file_stage_and_the_nearest_key(tmp_path: Path) -> None:
    text = ROAD.replace("{uses: base}", "{uses: base, max_lenght: 100}")
    with pytest.raises(
        UnknownName, match=r"unknown key 'max_lenght' in .*road\.yaml: stage 'base'.* did you mean 'max_length'"
    ):
        load_recipe(recipe(tmp_path, text))


def test_an_unknown_key_outside_the_stages_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown key 'sed'.* did you mean 'seed'"):
        load_recipe(recipe(tmp_path, ROAD.replace("seed: 3", "sed: 3")))


def test_an_unknown_kind_of_stage_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown stage 'marge'.* did you mean 'merge'"):
        load_recipe(recipe(tmp_path, ROAD.replace("uses: merge", "uses: marge")))


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("uses: base}", "uses: base, max_length: long}", "'max_length': Input should be a valid integer"),
        ("{uses: base}", "{model: embedded}", "stage 'base' does not say which kind of stage it `uses:`"),
        ("tuned: base}", "}", "stage 'merge' needs an input 'tuned'"),
        ("base: base,", "base: merge,", "stages need each other in a circle: merge -> merge"),
        ("stages:", "stages: [", "is not valid YAML"),
        ("stages:", "steps:", "has no 'stages:' mapping"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_says_where(tmp_path: Path, written: str, instead: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe(tmp_path, ROAD.replace(written, instead, 1)))
    assert said in str(caught.value)


def test_an_input_from_a_stage_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown stage 'bsae'.*merge\.needs\.tuned.* did you mean 'base'"):
        load_recipe(recipe(tmp_path, ROAD.replace("tuned: base", "tuned: bsae")))


def test_an_input_that_the_stage_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown input 'tuend'"):
        load_recipe(recipe(tmp_path, ROAD.replace("tuned: base", "tuned: base, tuend: base")))


def test_a_recipe_file_that_is_missing_is_named() -> None:
    with pytest.raises(RecipeError, match=r"there is no recipe file nowhere\.yaml"):
        load_recipe("nowhere.yaml")


def test_one_value_is_overridden_with_or_without_the_word_stages(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    for override in ("base.max_length=512", "stages.base.max_length=512"):
        assert load_recipe(path, [override]).stages["base"].model_dump()["max_length"] == 512
    assert load_recipe(path, ["seed=4"]).seed == 4


def test_an_override_with_a_wrong_place_key_or_form_is_refused(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    with pytest.raises(UnknownName, match=r"unknown key 'bsae' in --set bsae\.max_length=1"):
        load_recipe(path, ["bsae.max_length=1"])
    with pytest.raises(UnknownName, match="did you mean 'max_length'"):
        load_recipe(path, ["base.max_lenght=1"])
    with pytest.raises(RecipeError, match=r"write it as key\.subkey=value"):
        load_recipe(path, ["base.max_length"])


def test_a_recipe_cannot_be_changed_after_it_was_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_recipe(recipe(tmp_path)).seed = 5


def test_every_stage_kind_names_its_module_its_roles_and_a_time(tmp_path: Path) -> None:
    for name in registry.names("stage"):
        kind = registry.get("stage", name)
        assert issubclass(kind, StageConfig)
        assert kind.module.split(".")[0] in ("medmodel", "data_build", "evals")
        assert kind(uses=name).seconds() > 0


def test_unset_data_is_none_and_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDMODEL_DATA", raising=False)
    assert data_dir() is None
    monkeypatch.setenv("MEDMODEL_DATA", "somewhere")
    assert data_dir() == Path("somewhere")
