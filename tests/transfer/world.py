"""A desk in memory or in files, and files to import into it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csctool.desk.core import Actor
from csctool.desk.desk import Desk
from csctool.desk.intake import Taken, default_agency, given_out, take_in
from csctool.domain.intake import Rejected
from csctool.domain.organisation import AgencySettings, DeskSettings, Queue, Rule, Rules, Tier
from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.errors import NotFoundError
from csctool.plugins.builtin.rules import RuleBook
from csctool.plugins.host import host_for
from csctool.storage.memory import MemoryStore
from csctool.storage.tiny import TinyStore
from csctool.transfer.importing import Import

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SETTINGS = DeskSettings(
    tiers=(Tier("1"), Tier("2")),
    queues={
        "service-desk": Queue(tier="1", desk=True, members=("ana", "bo")),
        "network": Queue(tier="1", desk=True),
        "apps": Queue(tier="2", owner="service-desk", members=("cy", "di"), assign="round-robin"),
    },
)
VOICEMAIL = Rule("categorize", 1, 1, {"text": ["voicemail"]}, {"category": "telecom/voice", "kind": "incident"})
TELECOM = Rule("route", 1, 4, {"category": "telecom/*"}, {"queue": "network"})
LAPTOP = Rule("route", 2, 8, {"text": ["laptop"]}, {"queue": "apps"})


class Agencies:
    """Agencies by name; those that are not there are not found."""

    def __init__(self, *keys: str) -> None:
        self._keys = {key: AgencySettings(name=key) for key in keys}

    def keys(self) -> list[str]:
        return sorted(self._keys)

    def agency(self, key: str) -> AgencySettings:
        if key not in self._keys:
            raise NotFoundError(f"no such agency: {key}", f"csctool agency add {key} makes it")
        return self._keys[key]

    def require(self, key: str) -> None:
        self.agency(key)

    def of_domain(self, domain: str) -> str | None:
        return None

    def statutory(self, region: str) -> Any:
        return lambda year: ()

    def add_agency(self, key: str, name: str) -> None:
        self._keys[key] = AgencySettings(name=name)


class World:
    """A desk with two agencies that takes in what is written into files."""

    def __init__(self, place: Path, kind: str, *keys: str, dry_run: bool = False) -> None:
        self.place = place
        self.store: Any = MemoryStore() if kind == "memory" else TinyStore(str(place / f"desk-{'-'.join(keys)}"))
        self.keys = keys or ("DHS", "DOT")
        for key in self.keys:
            self.store.create(key)
        self.directory = Agencies(*self.keys)
        self.dry_run = dry_run
        self.rejected: list[Rejected] = []

    def desk(self) -> Desk:
        rules = RuleBook(Rules("rules.toml", categorize=(VOICEMAIL,), route=(TELECOM, LAPTOP)))
        return Desk(
            SETTINGS, self.store, self.directory,
            lambda key: host_for(key, self.directory.agency(key), SETTINGS, [("desk-rules", rules)]),
            lambda: NOW, Actor("ana", "unix"), "20261102T090000Z-1", dry_run=self.dry_run, zone=UTC, root="",
        )  # fmt: skip

    def file(self, text: str | bytes, name: str = "in.csv") -> Path:
        path = self.place / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def take(
        self, text: str | bytes | Path, plan: str | None = None, *, agency: str | None = None, add: bool = False,
        encoding: str | None = None,
    ) -> Taken:  # fmt: skip
        """Import a file with the map of that TOML text."""
        path = text if isinstance(text, Path) else self.file(text)
        map_word = None
        if plan is not None:
            map_word = str(self.file(plan, "map.toml")) if "\n" in plan else plan
        desk = self.desk()
        self.rejected = []
        with Import(str(path), map_word, encoding) as source:
            rows = source.tickets(agency=default_agency(desk, agency), forced=agency is not None, zone=UTC)
            return take_in(desk, rows, self.rejected.append, add_agencies=add)

    def tickets(self) -> list[Ticket]:
        return list(given_out(self.desk(), Query(everything=True, hidden=True)))

    def get(self, key: str) -> Ticket:
        ticket: Ticket = self.store.get(key)
        return ticket


def verbs(ticket: Ticket) -> list[str]:
    return [event.verb for event in ticket.history]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")
