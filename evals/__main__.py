"""The evaluation command: `python -m evals` lists what can be run.

    python -m evals medqa --model DIR --data DIR --limit 100 --shots 5 --probe 60 --retrieval INDEX
    python -m evals grounding --url http://127.0.0.1:7860 --cases cases.jsonl
    python -m evals unsafe --url http://127.0.0.1:7860 --json
    python -m evals batch cases.jsonl --out results.jsonl --url http://127.0.0.1:7860
    python -m evals medqa --generate --model DIR --limit 100      # with reasoning, under inspect-ai
    python -m evals healthbench --model DIR --judge http://127.0.0.1:8000/v1
    python -m evals judge-agreement --labels labels.jsonl --judge http://127.0.0.1:8000/v1
    python -m evals honesty            # does any scorer flatter?
    python -m evals retrieval --corpus C --queries Q --qrels R --profile laptop
    python -m evals batch-compare before.jsonl after.jsonl --cases cases.jsonl --out page.html
    python -m evals redflags --cases questions.jsonl      # the red-flag rules on any file of questions
    python -m evals support --pairs pairs.jsonl   # does the support check find what a quote does not say?
    python -m evals verify store/gate-*           # does a gate report follow from its rows?

`python -m evals NAME` is short for `python -m evals run NAME`. `--json` prints one JSON document. Exit codes are those
of `medmodel.errors`; 1 when calls failed, since what is left is not the whole score.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from evals import agreement, batch_compare, batch_page, judges, redflags
from evals import batch as batches
from evals import honesty as kit
from evals import report as reports
from evals import run as runs
from evals import support as supports
from evals import verify as verification
from evals.questions import Part
from evals.suite import Material, Subject, Suite
from medmodel import registry
from medmodel.artifacts import open_artifact, write_atomic
from medmodel.cases import read_all
from medmodel.cli import AsJson, Trust, run_command
from medmodel.client import TIMEOUT, AsyncClient, Client
from medmodel.errors import InputError, UnknownName
from medmodel.recipe import data_dir, home_dir
from medmodel.records import Document
from medmodel.serve.batches import WORKERS

KINDS = ("benchmark", "suite")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Benchmarks, suites and batches of cases.")
out = Console()
err = Console(stderr=True)

Url = Annotated[str | None, typer.Option(help="a running medmodel server")]
JudgeUrl = Annotated[str | None, typer.Option(help="an OpenAI-compatible judge for rubrics; its address ends in /v1")]
JudgeModel = Annotated[str | None, typer.Option(help="the judge's model; default: the first that its server lists")]
JudgeKey = Annotated[str, typer.Option(help="the environment variable that holds the judge's key")]


def main() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    if len(sys.argv) > 1 and sys.argv[1] not in commands and not sys.argv[1].startswith("-"):
        sys.argv.insert(1, "run")
    run_command(app)


@app.callback(invoke_without_command=True)
def names(context: typer.Context) -> None:
    """List every benchmark and suite."""
    if context.invoked_subcommand:
        return
    table = Table("name", "kind", "needs", "what it is")
    for kind in KINDS:
        for name in registry.names(kind):
            suite = registry.get(kind, name)
            about = (inspect.getdoc(inspect.getmodule(suite)) or "").partition("\n")[0]
            table.add_row(name, kind, suite.needs, escape(about))
    out.print(table)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="a benchmark or suite; `python -m evals` lists them")],
    model: Annotated[Path | None, typer.Option(help="a model folder: vLLM is started on it")] = None,
    url: Url = None,
    data: Annotated[
        Path | None,
        typer.Option(help="the benchmark's folder or file, or owner/name on the hub; default $MEDMODEL_DATA/<its folder>"),
    ] = None,
    cases: Annotated[Path | None, typer.Option(help="a cases file, for suites that ask cases")] = None,
    limit: Annotated[int | None, typer.Option(help="the first N items alone")] = None,
    part: Annotated[
        Part, typer.Option(help="half of the written items: dev to work with, held for the run that is reported")
    ] = "all",
    rows: Annotated[Path | None, typer.Option(help="keep every item's row here, and go on from it")] = None,
    shots: Annotated[
        int | None, typer.Option(min=0, help="worked examples before each item; default: the benchmark's own")
    ] = None,
    probe: Annotated[
        str,
        typer.Option(
            help="how many items of a closed-book benchmark are scored by option text and option shifts too: N, all, 0"
        ),
    ] = "60",
    retrieval: Annotated[
        Path | None, typer.Option(help="an index: ask with the product's passages before the question too")
    ] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="multiple choice: let the model reason, and read its last line")
    ] = False,
    log_dir: Annotated[Path | None, typer.Option(help="inspect's logs of what was written; default: beside --rows")] = None,
    judge: JudgeUrl = None,
    judge_model: JudgeModel = None,
    judge_key: JudgeKey = judges.KEY,
    as_json: AsJson = False,
) -> None:
    """One benchmark or suite against one model or server."""
    from evals import generated, inspected  # what a batch need not wait for
    from evals.closed_book import ClosedBook

    plugin = _find(name)
    if generate and not issubclass(plugin, ClosedBook):
        raise InputError(f"--generate is for multiple choice; '{name}' is no such benchmark")
    plugin = generated.reasoned(plugin) if generate else plugin
    with ExitStack() as stack:
        material = Material(
            cases=read_all(cases) if cases else [],
            data=data or _default_data(getattr(plugin, "folder", "")),
            part=part,
            limit=limit,
            shots=plugin.shots if shots is None else shots,
            probe=_probe(probe),
            index=retrieval,
            judge=stack.enter_context(judges.open_judge(judge, judge_model, judge_key)) if judge else None,
        )
        suite: Suite[Any] = plugin(material)
        items = suite.items()[:limit]
        if not items:
            raise InputError(
                f"'{name}' has no items here: give it --cases, or run it in the gate (medmodel run demo --until gate)"
            )
        ask: runs.Ask = runs.at_once
        if isinstance(suite, generated.Written):
            ask = inspected.inspected(stack.enter_context(_logs(log_dir, rows)), name, model.resolve().name if model else "")
        advance, tell = stack.enter_context(_progress(len(items)))
        subject = stack.enter_context(_subject(suite, model, url, tell))
        measured = runs.measure(suite, subject, rows, limit, on_row=lambda row: advance(), ask=ask, of=_examined(model, url))
    summary = runs.summarise(suite, measured)
    if as_json:
        metrics = {metric: found._asdict() for metric, found in summary.metrics.items()}
        print(json.dumps({"name": name, **summary._asdict(), "metrics": metrics}, indent=1))
    else:
        _show(name, summary)
    if summary.errors:
        raise typer.Exit(1)


@app.command()
def batch(
    cases: Annotated[Path, typer.Argument(help="JSON lines, CSV, or FHIR R4 bundles; `medmodel.cases` says what is read")],
    url: Annotated[str, typer.Option(help="a running medmodel server")],
    results: Annotated[Path, typer.Option("--out", help="answers, one a line; an existing file is resumed")],
    workers: Annotated[int, typer.Option(min=1, help="cases asked at a time")] = WORKERS,
    question: Annotated[str, typer.Option(help="asked of FHIR bundles that ask nothing themselves")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="seconds without a byte after which a call has failed")] = TIMEOUT,
    api_key: Annotated[str | None, typer.Option(envvar="MEDMODEL_API_KEY", help="of several with commas, the first")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask every case of a file; resume where it stopped; report beside the results (.report.json, .html and .csv)."""

    async def asked(advance: Any) -> batches.BatchReport:
        async with AsyncClient(url, (api_key or "").split(",")[0].strip() or None, timeout) as client:
            return await batches.run(cases, results, client, lambda done, total, _: advance(done, total), workers, question)

    with _progress(None) as (advance, _):
        report = asyncio.run(asked(advance))
    if as_json:
        print(report.model_dump_json(indent=1))
    else:
        _table(f"{report.done} of {report.cases} cases have an answer", batch_page.lines(report))
        out.print(f"report: {results.with_suffix('.report.html')}", soft_wrap=True)
    if report.failed or report.bad_lines:
        raise typer.Exit(1)


