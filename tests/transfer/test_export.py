"""Export → import gives the same desk, field by field, history, version and counters included."""

from pathlib import Path

import msgspec
import pytest

from csctool.desk.opening import NewTicket, open_ticket

from .world import World

WHOLE = msgspec.json.Encoder()


def worked(world: World) -> None:
    """A desk on which everything happened."""
    desk = world.desk()
    for n in range(6):
        given = {
            "subject": f"Voicemail {n} \u202e=1+1",
            "description": "line\nline\ttab „ü“",
            "fields": {"n": n, "x": [1]},
        }
        open_ticket(desk, NewTicket(given, agency="DHS" if n % 2 else "DOT"))
    desk.assign(["DHS-1"], person="bo")
    desk.hold(["DHS-1"], "vendor", None, None)
    desk.escalate(["DHS-2"], "too hard", to="apps")
    desk.give_back(["DHS-2"], "not ours")
    desk.resolve(["DOT-1"], "plugged in", minutes=5)
    desk.close(["DOT-1"], None)
    desk.reopen(["DOT-1"], "it is back")
    desk.cancel(["DOT-2"], "gone", None, "the carrier")


def exported(world: World) -> bytes:
    return b"".join(WHOLE.encode(ticket) + b"\n" for ticket in world.tickets())


@pytest.mark.parametrize(("old", "new"), [("memory", "tiny"), ("tiny", "memory")])
def test_an_exported_desk_is_the_same_desk_elsewhere(tmp_path: Path, old: str, new: str):
    (tmp_path / "b").mkdir()
    first, second = World(tmp_path, old, "DHS", "DOT"), World(tmp_path / "b", new, "DHS", "DOT")
    worked(first)
    text = exported(first)
    assert second.take(text).added == 6
    assert second.tickets() == first.tickets()
    assert exported(second) == text
    assert open_ticket(second.desk(), NewTicket({"subject": "next"}, agency="DHS")).ticket.key == "DHS-4"
    again = second.take(text)
    assert (again.added, again.known, again.rejected) == (0, 6, 0)


def test_a_ticket_that_went_on_since_the_export_is_not_set_back(tmp_path: Path):
    world = World(tmp_path, "tiny", "DHS", "DOT")
    worked(world)
    text = exported(world)
    world.desk().resume(["DHS-1"], None)
    taken = world.take(text)
    assert (taken.known, taken.rejected) == (5, 1)
    assert world.get("DHS-1").status == "assigned"


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        (b'"seq":2', b'"seq":3', "event 2 has the number 3"),
        (b'"number":1', b'"number":2', "is not number 2"),
        (b'"impact":3', b'"impact":0', "impact and urgency"),
        (b'"subject":"V', b'"topic":"V', "there is no `subject`"),
        (b'"seq":1,', b'"seq":1,"at":"2026-11-03T09:00:00Z",', "older than the one before"),
        (b'"version":3', b'"version":0', "version"),
        (b'"agency":"DHS"', b'"agency":"DHS","colour":1', "no field `colour`"),
    ],
)
def test_a_history_that_csctool_could_not_have_written_is_rejected(tmp_path: Path, was, becomes, reason):
    world, other = World(tmp_path, "memory", "DHS", "DOT"), World(tmp_path, "memory", "DHS", "DOT")
    worked(world)
    text = WHOLE.encode(world.get("DHS-1"))
    head, mark, rest = text.partition(was)
    assert mark
    broken = head + becomes + rest if b'"at"' not in becomes else head + becomes + rest.replace(b'"at":', b'"_":', 1)
    assert other.take(broken).rejected == 1
    assert reason in other.rejected[0].reason
    assert other.tickets() == []


@pytest.mark.parametrize(("was", "becomes", "reason"), [
    (b'"sla":{}', b'"sla":{"response":"soon"}', "sla: response: expected `object | null`, got `str`"),
    (b'"sla":{}', b'"sla":{"resolution":{"state":"late"}}', "sla: "),
    (b'"sla":{}', b'"sla":{"resolution":{"state":"running","due":"2026-10-05T09:00:00"}}', "sla: "),
    (b'"for":"vendor"', b'"for":7', "history: event 3: hold: "),
    (b'{"for":"vendor","until":null}', b'"vendor"', "history: event 3: hold: "),
    (b'"hold":[null', b'"clock":[null', "history: event 3: clock: "),
    (b'"hold":[null', b'"terms":[null', "history: event 3: terms: "),
])  # fmt: skip
def test_clocks_and_holds_that_csctool_could_not_read_again_are_rejected(tmp_path: Path, was, becomes, reason):
    """One such ticket would stop every list and sweep of its agency."""
    (tmp_path / "b").mkdir()
    first, second = World(tmp_path, "memory", "DHS", "DOT"), World(tmp_path / "b", "memory", "DHS", "DOT")
    worked(first)
    line = next(line for line in exported(first).splitlines() if line.startswith(b'{"key":"DHS-1"'))
    assert was in line
    taken = second.take(line.replace(was, becomes) + b"\n")
    assert (taken.added, taken.rejected) == (0, 1)
    assert reason in second.rejected[0].reason


def test_an_import_remembers_its_rows_through_an_export(tmp_path: Path):
    first, second = World(tmp_path, "memory", "DHS"), World(tmp_path, "memory", "DHS")
    rows = '{"agency":"DHS","subject":"a"}\n{"agency":"DHS","subject":"b","status":"closed"}\n'
    first.take(rows)
    second.take(exported(first))
    again = second.take(rows)
    assert (again.added, again.known) == (0, 2)
