"""What the support check says of a pair: supported, contradicted or not found, and why in a few words."""

from __future__ import annotations

from typing import Literal, NamedTuple

Label = Literal["supported", "contradicted", "not_found"]


class Verdict(NamedTuple):
    label: Label
    reason: str = ""  # "" when supported by rule
    score: float | None = None  # of the scorer, where it was asked
