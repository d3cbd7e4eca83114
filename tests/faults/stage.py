"""A small desk to break, the commands that are broken on it, and what counts as its state."""

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Literal, NamedTuple

import pytest

from csctool.domain import lifecycle
from csctool.domain.query import Query
from csctool.domain.ticket import Stamp
from csctool.errors import DamagedError
from csctool.storage import unit
from csctool.storage.tiny import TinyStore

#: `make faults` runs every point; the suite runs as many of them as fit into some seconds.
LONG = os.environ.get("CSCTOOL_FAULTS") == "long"
MONDAY, TUESDAY = "2026-11-02T09:00:00Z", "2026-11-03T09:00:00Z"

State = dict[str, dict[str, Any]]
#: So that changes cause messages: those must be there, or not, together with their change.
RULES = """
[[notify]]
on = ["status"]
to = ["requester"]
transport = "file"

[[notify]]
on = ["outage"]
to = ["noc@example.org"]
transport = "file"
"""
#: The backup that a command makes in the desk's own directory.
MADE = "made.tar.gz"


class Deed(NamedTuple):
    """A command line to break, and what must be there before it.

    `full`: broken at every point, not only at some. `whole`: what changes together or not at all. `crowded`: how many
    finished tickets may wait among the live ones before a write archives them. `also`: a command line that does what is
    left when the first of several keys fails and the others do not. `again`: the same command, given once more, does
    what an interrupted one left.
    """

    words: str
    prepare: Callable[[str], None] = lambda _: None
    full: bool = True
    whole: Literal["desk", "agency", "ticket"] = "desk"
    crowded: int = unit.CROWDED
    also: str | None = None
    again: bool = False


def discard(_: object) -> None:
    """A preparation answers nothing."""


def spoil(root: str) -> None:
    """The file of an agency loses its last lines."""
    path = f"{root}/agencies/DHS/open.json"
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 40)


def archived(root: str) -> None:
    told(root, "archive")


def worked_on(root: str) -> None:
    """A backup, and work since then that is in no backup."""
    told(root, "archive")
    told(root, "backup", f"{root}/backup.tar.gz")
    told(root, "resolve", "DHS-2", "--resolution", "replaced")
    told(root, "open", "Since the backup", "--agency", "DHS", "--kind", "incident")
    told(root, "reopen", "DHS-4", "--reason", "again")


def merged(root: str) -> None:
    told(root, "merge", "DHS-1", "--into", "DOT-1")


def transferred(root: str) -> None:
    told(root, "transfer", "DHS-1", "--agency", "DOT")


def handed_on(root: str) -> None:
    """Three tickets of two agencies, by one command."""
    told(root, "assign", "DHS-1", "DHS-2", "DOT-1", "--queue", "apps")


def taken_in(root: str) -> None:
    told(root, "import", f"{root}/rows.jsonl", status=4)


def telling(root: str) -> None:
    """Messages of two agencies wait."""
    told(root, "start", "DHS-1", "DHS-2", "DOT-1")
    told(root, "hold", "DHS-1", "DOT-1", "--for", "vendor")


def held_back(root: str) -> None:
    telling(root)
    told(root, "notify", "hold", "--ticket", "DHS-1", "--ticket", "DOT-1")


def failing(root: str) -> None:
    """An outage to which a ticket of each agency belongs."""
    told(root, "outage", "open", "voicemail", "--text", "down")
    told(root, "link", "DHS-1", "DHS-2", "DOT-1", "--child-of", "CSC-1")


