"""Errors: one sentence each, an exit code for each branch, the nearest name for a wrong one."""

import pickle

import pytest

from medmodel import errors
from medmodel.errors import MedmodelError, ServerError, StreamInterrupted, UnknownName


def branches() -> list[type[MedmodelError]]:
    found = [MedmodelError]
    for error in found:
        found += error.__subclasses__()
    return found


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    error = UnknownName("retriever", "bm52", ["fusion", "dense", "bm25"])
    assert str(error) == "unknown retriever 'bm52'; known: bm25, dense, fusion — did you mean 'bm25'?"


def test_a_name_near_to_nothing_gets_no_guess_and_an_empty_folder_says_none() -> None:
    assert "did you mean" not in str(UnknownName("gate", "zzz", ["rises", "falls"]))
    assert str(UnknownName("gate", "zzz", [], "gates.yaml")) == "unknown gate 'zzz' in gates.yaml; known: none"


def test_the_tree_in_the_docstring_is_the_tree_there_is() -> None:
    assert errors.__doc__
    for error in branches():
        assert error.__name__ in errors.__doc__, f"{error.__name__} is not drawn"


def test_each_branch_under_the_root_has_an_exit_code_of_its_own_and_none_looks_like_success() -> None:
    codes = [error.exit_code for error in MedmodelError.__subclasses__()]
    assert len(set(codes)) == len(codes)
    assert not {0, 130} & {error.exit_code for error in branches()}


def test_exit_codes_are_those_that_scripts_rely_on() -> None:
    codes = {error.__name__: error.exit_code for error in MedmodelError.__subclasses__()}
    expected = {"InputError": 2, "ArtifactError": 3, "StageFailed": 4, "GateFailed": 5, "ReleaseRefused": 6, "EngineError": 7}
    assert codes == {**expected, "ServerError": 8}


def test_a_stream_that_breaks_carries_what_had_arrived() -> None:
    with pytest.raises(ServerError) as caught:
        raise StreamInterrupted("the stream ended early", partial="[3] Give")
    assert isinstance(caught.value, StreamInterrupted)
    assert caught.value.partial == "[3] Give"
    assert caught.value.status == 0


@pytest.mark.parametrize(
    "error",
    [UnknownName("gate", "rise", ["rises"]), StreamInterrupted("it ended", partial="[3]"), errors.InputError("no file")],
)
def test_an_error_of_another_process_arrives_as_it_was(error: MedmodelError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
