"""A health and human services agency: nobody's number in a subject, lives before everything, and quiet at night.

That a ticket needs a service and a site at all is said in agency.toml, which needs no code: `desk/agency.toml`.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

import msgspec

from csctool.plugins import Agency, Answer, Change, Event, Message, Ticket, hookimpl
from csctool_health.identifiers import Mask, identifiers, without
from csctool_health.quiet import Quiet

__version__ = "1.0.0"
CSCTOOL_API = 1

#: When somebody describes a ticket; what was refused then is asked for once more before it may be resolved.
_DESCRIBED = frozenset({"open", "triage"})
#: Words behind which lives may stand.
LIFE_SAFETY = (
    "911 line", "911 trunk", "911 calls", "dial 911", "reach 911", "panic button", "nurse call", "fire alarm", "oxygen",
    "ventilator", "infusion pump", "defibrillator", "crash cart", "medication cabinet", "suicide", "crisis line",
    "child abuse hotline", "elder abuse hotline",
)  # fmt: skip


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[settings.csctool_health]`: see desk/agency.toml."""

    sites: tuple[str, ...] = ()
    vips: tuple[str, ...] = ()
    life_safety: tuple[str, ...] = LIFE_SAFETY
    identifiers: dict[str, Mask] = {}
    transport: str = "smtp"
    tell: tuple[str, ...] = ()
    wake: tuple[str, ...] = ()
    quiet: Quiet | None = None


@hookimpl
def validate(change: Change, ticket: Ticket, agency: Agency) -> list[str]:
    """No personal identifier in a subject, and a site that there is."""
    if change.verb not in _DESCRIBED and not (change.verb == "resolve" and "incomplete" in ticket.flags):
        return []
    settings = _settings(agency)
    found = [
        f"the subject seems to hold {name}: leave it out, and write it nowhere else in the ticket"
        for name in identifiers(ticket.subject, settings.identifiers)
    ]
    site = ticket.fields.get("site")
    if settings.sites and site and site not in settings.sites:
        found.append(f"there is no site {_shown(site, settings)!r}; {_nearest(site, settings.sites)}")
    return found


@hookimpl
def prioritize(ticket: Ticket, agency: Agency) -> Answer | None:
    """Lives first; then those for whom everybody waits."""
    settings = _settings(agency)
    word = _life_safety(ticket, settings)
    if word:
        return Answer(impact=1, urgency=1, reason=f"lives may depend on it: {word}", rule="life safety")
    if _address(ticket.requester) in {vip.casefold() for vip in settings.vips}:
        return Answer(urgency=1, reason="asked by a VIP", rule="vips")
    return None


@hookimpl
def notify(event: Event, ticket: Ticket, agency: Agency) -> list[Message]:
    """What is P1, or becomes it, is told to `wake` at any hour; a new incident to `tell`, once the quiet hours end."""
    settings = _settings(agency)
    found: list[Message] = []
    if ticket.priority == "P1" and "priority" in event.changes:
        found += _messages(settings.wake, ticket, settings)
    if event.verb == "open" and ticket.kind == "incident":
        quiet_until = settings.quiet.until(agency.local) if settings.quiet else None
        found += _messages(settings.tell, ticket, settings, quiet_until)
    return found


def _messages(
    to: Iterable[str], ticket: Ticket, settings: Settings, after: datetime | None = None
) -> Iterable[Message]:
    """The same to each; a number that should not be in the subject is not spread either."""
    subject = without(ticket.subject, settings.identifiers)
    text = f"{ticket.key} is {ticket.priority}: {subject}\nSite: {ticket.fields.get('site') or 'not said'}\n"
    for one in to:
        yield Message(settings.transport, one, text=text, subject=f"{ticket.priority} {subject}", after=after)


def _settings(agency: Agency) -> Settings:
    return msgspec.convert(agency.settings, Settings)


def _life_safety(ticket: Ticket, settings: Settings) -> str | None:
    text = f"{ticket.subject}\n{ticket.description or ''}"
    words = "|".join(re.escape(word) for word in settings.life_safety)
    found = re.search(rf"(?<!\w)(?:{words})(?!\w)", text, re.IGNORECASE) if words else None
    return found and found[0].casefold()


def _address(requester: str | None) -> str:
    """The address of `Ann Lee <ann@dhs.example.gov>`, or the text itself."""
    text = requester or ""
    return text.rpartition("<")[2].rstrip("> ").casefold()


def _shown(site: object, settings: Settings) -> str:
    return without(str(site), settings.identifiers)[:60]


def _nearest(site: object, sites: tuple[str, ...]) -> str:
    close = get_close_matches(str(site).casefold(), {name.casefold(): name for name in sites}, n=1)
    if close:
        return f"did you mean {next(name for name in sites if name.casefold() == close[0])}?"
    return f"known: {', '.join(sites[:10])}{' …' if len(sites) > 10 else ''}"
