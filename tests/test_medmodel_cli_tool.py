"""`medmodel tool`: a result with its source, what is missing with exit code 2, one line for what cannot be taken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def medmodel(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "medmodel.cli", "tool", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_calculator_prints_its_value_unit_and_source() -> None:
    done = medmodel(
        "cockcroft_gault",
        "--set",
        "age=70",
        "--set",
        "weight=60kg",
        "--set",
        "is_female=yes",
        "--set",
        "serum_creatinine=1.2 mg/dL",
    )
    assert done.returncode == 0, done.stderr
    assert "41.3 mL/min" in done.stdout
    assert "doi:10.1159/000180580" in done.stdout


def test_what_is_missing_is_named_with_its_units_and_the_exit_code_says_so() -> None:
    done = medmodel("cockcroft_gault", "--set", "age=70")
    assert done.returncode == 2
    assert "--set serum_creatinine=…   Serum creatinine (mg/dL, umol/L)" in done.stdout


def test_json_is_one_document_for_machines() -> None:
    done = medmodel("bmi", "--set", "weight_kg=80", "--set", "height_cm=180", "--json")
    assert json.loads(done.stdout)["value"] == 24.7


def test_an_input_that_cannot_be_taken_is_one_line() -> None:
    done = medmodel("bmi", "--set", "weight_kg=80 cm")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot become kg" in done.stderr
