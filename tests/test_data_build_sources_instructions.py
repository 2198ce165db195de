"""Sources of instruction data: each publisher's format, on small files written for these tests; what does not fit has a reason."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from data_build.dialogue import parse
from data_build.mix import check_licences
from data_build.sources import llamafactory_demo_sft, medicalgpt
from data_build.sources.reading import Unreadable
from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document, Preference

ALPACA = {"instruction": "Name a loop agent.", "input": "", "output": "Furosemide."}
CHAT = {"conversations": [{"from": "human", "value": "Is 5.9 high?"}, {"from": "gpt", "value": "Yes."}]}
PAIR = {"conversations": CHAT["conversations"][:1], "chosen": "Yes, ask today.", "rejected": "No."}


def turns(document: Document) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in parse(document.text)]


def read(name: str, **options: Any) -> tuple[list[Document], dict[str, str]]:
    """The documents, and why something else is none."""
    found = list(registry.get("source", name)(**options))
    return (
        [each for each in found if isinstance(each, Document)],
        {each.id: each.reason for each in found if isinstance(each, Unreadable)},
    )


def put(path: Path, rows: Iterable[Any], lines: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(json.dumps(row) for row in rows) if lines else json.dumps(list(rows))
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    return tmp_path


def test_alpaca_joins_instruction_and_input_and_puts_earlier_turns_first(tmp_path: Path) -> None:
    later = {
        "instruction": "And",
        "input": "with food?",
        "output": "Either way.",
        "history": [["Dose?", "20 mg."]],
        "system": "Be brief.",
    }
    documents, unread = read("alpaca", path=str(put(tmp_path / "tasks.json.gz", [ALPACA, later])), licence="MIT", tier="none")
    assert not unread
    assert [document.id for document in documents] == ["tasks/tasks/1", "tasks/tasks/2"]
    assert turns(documents[0]) == [("user", "Name a loop agent."), ("assistant", "Furosemide.")]
    assert turns(documents[1]) == [
        ("system", "Be brief."),
        ("user", "Dose?"),
        ("assistant", "20 mg."),
        ("user", "And\n\nwith food?"),
        ("assistant", "Either way."),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**ALPACA, "output": " "}, "its output is empty"),
        ({"output": "Furosemide."}, "its instruction is empty"),
        ({**ALPACA, "output": 3}, "its field 'output' is no text"),
        ({**ALPACA, "history": ["Dose?"]}, "its history is no list of questions with their answers"),
    ],
)
def test_an_alpaca_row_that_does_not_fit_is_left_out_with_its_line(tmp_path: Path, row: Any, reason: str) -> None:
    documents, unread = read("alpaca", path=str(put(tmp_path / "a.jsonl", [ALPACA, row], lines=True)), licence="MIT")
    assert len(documents) == 1
    assert unread == {"a.jsonl:2": reason}


def test_columns_give_the_names_of_another_set(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", [{"q": "Name a loop agent.", "a": "Furosemide."}])
    documents, _ = read("alpaca", path=str(path), licence="MIT", columns={"instruction": "q", "output": "a"})
    assert turns(documents[0]) == [("user", "Name a loop agent."), ("assistant", "Furosemide.")]


def test_sharegpt_reads_both_spellings_and_refuses_tools(tmp_path: Path) -> None:
    openai = {
        "messages": [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "Q"},
            {"role": "assistant", "content": "A"},
        ]
    }
    tool = {"conversations": [*CHAT["conversations"], {"from": "observation", "value": "{}"}]}
    path = put(tmp_path / "chats" / "c.json", [CHAT, openai, tool, {"conversations": CHAT["conversations"][:1]}, {"x": 1}])
    documents, unread = read("sharegpt", path=str(path.parent), licence="MIT", domain="dialogue", language="zh")
    assert turns(documents[0]) == [("user", "Is 5.9 high?"), ("assistant", "Yes.")]
    assert turns(documents[1]) == [("system", "S"), ("user", "Q"), ("assistant", "A")]
    assert {document.language for document in documents} == {"zh"}
    assert unread == {
        "c.json:3": "has a turn of neither system, user nor assistant, such as a tool's",
        "c.json:4": "has no turn of the assistant",
        "c.json:5": "has no list 'conversations' or 'messages'",
    }


def test_jsonl_takes_the_field_and_the_key_that_are_named(tmp_path: Path) -> None:
    rows = [{"pmid": 7, "body": "One."}, {"pmid": 7, "body": "Two."}, {"body": "Three."}, {"pmid": 8, "body": ""}]
    path = put(tmp_path / "notes.jsonl", rows, lines=True)
    path.write_text(path.read_text() + "\n{broken\n", encoding="utf-8")
    documents, unread = read(
        "jsonl", path=str(path), licence="CC0-1.0", tier="local", text_field="body", key="pmid", id="ward", year=2020
    )
    assert [(document.id, document.text, document.source.year) for document in documents] == [("ward/notes/7", "One.", 2020)]
    assert list(unread) == ["notes.jsonl:2", "notes.jsonl:3", "notes.jsonl:4", "notes.jsonl:5"]
    assert unread["notes.jsonl:2"] == "its 'pmid' is another row's, too"


def test_parquet_is_read_by_row_group_and_a_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    table = arrow.table({"content": ["One.", "Two.", "Three."], "other": [1, 2, 3]})
    parquet.write_table(table, tmp_path / "b.parquet", row_group_size=1)
    parquet.write_table(arrow.table({"other": [1]}), tmp_path / "c.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    documents, unread = read("parquet", path=str(tmp_path), licence="ODC-BY", text_field="content", id="web")
    assert [document.id for document in documents] == ["web/b/1", "web/b/2", "web/b/3"]
    assert unread["a.parquet"].startswith("is damaged or no Parquet")
    assert unread["c.parquet"] == "has no column content; it has: other"


def test_hidden_parquet_files_are_left_out_and_links_to_folders_are_named(tmp_path: Path) -> None:
    table = arrow.table({"text": ["Check the pulse before each dose."]})
    for name in ("in/a.parquet", "in/.a.parquet", "in/.cache/b.parquet", "elsewhere/c.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, tmp_path / name)
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    documents, unread = read("parquet", path=str(tmp_path / "in"), licence="MIT")
    assert [document.id for document in documents] == ["in/a/1"]
    assert list(unread) == ["linked"]
    assert unread["linked"].startswith("is a link to a folder")


def test_parquet_holds_conversations_too(tmp_path: Path) -> None:
    parquet.write_table(arrow.Table.from_pylist([CHAT]), tmp_path / "chat.parquet")
    documents, _ = read("parquet", path=str(tmp_path / "chat.parquet"), licence="MIT", shape="sharegpt", domain="dialogue")
    assert turns(documents[0]) == [("user", "Is 5.9 high?"), ("assistant", "Yes.")]


def test_hf_streams_a_folder_with_other_column_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "set" / "train.jsonl", [{"q": "Name a loop agent.", "a": "Furosemide."}], lines=True)
    documents, _ = read(
        "hf",
        path=str(tmp_path / "set"),
        licence="MIT",
        shape="alpaca",
        columns={"instruction": "q", "output": "a"},
        id="invented",
    )
    assert [document.id for document in documents] == ["invented/train/1"]
    assert turns(documents[0]) == [("user", "Name a loop agent."), ("assistant", "Furosemide.")]


def test_hf_without_a_network_says_to_download_the_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"download it where there is a network, and give its folder as `path:`"):
        read("hf", dataset="nobody/no-such-set", licence="MIT")
    with pytest.raises(InputError, match="either `dataset:`"):
        read("hf", licence="MIT")


@pytest.mark.parametrize("name", ["alpaca", "sharegpt", "jsonl", "parquet", "hf"])
def test_a_format_without_a_licence_is_an_error_that_says_how_to_state_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"source {name} needs `licence:`.*'n/s'"):
        read(name, path=str(put(tmp_path / "a.json", [ALPACA])))
    with pytest.raises(UnknownName, match=r"unknown option 'lisence'.*did you mean 'licence'"):
        read(name, path=str(tmp_path / "a.json"), lisence="MIT")


def test_the_constant_instruction_of_medalpaca_goes_and_its_licence_keeps_it_out_of_a_release(data: Path) -> None:
    row = {"instruction": "Answer this question truthfully", "input": "What is gout?", "output": "A joint disease."}
    put(data / "medalpaca" / "medical_meadow_small.json.gz", [row])
    documents, _ = read("medalpaca")
    assert turns(documents[0]) == [("user", "What is gout?"), ("assistant", "A joint disease.")]
    with pytest.raises(InputError, match="may not hold"):
        check_licences(documents, {})


def test_huatuo_splits_conversations_says_research_only_and_leaves_the_benchmark_out(data: Path) -> None:
    put(data / "huatuo" / "data" / "llama_data.json", [ALPACA])
    rows = [
        {"instruction": " <user>: A? <bot>: B. <user>: C?", "input": "", "output": "D."},
        {"instruction": "<bot>: B.", "output": "D."},
    ]
    put(data / "huatuo" / "data-literature" / "liver_cancer.json.gz", rows, lines=True)
    put(data / "huatuo" / "benchmark" / "question.json", [])
    documents, unread = read("huatuo")
    assert turns(documents[1]) == [("user", "A?"), ("assistant", "B."), ("user", "C?"), ("assistant", "D.")]
    assert list(unread) == ["liver_cancer.json:2", "huatuo/benchmark/question.json"]
    with pytest.raises(InputError, match="research only"):
        check_licences(documents, {})


def test_mts_dialog_asks_for_a_section_and_leaves_the_test_sets_out(data: Path) -> None:
    folder = data / "mts-dialog" / "Main-Dataset"
    folder.mkdir(parents=True)
    head = "ID,section_header,section_text,dialogue\n"
    (folder / "MTS-Dialog-TrainingSet.csv").write_text(head + '0,CC,Cough.,"Doctor: Why? \nPatient: I cough."\n1,XYZ,a,b\n')
    (folder / "MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv").write_text(head)
    documents, unread = read("mts-dialog")
    assert turns(documents[0]) == [
        ("user", 'Write the section "Chief complaint" of the clinical note.\n\nDoctor: Why?\nPatient: I cough.'),
        ("assistant", "Cough."),
    ]
    assert documents[0].domain == "note"
    assert unread["mts-dialog/Main-Dataset/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv"].startswith("left out: a published test")
    assert unread["mts-dialog/Main-Dataset/MTS-Dialog-ValidationSet.csv"] == "is missing: download the set again"
    assert len(unread) == 3


def test_selfbiorag_reads_a_question_once_and_keeps_key_and_rationale_apart(data: Path) -> None:
    folder = data / "selfbiorag_bench" / "data" / "benchmark"
    options = "Option A:Heparin\nOption B:Digoxin\n"
    plain = {"instances": {"input": f"QUESTION: Which is a glycoside?\n{options}", "output": "Answer: (B)"}}
    put(folder / "medmc_qa_train_gpt4.json.gz", [{**plain, "gpt4_explanation": "From foxglove.\nAnswer: (A)"}])
    five = {"input": 'Question: Which thins blood?"\nOption A: Digoxin\nOption B: Heparin\n"', "output": 'Heparin\n"'}
    put(folder / "med_qa_5options_train.json", [{"instances": five}], lines=True)
    put(folder / "med_qa_train.json", [{"instances": {**five, "output": "Warfarin"}}, {"instances": [five]}], lines=True)
    put(folder / "medmc_qa_train.json", [plain], lines=True)
    documents, unread = read("selfbiorag_bench")
    assert [(document.domain, document.attributes) for document in documents] == [("choice", {"answer": "B"})] * 2
    assert turns(documents[0]) == [
        ("user", "Which is a glycoside?\n\nA. Heparin\nB. Digoxin"),
        ("assistant", "From foxglove.\nAnswer: (A)"),
    ]
    assert turns(documents[1]) == [("user", "Which thins blood?\n\nA. Digoxin\nB. Heparin"), ("assistant", "Answer: B")]
    assert unread == {
        "med_qa_train.json:1": "its answer is not among the options",
        "med_qa_train.json:2": "has no instance",
        "medmc_qa_train.json:1": "left out: another row asks the same (selfbiorag_bench/medmc_qa_train_gpt4/1)",
    }


def test_oasst_follows_the_best_ranked_replies_that_passed_review(data: Path) -> None:
    def reply(role: str, text: str, rank: int | None = None, *replies: Any, **fields: Any) -> dict[str, Any]:
        return {"role": role, "text": text, "rank": rank, "replies": list(replies), **fields}

    tree = reply(
        "prompter",
        "Q1",
        None,
        reply("assistant", "second", 1),
        reply("assistant", "deleted", 0, deleted=True),
        reply(
            "assistant", "first", 0, reply("prompter", "Q2", 0, reply("assistant", "unranked"), reply("assistant", "last", 2))
        ),
        reply("assistant", "refused", 0, review_result=False),
    )
    path = data / "oasst_en" / "model" / "model_eval" / "manual" / "data"
    put(path / "en_100_tree.jsonl", [{"prompt": tree}, {"prompt": reply("prompter", "alone")}], lines=True)
    put(path / "en_100_message.jsonl.gz", [tree], lines=True)
    documents, unread = read("oasst_en")
    assert turns(documents[0]) == [("user", "Q1"), ("assistant", "first"), ("user", "Q2"), ("assistant", "last")]
    assert len(documents) == 1
    assert unread["en_100_tree.jsonl:2"] == "has no question with an answer that passed review"
    assert unread["oasst_en/model/model_eval/manual/data/en_100_message.jsonl"].startswith("left out: the same 100 trees")


def test_other_sets_are_read_in_their_own_shapes(data: Path) -> None:
    put(
        data / "zhongjing" / "data" / "huatuo26M_test.json",
        [{"instruction": ["Q"], "output": ["A"]}, {"instruction": ["Q"], "output": []}],
    )
    put(
        data / "t0_sample/data/finetuning/t0_train_50k/data_per_template/sciq.jsonl",
        [{"prompt": "Q\n", "completion": "A<|endoftext|>"}],
        True,
    )
    put(data / "self-instruct/data/seed_tasks.jsonl", [{"instruction": "Q", "instances": [{"input": "", "output": "A"}]}], True)
    put(data / "self-instruct/human_eval/user_oriented_instructions.jsonl", [], True)
    for name, count in (("zhongjing", 1), ("t0_sample", 0), ("self-instruct", 1)):
        documents, unread = read(name)
        assert [turns(document) for document in documents] == [[("user", "Q"), ("assistant", "A")]]
        assert len(unread) == count


def test_preferences_are_pairs_and_never_documents(data: Path) -> None:
    put(
        data / "medicalgpt/data/reward/dpo_zh_500.jsonl.gz",
        [PAIR, {**PAIR, "rejected": PAIR["chosen"]}, {**PAIR, "chosen": ""}],
        True,
    )
    turned = {**PAIR, "chosen": {"from": "gpt", "value": "Yes."}, "rejected": {"from": "gpt", "value": "No."}}
    put(data / "llamafactory_demo/data/dpo_en_demo.json", [turned, {**turned, "conversations": CHAT["conversations"]}])
    first, *unread = medicalgpt.preferences("dpo_zh_500")
    assert isinstance(first, Preference)
    assert (first.id, first.prompt[-1].content, first.chosen) == ("medicalgpt/dpo_zh_500/1", "Is 5.9 high?", "Yes, ask today.")
    assert [each.reason for each in unread if isinstance(each, Unreadable)] == [
        "what is chosen and what is rejected are the same",
        "its field 'chosen' is empty",
    ]
    second, bad = llamafactory_demo_sft.preferences("dpo_en_demo")
    assert isinstance(second, Preference)
    assert (second.chosen, second.rejected) == ("Yes.", "No.")
    assert bad == Unreadable(id="dpo_en_demo.json:2", reason="its prompt does not end on a question")
    assert not [document for document in read("medicalgpt")[0] if document.id.startswith("medicalgpt/dpo")]
    with pytest.raises(UnknownName, match="unknown set of preferences"):
        next(medicalgpt.preferences("dpo"))


@pytest.mark.skipif(not os.environ.get("MEDMODEL_DATA"), reason="MEDMODEL_DATA unset")
@pytest.mark.parametrize(
    ("name", "count"), [("mts-dialog", 1301), ("selfbiorag_bench", 2000), ("oasst_en", 100), ("self-instruct", 175)]
)
def test_the_published_files_give_all_their_rows(name: str, count: int) -> None:
    documents, _ = read(name)
    assert len({document.id for document in documents}) == len(documents) == count
    assert all(document.id.startswith(f"{document.source.id}/") for document in documents)
