"""The `medmodel` command: parse, validate, call one function, print one result.

    medmodel plan demo            medmodel run demo            medmodel status
    medmodel release demo         medmodel serve --release R   medmodel ask "…"
    medmodel tool cockcroft_gault --set age=70 --set weight=60kg --set is_female=yes --set serum_creatinine="1.2 mg/dL"
    medmodel lineage R            medmodel trace ID            medmodel refs add FILE --licence … --tier …

`--json` prints one JSON document for machines. Exit codes are those of `medmodel.errors`; 130 is Ctrl-C.
"""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from medmodel.errors import MedmodelError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="From raw references to a signed model."
)
refs_app = typer.Typer(no_args_is_help=True, help="A clinic's own guidelines, searched beside the release's.")
app.add_typer(refs_app, name="refs")
out = Console()
err = Console(stderr=True)

RecipeName = Annotated[str, typer.Argument(help="a shipped recipe's name, or a path to a YAML file")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="override one value: cpt.tokens=5000")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Trust = Annotated[
    list[str] | None, typer.Option("--trust", help="fingerprint of a signing key to trust, beside the configured ones")
]


def main() -> None:
    run_command(app)


def run_command(command: typer.Typer) -> None:
    """Run a typer app as a process: an error of ours or of the disk is one line and its exit code, Ctrl-C is 130, usage 2."""
    from medmodel.job import disk_full

    try:
        sys.exit(command(standalone_mode=False) or 0)  # click returns the code of typer.Exit here
    except MedmodelError as error:
        err.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno is None:
            raise
        where = str(error.filename or "where it writes")
        said = disk_full(where) if error.errno == errno.ENOSPC else f"{where}: {error.strerror}"
        err.print(f"[bold red]{type(error).__name__}[/]: {escape(said)}", highlight=False, soft_wrap=True)
        sys.exit(MedmodelError.exit_code)
    except (typer.Abort, KeyboardInterrupt) as stopped:
        if isinstance(stopped.__cause__, EOFError):  # a file that broke off, and nobody's Ctrl-C
            raise stopped.__cause__ from None
        err.print("stopped; what was done is kept")
        sys.exit(130)
    except Exception as error:  # typer's own usage errors carry an exit code and a message for the user
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):
            err.print(f"[bold red]usage[/]: {escape(error.format_message())}")
            sys.exit(2)
        raise


