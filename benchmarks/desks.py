"""The reference desks D10k, D100k and D1M: 80 agencies, 97 % of the tickets closed over twelve months.

Everything comes from one seed, agency by agency, so that a desk is the same on every machine. A made desk is kept and
used again until the generator's VERSION changes; who changes a desk works on a copy of it.
"""

import json
import os
import random
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import lives, organisation
from csctool.storage import agendas, briefs, codec, container
from csctool.storage.archives import Archives
from csctool.storage.database import Database

#: Raise it with every change of what is made: desks of another version are made anew.
VERSION = 7
SIZES = {"D10k": 10_000, "D100k": 100_000, "D1M": 1_000_000}
FIRST_DAY, LAST_DAY = datetime(2025, 10, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
CLOSED = 0.97

Documents = dict[str, msgspec.Raw]


class Made(NamedTuple):
    """A desk on disk: where, and the keys of some of its tickets, of all agencies in turn."""

    root: Path
    live: list[str]
    closed: list[str]


class Kept(NamedTuple):
    """The tickets of an agency: those in open.json, and those of each month's archive."""

    live: Documents
    months: dict[str, Documents]


def desk(name: str, place: Path, closed: float = CLOSED) -> Made:
    """The reference desk of that name under `place`; made when it is not there. With `closed=0` all tickets live."""
    root = place / (name if closed else f"{name}-live")
    facts = root / "benchmark.json"
    if facts.exists():
        known = json.loads(facts.read_text())
        if known["version"] == VERSION:
            return Made(root, known["live"], known["closed"])
    shutil.rmtree(root, ignore_errors=True)
    live, ended = _make(root, SIZES[name], closed)
    facts.write_text(json.dumps({"version": VERSION, "live": live, "closed": ended}))
    return Made(root, live, ended)


def copy(made: Made, to: Path) -> Made:
    """A copy to be changed. Store files are hard links: csctool replaces files and never writes into one."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(made.root, to, copy_function=_linked)
    return made._replace(root=to)


def _linked(source: str, to: str) -> None:
    if source.endswith(".json"):
        os.link(source, to)
    else:
        shutil.copy2(source, to)


def settings(root: Path) -> list[str]:
    """A desk with all settings and agencies, and no ticket; answers the agencies."""
    (root / "agencies").mkdir(parents=True)
    (root / "csctool.toml").write_text(organisation.desk_text())
    (root / "rules.toml").write_text(organisation.rules_text())
    keys = organisation.agencies()
    for key in keys:
        (root / "agencies" / key / "closed").mkdir(parents=True)
        (root / "agencies" / key / "agency.toml").write_text(organisation.agency_text(key))
        (root / "agencies" / key / ".lock").touch()
    return keys


def _make(root: Path, size: int, closed: float) -> tuple[list[str], list[str]]:
    models = lives.templates()
    live: list[list[str]] = []
    ended: list[list[str]] = []
    for key in settings(root):
        kept = _sorted(tickets(key, size // organisation.AGENCIES, models, closed))
        _write(root / "agencies" / key, kept)
        live.append([f"{key}-{number}" for number in kept.live])
        ended.append([f"{key}-{number}" for number in next(iter(kept.months.values()), ())])
    return _in_turn(live), _in_turn(ended)


def tickets(
    agency: str, count: int, models: list[lives.Template], closed: float = CLOSED
) -> Iterator[tuple[str, bytes, datetime | None]]:
    """Number, document and closing time of an agency's tickets, in the order in which they were opened."""
    chance = random.Random(f"{VERSION} {agency} {count}")
    over = [model for model in models if model.status == "closed"]
    going = [model for model in models if model.status != "closed"]
    waiting = round(count * (1 - closed))
    clients = [
        f"{chance.choice(organisation.FIRST)} {chance.choice(organisation.LAST)}" for _ in range(max(3, count // 20))
    ]
    days = (LAST_DAY - FIRST_DAY).days
    opened = sorted(_opening(chance, days) for _ in range(count))
    for number, at in enumerate(opened, 1):
        ends = number <= count - waiting
        end = min(at + timedelta(hours=chance.expovariate(1 / 40)), LAST_DAY - timedelta(seconds=1))
        moments = lives.times(chance, at, end)
        filling = lives.Filling(agency, number, chance.choice(clients), f"{chance.randrange(100, 999)}", moments)
        model = chance.choice(over if ends else going)
        yield str(number), lives.filled(model, filling), end if ends else None


def _opening(chance: random.Random, days: int) -> datetime:
    """Some second between eight and five of some day."""
    return FIRST_DAY + timedelta(days=chance.randrange(days), seconds=8 * 3600 + chance.randrange(9 * 3600))


def _sorted(found: Iterable[tuple[str, bytes, datetime | None]]) -> Kept:
    kept = Kept({}, {})
    for number, document, end in found:
        month = kept.live if end is None else kept.months.setdefault(f"{end:%Y-%m}", {})
        month[number] = msgspec.Raw(document)
    return kept


def _write(place: Path, kept: Kept) -> None:
    """The store files of an agency, in the store's own form, and the index of its archives."""
    count = len(kept.live) + sum(map(len, kept.months.values()))
    live = Database(str(place / "open.json"), None)
    live.tickets.put({int(number): document for number, document in kept.live.items()})
    live.counters.put({1: codec.encode({"number": count})})
    agendas.note(live)
    (place / "open.json").write_bytes(live.replacement(keep=False).new)
    for month, documents in kept.months.items():
        (place / "closed" / f"{month}.json").write_bytes(container.pack({"tickets": documents}, 1))
    archives = Archives(str(place / "closed"), keep=True)
    archives.save_index()
    briefs.save(archives)


def _in_turn(lists: list[list[str]]) -> list[str]:
    """At most 400 keys, one of each agency in turn."""
    most = max(map(len, lists))
    return [keys[at] for at in range(most) for keys in lists if at < len(keys)][:400]
