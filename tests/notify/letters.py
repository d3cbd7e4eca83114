"""Letters to try words and mails on."""

from datetime import UTC, datetime

from csctool.desk.ports import Letter
from csctool.domain.lifecycle import open_ticket
from csctool.domain.notice import Notice, identity, name_of
from csctool.domain.organisation import AgencySettings, DeskSettings, Person, Queue, Service
from csctool.domain.ticket import Stamp, Ticket
from csctool.notify.words import Writer

NOON = datetime(2026, 11, 23, 18, 5, tzinfo=UTC)
SETTINGS = DeskSettings(
    name="Customer Service Center", timezone="America/Chicago",
    people={"ana": Person("Ana Ruiz", "Ana Ruiz <ana@csc.example.gov>"), "bo": Person(email="bo@csc.example.gov")},
    queues={"service-desk": Queue("1", "IT Service Desk", desk=True), "apps": Queue("2", "Applications")},
    services={"mail": Service("Electronic mail")},
)  # fmt: skip


def stamp(at=NOON, actor="ana"):
    return Stamp("20261123T180500Z-0badcafe", at, actor, actor)


def ticket(**fields):
    draft = {
        "key": "DHS-1042", "agency": "DHS", "number": 1042, "kind": "incident", "status": "queued",
        "subject": "Can't print cheques", "requester": "Ann Lee <ann@dhs.example.gov>", "priority": "P2",
        "queue": "service-desk", "tier": "1", "desk": "service-desk",
    }  # fmt: skip
    return open_ticket(Ticket(**{**draft, **fields}), stamp())


def letter(about=None, to="Ann Lee <ann@dhs.example.gov>", role="requester", **more):
    """The letter about a ticket's last event."""
    about = about or ticket()
    event = about.history[-1]
    known = identity(about.key, event.seq, "smtp", to)
    fields = {"rule": "built-in", "at": event.at, "due": event.at, "op": event.op, "transport": "smtp", **more}
    notice = Notice(id=known, ticket=about.key, seq=event.seq, event=name_of(event), to=to, role=role, **fields)
    return Letter(notice, about.agency, about, event)


def nothing(directory, name):
    raise FileNotFoundError(name)


def writer(locale="en", **settings):
    """One who writes with the words that csctool brings."""
    import msgspec

    desk = msgspec.structs.replace(SETTINGS, locale=locale, **settings)
    return Writer("/nowhere", desk, lambda key: AgencySettings(name="Human Services", locale=locale), nothing)
