"""MEDEC: is there an error in this clinical note, in which sentence, and what should stand there instead?

Paper:    Ben Abacha et al., "MEDEC: A Benchmark for Medical Error Detection and Correction in Clinical Notes", 2024
          (arXiv 2412.19260); shared task: MEDIQA-CORR 2024
Licence:  CC BY 4.0 (the MS collection; the UW collection needs an agreement and is not read)
Split:    validation. The test split (597 notes) is for reports from outside: name its folder with --data.
Size:     574 notes in MS validation: 319 with one error each (diagnosis, management, treatment, pharmacotherapy, causal
          organism), 255 without
Training: train may be trained on; validation and test may not.

A bare model is asked in the shared task's own words and answers "CORRECT" or "<sentence id> <corrected sentence>", which
is parsed strictly: anything else is unparsed, cut off included, and an unparsed reply is wrong everywhere.

    flag         says rightly whether there is an error; one who always says CORRECT has the share of correct notes
    sentence     names the right sentence, or CORRECT where there is none: the shared task's second score
    found        names the right sentence, of the notes with an error: always saying CORRECT is worth 0 here
    false_alarm  names a sentence, of the notes without an error; lower is better
    corrected    of the notes with an error: the right sentence, every word that the publisher put in stands in it, none
                 of what was taken out does, and it is no list (at most twice as long)
    f1           of the same: words shared with the publisher's sentence. Leaving the sentence as it stands scores high
                 here (`detail` says how high), so it is read beside `corrected`
    unparsed     share of replies that say neither

Not covered: the paper's aggregate of ROUGE-1, BERTScore and BLEURT (two of which are models themselves); a right
correction in other words than the publisher's, which `corrected` counts as wrong.

    python -m evals run note_errors --model DIR --data DIR

`--data` (default `$MEDMODEL_DATA/medec`) holds the publisher's MEDEC-MS-ValidationSet….csv, gzipped or not.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from evals import publishers
from evals.publishers import Bad, Row
from evals.run import mean
from evals.slices import rates
from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.records import Message, Record
from medmodel.registry import register

FILES = ("MEDEC-MS-*.csv", "MEDEC-MS-*.csv.gz")
COLUMNS = ("Text ID", "Sentences", "Error Flag", "Error Type", "Error Sentence ID", "Error Sentence", "Corrected Sentence")
MOST = 200  # tokens: the longest corrected sentence of the validation set has 44 words
LONGEST = 2  # times the publisher's sentence: a correction that lists every diagnosis is none
PROMPT = (  # of the shared task and the paper
    "The following is a medical narrative about a patient. You are a skilled medical doctor reviewing the clinical text. "
    "The text is either correct or contains one error. The text has a sentence per line. Each line starts with the sentence "
    "ID, followed by a pipe character then the sentence to check. Check every sentence of the text. If the text is correct "
    "return the following output: CORRECT. If the text has a medical error, return the sentence id of the sentence containing "
    "the error, followed by a space, and a corrected version of the sentence."
)
_REPLY = re.compile(r"(\d+)(?: ?\| ?| +)(\S[^\n]*)")
_NUMBERED = re.compile(r"(\d+) ")


class Note(Record):
    id: str
    sentences: tuple[str, ...]  # by their ids, from 0
    kind: str  # of the error; "" in a note without one
    at: int = -1  # id of the wrong sentence
    wrong: str = ""
    right: str = ""


class Reply(NamedTuple):
    at: int  # -1: CORRECT
    text: str


@register("benchmark", "note_errors")
class NoteErrors(Suite[Note]):
    needs: ClassVar[Needs] = "model"
    metrics: ClassVar[tuple[str, ...]] = ("flag", "sentence", "found", "false_alarm", "corrected", "f1", "unparsed")
    folder: ClassVar[str] = "medec"  # under $MEDMODEL_DATA

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items, self._bad = read_notes(material.data)

    def items(self) -> Sequence[Note]:
        return self._items

    def score(self, note: Note, subject: Subject) -> Scored:
        said = parse(subject.write([Message(role="user", content=prompt(note))], MOST), len(note.sentences))
        values = {
            "flag": float(said is not None and (said.at >= 0) == (note.at >= 0)),
            "sentence": float(said is not None and said.at == note.at),
            "unparsed": float(said is None),
        }
        if note.at < 0:
            values["false_alarm"] = float(said is not None and said.at >= 0)
        else:
            found = said is not None and said.at == note.at
            text = said.text if said else ""
            values["found"] = float(found)
            values["corrected"] = float(found and is_corrected(note.wrong, note.right, text))
            values["f1"] = shared_words(note.right, text)
            values["f1_unchanged"] = shared_words(note.right, note.wrong)
        return Scored(id=note.id, cluster=note.id, values=values, shown={"error": note.kind} if note.kind else {})

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return {
            "f1 of leaving the wrong sentence as it stands": mean(rows, "f1_unchanged"),
            "found": rates(rows, "found", "error"),
            "bad_items": publishers.bad_items(self._bad),
        }

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for at, drug in enumerate(("alphin", "betin")):
            right, wrong = f"{drug.title()} is given.", "Salt is given."
            writer.writerow([f"bad-{at}", f"0 He coughs.\n1 {wrong}", 1, "treatment", 1, wrong, right])
            writer.writerow([f"good-{at}", f"0 He coughs.\n1 {right}", 0, "NA", -1, "NA", "NA"])
        (folder / "MEDEC-MS-MadeUp.csv").write_text(table.getvalue(), encoding="utf-8", newline="")
        return Material(data=folder)

    def perfect(self, note: Note, prompt: str = "") -> str:
        return "CORRECT" if note.at < 0 else f"{note.at} {_flat(note.right)}"

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """No fake but the oracle keeps to the form, half a right reply being cut off: all else is unparsed, and wrong."""
        right = float(fake == "oracle")
        return {**dict.fromkeys(self.metrics, right), "false_alarm": 0.0, "unparsed": 1.0 - right}


def prompt(note: Note) -> str:
    """The shared task's instruction and the note, a sentence a line."""
    return "\n".join([PROMPT, "", *(f"{at}|{_flat(sentence)}" for at, sentence in enumerate(note.sentences))])


