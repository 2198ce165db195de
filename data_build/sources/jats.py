"""Format jats: full articles as JATS XML, of PubMed Central or a publisher; .xml, .nxml, or archives of them.

    sources: [{format: jats, path: oa_comm.PMC000xxxxxx.tar.gz, licence: n/s}]

One document an article: title, abstract and body with their sections as headings, tables as rows, captions, lists and boxes.
References, acknowledgements, supplements and peer reviews are not read; what was retracted is left out, and so are notices of
retraction, correction and concern.
Title, journal, date, DOI and licence are the article's own. Its licence counts where it states one: a statement that names
no licence known to `data_build.licences` is n/s. The recipe's is for articles that state none. A kind or title that says
systematic review is of the tier `review`, a guideline of `guideline`, any other of the recipe's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import Element

from data_build.licences import licence_name
from data_build.markup import formula
from data_build.sources.papers import DEEPEST, iso_date, name_of, notice, piece, tidy, tier_of, words
from data_build.sources.reading import Member, Unreadable, members, xml_elements
from data_build.sources.rows import described, with_own
from medmodel.records import Document, Source
from medmodel.registry import register

NO_ABSTRACT = {"graphical", "teaser", "toc", "web-summary", "precis", "video"}
DATES = ("pub", "epub", "epub-ppub", "ppub", "collection")  # the first that an article has is its date
WIDEST = 30  # columns or rows that one cell may span
LARGEST_TABLE = 5000  # elements; a larger one is read without spans, which could fill the memory
_BLOCKS = frozenset("list table-wrap fig disp-formula boxed-text disp-quote def-list fig-group table-wrap-group".split())
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@register("source", "jats")
def read(
    path: str,
    licence: str | None = None,
    *,
    tier: str = "none",
    language: str = "en",
    domain: str = "literature",
    **about: Any,
) -> Iterator[Document | Unreadable]:
    """A document for every article at or below `path`."""
    source = described("jats", path, licence, tier, about)
    seen: set[str] = set()
    for member in members(path, ".xml", ".nxml"):
        if isinstance(member, Unreadable):
            yield member
            continue
        for found in _articles(member, source, language, domain):
            if isinstance(found, Document) and found.id in seen:
                yield Unreadable(id=member.name, reason="left out: an earlier file has the same article")
                continue
            seen.add(found.id)
            yield found


def _articles(member: Member, source: Source, language: str, domain: str) -> Iterator[Document | Unreadable]:
    number = 0
    for article in xml_elements(member, "article"):
        if isinstance(article, Unreadable):
            yield article
            return
        number += 1
        yield _document(article, f"{member.name}:{number}" if number > 1 else member.name, source, language, domain)
    if not number:
        yield Unreadable(id=member.name, reason="has no <article>: it is no JATS")


def _document(article: Element, place: str, source: Source, language: str, domain: str) -> Document | Unreadable:
    meta = article.find("{*}front/{*}article-meta")
    kind = article.get("article-type", "")
    subjects = [words(subject) for subject in article.iterfind("{*}front/{*}article-meta/{*}article-categories//{*}subject")]
    pointed = [link.get("related-article-type", "") for link in article.iterfind("{*}front/{*}article-meta/{*}related-article")]
    if reason := notice([kind, *pointed]):
        return Unreadable(id=place, reason=reason)
    title = words(meta.find("{*}title-group/{*}article-title")) if meta is not None else ""
    parts = [f"# {title}"] if title else []
    for abstract in meta.iterfind("{*}abstract") if meta is not None else ():
        if abstract.get("abstract-type", "") not in NO_ABSTRACT:
            parts += _section(abstract, 2, words(abstract.find("{*}title")) or "Abstract")
    body = article.find("{*}body")
    parts += _blocks(body, 2) if body is not None else []
    if all(part.startswith("#") for part in parts):
        return Unreadable(id=place, reason="holds no text")
    ids = _ids(meta)
    name, url = _name(ids, source, place)
    own = with_own(
        source,
        title=title,
        organization=words(article.find("{*}front/{*}journal-meta//{*}journal-title")),
        date=_date(meta),
        doi=ids.get("doi"),
        url=url,
        licence=_licence(meta),
    )
    found = {"pmid": ids.get("pmid", ""), "pmcid": ids.get("pmc", ""), "article_type": kind}
    return Document(
        id=f"{name}/text",
        text="\n\n".join(parts),
        source=own.model_copy(update={"id": name, "tier": tier_of([kind, *subjects], title, source.tier)}),
        domain=domain,
        language=(article.get(_LANG) or language)[:2].lower(),
        attributes={key: value for key, value in found.items() if value},
    )


def _ids(meta: Element | None) -> dict[str, str]:
    """An article's numbers by "pmid", "pmc" and "doi"."""
    ids: dict[str, str] = {}
    for element in meta.iterfind("{*}article-id") if meta is not None else ():
        kind, value = element.get("pub-id-type", "").replace("pmcid", "pmc"), "".join(element.itertext()).strip()
        if kind == "pmc" and re.fullmatch(r"(?:PMC)?\d+", value):
            ids["pmc"] = f"PMC{value.removeprefix('PMC')}"
        elif (kind == "pmid" and value.isdecimal()) or (kind == "doi" and value.startswith("10.")):
            ids[kind] = value
    return ids


