"""The API server: `create_app()` makes the FastAPI application, `open_product()` what answers behind it.

Both load on first use: FastAPI costs half a second, which `import medmodel.serve` should not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medmodel.serve.api import create_app as create_app
    from medmodel.serve.feedback import FeedbackStore as FeedbackStore
    from medmodel.serve.product import Product as Product
    from medmodel.serve.product import open_product as open_product
    from medmodel.serve.run import running as running
    from medmodel.serve.run import serve_forever as serve_forever

_HOMES = {
    "FeedbackStore": "feedback",
    "Product": "product",
    "create_app": "api",
    "open_product": "product",
    "running": "run",
    "serve_forever": "run",
}
__all__ = ["FeedbackStore", "Product", "create_app", "open_product", "running", "serve_forever"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'medmodel.serve' has no attribute '{name}'")
    return getattr(importlib.import_module(f"medmodel.serve.{_HOMES[name]}"), name)
