"""Automatic assignment: a queue in turn or by load, nobody who is away, whoever chose the queue."""

import pytest
from tests.plugins.helpers import rules

TEAM = """
[queues.radio]
tier = "2"
owner = "network-telecom"
members = ["bo", "cy", "di"]
assign = "{assign}"
[people.me]
user = "{user}"
roles = ["coordinator"]
[people.bo]
[people.cy]
away = ["2026-11-02..2026-11-03"]
[people.di]
"""


def staffed(desk, text):
    path = desk / "csctool.toml"
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize("way", ["named by who opens it", "found by a rule"])
def test_a_queue_in_turn_gives_tickets_to_its_members_and_to_nobody_who_is_away(csctool, me, way):
    staffed(csctool.desk, TEAM.format(assign="round-robin", user=me))
    words = ("--queue", "radio") if way.startswith("named") else ()
    rules(csctool.desk, "" if words else '[[route]]\nwhen = { kind = "incident" }\nqueue = "radio"\n')
    csctool.clock = "2026-11-02T09:00:00Z"
    tickets = [csctool.after("open", "No signal", "-a", "DHS", "--kind", "incident", *words) for _ in range(4)]
    assert [ticket["assignee"] for ticket in tickets] == ["bo", "di", "di", "bo"]
    assert {ticket["status"] for ticket in tickets} == {"assigned"}
    csctool.clock = "2026-11-04T09:00:00Z"
    assert csctool.after("open", "No signal", "-a", "DHS", "--kind", "incident", *words)["assignee"] == "cy"
    assert "round-robin in radio" in csctool("explain", "DHS-1").out
    assert csctool("plugin", "replay", "--format", "keys").out == "", "the past is what it was"
    given = csctool.after("open", "No signal", "-a", "DHS", "--kind", "incident", *words, "--to", "me")
    assert given["assignee"] == "me", "who is named takes it"


def test_a_queue_by_load_gives_a_ticket_to_whoever_has_least(csctool, me):
    staffed(csctool.desk, TEAM.format(assign="least-loaded", user=me))
    csctool.clock = "2026-11-02T09:00:00Z"
    csctool.open("old", "--to", "bo", agency="DOT")
    assert csctool.after("open", "No signal", "-a", "DHS", "--queue", "radio")["assignee"] == "di"
    assert csctool.after("open", "No signal", "-a", "DHS", "--queue", "radio")["assignee"] == "bo"
