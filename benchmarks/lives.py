"""Tickets by the hundred thousand: a few dozen lives are led through the real verbs, and then written out with other
keys, people, words and times.

What lies on disk is therefore what csctool itself would have written; only the verbs are not run again for each ticket.
"""

import random
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks import organisation
from csctool.bootstrap import Wishes, open_desk
from csctool.desk.core import Actor
from csctool.desk.desk import Desk
from csctool.desk.opening import NewTicket, open_ticket
from csctool.domain.ticket import Ticket
from csctool.storage import codec

EVENTS = 6
AGENCY = "QQAGENCYQQ"
NUMBER = 987654000
CLIENT, ROOM = "Qclient Qname", "Q417Q"
#: The moments of a life that is led as a template, on a Monday morning: no real ticket has them, and no promise falls
#: on one of them.
MOMENTS = [datetime(1999, 1, 4, 9, tzinfo=UTC) + step * timedelta(minutes=7, seconds=11) for step in range(EVENTS)]
_ELSEWHEN = re.compile(rb"1999-\d\d-\d\dT\d\d:\d\d:\d\dZ")

#: subject, what was said, what was answered. ROOM is replaced.
TALES = (
    ("Voicemail light stays on in room {}", "Light is on though there are no new messages. Tried the handset twice.",
     "Mailbox rebuilt, light tested with the client."),
    ("No dial tone on desk phone, room {}", "Phone is dead since this morning; the one next to it works. Cable is in.",
     "Port moved to another card; dial tone confirmed by the client."),
    ("Site is offline, router {}", "Nobody at the site gets out. Carrier was called, ticket open with them.",
     "Carrier repaired the local loop; all hosts answer again."),
    ("Wireless drops in meeting room {}", "Connection breaks every few minutes during video calls, several people.",
     "Access point replaced, channel plan corrected."),
    ("Printer {} jams at the paper tray", "Jams on every second page from tray 2. Toner is new, other trays are fine.",
     "Pick-up roller replaced, 50 pages printed."),
    ("Password reset, room {}", "Locked out after the holiday. Identity verified by date of birth and supervisor.",
     "Password reset, client signed on during the call."),
    ("New employee starts Monday in room {}", "Needs account, mailbox, telephone and the standard software package.",
     "Account made, equipment delivered and tested."),
    ("Remote access fails from home, client {}", "Error 809 at connecting; worked last week. Restarted the router.",
     "Certificate renewed on the client; connection tested for ten minutes."),
    ("Laptop {} shows a blue screen", "Stops at start-up with a blue screen since the last update. Data are safe.",
     "Driver rolled back, update blocked for this model."),
    ("Case management: eligibility screen {} is empty", "The screen opens without fields for some clients only.",
     "Index rebuilt overnight by the vendor; screens checked with two clients."),
    ("Question about shared calendars ({})", "Wants to know how to let a colleague see the calendar read-only.",
     "Explained sharing, sent the two-page guide."),
    ("File share {} is slow", "Opening a spreadsheet takes minutes in the morning, everybody in the unit has it.",
     "Antivirus scan moved to the night; opening takes two seconds."),
)  # fmt: skip
CHANNELS = ("phone", "phone", "phone", "email", "portal", "walk-in", "chat", "monitoring")


class Template(NamedTuple):
    """A led life as JSON with holes, the status in which it ended, and how long after its opening other times lie."""

    status: str
    text: bytes
    offsets: Sequence[int]


class Filling(NamedTuple):
    """What goes into the holes."""

    agency: str
    number: int
    client: str
    room: str
    at: Sequence[datetime]


def templates() -> list[Template]:
    """The led lives, the same every time: for each tale one that ended and one that goes on."""
    with tempfile.TemporaryDirectory(prefix="csctool-lives-") as root:
        desk = _stage(root)
        lives = (_lead(desk, at, ended) for at in range(len(TALES)) for ended in (True, False))
        return [_template(ticket) for ticket in lives]


def filled(template: Template, filling: Filling) -> bytes:
    """The document of one ticket."""
    holes: dict[bytes, Any] = {
        b"agency": filling.agency.encode(),
        b"number": filling.number,
        b"client": filling.client.encode(),
        b"mail": f"{filling.client.replace(' ', '.').lower()}@{filling.agency.lower()}.example.gov".encode(),
        b"room": filling.room.encode(),
    }
    for step, at in enumerate(filling.at):
        text = _text(at)
        holes[b"t%d" % step] = text
        # An operation is named after its time; the eight digits are as many as csctool's own.
        holes[b"o%d" % step] = b"%s-%08x" % (text.translate(None, b"-:"), filling.number * 8 + step & 0xFFFFFFFF)
    for seconds in template.offsets:
        holes[b"+%d" % seconds] = _text(filling.at[0] + timedelta(seconds=seconds))
    return bytes(codec.sealed(codec.decode(msgspec.Raw(template.text % holes))))


