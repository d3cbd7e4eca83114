"""Every way to fail has its exit status and its word; the worst of several decides. Both are the scripts' contract."""

import itertools

import pytest

from csctool import errors
from csctool.errors import CscError, worst

#: class -> (exit status, word for scripts), as the contract lists them.
TABLE = {
    "CscError": (1, "unexpected"),
    "UsageError": (2, "usage"),
    "SettingsError": (2, "settings"),
    "NotFoundError": (3, "not-found"),
    "RefusedError": (4, "refused"),
    "NotPermittedError": (5, "not-permitted"),
    "BusyError": (6, "busy"),
    "StorageError": (7, "storage"),
    "DamagedError": (7, "damaged"),
    "PluginError": (8, "plugin"),
    "DeliveryError": (9, "delivery"),
    "DifferencesError": (10, "differences"),
}
ORDER = [1, 7, 6, 5, 8, 9, 4, 3, 2, 10, 0]


def family(of=CscError):
    yield of
    for child in of.__subclasses__():
        yield from family(child)


def test_every_error_of_the_tree_stands_in_the_table():
    import csctool.bootstrap
    import csctool.cli  # noqa: F401  (whoever adds an error of their own adds it to the tree)

    assert {kind.__name__: (kind.exit, kind.code) for kind in family()} == TABLE
    assert all(kind.__module__ == errors.__name__ for kind in family())


def test_each_status_is_somebodys():
    assert {exit for exit, _ in TABLE.values()} == set(range(1, 11))
    assert len({code for _, code in TABLE.values()}) == len(TABLE)


@pytest.mark.parametrize(("worse", "better"), list(itertools.pairwise(ORDER)))
def test_the_worst_status_wins_in_the_contracts_order(worse, better):
    assert worst([better, worse]) == worst([worse, better, better]) == worse


def test_nothing_wrong_is_status_0():
    assert worst([]) == 0


def test_an_error_says_what_happened_and_what_to_do():
    assert str(CscError("it broke", "mend it")) == "it broke; mend it"
    assert str(CscError("it broke")) == "it broke"


@pytest.mark.parametrize("kind", list(family()), ids=lambda kind: kind.__name__)
def test_each_error_ends_a_command_with_its_status_and_word(kind, csctool, monkeypatch):
    from csctool.desk.desk import Desk

    def fail(*_):
        raise kind("it broke", "mend it")

    monkeypatch.setattr(Desk, "show", fail)
    assert csctool("show", "DHS-1", status=kind.exit).err == "csctool: it broke; mend it\n"
    said = csctool("show", "DHS-1", "--format", "json", status=kind.exit)
    assert said.errors == [{"code": kind.code, "exit": kind.exit, "message": "it broke; mend it"}]


@pytest.mark.parametrize(("error", "status"), [
    (OSError(28, "No space left on device"), 7), (OSError(5, "Input/output error"), 7),
    (OSError(30, "Read-only file system"), 7), (PermissionError(13, "Permission denied"), 5),
    (PermissionError(1, "Operation not permitted"), 5), (ValueError("a\nb"), 1), (KeyError("x"), 1),
    (RecursionError(), 1), (MemoryError(), 1), (AssertionError(), 1), (SystemError("x"), 1),
], ids=lambda value: type(value).__name__)  # fmt: skip
def test_what_no_room_has_worded_itself_is_still_one_line(error, status, csctool, monkeypatch):
    from csctool.desk.desk import Desk

    def fail(*_):
        raise error

    monkeypatch.setattr(Desk, "show", fail)
    said = csctool.refused("show", "DHS-1", status=status)
    assert status != 1 or "report" in said
    assert csctool("show", "DHS-1", "--format", "json", status=status).errors[0]["exit"] == status


def test_a_bug_shows_its_traceback_to_those_who_ask(csctool, monkeypatch):
    from csctool.desk.desk import Desk

    monkeypatch.setattr(Desk, "show", lambda *_: {}["x"])
    monkeypatch.setenv("CSCTOOL_TRACEBACK", "1")
    said = csctool._run(("show", "DHS-1"), None, {})
    assert said.status == 1
    assert "Traceback" in said.err
