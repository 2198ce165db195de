"""What passages fix and mislead, and the router, on worked rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.benefit import benefit
from evals.suite import Scored
from medmodel.errors import InputError
from medmodel.rag.benefit import worth_it


def row(name: str, closed: int, opened: int, nearness: float) -> Scored:
    values = {"accuracy": closed, "retrieval": opened, "fixed": opened > closed, "misled": closed > opened}
    return Scored(id=name, cluster=name, values={**{key: float(v) for key, v in values.items()}, "nearness": nearness})


def test_fixed_and_misled_are_counted_and_the_router_keeps_what_is_near(tmp_path: Path) -> None:
    rows = [row("a", 0, 1, 0.7), row("b", 0, 1, 0.4), row("c", 1, 0, 0.3), row("d", 1, 0, 0.6), row("e", 1, 1, 0.9)]
    (tmp_path / "rows.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in rows), encoding="utf-8")
    found = benefit(tmp_path / "rows.jsonl")
    assert (found["fixed"], found["misled"], found["retrieved"]) == (2, 2, 3)
    assert (found["fixed_when_routed"], found["misled_when_routed"]) == (1, 1)
    assert (found["closed"], found["with_passages"], found["routed"]) == pytest.approx((0.6, 0.6, 0.6))
    assert found["auc"] == pytest.approx(3 / 4)  # .7 above both, .4 above .3 alone


def test_rows_of_a_run_without_passages_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(Scored(id="a", cluster="a").model_dump_json() + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="run a benchmark with --retrieval"):
        benefit(tmp_path / "rows.jsonl")
    with pytest.raises(InputError, match="there is no file"):
        benefit(tmp_path / "none.jsonl")


def test_without_a_dense_search_there_is_no_telling_and_passages_are_shown() -> None:
    assert (worth_it(0.0), worth_it(0.4), worth_it(0.6)) == (True, False, True)
