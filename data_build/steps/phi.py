"""Replace what may point to a person, and count it by kind: `phi_name`, `phi_date`, ...; the audit never holds the words.

Notes, dialogues, forum posts and texts of which nothing is known lose every identifier that is found. Published reference
text (by its tier and domain) loses only what names a patient: its dates, hotlines, links and authors are facts. Setting
`published` decides for all. `mode`: surrogate (of the same kind and format), mask ([NAME]) or tag (counts, and leaves the
text). `key`: a secret; the public one is refused for a clinic's own texts (`phi_key`).
`audit`: a folder for one JSON line a replacement: document, span in the old text, kind, rule, keyed hash.

    python -m data_build step phi --in notes.jsonl --out clean.jsonl --report phi.json --set key=SECRET --set names=STORE/names-…
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, cast

import orjson
from datatrove.pipeline.base import PipelineStep

from data_build.executor import whole_file
from data_build.steps.tagging import source_of, tag
from medmodel.errors import InputError
from medmodel.phi import Mode, NameModel, deidentify
from medmodel.registry import register
from medmodel.stages.documents import OPEN_DOMAINS, PUBLISHED_TIERS, check_document

MODES = ("surrogate", "mask", "tag")


@register("step", "phi")
class Phi(PipelineStep):
    """Rewrites `text`. Surrogates and the shift of dates are constant in a document, or in all that name one `patient`."""

    name = "phi"
    type = "medmodel"
    tags = ("phi_",)

    def __init__(
        self,
        key: str,
        names: Path | str | None = None,
        mode: str = "surrogate",
        published: bool | None = None,
        audit: str | None = None,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise InputError(f"step phi: mode '{mode}' is none of {', '.join(MODES)}")
        if not str(key):
            raise InputError("step phi: `key` is empty: surrogates without a secret could be undone")
        self.key, self.names, self.mode, self.published, self.audit = str(key), names, cast(Mode, mode), published, audit

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        names = _load(str(self.names)) if self.names else None
        with whole_file(Path(self.audit) / f"{rank:05d}.jsonl") if self.audit else nullcontext() as out:
            for document in data:
                record, source = document.metadata["document"], source_of(document)
                check_document(self.key, source["tier"], record["domain"], source["licence"])
                published = is_published(document) if self.published is None else self.published
                scope = str(record.get("attributes", {}).get("patient", document.id))
                done = deidentify(document.text, self.key, names, scope=scope, mode=self.mode, published=published)
                document.text = done.text
                for kind, count in sorted(Counter(one.kind for one in done.audit).items()):
                    tag(document, f"phi_{kind}", count)
                if out:
                    for one in done.audit:
                        out.write(orjson.dumps({"document": document.id, **one._asdict()}) + b"\n")
                yield document


def is_published(carrier: Any) -> bool:
    """Whether somebody published it for all to read; a record without a stated licence, tier and domain is not known to be."""
    record, source = carrier.metadata["document"], source_of(carrier)
    if record["domain"] in OPEN_DOMAINS or source["tier"] in ("forum", "local"):
        return False
    return source["tier"] in PUBLISHED_TIERS or record["domain"] != "general" or source["licence"] != "n/s"


@cache
def _load(path: str) -> NameModel:
    return NameModel.load(path)
