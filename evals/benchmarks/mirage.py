"""MIRAGE: the test questions of five sets, asked without context: what retrieval adds, rather than what a model knows.

Paper:    Xiong et al., "Benchmarking Retrieval-Augmented Generation for Medicine", ACL 2024 (arXiv 2402.13178)
Licence:  as of the five sets (MedQA, MedMCQA, MMLU: MIT; PubMedQA: MIT; BioASQ: CC BY 2.5)
Split:    test, all of it
Size:     7,663 questions: MMLU-Med 1,089, MedQA-US 1,273, MedMCQA 4,183, PubMedQA* 500, BioASQ-Y/N 618
Training: no
Text:     lm-eval's `mmlu` with a line for each option, the same for all five. PubMedQA* has no abstract here, so its figures
          are not PubMedQA's; MIRAGE forbids worked examples and options in the query

Files: `benchmark.json` (set -> id -> question, options by letter, answer, PMIDs where there are any).

    python -m evals run mirage --model DIR --data benchmark.json --retrieval INDEX
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from evals.closed_book import ClosedBook, Question, by_letter, letter_index, made_up
from evals.publishers import Numbered, Row
from evals.suite import Material
from medmodel.registry import register


@register("benchmark", "mirage")
class Mirage(ClosedBook):
    name = "mirage"
    folder = "mirage"
    files = ("benchmark.json", "benchmark.json.gz")

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        every = [{**item, "set": name, "id": key} for name, items in rows[0].row.items() for key, item in items.items()]
        return [Numbered(number, item) for number, item in enumerate(every, 1)]

    def parse(self, row: Row, path: Path) -> Question:
        texts = by_letter(row["options"])
        papers = row.get("PMID") or ([row["id"]] if row["set"] == "pubmedqa" else [])
        return Question(
            id="",
            question=row["question"],
            options=tuple(texts),
            answer=letter_index(row["answer"], texts),
            subject=row["set"],
            pmids=tuple(map(str, papers)),
        )

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        sets = {
            name: {
                f"{item.id:0>4}": {
                    "question": item.question,
                    "options": dict(zip("ABCD", item.options, strict=False)),
                    "answer": "ABCD"[item.answer],
                }
                for item in made_up(2 * len(options), options)
            }
            for name, options in (
                ("mmlu", ("rest", "ice", "heat", "salt")),
                ("medqa", ("tea", "milk", "honey", "oil")),
                ("pubmedqa", ("yes", "no", "maybe")),
                ("bioasq", ("yes", "no")),
            )
        }
        (folder / "benchmark.json").write_text(json.dumps(sets), encoding="utf-8")
        return Material(data=folder)
