"""Stage `mix`: which documents are read how often, so that each domain has its share of the tokens.

A domain's documents come in a seeded order, whole, until its share is used up; the last one in part. When one pass is
not enough the domain is read again, up to `max_epochs`; a domain that cannot fill its share even so is an error that
says what would. Sources whose licence is unstated or non-commercial are refused unless the recipe names them with a reason.

    medmodel run demo --until mix
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from medmodel.artifacts import write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Mixed
from medmodel.train.tokens import Encoder

_CLOSED = re.compile(r"^$|n/s|\bnc\b|non-?commercial|research|proprietary|unknown", re.IGNORECASE)


def run(job: Job) -> dict[str, Any]:
    """Write mix/ (Mixed records); returns tokens, documents and epochs by domain."""
    job.clear()
    config = job.config
    encoder = Encoder.open(job.inputs["model"].path / "model")
    documents = [d for d in job.inputs["documents"].read("documents", Document) if d.split == "train"]
    check_licences((d for d in documents if d.domain in config.proportions), config.allow_licences)
    mixed = mix(
        documents,
        count=lambda text: encoder.count(text) + 1,  # + the end of the document
        tokens=config.tokens,
        proportions=config.proportions,
        max_epochs=config.max_epochs,
        seed=job.seed,
    )
    write_records(job.out / "mix", mixed)
    return {"tokens": sum(entry.tokens for entry in mixed), "documents": len(mixed), **_by_domain(mixed, documents)}


def mix(
    documents: Sequence[Document],
    count: Callable[[str], int],
    *,
    tokens: int,
    proportions: Mapping[str, float],
    max_epochs: float,
    seed: int,
) -> list[Mixed]:
    """How often each document is read. Raises InputError when the proportions do not add up or a domain is too small."""
    if abs(sum(proportions.values()) - 1) > 1e-6:
        raise InputError(f"mix.proportions add up to {sum(proportions.values()):g}, not 1")
    mixed: list[Mixed] = []
    for domain, share in sorted(proportions.items()):
        wanted = round(tokens * share)
        sizes = {d.id: count(d.text) for d in documents if d.domain == domain}
        if wanted > max_epochs * sum(sizes.values()):
            raise InputError(
                f"mix: domain '{domain}' has {sum(sizes.values()):,} training tokens; {wanted:,} would read it more than "
                f"{max_epochs:g} times: lower mix.tokens or its proportion, raise mix.max_epochs, or add sources"
            )
        order = sorted(sizes, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())
        passes, left = divmod(wanted, max(1, sum(sizes.values())))
        for name in order:
            part = min(1.0, left / sizes[name]) if left > 0 else 0.0
            left -= min(left, sizes[name])
            epochs = passes + part
            if epochs:
                read = passes * sizes[name] + round(part * sizes[name])
                mixed.append(Mixed(id=name, document_id=name, domain=domain, epochs=round(epochs, 6), tokens=read))
    return sorted(mixed, key=lambda entry: entry.id)


def check_licences(documents: Iterable[Document], allowed: Mapping[str, str]) -> None:
    """Raise InputError naming the source whose licence keeps the mix from being released."""
    for document in documents:
        licence = document.source.licence
        if closed(licence, allowed):
            raise InputError(
                f"mix: source '{document.source.id}' has the licence '{licence}', which a releasable mix may not hold; "
                f"leave it out, or name it with a reason in mix.allow_licences"
            )


def closed(licence: str, allowed: Mapping[str, str]) -> bool:
    """Is it a licence that a releasable mix may not hold, and that the recipe gives no reason for?"""
    return bool(_CLOSED.search(licence)) and not allowed.get(licence)


def _by_domain(mixed: Sequence[Mixed], documents: Sequence[Document]) -> dict[str, Any]:
    """Tokens read, and the mean number of times a domain's documents are read."""
    tokens: dict[str, int] = {}
    read: dict[str, float] = {}
    for entry in mixed:
        tokens[entry.domain] = tokens.get(entry.domain, 0) + entry.tokens
        read[entry.domain] = read.get(entry.domain, 0.0) + entry.epochs
    sizes = {domain: sum(document.domain == domain for document in documents) for domain in tokens}
    return {
        "tokens_by_domain": tokens,
        "epochs_by_domain": {domain: round(read[domain] / sizes[domain], 3) for domain in tokens},
    }