#: Every command that is broken. One more line breaks one more command.
DEEDS = {
    "open": Deed("open Printer --agency DHS --kind incident --requester ann@example.org"),
    "open the first of an agency": Deed("open Printer --agency CSC", full=False),
    "open and close": Deed("open Printer --agency DHS --kind incident --resolution done --close", full=False),
    "escalate": Deed("escalate DHS-1 --reason beyond-us"),
    "hold": Deed("hold DHS-2 --for vendor"),
    "resolve": Deed("resolve DHS-2 --resolution replaced"),
    "close": Deed("close DHS-3"),
    "close, which archives": Deed("close DHS-3", crowded=1),
    "archive": Deed("archive"),
    "archive one that was archived before": Deed("archive", lambda root: reopened(root), full=False),
    "import": Deed("import {root}/rows.jsonl --rejects {root}/rejects.jsonl", whole="agency", again=True),
    "transfer": Deed("transfer DHS-1 --agency DOT"),
    "repair": Deed("doctor --repair", spoil),
    "sweep": Deed("sweep", whole="ticket", again=True),
    "undo": Deed("undo", lambda root: discard(told(root, "resolve", "DHS-2", "--resolution", "replaced"))),
    "undo a merge": Deed("undo", merged),
    "undo a transfer": Deed("undo", transferred),
    "undo what one command did to many": Deed("undo", handed_on),
    "undo an import": Deed("undo", taken_in, full=False),
    "notify send": Deed("notify send", telling, whole="ticket", again=True),
    "notify hold": Deed("notify hold --ticket DHS-1 --ticket DOT-1", telling, full=False, whole="agency", again=True),
    "notify hold --release": Deed(
        "notify hold --release --ticket DHS-1 --ticket DOT-1", held_back, full=False, whole="agency", again=True
    ),
    "notify recall": Deed(
        "notify recall --ticket DHS-1 --ticket DOT-1", telling, full=False, whole="agency", again=True
    ),
    "backup": Deed(f"backup {{root}}/{MADE} --force", full=False, again=True),
    "outage open": Deed("outage open voicemail --text down", whole="ticket", again=True),
    "outage resolve": Deed("outage resolve CSC-1 --resolution up-again", failing, whole="ticket", again=True),
    "assign": Deed("assign DHS-1 --queue apps", full=False),
    "note": Deed("note DHS-1 DHS-2 DOT-1 seen", full=False, whole="ticket"),
    "note over three agencies": Deed(
        "note CSC-1 DHS-1 DOT-1 seen",
        lambda root: discard(told(root, "open", "Home", "-a", "CSC")),
        full=False,
        whole="ticket",
    ),
    "merge with another agency": Deed("merge DHS-1 --into DOT-1", full=False),
    "transfer back and forth": Deed(
        "transfer DHS-1 DHS-2 --agency DOT", full=False, whole="ticket", also="transfer DHS-2 --agency DOT"
    ),
    "merge": Deed("merge DHS-1 --into DHS-2", full=False),
    "link to another agency": Deed("link DHS-1 --caused-by DOT-1", full=False),
    "reopen": Deed("reopen DHS-4 --reason again", archived, full=False),
    "cancel": Deed("cancel DHS-1 --reason gone", full=False),
    "agency add": Deed("agency add EPA", full=False),
    "restore": Deed("restore {root}/backup.tar.gz --force", lambda root: worked_on(root)),
    "restore an agency": Deed(
        "restore {root}/backup.tar.gz --agency DHS --force", lambda root: worked_on(root), full=False
    ),
}


def reopened(root: str) -> None:
    told(root, "archive")
    told(root, "--now", TUESDAY, "reopen", "DHS-4", "--reason", "again")
    told(root, "--now", TUESDAY, "resolve", "DHS-4", "--resolution", "gone")
    told(root, "--now", TUESDAY, "close", "DHS-4")


@contextmanager
def quick_place() -> Iterator[str]:
    """A directory in memory where the machine has one: a thousand desks are made and thrown away."""
    memory = "/dev/shm"
    place = tempfile.mkdtemp(prefix="csctool-", dir=memory if os.access(memory, os.W_OK) else None)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def told(root: str, *words: str, status: int | None = 0) -> tuple[int, str, str]:
    """Run a command in this process: (exit status, stdout, stderr)."""
    from csctool.cli import run

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO())
        clock = () if "--now" in words else ("--now", MONDAY)
        found = run(["--desk", root, *clock, *words])
    if status is not None:
        assert found == status, f"{' '.join(words)}: exit {found}\n{err.getvalue()}"
    return found, out.getvalue(), err.getvalue()


