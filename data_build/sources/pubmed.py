"""Format pubmed: abstracts of PubMed, as XML of efetch and of the baseline files (pubmed26n0001.xml.gz), or as JSON lines.

    sources: [{format: pubmed, path: baseline/, licence: n/s}]

One document an abstract: its title, and its sections by their labels. PMID, journal, date, DOI and language are the
record's own; MeSH headings and publication types are attributes. A practice guideline is of the tier `guideline`, a
systematic review or meta-analysis of `review`, any other of the recipe's. Retracted articles, retractions and corrections
are left out, and so is a record without an abstract. A PMID that comes twice is read once: give the newest file alone.
The licence is the recipe's: most abstracts are their publishers', and PubMed states none.

A line of JSON has `pmid`, `title`, `abstract` (a text, or a list of {label, text}), and may have `journal`, `date` or `year`,
`doi`, `language`, `mesh` and `publication_types`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from data_build.sources.papers import iso_date, notice, tidy, tier_of, words
from data_build.sources.reading import Member, Unreadable, json_records, members, xml_elements
from data_build.sources.rows import described, with_own
from medmodel.records import Document, Source
from medmodel.registry import register

XML = (".xml",)
JSON = (".jsonl", ".ndjson", ".json")
LANGUAGES = {"eng": "en", "chi": "zh"}  # MEDLINE's codes; any other is cut to two letters


class Record(NamedTuple):
    """An abstract, however it was written down."""

    pmid: str
    title: str
    sections: list[tuple[str, str]]  # label, text
    journal: str
    date: str | None
    doi: str | None
    language: str
    mesh: list[str]
    kinds: list[str]


@register("source", "pubmed")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "literature",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every abstract at or below `path`."""
    source = described("pubmed", path, licence, tier, about)
    seen: set[str] = set()
    for member in members(path, *XML, *JSON):
        for found in [member] if isinstance(member, Unreadable) else _records(member):
            if isinstance(found, Unreadable):
                yield found
                continue
            place = f"{getattr(member, 'name', '')}:{found.pmid}"
            if not any(text for _, text in found.sections):
                yield Unreadable(id=place, reason="has no abstract")
            elif reason := notice(found.kinds):
                yield Unreadable(id=place, reason=reason)
            elif found.pmid in seen:
                yield Unreadable(id=place, reason="left out: its PMID stands earlier, too")
            else:
                seen.add(found.pmid)
                yield _document(found, source, language, domain)


def _document(record: Record, source: Source, language: str, domain: str) -> Document:
    parts = [f"# {record.title}"] if record.title else []
    for label, text in record.sections:
        parts += [f"## {label}", text] if label and text else [text] if text else []
    name = f"pubmed_{record.pmid}"
    own = with_own(
        source,
        title=record.title or f"PubMed {record.pmid}",
        organization=record.journal,
        date=record.date,
        doi=record.doi,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/",
    )
    found = {"pmid": record.pmid, "mesh": "; ".join(record.mesh), "publication_types": "; ".join(record.kinds)}
    return Document(
        id=f"{name}/abstract",
        text="\n\n".join(parts),
        source=own.model_copy(update={"id": name, "tier": tier_of(record.kinds, record.title, source.tier)}),
        domain=domain,
        language=LANGUAGES.get(record.language, record.language[:2]) or language,
        attributes={key: value for key, value in found.items() if value},
    )


def _records(member: Member) -> Iterator[Record | Unreadable]:
    number = 0
    xml = member.name.lower().endswith(XML)
    for found in xml_elements(member, "PubmedArticle") if xml else json_records(member):
        number += 1
        if isinstance(found, Unreadable):
            yield found
            continue
        record = _of_xml(found) if isinstance(found, Element) else _of_json(found.value)
        yield record or Unreadable(id=f"{member.name}:{number}", reason="has no PMID")
    if not number:
        yield Unreadable(id=member.name, reason="has no <PubmedArticle>: it is none of PubMed's files")


def _of_xml(article: Element) -> Record | None:
    pmid = article.findtext("MedlineCitation/PMID", "").strip()
    about = article.find("MedlineCitation/Article")
    if not pmid.isdecimal() or about is None:
        return None
    sections = [(_label(part), words(part)) for part in about.iterfind("Abstract/AbstractText")]
    issue = about.find("Journal/JournalIssue/PubDate")
    dates = [
        iso_date(*(date.findtext(part) for part in ("Year", "Month", "Day"))) or iso_date(date.findtext("MedlineDate"))
        for date in (about.find("ArticleDate"), issue)
        if date is not None
    ]
    doi = about.findtext("ELocationID[@EIdType='doi']") or article.findtext("PubmedData/ArticleIdList/ArticleId[@IdType='doi']")
    return Record(
        pmid=pmid,
        title=words(about.find("ArticleTitle")),
        sections=sections,
        journal=words(about.find("Journal/Title")),
        date=next(filter(None, dates), None),
        doi=doi,
        language=about.findtext("Language", "").strip().lower(),
        mesh=[words(name) for name in article.iterfind("MedlineCitation/MeshHeadingList/MeshHeading/DescriptorName")],
        kinds=[words(kind) for kind in about.iterfind("PublicationTypeList/PublicationType")],
    )


def _label(part: Element) -> str:
    """ "CONCLUSIONS" as "Conclusions"; "" for one that says it has no label."""
    label = part.get("Label", "").strip()
    return "" if label.upper() == "UNLABELLED" else label.capitalize() if label.isupper() else label


def _of_json(row: Mapping[str, Any]) -> Record | None:
    pmid = str(row.get("pmid") or row.get("PMID") or "").strip()
    if not pmid.isdecimal():
        return None
    given = row.get("abstract") or ""
    parts = given if isinstance(given, list) else [given]
    sections = [
        (str(part.get("label") or ""), tidy(str(part.get("text") or "")))
        if isinstance(part, Mapping)
        else ("", tidy(str(part)))
        for part in parts
    ]
    return Record(
        pmid=pmid,
        title=tidy(str(row.get("title") or "")),
        sections=sections,
        journal=str(row.get("journal") or ""),
        date=str(row.get("date") or row.get("year") or ""),
        doi=str(row.get("doi") or ""),
        language=str(row.get("language") or "").lower(),
        mesh=_names(row.get("mesh")),
        kinds=_names(row.get("publication_types")),
    )


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value)] if value else []
