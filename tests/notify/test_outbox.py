"""What a change causes to be told waits in the outbox, saved with the change, until it is delivered."""

import json

RULES = """
[[notify]]
when = { priority = "P1" }
on = ["opened"]
to = ["noc@example.gov"]
transport = "file"

[[notify]]
on = ["opened", "resolved"]
to = ["requester", "noc@example.gov"]
transport = "file"

[[notify]]
on = ["closed"]
to = ["requester"]
transport = "pigeon"
"""


def waiting(csctool):
    found = csctool("notify", "list", "--format", "json").json["notices"]
    return [(n["ticket"], n["event"], n["role"], n["to"]) for n in found]


def messages(desk):
    path = desk / "agencies" / "DHS" / "messages.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def rules(desk, text=RULES):
    (desk / "agencies" / "DHS" / "rules.toml").write_text(text)


def test_whom_a_rule_names_is_told_and_the_first_rule_that_fits_decides(csctool, desk):
    rules(desk)
    csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>")
    csctool.open("Fire", "-r", "Ann <ann@dhs.gov>", "--impact", "1", "--urgency", "1", "--kind", "incident")
    csctool.open("Elsewhere", "-r", "Ann <ann@dhs.gov>", agency="DOT")
    assert waiting(csctool) == [
        ("DHS-1", "opened", "requester", "Ann <ann@dhs.gov>"),
        ("DHS-1", "opened", "noc@example.gov", "noc@example.gov"),
        ("DHS-2", "opened", "noc@example.gov", "noc@example.gov"),
    ]


def test_what_waits_is_delivered_once_by_the_sweep_and_leaves_the_outbox(csctool, desk):
    rules(desk)
    csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>")
    csctool("resolve", "DHS-1", "--resolution", "Rebooted")
    assert csctool("sweep").lines == [
        "tell DHS-1: Ann <ann@dhs.gov> of opened, by file",
        "tell DHS-1: noc@example.gov of opened, by file",
        "tell DHS-1: Ann <ann@dhs.gov> of resolved, by file",
        "tell DHS-1: noc@example.gov of resolved, by file",
    ]
    assert csctool("sweep").out == ""
    assert waiting(csctool) == []
    assert [m["event"] for m in messages(desk)] == ["opened", "opened", "resolved", "resolved"]


def test_a_refused_change_and_a_dry_run_tell_nobody(csctool, desk):
    rules(desk)
    csctool("open", "x", "-a", "DHS", "-r", "ann@dhs.gov", "--dry-run")
    csctool.refused("close", csctool.open(agency="DOT"))
    assert waiting(csctool) == []
    csctool.open("No dial tone", "-r", "ann@dhs.gov")
    assert "would told" not in csctool("notify", "send", "--dry-run").out
    assert len(waiting(csctool)) == 2
    assert messages(desk) == []


def test_what_cant_be_delivered_stays_and_is_told(csctool, desk):
    rules(desk)
    key = csctool.open("No dial tone", "-r", "ann@dhs.gov", "--resolution", "Done", "--close")
    said = csctool("notify", "send", status=9)
    assert said.err == (
        f"csctool: {key}: ann@dhs.gov was not told: no such transport: pigeon; "
        "the next try is at 2026-11-02 09:00:55Z\n"
    )
    assert waiting(csctool) == [(key, "closed", "requester", "ann@dhs.gov")]


def test_a_rule_that_speaks_of_no_event_is_refused(csctool, desk):
    rules(desk, RULES.replace('"opened", "resolved"', '"openned"'))
    assert "did you mean `opened`?" in csctool.refused("open", "x", "-a", "DHS", status=2)
