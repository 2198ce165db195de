"""De-identification measured: recall and precision by kind, what is replaced in reference text, speed of one core.

Notes of the families "eval" and "blind" share no template and no given name or surname with training (Chinese surnames, a
closed class, apart): "eval" is tuned on, of "blind" only the scores are looked at. presidio-synth is halved by a hash of its
template: the dev half is tuned on, the held-out half is only measured. A hit covers every letter and digit of the span,
whatever the kind that was said; a finding is right when it touches an identifier. In presidio-synth countries,
organisations, professions, years and week days are no identifiers, and towns are counted in neither direction.
presidio with a small spaCy model cannot run beside it: the lock has no such model.

    MEDMODEL_DATA=... OMP_NUM_THREADS=1 python -m tests.perf.phi
"""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from math import sqrt

from data_build.phi_names import model
from data_build.phi_notes import notes
from data_build.sources.reading import Unreadable
from medmodel import registry
from medmodel.phi import NameModel, deidentify, find
from medmodel.recipe import data_dir

KINDS = {
    "PERSON": "name", "STREET_ADDRESS": "address", "ZIP_CODE": "address", "PHONE_NUMBER": "phone", "EMAIL_ADDRESS": "email", "DOMAIN_NAME": "url", "CREDIT_CARD": "account",
    "IBAN_CODE": "account", "US_SSN": "identity", "US_DRIVER_LICENSE": "record", "IP_ADDRESS": "ip", "DATE_TIME": "date",
}  # fmt: skip
NOTES = 2400
PUBLISHED = ("medquad", "openstax-anatomy-md", "openstax-microbiology-md", "openstax-psychology-md", "nigeria-stg")
DIALOGUES = ("mts-dialog", "huatuo")
Span = tuple[int, int, str]
Item = tuple[str, list[Span], list[Span]]  # text, identifiers, what may be replaced or not


def main() -> None:
    started = time.process_time()
    names = model()
    print(f"name model trained in {time.process_time() - started:.0f} s of CPU")
    for family in ("eval", "blind"):
        for language in ("en", "zh"):
            chosen = (note for note in notes(family, NOTES, 5) if note.language == language)
            score(f"{family} notes, {language}", ((note.text, list(note.gold), []) for note in chosen), names)
        score(f"{NOTES} {family} notes", ((note.text, list(note.gold), []) for note in notes(family, NOTES, 5)), names)
    score(f"{NOTES} blind notes, rules only", ((note.text, list(note.gold), []) for note in notes("blind", NOTES, 5)), None)
    if data_dir():
        score("presidio-synth, dev half", synth(False), names)
        score("presidio-synth, held-out half", synth(True), names)
    print("\nspeed and replacements")
    speed("eval notes (dense)", [note.text for note in notes("eval", 4000, 6)], names, False)
    if data_dir():
        for source in DIALOGUES:
            speed(source, list(texts(source)), names, False)
        for source in PUBLISHED:
            speed(source, list(texts(source)), names, True)


def score(title: str, items: Iterable[Item], names: NameModel | None) -> None:
    hit, total, predicted, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for text, gold, free in items:
        found = find(text, names)
        covered = {at for one in found for at in range(one.start, one.end)}
        true = {at for start, end, _ in [*gold, *free] for at in range(start, end)}
        for start, end, kind in gold:
            total[kind] += 1
            hit[kind] += all(at in covered for at in range(start, end) if text[at].isalnum())
        for one in found:
            predicted[one.kind] += 1
            right[one.kind] += any(at in true for at in range(one.start, one.end))
    print(f"\n{title}")
    for kind in sorted(total):
        print(f"  {kind:9} recall {interval(hit[kind], total[kind])}   precision {interval(right[kind], predicted[kind])}")
    rule = [kind for kind in total if kind not in ("name", "address")]
    print(f"  structured recall {interval(sum(hit[kind] for kind in rule), sum(total[kind] for kind in rule))}")
    print(f"  all       recall {interval(hit.total(), total.total())}   precision {interval(right.total(), predicted.total())}")


def interval(hits: int, n: int) -> str:
    """Wilson, 95 %."""
    if not n:
        return "    (n=0)"
    share, z = hits / n, 1.96
    middle, half = (
        (share + z * z / 2 / n) / (1 + z * z / n),
        z * sqrt(share * (1 - share) / n + z * z / 4 / n / n) / (1 + z * z / n),
    )
    return f"{share:.4f} [{middle - half:.3f}, {middle + half:.3f}] n={n}"


def speed(title: str, every: list[str], names: NameModel, reference: bool) -> None:
    """`reference`: also as published text, which is how the flow reads it."""
    size = sum(len(text.encode()) for text in every) / 1e6
    deidentify(every[0], "key", names)  # compiled before the clock starts
    runs = [("rules", None, False), ("with names", names, False), *([("published", names, True)] if reference else [])]
    for what, chosen, published in runs:
        started = time.process_time()
        replaced = sum(len(deidentify(text, "key", chosen, published=published).audit) for text in every)
        seconds = time.process_time() - started
        print(f"{title:26} {size:6.2f} MB  {what:10} {size / seconds:6.2f} MB/s  {replaced / size:9.2f} replaced per MB")


def synth(heldout: bool) -> Iterator[Item]:
    root = data_dir()
    assert root
    for row in json.loads(gzip.decompress((root / "presidio-synth/data/synth_dataset_v2.json.gz").read_bytes())):
        if (hashlib.sha256(f"template {row['template_id']}".encode()).digest()[0] % 2 == 0) != heldout:
            continue
        gold: list[Span] = []
        free: list[Span] = []
        for span in row["spans"]:
            kind, value = KINDS.get(span["entity_type"]), span["entity_value"]
            plain = kind == "date" and (value.isdigit() or value.isalpha())
            (gold if kind and not plain else free).append((span["start_position"], span["end_position"], kind or ""))
        yield row["full_text"], gold, free


def texts(source: str) -> Iterator[str]:
    for document in registry.get("source", source)():
        if not isinstance(document, Unreadable):
            yield document.text


if __name__ == "__main__":
    main()
