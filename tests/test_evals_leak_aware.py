"""Which passages are an item's own source: by the paper's number, or by a long run of its words."""

from evals.leak_aware import RUN, Source, is_own
from medmodel.records import Passage, Span
from medmodel.records import Source as Publisher

PUBLISHER = Publisher(id="made_up", title="Made up", licence="CC0-1.0", tier="guideline")
WORDS = [f"word{at}" for at in range(RUN)]


def passage(text: str, document: str = "made_up/1") -> Passage:
    return Passage(
        id=f"{document}#0",
        document_id=document,
        text=text,
        start=0,
        end=len(text),
        sentences=(Span(start=0, end=len(text)),),
        source=PUBLISHER,
    )


def source(question: str = "?", context: str = "", pmids: tuple[str, ...] = ()) -> Source:
    return Source(question, context, ("rest", "ice"), pmids)


def test_a_run_of_thirteen_words_is_the_same_text_and_twelve_are_not() -> None:
    assert is_own(passage("It says: " + " ".join(WORDS)), source(context=" ".join(WORDS)))
    assert not is_own(passage("It says: " + " ".join(WORDS[1:])), source(context=" ".join(WORDS)))


def test_case_and_punctuation_do_not_hide_it() -> None:
    assert is_own(passage(", ".join(word.upper() for word in WORDS)), source(question=" ".join(WORDS)))


def test_a_paper_is_known_by_its_number_whatever_it_says() -> None:
    assert is_own(passage("Another text.", "pubmed/18251357"), source(pmids=("18251357",)))
    assert not is_own(passage("Another text.", "pubmed/182513570"), source(pmids=("18251357",)))


def test_chinese_is_compared_by_character() -> None:
    text = "上消化道出血可单纯表现为呕血或黑便"
    assert is_own(passage(f"指南：{text}。"), source(question=text))
    assert not is_own(passage("房颤患者首选直接口服抗凝药。"), source(question=text))
