"""The shape of a correction: the inputs and the package's own function in, the result that the source gives out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from medmodel.tools.tool import Calculated, Value

Compute = Callable[[Mapping[str, Value]], Calculated]
Correction = Callable[[Mapping[str, Value], Compute], Calculated]