@app.command("judge-agreement")
def judge_agreement(
    labels: Annotated[Path, typer.Option(help="JSON lines: id, prompt, answer, criterion, human, rater (evals/agreement.py)")],
    judge: Annotated[str, typer.Option(help="the judge's OpenAI-compatible address, ending in /v1")],
    judge_model: JudgeModel = None,
    judge_key: JudgeKey = judges.KEY,
    scale: Annotated[int | None, typer.Option(help="k of a scale 1 … k, where no label has the highest mark")] = None,
    results: Annotated[Path, typer.Option("--out", help="where to write the result")] = Path("agreement.json"),
    as_json: AsJson = False,
) -> None:
    """How far a judge agrees with people, and whether it may decide a gate."""
    given = agreement.read_labels(labels)
    with judges.open_judge(judge, judge_model, judge_key) as asked, _progress(len({one.id for one in given})) as (advance, _):
        found = agreement.measure(given, asked, scale, on_done=advance)
    write_atomic(results, found.model_dump_json(indent=1) + "\n")
    permission = agreement.may_gate(found)
    if as_json:
        print(json.dumps({**found.model_dump(), "may_gate": permission.allowed, "reason": permission.reason}, indent=1))
    else:
        _show_agreement(found, permission)
        out.print(f"written to {results}", soft_wrap=True)
    if found.errors:
        raise typer.Exit(1)


