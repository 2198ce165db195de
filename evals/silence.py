"""Leave one guideline out: every question of the suite `abstention` is asked with its guideline, and then without it.

    silent       withheld when the guideline is gone        over_silent   not answered when it is there

The index is the product's; without a source it is the same index whose searches pass that source over (BM25's word
frequencies still count it). With `--model` the model answers under vLLM, else answers are quotes: the two are told apart.
`--fit` works out the numbers of medmodel/rag/abstention.yaml from questions that work may look at, those of files beside the
suite's: a logistic regression (L2) on the features, and the conformal threshold: of the chances that silent questions get when
their own guideline is not among those fitted on (tenfold, ten times), the one that at most one in twenty is expected to exceed.

    python -m evals.silence --index store/index-* --part all --fit --questions evals/blind/silence_dev.jsonl
    python -m evals.silence --index store/index-* --part held --model store/merge-*/model
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import typer

from evals import run, stats
from evals.questions import Part
from evals.subjects import calling
from evals.suite import Material, Scored, Subject
from evals.suites.abstention import Abstention, AbstentionZh, Asked
from medmodel.models.engine import Engine
from medmodel.rag.abstention import features, rarity
from medmodel.rag.answer import Answerer
from medmodel.rag.index import Index
from medmodel.rag.nearest import taken
from medmodel.rag.profiles import ANSWERS, open_retriever
from medmodel.records import Answer, Passage

SILENT = 0.95  # asked of silent questions
FOLDS = 10
REPEATS = 10  # other folds each time, the mean taken: one split moves over_silent by six points
RIDGE = 0.3  # of weights in standard deviations: as good as 1.0 out of fold
Language = Literal["en", "zh"]
SUITES: Mapping[Language, type[Abstention]] = {"en": Abstention, "zh": AbstentionZh}
CANDIDATES = 20  # passages retrieved, as in the product


class Without(Index):
    """An index as if one source were not in it."""

    def __init__(self, whole: Index, source: str) -> None:
        self._whole = whole
        self.passages = {key: passage for key, passage in whole.passages.items() if passage.source.id != source}
        self._more = len(whole.passages) - len(self.passages)

    def __getattr__(self, name: str) -> Any:
        """All else is the whole index's."""
        return getattr(self._whole, name)

    def search_dense(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._kept(self._whole.search_dense(query, k + self._more), k)

    def search_lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._kept(self._whole.search_lexical(query, k + self._more), k)

    def _kept(self, found: Sequence[tuple[str, float]], k: int) -> list[tuple[str, float]]:
        return [hit for hit in found if hit[0] in self.passages][:k]


class Fitted(NamedTuple):
    """What abstention.yaml holds for one language of questions, and what was to be expected of it when it was fitted."""

    intercept: float
    weights: dict[str, float]
    threshold: float
    over_silent: float  # on questions that were not fitted on


def ask(
    index: Index,
    part: Part,
    engine: Engine | None,
    limit: int | None = None,
    language: Language = "en",
    questions: Sequence[Path] = (),
) -> list[Scored]:
    """Every question of the suite, or of files, twice. A row's metrics say which of the two it was."""
    rare = rarity(index)
    with calling() as wait_for:

        def subject(view: Index) -> Subject:
            answerer = Answerer(open_retriever(view, CANDIDATES, ANSWERS), engine, rare=rare)

            def asked(question: str, language: str) -> Answer:
                return wait_for(answerer.answer(question, "zh" if language == "zh" else "en"))

            return Subject(ask=asked)

        suite = SUITES[language](Material(passages=index.passages, part=part))
        items = [item for path in questions for item in _read(path)] or list(suite.items())
        items = items[:limit]
        with ThreadPoolExecutor(8) as pool:
            known = list(pool.map(lambda item: run.score(suite, item, subject(index)), items))
            unknown = list(pool.map(lambda item: _silent(item, index, subject), items))
    return known + unknown


def fit(index: Index, items: Sequence[Asked]) -> Fitted:
    """The numbers, from every question with and without its guideline. Folds are of whole guidelines."""
    seen, answers, groups = [], [], []
    guidelines, rare = sorted({item.document for item in items}), rarity(index)
    for item in items:
        for view, answered in ((index, 1.0), (Without(index, item.document), 0.0)):
            seen.append(features(item.text, _found(view, item.text), rare))
            answers.append(answered)
            groups.append(guidelines.index(item.document))
    names = sorted(seen[0])
    x, y, group = np.array([[one[name] for name in names] for one in seen]), np.array(answers), np.array(groups)
    chances = np.zeros(len(y))
    for seed in range(REPEATS):
        folds = np.random.default_rng(seed).permutation(group.max() + 1) % FOLDS
        for fold in range(FOLDS):
            out = folds[group] == fold
            weights = logistic(x[~out], y[~out])
            chances[out] += 1 / (1 + np.exp(-(x[out] @ weights[:-1] + weights[-1]))) / REPEATS
    silent = np.sort(chances[y == 0])
    rank = min(len(silent), math.ceil(SILENT * (len(silent) + 1)))
    threshold = float(silent[rank - 1]) + 1e-4  # what equals it stays silent
    weights = logistic(x, y)
    return Fitted(
        float(weights[-1]),
        dict(zip(names, map(float, weights), strict=False)),
        threshold,
        float((chances[y == 1] < threshold).mean()),
    )


def _read(path: Path) -> list[Asked]:
    """A file's questions: JSON lines with id, document and text."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Asked.model_validate({"group": path.stem, **row}) for row in rows]


def _silent(item: Asked, index: Index, subject: Callable[[Index], Subject]) -> Scored:
    view = Without(index, item.document)
    return run.score(Abstention(Material(passages=view.passages)), item, subject(view))


def logistic(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Weights of the features as they are, and the intercept last."""
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.hstack([(x - mean) / spread, np.ones((len(x), 1))])
    penalty = np.append(np.full(x.shape[1], 1 / RIDGE), 0.0)
    weights = np.zeros(z.shape[1])
    for _ in range(25):  # Newton's steps: it stands still after six
        p = 1 / (1 + np.exp(-z @ weights))
        slope = z.T @ (p - y) + penalty * weights
        weights -= np.linalg.solve((z.T * (p * (1 - p))) @ z + np.diag(penalty), slope)
    scaled = weights[:-1] / spread
    return np.append(scaled, weights[-1] - scaled @ mean)


def _found(index: Index, question: str) -> list[tuple[Passage, float]]:
    return taken(open_retriever(index, CANDIDATES, ANSWERS).invoke(question))


def _report(rows: Sequence[Scored]) -> dict[str, Any]:
    found: dict[str, Any] = {"errors": run.errors(rows)}
    for metric in Abstention.metrics:
        value, n = run.mean(rows, metric), sum(1 for row in rows if metric in row.values)
        if value is not None:
            found[metric] = {"value": value, "n": n, "interval": stats.wilson(round(value * n), n)}
    found["answers"] = Abstention(Material()).detail(rows)
    return found


def main(
    index: Annotated[Path, typer.Option(help="an index folder")],
    part: Annotated[Part, typer.Option(help="half of the questions")] = "dev",
    model: Annotated[Path | None, typer.Option(help="a model folder: vLLM is started on it")] = None,
    fitting: Annotated[bool, typer.Option("--fit", help="work out the numbers of abstention.yaml")] = False,
    language: Annotated[Language, typer.Option(help="of the questions")] = "en",
    questions: Annotated[
        list[Path] | None,
        typer.Option(help="JSON lines with id, document, text: asked in the suite's place; fitted on beside it"),
    ] = None,
    rows: Annotated[Path | None, typer.Option(help="write every question's row here")] = None,
) -> None:
    """Ask every question with and without its guideline."""
    opened = Index.open(index)
    if fitting:
        written = [item for path in questions or () for item in _read(path)]
        suite = SUITES[language](Material(part=part))
        print(json.dumps(fit(opened, [*suite.items(), *written])._asdict(), indent=1))
        return
    if model is None:
        asked = ask(opened, part, None, language=language, questions=questions or ())
    else:
        from medmodel.models.vllm_server import VllmServer

        with VllmServer(model) as server:
            server.wait_ready()
            asked = ask(opened, part, server.engine(), language=language, questions=questions or ())
    if rows:
        rows.write_text("".join(row.model_dump_json() + "\n" for row in asked), encoding="utf-8")
    print(json.dumps(_report(asked), indent=1))


if __name__ == "__main__":
    typer.run(main)