def _name(ids: dict[str, str], source: Source, place: str) -> tuple[str, str | None]:
    """The id of the article as a source, and its page."""
    if "pmc" in ids:
        return ids["pmc"].lower(), f"https://pmc.ncbi.nlm.nih.gov/articles/{ids['pmc']}/"
    doi = f"https://doi.org/{ids['doi']}" if "doi" in ids else None
    if "pmid" in ids:
        return f"pubmed_{ids['pmid']}", doi or f"https://pubmed.ncbi.nlm.nih.gov/{ids['pmid']}/"
    return f"{source.id}_{re.sub(r'[^a-z0-9]+', '_', ids.get('doi', place).lower()).strip('_')}", doi


def _date(meta: Element | None) -> str | None:
    dates: dict[str, str | None] = {}
    for element in meta.iterfind("{*}pub-date") if meta is not None else ():
        date = iso_date(*(element.findtext(f"{{*}}{part}") for part in ("year", "month", "day")))
        dates.setdefault(element.get("date-type") or element.get("pub-type") or "", date)
    return next((dates[kind] for kind in DATES if dates.get(kind)), next(filter(None, dates.values()), None))


def _licence(meta: Element | None) -> str | None:
    """What the article says; None when it says nothing of a licence."""
    stated = list(meta.iterfind("{*}permissions/{*}license")) if meta is not None else []
    text = " ".join(
        value
        for licence in stated
        for part in licence.iter()
        for value in (*part.attrib.values(), part.text, part.tail)
        if value
    )
    return (licence_name(text) or "n/s") if stated else None


def _section(section: Element, level: int, title: str, depth: int = 0) -> list[str]:
    inner = list(_blocks(section, level + 1, depth + 1))
    return [f"{'#' * min(level, 6)} {title}", *inner] if title and inner else inner


def _blocks(parent: Element, level: int, depth: int = 0) -> Iterator[str]:
    """Paragraphs, headings, lists and tables in their order."""
    if depth > DEEPEST:
        yield tidy("".join(parent.itertext()))
        return
    for child in parent:
        match name_of(child):
            case "sec" | "app":
                yield from _section(child, level, words(child.find("{*}title")), depth)
            case "p":
                yield from _paragraph(child, level, depth)
            case name:
                yield from _block(child, name, level, depth)


