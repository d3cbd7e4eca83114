"""The demo desk: twelve agencies and six hundred tickets whose sixty days were lived through the real verbs."""

import random
from collections.abc import Mapping
from typing import Any

from csctool.desk.demo.script import cast, played, written
from csctool.desk.demo.stage import Stage
from csctool.desk.desk import Desk
from csctool.desk.ports import Store
from csctool.domain.query import Query

#: Any number would do; the same one gives the same desk.
SEED = 600


def populate(desk: Desk, scratch: Store) -> int:
    """Fill a desk that has settings and nothing else; answers how many tickets it has then.

    The tickets live on a desk over `scratch`, step by step in order of time, and are poured into the real store at
    the end, agency by agency in one unit of work each. Only `desk.clock()` decides what comes out.
    """
    rng = random.Random(SEED)
    who = cast()
    for agency in who.agencies:
        _found(desk, agency)
        scratch.create(agency["key"])
    now = desk.clock()
    stage = Stage(desk, scratch, rng, who, now)
    for at, life, step in played(written(rng, who, now, desk.zone, desk.settings.home_agency), now):
        stage.play(life, step, at)
    return sum(_poured(desk, scratch, agency["key"]) for agency in who.agencies)


def _found(desk: Desk, agency: Mapping[str, Any]) -> None:
    domain = agency["domain"]
    more = {"domains": [domain], "calendar": "business", "sla": "standard", "contacts": [f"coordinator@{domain}"]}
    if "required" in agency:
        more["required"] = agency["required"]
    desk.store.create(agency["key"])
    desk.directory.add_agency(agency["key"], agency["name"], more)


def _poured(desk: Desk, scratch: Store, agency: str) -> int:
    """One agency's tickets, counters and calendars, moved into the desk's own store; what is finished is archived."""
    counters = ["number", *(f"turn:{name}" for name, q in desk.settings.queues.items() if q.assign == "round-robin")]
    tickets = list(scratch.find(Query(agencies=(agency,), everything=True, hidden=True)))
    with scratch.unit(agency) as old, desk.store.unit(agency) as new:
        for ticket in tickets:
            new.put(ticket)
        for digest, definition in old.calendars(agency).items():
            new.keep_calendar(agency, digest, definition)
        for counter in counters:
            new.raise_to(agency, counter, old.raise_to(agency, counter, 0))
    desk.store.archive(agency)
    return len(tickets)
