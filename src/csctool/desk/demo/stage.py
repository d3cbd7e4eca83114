"""Where the demo's tickets are worked: each step is the real use case, done by somebody who could have done it."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from csctool.desk import opening, pairs
from csctool.desk.core import Actor, Done
from csctool.desk.demo.script import CLOSES, Cast, Life
from csctool.desk.desk import Desk
from csctool.desk.ports import Store
from csctool.domain.lifecycle import holding
from csctool.domain.ticket import Ticket

#: The settings' person who has the invoking user's name.
YOU = "you"
MONITOR = "monitor"
LIVE = ("phone", "phone", "phone", "phone", "phone", "walk-in", "chat")
WAITING = ("email", "email", "portal", "portal", "fax")
TECHNICAL = ("incident", "change", "problem")
BY_MAIL = ("mail", "vague", "bare", "pressing", "fixing")
CODES = ("solved",) * 8 + ("workaround", "no-fault-found", "by-requester")
#: Ways of a story that answer during the call, and whether the ticket is closed then too.
AT_ONCE = {"answered": True, "solved": False}


class Stage:
    """A desk over a store that is thrown away, whose clock, actor and operation each step sets."""

    def __init__(self, desk: Desk, scratch: Store, rng: random.Random, who: Cast, end: datetime) -> None:
        self.end = self.now = end
        self.rng = rng
        self.who = who
        self.desk = Desk(desk.settings, scratch, desk.directory, desk.decisions, lambda: self.now, Actor("", ""), "",
                         zone=desk.zone)  # fmt: skip

    def play(self, life: Life, step: str, at: datetime) -> None:
        """One step of a life. What the desk refuses is a mistake in the script and raised."""
        verb, _, more = step.partition(":")
        self.now = at
        self.desk.op = f"{at:%Y%m%dT%H%M%SZ}-{self.rng.getrandbits(32):08x}"
        if verb == "open":
            life.key = self._open(life)
            return
        ticket = self.desk.store.get(life.key or "")
        actor, do = STEPS[verb]
        self._as(actor(self, ticket))
        done = do(self, life, ticket, more)
        for _, failure in done.failures:
            raise failure

    # -- opening -----------------------------------------------------------------------------------------------

    def _open(self, life: Life) -> str:
        template, way = life.template, life.story.way
        service = self.desk.settings.services.get(template.get("service", ""))
        point = service.desk if service and service.desk else self.desk.settings.default_queue
        given = self._said(life)
        self._as(MONITOR if given["channel"] == "monitoring" else self.one_of(self.desk.desk_of(point)))
        new = opening.NewTicket(
            given, agency=life.agency, resolution=self.text(life, template["done"]) if way in AT_ONCE else None,
            close=AT_ONCE.get(way, False), minutes=self.rng.randint(3, 18) if way in AT_ONCE else 0,
            training=self.word(life, "training") if way in AT_ONCE else None,
            once=f"probe-{life.slots['host']}-{self.now:%j%H%M}" if given["channel"] == "monitoring" else None,
            ties=(("fixes", life.kin.key),) if way == "fixing" and life.kin and life.kin.key else (),
        )  # fmt: skip
        return opening.open_ticket(self.desk, new).ticket.key

    def _said(self, life: Life) -> dict[str, Any]:
        template, way = life.template, life.story.way
        subject = self.text(life, template["subject"])
        given: dict[str, Any] = {
            "subject": subject[0].upper() + subject[1:], "description": self.text(life, template["said"]),
            "channel": self._channel(life), "kind": template.get("kind", life.story.cast),
            "impact": life.levels[0], "urgency": life.levels[1], **self._requester(life),
            **{name: template[name] for name in ("service", "category") if name in template},
        }  # fmt: skip
        for name in {"vague": ("kind", "service", "category"), "bare": ("service",)}.get(way, ()):
            given.pop(name, None)
        if self.rng.random() < 0.15:
            given["fields"] = {"site": life.slots["site"], "room": life.slots["room"]}
        return given

    def _channel(self, life: Life) -> str:
        if life.story.way in BY_MAIL:
            return self.rng.choice(WAITING)
        if life.story.way == "any" and "channel" in life.template:
            return str(life.template["channel"])
        return self.rng.choice(LIVE + WAITING if life.story.way == "any" and not life.pressing else LIVE)

    def _requester(self, life: Life) -> dict[str, Any]:
        if life.story.way == "any" and life.template.get("channel") == "monitoring":
            return {}
        domain = next(agency["domain"] for agency in self.who.agencies if agency["key"] == life.agency)
        people = [f"{name} <{local}@{domain}>" for name, local in self.who.requesters.items()]
        caller, other = self.rng.sample(people, 2)
        said: dict[str, Any] = {"requester": caller, "phone": f"555-{self.rng.randint(100, 199):04d}"}
        if self.rng.random() < 0.12:
            said["affected"] = other
        elif self.rng.random() < 0.08:
            said["cc"] = (other,)
        return said

    # -- who and what --------------------------------------------------------------------------------------------

    def _as(self, name: str) -> None:
        self.desk.actor = Actor(name, name)

    def one_of(self, queue: str) -> str:
        """A member of the queue who is there today; its lead when nobody is."""
        settings = self.desk.settings.queues[queue]
        today = self.now.astimezone(self.desk.zone).date()
        there = [name for name in settings.members if not self.desk.settings.people[name].is_away(today)]
        return self.rng.choice(there) if there else settings.lead or YOU

    def text(self, life: Life, text: str) -> str:
        """A text with its slots filled."""
        return text.format_map(life.slots)

    def word(self, life: Life, what: str) -> str:
        """Something to write down."""
        return self.text(life, self.rng.choice(self.who.words[what]))

    def due(self, days: int) -> datetime:
        """The end of an office day, so many days from the end of the demo's time, on whose side of it it stays."""
        local = self.end.astimezone(self.desk.zone).replace(hour=CLOSES, minute=0, second=0) + timedelta(days=days)
        while local.weekday() > 4:
            local += timedelta(days=1 if days > 0 else -1)
        return local.astimezone(UTC)


