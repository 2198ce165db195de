"""medmodel: raw medical sources in, a gated and signed medical model out, answering with evidence to click.

The public names are those in `__all__`; everything else may change between versions. They load on first use, so that
`import medmodel` costs milliseconds and no torch, vllm, gradio or langchain.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from medmodel.client import AsyncClient as AsyncClient
    from medmodel.client import Client as Client
    from medmodel.errors import MedmodelError as MedmodelError
    from medmodel.records import Answer as Answer
    from medmodel.records import Case as Case
    from medmodel.records import Citation as Citation
    from medmodel.records import Claim as Claim
    from medmodel.records import Document as Document
    from medmodel.records import Feedback as Feedback
    from medmodel.records import Passage as Passage

_HOMES = {
    "Client": "medmodel.client",
    "AsyncClient": "medmodel.client",
    "MedmodelError": "medmodel.errors",
    "Answer": "medmodel.records",
    "Case": "medmodel.records",
    "Citation": "medmodel.records",
    "Claim": "medmodel.records",
    "Document": "medmodel.records",
    "Feedback": "medmodel.records",
    "Passage": "medmodel.records",
}
__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'medmodel' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
