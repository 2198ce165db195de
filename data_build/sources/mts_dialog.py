"""MTS-Dialog (Ben Abacha et al., EACL 2023; CC BY 4.0): visits in words, each with one section of the clinical note.

Training and validation set, 1,301 pairs. The two test sets are the tests of MEDIQA-Chat and MEDIQA-Sum 2023 and are left
out: who reports on them must not have trained on them. The user shows the visit and asks for the section by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_build.dialogue import render
from data_build.shapes import Misfit, Row, asked_and_said, field
from data_build.sources.reading import Unreadable, csv_records
from data_build.sources.rows import documents, files_of, left_out
from medmodel.records import Document, Source
from medmodel.registry import register

SOURCE = Source(
    id="mts-dialog",
    title="MTS-Dialog: doctor-patient dialogues with note sections",
    organization="Microsoft Health AI",
    year=2023,
    date="2025-05-30",
    url="https://github.com/abachaa/MTS-Dialog",
    licence="CC-BY-4.0",
    tier="none",
)
FILES = ("Main-Dataset/MTS-Dialog-TrainingSet.csv", "Main-Dataset/MTS-Dialog-ValidationSet.csv")
LEFT_OUT = {
    "Main-Dataset/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv": "a published test set (MEDIQA-Chat 2023)",
    "Main-Dataset/MTS-Dialog-TestSet-2-MEDIQA-Sum-2023.csv": "a published test set (MEDIQA-Sum 2023)",
}
# the headers of the data set, as its paper spells them out (table 1)
SECTIONS = {
    "FAM/SOCHX": "Family and social history",
    "GENHX": "History of present illness",
    "PASTMEDICALHX": "Past medical history",
    "CC": "Chief complaint",
    "PASTSURGICAL": "Past surgical history",
    "ALLERGY": "Allergies",
    "ROS": "Review of systems",
    "MEDICATIONS": "Medications",
    "ASSESSMENT": "Assessment",
    "EXAM": "Examination",
    "DIAGNOSIS": "Diagnosis",
    "DISPOSITION": "Disposition",
    "PLAN": "Plan",
    "EDCOURSE": "Emergency department course",
    "IMMUNIZATIONS": "Immunizations",
    "IMAGING": "Imaging",
    "GYNHX": "Gynecologic history",
    "PROCEDURES": "Procedures",
    "OTHER_HISTORY": "Other history",
    "LABS": "Laboratory results",
}


@register("source", "mts-dialog")
def read() -> Iterator[Document | Unreadable]:
    for member in files_of("mts-dialog", *FILES):
        yield from documents(member, SOURCE, note, domain="note", read=csv_records)
    yield from left_out("mts-dialog", LEFT_OUT)


def note(row: Row) -> str:
    """The visit with the request for one section, and the section."""
    header, section = field(row, "section_header").strip(), field(row, "section_text").strip()
    visit = "\n".join(line.strip() for line in field(row, "dialogue").strip().split("\n"))
    if header not in SECTIONS or not section or not visit:
        raise Misfit("has no dialogue, no section text, or a section that the data set does not name")
    return render(asked_and_said(f'Write the section "{SECTIONS[header]}" of the clinical note.\n\n{visit}', section))
