"""The source and the step that docs/data.md adds work as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

from data_build.sources.reading import Unreadable
from data_build.steps.tagging import carry
from medmodel import registry

BLOCKS = re.findall(
    r"```python\n(.*?)```", (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_source_of_the_docs_reads_what_it_can_and_says_what_it_cannot(tmp_path: Path) -> None:
    exec(compile(BLOCKS[0], "docs/data.md", "exec"), {"__name__": __name__})
    (tmp_path / "one.txt").write_text("Dear colleague, thank you.", encoding="utf-8")
    (tmp_path / "two.txt").write_bytes(b"caf\xe9")
    one, two = registry.get("source", "letters")(path=str(tmp_path), licence="internal")
    assert (one.id, one.text, one.source.tier) == ("letters/one", "Dear colleague, thank you.", "local")
    assert two == Unreadable(id="two.txt", reason="is not UTF-8")


def test_the_step_of_the_docs_tags_doses() -> None:
    exec(compile(BLOCKS[1], "docs/data.md", "exec"), {"__name__": __name__})
    document = next(iter(registry.get("source", "general")())).model_copy(update={"text": "5 mg, then 10 mg; a 3 m walk"})
    [found] = registry.get("step", "doses")().run([carry(document)])
    assert found.metadata["tags"] == {"doses": 2}
