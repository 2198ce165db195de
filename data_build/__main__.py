"""The data command: what is built from raw sources is built by `medmodel run`; this is what stands beside it.

    python -m data_build sources
    python -m data_build step dedup --in a.jsonl --out b.jsonl --report dedup.json --set threshold=0.9
    python -m data_build feedback --store feedback.db --documents STORE/documents-… --out export

`--json` prints one JSON document. Exit codes are those of `medmodel.errors`.
"""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data_build.sources.reading import Unreadable
from medmodel import registry
from medmodel.cli import run_command
from medmodel.errors import InputError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Sources, single steps, forgetting, and feedback.")
out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def main() -> None:
    run_command(app)


@app.command()
def sources(as_json: AsJson = False) -> None:
    """Read every source that is there; say what is in it, on which terms, and why others were not read."""
    rows, not_read = [], {}
    for name in registry.names("source"):
        reader = registry.get("source", name)
        if "licence" in inspect.signature(reader).parameters:
            not_read[name] = "a format: a recipe says where it is and on which licence"
            continue
        try:
            rows.append(_counted(name, reader()))
        except InputError as fault:  # a folder or package that this machine has not
            not_read[name] = str(fault)
    if as_json:
        print(json.dumps({"sources": rows, "not_read": not_read}, indent=1))
        return
    table = Table()
    for heading in ("source", "documents", "publications", "characters", "licences", "domains", "left out"):
        table.add_column(heading, no_wrap=heading == "source", overflow="fold")
    for row in rows:
        table.add_row(*(", ".join(value) if isinstance(value, list | dict) else str(value) for value in row.values()))
    out.print(table)
    for reason in dict.fromkeys(reason.replace(name, "NAME") for name, reason in not_read.items()):
        names = [name for name, said in not_read.items() if said.replace(name, "NAME") == reason]
        out.print(escape(f"not read: {', '.join(names)} ({reason})"), highlight=False, soft_wrap=True)


def _counted(name: str, found: Iterable[Any]) -> dict[str, Any]:
    documents = characters = unreadable = 0
    licences: Counter[str] = Counter()
    publications: set[str] = set()
    domains: set[str] = set()
    for one in found:
        if isinstance(one, Unreadable):
            unreadable += 1
            continue
        documents += 1
        characters += len(one.text)
        licences[one.source.licence] += 1
        publications.add(one.source.id)
        domains.add(one.domain)
    return {
        "source": name,
        "documents": documents,
        "publications": len(publications),
        "characters": characters,
        "licences": dict(sorted(licences.items())),
        "domains": sorted(domains),
        "unreadable": unreadable,
    }


@app.command()
def step(
    name: Annotated[str, typer.Argument(help="clean, language, quality, phi, protected, exact_dedup, dedup, ...")],
    source: Annotated[Path, typer.Option("--in", help="records {id, text, ...}: .jsonl, .jsonl.gz or .parquet")],
    target: Annotated[Path, typer.Option("--out", help="the records that stay, in the format its name says")],
    report: Annotated[Path, typer.Option(help="counts, drops with reasons, and what was found of each record, as JSON")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value of the step")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one step of the flow on a file."""
    from data_build.alone import run_alone

    summary = run_alone(name, source, target, report, settings or ())
    if as_json:
        print(json.dumps(summary, indent=1))
        return
    out.print(f"{summary['kept']} of {summary['records']} records stay in {target}; {report} says why", soft_wrap=True)
    for reason, count in summary["dropped"].items():
        out.print(f"  dropped {count}: {escape(reason)}", highlight=False)


@app.command()
def feedback(
    folder: Annotated[Path, typer.Option("--out", help="where sft.jsonl, preference.jsonl and report.json go")],
    store: Annotated[str | None, typer.Option(help="a server, database URL, SQLite file, or Feedback as .jsonl")] = None,
    documents: Annotated[Path | None, typer.Option(help="the documents artifact: its held-out documents are kept out")] = None,
    as_json: AsJson = False,
) -> None:
    """Clinicians' verdicts as supervised examples and preference pairs; those with likely identifiers are left out."""
    from data_build import feedback as verdicts

    heldout = verdicts.heldout_documents(documents) if documents else set()
    report = verdicts.write(verdicts.export(verdicts.read(store), heldout), folder, heldout_checked=documents is not None)
    if as_json:
        print(json.dumps(report, indent=1))
        return
    out.print(f"{report['examples']} examples and {report['preferences']} preference pairs in {folder}", soft_wrap=True)
    for reason, count in report["held_back"].items():
        out.print(f"  held back {count}: {escape(reason)}", highlight=False)
    if not documents:
        out.print("  not checked: held-out documents; give --documents, or what the gate asks may be trained on")


if __name__ == "__main__":
    main()
