"""MedQuAD: question-answer pages of NIH and CDC (CC BY 4.0), 5,497 XML files of nine collections.

One document a page: its subject as heading, other names for it, and each question as a section with its answer, since
answers of one page belong together and are cited by its URL. Each collection is a source of its own. Questions without an
answer (the publisher withdrew some) are left out. The test collection with judged answers (its qrels) is not read: it is
copyrighted.

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from data_build.sources.reading import Unreadable, folder, members, xml_of
from medmodel.records import Document, Source
from medmodel.registry import register

PUBLISHERS = {
    "CancerGov": "National Cancer Institute",
    "GARD": "Genetic and Rare Diseases Information Center (NIH)",
    "GHR": "Genetics Home Reference (NIH)",
    "MPlusHealthTopics": "MedlinePlus (NIH)",
    "NIDDK": "National Institute of Diabetes and Digestive and Kidney Diseases",
    "NINDS": "National Institute of Neurological Disorders and Stroke",
    "NIHSeniorHealth": "NIHSeniorHealth",
    "NHLBI": "National Heart, Lung, and Blood Institute",
    "CDC": "Centers for Disease Control and Prevention",
}


@register("source", "medquad")
def read() -> Iterator[Document | Unreadable]:
    """One document a page. Raises InputError when the folder is missing."""
    for member in members(folder("medquad"), ".xml"):
        root = member if isinstance(member, Unreadable) else xml_of(member)
        yield root if isinstance(root, Unreadable) else _page(root, member.name if not isinstance(member, Unreadable) else "")


def _page(root: Element, name: str) -> Document | Unreadable:
    subject = _text(root.find("Focus"))
    collection = root.get("source", "")
    pairs = [
        (pair.find("Question"), answer)
        for pair in root.iter("QAPair")
        if (answer := "".join(pair.findtext("Answer", "")).strip())
    ]
    if collection not in PUBLISHERS or not subject:
        return Unreadable(id=name, reason="is no page of a known collection")
    if not pairs:
        return Unreadable(id=name, reason="holds no answer")
    page = re.sub(r".*/|\.xml$", "", name)
    names = [other for synonym in root.iter("Synonym") if (other := _text(synonym))]
    sections = [f"## {_question(_text(question))}\n\n{answer}" for question, answer in pairs]
    heading = [f"# {subject}", *([f"Also called: {'; '.join(names)}."] if names else [])]
    found = {
        "cui": " ".join(_text(cui) for cui in root.iter("CUI")).strip(),
        "semantic_group": _text(root.find(".//SemanticGroup")),
        "question_types": " ".join(question.get("qtype", "") for question, _ in pairs if question is not None),
    }
    return Document(
        id=f"medquad_{collection.lower()}/{page}",
        text="\n\n".join([*heading, *sections]),
        source=Source(
            id=f"medquad_{collection.lower()}",
            title=subject,
            organization=PUBLISHERS[collection],
            year=2019,  # of the collection; the pages bear no date
            url=root.get("url") or None,
            licence="CC-BY-4.0",
            tier="patient",
        ),
        domain="patient_page",
        attributes={key: value for key, value in found.items() if value},
    )


def _text(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _question(text: str) -> str:
    """The questions were made from templates: "What is (are) Acromegaly ?"."""
    return re.sub(r"\s*\?(?:\s*\?)*$", "?", text).replace("What is (are) ", "What is ")
