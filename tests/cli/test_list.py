"""Looking: every filter of `list` with a ticket it finds and one it leaves out, times, order, columns, search."""

import pytest


@pytest.fixture
def full(csctool, staff):
    """Five tickets of two agencies; the clock ends at Thursday 5 November 2026, 18:00 UTC."""
    csctool.clock = "2026-11-02T15:00:00Z"  # Monday 09:00 in Chicago
    csctool.open("Voicemail full", "--kind", "incident", "-r", "Ann Lee <ann@x.gov>", "-s", "voicemail", "--category",
                 "telecom/voice/voicemail", "--to", "ana", "-c", "phone")  # fmt: skip
    csctool.open(
        "New phone", "--kind", "request", "-r", "Ben", "-q", "network-telecom", "-d", "An ÄRGER with the old one"
    )
    csctool.clock = "2026-11-03T15:00:00Z"
    csctool.open("Mail down", "--kind", "incident", "-p", "P1", "-q", "apps", "-c", "email", agency="DOT")
    csctool("triage", "DOT-1", "--due", "2026-11-04T17:00:00Z", "--reason", "agreed", "--owner", "cy")
    csctool("triage", "DHS-2", "--due", "2026-11-06T17:00:00Z", "--reason", "agreed")
    csctool.open("Password", agency="DOT")
    csctool("resolve", "DOT-2", "--resolution", "Reset it")
    csctool.clock = "2026-11-04T15:00:00Z"
    csctool.open("Typo", "--resolution", "none", "--close")
    csctool("note", "DHS-1", "Checked the Zeppelin line")
    csctool.clock = "2026-11-05T18:00:00Z"
    return csctool


LIVE = {"DHS-1", "DHS-2", "DOT-1", "DOT-2"}
FOUND = {
    ("--all",): LIVE | {"DHS-3"},
    (): LIVE,
    ("--agency", "dot"): {"DOT-1", "DOT-2"},
    ("-a", "DHS", "-a", "DOT"): LIVE,
    ("--status", "resolved"): {"DOT-2"},
    ("--status", "closed"): {"DHS-3"},
    ("--status", "open"): {"DHS-1", "DHS-2", "DOT-1"},
    ("--kind", "incident"): {"DHS-1", "DOT-1"},
    ("--kind", "incident", "--kind", "request"): {"DHS-1", "DHS-2", "DOT-1"},
    ("--queue", "network-telecom"): {"DHS-2"},
    ("--my-queues",): {"DHS-1", "DOT-2"},
    ("--desk-queue", "network-telecom"): {"DHS-2"},
    ("--desk-queue", "service-desk"): {"DHS-1", "DOT-1", "DOT-2"},
    ("--owner", "cy"): {"DOT-1"},
    ("--assignee", "ana"): {"DHS-1"},
    ("--mine",): {"DHS-1"},
    ("--unassigned",): {"DHS-2", "DOT-1", "DOT-2"},
    ("--priority", "P1"): {"DOT-1"},
    ("--tier", "2"): {"DOT-1"},
    ("--service", "voicemail"): {"DHS-1"},
    ("--service", "voice*"): {"DHS-1"},
    ("--category", "telecom"): {"DHS-1"},
    ("--category", "telecom/*/voicemail"): {"DHS-1"},
    ("--category", "tele"): set(),
    ("--requester", "ann"): {"DHS-1"},
    ("--flag", "callback-required"): {"DOT-1"},
    ("--opened", "2026-11-02"): {"DHS-1", "DHS-2"},
    ("--opened", "2026-11-03..2026-11-04"): {"DOT-1", "DOT-2"},
    ("--opened", "2026-11"): LIVE,
    ("--opened", "2026-10"): set(),
    ("--opened", "last-month"): set(),
    ("--opened", "this-week"): LIVE,
    ("--opened", "2d"): set(),
    ("--opened", "3d"): {"DOT-1", "DOT-2"},
    ("--opened", "yesterday", "--all"): {"DHS-3"},
    ("--opened", "..2026-11-02"): {"DHS-1", "DHS-2"},
    ("--resolved", "2026-11-03"): {"DOT-2"},
    ("--closed", "2026-11-04"): {"DHS-3"},
    ("--closed", "2026-11-03"): set(),
    ("--due", "2026-11-04"): {"DOT-1"},
    ("--due", "2026-11-04..2026-11-06"): {"DOT-1", "DHS-2"},
    ("--breached",): {"DOT-1"},
    ("--text", "VOICEMAIL"): {"DHS-1"},
    ("--text", "ärger"): {"DHS-2"},
    ("--kind", "incident", "--agency", "DHS"): {"DHS-1"},
}


def test_each_filter_finds_what_it_should_and_leaves_out_the_rest(full):
    for words, keys in FOUND.items():
        assert set(full("list", *words, "--format", "keys").lines) == keys, words


def test_the_most_urgent_comes_first(full):
    assert full("list", "--format", "keys").lines == ["DOT-1", "DHS-2", "DHS-1", "DOT-2"]
    assert full("list", "--sort", "key", "--format", "keys").lines == ["DHS-1", "DHS-2", "DOT-1", "DOT-2"]
    assert full("list", "--sort", "-key", "--format", "keys").lines == ["DOT-2", "DOT-1", "DHS-2", "DHS-1"]
    assert full("list", "--sort", "subject", "--format", "keys").lines[0] == "DOT-1"
    assert "did you mean" in full.refused("list", "--sort", "subjct", status=2)


def test_columns_and_limit(full):
    said = full("list", "--columns", "key, subject", "--format", "csv", "--limit", "2")
    assert said.lines == ["key,subject", "DOT-1,Mail down", "DHS-2,New phone"]
    assert len(full("list", "--limit", "0").lines) == 2 + 4
    for words in (("--columns", "key,nope"), ("--columns", ""), ("--limit", "-1"), ("--limit", "many")):
        full.refused("list", *words, status=2)


def test_search_wants_all_the_words_in_any_case_anywhere(full):
    for words, keys in {
        ("zeppelin",): ["DHS-1"], ("ZEPPELIN", "voicemail"): ["DHS-1"], ("zeppelin", "phone"): [],
        ("Ann Lee",): ["DHS-1"], ("reset it",): ["DOT-2"], ("typo",): [], ("typo", "--all"): ["DHS-3"],
        ("ärger",): ["DHS-2"],
    }.items():  # fmt: skip
        assert full("search", *words, "--format", "keys").lines == keys, words
    full.refused("search", status=2)


def test_a_thousand_tickets_in_a_pipe_are_not_cut(csctool, desk):
    keys = [csctool.open(f"{'long ' * 60}{n}") for n in range(60)]
    said = csctool("list")
    assert len(said.lines) == 2 + len(keys)
    assert said.lines[-1].rstrip().endswith("59")
    assert "…" not in said.out
    assert "\x1b" not in said.out


def test_a_queue_that_only_imported_tickets_are_in_can_be_asked_for(csctool, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"key": "DHS-7", "subject": "Old trouble", "queue": "Group 70", "status": "queued"}\n')
    csctool("import", str(rows))
    assert csctool("list", "--queue", "Group 70", "--format", "keys").lines == ["DHS-7"]
    assert "no such queue: 'Group 71'" in csctool("list", "--queue", "Group 71", status=3).err
