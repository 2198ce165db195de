"""Examples that a model writes: kept when rules and a second look agree, and nothing finished is asked twice after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from data_build.complaints import diagnoses
from data_build.steps import protected
from data_build.tasks import Task, tasks
from data_build.verify import Verifier
from data_build.writers import Draft, ask, read
from data_build.written import Outcome, assembled, opened, run, write
from medmodel import prompts
from medmodel.artifacts import Artifact, open_artifact, publish, read_records, write_records
from medmodel.errors import EngineError, InputError, RecipeError
from medmodel.job import Job
from medmodel.models.engine import Completion
from medmodel.models.scripted import ScriptedEngine
from medmodel.rag.passages import split_document
from medmodel.recipe import load_recipe
from medmodel.records import Document, Drop, Example, Message, Source
from medmodel.stages.written_examples import WrittenExamples

FIRST = "Zeltin is started at 5 mg once daily in adults with stable kidney function."
SECOND = "Zeltin should be stopped when potassium rises above 6 mmol/L during treatment."
GUIDELINE = Document(
    id="zeltin/1",
    text=f"# Zeltin\n\n{FIRST} {SECOND}",
    source=Source(id="zeltin", title="Zeltin", licence="CC0-1.0", tier="guideline"),
    domain="guideline",
)
NAMES = ("Mock Rupture", "Mock Stone", "Mock Strain", "Mock Torsion")
FEATURES = (
    ("Tearing flank pain", "Pale cold skin"),
    ("Colicky waves of pain", "Blood in urine of 3 cups"),
    ("Worse after lifting weights", "Tender back muscle"),
    ("Sudden onset at night", "High lying organ"),
)
FLAGS = ("Loss of the pulse", "Chills with fever", "Weakness of a leg", "Black dead tissue")
COMPLAINT = Document(
    id="differential_side_pain/diagnoses",
    text="# Side Pain Differential Diagnosis\n\n"
    + "\n\n".join(
        f"## {name}\n\nLikelihood of {name}: must not miss.\n\n### Key features\n\n"
        + "\n".join(f"- {feature}" for feature in features)
        + f"\n\n### Red flags\n\n- {flag}"
        for name, features, flag in zip(NAMES, FEATURES, FLAGS, strict=True)
    ),
    source=Source(id="differential_side_pain", title="Side Pain Differential Diagnosis", licence="CC0-1.0", tier="guideline"),
    domain="differential",
)
DOCUMENTS = [GUIDELINE, COMPLAINT]
GOOD = {  # what a model may write of each kind
    "grounded": f"Question: When is Zeltin given up?\n[2] {SECOND}",
    "abstain": "Question: Is Zeltin safe for pregnant women?",
    "choice": "Question: How is Zeltin begun?\nRight: [1] 5 mg once daily\nWrong: 10 mg once daily\nWrong: 2 g at night\nWrong: 5 mg weekly",
    "differential": "Case: A man, a 40-year-old, has tearing pain in the flank; his skin is pale and cold.\nUsed: [1] [2]",
}


def task(kind: str, name: str = "Mock Rupture") -> Task:
    if kind in ("grounded", "abstain", "choice"):
        return Task(f"zeltin/1#0:{kind}", kind, GUIDELINE, tuple(split_document(GUIDELINE)))
    if kind == "differential":
        return next(each for each in tasks([COMPLAINT], {"differential": 4}, 1) if each.diagnosis == name)
    flags = [passage for passage in split_document(COMPLAINT) if passage.heading[-1] == "Red flags"]
    return Task("side_pain#0:intake", "intake", COMPLAINT, tuple(flags[:3]))


def intake(first: str = "Did you feel a loss of the pulse?", second: int = 2) -> str:
    return f"[1] {first}\n[{second}] Do you have chills with a fever?\n[3] Is there any weakness in a leg?"


def verifier() -> Verifier:
    return Verifier(DOCUMENTS, [], protected.merge({}), 100_000, len)


def fault(kind: str, text: str) -> str:
    """Why rules reject what was written."""
    draft = read(task(kind), text)
    return draft if isinstance(draft, str) else verifier().fault(draft.candidate)


def draft(kind: str, text: str | None = None) -> Draft:
    found = read(task(kind), text or GOOD.get(kind) or intake())
    assert isinstance(found, Draft)
    return found


def verdict(found: Draft, *replies: str) -> str:
    return found.judge([Completion(text=reply, finish_reason="stop") for reply in replies])


@pytest.mark.parametrize("kind", ["grounded", "abstain", "choice", "differential", "intake"])
def test_what_is_written_well_breaks_no_rule_and_its_probes_do_not_show_the_answer(kind: str) -> None:
    found = draft(kind)
    assert verifier().fault(found.candidate) == ""
    for probe in found.probes:
        assert [message.role for message in probe.messages] == ["system", "user"]
        assert probe.messages[0].content in (prompts.SYSTEM, prompts.CHOOSE), "asked as anybody who has not written it"
    assert found.candidate.example.documents == (task(kind).document.id,)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("grounded", "Zeltin is good.", "malformed: not in the form that was asked for"),
        ("grounded", f"Question: When is it given up?\n[3] {SECOND}", "malformed: not in the form that was asked for"),
        (
            "grounded",
            f"Question: When is it given up?\n[1] {SECOND}",
            "not supported: the sentence cited does not support the line",
        ),
        (
            "grounded",
            "Question: When is it given up?\n[2] Zeltin should be stopped when potassium rises above 6 mmol/L",
            "",
        ),
        (
            "grounded",
            "Question: When is it given up?\n[2] Zeltin should be stopped when the potassium rises above 6 mmol/L during treatment.",
            "not quoted: the quote does not stand in its document",
        ),
        (
            "grounded",
            f"Question: Is it that {SECOND.rstrip('.')}?\n[2] {SECOND}",
            "leak: the question holds the answer",
        ),
        ("abstain", "Question: Who wrote the oldest novel?", "off the subject: the question shares no word with the passage"),
        ("abstain", "Question: Is Zeltin stopped?", "no abstention: a sentence has every word of the question"),
        ("choice", GOOD["choice"].replace("[1] 5 mg", "[1] 7 mg"), "options: the right one is not in the source"),
        ("choice", GOOD["choice"].replace("2 g at night", "in adults with stable function"), "options: more than one right"),
        ("choice", GOOD["choice"].replace("2 g at night", "10 mg once daily"), "options: not distinct"),
        (
            "choice",
            GOOD["choice"].replace("How is Zeltin begun", "Is it 5 mg once daily"),
            "leak: the question holds the answer",
        ),
        (
            "differential",
            GOOD["differential"].replace("pale and cold", "warm"),
            "not supported: the case does not have a feature it cites",
        ),
        (
            "differential",
            GOOD["differential"].replace("A man", "A man of 20 kg"),
            "not supported: the case has a number of its own",
        ),
        ("differential", GOOD["differential"].replace("A man", "Mock rupture"), "leak: the question holds the answer"),
        ("intake", intake(second=1), "malformed: two questions about one finding"),
        ("intake", intake("Do you like apples?"), "not supported: a question is not about the sentence it cites"),
        ("intake", intake("Loss of the pulse, or mock torsion?"), "leak: a question names a diagnosis"),
    ],
)
def test_each_fault_of_what_is_written_has_its_reason(kind: str, text: str, reason: str) -> None:
    assert fault(kind, text) == reason


def test_a_question_for_what_a_passage_is_headed_with_is_no_abstention() -> None:
    dose = GUIDELINE.model_copy(update={"text": f"# Zeltin\n\n## Dose of Zeltin\n\n{FIRST} {SECOND}"})
    headed = task("abstain")._replace(document=dose, shown=tuple(split_document(dose)))
    assert read(headed, "Question: Which dose of Zeltin is right?") == (
        "no abstention: it asks for what the passage is headed with"
    )
    assert isinstance(read(headed, "Question: Is Zeltin safe for pregnant women?"), Draft)


def test_a_case_whose_features_fit_two_diagnoses_is_rejected() -> None:
    twice = COMPLAINT.text.replace(FEATURES[2][0], FEATURES[0][0]).replace(FEATURES[2][1], FEATURES[0][1])
    document = COMPLAINT.model_copy(update={"text": twice})
    found = read(task("differential")._replace(document=document), GOOD["differential"])
    assert isinstance(found, Draft)
    assert found.candidate.fault == "answer not recovered: another fits"


def test_a_grounded_answer_is_recovered_when_the_engine_cites_the_same_sentence() -> None:
    assert verdict(draft("grounded"), f"[2] {SECOND}") == ""
    assert verdict(draft("grounded"), f"[1] {FIRST}") == "not recovered: it rests on another sentence"
    assert verdict(draft("grounded"), prompts.NO_ANSWER) == "not recovered: it finds no answer"


def test_whoever_cites_the_same_number_whatever_is_asked_does_not_recover_what_it_wrote() -> None:
    other = GUIDELINE.model_copy(
        update={"id": "other/1", "text": "# Other\n\nPotassium is measured every week in these adults."}
    )
    before = tuple(split_document(other))
    found = read(task("grounded")._replace(before=before), f"Question: How is Zeltin begun?\n[1] {FIRST}")
    assert isinstance(found, Draft)
    assert found.candidate.example.messages[-1].content == f"[2] {FIRST}"
    assert found.candidate.example.documents == ("other/1", "zeltin/1")
    assert verdict(found, f"[1] {before[0].sentence(0)}") == "not recovered: it rests on another sentence"
    assert verdict(found, f"[2] {FIRST}") == ""


def test_an_abstention_holds_when_the_engine_finds_no_answer_either() -> None:
    assert verdict(draft("abstain"), prompts.NO_ANSWER) == ""
    assert verdict(draft("abstain"), f"[1] {FIRST}") == "not recovered: it finds an answer"


def right_letter(messages: Sequence[Message], right: str) -> str:
    lines = messages[-1].content.splitlines()
    return next(line[0] for line in lines if line[1:] == f". {right}")


def test_an_option_must_be_chosen_again_in_both_orders() -> None:
    found = draft("choice")
    letters = [right_letter(probe.messages, "5 mg once daily") for probe in found.probes]
    assert len(set(letters)) == 2, "whoever always says the same letter must fail"
    assert verdict(found, *letters) == ""
    assert verdict(found, letters[0], letters[0]) == "not recovered: it chooses another option"


def test_a_diagnosis_must_be_found_from_the_case_alone() -> None:
    found = draft("differential")
    [probe] = found.probes
    letter = right_letter(probe.messages, "Mock Rupture")
    assert "[1]" not in probe.messages[-1].content
    assert verdict(found, letter) == ""
    assert verdict(found, "ABCD".replace(letter, "")[0]) == "not recovered: it chooses another option"


def test_each_question_of_an_intake_must_lead_back_to_its_finding() -> None:
    found = draft("intake")
    back = [f"[{number}] {flag}" for number, flag in enumerate(FLAGS[:3], 1)]
    assert verdict(found, *back) == ""
    assert verdict(found, back[0], back[0], back[2]).startswith("not recovered")


def test_tasks_are_as_many_as_wanted_or_there_are_and_no_passage_is_used_twice() -> None:
    others = [GUIDELINE.model_copy(update={"id": f"zeltin/{number}"}) for number in range(5)]
    wanted = {"grounded": 2, "abstain": 2, "choice": 9, "differential": 9, "intake": 3}
    found = tasks([*others, COMPLAINT], wanted, 1)
    assert Counter(each.kind for each in found) == {"grounded": 1, "abstain": 2, "choice": 2, "differential": 4, "intake": 3}
    prose = [each.shown[0].id for each in found if each.document.domain == "guideline"]
    assert sum(bool(each.before) for each in found) == len(prose) - 1, "but for the first, another passage stands before it"
    assert len(set(prose)) == len(prose)
    assert len({each.id for each in found}) == len(found)
    assert found == tasks([*others, COMPLAINT], wanted, 1) != tasks([*others, COMPLAINT], wanted, 2)


def test_documents_that_have_nothing_to_write_on_give_no_task() -> None:
    small = COMPLAINT.model_copy(update={"text": "# Side Pain"})
    chinese = GUIDELINE.model_copy(update={"language": "zh"})
    assert tasks([small, chinese], {"grounded": 3, "differential": 3, "intake": 3}, 1) == []


# -- the run: shards, counts, kills


class Told:
    """An engine that answers by a function of the prompt, and keeps what it was asked."""

    name = "told"
    fake = True

    def __init__(self, reply: Callable[[Sequence[Message]], str], log: Path | None = None) -> None:
        self.asked: list[str] = []
        self.reply = reply
        self.log = log

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Completion:
        self.asked.append(f"{messages[0].content}\n{messages[-1].content}")
        if self.log:
            with open(self.log, "a", encoding="utf-8") as out:
                out.write(f"{hash_of(self.asked[-1])}\n")
        text = self.reply(messages)
        while text == "HANG":
            await asyncio.sleep(0.05)
        return Completion(text=text, finish_reason="length" if text == "CUT" else "stop")

    async def aclose(self) -> None:
        return None


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def case_or_letter(messages: Sequence[Message]) -> str:
    """Writes a case of the features it is shown, and finds the diagnosis that these belong to."""
    shown = messages[-1].content
    number = next(at for at, (feature, _) in enumerate(FEATURES) if feature.lower() in shown.lower())
    if messages[0].content == prompts.CHOOSE:
        return right_letter(messages, NAMES[number])
    return f"Case: Someone with {' and '.join(feature.lower() for feature in FEATURES[number])}.\nUsed: [1] [2]"


def written(folder: Path, engine: Any, shard: int = 1, at_once: int = 4) -> list[Outcome]:
    given = tasks([COMPLAINT], {"differential": 4}, 1)
    asyncio.run(write(given, engine, verifier(), folder, shard=shard, at_once=at_once))
    return list(read_records(folder, Outcome))


def test_every_task_has_an_outcome_and_a_kept_example_is_in_the_documents_words(tmp_path: Path) -> None:
    found = written(tmp_path, Told(case_or_letter))
    assert [(outcome.reason, outcome.calls) for outcome in found] == [("", 2)] * 4
    examples, drops, report = assembled(iter(found), verifier())
    assert (len(examples), drops) == (4, [])
    assert report["kinds"]["differential"] == {"asked": 4, "calls": 8, "kept": 4, "rejected": {}}
    assert {example.messages[-1].content.splitlines()[0] for example in examples} == {
        f"Fits best: {name} (must not be missed)." for name in NAMES
    }


def test_shards_and_calls_at_once_change_nothing_in_what_is_written(tmp_path: Path) -> None:
    whole = written(tmp_path / "one", Told(case_or_letter), shard=1, at_once=1)
    assert whole == written(tmp_path / "three", Told(case_or_letter), shard=3, at_once=9)


def test_what_rules_reject_is_not_asked_about_again_and_is_counted(tmp_path: Path) -> None:
    replies = iter(["CUT", "Nothing like it", "Case: Mock rupture again.\nUsed: [1]", "Case: Nobody.\nUsed: [1]"])
    found = written(tmp_path, Told(lambda messages: next(replies)), shard=4, at_once=1)
    assert [outcome.calls for outcome in found] == [1] * 4
    _, drops, report = assembled(iter(found), verifier())
    assert {drop.reason for drop in drops} >= {"malformed: cut off", "malformed: not in the form that was asked for"}
    assert sum(report["kinds"]["differential"]["rejected"].values()) == len(drops) == 4


def test_near_duplicates_are_judged_over_all_shards_and_the_first_stays(tmp_path: Path) -> None:
    [first, *_] = written(tmp_path, Told(case_or_letter))
    assert first.example
    again = first.model_copy(update={"id": "again", "example": first.example.model_copy(update={"id": "again"})})
    examples, [drop], _ = assembled(iter([first, again]), verifier())
    assert examples == [first.example]
    assert (drop.id, drop.reason) == ("again", f"near duplicate: of {first.example.id}")


def test_an_engine_that_fails_ends_the_stage_and_leaves_no_half_shard(tmp_path: Path) -> None:
    replies = [case_or_letter(ask(each).messages) for each in tasks([COMPLAINT], {"differential": 4}, 1)[:1]]
    with pytest.raises(EngineError, match="the model died"):
        written(tmp_path, ScriptedEngine([*replies, EngineError("the model died")]), shard=2, at_once=1)
    assert not list(tmp_path.glob("*.jsonl"))


def main(folder: Path, hang_after: int) -> None:
    """Run by the test below in a process of its own: the engine hangs at the call after `hang_after`."""
    engine = Told(lambda messages: "HANG" if len(engine.asked) > hang_after else case_or_letter(messages), folder / "calls.log")
    written(folder / "work", engine)


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_shard_at_work_and_asks_nothing_of_the_finished_again(tmp_path: Path) -> None:
    here = Path(__file__).parent
    code = f"import sys; from pathlib import Path; import test_data_build_written as t; t.main(Path({str(tmp_path)!r}), 5)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    log = tmp_path / "calls.log"
    while not (log.exists() and len(log.read_text().split()) == 6):  # two shards of two calls, and both of the third
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert sorted(path.name for path in (tmp_path / "work").glob("*.jsonl")) == ["00000.jsonl", "00001.jsonl"]
    before = log.read_text().split()
    engine = Told(case_or_letter)
    resumed = written(tmp_path / "work", engine)
    assert not {hash_of(prompt) for prompt in engine.asked} & set(before[:4]), "asked again of a finished shard"
    assert len(engine.asked) == 4
    assert resumed == written(tmp_path / "whole", Told(case_or_letter))


def artifact(folder: Path, name: str, prepare: Callable[[Path], object]) -> Artifact:
    partial, final = folder / f"{name}.partial", folder / name
    partial.mkdir()
    prepare(partial)
    about = {"uses": name, "key": name, "config": {}, "inputs": {}, "code": "", "packages": {}, "counts": {}, "seconds": 0.0}
    publish(partial, final, stage=name, **about)  # type: ignore[arg-type]
    return open_artifact(final)


def words_tokenizer(partial: Path) -> None:
    words = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    (partial / "model").mkdir()
    words.save(str(partial / "model" / "tokenizer.json"))


def test_the_stage_says_that_a_fake_wrote_and_keeps_every_rejection(tmp_path: Path) -> None:
    inputs = {
        "documents": artifact(tmp_path, "documents", lambda partial: write_records(partial / "documents", DOCUMENTS)),
        "model": artifact(tmp_path, "model", words_tokenizer),
    }
    out = tmp_path / "out"
    out.mkdir()
    config = WrittenExamples(uses="written_examples", engine="scripted", ask={"differential": 3, "choice": 2})
    report = run(Job(config, inputs, out, 1))
    assert report["fake"]
    assert (report["asked"], report["examples"]) == (4, 0)  # one passage, three diagnoses
    assert report["kinds"]["choice"]["rejected"] == {"malformed": 1}
    assert len(list(read_records(out / "drops", Drop))) == 4
    assert list(read_records(out / "examples", Example)) == []
    assert not (out / "work").exists()


def test_an_engine_nobody_knows_and_a_kind_nobody_writes_are_errors_that_name_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no engine 'vlm': give vllm, scripted, or a URL"), opened("vlm", tmp_path, print):
        pass
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: r\nstages:\n  base: {uses: base}\n  documents: {uses: documents}\n"
        "  w: {uses: written_examples, needs: {documents: documents, model: base}, ask: {poem: 5}}\n"
    )
    with pytest.raises(RecipeError, match="nobody writes 'poem'; known: abstain, choice"):
        load_recipe(str(recipe))


def test_the_fixture_has_all_that_its_tests_speak_of() -> None:
    assert [diagnosis.name for diagnosis in diagnoses(COMPLAINT)] == list(NAMES)