@app.command()
def honesty(
    names: Annotated[list[str] | None, typer.Argument(help="benchmarks or suites; all of them by default")] = None,
    as_json: AsJson = False,
) -> None:
    """Put fake models to the scorers: each must score what it is worth (evals/honesty.py)."""
    known = [name for kind in KINDS for name in registry.names(kind)]
    findings = {}
    with _progress(None) as (advance, tell):
        for number, name in enumerate(names or known, 1):
            tell(name)
            with tempfile.TemporaryDirectory(prefix="honesty-") as folder:
                findings[name] = kit.examine(_find(name), Path(folder))
            advance(number, len(names or known))
    if as_json:
        print(json.dumps({name: [found._asdict() for found in all_found] for name, all_found in findings.items()}, indent=1))
    wrong = kit.table(findings)
    if not as_json:
        out.print(
            f"{sum(map(len, findings.values()))} figures of {len(findings)} scorers; {len(wrong)} not what they should be"
        )
        if wrong:
            table = Table("suite", "fake", "metric", "value", "should be")
            for row in wrong:
                table.add_row(*row)
            out.print(table)
    if wrong:
        raise typer.Exit(1)


@app.command()
def retrieval(
    corpus: Annotated[Path, typer.Option(help="JSON lines: _id, text, and title if there is one")],
    queries: Annotated[Path, typer.Option(help="JSON lines: _id, text")],
    qrels: Annotated[Path, typer.Option(help="tab-separated: query-id, corpus-id, score")],
    profile: Annotated[str, typer.Option(help="a profile of medmodel/rag/profiles.yaml")] = "laptop",
    rerank: Annotated[str | None, typer.Option(help="a cross-encoder's name: the profile with it is measured beside")] = None,
    cache: Annotated[Path | None, typer.Option(help="where vectors are kept; default: retrieval/ in $MEDMODEL_HOME")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a retrieval profile, beside plain BM25 and plain dense retrieval, on a collection (evals/retrieval.py)."""
    from evals import retrieval as measured
    from evals.retrieval_files import read_collection

    collection = read_collection(corpus, queries, qrels)
    with _progress(None) as (advance, tell):

        def show(done: int, total: int, what: str) -> None:
            tell(what)
            advance(done, total)

        found = measured.measure(collection, profile, cache or home_dir() / "retrieval", rerank, show)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table("", *measured.COLUMNS, title=f"{found['queries']} queries over {found['documents']} documents")
    for name, cells in measured.lines(found):
        table.add_row(escape(name), *cells)
    out.print(table)
    if found["unjudged_queries"]:
        out.print(f"{found['unjudged_queries']} queries have no judged document and are left out")


@app.command()
def benefit(
    rows: Annotated[Path, typer.Argument(help="rows of a benchmark that was run with --retrieval")],
    as_json: AsJson = False,
) -> None:
    """What passages before a question fixed and misled, and what the router would make of it (evals/benefit.py)."""
    from evals.benefit import benefit as counted

    found = counted(rows)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        _table(f"{found['n']} items", [(name, f"{value}") for name, value in found.items()])


@app.command(name="batch-compare")
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="results of the one release")],
    second: Annotated[Path, typer.Argument(metavar="B", help="results of the other, over the same cases")],
    cases: Annotated[Path | None, typer.Option(help="the cases file, to compare what they expect")] = None,
    question: Annotated[str, typer.Option(help="as given to the batch")] = "",
    html: Annotated[Path | None, typer.Option("--out", help="write a page here")] = None,
    as_json: AsJson = False,
) -> None:
    """What another release does otherwise, case by case: status, who wrote, expectations gained and lost."""
    found = batch_compare.compare(first, second, read_all(cases, question) if cases else None)
    if html:
        write_atomic(html, batch_compare.compare_page(found))
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    _table(f"{found.compared} of {found.cases} cases have an answer in both", batch_compare.lines(found))
    for verb, names in batch_compare.changed(found).items():
        out.print(f"{verb}: {escape(', '.join(names))}", highlight=False, soft_wrap=True)


@app.command()
def support(
    pairs: Annotated[Path, typer.Option(help="JSON lines: id, claim, quote, lang, label (evals/support.py)")],
    scorer: Annotated[
        str | None, typer.Option(help="packaged, a folder of the stage entailment, or an NLI model; default: the product's")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How much of what a quote does not say the support check finds, and how often it doubts what the quote says."""
    given, problems = supports.read(pairs)
    with _progress(len(given)) as (advance, _):
        found = supports.measure(given, problems, scorer, on_done=advance)
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _show_support(found)
    if found.bad_lines:
        raise typer.Exit(1)


@app.command("support-pairs")
def support_pairs(
    documents: Annotated[Path, typer.Option(help="a documents artifact: store/documents-…")],
    results: Annotated[Path, typer.Option("--out", help="where to write the pairs")],
    most: Annotated[int, typer.Option(min=1, help="sentences that are quoted")] = 350,
) -> None:
    """Make pairs of held-out sentences, changed and said otherwise, for `support`."""
    made = supports.make(list(open_artifact(documents).read("documents", Document)), most)
    write_atomic(results, "".join(pair.model_dump_json() + "\n" for pair in made))
    out.print(f"{len(made)} pairs written to {results}", soft_wrap=True)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="a gate report, or its folder: the gate's artifact, or gate/ of a release")],
    page: Annotated[Path | None, typer.Option(help="write the report's page here, made from the verified rows")] = None,
    trust: Trust = None,
    as_json: AsJson = False,
) -> None:
    """Check a report's signature and its rows, and compute every number and verdict again."""
    found = verification.verify(report, trust or ())
    if page:
        page.write_text(reports.gate_page(found.report, found.rows, found.overrides), encoding="utf-8")
    if as_json:
        said = {"verified": True, "passed": found.report.passed, "signed_by": found.fingerprint, "notes": found.notes}
        print(json.dumps({**said, "verdicts": {result.gate: result.verdict for result in found.report.results}}, indent=1))
        return
    rows = sum(map(len, found.rows.values()))
    out.print(
        f"{len(found.report.results)} results follow from {rows} rows; signed by {found.fingerprint[:16]}", highlight=False
    )
    for note in found.notes:
        out.print(f"[yellow]{escape(note)}[/]", highlight=False, soft_wrap=True)


