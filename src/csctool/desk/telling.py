"""Who is told of a change: words of rules and plugins become addresses, and messages become notices in the outbox."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from csctool.desk.ports import Told
from csctool.domain.notice import Notice, identity, name_of
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Event, Ticket


def notices(
    settings: DeskSettings, agency: AgencySettings, ticket: Ticket, event: Event, said: Iterable[Told]
) -> Iterator[Notice]:
    """The notices of one event; each address once a transport, whoever wants it told."""
    seen: set[str] = set()
    for told in said:
        due = event.at if told.after is None else max(event.at, told.after.astimezone(UTC).replace(microsecond=0))
        for role, address in recipients(settings, agency, ticket, told.to):
            known = identity(ticket.key, event.seq, told.transport, address)
            if known not in seen:
                seen.add(known)
                yield Notice(
                    known, ticket.key, event.seq, name_of(event), event.op, told.transport, address, role, told.rule,
                    event.at, due, told.template, told.subject, told.text,
                )  # fmt: skip


def recipients(settings: DeskSettings, agency: AgencySettings, ticket: Ticket, word: str) -> Iterator[tuple[str, str]]:
    """Whom a word of a rule means, as (role, address): a role of the ticket, a person, a queue, or an address as it is.

    Who has no address is left out: nothing can be sent there.
    """
    people = settings.people
    if word in ("requester", "affected"):
        found = [getattr(ticket, word)]
    elif word == "cc":
        found = list(ticket.cc)
    elif word in ("assignee", "owner"):
        name = getattr(ticket, word)
        found = [people[name].email] if name in people else []
    elif word == "coordinator":
        found = [person.email for person in people.values() if "coordinator" in person.roles]
    elif word in ("queue", "lead"):
        queue = settings.queues.get(ticket.queue or "")
        names = () if queue is None else queue.members if word == "queue" else (queue.lead or "",)
        found = [people[name].email for name in names if name in people]
    elif word == "contacts":
        found = list(agency.contacts)
    elif word in people:
        found = [people[word].email]
    else:
        found = [word]
    for text in found:
        if text and text.strip():
            yield word, text.strip()
