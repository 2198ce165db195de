"""Stage `quality_head`: teaches the head (`data_build.head`) to tell clinical reference text from noisy chat.

Teacher, English: sentence embeddings of a sample of texts, and a logistic regression on where they come from. Student: the
linear head, which learns the teacher's probabilities; it needs no embedding and reads every document. The packaged
embedder knows no Chinese: there the student learns the labels of the sources themselves, and there is no teacher to compare.

What would give the sides away without reading is taken off first: turn marks, headings, bullets and line ends go, and the
clean side's texts are cut to the lengths of the noisy side's. `counts` holds the ROC area of teacher and student on sources
or rows that were not learnt from, with DeLong's 95 % interval; where answers meet answers the form is the same on both sides.

What it learns all the same is a manner of writing, and the noise that it was shown: how often a text speaks to somebody
gives .88 where the head has .98, and a head taught with spoken visits knows made-up chat at .61 only
(`tests/perf/quality.py`). So its score is a tag to sort and sample by, no ground to drop another kind of text.

    MEDMODEL_DATA=... medmodel run small --until quality
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, cycle, islice, repeat, zip_longest
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data_build.dialogue import parse
from data_build.head import BITS, PRIOR, SCALE, Head, features, judged
from data_build.steps.clean import clean
from medmodel import registry
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document
from medmodel.stages.quality_head import Sides

HELD_BACK = 0.2  # of the rows of a source that is learnt from, for checks
SHORTEST = 40  # characters of a text that is learnt from or checked
LONGEST = 700  # characters: the embedder reads 160 tokens
CERTAIN = 0.95  # a source's label as a probability: some of its texts are not what the source is
TEACHER_C = 1.0  # of its regression; not tuned
STUDENT_C = 1000.0  # over the number of texts; of 10 to 10,000 it agrees with the teacher best, on texts not learnt from
_LEAD = re.compile(r"\A\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?")  # of a bullet
_HAN = re.compile("[\u4e00-\u9fff]")
F64 = npt.NDArray[np.float64]


class Area(NamedTuple):
    """A ROC area with its 95 % interval."""

    auc: float
    low: float
    high: float


def run(job: Job) -> dict[str, Any]:
    """Write quality.npz; returns how many texts were learnt from, and the ROC areas of the checks."""
    config = job.config
    job.clear()
    texts = Texts(config.learnt_from(), config.heldout, job.seed)
    english = texts.learnt(config.english, config.pieces)
    job.progress(5, 100, "%")
    teacher = Teacher(english, config.embedder, lambda done: job.progress(5 + 55 * done / max(1, len(english.texts)), 100, "%"))
    chinese = texts.learnt(config.chinese, config.pieces) if config.chinese else Labelled([], np.empty(0))
    hard = CERTAIN * chinese.labels + (1 - CERTAIN) * (1 - chinese.labels)
    head = student([*english.texts, *chinese.texts], np.concatenate([teacher.known, hard]))
    head.save(job.out / "quality.npz")
    job.progress(70, 100, "%")
    roc: dict[str, Any] = {}
    for number, (name, sides) in enumerate(config.checks.items()):
        checked = texts.checked(sides, config.checked)
        scores = {"student": np.array([head.score(text) or 0.0 for text in checked.texts])}
        if _is_english(checked.texts):
            scores["teacher"] = teacher.judge(checked.texts)
        counts = {"clean": int(checked.labels.sum()), "noisy": int((1 - checked.labels).sum())}
        roc[name] = {**counts, **{who: area(found, checked.labels)._asdict() for who, found in sorted(scores.items())}}
        job.progress(70 + 30 * (number + 1) / len(config.checks), 100, "%")
    return {"english": len(english.texts), "chinese": len(chinese.texts), "weights": int((head.weights != 0).sum()), "roc": roc}


class Labelled(NamedTuple):
    texts: list[str]
    labels: F64  # 1 clean, 0 noisy


class Texts:
    """Texts of the sources, each source read once. What is learnt from and what is held back does not depend on order."""

    def __init__(self, learnt: Collection[str], heldout: Collection[str], seed: int) -> None:
        self.learnt_from = frozenset(learnt)
        self.heldout = frozenset(heldout)
        self.seed = seed
        self.known: dict[str, list[Document]] = {}

    def learnt(self, sides: Sides, count: int) -> Labelled:
        return self._labelled(sides, count, checked=False)

    def checked(self, sides: Sides, count: int) -> Labelled:
        return self._labelled(sides, count, checked=True)

    def _labelled(self, sides: Sides, count: int, checked: bool) -> Labelled:
        """Noisy texts as they are; clean ones cut to the lengths of the noisy."""
        noisy = list(islice(self._texts(sides.noisy, checked, repeat(LONGEST)), count))
        lengths = sorted(map(len, noisy), key=lambda size: _hash(f"{self.seed} {size}"))
        references = list(islice(self._texts(sides.clean, checked, cycle(lengths)), count))
        for found, names in ((noisy, sides.noisy), (references, sides.clean)):
            if not found:
                raise InputError(f"stage quality_head: {', '.join(names)} give no text that is long enough and not held back")
        return Labelled([*references, *noisy], np.repeat([1.0, 0.0], [len(references), len(noisy)]))

    def _texts(self, names: Sequence[str], checked: bool, lengths: Iterable[int]) -> Iterator[str]:
        """A piece of each document, from each source in turn."""
        wanted = iter(lengths)
        in_turn = chain.from_iterable(zip_longest(*(self._documents(name, checked) for name in names)))
        for text in in_turn:
            if text is not None and len(cut := piece(text, LONGEST, self.seed)) >= SHORTEST:
                yield shortened(cut, max(SHORTEST, next(wanted)))

    def _documents(self, name: str, checked: bool) -> Iterator[str]:
        """What is said in the documents of a source that are learnt from, or in those that are not; in an order by hash."""
        source, _, role = name.partition("/")
        if source not in self.known:
            self.known[source] = [found for found in registry.get("source", source)() if isinstance(found, Document)]
        documents = self.known[source]
        by_id = any(found.source.id in self.heldout for found in documents)
        for found in sorted(documents, key=lambda each: _hash(f"{self.seed} {each.id}")):
            if by_id:
                held_back = found.source.id in self.heldout
            else:
                held_back = source not in self.learnt_from or _hash(found.id) % 100 < 100 * HELD_BACK
            if held_back == checked:
                yield said_by(role, clean(found.text)) if role else judged(clean(found.text))


def said_by(role: str, text: str) -> str:
    return "\n".join(turn.content for turn in parse(text) if turn.role == role)


def piece(text: str, longest: int, seed: int) -> str:
    """Some lines in a row, from a line chosen by hash, without what tells headings and bullets from prose."""
    lines = [_LEAD.sub("", line) for line in text.split("\n") if line.strip() and not line.startswith("#")]
    rest = len(" ".join(lines))
    starts = [0]
    for number, line in enumerate(lines[:-1], 1):
        rest -= len(line) + 1
        if rest >= SHORTEST:
            starts.append(number)
    start = starts[_hash(f"{seed} {text}") % len(starts)]
    return shortened(" ".join(lines[start:]), longest)


def shortened(text: str, longest: int) -> str:
    """The text up to the last end of a sentence, else of a word, that stands before `longest` characters."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    end = max(cut.rfind(mark) for mark in (". ", "? ", "! ", "。", "？", "！")) + 1
    return cut[: end if end > longest // 2 else max(cut.rfind(" "), longest // 2)].strip()


class Teacher:
    """Embeddings and a logistic regression; `known` is what it says of the texts it was taught with, each judged by four fifths
    of the others, since of its own lessons it is too sure."""

    def __init__(self, lesson: Labelled, embedder: str, progress: Callable[[int], None]) -> None:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.model_selection import StratifiedKFold, cross_val_predict  # type: ignore[import-untyped]

        from medmodel.rag.embedder import embed

        self.embedder = embedder
        vectors = embed(lesson.texts, embedder, progress)
        regression = LogisticRegression(C=TEACHER_C, max_iter=1000)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        self.known: F64 = cross_val_predict(regression, vectors, lesson.labels, cv=folds, method="predict_proba")[:, 1]
        self.fitted = regression.fit(vectors, lesson.labels)

    def judge(self, texts: Sequence[str]) -> F64:
        from medmodel.rag.embedder import embed

        found: F64 = self.fitted.predict_proba(embed(texts, self.embedder))[:, 1]
        return found


def student(texts: Sequence[str], probabilities: F64) -> Head:
    """The head that says of the texts what the probabilities say."""
    from scipy.sparse import csr_matrix, vstack
    from sklearn.linear_model import LogisticRegression

    rows = [features(text) for text in texts]
    starts = np.cumsum([0, *map(len, rows)])
    shares = np.repeat([SCALE / (len(row) + PRIOR) for row in rows], np.diff(starts)).astype(np.float32)
    used, columns = np.unique(np.concatenate(rows), return_inverse=True)
    matrix = csr_matrix((shares, columns, starts), shape=(len(rows), len(used)))
    matrix.sum_duplicates()
    labels = np.repeat([1, 0], len(rows))  # every text twice: a clean one and a noisy one, each as far as it is believed
    fitted = LogisticRegression(C=STUDENT_C / len(rows), max_iter=300, fit_intercept=False).fit(
        vstack([matrix, matrix]).tocsr(), labels, sample_weight=np.concatenate([probabilities, 1 - probabilities])
    )
    weights = np.zeros(1 << BITS, dtype=np.float32)
    weights[used] = fitted.coef_[0]
    return Head(weights)


def area(scores: F64, labels: F64) -> Area:
    """The ROC area and DeLong's interval (1988) on the logit scale, in the fast form of Sun and Xu (2014).

    Where every clean text scores above every noisy one the variance is 0 and says nothing: the lower end is then the area at
    which the smaller side's texts would all be in order once in 40 times (Clopper and Pearson).
    """
    from scipy.stats import rankdata

    clean, noisy = scores[labels == 1], scores[labels == 0]
    above = (rankdata(np.concatenate([clean, noisy]))[: len(clean)] - rankdata(clean)) / len(noisy)
    below = (rankdata(np.concatenate([noisy, clean]))[: len(noisy)] - rankdata(noisy)) / len(clean)
    auc = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / len(clean) + below.var(ddof=1) / len(noisy)))
    if auc in (0.0, 1.0):
        edge = 0.025 ** (1 / min(len(clean), len(noisy)))
        return Area(auc, round(edge, 4), 1.0) if auc else Area(auc, 0.0, round(1 - edge, 4))
    logit, half = np.log(auc / (1 - auc)), 1.96 * error / (auc * (1 - auc))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (logit - half, logit + half))
    return Area(round(auc, 4), round(low, 4), round(high, 4))


def _is_english(texts: Sequence[str]) -> bool:
    return sum(bool(_HAN.search(text)) for text in texts) < len(texts) / 2


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