def times(chance: random.Random, opened: datetime, ended: datetime) -> list[datetime]:
    """Six moments in order, the first and the last given."""
    length = (ended - opened).total_seconds()
    parts = sorted(chance.random() ** 2 for _ in range(EVENTS - 2))
    return [opened, *(opened + timedelta(seconds=int(length * part)) for part in parts), ended]


def _stage(root: str) -> Desk:
    """A small desk with the reference settings, on which the templates live."""
    place = Path(root, "agencies", AGENCY)
    place.mkdir(parents=True)
    Path(root, "csctool.toml").write_text(organisation.desk_text())
    Path(root, "rules.toml").write_text(organisation.rules_text())
    (place / "agency.toml").write_text(organisation.agency_text(AGENCY))
    desk = open_desk(Wishes(desk=root, now="1999-01-04T09:00:00Z"))
    desk.actor = Actor("ana", "ana")
    desk.store.create(AGENCY)
    with desk.store.unit(AGENCY) as unit:
        unit.raise_to(AGENCY, "number", NUMBER)
    return desk


def _lead(desk: Desk, at: int, ended: bool) -> Ticket:
    """Six verbs: opened, given to somebody, and on to the end or to where a live ticket stands today."""
    subject, said, answer = TALES[at]
    person, colleague = organisation.members(at % 4)[:2]
    _moment(desk, 0)
    new = NewTicket(
        {"subject": subject.format(ROOM), "description": said, "requester": f"{CLIENT} <{CLIENT}@{AGENCY}.example.gov>",
         "phone": "+1 217 555 0142", "channel": CHANNELS[at % len(CHANNELS)], "kind": "incident",
         "impact": 1 + at % 3, "urgency": 2 + at % 2},
        agency=AGENCY,
    )  # fmt: skip
    key = [open_ticket(desk, new).ticket.key]
    _moment(desk, 1)
    desk.assign(key, person=person)
    _moment(desk, 2)
    desk.start(key)
    _moment(desk, 3)
    desk.note(key, "Called the client back: happens since last week, also to a colleague.", public=True)
    return _finish(desk, key, answer) if ended else _carry_on(desk, key, at, colleague)


def _finish(desk: Desk, key: list[str], answer: str) -> Ticket:
    _moment(desk, 4)
    desk.resolve(key, answer, minutes=20)
    _moment(desk, 5)
    return desk.close(key, None).tickets[0]


def _carry_on(desk: Desk, key: list[str], at: int, colleague: str) -> Ticket:
    """A third is on hold, a third was escalated, a third has a new assignee."""
    _moment(desk, 4)
    if at % 3 == 0:
        desk.note(key, "Asked for the model and the serial number.", public=True)
        _moment(desk, 5)
        return desk.hold(key, "requester", None, "until the client answers").tickets[0]
    if at % 3 == 1:
        desk.diagnose(key, "configuration", "found in the log")
        _moment(desk, 5)
        return desk.escalate(key, "needs the owner of the system", to="server").tickets[0]
    desk.note(key, "Shift ends, handed over by phone.")
    _moment(desk, 5)
    return desk.assign(key, person=colleague, reason="next shift").tickets[0]


def _moment(desk: Desk, step: int) -> None:
    desk.clock = lambda: MOMENTS[step]
    desk.op = f"Qop{step}Q"


def _template(ticket: Ticket) -> Template:
    """The ticket's JSON as a template for `%` with a mapping. Promised times keep their distance from the opening."""
    text = bytes(codec.encode(ticket)).replace(b"%", b"%%")
    text = text.replace(f"{CLIENT}@{AGENCY}.example.gov".encode(), b"%(mail)b")
    text = text.replace(CLIENT.encode(), b"%(client)b").replace(ROOM.encode(), b"%(room)b")
    text = text.replace(b"%d" % ticket.number, b"%(number)d").replace(AGENCY.encode(), b"%(agency)b")
    for step, at in enumerate(MOMENTS):
        text = text.replace(_text(at), b"%%(t%d)b" % step)
        text = text.replace(f"Qop{step}Q".encode(), b"%%(o%d)b" % step)
    offsets = set()
    for found in set(_ELSEWHEN.findall(text)):
        seconds = int((datetime.fromisoformat(found.decode()) - MOMENTS[0]).total_seconds())
        text = text.replace(found, b"%%(+%d)b" % seconds)
        offsets.add(seconds)
    return Template(ticket.status, text, sorted(offsets))


def _text(at: datetime) -> bytes:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()