@app.command()
def plan(recipe: RecipeName, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Which stages are made, resumable or missing, why, and how long they take here."""
    from medmodel import pipeline
    from medmodel.recipe import load_recipe

    steps = pipeline.plan(load_recipe(recipe, overrides or ()), pipeline.store_dir())
    if as_json:
        rows = [{**step._asdict(), "artifact": str(step.artifact.path) if step.artifact else None} for step in steps]
        print(json.dumps(rows, indent=1))
        return
    table = Table("stage", "state", "about", "why", title=f"plan of {recipe}")
    colours = {"hit": "green", "resume": "yellow", "miss": "red", "waits": "dim"}
    for step in steps:
        table.add_row(step.stage, f"[{colours[step.state]}]{step.state}[/]", _duration(step.seconds), escape(step.why))
    out.print(table)
    out.print(
        f"about {_duration(sum(step.seconds for step in steps))} to do (two cores; measured here where a stage has run before)"
    )


@app.command()
def run(
    recipe: RecipeName,
    overrides: Overrides = None,
    until: Annotated[str | None, typer.Option(help="stop after this stage")] = None,
    as_json: AsJson = False,
) -> None:
    """Make every stage that is not made yet."""
    artifacts = run_recipe(recipe, overrides or (), until)
    if as_json:
        print(
            json.dumps(
                {name: {"path": str(a.path), "digest": a.digest, "counts": a.manifest.counts} for name, a in artifacts.items()},
                indent=1,
            )
        )


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is in the store, newest first, and what was stopped half-way."""
    from medmodel import pipeline

    store = pipeline.store_dir()
    artifacts = sorted(pipeline.artifacts(store), key=lambda a: a.manifest.created, reverse=True)
    stopped = [path.name for path in pipeline.partials(store)]
    if as_json:
        rows = [
            {"path": str(a.path), "digest": a.digest, "seconds": a.manifest.seconds, "counts": a.manifest.counts}
            for a in artifacts
        ]
        print(json.dumps({"artifacts": rows, "stopped": stopped}, indent=1))
        return
    table = Table("artifact", "made (UTC)", "took", "digest", "counts", title=str(store))
    for artifact in artifacts:
        manifest = artifact.manifest
        counts = ", ".join(f"{key} {value}" for key, value in manifest.counts.items() if not isinstance(value, dict | list))
        table.add_row(
            artifact.path.name, f"{manifest.created:%Y-%m-%d %H:%M}", _duration(manifest.seconds), artifact.digest[:12], counts
        )
    out.print(table)
    for name in stopped:
        out.print(f"[yellow]stopped half-way[/]: {name} (the next run resumes it)")


@app.command()
def lineage(path: Path, as_json: AsJson = False) -> None:
    """Everything a release or artifact was made from, down to package versions."""
    from medmodel.release import lineage_of

    manifests = lineage_of(path)
    if as_json:
        print(json.dumps([json.loads(manifest.model_dump_json(exclude={"files"})) for manifest in manifests], indent=1))
        return
    for manifest in manifests:
        out.print(f"[bold]{manifest.stage}[/] ({manifest.uses})  digest {manifest.digest[:16]}  key {manifest.key[:12]}")
        for role, needed in manifest.inputs.items():
            out.print(f"   {role}: {needed.stage} {needed.digest[:16]}")
        for name, version in manifest.packages.items():
            out.print(f"   package {name} {version}")
        counts = {key: value for key, value in manifest.counts.items() if not isinstance(value, dict | list)}
        out.print(f"   code {manifest.code[:16]}  {counts}", highlight=False)


@app.command()
def trace(
    name: Annotated[str, typer.Argument(help="a document's id, an example's id, or the place of a token in packed rows")],
    within: Annotated[Path | None, typer.Option(help="ask this artifact, not the newest that knows the id")] = None,
    as_json: AsJson = False,
) -> None:
    """Source, licence and every step's decision of a document; the documents behind an example or a token."""
    from medmodel import pipeline
    from medmodel.trace import DocumentTrace, ExampleTrace, TokenTrace
    from medmodel.trace import trace as traced

    found = traced(name, pipeline.store_dir(), within)
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    documents: tuple[DocumentTrace, ...] = ()
    match found:
        case DocumentTrace():
            documents = (found,)
        case ExampleTrace():
            out.print(f"[bold]{escape(found.example.id)}[/]  {found.example.kind}, {found.example.split}, in {found.artifact}")
            documents = found.documents
        case TokenTrace():
            out.print(f"[bold]token {found.offset:,}[/]  row {found.row}, column {found.column} of {found.artifact}")
            out.print(f"  {escape(found.before)}[bold reverse]{escape(found.token)}[/]{escape(found.after)}", highlight=False)
            out.print("  padding" if found.document is None else f"  token {found.token_of_document:,} of its document")
            documents = (found.document,) if found.document else ()
    for document in documents:
        _print_trace(document)


@app.command()
def release(
    recipe: RecipeName,
    overrides: Overrides = None,
    override: Annotated[list[str] | None, typer.Option(help="a gate that did not pass and that --by answers for")] = None,
    reason: Annotated[str, typer.Option(help="why the release may go out all the same; shown wherever it is")] = "",
    by: Annotated[str, typer.Option(help="who decided so")] = "",
    baseline: Annotated[str | None, typer.Option(help="a release's folder, for gates that compare with the one in use")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the recipe to a signed release and print its path as the last line."""
    from medmodel.errors import InputError
    from medmodel.recipe import load_recipe
    from medmodel.release import release_folder

    settings = [*(overrides or ())]
    if override or reason or by:
        if not (override and reason.strip() and by.strip()):
            raise InputError("an override names its gate, a reason and who decided: --override GATE --reason … --by …")
        said = [{"gate": gate, "reason": reason, "by": by} for gate in override]
        settings.append(f"release.overrides={json.dumps(said)}")
    if baseline:
        settings.append(f"gate.baseline={json.dumps(str(Path(baseline).absolute()))}")
        load_recipe(recipe, settings).stages["gate"].outside()  # missing: said now, and not after the training
    artifacts = run_recipe(recipe, settings, "release")
    folder = release_folder(artifacts["release"])
    print(json.dumps({"release": str(folder)}) if as_json else folder)


@app.command()
def serve(
    release: Annotated[Path, typer.Option(help="a release folder: verified before it is loaded")],
    port: int = 8000,
    host: str = "127.0.0.1",
    engine: Annotated[
        str, typer.Option(help="vllm, scripted (a fake), none (quotes only), or an OpenAI-compatible URL")
    ] = "vllm",
    feedback: Annotated[str | None, typer.Option(help="database URL; default: SQLite in $MEDMODEL_HOME")] = None,
    unsupported: Annotated[
        Literal["drop", "mark"], typer.Option(help="what becomes of a sentence that its source does not support")
    ] = "drop",
    trust: Trust = None,
) -> None:
    """The API alone; `python -m app` adds the page."""
    from medmodel.serve.api import create_app
    from medmodel.serve.feedback import FeedbackStore
    from medmodel.serve.product import open_product
    from medmodel.serve.run import serve_forever

    with open_product(release=release, engine=engine, trust=trust or (), unsupported=unsupported) as product:
        serve_forever(create_app(product, FeedbackStore(feedback)), host=host, port=port)


@app.command()
def ask(
    question: str,
    url: Annotated[str, typer.Option(help="where the server is")] = "http://127.0.0.1:7860",
    language: str = "en",
    as_json: AsJson = False,
) -> None:
    """Ask a running server and print the answer with its quotes."""
    from medmodel.client import Client

    answer = Client(url).ask(question, language="zh" if language == "zh" else "en")
    if as_json:
        print(answer.model_dump_json(indent=1))
        return
    for flag in answer.red_flags:
        out.print(f"[bold white on red] {escape(flag.title)} [/] {escape(flag.action)} {escape(flag.number)}".rstrip())
    if answer.notice:
        out.print(f"[yellow]{escape(answer.notice)}[/]")
    out.print(f"[dim]{answer.status}, {answer.origin}[/]")
    for claim in answer.claims:
        mark = "" if claim.verdict == "supported" else f" [red]({claim.verdict.replace('_', ' ')}: {escape(claim.reason)})[/]"
        out.print(f"• {escape(claim.text)}{mark}")
        for citation in claim.citations:
            where = f"{citation.source.organization} {citation.source.year or ''} {citation.source.doi or citation.source.url or ''}"
            out.print(f"    “{escape(citation.quote)}” [dim]{escape(where)}[/]")


@app.command()
def tool(
    name: Annotated[str | None, typer.Argument(help="a tool's name; without one, all of them are listed")] = None,
    inputs: Annotated[list[str] | None, typer.Option("--set", help="one input: age=70, creatinine='106 umol/L'")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a calculator or look into a table; what is missing is named, and nothing is guessed."""
    from medmodel import tools
    from medmodel.errors import InputError
    from medmodel.records import ToolMissing

    if name is None:
        specs = [tools.spec(each) for each in tools.names()]
        if as_json:
            print(json.dumps([json.loads(spec.model_dump_json()) for spec in specs], indent=1))
            return
        for spec in specs:
            out.print(f"[bold]{spec.name}[/]  {escape(spec.title)}", highlight=False)
        return
    pairs = [each.partition("=") for each in inputs or ()]
    if any(not equals for _, equals, _ in pairs):
        raise InputError("--set wants NAME=VALUE: --set age=70")
    done = tools.run(name, {key.strip(): value.strip() for key, _, value in pairs})
    if as_json:
        print(done.model_dump_json(indent=1))
        return
    if isinstance(done, ToolMissing):
        out.print(f"[yellow]{escape(done.why or 'these are still wanted')}[/]:", highlight=False)
        for wanted in done.missing:
            how = (
                ", ".join(wanted.units) or ", ".join(choice.value for choice in wanted.choices) or wanted.kind.replace("_", "/")
            )
            out.print(f"  --set {wanted.name}=…   {escape(wanted.title)} ({escape(how)})", highlight=False, soft_wrap=True)
        raise typer.Exit(InputError.exit_code)
    value = f"{done.value:g}" if isinstance(done.value, float) else done.value
    out.print(f"[bold]{escape(done.title)}: {escape(value)} {escape(done.unit)}[/]", highlight=False)
    out.print(escape(done.interpretation), highlight=False, soft_wrap=True)
    for note in done.notes:
        out.print(f"  {escape(note)}", highlight=False, soft_wrap=True)
    source = done.source
    where = f"doi:{source.doi}" if source.doi else source.url
    out.print(f"[dim]{escape(source.citation)} {escape(where)} · {escape(source.version)}[/]", highlight=False, soft_wrap=True)


@refs_app.command("add")
def refs_add(
    path: Path,
    licence: Annotated[str, typer.Option(prompt="Licence (SPDX name, or 'internal')")],
    tier: Annotated[str, typer.Option(prompt="Tier (guideline, review, textbook, patient, local)")],
) -> None:
    """Make a Markdown, HTML, PDF or DOCX file searchable from the next start of the server."""
    from medmodel.rag import refs

    for reference in refs.add(path, licence=licence, tier=tier):
        out.print(f"added {reference.id}: {escape(reference.source.title)}")
        for warning in refs.warnings(reference):
            out.print(f"[yellow]withheld from answers, looks like an instruction to a model:[/] {warning}", soft_wrap=True)


@refs_app.command("list")
def refs_list() -> None:
    """What has been added."""
    from medmodel.rag import refs

    table = Table("id", "title", "tier", "licence", "passages", "withheld")
    for reference in refs.listing():
        table.add_row(*(escape(str(cell)) for cell in reference))
    out.print(table)


@refs_app.command("remove")
def refs_remove(reference: str) -> None:
    """Forget a reference by its id."""
    from medmodel.rag import refs

    refs.remove(reference)
    out.print(f"removed {reference}")


def _print_trace(found: Any) -> None:
    out.print(f"[bold]{escape(found.id)}[/]  in {found.artifact}", highlight=False, soft_wrap=True)
    if found.source:
        of = found.source
        where = of.url or of.doi or ""
        out.print(
            f"  source    {escape(of.title)} ({escape(of.id)}), {of.year or 'no year'}, tier {of.tier} {escape(where)}",
            soft_wrap=True,
        )
        out.print(f"  licence   {escape(of.licence)}")
    if found.left_out:
        out.print(f"  [yellow]left out[/]  {escape(found.left_out)}")
    if found.document:
        about = found.document
        out.print(
            f"  kept      {about.split}, {about.domain}, {about.language}, {len(about.text):,} characters", highlight=False
        )
    for decision in found.decisions:
        out.print(f"  {decision.step:16} {escape(decision.said)}", highlight=False, soft_wrap=True)
    for use in found.uses:
        out.print(f"  [cyan]{use.artifact}[/]  {escape(use.said)}", highlight=False, soft_wrap=True)


def run_recipe(recipe_name: str, overrides: Sequence[str], until: str | None) -> dict[str, Any]:
    """Run with live progress on standard error, one bar for the stage at work."""
    from medmodel import pipeline
    from medmodel.recipe import load_recipe

    recipe = load_recipe(recipe_name, overrides)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def start(step: pipeline.Planned) -> None:
            if step.state != "hit":
                err.print(
                    f"[bold]{step.stage}[/]: {step.state} ({escape(step.why)}), about {_duration(step.seconds)}",
                    highlight=False,
                )
                tasks[step.stage] = bars.add_task(step.stage, total=None, amount="")

        def progress(report: pipeline.Progress) -> None:
            amount = f"{report.done:,.0f}/{report.total:,.0f} {report.unit}"
            bars.update(tasks[report.stage], completed=report.done, total=report.total, amount=amount)

        def done(step: pipeline.Planned, seconds: float) -> None:
            if step.state == "hit":
                err.print(f"[green]hit[/]  {step.stage}", highlight=False)
            else:
                bars.remove_task(tasks[step.stage])
                err.print(f"[green]done[/] {step.stage} in {_duration(seconds)}", highlight=False)

        started = time.monotonic()
        artifacts = pipeline.run(recipe, pipeline.store_dir(), until=until, on_start=start, on_progress=progress, on_done=done)
        err.print(f"{recipe.name}: {len(artifacts)} stages in {_duration(time.monotonic() - started)}", highlight=False)
    return artifacts


def _duration(seconds: float) -> str:
    return "—" if seconds == 0 else f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    main()
