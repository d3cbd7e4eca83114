"""The field's words: kinds, statuses, channels, links. Plain constants, so that help and completion stay light."""

import re
from typing import Literal, get_args

Kind = Literal["contact", "incident", "request", "information", "new-service", "complaint", "change", "problem"]
Status = Literal["queued", "assigned", "in-progress", "on-hold", "resolved", "closed", "cancelled"]
Channel = Literal["phone", "walk-in", "chat", "fax", "email", "portal", "monitoring"]
Priority = Literal["P1", "P2", "P3", "P4", "P5"]
HoldCause = Literal["requester", "vendor", "change", "approval", "other"]
LinkType = Literal[
    "child-of", "parent-of", "caused-by", "causes", "duplicate-of", "duplicated-by", "fixes", "fixed-by",
    "follows", "followed-by", "relates-to", "transferred-to", "transferred-from",
]  # fmt: skip

KINDS: tuple[str, ...] = get_args(Kind)
STATUSES: tuple[str, ...] = get_args(Status)
CHANNELS: tuple[str, ...] = get_args(Channel)
PRIORITIES: tuple[str, ...] = get_args(Priority)
HOLD_CAUSES: tuple[str, ...] = get_args(HoldCause)
ROLES = ("csr", "resolver", "coordinator", "problem-analyst", "problem-manager", "manager")

OPEN = frozenset({"queued", "assigned", "in-progress", "on-hold"})
LIVE = OPEN | {"resolved"}
FINISHED = frozenset({"closed", "cancelled"})

#: Channels on which the requester is talking to a technician while the ticket is opened.
LIVE_CHANNELS = frozenset({"phone", "walk-in", "chat"})
#: Kinds that are registered whatever is missing or objected to: everything reported is captured.
CAPTURED_KINDS = frozenset({"incident", "complaint", "contact"})

CALLBACK = "callback-required"
INCOMPLETE = "incomplete"
UNDONE = "undone"
OUTAGE = "outage"

#: What stands on the other ticket when this one is linked to it.
INVERSE: dict[str, LinkType] = {
    "child-of": "parent-of", "parent-of": "child-of", "caused-by": "causes", "causes": "caused-by",
    "duplicate-of": "duplicated-by", "duplicated-by": "duplicate-of", "fixes": "fixed-by", "fixed-by": "fixes",
    "follows": "followed-by", "followed-by": "follows", "relates-to": "relates-to",
    "transferred-to": "transferred-from", "transferred-from": "transferred-to",
}  # fmt: skip

#: What a person or a rule may say of a ticket: `triage` and imports set these.
DESCRIBING = (
    "subject", "description", "channel", "requester", "phone", "affected", "cc", "service", "category",
    "kind", "impact", "urgency", "priority",
)  # fmt: skip


AGENCY_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
TICKET_KEY = re.compile(r"([A-Z][A-Z0-9]{1,9})-([1-9][0-9]{0,9})")
#: A key that an import may bring: one digit less, so that there are numbers left for what is opened after it.
IMPORTED_KEY = re.compile(r"([A-Z][A-Z0-9]{1,9})-([1-9][0-9]{0,8})")
