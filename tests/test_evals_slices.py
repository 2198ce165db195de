"""Slices are rates with their n and interval; an item that lacks the metric or the name is in none."""

from evals.slices import rates
from evals.suite import Scored


def row(name: str, value: float, kind: str = "") -> Scored:
    return Scored(id=name, cluster=name, values={"refused": value}, shown={"kind": kind} if kind else {})


def test_each_kind_has_its_rate_its_n_and_wilsons_interval() -> None:
    rows = [row("a", 1.0, "fraud"), row("b", 0.0, "fraud"), row("c", 1.0, "harm"), row("d", 1.0)]
    found = rates(rows, "refused", "kind")
    assert found["fraud"] == {"rate": 0.5, "n": 2, "low": 0.095, "high": 0.905}  # Wilson at 1 of 2, by hand
    assert found["harm"]["rate"] == 1.0
    assert found["harm"]["low"] < 0.25, "one item says next to nothing"
    assert set(found) == {"fraud", "harm"}


def test_a_metric_that_no_row_has_gives_no_slices() -> None:
    assert rates([row("a", 1.0, "fraud")], "answered", "kind") == {}