def _paragraph(paragraph: Element, level: int, depth: int) -> Iterator[str]:
    """Its text, cut where a list, a table or a figure stands inside."""
    said = paragraph.text or ""
    for child in paragraph:
        name = name_of(child)
        if name in _BLOCKS and not (name == "disp-formula" and said.strip()):
            if text := tidy(said):
                yield text
            yield from _block(child, name, level, depth + 1)
            said = ""
        else:
            said += piece(child)
        said += child.tail or ""
    if text := tidy(said):
        yield text


def _block(block: Element, name: str, level: int, depth: int) -> Iterator[str]:
    if name == "list":
        items = [" ".join(_blocks(item, level, depth + 1)) for item in block.iterfind("{*}list-item")]
        yield "\n".join(f"- {item}" for item in items if item)
    elif name == "def-list":
        items = [f"{words(item.find('{*}term'))}: {words(item.find('{*}def'))}" for item in block.iterfind("{*}def-item")]
        yield "\n".join(f"- {item}" for item in items)
    elif name == "table-wrap":
        yield from _table(block)
    elif name == "fig":
        caption = _captioned(block)
        yield from [caption] if caption else []
    elif name == "disp-formula":
        math = block.find(".//{*}math")
        yield formula(math) if math is not None else words(block)
    elif name in ("boxed-text", "disp-quote", "fig-group", "table-wrap-group", "statement", "verse-group", "speech"):
        title = words(block.find("{*}caption/{*}title")) or words(block.find("{*}title"))
        yield from _section(block, level, title, depth)


def _captioned(block: Element) -> str:
    """ "Table 1. What it shows." """
    said = [words(part) for part in block.iterfind("{*}caption/*")]
    label = words(block.find("{*}label")).rstrip(".")
    return " ".join(filter(None, [f"{label}." if label and any(said) else label, *said]))


def _table(block: Element) -> Iterator[str]:
    """Its caption, one bullet a row with the names of the columns, and its notes."""
    if caption := _captioned(block):
        yield caption
    for table in block.iterfind(".//{*}table"):
        head, rows = _grid(table)
        names = [" ".join(dict.fromkeys(filter(None, column))) for column in zip_longest(*head, fillvalue="")]
        lines = []
        for cells in rows:
            if len(set(cells)) == 1 and len(cells) > 1:
                lines.append(cells[0])  # one cell over the whole row: a heading within the table
                continue
            named = [f"{name}: {cell}" if name else cell for name, cell in zip_longest(names, cells, fillvalue="") if cell]
            lines.append(f"- {'; '.join(named).rstrip('.')}." if named else "")
        yield "\n".join(filter(None, lines))
    for note in block.iterfind("{*}table-wrap-foot//{*}p"):
        if said := words(note):
            yield said


def _grid(table: Element) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of names and rows of values, with a cell that spans several columns or rows in each of them."""
    head: list[list[str]] = []
    rows: list[list[str]] = []
    spanned: dict[tuple[int, int], str] = {}  # what reaches down into a row and column
    widest = WIDEST if sum(1 for _ in table.iter()) < LARGEST_TABLE else 1
    in_head = {id(row) for part in table.iterfind("{*}thead") for row in part.iter()}
    for number, row in enumerate(element for element in table.iter() if name_of(element) == "tr"):
        given = [cell for cell in row if name_of(cell) in ("td", "th")]
        cells: list[str] = []
        for cell in given:
            while (number, len(cells)) in spanned:
                cells.append(spanned.pop((number, len(cells))))
            said = words(cell)
            for _ in range(_span(cell, "colspan", widest)):
                spanned |= {(number + below, len(cells)): said for below in range(1, _span(cell, "rowspan", widest))}
                cells.append(said)
        while (number, len(cells)) in spanned:
            cells.append(spanned.pop((number, len(cells))))
        names = id(row) in in_head or (not in_head and not rows and all(name_of(cell) == "th" for cell in given))
        if any(cells):
            (head if names else rows).append(cells)
    return head, rows


def _span(cell: Element, side: str, widest: int) -> int:
    value = cell.get(side, "1").strip()
    return min(max(int(value), 1), widest) if value.isdecimal() and len(value) < 6 else 1
