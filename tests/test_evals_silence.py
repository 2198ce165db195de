"""One guideline left out: its passages are not found, all others are, and the fit finds what separates."""

from pathlib import Path

import numpy as np
import pytest

from evals.silence import Without, logistic
from medmodel import registry
from medmodel.rag.index import Index, build_index
from medmodel.records import Document, Source


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder: Path = tmp_path_factory.mktemp("index")
    documents = []
    for name, text in (("gout", "The urate target in gout is 6 mg/dL."), ("bone", "Denosumab is not to be paused.")):
        source = Source(id=name, title=name, licence="MIT", tier="guideline")
        documents.append(Document(id=f"{name}/1", text=f"# {name}\n\n{text}\n", source=source, domain="guideline"))
    build_index(documents, folder)
    return Index.open(folder)


def test_what_is_left_out_is_not_found_and_the_rest_is(index: Index) -> None:
    view = Without(index, "gout")
    found = registry.get("retriever", "fusion")(index=view, k=5).invoke("What is the urate target in gout?")
    assert [hit.metadata["passage"].source.id for hit in found] == ["bone"]
    assert set(view.passages) == {"bone/1#0"}


def test_the_weights_separate_what_a_feature_separates() -> None:
    x = np.array([[0.1, 5.0], [0.2, 3.0], [0.8, 4.0], [0.9, 5.0]])
    weights = logistic(x, np.array([0.0, 0.0, 1.0, 1.0]))
    chances = 1 / (1 + np.exp(-(x @ weights[:-1] + weights[-1])))
    assert (chances > 0.5).tolist() == [False, False, True, True]
    assert abs(weights[0]) > abs(weights[1])
