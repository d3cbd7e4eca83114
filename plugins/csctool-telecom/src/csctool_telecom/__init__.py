"""A network and telecom desk: what a circuit number says, circuits that matter most, and who is on call.

What words say ("voicemail", "air card") stands in rules, which need no code: `desk/rules.toml` beside this package.
"""

from collections.abc import Iterator

import msgspec

from csctool.plugins import Agency, Answer, Ticket, hookimpl
from csctool_telecom.circuits import Circuit, circuits
from csctool_telecom.oncall import Turn, on_call

__version__ = "1.0.0"
CSCTOOL_API = 1

#: Circuits of the Illinois Century Network are nobody's here; the catalogue says where to refer them.
ICN = "icn-circuit"
#: What else a number may be, where the text says so beside it.
WORDS = {"alarm": "alarm-circuit", "radio": "radio-circuit"}


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A circuit that the agency knows: its number, what hangs on it, and whether everything stops when it fails."""

    number: str
    name: str
    service: str | None = None
    category: str | None = None
    critical: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[settings.csctool_telecom]`: the queue for telecom tickets, who is on call when, and the circuits."""

    queue: str = "network-telecom"
    on_call: tuple[Turn, ...] = ()
    circuits: tuple[Known, ...] = ()


@hookimpl
def categorize(ticket: Ticket, agency: Agency) -> Answer | None:
    """By a circuit number: one that the agency knows, or what the number itself tells. ICN's are told apart first."""
    settings = _settings(agency)
    found = next(_mentioned(ticket, settings), None)
    if found is None:
        return None
    circuit, known = found
    if (known and known.service == ICN) or _says_icn(ticket):
        return Answer(
            category="telecom/icn", service=ICN, reason=f"{circuit} is the ICN's, which is referred elsewhere"
        )
    if known:
        return Answer(
            category=known.category or _category(circuit), service=known.service, kind="incident",
            reason=f"{circuit} is {known.name}", rule="circuits",
        )  # fmt: skip
    for word, service in WORDS.items():
        if word in f"{ticket.subject} {ticket.description or ''}".casefold():
            return Answer(category=f"telecom/data/{service}", service=service, reason=f"{circuit}, and it says {word}")
    return Answer(
        category=_category(circuit), service="t1" if circuit.t1 else None, reason=f"{circuit} is a circuit number"
    )  # fmt: skip


@hookimpl
def prioritize(ticket: Ticket, agency: Agency) -> Answer | None:
    """A circuit on which everything hangs."""
    for circuit, known in _mentioned(ticket, _settings(agency)):
        if known and known.critical:
            return Answer(impact=1, urgency=1, reason=f"{circuit}, {known.name}, is critical", rule="circuits")
    return None


@hookimpl
def route(ticket: Ticket, agency: Agency) -> Answer | None:
    """Telecom's tickets to whoever is on call by the agency's clocks, else to the queue."""
    settings = _settings(agency)
    category = ticket.category or ""
    if not category.startswith("telecom/") or category == "telecom/icn":
        return None
    turn = on_call(settings.on_call, agency.local, ticket.priority)
    if turn is None:
        return Answer(queue=settings.queue, reason="telecom tickets")
    person, rule, queue = turn
    reason = f"on call at {agency.local:%a %H:%M}"
    return Answer(queue=queue or settings.queue, person=person, reason=reason, rule=rule)


def _settings(agency: Agency) -> Settings:
    return msgspec.convert(agency.settings, Settings)


def _mentioned(ticket: Ticket, settings: Settings) -> Iterator[tuple[Circuit, Known | None]]:
    """The circuits that a ticket names, those first that the agency knows."""
    named = list(circuits(f"{ticket.subject}\n{ticket.description or ''}"))
    table = [(circuit, one) for one in settings.circuits for circuit in circuits(one.number)]
    pairs = [(circuit, next((one for known, one in table if known.same(circuit)), None)) for circuit in named]
    return iter(sorted(pairs, key=lambda pair: pair[1] is None))


def _category(circuit: Circuit) -> str:
    return "telecom/data/t1" if circuit.t1 else "telecom/data/circuit"


def _says_icn(ticket: Ticket) -> bool:
    text = f"{ticket.subject} {ticket.description or ''}".replace("/", " ")
    return "ICN" in "".join(c if c.isalnum() else " " for c in text).split()
