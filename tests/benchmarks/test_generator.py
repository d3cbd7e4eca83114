"""The benchmarks' desks: the same every time, and such that csctool reads them as its own."""

import json

from benchmarks import desks, lives, organisation
from csctool.bootstrap import Wishes, open_desk
from csctool.domain.query import Query
from csctool.settings.audit import audit


def test_the_smallest_desk_is_whole_and_the_same_every_time(tmp_path, monkeypatch):
    monkeypatch.setitem(desks.SIZES, "tiny", 80 * 25)
    first, again = desks.desk("tiny", tmp_path / "a"), desks.desk("tiny", tmp_path / "b")

    assert audit(str(first.root))[1] == []
    found = list(open_desk(Wishes(desk=str(first.root))).find(Query(everything=True)))
    assert len(found) == 80 * 25
    assert len([ticket for ticket in found if ticket.live]) == 80
    assert {len(ticket.history) for ticket in found} == {lives.EVENTS}
    assert all(json.loads(path.read_bytes()) for path in first.root.rglob("*.json"))
    for path in first.root.rglob("*.json"):
        assert path.read_bytes() == (again.root / path.relative_to(first.root)).read_bytes()


def test_a_generated_ticket_was_led_through_the_verbs(tmp_path, monkeypatch):
    monkeypatch.setitem(desks.SIZES, "tiny", 80 * 25)
    made = desks.desk("tiny", tmp_path)
    desk = open_desk(Wishes(desk=str(made.root)))

    ended = desk.show(made.closed[:1]).tickets[0]
    assert [event.verb for event in ended.history] == ["open", "assign", "start", "note", "resolve", "close"]
    assert ended.opened_at < ended.resolved_at < ended.closed_at == ended.history[-1].at
    assert len(organisation.agencies()) == len(set(organisation.agencies())) == organisation.AGENCIES

    going = desk.assign(made.live[:1], person="ana")
    assert going.failures == []
