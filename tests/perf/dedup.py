"""Near-duplicates at size: speed beside datatrove's stock MinHash in one run, recall and precision on planted pairs, memory.

    MEDMODEL_DATA=... taskset -c 0 python tests/perf/dedup.py --passages 200000
    MEDMODEL_DATA=... taskset -c 0 python tests/perf/dedup.py --passages 50000 100000 200000 --no-peer   # linear? memory?

Passages are eight sentences drawn from MedQuAD and the OpenStax books; a tenth are planted near-duplicates of another
(words swapped until the true Jaccard of word 5-grams, by Python sets, lies between 0.8 and 0.98). The peer is timed on the
first 4,000 passages only, since it is slow; both are documents and MB a second of CPU time, all threads counted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from data_build.executor import carrier_line, read_carriers, whole_file
from data_build.sketch import Sketch, Sketches
from data_build.steps.comparison import compare
from data_build.steps.dedup import Dedup
from data_build.steps.tagging import carry
from medmodel import registry
from medmodel.records import Document, Source

SENTENCES = 8  # a passage: about 170 words
PLANTED = 0.1
PEER = 4_000  # passages that the peer is timed on
SHARD = 20_000
SOURCES = ("medquad", "openstax-anatomy-md", "openstax-microbiology-md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, nargs="+", default=[200_000])
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        measure(chosen.one, peer=not chosen.no_peer)
        return
    for passages in chosen.passages:  # each in a process of its own: peak memory is a process's
        command = [sys.executable, __file__, "--one", str(passages), *(["--no-peer"] if chosen.no_peer else [])]
        subprocess.run(command, check=True)


def measure(passages: int, *, peer: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        writer = multiprocessing.get_context("fork").Process(target=write_passages, args=(passages, work))
        writer.start()  # in a process of its own: peak memory is a process's
        writer.join()
        planted, characters = json.loads((work / "planted.json").read_text())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        warm = Sketches.of([carry(passage("warm", "one two three four five six seven"))])
        list(compare([Dedup()], warm))
        started = time.process_time()
        for number, shard in enumerate(sorted(work.glob("*.jsonl"))):
            for _ in Sketch(work / "sketch").run(read_carriers(shard), rank=number):
                pass
        sketched = time.process_time()
        sketches = Sketches.open(work / "sketch")
        dropped = {sketches.ids[found.document]: found.value.split(" of ")[1] for found in compare([Dedup()], sketches)}
        seconds = time.process_time() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        texts = {c.id: c.text for shard in sorted(work.glob("*.jsonl")) for c in read_carriers(shard)}
        found = sum(copy in dropped or original in dropped for copy, original in planted.items())
        right = sum(python_jaccard(texts[one], texts[other]) >= 0.8 for one, other in dropped.items())
        print(
            f"{passages:,} passages, {characters / 1e6:.0f} MB: {passages / seconds:,.0f} documents/s, "
            f"{characters / 1e6 / seconds:.1f} MB/s (sketches {sketched - started:.1f} s, comparing {seconds - sketched + started:.1f} s); "
            f"recall {found / len(planted):.4f} (n {len(planted):,}), precision {right / len(dropped):.4f} (n {len(dropped):,}); "
            f"peak memory {memory / 1e6:.2f} GB, {before / 1e6:.2f} GB of it before"
        )
        if peer:
            rate = datatrove_rate(list(texts.items())[:PEER], work)
            print(
                f"datatrove's stock MinHash, {PEER:,} of them: {rate:,.0f} documents/s; ratio {passages / seconds / rate:.0f}"
            )


def write_passages(count: int, work: Path) -> None:
    """Shards of passages; and planted.json: copy -> original, and the characters written."""
    draw = random.Random(7)
    sentences = list(dict.fromkeys(real_sentences()))
    planted: dict[str, str] = {}
    characters = 0
    texts: dict[str, str] = {}
    for start in range(0, count, SHARD):
        with whole_file(work / f"{start // SHARD:05d}.jsonl") as out:
            for number in range(start, min(count, start + SHARD)):
                name = f"p/{number:07d}"
                copied = near_copy(texts, draw) if number > 100 and draw.random() < PLANTED else None
                text = copied[1] if copied else " ".join(draw.sample(sentences, SENTENCES))
                if copied:
                    planted[name] = copied[0]
                elif number % 20 == 0:
                    texts[name] = text  # what copies are made of
                characters += len(text)
                out.write(carrier_line(carry(passage(name, text))))
    (work / "planted.json").write_text(json.dumps((planted, characters)))


def near_copy(texts: dict[str, str], draw: random.Random) -> tuple[str, str] | None:
    original = draw.choice(list(texts)[-500:])
    words = texts[original].split()
    for _ in range(draw.randint(1, 3)):
        words[draw.randrange(len(words))] = draw.choice(("indeed", "often", "patients", "mg", "therapy"))
    text = " ".join(words)
    return (original, text) if 0.8 <= python_jaccard(text, texts[original]) < 0.98 else None


def real_sentences() -> Iterator[str]:
    for name in SOURCES:
        for document in registry.get("source", name)():
            if isinstance(document, Document):
                for sentence in re.split(r"(?<=[.?!])\s+", document.text):
                    if 60 <= len(sentence) <= 300 and "\n" not in sentence:
                        yield sentence


def passage(name: str, text: str) -> Document:
    return Document(
        id=name, text=text, domain="general", source=Source(id="p", title="p", licence="CC0-1.0", tier="none", year=2020)
    )


def python_jaccard(one: str, other: str) -> float:
    """Word 5-grams as Python sets: independent of the code under test."""

    def grams(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))}

    first, second = grams(one), grams(other)
    return len(first & second) / len(first | second)


def datatrove_rate(texts: list[tuple[str, str]], work: Path) -> float:
    """Documents a second of datatrove's four MinHash stages, as its example runs them, in this process."""
    from datatrove.data import Document as Carrier
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    documents = [Carrier(text=text, id=name) for name, text in texts]
    signatures, buckets, removed = (str(work / name) for name in ("signatures", "buckets", "removed"))
    stages = [
        ([documents, MinhashDedupSignature(output_folder=signatures, config=config)], 1),
        ([MinhashDedupBuckets(input_folder=signatures, output_folder=buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(input_folder=buckets, output_folder=removed, config=config)], 1),
        ([documents, MinhashDedupFilter(input_folder=removed)], 1),
    ]
    started = time.process_time()
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=str(work / f"peer{number}")).run()
    return len(documents) / (time.process_time() - started)


if __name__ == "__main__":
    main()