@app.command("redflags")
def red_flags(
    cases: Annotated[
        Path, typer.Option(help="JSON lines: id, text, lang, red_flag, urgency; kind where known (evals/redflags.py)")
    ],
    as_json: AsJson = False,
) -> None:
    """The red-flag rules on any file of questions: sensitivity, false alarms, urgency, what was missed. No model, no server."""
    report = redflags.measure(redflags.read(cases))
    if as_json:
        print(json.dumps(report._asdict(), indent=1, ensure_ascii=False))
        return
    table = Table("measure", "value", "95 %", "n")
    for row in redflags.lines(report):
        table.add_row(*row)
    out.print(table)
    for line in redflags.listed(report):
        out.print(line, highlight=False, soft_wrap=True)


def _find(name: str) -> Any:
    for kind in KINDS:
        if name in registry.names(kind):
            return registry.get(kind, name)
    raise UnknownName("benchmark or suite", name, [known for kind in KINDS for known in registry.names(kind)])


def _examined(model: Path | None, url: str | None) -> str:
    """What rows are of: a model by its folder and its weights' sizes and times, a server by the release it answers with."""
    if model:
        files = sorted(model.resolve().glob("*.safetensors"))
        return " ".join(
            [str(model.resolve()), *(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)]
        )
    if url is None:
        return ""
    with Client(url) as client:
        return json.dumps(client.release(), sort_keys=True)


def _probe(wanted: str) -> int | None:
    if wanted != "all" and not wanted.isdigit():
        raise InputError(f"--probe takes a number of items, or all; not '{wanted}'")
    return None if wanted == "all" else int(wanted)


def _default_data(folder: str) -> Path | None:
    downloaded = data_dir()
    return downloaded / folder if downloaded and folder else None


@contextmanager
def _logs(folder: Path | None, rows: Path | None) -> Iterator[Path]:
    """Where inspect's logs go: they hold what was asked and answered, so without a place for them they are thrown away."""
    if folder or rows:
        kept = folder or rows.with_suffix(".logs")  # type: ignore[union-attr]
        yield kept
        err.print(f"inspect's log, which holds every question and answer: inspect view --log-dir {kept}", soft_wrap=True)
        return
    with tempfile.TemporaryDirectory(prefix="inspect-") as scratch:
        yield Path(scratch)
    err.print("inspect's log is deleted; --log-dir or --rows keeps it")


