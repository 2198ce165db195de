"""Closed-book multiple choice: what every benchmark of that kind shares, so that each is one file about its data.

Each item is one request: lm-eval's own task text (`evals.lm_eval_text`), and the log-probabilities of the option letters
as the very next token. The best letter is the answer; who gives two letters the same has chosen none, and is wrong.
`probability` is the right letter's share among the letters: it moves smoothly, where accuracy on 500 items shows no change
below six points. Letters alone mislead: a 135M base model says "A" to everything and scores the share of A. So every run
shows how often each letter was chosen (over 90 % one letter: `degenerate`), and scores a seeded sample of items (`--probe`)
in two other ways: by the options' text, log-probability per token after the bare question (`cloze`, as `evals.suites.choice`); and
with the options moved round (`shifted`: the mean over all cyclic shifts, `shifted_all`: right in every one of them).
With `--retrieval INDEX`, passages of the product's own retriever stand before the question (`evals.leak_aware`).

Not here: answers that are reasoned first (a thinking model is understated by letters; generated benchmarks), and chat
templates. A broken item is named and counted (`bad_items`), never scored; a prompt that does not fit the model loses
its beginning, as in lm-eval, and is counted (`cut`).

    python -m evals run medqa --model DIR --data DIR --limit 200 --shots 5 --probe 60
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from evals import publishers, stats
from evals.leak_aware import Retrieval, Source
from evals.lm_eval_text import Doc, Wording
from evals.multiple_choice import LETTERS, Question, checked
from evals.publishers import Bad, Numbered, Row
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from evals.suites.choice import DEGENERATE, best, option_shares, shares
from medmodel import prompts
from medmodel.errors import InputError

SEED = "closed book"  # of the sample that is probed: it depends on the items alone
MMLU, CMMLU = "mmlu/default/_default_template_yaml", "cmmlu/_default_template_yaml"
# lm-eval's texts for four options, with a line for each option there is; tests hold them to the originals.
ANY_NUMBER = {
    MMLU: "{{question.strip()}}{% for text in choices %}\n{{letters[loop.index0]}}. {{text}}{% endfor %}\nAnswer:",
    CMMLU: "{{question.strip()}}{% for text in choices %}\n{{letters[loop.index0]}}. {{text}}{% endfor %}\n答案：",
}


class ClosedBook(Suite[Question]):
    """A subclass says where its files are (`folder`, `files`) and what a row means (`parse`); the rest is common.

    `definition` and `doc` say which of lm-eval's texts is used; by default MMLU's (Chinese: CMMLU's) for any number of options.
    """

    needs: ClassVar[Needs] = "model"
    at_once: ClassVar[int | None] = 16  # a prompt of 1,800 tokens with its cached beginning: 8 leave the engine waiting
    metrics: ClassVar[tuple[str, ...]] = (
        *("accuracy", "probability", "cloze", "shifted", "shifted_all"),
        *("retrieval", "retrieval_own_source", "fixed", "misled"),
    )
    name: ClassVar[str]
    folder: ClassVar[str]  # under $MEDMODEL_DATA
    files: ClassVar[tuple[str, ...]]  # what may be looked at first; a test file only where nothing else is, or by its name
    example_files: ClassVar[tuple[str, ...]] = ()  # where worked examples come from; without one, the first of the same file
    every_file: ClassVar[bool] = False  # all files that match, one for each subject
    columns: ClassVar[tuple[str, ...]] = ()  # of CSV files without a header
    language: ClassVar[Literal["en", "zh"]] = "en"
    listed: ClassVar[bool] = True  # False: options are words that follow the question, and no list stands in the prompt

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self.bad: list[Bad] = []
        self._scored_files: list[str] = []
        every = self._read(material.data)
        self._examples, self._from, kept = self._split_off(every, material)
        self._items = self._limited(kept, material.limit)
        self._probed = _sample(self._items, material.probe)
        self._wordings = self._word(self._items)
        self._retrieval = Retrieval.open(material.index) if material.index else None

    # What a benchmark says about its data

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        """The items among what a file holds, where that takes a look at all of it."""
        return rows

    def parse(self, row: Row, path: Path) -> Question | None:
        """A row's meaning; None: no item of this benchmark. KeyError, TypeError, ValueError or InputError: a bad item."""
        raise NotImplementedError

    def definition(self, item: Question) -> str:
        """The file of lm-eval's definition, under lm_eval/tasks."""
        return CMMLU if self.chinese(item) else MMLU

    def doc(self, item: Question) -> Doc:
        """The item as the definition names its parts."""
        return {"question": item.question, "choices": list(item.options), "answer": item.answer}

    def changes(self, item: Question) -> dict[str, Any]:
        """What is changed in the definition; `letters` is a part of every item."""
        text = ANY_NUMBER[CMMLU if self.chinese(item) else MMLU]
        return {"task": self.name, "doc_to_text": text, "doc_to_choice": "letters", "doc_to_target": "answer"}

    def chinese(self, item: Question) -> bool:
        return self.language == "zh"

    # The suite

    def items(self) -> Sequence[Question]:
        return self._items

    def score(self, item: Question, subject: Subject) -> Scored:
        prompt, continuations = self.asked(item)
        reply = subject.next(prompt, continuations)
        chosen = best(reply.logprobs)
        values = {f"logprob_{at}": logprob for at, logprob in enumerate(reply.logprobs)}
        values |= {"accuracy": float(chosen == item.answer), "options": float(len(item.options)), "answer": float(item.answer)}
        values |= {} if chosen is None else {"chosen": float(chosen)}
        values["probability"] = shares(reply.logprobs)[item.answer]
        values |= {"shots": float(self.material.shots), "cut": float(reply.cut)}
        if item.id in self._probed:
            values |= self._probe(item, chosen, subject)
        if self._retrieval:
            values |= self._with_passages(item, chosen == item.answer, subject)
        shown = {"subject": item.subject, "chosen": "none" if chosen is None else continuations[chosen].strip()}
        return Scored(id=item.id, cluster=item.cluster or item.id, values=values, shown=shown)

    def settled(self, row: Scored) -> bool:
        """Kept rows of other settings are measured anew."""
        same = row.values.get("shots") == self.material.shots and ("retrieval" in row.values) == bool(self._retrieval)
        return same and (("cloze" in row.values) == (row.id in self._probed))

    def asked(self, item: Question) -> tuple[str, list[str]]:
        """The prompt, and the continuations of one token that are scored after it."""
        wording = self._wordings[self._kind(item)]
        return wording.prompt(self._doc(item), self.material.shots), wording.continuations(self._doc(item))

    def task_of(self, item: Question) -> tuple[Any, Doc]:
        """lm-eval's own task object, and the item as it knows it: to run lm-eval beside us (tests/perf/parity.py)."""
        return self._wordings[self._kind(item)].task, self._doc(item)

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        scored = [row for row in rows if "accuracy" in row.values]
        counts = Counter(row.shown.get("chosen", "") for row in scored)
        cut = sum(row.values.get("cut", 0) > 0 for row in scored)
        return {
            "degenerate": "accuracy" in self.degenerate(rows),
            "answers": dict(sorted(counts.items())),
            "undecided": counts["none"],
            "chance": sum(1 / row.values["options"] for row in scored) / len(scored) if scored else None,
            "most_frequent_key": _largest_share(row.values["answer"] for row in scored),
            "subjects": self._by_subject(scored),
            "probed": {"items": sum("cloze" in row.values for row in scored), "accuracy": _of_probed(scored)},
            "cut": cut,
            "shots": {"n": self.material.shots, "from": self._from if self.material.shots else ""},
            "files": self._scored_files,
            "bad_items": publishers.bad_items(self.bad),
            "text": f"lm-eval {_version()}: {', '.join(sorted({definition for definition, _ in self._wordings}))}",
            **({} if self.may_gate else {"may_not_gate": "it holds items of other benchmarks' tests"}),
            **(self._retrieved(scored) if self._retrieval else {}),
        }

    @classmethod
    def degenerate(cls, rows: Sequence[Scored]) -> Sequence[str]:
        """One letter for nearly everything spoils what is read by letter; one position of the options' text, `cloze`."""
        letters = [row.shown.get("chosen", "none") for row in rows if "accuracy" in row.values]
        texts = [best(_cloze(row)) for row in rows if "cloze" in row.values]
        habits = [metric for metric in cls.metrics if metric != "cloze"] if _is_habit(letters, "none") else []
        return (*habits, *(["cloze"] if _is_habit(texts, None) else []))

    def perfect(self, item: Question, prompt: str = "") -> str:
        """The right letter where the prompt lists the right option, else the option itself."""
        right = item.options[item.answer]
        asked = prompt[prompt.rfind(item.question[-40:].strip()) :]
        found = re.search(rf"(?:^|\n)([A-P])\. {re.escape(right)}(?=\n)", asked) if self.listed else None
        return f" {found[1]}" if found else f" {prompts.one_line(right)}"

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """By the share of the first option among the specimen's answers; two options alike are no choice."""
        items = self._items
        first = sum(item.answer == 0 for item in items) / len(items)
        each = sum(1 / len(item.options) for item in items) / len(items)
        known: dict[str, tuple[Expected, Expected, Expected]] = {  # once, moved round, right however it is moved
            "oracle": (1.0, 1.0, 1.0),
            "constant": (first, each, 0.0),
            "random": ((0.0, 0.7), (0.0, 0.6), (0.0, 0.3)),
        }
        once, moved, always = known.get(fake, (0.0, 0.0, 0.0))
        sure: dict[str, Expected] = {"oracle": (0.95, 1.0), "constant": (first - 0.05, first + 0.05)}
        share = sure.get(fake, (0.0, 0.7) if fake in ("hedge", "random") else each)
        if not self.listed:
            return {"accuracy": once, "probability": share}
        return {"accuracy": once, "probability": share, "cloze": once, "shifted": moved, "shifted_all": always}

    # Reading

    def _read(self, data: Path | None) -> list[Question]:
        if publishers.is_hub_name(data):
            assert data is not None
            self._scored_files.append(f"hub: {data}")
            found = self._parsed(publishers.read_hub(data), data)
        else:
            paths = publishers.find(self.name, data, self.files, self.every_file)
            self._scored_files += [path.name for path in paths]
            found = [item for path in paths for item in self._parsed(publishers.read(path, self.columns), path)]
        publishers.usable(self.name, ", ".join(self._scored_files[:3]), found, self.bad)
        return found

    def _parsed(self, rows: Iterable[Numbered], path: Path) -> list[Question]:
        def make(number: int, row: Row) -> Question | None:
            item = self.parse(row, path)
            return None if item is None else checked(item, f"{self.name}/{_place(path, self.every_file)}{number}")

        try:
            whole = list(self.whole(list(rows), path))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            raise InputError(f"{self.name}: {path.name} is not laid out as its publisher's files are") from None
        found, bad = publishers.parsed(whole, path, make)
        self.bad += bad
        return found

    def _split_off(self, every: list[Question], material: Material) -> tuple[dict[str, list[Question]], str, list[Question]]:
        """Worked examples by subject, where they are from, and what is left to score."""
        shots, beside = material.shots, self._beside(material) if material.shots else []
        examples: dict[str, list[Question]] = defaultdict(list)
        if beside:
            counted, self.bad = self.bad, []  # a bad item among the examples is not one of what is scored
            for path in beside:
                for item in self._parsed(publishers.read(path, self.columns), path):
                    examples[self._group(item)].append(item)
            self.bad = counted
            return examples, ", ".join(path.name for path in beside[:3]), every
        kept: list[Question] = []
        for item in every:
            group = examples[self._group(item)]
            (group if len(group) < shots else kept).append(item)
        if shots and not kept:
            raise InputError(f"{self.name}: with {shots} items of each subject as worked examples, none is left to score")
        return examples, f"the first {shots} of what is scored, which are left out of it", kept

    def _limited(self, items: list[Question], limit: int | None) -> list[Question]:
        """The first ones; of a set with one lm-eval task a subject as many of each as there is room for, in their order."""
        if limit is None or limit >= len(items):
            return items
        places: dict[str, list[int]] = defaultdict(list)
        for at, item in enumerate(items):
            places[self._group(item)].append(at)
        in_turn = [group[turn] for turn in range(limit) for group in places.values() if turn < len(group)]
        return [items[at] for at in sorted(in_turn[:limit])]

    def _beside(self, material: Material) -> list[Path]:
        data = material.data
        if data is None or not data.exists():
            return []
        scored = set(publishers.find(self.name, data, self.files, self.every_file))
        around = data.parent if data.is_file() else data
        for pattern in self.example_files:
            found = sorted(path for path in around.rglob(pattern) if path not in scored)
            if found:
                return found if self.every_file else found[:1]
        return []

    def _group(self, item: Question) -> str:
        """Worked examples come from the same subject where lm-eval has one task a subject."""
        return self.definition(item)

    # Wording

    def _word(self, items: Sequence[Question]) -> dict[tuple[str, str], Wording]:
        kinds: dict[tuple[str, str], list[Question]] = defaultdict(list)
        for item in items:
            kinds[self._kind(item)].append(item)
        wordings = {}
        for kind, of_kind in kinds.items():
            docs = [self._doc(item) for item in of_kind]
            examples = [self._doc(example) for example in self._examples.get(self._group(of_kind[0]), ())]
            wordings[kind] = Wording(kind[0], docs, examples, self.changes(of_kind[0]))
            wordings[kind].before(docs[0], self.material.shots)  # too few examples: now, not at every item
        return wordings

    def _kind(self, item: Question) -> tuple[str, str]:
        return self.definition(item), str(self.changes(item))

    def _doc(self, item: Question) -> Doc:
        return {**self.doc(item), "letters": list(LETTERS[: len(item.options)])}

    # Other ways to score

    def _probe(self, item: Question, chosen: int | None, subject: Subject) -> dict[str, float]:
        """By the options' text, and with the options moved round. Nothing where no list stands in the prompt."""
        if not self.listed:
            return {}
        by_text = option_shares(prompts.choice_prompt(item.question), item.options, subject)
        right = [float(chosen == item.answer)]
        for by in range(1, len(item.options)):
            moved = item.shifted(by)
            right.append(float(best(subject.next(*self.asked(moved)).logprobs) == moved.answer))
        return {
            "cloze": float(best(by_text) == item.answer),
            **{f"cloze_{at}": share for at, share in enumerate(by_text)},
            "shifted": sum(right) / len(right),
            "shifted_all": float(all(right)),
        }

    def _with_passages(self, item: Question, closed: bool, subject: Subject) -> dict[str, float]:
        """The same prompt with passages before its question; without the item's own source, and with it."""
        assert self._retrieval is not None
        found = self._retrieval.find(Source(item.question, item.context, item.options, item.pmids))
        wording, doc = self._wordings[self._kind(item)], self._doc(item)

        def right(passages: str) -> bool:
            prompt = f"{wording.before(doc, self.material.shots)}{passages}{wording.question(doc)}"
            return best(subject.next(prompt, wording.continuations(doc)).logprobs) == item.answer

        without = right(found.without_own) if found.without_own else closed
        own = right(found.with_own) if found.own else without
        return {
            "retrieval": float(without),
            "retrieval_own_source": float(own),
            "fixed": float(without and not closed),
            "misled": float(closed and not without),
            "own_source_found": float(found.own),
            "nearness": found.nearness,
        }

    # What is shown

    def _by_subject(self, scored: Sequence[Scored]) -> dict[str, Any]:
        groups: dict[str, list[float]] = defaultdict(list)
        for row in scored:
            groups[row.shown.get("subject", "")].append(row.values["accuracy"])
            for wider in self.wider(row.shown.get("subject", "")):
                groups[wider].append(row.values["accuracy"])
        return {name: _rate(values) for name, values in sorted(groups.items()) if name}

    def wider(self, subject: str) -> Sequence[str]:
        """Larger groups that a subject belongs to."""
        return ()

    def _retrieved(self, scored: Sequence[Scored]) -> dict[str, Any]:
        counted = ("fixed", "misled", "own_source_found")
        return {"retrieved": {name: int(sum(row.values.get(name, 0.0) for row in scored)) for name in counted}}


def _place(path: Path, every: bool) -> str:
    return f"{path.name.split('.')[0]}/" if every else ""


def _sample(items: Sequence[Question], wanted: int | None) -> frozenset[str]:
    """Items to probe: always the same ones of the same items."""
    order = sorted(items, key=lambda item: hashlib.sha256(f"{SEED}\n{item.id}".encode()).digest())
    return frozenset(item.id for item in order[: len(order) if wanted is None else wanted])


def _rate(values: Sequence[float]) -> dict[str, Any]:
    interval = stats.wilson(round(sum(values)), len(values))
    return {"accuracy": sum(values) / len(values), "low": interval.low, "high": interval.high, "n": len(values)}


def _of_probed(scored: Sequence[Scored]) -> float | None:
    """Accuracy by letter on the items that were scored in other ways too: what those are to be compared with."""
    values = [row.values["accuracy"] for row in scored if "cloze" in row.values]
    return sum(values) / len(values) if values else None


def _cloze(row: Scored) -> list[float]:
    return [row.values[f"cloze_{at}"] for at in range(int(row.values["options"]))]


def _is_habit(chosen: Sequence[Any], nothing: Any) -> bool:
    most = max(Counter(one for one in chosen if one != nothing).values(), default=0)
    return bool(chosen) and most / len(chosen) > DEGENERATE


def _largest_share(keys: Any) -> float | None:
    counts = Counter(keys)
    return max(counts.values()) / sum(counts.values()) if counts else None


def _version() -> str:
    from importlib.metadata import version

    return version("lm_eval")