def parse(completion: Completion, sentences: int) -> Reply | None:
    """What a reply says; None when it is cut off, in another form, or of a sentence that the note does not have."""
    text = completion.text.strip()
    if completion.finish_reason != "stop":
        return None
    if text.removesuffix(".") == "CORRECT":
        return Reply(-1, "")
    found = _REPLY.fullmatch(text)
    return Reply(int(found[1]), found[2]) if found and int(found[1]) < sentences else None


def is_corrected(wrong: str, right: str, said: str) -> bool:
    """Whether a sentence makes the publisher's change: its words in, the wrong ones out, each run of words as a whole."""
    before, after, found = _words(wrong), _words(right), _words(said)
    if len(found) > LONGEST * len(after):
        return False
    for change, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        taken, put = before[start:end], after[new_start:new_end]
        if change != "equal" and (not _within(put, found) or (not _within(taken, after) and _within(taken, found))):
            return False
    return True


def shared_words(right: str, said: str) -> float:
    """F1 of the words of two sentences, each word as often as it stands there."""
    expected, found = Counter(_words(right)), Counter(_words(said))
    shared = (expected & found).total()
    return 2 * shared / (expected.total() + found.total()) if shared else 0.0


def read_notes(data: Path | None) -> tuple[list[Note], list[Bad]]:
    """Every note of the collection; one whose labels contradict each other is left out and counted."""
    notes: list[Note] = []
    bad: list[Bad] = []
    for path in publishers.find("note_errors", data, FILES, every=True):
        found, left_out = publishers.parsed(publishers.read(path), path, _note)
        notes += found
        bad += left_out
    publishers.usable("note_errors", str(data), notes, bad)
    return publishers.distinct(notes), bad


def _note(number: int, row: Row) -> Note:
    sentences, flag = _sentences(row["Sentences"]), row["Error Flag"]
    if flag == "0":
        return Note(id=row["Text ID"], sentences=sentences, kind="")
    at = row["Error Sentence ID"].strip()
    if flag != "1":
        raise InputError(f"has the error flag '{flag}', which is neither 0 nor 1")
    if not at.isdigit() or int(at) >= len(sentences):
        raise InputError(f"has the error sentence id '{at}', which is no sentence of the note")
    if not row["Corrected Sentence"].strip():
        raise InputError("has no corrected sentence")
    return Note(
        id=row["Text ID"],
        sentences=sentences,
        kind=row["Error Type"],
        at=int(at),
        wrong=row["Error Sentence"],
        right=row["Corrected Sentence"],
    )


def _sentences(text: str) -> tuple[str, ...]:
    """Sentences by id: a line that does not begin with the next id goes on with the sentence before it."""
    found: list[str] = []
    for line in text.split("\n"):
        number = _NUMBERED.match(line)
        if number and int(number[1]) == len(found):
            found.append(line[number.end() :].strip())
        elif found:
            found[-1] = f"{found[-1]} {line.strip()}".strip()
    return tuple(found)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _words(sentence: str) -> list[str]:
    """Lower case, without punctuation but that within a number: what tells "2.5 mg" from "25 mg" stays."""
    return re.findall(r"\d+(?:[.,/]\d+)*|[^\W\d_]+", sentence.lower())


def _within(run: Sequence[str], words: Sequence[str]) -> bool:
    return any(list(words[at : at + len(run)]) == list(run) for at in range(len(words) - len(run) + 1))
