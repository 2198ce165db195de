"""What the tests of sources share: reading one by its name, and writing small files in publishers' formats."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

from data_build.sources.reading import Unreadable
from medmodel import registry
from medmodel.records import Document


def read(name: str, **options: Any) -> tuple[list[Document], dict[str, str]]:
    """The documents of a source, and why something else is none."""
    found = list(registry.get("source", name)(**options))
    return (
        [each for each in found if isinstance(each, Document)],
        {each.id: each.reason for each in found if isinstance(each, Unreadable)},
    )


def put(path: Path, content: str | bytes) -> Path:
    """Write a file, gzipped when its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def tar(path: Path, files: dict[str, str]) -> Path:
    """A .tar.gz of files by their paths in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def pdf(*contents: str, image: bool = False) -> bytes:
    """A PDF of one page for every content stream; with `image` each page can draw a picture of one grey point as /Im."""
    count = len(contents)
    first = 5  # the objects before the pages: catalogue, tree, font, picture
    kids = " ".join(f"{first + 2 * page} 0 R" for page in range(count))
    resources = "<</Font<</F1 3 0 R>>" + ("/XObject<</Im 4 0 R>>" if image else "") + ">>"
    picture = "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"{picture}\nstream\n0\nendstream",
    ]
    for page, content in enumerate(contents):
        at = f"{first + 2 * page + 1} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {at}/Resources{resources}>>")
        objects.append(f"<</Length {len(content)}>>\nstream\n{content}\nendstream")
    whole, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(whole))
        whole += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(whole)}\n%%EOF\n"
    return f"{whole}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


def drawn(*lines: str) -> str:
    """A page's content stream that writes these lines."""
    return f"BT /F1 12 Tf 14 TL 50 700 Td {' '.join(f'({line}) Tj T*' for line in lines)} ET"
