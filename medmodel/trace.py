"""Where something in the store comes from: a document, a document that was left out, an example, or a token that was trained on.

    medmodel trace acc_aha_af_2023/anticoagulation    what each step said of it, and what was made with it
    medmodel trace 00012:acc_aha_af_2023/dosing#3.1   an example, and the documents that stand in it
    medmodel trace 4711                               the token at that place of tokens.npy, and its document

The newest artifact that knows the id answers, or the one that is named. `affected` is the way back: everything that was made
from a source or document, which is what a request to forget must reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from medmodel.artifacts import Artifact, open_artifact
from medmodel.errors import InputError
from medmodel.forgetting import belongs
from medmodel.pipeline import artifacts
from medmodel.records import Document, Drop, Example, Mixed, Record, Source

CONTEXT = 12  # tokens shown on each side of the one that is asked for
R = TypeVar("R", bound=Record)


class Decision(Record):
    """What one step of the flow said of a document."""

    step: str
    said: str


class Use(Record):
    """What an artifact made of a document."""

    artifact: str
    said: str


class DocumentTrace(Record):
    id: str
    artifact: str
    source: Source | None  # None: nothing else of its source was kept, so that only its id is known
    source_id: str
    left_out: str  # the reason; "" when it was kept
    document: Document | None
    decisions: tuple[Decision, ...]
    uses: tuple[Use, ...]


class ExampleTrace(Record):
    example: Example
    artifact: str
    documents: tuple[DocumentTrace, ...]


class TokenTrace(Record):
    """`before` + `token` + `after`: decoded text around the place."""

    offset: int
    artifact: str
    row: int
    column: int
    before: str
    token: str
    after: str
    token_of_document: int | None  # its number in the document, from 0; None in padding
    document: DocumentTrace | None


class Affected(NamedTuple):
    """An artifact that holds text of what is asked for, or was made from one that does."""

    artifact: Artifact
    holds: int  # documents of it; 0 = made from such
    excerpts: int = 0  # documents of it that were left out, and whose beginning stands in drops/ and the report


def trace(name: str, store: Path, within: Path | None = None) -> DocumentTrace | ExampleTrace | TokenTrace:
    """Raises InputError when no artifact of the store, or the one that is given, knows the id or has the place."""
    there = (
        [open_artifact(within)] if within else sorted(artifacts(store), key=lambda each: each.manifest.created, reverse=True)
    )
    for artifact in there:
        if example := _find(artifact.path / "examples", Example, name):
            made_from = artifact.manifest.inputs.get("documents")
            holder = open_artifact(store / made_from.path) if made_from else artifact
            found = (trace_document(document, holder, store) for document in example.documents)
            return ExampleTrace(example=example, artifact=artifact.path.name, documents=tuple(each for each in found if each))
        if document := trace_document(name, artifact, store):
            return document
    if name.isdigit() and (packed := next((each for each in there if (each.path / "spans.npy").exists()), None)):
        return trace_token(int(name), packed, store)
    for artifact in there:
        if of_source := next(
            (d for d in _mentioning(artifact.path / "documents", Document, name) if d.source.id == name), None
        ):
            raise InputError(
                f"'{name}' is a source in {artifact.path.name}: trace one of its documents, such as '{of_source.id}'"
            )
    where = within.name if within else f"the {len(there)} artifacts of {store}"
    raise InputError(f"'{name}' is the id of no document or example in {where}, and no place in packed tokens")


def trace_document(name: str, artifact: Artifact, store: Path) -> DocumentTrace | None:
    """None when the artifact has not had this document."""
    document = _find(artifact.path / "documents", Document, name)
    drop = None if document else _find(artifact.path / "drops", Drop, name)
    if document:
        source: Source | None = document.source
    elif drop:
        of_same = _mentioning(artifact.path / "documents", Document, drop.source)
        source = next((each.source for each in of_same if each.source.id == drop.source), None)
    else:
        return None
    return DocumentTrace(
        id=name,
        artifact=artifact.path.name,
        source=source,
        source_id=source.id if source else drop.source if drop else "",
        left_out=drop.reason if drop else "",
        document=document,
        decisions=tuple(_decisions(artifact, document)) if document else (),
        uses=tuple(_uses(name, artifact, store)) if document else (),
    )


def trace_token(offset: int, artifact: Artifact, store: Path) -> TokenTrace:
    """The token at `offset` of the rows one after the other, in what the stage `pack` made."""
    import numpy as np

    from medmodel.train.tokens import Encoder

    tokens = np.load(artifact.path / "tokens.npy", mmap_mode="r", allow_pickle=False)
    if offset >= tokens.size:
        raise InputError(f"{artifact.path.name} has {tokens.size:,} tokens: there is none at {offset:,}")
    row, column = divmod(offset, tokens.shape[1])
    spans = np.load(artifact.path / "spans.npy", mmap_mode="r", allow_pickle=False)
    starts = spans["row"].astype(np.int64) * tokens.shape[1] + spans["start"]
    span = spans[int(np.searchsorted(starts, offset, side="right")) - 1]
    first, end = int(span["start"]), int(span["start"] + span["length"])
    inputs = artifact.manifest.inputs
    decode = Encoder.open(store / inputs["model"].path / "model").tokenizer.decode
    padding = column >= end or int(span["row"]) != row
    if padding:
        first, end = column, column + 1
    text = tokens[row].tolist()
    name = json.loads((artifact.path / "documents.json").read_bytes())[int(span["document"])]
    return TokenTrace(
        offset=offset,
        artifact=artifact.path.name,
        row=row,
        column=column,
        before=decode(text[max(first, column - CONTEXT) : column], skip_special_tokens=False),
        token=decode([text[column]], skip_special_tokens=False),
        after=decode(text[column + 1 : min(end, column + 1 + CONTEXT)], skip_special_tokens=False),
        token_of_document=None if padding else int(span["offset"]) + column - first,
        document=None if padding else trace_document(name, open_artifact(store / inputs["documents"].path), store),
    )


def affected(names: Sequence[str], store: Path) -> list[Affected]:
    """Artifacts that hold documents of these sources or ids, and all that were made from them, in the order they were made.

    A name is a source's id, a document's id, or the beginning of ids up to a slash.
    """
    found: list[Affected] = []
    texts: set[str] = set()  # keys of the artifacts with whole texts, or made from them
    for artifact in sorted(artifacts(store), key=lambda each: each.manifest.created):
        holds = 0
        if (artifact.path / "documents").is_dir():
            ids = {each.id for name in names for each in _mentioning(artifact.path / "documents", Document, name, prefix=True)}
            holds = len(ids)
        drops = {each.id for name in names for each in _excerpts(artifact, name)}
        made_from = any(needed.key in texts for needed in artifact.manifest.inputs.values())
        if holds or made_from:  # an excerpt goes no further than the artifact
            texts.add(artifact.manifest.key)
        if holds or made_from or drops:
            found.append(Affected(artifact, holds, len(drops)))
    return found


def held(names: Sequence[str], found: Sequence[Affected]) -> dict[str, bool]:
    """Whether anything that `affected` found is meant by each name."""
    return {
        name: any(
            next(_excerpts(each.artifact, name), None)
            or next(_mentioning(each.artifact.path / "documents", Document, name, prefix=True), None)
            for each in found
        )
        for name in names
    }


def _excerpts(artifact: Artifact, name: str) -> Iterator[Drop]:
    return (gone for gone in _mentioning(artifact.path / "drops", Drop, name, prefix=True) if gone.excerpt)


def _decisions(artifact: Artifact, document: Document) -> Iterator[Decision]:
    """What the steps that ran say of it, by the tags that each writes (report.json)."""
    report = artifact.path / "report.json"
    steps = json.loads(report.read_bytes()).get("steps", []) if report.exists() else []
    for step in steps:
        if step["step"] in ("read", "other"):
            continue  # there only for what was left out
        found = [
            f"{key} {value}"
            for key, value in sorted(document.attributes.items())
            if any(key.startswith(tag) for tag in step["tags"])
        ]
        said = document.split if step["step"] == "split" else ", ".join(found) or "nothing found"
        yield Decision(step=step["step"], said=said)


def _uses(name: str, artifact: Artifact, store: Path) -> Iterator[Use]:
    """What was made with the document, from this artifact on."""
    below = {artifact.manifest.key}
    for later in sorted(artifacts(store), key=lambda each: each.manifest.created):
        manifest = later.manifest
        if not any(needed.key in below for needed in manifest.inputs.values()):
            continue
        below.add(manifest.key)
        said = []
        if mixed := next((each for each in _mentioning(later.path / "mix", Mixed, name) if each.document_id == name), None):
            said.append(f"read {mixed.epochs:g} times, {mixed.tokens:,} tokens")
        if (later.path / "spans.npy").exists() and (pieces := _pieces(later, name)):
            said.append(f"{len(pieces)} pieces, in rows {', '.join(map(str, pieces[:8]))}{'…' if len(pieces) > 8 else ''}")
        if examples := sum(name in each.documents for each in _mentioning(later.path / "examples", Example, name)):
            said.append(f"{examples} examples")
        if passages := _count(later.path / "passages", f'"document_id":{json.dumps(name, ensure_ascii=False)}'):
            said.append(f"{passages} passages")
        if said or manifest.uses == "release":
            yield Use(artifact=later.path.name, said="; ".join(said) or "a release made from it")


def _pieces(packed: Artifact, name: str) -> list[int]:
    import numpy as np

    names: list[str] = json.loads((packed.path / "documents.json").read_bytes())
    if name not in names:
        return []
    spans = np.load(packed.path / "spans.npy", mmap_mode="r", allow_pickle=False)
    rows: list[int] = spans["row"][spans["document"] == names.index(name)].tolist()
    return rows


def _find(folder: Path, record: type[R], name: str) -> R | None:
    return next((each for each in _mentioning(folder, record, name) if getattr(each, "id", "") == name), None)


def _mentioning(folder: Path, record: type[R], name: str, *, prefix: bool = False) -> Iterator[R]:
    """Records with the name as one of their strings; with `prefix` those that belong to it. Only likely lines are parsed."""
    quoted = json.dumps(name.rstrip("/") if prefix else name, ensure_ascii=False)[: -1 if prefix else None].encode()
    for line in _lines(folder):
        if quoted in line:
            found: Any = record.model_validate_json(line)
            if not prefix or belongs(found.id, getattr(found.source, "id", found.source), [name]):
                yield found


def _count(folder: Path, words: str) -> int:
    return sum(words.encode() in line for line in _lines(folder))


def _lines(folder: Path) -> Iterator[bytes]:
    for shard in sorted(folder.glob("[0-9]*.jsonl")):
        with open(shard, "rb") as lines:
            yield from lines