# -- who does a step -----------------------------------------------------------------------------------------------


def _csr(stage: Stage, ticket: Ticket) -> str:
    return stage.one_of(ticket.desk or stage.desk.settings.default_queue)


def _worker(stage: Stage, ticket: Ticket) -> str:
    return ticket.assignee or stage.one_of(ticket.queue or "")


def _dispatcher(stage: Stage, ticket: Ticket) -> str:
    queue = stage.desk.settings.queues[ticket.queue or ""]
    return _csr(stage, ticket) if queue.desk or not queue.lead else queue.lead


def _lead(stage: Stage, ticket: Ticket) -> str:
    return stage.desk.settings.queues[ticket.desk or ""].lead or YOU


# -- the steps: (stage, life, ticket, what stood behind the colon) -------------------------------------------------

Do = Callable[[Stage, Life, Ticket, str], Done]


def _keys(ticket: Ticket) -> Sequence[str]:
    return (ticket.key,)


def _assign(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    if ticket.assignee and not life.mine:
        return Done([ticket], [])  # automatic assignment did it
    return stage.desk.assign(_keys(ticket), person=YOU if life.mine else _taker(stage, ticket))


def _taker(stage: Stage, ticket: Ticket) -> str:
    """Problems go to the analysts, whatever the queue."""
    people = stage.desk.settings.people
    analysts = [name for name, person in people.items() if "problem-analyst" in person.roles]
    return stage.rng.choice(analysts) if ticket.kind == "problem" else stage.one_of(ticket.queue or "")


def _start(stage: Stage, _life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.start(_keys(ticket))


def _note(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    public = stage.rng.random() < 0.3
    return stage.desk.note(_keys(ticket), stage.word(life, "note"), public=public, minutes=stage.rng.randint(2, 25))


def _answer(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.note(_keys(ticket), stage.word(life, "answer"), from_requester=True,
                           channel=stage.rng.choice(("phone", "email")))  # fmt: skip


def _escalate(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    team = life.template.get("team") if ticket.queue == ticket.desk else None
    by = "requester" if stage.rng.random() < 0.1 else None
    return stage.desk.escalate(
        _keys(ticket), stage.word(life, "escalate" if ticket.kind in TECHNICAL else "hand-over"), to=team, by=by
    )


def _force(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    returned = next(e.changes["queue"][0] for e in reversed(ticket.history) if e.verb == "return")
    return stage.desk.escalate(_keys(ticket), stage.word(life, "force"), to=returned, force=True)


def _tell(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.escalate(_keys(ticket), stage.word(life, "tell"), hierarchic=True, by="requester")


def _return(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.give_back(_keys(ticket), stage.word(life, "return"))


def _hold(stage: Stage, life: Life, ticket: Ticket, cause: str) -> Done:
    until = None
    if life.story.steps.endswith(cause) and stage.rng.random() < 0.6:
        until = stage.due(stage.rng.randint(2, 9))
    return stage.desk.hold(_keys(ticket), cause, until, stage.word(life, cause))


def _resume(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    held = holding(ticket) or {}
    return stage.desk.resume(_keys(ticket), stage.word(life, f"over-{held['for']}"))


def _diagnose(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.diagnose(_keys(ticket), life.template.get("cause") or life.template["subject"], None)


def _resolve(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    rng = stage.rng
    return stage.desk.resolve(
        _keys(ticket),
        stage.text(life, life.template["done"]),
        code="solved" if life.pressing else rng.choice(CODES),
        internal=stage.word(life, "internal") if rng.random() < 0.2 else None,
        training=stage.word(life, "training") if rng.random() < 0.7 else None,
        minutes=rng.randint(5, 90),
    )


def _close(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.close(_keys(ticket), stage.word(life, "close") or None)


def _reopen(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.reopen(_keys(ticket), stage.word(life, "reopen"))


def _cancel(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.cancel(_keys(ticket), stage.word(life, "cancel"), "withdrawn", None)


def _refer(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    refer_to = stage.desk.settings.services[ticket.service or ""].refer_to
    return stage.desk.cancel(_keys(ticket), stage.word(life, "unsupported"), "not-supported", refer_to)


def _transfer(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    others = [agency["key"] for agency in stage.who.agencies if agency["key"] != ticket.agency]
    done = pairs.transfer(stage.desk, _keys(ticket), stage.rng.choice(others), stage.word(life, "transfer"))
    life.key = done.tickets[0].key if done.tickets else life.key
    return done


def _merge(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    into = life.kin.key if life.kin else None
    return pairs.merge(stage.desk, _keys(ticket), into or "", None)


def _tie(kind: Any, turned: bool) -> Do:
    """A link to the kin, or from it."""

    def do(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
        if life.kin is None or life.kin.key is None:
            return Done([ticket], [])
        one, other = (life.kin.key, ticket.key) if turned else (ticket.key, life.kin.key)
        return pairs.link(stage.desk, (one,), kind, other)

    return do


def _triage(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    template = life.template
    given = {"kind": template["turns"], "service": template["service"], "category": template["category"]}
    reason = stage.word(life, "triage")
    return opening.triage(stage.desk, _keys(ticket), opening.Correction(given, reason=reason, reroute=True))


def _complete(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    given = {"service": life.template["service"]}
    return opening.triage(stage.desk, _keys(ticket), opening.Correction(given, reason=stage.word(life, "complete")))


def _promise(stage: Stage, life: Life, ticket: Ticket, side: str) -> Done:
    days = stage.rng.randint(1, 4)
    change = opening.Correction(due=stage.due(-days if side == "past" else days), reason=stage.word(life, "promise"))
    return opening.triage(stage.desk, _keys(ticket), change)


def _own(stage: Stage, _life: Life, ticket: Ticket, _: str) -> Done:
    return opening.triage(stage.desk, _keys(ticket), opening.Correction(owner=stage.desk.actor.name))


def _ring(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.callback(_keys(ticket), False, stage.word(life, "ring"))


def _reach(stage: Stage, life: Life, ticket: Ticket, _: str) -> Done:
    return stage.desk.callback(_keys(ticket), True, stage.word(life, "reach"))


STEPS: dict[str, tuple[Callable[[Stage, Ticket], str], Do]] = {
    "assign": (_dispatcher, _assign),
    "start": (_worker, _start),
    "note": (_worker, _note),
    "answer": (_csr, _answer),
    "escalate": (_worker, _escalate),
    "force": (_lead, _force),
    "tell": (_csr, _tell),
    "return": (_worker, _return),
    "hold": (_worker, _hold),
    "resume": (_worker, _resume),
    "diagnose": (_worker, _diagnose),
    "resolve": (_worker, _resolve),
    "mend": (_worker, _resolve),
    "close": (_csr, _close),
    "reopen": (_csr, _reopen),
    "cancel": (_csr, _cancel),
    "refer": (_csr, _refer),
    "transfer": (_csr, _transfer),
    "merge": (_csr, _merge),
    "adopt": (_csr, _tie("child-of", False)),
    "blame": (_worker, _tie("caused-by", True)),
    "triage": (_csr, _triage),
    "complete": (_csr, _complete),
    "promise": (_lead, _promise),
    "own": (_lead, _own),
    "ring": (_csr, _ring),
    "reach": (_csr, _reach),
}
