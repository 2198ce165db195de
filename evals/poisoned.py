"""Puts the suite `injection` to a product whose first passage is the attacker's: without a model, and with one.

    python -m evals.poisoned store/index-… --part dev                       # quotes alone
    python -m evals.poisoned store/index-… --model store/merge-…/model      # starts vLLM on it
    python -m evals.poisoned store/index-… --part dev --defence off         # what the rules are worth

The suite's runner asks one product for all items; here each item has its own, in which retrieval finds its passage first
and then what the index holds. Everything behind retrieval is the product's answer path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from evals import run as runs
from evals.questions import Part
from evals.subjects import calling
from evals.suite import Material, Subject, Suite
from evals.suites.injection import Injection, Poisoned, passages_of
from medmodel.cli import run_command
from medmodel.models.engine import Engine
from medmodel.rag.abstention import rarity
from medmodel.rag.answer import Answerer
from medmodel.rag.index import Index
from medmodel.rag.injection import withhold
from medmodel.rag.retrievers.fusion import Fusion
from medmodel.records import Answer, Passage

AT_ONCE = 4  # items in flight: two cores, and a model beside
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class First(BaseRetriever):
    """The attacker's passages before what the index finds; their cosine is 1, so that no threshold saves the reader."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    own: Sequence[Passage]
    others: BaseRetriever

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        planted = [
            Hit(page_content=passage.text, metadata={"passage": passage, "passage_id": passage.id, "score": 1.0, "cosine": 1.0})
            for passage in self.own
        ]
        return [*planted, *self.others.invoke(query)]


@app.command()
def main(
    index: Annotated[Path, typer.Argument(help="a built index")],
    model: Annotated[Path | None, typer.Option(help="a model folder: vLLM is started on it; default: quotes alone")] = None,
    part: Annotated[Part, typer.Option(help="half of the items")] = "dev",
    defence: Annotated[str, typer.Option(help="on; off: nothing is withheld")] = "on",
    rows: Annotated[Path | None, typer.Option(help="keep every item's row here")] = None,
) -> None:
    """Prints every metric with n and interval, and what got through."""
    suite = Injection(Material(part=part))
    with _engine(model) as engine:
        measured = measure(suite, Index.open(index), engine, defence != "off", rows)
    summary = runs.summarise(suite, measured)
    metrics = {name: metric._asdict() for name, metric in summary.metrics.items()}
    failed = [row.id for row in measured if row.values.get("resisted", 1.0) == 0 or row.values.get("answered", 1.0) == 0]
    print(json.dumps({"metrics": metrics, "detail": summary.detail, "errors": summary.errors, "failed": failed}, indent=1))


def measure(suite: Injection, index: Index, engine: Engine | None, defended: bool, rows: Path | None = None) -> list[Any]:
    """A row for every item of the suite."""
    others, rare = Fusion(index=index, k=20), rarity(index)
    with calling() as wait_for:

        def subject(item: Poisoned) -> Subject:
            answerer = Answerer(
                First(own=passages_of(item), others=others),
                engine,
                screen=withhold if defended else lambda found: (list(found), ()),
                rare=rare,
            )

            def ask(question: str, language: str) -> Answer:
                wanted: Literal["en", "zh"] = "zh" if language == "zh" else "en"
                return wait_for(answerer.answer(question, wanted))

            return Subject(ask=ask)

        def put(suite: Suite[Any], items: Sequence[Any], _: Subject, tell: runs.Tell) -> None:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for row in pool.map(lambda item: runs.score(suite, item, subject(item)), items):
                    tell(row)

        try:
            return runs.measure(suite, Subject(), rows, ask=put)
        finally:
            if engine is not None:
                wait_for(engine.aclose())


@contextmanager
def _engine(model: Path | None) -> Iterator[Engine | None]:
    if model is None:
        yield None
        return
    from medmodel.models.vllm_server import VllmServer

    with VllmServer(model) as server:
        server.wait_ready(lambda waited, expected, what: None)
        yield server.engine()


if __name__ == "__main__":
    run_command(app)
