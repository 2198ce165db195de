"""What a product is opened from, and whose engine answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from serving import SOURCE, OnePassage, Switch, product

from medmodel.client import Client
from medmodel.errors import InputError, ReleaseRefused
from medmodel.models.engine import Completion
from medmodel.models.scripted import ScriptedEngine
from medmodel.records import Document
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Fixed, Product, open_product
from medmodel.serve.run import running

GUIDELINE = """# Anticoagulation in atrial fibrillation
- When warfarin is used in atrial fibrillation, target INR is 2.0–3.0.
- Apixaban: standard dose is 5 mg twice daily.

# Hypertension
- Start with lifestyle advice.
"""


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


def test_the_real_answerer_over_a_small_index_answers_through_the_api_with_a_quote_that_stands_in_its_passage(
    tmp_path: Path,
) -> None:
    from medmodel.rag.index import build_index

    document = Document(id="synthetic/1", text=GUIDELINE, source=SOURCE, domain="guideline")
    build_index([document], tmp_path / "index")
    with (
        open_product(index=tmp_path / "index", engine="scripted") as opened,
        running(create_app(opened, FeedbackStore(f"sqlite:///{tmp_path / 'feedback.db'}"))) as url,
        Client(url) as client,
    ):
        events = list(client.stream("Which INR target is used when warfarin is given in atrial fibrillation?"))
        assert client.release()["gated"] is False
    answer = events[-1].data
    assert answer.status == "answered"
    assert answer.fake
    for claim in answer.claims:
        for citation in claim.citations:
            passage = next(passage for passage in answer.passages if passage.id == citation.passage_id)
            assert citation.quote == passage.text[citation.start : citation.end]
    assert [event.name for event in events if event.name == "evidence"]


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
