"""The ontologies of $MEDMODEL_DATA: Human Disease Ontology (CC0), Human Phenotype Ontology, and its Chinese labels.

HPO's licence (free use, cite, no alteration) has no SPDX name: LicenseRef-HPO. The Chinese labels make one small document a
term, "身高异常：英文名 Abnormality of body height（HP:0000002）。", as a bridge between the languages.

    python -m data_build sources
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.sources.obo import terms_of
from data_build.sources.reading import Unreadable, csv_records, folder, members
from medmodel.records import Document, Source
from medmodel.registry import register

DISEASES = Source(
    id="doid",
    title="Human Disease Ontology",
    organization="Human Disease Ontology project",
    year=2026,
    date="2026-07-31",
    url="https://disease-ontology.org",
    licence="CC0-1.0",
    tier="none",
)
PHENOTYPES = Source(
    id="hpo",
    title="Human Phenotype Ontology",
    organization="HPO Consortium",
    year=2025,
    date="2025-01-16",
    url="https://hpo.jax.org",
    licence="LicenseRef-HPO",
    tier="none",
)
LABELS = PHENOTYPES.model_copy(
    update={"id": "hpo_zh", "title": "Human Phenotype Ontology: Chinese labels", "year": 2026, "date": "2026-08-14"}
)
COLUMNS = ("subject_id", "source_value", "translation_value")


@register("source", "doid")
def diseases() -> Iterator[Document | Unreadable]:
    """One document a disease, from three subsets that overlap. Raises InputError when the folder is missing."""
    yield from terms_of(folder("doid"), DISEASES)


@register("source", "hpo")
def phenotypes() -> Iterator[Document | Unreadable]:
    """One document a phenotype. Raises InputError when the folder is missing."""
    yield from terms_of(folder("hpo"), PHENOTYPES)


@register("source", "hpo-zh")
def labels() -> Iterator[Document | Unreadable]:
    """One document a label. Raises InputError when the folder is missing."""
    for member in members(folder("hpo-zh"), ".babelon.tsv"):
        for entry in [member] if isinstance(member, Unreadable) else csv_records(member, delimiter="\t"):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            number, english, chinese = (entry.value.get(column, "").strip() for column in COLUMNS)
            if not (number and english and chinese):
                yield Unreadable(
                    id=f"{member.id if isinstance(member, Unreadable) else member.name}:{entry.number}", reason="has no label"
                )
                continue
            yield Document(
                id=f"{LABELS.id}/{number.replace(':', '_')}",
                text=f"# {chinese}\n\n{chinese}：英文名 {english}（{number}）。",
                source=LABELS,
                domain="terminology",
                language="zh",
                attributes={"term": number},
            )
