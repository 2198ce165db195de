"""What a product is opened from, and whose engine answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from serving import OnePassage, Switch, product

from medmodel.errors import InputError, ReleaseRefused
from medmodel.models.engine import Completion
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.product import Fixed, Product, open_product


class Salty(ScriptedEngine):
    """Keeps the salts it was called with."""

    def __init__(self) -> None:
        super().__init__()
        self.salts: list[str | None] = []

    async def generate(self, *args: Any, cache_salt: str | None = None, **options: Any) -> Completion:
        self.salts.append(cache_salt)
        return await super().generate(*args, **options)


def test_an_answer_is_quotes_until_the_engine_is_there() -> None:
    switch = Switch()
    opened = product(switch)
    assert asyncio.run(opened.answer("warfarin?")).origin == "extractive"
    switch.current = ScriptedEngine()
    assert asyncio.run(opened.answer("warfarin?")).origin == "model"
    assert opened.engine is switch.current


def test_a_tenants_salt_reaches_the_engine() -> None:
    engine = Salty()
    opened = Product(lambda seen: OnePassage(seen, {}), Fixed(engine), {})
    asyncio.run(opened.answer("warfarin?", cache_salt="s1"))
    asyncio.run(opened.answer("warfarin?"))
    assert engine.salts == ["s1", None]


def test_without_an_engine_on_purpose_the_product_is_ready() -> None:
    assert product(Fixed(None)).readiness().engine == "none"
    assert product(Fixed(None)).readiness()


def test_a_folder_that_is_no_release_is_refused_before_anything_loads(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    with pytest.raises(ReleaseRefused), open_product(release=tmp_path, engine="none"):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "none"}, "nothing to answer from"),
        ({"engine": "vlm", "index": Path("x")}, "no engine 'vlm'"),
        ({"engine": "vllm", "index": Path("x")}, "needs a model"),
        ({"engine": "vllm", "index": Path("x"), "model": Path("no-such-folder")}, "holds no model"),
    ],
)
def test_what_cannot_be_opened_says_what_to_give(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message), open_product(**options):
        pass
