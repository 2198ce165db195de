"""PubMedQA (labelled): yes, no or maybe to a paper's question, from its abstract without the conclusion.

Paper:    Jin et al., "PubMedQA", EMNLP 2019 (arXiv 1909.06146)
Licence:  MIT
Split:    the 500 of `ori_pqal.json` that are not in `test_ground_truth.json`; the test when one of its files is named
Size:     1,000 labelled questions, 500 of them the test
Training: the 500 that are not the test may be trained on; the test may not
Text:     lm-eval's `pubmedqa`. Options are words, not a list, so there is nothing to move round and no other text to score

"yes" is right in 55 % of the questions: read `most_frequent_key` before the accuracy. Files: `ori_pqal.json`,
`test_ground_truth.json` and `test_set.json`, or JSON lines whose question has the abstract before its last line.

    python -m evals run pubmedqa --model DIR --data DIR/test_ground_truth.json
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from evals.closed_book import ClosedBook, Question, made_up
from evals.lm_eval_text import Doc
from evals.publishers import Numbered, Row, find, read_json
from evals.suite import Material
from medmodel.errors import InputError
from medmodel.registry import register

ANSWERS = ("yes", "no", "maybe")
LABELLED, TRUTH = "ori_pqal.json", "test_ground_truth.json"


@register("benchmark", "pubmedqa")
class PubMedQA(ClosedBook):
    name = "pubmedqa"
    folder = "medagents-bench/data/pubmedqa"
    files = (LABELLED, f"{LABELLED}.gz", "dev_set.json", "train.jsonl", "train.jsonl.gz", "test_set.json", TRUTH)
    listed: ClassVar[bool] = False

    def whole(self, rows: list[Numbered], path: Path) -> Iterable[Numbered]:
        if len(rows) != 1 or "QUESTION" in rows[0].row or "question" in rows[0].row:
            return rows  # lines, or the hub's
        papers = rows[0].row
        truth = next((place for place in path.parent.glob(TRUTH)), None)
        if path.name == TRUTH:
            labelled = read_json(find(self.name, path.parent, (LABELLED, f"{LABELLED}.gz", "test_set.json"))[0])
            papers = {pmid: {**labelled.get(pmid, {}), "final_decision": key} for pmid, key in papers.items()}
        elif path.name.startswith(LABELLED) and truth:
            tested = set(read_json(truth))
            papers = {pmid: paper for pmid, paper in papers.items() if pmid not in tested}
        elif truth:
            keys = read_json(truth)
            papers = {pmid: {"final_decision": keys.get(pmid), **paper} for pmid, paper in papers.items()}
        return [Numbered(number, {**paper, "pmid": pmid}) for number, (pmid, paper) in enumerate(papers.items(), 1)]

    def parse(self, row: Row, path: Path) -> Question:
        if "QUESTION" in row:
            question, abstract, key = row["QUESTION"], "\n".join(row["CONTEXTS"]), row["final_decision"]
        elif "context" in row:  # the hub's qiaojin/PubMedQA
            question, abstract, key = row["question"], "\n".join(row["context"]["contexts"]), row["final_decision"]
        else:
            abstract, _, question = row["question"].rpartition("\n")
            key = row["answer"]
        if key not in ANSWERS:
            raise InputError("has an answer key that is none of its options")
        pmids = tuple(str(row[name]) for name in ("pmid", "realidx", "pubid") if name in row)
        return Question(id="", question=question, options=ANSWERS, answer=ANSWERS.index(key), context=abstract, pmids=pmids)

    def definition(self, item: Question) -> str:
        return "pubmedqa/pubmedqa.yaml"

    def doc(self, item: Question) -> Doc:
        return {"QUESTION": item.question, "CONTEXTS": item.context.split("\n"), "final_decision": item.options[item.answer]}

    def changes(self, item: Question) -> dict[str, Any]:
        return {}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        papers = {
            str(1000 + at): {
                "QUESTION": item.question,
                "CONTEXTS": ["It rained.", "It snowed."],
                "final_decision": ANSWERS[at % 3],
            }
            for at, item in enumerate(made_up(24))
        }
        (folder / LABELLED).write_text(json.dumps(papers), encoding="utf-8")
        (folder / TRUTH).write_text(json.dumps(dict.fromkeys(list(papers)[:3], "maybe")), encoding="utf-8")
        return Material(data=folder)
