"""The same recognisers as a presidio AnalyzerEngine, for those who have one already.

The flow does not use it: presidio walks a text once per recogniser and through spaCy's tokens. Its language engine is a
blank one here, since the default fetches a model.
"""

from __future__ import annotations

from typing import Any

from medmodel.phi.names import NameModel


def engine(names: NameModel | None = None) -> Any:
    """An AnalyzerEngine for "en" and "zh" whose entities are our kinds in capitals."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    from medmodel.phi import KINDS, find

    class Blank(NlpEngine):  # type: ignore[misc]
        def load(self) -> None: ...

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:
            doc = spacy.blank("xx")("")
            return NlpArtifacts(entities=[], tokens=doc, tokens_indices=[], lemmas=[], nlp_engine=self, language=language)

        def process_batch(self, texts: Any, language: str, **kwargs: Any) -> Any:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            return False

        def is_punct(self, word: str, language: str) -> bool:
            return False

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en", "zh"]

    class Ours(EntityRecognizer):  # type: ignore[misc]
        def load(self) -> None: ...

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
            return [
                RecognizerResult(entity_type=one.kind.upper(), start=one.start, end=one.end, score=one.score)
                for one in find(text, names)
                if one.kind.upper() in entities
            ]

    kinds = [kind.upper() for kind in KINDS]
    registry = RecognizerRegistry(
        recognizers=[Ours(supported_entities=kinds, name=f"medmodel-{code}", supported_language=code) for code in ("en", "zh")],
        supported_languages=["en", "zh"],
    )
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en", "zh"])
