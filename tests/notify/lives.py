"""Tickets with a past, in any words, and every event that can be told."""

from datetime import timedelta

from hypothesis import strategies as st

from csctool.domain import lifecycle
from csctool.domain.handover import escalate, give_back
from csctool.domain.lifecycle import record
from csctool.domain.notice import NAMES
from csctool.domain.sample import sample
from csctool.domain.ticket import Due
from csctool.domain.words import CHANNELS, HOLD_CAUSES, KINDS, PRIORITIES

from .letters import NOON, stamp, ticket

WORDS = st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace").decode())
SAID = st.one_of(
    WORDS.filter(str.strip), st.sampled_from(["Line one\nline two\n\n> quoted\n-- \n  Label: value", "x" * 500])
)
TIMES = st.one_of(st.none(), st.integers(-5, 500).map(lambda hours: NOON + timedelta(hours=hours)))
VERBS = st.sampled_from(
    ["start", "hold", "note", "internal", "answer", "escalate", "return", "resolve", "reopen", "due"]
)


@st.composite
def lives(draw, secret=None):
    """A ticket after a few steps. With a `secret` everything that technicians write for each other holds it."""
    inside = secret or draw(SAID)
    found = ticket(
        subject=draw(SAID), kind=draw(st.sampled_from(KINDS)), priority=draw(st.sampled_from(PRIORITIES)),
        channel=draw(st.sampled_from((None, *CHANNELS))), description=draw(st.one_of(st.none(), SAID)),
        requester=draw(st.sampled_from([None, "Ann Lee <ann@dhs.gov>", "ann@dhs.gov", "Ann, 555-0100"])),
        affected=draw(st.sampled_from([None, "Bob <bob@dhs.gov>"])),
        service=draw(st.sampled_from([None, "mail", "fax"])),
        category=draw(st.sampled_from([None, "a/b"])), due=Due(draw(TIMES), draw(TIMES)),
        flags=draw(st.sampled_from([(), ("callback-required",)])), fields=draw(st.sampled_from([{}, {"site": "HQ"}])),
    )  # fmt: skip
    for verb in draw(st.lists(VERBS, max_size=4)):
        found = _step(draw, found, verb, inside)
    return found


def _step(draw, found, verb, inside):
    at = stamp()
    if verb == "note":
        return lifecycle.note(found, at, draw(SAID), public=True)
    if verb == "internal":
        return lifecycle.note(found, at, inside)
    if verb == "answer":
        return lifecycle.note(found, at, draw(SAID), from_requester=True)
    if verb == "due":
        return record(found, at, "triage", {"due": Due(None, draw(TIMES))}, note=inside)
    if verb == "reopen":
        return lifecycle.reopen(found, at, inside, until=None) if found.status == "resolved" else found
    if not found.open:
        return found
    if verb == "start":
        return lifecycle.start(found, at, note=inside) if found.status == "queued" else found
    if verb == "hold":
        return lifecycle.hold(found, at, draw(st.sampled_from(HOLD_CAUSES)), draw(TIMES.filter(_later)), note=inside)
    if verb == "escalate":
        return escalate(found, at, inside, queue="apps", tier="2")
    if verb == "return":
        return give_back(found, at, inside, tier="1") if found.queue == "apps" else found
    diagnosed = lifecycle.diagnose(found, at, inside)
    return lifecycle.resolve(diagnosed, at, draw(SAID), internal=inside)


def _later(at):
    return at is None or at > NOON


def happenings(found):
    """Every event of the past, and one more of each kind after it, as tickets that end with it."""
    from csctool.domain.past import ticket_after

    yield from (ticket_after(found, seq) for seq in range(1, len(found.history) + 1))
    yield from (sample(found, stamp(), name) for name in NAMES.values())
