"""The agenda in a file says what all tickets and messages say together, whatever was done and in which units."""

import tempfile
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from csctool.desk.ports import Store, Unit
from csctool.domain import lifecycle
from csctool.domain.agenda import Agenda
from csctool.domain.notice import Notice, identity
from csctool.storage.memory import MemoryStore
from csctool.storage.tiny import TinyStore

from .helpers import MONDAY, ended, opened, stamp

DEEDS = st.sampled_from(["open", "hold", "resolve", "end", "post", "drop", "resume", "close", "archive"])
HOURS = st.integers(1, 48)


def letter(number: int, hours: int) -> Notice:
    key = f"DHS-{number}"
    due = MONDAY + timedelta(hours=hours)
    return Notice(identity(key, 1, "file", "a@x"), key, 1, "opened", "op", "file", "a@x", "cc", "rule", MONDAY, due)


class Clerk:
    """Does the same at every store, so far as it can be done."""

    def __init__(self) -> None:
        self.last = 0
        self.held: list[int] = []
        self.resolved: list[int] = []
        self.letters: list[int] = []

    def do(self, deed: str, hours: int, unit: Unit) -> None:
        number = self.last + 1
        until = MONDAY + timedelta(hours=hours)
        if deed in ("open", "hold", "resolve", "end"):
            ticket = {
                "open": lambda: opened(number),
                "hold": lambda: lifecycle.hold(opened(number), stamp(0), "requester", until),
                "resolve": lambda: lifecycle.resolve(opened(number), stamp(hours), "done"),
                "end": lambda: ended(number, hours=hours),
            }[deed]()
            unit.put(ticket)
            self.last = number
            self.held += [number] * (deed == "hold")
            self.resolved += [number] * (deed == "resolve")
        elif deed == "post" and self.last:
            unit.post("DHS", [letter(self.last, hours)])
            self.letters.append(self.last)
        elif deed == "drop" and self.letters:
            unit.drop("DHS", {letter(self.letters.pop(), 1).id})
        elif deed == "resume" and self.held:
            unit.put(lifecycle.resume(unit.get(f"DHS-{self.held.pop()}"), stamp(49)))
        elif deed == "close" and self.resolved:
            unit.put(lifecycle.close(unit.get(f"DHS-{self.resolved.pop()}"), stamp(49)))


def play(store: Store, units: list[list[tuple[str, int]]]) -> list[Agenda]:
    store.create("DHS")
    clerk, agendas = Clerk(), []
    for deeds in units:
        with store.unit("DHS") as unit:
            for deed, hours in deeds:
                clerk.do(deed, hours, unit)
        if ("archive", 1) in deeds:
            store.archive("DHS")
        agendas.append(store.agenda("DHS") or Agenda())
    return agendas


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.tuples(DEEDS, HOURS), min_size=1, max_size=4), max_size=8))
def test_the_agenda_in_the_file_is_what_everything_waits_for(units):
    with tempfile.TemporaryDirectory() as place:
        found = play(TinyStore(f"{place}/desk", wait=1), units)
    assert found == play(MemoryStore(), units)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["open", "hold", "end", "post"]), HOURS), min_size=1, max_size=12))
def test_also_where_tickets_and_messages_are_only_added(deeds):
    units = [[deed] for deed in deeds]
    with tempfile.TemporaryDirectory() as place:
        found = play(TinyStore(f"{place}/desk", wait=1), units)
    assert found == play(MemoryStore(), units)
