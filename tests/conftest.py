"""What every test shares: a home folder of its own, no network, and in CI no skip but for one of five reasons.

`CI=true` (`.ci/run` sets it) makes a skip for any other reason fail the run: a missing package or browser must not look
like a pass. A warning is an error, unless it is about code that only other projects can mend.

    make test        CI=true make test
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import hypothesis
import pytest

SKIP_REASONS = ("MEDMODEL_DATA unset", "no GPU", "no Slurm", "no Ray", "no docling")
WARNINGS = (
    "error",
    "ignore:Unclosed <MemoryObject:ResourceWarning",  # inspect-ai drops its anyio streams without closing them
    # deprecations inside other projects; one that our own call causes is reported at our line, and stays an error
    r"ignore::DeprecationWarning:(?!medmodel|data_build|evals|app|test_)",
    r"ignore::FutureWarning:(?!medmodel|data_build|evals|app|test_)",
)
_unexplained: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", LANGSMITH_TRACING="false", TOKENIZERS_PARALLELISM="false", VLLM_NO_USAGE_STATS="1")
    # deadline: no test asserts a time; derandomize: a red run is red again
    hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("project")
    for rule in WARNINGS:
        config.addinivalue_line("filterwarnings", rule)


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's keys, feedback or references."""
    before = os.environ.get("MEDMODEL_HOME")
    os.environ["MEDMODEL_HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is None:
        del os.environ["MEDMODEL_HOME"]
    else:
        os.environ["MEDMODEL_HOME"] = before


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not shutil.which("chromium"):
        pytest.fail("this test drives Chromium: sudo apt-get install chromium fonts-noto-cjk", pytrace=False)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note_skip(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _unexplained and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _unexplained and os.environ.get("CI") == "true":
        terminalreporter.section("skips that CI does not allow")
        for line in _unexplained:
            terminalreporter.line(line)


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason not in SKIP_REASONS:
            _unexplained.append(f"{report.nodeid}: {reason}")