@contextmanager
def _subject(suite: Suite[Any], model: Path | None, url: str | None, tell: Any) -> Iterator[Subject]:
    from evals import subjects  # loads the API and its database: a second that a batch need not wait

    if suite.needs in ("product", "rules") and url:
        with subjects.served_at(url) as subject:
            yield subject
    elif suite.needs == "model" and model:
        with subjects.running_model(model, tell) as subject:
            yield subject
    else:
        raise InputError("give it a model folder with --model" if suite.needs == "model" else "give it a server with --url")


@contextmanager
def _progress(total: int | None) -> Iterator[tuple[Any, Any]]:
    """(advance(done, total), tell(what)): with no arguments, `advance` counts one."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("items", total=total)

        def advance(done: int | None = None, of: int | None = None) -> None:
            if done is None:
                bars.update(task, advance=1, description="items")
            else:
                bars.update(task, completed=done, total=of)

        yield advance, lambda what: bars.update(task, description=escape(what))


def _table(title: str, lines: list[tuple[str, str]]) -> None:
    table = Table("", "", title=title)
    for label, value in lines:
        table.add_row(escape(label), escape(value))
    out.print(table)


def _show(name: str, summary: runs.Summary) -> None:
    table = Table("metric", "value", "95 %", "n", title=name)
    for metric, found in summary.metrics.items():
        interval = f"{found.interval.low:.3f} … {found.interval.high:.3f}" if found.interval else ""
        table.add_row(metric, f"{found.value:.4g}", interval, str(found.n))
    out.print(table)
    if summary.detail.get("degenerate"):
        out.print("[red]degenerate[/]: one option has over 90 % of the answers, whatever the score is")
    for label, detail in summary.detail.items():
        if label == "subjects" and detail:
            _show_subjects(detail)
        elif detail not in ({}, "", []):
            out.print(f"{label}: {escape(str(detail))}", highlight=False)
    if summary.errors:
        out.print(f"[red]{summary.errors} calls failed[/]: they are in none of the numbers")
        for reason, count in summary.reasons.items():
            out.print(f"  {count} × {escape(reason)}", highlight=False, soft_wrap=True)


def _show_support(found: supports.Report) -> None:
    table = Table("", "value", "95 %", "n", title=f"support check: {found.pairs} pairs, {found.pairs_per_second:.0f} a second")
    rows: list[tuple[str, supports.Rate | None]] = [("recall of unsupported", found.recall)]
    rows += [(f"  {name}", rate) for name, rate in found.by_perturbation.items()]
    rows += [("false alarms", found.false_alarms), ("  paraphrased", found.false_alarms_paraphrased)]
    rows += [(f"  {name}", rate) for name, rate in found.by_paraphrase.items()]
    for name, rate in rows:
        if rate:
            table.add_row(escape(name), f"{rate.value:.3f}", f"{rate.low:.3f} … {rate.high:.3f}", str(rate.n))
    out.print(table)
    for label, verdicts in found.confusion.items():
        out.print(f"{label}: {', '.join(f'{count} {verdict}' for verdict, count in verdicts.items()) or 'none'}")
    if found.bad_lines:
        out.print(f"[red]{found.bad_lines} lines are no pair[/]: they are in none of the figures")
        for problem in found.problems:
            out.print(f"  {escape(problem)}", highlight=False, soft_wrap=True)


def _show_agreement(found: agreement.Agreement, permission: agreement.Permission) -> None:
    table = Table("", "value", "95 %", title=f"{found.judge.judge}: {found.labels - found.errors} of {found.labels} labels")
    for name in ("kappa", "alpha", "human_alpha", "balanced_f1"):
        one = getattr(found, name)
        if one is not None and one.value is not None:
            table.add_row(name, f"{one.value:.3f}", f"{one.low:.3f} … {one.high:.3f}" if one.low is not None else "")
    for name in ("human_met", "judge_met", "turned"):
        if (share := getattr(found, name)) is not None:
            table.add_row(name, f"{share:.3f}", "")
    out.print(table)
    for reason, count in found.reasons.items():
        out.print(f"  {count} × {escape(reason)}", highlight=False, soft_wrap=True)
    out.print(f"{'may' if permission.allowed else 'may not'} gate: {escape(permission.reason)}", soft_wrap=True)


def _show_subjects(subjects: dict[str, dict[str, float]]) -> None:
    table = Table("subject", "accuracy", "95 %", "n")
    for name, found in subjects.items():
        interval = f"{found['low']:.3f} … {found['high']:.3f}"
        table.add_row(escape(name), f"{found['accuracy']:.3f}", interval, f"{found['n']:.0f}")
    out.print(table)


if __name__ == "__main__":
    main()
