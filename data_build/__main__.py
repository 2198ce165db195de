"""The data command: what is built from raw sources is built by `medmodel run`; this is what stands beside it.

    python -m data_build sources
    python -m data_build step dedup --in a.jsonl --out b.jsonl --report dedup.json --set threshold=0.9
    python -m data_build forget medquad --recipe small
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
from typer.core import TyperCommand

from data_build.sources.reading import Unreadable
from medmodel import registry
from medmodel.cli import run_command, run_recipe
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


class _Step(TyperCommand):
    """`step NAME --help` says what NAME can be told by --set."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--help" in args:
            ctx.obj = next((arg for arg in args if arg in registry.names("step")), None)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        if ctx.obj:
            out.print(_settings(ctx.obj), highlight=False)


def _settings(name: str) -> Table | str:
    from data_build.alone import settings_of

    settings = settings_of(name)
    if not settings:
        return f"step '{name}' has no settings"
    table = Table("--set", "type", "when it is not said", title=f"settings of step '{name}'")
    for key, parameter in settings.items():
        needed = parameter.default is parameter.empty
        table.add_row(key, escape(str(parameter.annotation)), "must be said" if needed else escape(repr(parameter.default)))
    return table


@app.command(cls=_Step)
def step(
    name: Annotated[str, typer.Argument(help="clean, language, quality, phi, protected, exact_dedup, dedup, ...")],
    source: Annotated[Path, typer.Option("--in", help="records {id, text, ...}: .jsonl, .jsonl.gz or .parquet")],
    target: Annotated[Path, typer.Option("--out", help="the records that stay, in the format its name says")],
    report: Annotated[Path, typer.Option(help="counts, drops with reasons, and what was found of each record, as JSON")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the step: `step NAME --help` lists them")
    ] = None,
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
def forget(
    names: Annotated[list[str], typer.Argument(help="ids of sources or documents, or the beginning of ids up to a slash")],
    recipe: Annotated[str | None, typer.Option(help="make this recipe's documents again, without them")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="override one value of the recipe")] = None,
    anyway: Annotated[bool, typer.Option(help="put on the list what nothing in the store holds")] = False,
    dry_run: Annotated[bool, typer.Option(help="say what would be affected, and change nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Leave a source or document out of every later build; say which artifacts and releases were made with it."""
    from medmodel import forgetting, pipeline, trace
    from medmodel.recipe import load_recipe

    store = pipeline.store_dir()
    loaded = load_recipe(recipe, overrides or ()) if recipe else None
    found = trace.affected(names, store)
    held = trace.held(names, found)
    if not anyway and (unheld := [name for name in names if not held[name]]):
        raise InputError(
            f"nothing in {store} holds '{unheld[0]}': check the id, or say --anyway to keep it out of later builds"
        )
    if not dry_run:
        forgetting.add(names)
        for stage in [name for name, config in loaded.stages.items() if config.uses == "documents"] if loaded else ():
            run_recipe(str(recipe), overrides or (), stage)
    stopped = [str(path) for path in pipeline.partials(store)]
    if as_json:
        rows = [
            {"artifact": str(e.artifact.path), "stage": e.artifact.manifest.uses, "documents": e.holds, "excerpts": e.excerpts}
            for e in found
        ]
        print(json.dumps({"forgotten": [] if dry_run else names, "affected": rows, "stopped": stopped}, indent=1))
        return
    table = Table("artifact", "stage", "why")
    for each in found:
        uses = each.artifact.manifest.uses
        kept = f"holds {each.holds} of its documents" if each.holds else ""
        beginnings = f"the beginnings of {each.excerpts} that were left out" if each.excerpts else ""
        why = " and ".join(filter(None, (kept, beginnings))) or "made from such"
        table.add_row(each.artifact.path.name, uses, "[bold red]a release: withdraw it[/]" if uses == "release" else why)
    out.print(table)
    for path in stopped:
        out.print(f"stopped half-way, may hold it: {path}", highlight=False)
    out.print(
        "dry run: nothing was changed" if dry_run else "these folders still hold it until they are deleted; later builds do not"
    )


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
