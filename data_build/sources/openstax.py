"""Three OpenStax textbooks as Markdown (a conversion of 2018): anatomy and physiology, microbiology, psychology.

One document a module, which is a section of a chapter. The text is as published, kramdown and HTML included: the step
`clean` makes it plain. The licence is the one the LICENSE.txt beside the text states; the books themselves have moved to 4.0.

    python -m data_build sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from data_build.sources.reading import Unreadable, folder, members, text_of
from medmodel.records import Document, Source
from medmodel.registry import register

BOOKS = {
    "openstax-anatomy-md": Source(
        id="openstax_anatomy",
        title="Anatomy and Physiology",
        organization="OpenStax",
        year=2013,
        url="https://openstax.org/details/books/anatomy-and-physiology",
        licence="CC-BY-3.0",
        tier="textbook",
    ),
    "openstax-microbiology-md": Source(
        id="openstax_microbiology",
        title="Microbiology",
        organization="OpenStax",
        year=2016,
        url="https://openstax.org/details/books/microbiology",
        licence="CC-BY-3.0",
        tier="textbook",
    ),
    "openstax-psychology-md": Source(
        id="openstax_psychology",
        title="Psychology",
        organization="OpenStax",
        year=2014,
        url="https://openstax.org/details/books/psychology",
        licence="CC-BY-3.0",
        tier="textbook",
    ),
}


def read(name: str) -> Iterator[Document | Unreadable]:
    """One document a module. Raises InputError when the folder is missing."""
    for member in members(folder(name), ".md"):
        text = member if isinstance(member, Unreadable) else text_of(member)
        if isinstance(text, Unreadable):
            yield text
            continue
        module = re.sub(r".*/|\.md$", "", getattr(member, "name", ""))
        yield Document(id=f"{BOOKS[name].id}/{module}", text=text, source=BOOKS[name], domain="textbook")


for book in BOOKS:
    register("source", book)(partial(read, book))
