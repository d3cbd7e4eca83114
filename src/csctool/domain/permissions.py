"""Who may: the permission table, a row for each verb, in it the roles that may and how far they reach.

The defaults follow what the roles are for (docs: operations, Who may). A desk's `[permissions]` replaces rows.
"""

from collections.abc import Mapping

from csctool.domain.organisation import DeskSettings
from csctool.domain.ticket import Ticket
from csctool.domain.words import KINDS, ROLES
from csctool.errors import NotPermittedError

#: A role alone reaches every ticket. `resolver:own` reaches those in a queue whose member or lead the person is, and
#: those that are assigned to or owned by the person; `problem-analyst:problem` these and all tickets of that kind.
ANY, OWN = "any", "own"
REACHES = (OWN, *KINDS)
#: In the place of a role: every Unix user that the file system lets in, whether or not a person stands for them.
ANYBODY = "anybody"

Row = tuple[str, ...]

_WORK = ("csr", "resolver:own", "coordinator", "problem-analyst:problem", "problem-manager:problem", "manager")
_DESK = ("csr", "coordinator", "problem-manager:problem", "manager")
_CHARGE = ("coordinator", "manager")
_MANAGER = ("manager",)
_ANYBODY = (ANYBODY,)

#: verb -> who may. `dispatch` is `assign` to a queue that the ticket is not in; `overrule` is `undo` of what somebody
#: else did, `undo` that of what one did oneself; `as` is acting as somebody else;
#: `agency`, `queue` and `person` add one.
DEFAULTS: Mapping[str, Row] = {
    "open": _ANYBODY,
    "note": ROLES, "link": ROLES,
    "triage": _WORK, "assign": _WORK, "start": _WORK, "hold": _WORK, "resume": _WORK, "callback": _WORK,
    "escalate": _WORK, "return": _WORK, "diagnose": _WORK, "resolve": _WORK, "reopen": _WORK, "merge": _WORK,
    "dispatch": _DESK, "transfer": _DESK, "close": _DESK, "cancel": _DESK,
    "outage": ("csr", "coordinator", "manager"), "recall": ROLES,
    "undo": _ANYBODY, "overrule": _CHARGE,
    "sweep": _ANYBODY, "archive": _ANYBODY, "deliver": _ANYBODY,
    "import": _CHARGE, "repair": _CHARGE, "plugin": _CHARGE, "as": _CHARGE,
    "restore": _MANAGER, "agency": _MANAGER, "queue": _MANAGER, "person": _MANAGER,
}  # fmt: skip

#: Verbs that are about no ticket: reaching some tickets only has no meaning there.
DESKWIDE = frozenset(
    {
        "open",
        "outage",
        "recall",
        "undo",
        "sweep",
        "archive",
        "deliver",
        "import",
        "repair",
        "restore",
        "plugin",
        "as",
        "agency",
        "queue",
        "person",
    }
)
#: What the owner of the desk's directory could do with an editor and `cp`: refusing them would protect nothing.
HOUSEKEEPING = frozenset({"sweep", "archive", "deliver", "repair", "restore", "plugin", "agency", "queue", "person"})

#: How a verb is said where its name alone would not tell.
_SAID = {
    "dispatch": "assign --queue, to another queue,", "deliver": "notify send and retry",
    "recall": "notify hold and recall", "repair": "doctor --repair",
    "plugin": "plugin new", "overrule": "undo of what somebody else did",
    "as": "--as", "agency": "agency add", "queue": "queue add", "person": "person add",
}  # fmt: skip


def require(
    desk: DeskSettings, verb: str, ticket: Ticket | None = None, *, name: str, person: bool = True,
    steward: bool = False,
) -> None:  # fmt: skip
    """Refuse what the actor may not do, with the roles that may. Raises NotPermittedError.

    `ticket` is the ticket before the change; None asks whether the actor may at all, whatever the reach. `person` is
    False for a Unix user for whom nobody stands in the settings, `steward` True for root and the owner of the desk:
    the files are theirs. Everybody may everything while no person is configured.
    """
    row = desk.permissions.get(verb, DEFAULTS[verb])
    if not desk.people or ANYBODY in row or (steward and (not person or verb in HOUSEKEEPING)):
        return
    roles = desk.people[name].roles if person and name in desk.people else ()
    reaches = [reach for role, reach in map(split, row) if role in roles]
    if ANY in reaches or (reaches and ticket is None):
        return
    if reaches and ticket is not None and (ticket.kind in reaches or _own(desk, ticket, name)):
        return
    raise NotPermittedError(f"{_who(name, roles, person, ticket if reaches else None)}; {_for(verb, row)}")


def split(word: str) -> tuple[str, str]:
    """`resolver:own` as (role, reach); a role alone reaches any ticket."""
    role, _, reach = word.partition(":")
    return role, reach or ANY


def _own(desk: DeskSettings, ticket: Ticket, name: str) -> bool:
    return name in (ticket.assignee, ticket.owner) or ticket.queue in desk.queues_of(name)


def _who(name: str, roles: tuple[str, ...], person: bool, ticket: Ticket | None) -> str:
    """What the actor is; `ticket` is one that none of their reaches extends to."""
    if not person:
        return f"{name} is no person of this desk"
    what = f"{name} is {', '.join(roles)}" if roles else f"{name} has no role"
    return what if ticket is None else f"{what}, and {ticket.key} (in {ticket.queue or 'no queue'}) is not their own"


def _for(verb: str, row: Row) -> str:
    """`resolve is for csr, resolver (own tickets), coordinator`."""
    said = [role if reach == ANY else f"{role} ({reach} tickets)" for role, reach in map(split, row)]
    return f"{_SAID.get(verb, verb)} is for {', '.join(said) or 'nobody'}"
