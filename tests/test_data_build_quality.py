"""Rules of quality: what reads like reference text survives in every shape it comes in; rubbish is named for what it is."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build import measures, words
from data_build.measures import Measures, phrases_of
from data_build.steps.clean import clean
from data_build.steps.quality import FILE, Limits, Quality, broken, limits, listed, rules_of
from data_build.steps.tagging import carry
from medmodel import registry
from medmodel.recipe import data_dir
from medmodel.records import Document, Source

PROSE = "Give adrenaline at once. Lay the patient flat, and raise the legs. Call for help early, since airways swell fast. "


def measure(text: str) -> Measures:
    return measures.measure(text, listed())


PAGE = " ".join(f"Step {n}: give {5 * n} mg, wait {n} minutes, and measure again." for n in range(1, 40))  # 429 words
SECTIONS = "".join(
    f"## {name}\n\n### Dose\n\n- Adults: {mg} mg daily\n- Children: {mg // 10} mg/kg\n\n### Contraindications\n\n- Allergy\n\n"
    for name, mg in (("Amoxicillin", 500), ("Cefalexin", 250), ("Doxycycline", 100), ("Nitrofurantoin", 50))
)


@pytest.mark.parametrize(
    "text",
    [
        "Apnoea: no breathing for 20 seconds.",
        "低钾血症：血清钾低于3.5 mmol/L。",
        SECTIONS,
        "- Na 135–145 mmol/L\n- K 3.5–5.0 mmol/L\n- Ca 2.2–2.6 mmol/L\n- Mg 0.7–1.0 mmol/L\n- PO4 0.8–1.5 mmol/L\n" * 2,
        "Drug | 10 kg | 20 kg | 30 kg\nParacetamol | 150 mg | 300 mg | 450 mg\nIbuprofen | 100 mg | 200 mg | 300 mg\n",
        "\n".join(
            f"- {start}{end} sulfate"
            for start in ("Hydroxychloro", "Methylpredni", "Sulfamethoxa", "Levofluoro", "Dextrometho", "Benzylpenici")
            for end in ("quine", "solone", "zole", "floxacin", "rphan", "llin", "mycin", "pril")
        ),
        "可用药物：阿莫西林,Amoxicillin(Amoxil)、Cefalexin(Keflex)、Doxycycline(Vibramycin)、Nitrofurantoin(Macrobid)、Fosfomycin。",
        "[user]\nMay I?\n[assistant]\nYes.\n",
        "[user]\n孩子发烧怎么办？\n[assistant]\n多喝水，物理降温，超过38.5℃口服布洛芬。\n",
        "患者诉头痛三天，无发热，无呕吐，查体未见异常，建议休息，必要时复查。" * 2,
        PAGE + "\n\nContact us | Read more | Privacy policy",
        "They promise a miracle cure with a money back guarantee. Do not believe it. " + PAGE,
    ],
    ids="definition zh-definition formulary units table drugs drug-list-zh dialogue dialogue-zh prose-zh footer warning".split(),
)
def test_reference_text_breaks_no_rule(text: str) -> None:
    assert rules_of(text) == []


RUBBISH = {
    "few letters": "12 45 77 81 | 90 11 23 | 55 66 77 88\n" * 5,
    "symbols": "★彡 buy ★ ✿ now ✿ ░▒▓█ ☎ ☎ ☎ ♥ ♥ ok",
    "damaged characters": PROSE + "The pati\ufffdnt was giv\ufffdn",
    "unbroken characters": "Image: " + base64.b64encode(bytes(range(256)) * 2).decode().replace("/", "a").replace("+", "b"),
    "word length": " ".join(["thepatientwasadmitted", "withchestpainand", "givenaspirin"] * 30) + ".",
    "single letters": " ".join("thepatientwasadmittedwithchestpainandgivenaspirinatonceinthewardbythenurse") + ".",
    "cut-off lines": "Ten foods your heart hates...\nDoctors are amazed by this...\nWhat happened next…\nOne trick...\nSee why...\n",
    "repeated lines": ("Please rate this answer if it was useful for you.\n" * 6) + "Take it with food and a glass of water.\n",
    "repeated words": " ".join(PROSE.split() * 6),
    "loop": "The drug is very very " + "very " * 60 + "good.",
    "neither sentence nor list": " ".join(f"keyword{number} clinic" for number in range(60)),
    "spam": "Buy viagra now. No prescription needed, free shipping, order now!",
    "boilerplate": "Skip to main content. Privacy policy. Terms of use. Please enable JavaScript to view this page.",
}


@pytest.mark.parametrize("rule", RUBBISH)
def test_rubbish_breaks_the_rule_that_names_it(rule: str) -> None:
    assert rule in rules_of(RUBBISH[rule])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("点击购买，货到付款，加微信了解详情。", "spam"),
        ("关于我们 联系我们 版权所有 网站地图", "boilerplate"),
        ("脊柱" + "侧" * 80 + "弯。", "loop"),
        ("患者" + "因反复咳嗽咳痰伴有气促来院就诊体格检查提示双肺呼吸音粗" * 4, "neither sentence nor list"),
    ],
)
def test_rubbish_in_chinese_is_named_too(text: str, rule: str) -> None:
    assert rule in rules_of(text)


@pytest.mark.parametrize("source", ["open_medicine", "differentials", "general"])
def test_no_document_of_the_packaged_sources_breaks_a_rule(source: str) -> None:
    assert [document.id for document in registry.get("source", source)() if rules_of(document.text)] == []


@pytest.mark.slow
@pytest.mark.skipif(data_dir() is None, reason="MEDMODEL_DATA unset")
@pytest.mark.parametrize("source", ["medquad", "nigeria-stg", "openstax-anatomy-md", "openstax-microbiology-md", "cmrc2018"])
def test_of_downloaded_references_less_than_one_in_200_breaks_a_rule(source: str) -> None:
    texts = [clean(found.text) for found in registry.get("source", source)() if isinstance(found, Document)]
    assert sum(bool(rules_of(text)) for text in texts) < 0.005 * len(texts)


def test_measures_of_a_text_worked_by_hand() -> None:
    found = measure("# Dose\n\nGive 2.5 mg... now\nGive 2.5 mg... now\n\n血钾 ☎\ufffd\n")
    # words: dose; give 2 5 mg now, twice; 血 钾
    assert (found.words, found.spelled, found.lines) == (13, 7, 4)
    # characters: "#dose" 5, the two lines of 15, "血钾☎�" 4; letters: 4 + 2 x 9 + 2
    assert found.letters == pytest.approx(24 / 39)
    assert (found.symbols, found.damaged) == pytest.approx((1 / 39, 1 / 39))
    assert found.word_length == pytest.approx((4 + 2 * (4 + 2 + 3)) / 7)
    assert found.cut_off_lines == 0  # the dots stand inside the lines
    assert found.repeated_lines == 0  # of 15 characters: too short to count


def test_a_line_counts_as_repeated_from_the_second_time_on() -> None:
    line = "This line has more than twenty characters"  # 35 without spaces
    assert measure(f"{line}\n{line}\n{line}\n").repeated_lines == pytest.approx(2 / 3)
    assert measure(f"# {line}\n# {line}\n").repeated_lines == 0  # headings repeat


def test_words_count_as_repeated_in_runs_of_ten_and_once_only() -> None:
    ten = " ".join(f"w{chr(97 + number)}" for number in range(10))
    assert measure(f"{ten} {ten}").repeated_words == 0.5
    assert measure(f"{ten} x {ten} y {ten[:-3]}").repeated_words == pytest.approx(10 / 31)  # nine words are no run


def test_a_limit_is_not_broken_by_reaching_it() -> None:
    found = measure(PROSE)._replace(
        letters=limits().letters_least, symbols=limits().symbols_most, damaged=limits().damaged_most
    )
    assert broken(found, limits()) == []
    assert broken(found._replace(symbols=limits().symbols_most + 0.001), limits()) == ["symbols"]


def test_different_phrases_are_counted_by_list_and_once_each() -> None:
    phrases = phrases_of([["order now", "money back guarantee"], ["隐私政策"]])
    found = measures.measure("Order now! Order NOW; a money-back guarantee. 隐私政策 Order it now.", phrases)
    assert (found.spam, found.boilerplate) == (2, 1)
    with pytest.raises(ValueError, match="'order' has not 2 to 6 words"):
        phrases_of([["order"], []])


def test_every_limit_of_the_file_is_known_and_has_its_reason_on_the_line() -> None:
    lines = FILE.read_text(encoding="utf-8").split("\nphrases:")[0].split("limits:\n")[1].splitlines()
    named = [line for line in lines if line.startswith("  ")]
    assert [line.split(":")[0].strip() for line in named] == list(Limits._fields)
    assert all(" # " in line for line in named)


def test_the_step_tags_the_rules_and_drops_nothing() -> None:
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")

    def tags(text: str, **settings: Any) -> dict[str, Any]:
        carrier = carry(Document(id="s/1", text=text, source=source, domain="general"))
        (found,) = Quality(**settings).run([carrier])
        assert (found.text, found.metadata["drop"]) == (text, "")
        return dict(found.metadata["tags"])

    assert tags(PROSE) == {}
    assert tags(RUBBISH["few letters"] * 3) == {"quality_rule": "few letters, repeated lines, repeated words"}
    assert tags(RUBBISH["few letters"], rules=False) == {}


WILD = st.text(alphabet=st.sampled_from("aZé0 9.,!\n\t#和痛がの★\ufffd…β\U0001f600\ud800\u0301-"), max_size=120)


@given(WILD)
def test_any_text_is_measured_and_shares_stay_within_one(text: str) -> None:
    found = measure(text)
    shares = found.letters, found.symbols, found.damaged, found.unbroken, found.single_letters, found.cut_off_lines
    assert all(0 <= share <= 1 for share in (*shares, found.repeated_lines, found.repeated_words, found.looped))
    assert found.lines == sum(bool(line.strip()) for line in text.split("\n"))


@given(WILD)
def test_words_are_cut_as_all_of_the_flow_cuts_them(text: str) -> None:
    plain = text.replace("\u0301", "").replace("が", "").replace("の", "").replace("和", "和 ")
    assert measure(plain).words == len(words.words(plain.lower()))


@given(WILD)
def test_the_text_twice_repeats_at_least_what_it_repeats_once(text: str) -> None:
    once, twice = measure(text), measure(f"{text}\n{text}")
    assert twice.repeated_lines >= once.repeated_lines / 2 - 1e-9
    assert twice.letters == pytest.approx(once.letters)