def build(root: str) -> None:
    """A desk with tickets in every status that a command needs, which has told all that it had to tell."""
    told(root, "init", root)
    with open(f"{root}/rules.toml", "a", encoding="utf-8") as file:
        file.write(RULES)
    for agency in ("DHS", "DOT"):
        told(root, "agency", "add", agency)
    for number in range(1, 6):
        asked = ("-r", f"ann{number}@example.org")
        told(root, "open", f"Trouble {number}", "--agency", "DHS", "--kind", "incident", *asked)
    told(root, "open", "Trouble elsewhere", "--agency", "DOT", "--kind", "incident", "-r", "ben@example.org")
    told(root, "assign", "DHS-2", "--to", "ana")
    told(root, "resolve", "DHS-3", "DHS-4", "--resolution", "works again")
    told(root, "close", "DHS-4")
    told(root, "cancel", "DHS-5", "--reason", "withdrawn")
    told(root, "notify", "send")
    rows = [{"subject": f"From elsewhere {n}", "agency": a} for n in range(3) for a in ("DHS", "DOT")]
    with open(f"{root}/rows.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in [*rows, {"agency": "XX"}])


def tickets(root: str) -> State:
    """Every ticket of every agency, each once, with its history; the names of operations do not count.

    An agency that can't be read fails the test.
    """
    store = TinyStore(root, wait=2)
    # An agency has its settings last: before that it is being made.
    found: State = {
        agency: {} for agency in store.agencies() if os.path.exists(f"{root}/agencies/{agency}/agency.toml")
    }
    import msgspec

    for ticket in store.find(Query(everything=True)):
        assert ticket.key not in found[ticket.agency], f"{ticket.key} is there twice"
        plain = msgspec.to_builtins(ticket)
        assert [event["seq"] for event in plain["history"]] == list(range(1, ticket.version + 1))
        for event in plain["history"]:
            event["op"] = event["digest"] = ""
        found[ticket.agency][ticket.key] = plain
        assert store.get(ticket.key) == ticket
    assert [str(trouble) for trouble in store.troubles()] == []
    return found


def state(root: str) -> State:
    """The tickets, and what became of every message; a backup that was made counts as a thing of the home agency.

    Half a backup fails the test, and so does a message that was recorded as sent and never arrived.
    """
    found = tickets(root)
    for agency, things in found.items():
        things |= messages(root, agency)
    if os.path.exists(f"{root}/{MADE}"):
        told(root, "backup", "--verify", f"{root}/{MADE}")
        found["CSC"][MADE] = {"whole": True}
    return found


def messages(root: str, agency: str) -> dict[str, Any]:
    """What became of each message of an agency. What is recorded as sent does not wait any more, whatever the outbox
    says: it may still have to be taken out."""
    store = TinyStore(root)
    found = {notice.id: {"state": notice.state} for notice in store.outbox(agency)}
    sent = [one.id for one in store.deliveries(agency)]
    assert len(sent) == len(set(sent)), "recorded twice"
    arrived = set()
    if os.path.exists(path := f"{root}/agencies/{agency}/messages.jsonl"):
        with open(path, encoding="utf-8") as file:
            arrived = {json.loads(line)["id"] for line in file if line.endswith("}\n")}
    assert arrived.issuperset(sent), "recorded and not there"
    return found | {id: {"state": "sent"} for id in sent}


def allowed(seen: State, before: State, after: State, whole: str) -> bool:
    """Whether everything that changes together stands as before or as after."""
    if whole == "desk" or seen in (before, after):
        return seen in (before, after)
    if whole == "agency":
        return all(seen.get(a) in (before.get(a), after.get(a)) for a in before.keys() | after.keys())
    return seen.keys() == after.keys() and all(
        seen[a].get(key) in (before[a].get(key), after[a].get(key)) for a in after for key in before[a] | after[a]
    )


def follow_up(root: str) -> None:
    """The next technician works in every agency: the numbers go on, and nothing is left lying about.

    A restore that did not come to its end is ended by the first command, whatever that is.
    """
    told(root, "list", "--format", "keys")
    store = TinyStore(root, wait=2)
    was = state(root)
    from csctool.domain.ticket import Ticket

    for agency in was:
        with store.unit(agency) as work:
            number = work.count(agency, "number")
            draft = Ticket(
                key=f"{agency}-{number}", agency=agency, number=number, kind="incident", status="queued",
                subject="next", queue="service-desk",
            )  # fmt: skip
            work.put(lifecycle.open_ticket(draft, Stamp("next", MOMENT, "bo")))
        assert f"{agency}-{number}" not in was[agency], f"{agency}-{number} was given out again"
        was[agency][f"{agency}-{number}"] = None
        store.archive(agency)
    if leftovers(root):  # what a backup left half-way is taken away by the next
        told(root, "backup", f"{root}/{MADE}", "--force")
        was["CSC"][MADE] = None
    now = state(root)
    assert {agency: set(tickets) for agency, tickets in now.items()} == {a: set(t) for a, t in was.items()}
    assert leftovers(root) == []


def still_damaged(root: str) -> bool:
    """Whether the agency of the repair can't be read."""
    try:
        TinyStore(root).get("DHS-1")
    except DamagedError:
        return True
    return False


def leftovers(root: str) -> list[str]:
    """Files that a writer left half-way. A directory that a restore left is the business of the next restore."""
    places = (place for place in os.walk(root) if "/.restore-" not in place[0])
    return [name for _, _, names in places for name in names if name.endswith((".tmp", ".next", ".part"))]


def _moment() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 11, 4, 9, tzinfo=UTC)


MOMENT = _moment()
