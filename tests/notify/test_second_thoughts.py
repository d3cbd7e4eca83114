"""A message that still waits can be held back, or taken back for good."""

import pytest

RULES = '[[notify]]\non = ["opened"]\nto = ["noc@x.gov", "chief@x.gov"]\ntransport = "file"\n'


@pytest.fixture
def waits(csctool, desk):
    (desk / "agencies" / "DHS" / "rules.toml").write_text(RULES)
    return csctool.open()


def outbox(csctool):
    return {n["to"]: n for n in csctool("notify", "list", "--format", "json").json["notices"]}


def test_a_held_message_waits_until_it_is_let_go(csctool, waits):
    csctool("notify", "hold", outbox(csctool)["noc@x.gov"]["id"])
    csctool("notify", "send")
    assert {to: n["state"] for to, n in outbox(csctool).items()} == {"noc@x.gov": "held"}
    csctool("notify", "retry", "--held")
    assert len(csctool("notify", "send").lines) == 1
    assert outbox(csctool) == {}


def test_a_recalled_message_reaches_nobody_and_a_dry_run_recalls_nothing(csctool, waits):
    csctool("notify", "recall", waits, "--dry-run")
    assert len(outbox(csctool)) == 2
    csctool("notify", "recall", waits)
    assert outbox(csctool) == {}
    assert csctool("notify", "send").out == ""
