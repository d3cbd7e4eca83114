"""Whom a word of a rule means, and who is not told because he did it himself."""

from collections.abc import Iterable, Iterator

from csctool.domain.address import mailbox
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Event, Frozen, Ticket
from csctool.domain.words import ROLES

#: Roles of a ticket that a rule may tell, besides the roles of people; `docs/notifications.md` says what they mean.
ON_TICKET = (
    "requester", "affected", "cc", "assignee", "owner", "queue", "lead", "desk", "told", "contacts",
)  # fmt: skip
WORDS = (*ON_TICKET, *ROLES)
#: Told as what these they are clients, whoever they are.
CLIENTS = frozenset({"requester", "affected", "cc", "contacts"})
#: What a text has that is not one of those words, nor a person's key: an address, the place of a web hook or a chat.
_PLACE = frozenset("@:/#")

NO_ADDRESS = "has no address"


class Recipient(Frozen, frozen=True):
    """Somebody who is to be told, as what, and where: `to` is empty for who has no address. `person` is the key of
    somebody of the desk who is told as such."""

    role: str
    to: str
    person: str | None = None


def is_place(word: str) -> bool:
    """Whether a word can only be an address, of whatever kind."""
    return not _PLACE.isdisjoint(word)


def recipients(
    settings: DeskSettings, agency: AgencySettings, ticket: Ticket, event: Event, word: str
) -> Iterator[Recipient]:  # fmt: skip
    """Everybody whom a word means for an event of a ticket; nobody where nobody has that role."""
    if word in ("requester", "affected"):
        yield from _clients(word, [getattr(ticket, word)])
    elif word in ("cc", "contacts"):
        yield from _clients(word, ticket.cc if word == "cc" else agency.contacts)
    elif word in WORDS or word in settings.people:
        for name in dict.fromkeys(_people(settings, ticket, event, word)):
            person = settings.people.get(name)
            yield Recipient(word, (person and person.email) or "", name)
    else:
        yield Recipient(word, word, person_of(settings, word))


def person_of(settings: DeskSettings, text: str) -> str | None:
    """The person whose address it is."""
    spec = mailbox(text)
    if spec is None:
        return None
    return next((name for name, one in settings.people.items() if one.email and mailbox(one.email) == spec), None)


def doers(settings: DeskSettings, ticket: Ticket, event: Event) -> frozenset[str]:
    """The keys and mailboxes of those who did it, and so need not be told: the actor, whoever of the desk is behind
    the Unix user, and the requester where it was the requester who wrote.

    A program that acts by itself (the sweep, an import) is nobody, whoever's Unix user it runs as.
    """
    people = settings.people
    found = {event.actor}
    if event.via and (event.actor in people or event.actor == event.via):
        found |= {name for name, one in people.items() if (one.user or name) == event.via}
    texts = [people[name].email for name in found if name in people]
    if "from" in event.changes:
        texts.append(ticket.requester)
    return frozenset({*found, *(spec for text in texts if text and (spec := mailbox(text)))})


def _people(settings: DeskSettings, ticket: Ticket, event: Event, word: str) -> Iterable[str]:
    """The keys of the people whom a word means; a name may be somebody whom the settings lack."""
    if word in settings.people:
        return (word,)
    if word in ROLES:
        return (name for name, person in settings.people.items() if word in person.roles)
    if word in ("assignee", "owner"):
        return filter(None, (getattr(ticket, word),))
    if word == "told":
        return filter(None, (event.changes.get("told", (None, None))[1],))
    queue = settings.queues.get((ticket.desk if word == "desk" else ticket.queue) or "")
    if queue is None:
        return ()
    lead = (queue.lead,) if queue.lead else ()
    return {"queue": queue.members, "lead": lead, "desk": (*queue.members, *lead)}[word]


def _clients(role: str, texts: Iterable[str | None]) -> Iterator[Recipient]:
    for text in texts:
        if text and text.strip():
            yield Recipient(role, text.strip() if "@" in text else "")
