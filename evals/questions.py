"""The written questions of a suite, read from the YAML beside it: groups of {id, text, language, source, flag}."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml

from medmodel.records import Record

SUITES = Path(__file__).with_name("suites")


class Question(Record):
    id: str  # "<group>/<id in the file>"
    group: str
    text: str
    language: Literal["en", "zh"] = "en"
    source: str = ""  # the guideline it rests on
    flag: str = ""  # id of the red flag rule (medmodel/safety.yaml) that must fire


def read_questions(name: str) -> list[Question]:
    """Every question of `suites/<name>.yaml`, in order."""
    groups = yaml.safe_load((SUITES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [
        Question.model_validate({**question, "id": f"{group}/{question['id']}", "group": group})
        for group, questions in groups.items()
        for question in questions
    ]
