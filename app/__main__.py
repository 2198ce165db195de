"""Serve a release: the page at `/`, the API under `/v1`, on one port.

python -m app --release R [--engine vllm|scripted|none|URL] [--host 127.0.0.1] [--port 7860] [--trust FP] [--feedback URL]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from medmodel.errors import MedmodelError

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # where to reach a server that listens on every address


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m app", description="The page and the API on one release.")
    parser.add_argument("--release", type=Path, required=True, help="a release folder: verified before it is loaded")
    parser.add_argument(
        "--engine", default="vllm", help="vllm, scripted (a fake), none (quotes only), or an OpenAI-compatible URL"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7860, help="0 takes any free one")
    parser.add_argument("--trust", action="append", default=[], metavar="FP", help="fingerprint of a signing key to trust")
    parser.add_argument("--feedback", metavar="URL", help="feedback database; default: SQLite in $MEDMODEL_HOME")
    options = parser.parse_args()
    try:
        serve(options)
    except MedmodelError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def serve(options: argparse.Namespace) -> None:
    """Open the release, mount the page, and serve until Ctrl-C."""
    from app.ui import mount
    from medmodel.serve.api import create_app
    from medmodel.serve.feedback import FeedbackStore
    from medmodel.serve.product import open_product
    from medmodel.serve.run import serve_forever

    addresses: list[str] = []

    def started(address: str) -> None:
        addresses.append(reachable(address))
        print(f"medmodel answers at {addresses[0]}", flush=True)

    store = FeedbackStore(options.feedback)
    try:
        with open_product(release=options.release, engine=options.engine, trust=options.trust) as product:
            engine = product.engine
            page = mount(create_app(product, store), lambda: addresses[0], fake=bool(engine and engine.fake))
            serve_forever(page, options.host, options.port, started)
    finally:
        store.close()


def reachable(address: str) -> str:
    """The address as this machine reaches it."""
    parts = urlsplit(address)
    host = EVERYWHERE.get(parts.hostname or "")
    return f"{parts.scheme}://{host}:{parts.port}" if host else address


if __name__ == "__main__":
    sys.exit(main())
