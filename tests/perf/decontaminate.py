"""How well copies of published tests are found, what clean text is flagged, and how fast. Run by hand.

Positive: the items of apollo/metadata/dev that share text with a protected list. *Shared*, defined before any rule was
tuned: at least 80 % of the n-grams of the item's question, or of its options as they are listed (with their letters), or of
both joined without letters, are in one benchmark's list. The shares are 0 or 1 for all but five items, so the 80 % decides
little. An item whose options alone are shared counts only in the shapes that show them.
Three shapes: the question alone; question and options; both as paragraphs in the middle of a clean MedQuAD answer.
Negative: every MedQuAD question with its answer. Beside it, MedQA and MedMCQA training items, which share stock phrases.

    MEDMODEL_DATA=... python tests/perf/decontaminate.py
"""

from __future__ import annotations

import gzip
import json
import re
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from defusedxml import ElementTree  # type: ignore[import-untyped]
from scipy.stats import binomtest

from data_build.steps.protected import Lists, hits, load, repeated
from medmodel.artifacts import file_sha256
from medmodel.recipe import data_dir

SHARED = 0.8


def main() -> None:
    data = data_dir()
    assert data, "MEDMODEL_DATA unset"
    lists = load({path.stem: file_sha256(path) for path in (data / "protected_ngrams").glob("*.u64")}, data)
    clean = list(medquad(data))
    repeated(clean[0], lists)
    filler = [text.split("\n")[-1] for text in clean if 500 < len(text) < 3000]
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for language in ("en", "zh"):
        items = json.loads((data / "apollo" / "metadata" / "dev" / f"{language}.json").read_text(encoding="utf-8"))
        for number, item in enumerate(items):
            by_question, by_options = shared(item, lists)
            both = f"{item['question']}\n{item['options']}"
            shapes = {"question": item["question"]} if by_question else {}
            if by_question or by_options:
                around = filler[number % len(filler)]
                shapes |= {"question and options": both, "within a document": f"{around}\n\n{both}\n\n{around}"}
            for shape, text in shapes.items():
                for row in (f"{language} {item['source']}", f"{language} all"):
                    totals[row, shape][0] += repeated(text, lists) is not None
                    totals[row, shape][1] += 1
    for (row, shape), (found, n) in sorted(totals.items()):
        print(f"{row:18} {shape:22} {rate(found, n)}")
    flagged = sum(repeated(text, lists) is not None for text in clean)
    print(f"MedQuAD flagged: {rate(flagged, len(clean))}")
    rows = list(exam_items(data))
    for exam in (False, True):
        flagged = sum(repeated(text, lists, exam=exam) is not None for text in rows)
        print(
            f"MedQA and MedMCQA training items flagged ({'as exam items' if exam else 'as any text'}): {rate(flagged, len(rows))}"
        )
    size = sum(len(text.encode()) for text in clean) / 1e6
    times = []
    for _ in range(3):
        started = time.process_time()
        for text in clean:
            repeated(text, lists)
        times.append(time.process_time() - started)
    print(f"{size:.1f} MB of MedQuAD: {size / min(times):.0f} MB/s of CPU, {1000 * min(times) / size:.0f} ms a MB (best of 3)")


def shared(item: dict[str, Any], lists: Lists) -> tuple[bool, bool]:
    """Does a list hold the question; does it hold the options, or both joined?"""
    bare = re.sub(r"(?m)^\([A-Z]\) |\.$", "", item["options"])
    return is_shared(item["question"], lists), any(
        is_shared(text, lists) for text in (item["options"], f"{item['question']}\n{bare}")
    )


def is_shared(text: str, lists: Lists) -> bool:
    found = hits(text, lists)
    if re.search("[\u3400-\u9fff]", text):
        found = found[max(0, len(re.findall("[a-z0-9]+", text.lower())) - 7) :]  # the words of a Chinese item come first
    return bool(len(found)) and any(
        np.mean((found >> np.uint64(bit)) & np.uint64(1)) >= SHARED for bit in range(len(lists.names))
    )


def rate(found: int, n: int) -> str:
    interval = binomtest(found, n).proportion_ci(method="wilson")
    return f"{found:5d} of {n:5d} = {found / n:.4f} (95 % {interval.low:.4f} to {interval.high:.4f})"


def medquad(data: Path) -> Iterator[str]:
    for archive in sorted((data / "medquad").rglob("*.tar.gz")):
        with tarfile.open(archive) as files:
            for member in files:
                if member.name.endswith(".xml"):
                    file = files.extractfile(member)
                    assert file
                    for pair in ElementTree.parse(file).getroot().iter("QAPair"):
                        answer = (pair.findtext("Answer") or "").strip()
                        if answer:
                            yield f"{(pair.findtext('Question') or '').strip()}\n" + re.sub(r"[ \t]+", " ", answer)


def exam_items(data: Path) -> Iterator[str]:
    for path in sorted((data / "selfbiorag_bench").rglob("*train*.json.gz")):
        whole = gzip.decompress(path.read_bytes()).decode()
        rows = json.loads(whole) if whole.startswith("[") else [json.loads(line) for line in whole.splitlines() if line]
        yield from (row["instances"]["input"] for row in rows)


if __name__ == "__main__":
    main()
