"""The written items of a suite, read from the YAML beside it: groups of records, {id, text, language, source, …}.

Half of every suite is kept for the last run: which half an item is in follows from its id alone (`part_of`), so adding
items moves none. Work on a rule or a prompt looks at `dev`; `held` is for the run that is reported; gates take what their
profile says. Suites whose rules were written before the halves existed take all.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import ValidationError

from medmodel.errors import InputError
from medmodel.records import Record

SUITES = Path(__file__).with_name("suites")
Part = Literal["dev", "held", "all"]


class Question(Record):
    id: str  # "<group>/<id in the file>"
    group: str
    text: str
    language: Literal["en", "zh"] = "en"
    source: str = ""  # the guideline it rests on
    flag: str = ""  # id of the red flag rule (medmodel/safety/red_flags.yaml) that must fire


Written = TypeVar("Written", bound=Question)


def read_questions(name: str, part: Part = "all") -> list[Question]:
    """Every question of `suites/<name>.yaml`, in order."""
    return read_written(SUITES / f"{name}.yaml", Question, part)


def read_written(path: Path, kind: type[Written], part: Part = "all") -> list[Written]:
    """Every item of one part, as records of a suite's own kind. Raises InputError naming file, item and field."""
    found: list[Written] = []
    try:
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise InputError(f"{path.name}: line {line}: {error.problem}") from None
    for group, items in groups.items():
        for item in items:
            name = f"{group}/{item.get('id', len(found) + 1)}"
            try:
                found.append(kind.model_validate({**item, "id": name, "group": group}))
            except ValidationError as error:
                fault = error.errors(include_input=False)[0]
                raise InputError(f"{path.name}: item {name}: '{'.'.join(map(str, fault['loc']))}': {fault['msg']}") from None
    return [item for item in found if part in ("all", part_of(item.id))]


def part_of(name: str) -> Literal["dev", "held"]:
    """The half that an item is in, by its id. A pair's two items share the id up to a last `.en`, `.zh` or `.twin`."""
    pair = name.rsplit(".", 1)[0] if name.endswith((".en", ".zh", ".twin")) else name
    return "held" if hashlib.sha256(pair.encode()).digest()[0] % 2 else "dev"
