"""A look at every file of an agency: what is damaged, what is odd, and what to do about it. Changes nothing."""

import os
import time
from collections.abc import Iterator, Sized
from datetime import datetime, timedelta

from csctool.desk.ports import Symptom
from csctool.domain.audit import broken
from csctool.domain.lifecycle import rfc3339
from csctool.domain.ticket import Ticket
from csctool.domain.words import FINISHED
from csctool.errors import CscError, DamagedError
from csctool.storage import access, briefs, codec, files, holders, members
from csctool.storage.archives import Archives, month_of
from csctool.storage.database import Database
from csctool.storage.shelf import Shelf

#: A clock may be this many seconds ahead of another before anybody needs to know.
SLACK = 120
#: For so long a message may wait after it was due: a sweep that comes every five minutes has been missed a dozen times.
LATE = timedelta(hours=1)


def examine(root: str, shelf: Shelf, now: datetime) -> Iterator[Symptom]:
    """What is wrong or odd in the agency's directory."""
    yield from _names(shelf)
    yield from access.of_agency(root, shelf)
    yield from holders.of_agency(shelf)
    try:
        live = shelf.live()
    except CscError as error:
        yield _told(shelf, error, shelf.path)
        live = None
    if live is not None:
        yield from _tickets(shelf, live, now)
        yield from _counter(shelf, live)
        yield from _outbox(shelf, live, now)
    yield from _archive(shelf, now)


def _told(shelf: Shelf, error: CscError, path: str) -> Symptom:
    damage = error.exit == 7
    if isinstance(error, DamagedError):
        return Symptom("damage", shelf.agency, path, error.message, "csctool doctor --repair saves what can be saved")
    return Symptom("damage" if damage else "warning", shelf.agency, path, error.message, error.hint)


def _names(shelf: Shelf) -> Iterator[Symptom]:
    place = os.path.dirname(shelf.directory) + "/"
    for directory in (shelf.directory, shelf.archives.directory):
        try:
            names = sorted(os.listdir(directory))
        except FileNotFoundError:
            continue
        except OSError as error:
            yield _told(shelf, files.failure(directory, error, "read"), directory)
            continue
        for name in names:
            path = f"{directory}/{name}"
            if name.endswith((".json" + files.TEMPORARY, ".json" + files.WAITING)):
                yield Symptom("note", shelf.agency, path, f"{path} was left by a writer that was killed",
                              "the next change finishes or removes it")  # fmt: skip
            elif os.path.islink(path):
                yield Symptom("warning", shelf.agency, path, f"{path} is a symbolic link", "put the file itself there")
            elif members.kind_of(f"agencies/{path.removeprefix(place)}") == "strange":
                yield Symptom("note", shelf.agency, path, f"{path} is none of csctool's files", "nothing, or move it")
            elif os.path.isfile(path) and os.stat(path).st_mtime > time.time() + SLACK:
                yield Symptom("warning", shelf.agency, path, f"{path} was written in the future",
                              "set the clocks of the machines that share the desk")  # fmt: skip


def _tickets(shelf: Shelf, database: Database, now: datetime) -> Iterator[Symptom]:
    ahead = []
    for number, document in database.tickets.undecoded().items():
        try:
            ticket = codec.decode(document)
        except DamagedError as error:
            yield Symptom("damage", shelf.agency, database.path, f"{shelf.agency}-{number}: {error.message}",
                          "restore it from a backup")  # fmt: skip
            continue
        wrong = _wrong(ticket, codec.seals(document), f"{shelf.agency}-{number}")
        if wrong:
            yield Symptom("damage", shelf.agency, database.path, wrong, "csctool audit verify tells more")
        if ticket.history and (ticket.history[-1].at - now).total_seconds() > SLACK:
            ahead.append(ticket.key)
    if ahead:
        some = ", ".join(ahead[:5]) + (" …" if len(ahead) > 5 else "")
        many = "1 ticket" if len(ahead) == 1 else f"{len(ahead)} tickets"
        yield Symptom("warning", shelf.agency, database.path, f"{many} changed in the future: {some}",
                      "set this machine's clock, or the one that wrote them")  # fmt: skip


def _wrong(ticket: Ticket, seals: tuple[str, ...], key: str) -> str | None:
    if ticket.key != key:
        return f"{key} is filed under a number that is not its own: it says {ticket.key}"
    found = broken(ticket, seals)
    return None if found is None else f"{key}: its history breaks at event {found.seq}: {found.why}"


def _counter(shelf: Shelf, live: Database) -> Iterator[Symptom]:
    try:
        given = codec.counters(live.counters.undecoded().get("1")).get("number", 0)
        highest = max(map(int, shelf.everything(live)), default=0)
    except CscError:
        return  # told with the file that can't be read
    if given < highest:
        yield Symptom("damage", shelf.agency, shelf.path,
                      f"the counter of {shelf.agency} stands at {given}, and there is {shelf.agency}-{highest}",
                      f"csctool note {shelf.agency}-{highest} -m seen sets it right")  # fmt: skip


def _outbox(shelf: Shelf, live: Database, now: datetime) -> Iterator[Symptom]:
    try:
        notices = list(live.notices().values())
    except DamagedError as error:
        yield Symptom("damage", shelf.agency, shelf.path, f"the outbox of {shelf.agency}: {error.message}",
                      "restore it from a backup")  # fmt: skip
        return
    waiting = [notice for notice in notices if notice.state == "waiting"]
    late = sorted(notice.due for notice in waiting if now - notice.due > LATE)
    if late:
        yield Symptom("warning", shelf.agency, shelf.path,
                      f"{_messages(late)} of {shelf.agency} should have left since {rfc3339(late[0])}",
                      "csctool sweep delivers; does cron run it?")  # fmt: skip
    failing = [notice for notice in waiting if notice.tries and now - notice.at > LATE and now - notice.due <= LATE]
    if failing:
        last = max(failing, key=lambda notice: notice.tries)
        yield Symptom("warning", shelf.agency, shelf.path,
                      f"{_messages(failing)} of {shelf.agency} could not be delivered so far: {last.to} by "
                      f"{last.transport}, tried {last.tries} times: {last.error}",
                      f"csctool notify list --agency {shelf.agency} tells all; they are tried again")  # fmt: skip
    held = [notice for notice in notices if notice.state == "held" and notice.error]
    if held:
        yield Symptom("warning", shelf.agency, shelf.path,
                      f"{_messages(held)} of {shelf.agency} {'is' if len(held) == 1 else 'are'} held: "
                      f"{held[-1].to} by {held[-1].transport}: {held[-1].error}",
                      f"csctool notify retry ID lets one go, csctool notify list --state held --agency {shelf.agency} "
                      "tells them")  # fmt: skip
    dead = [notice for notice in notices if notice.state == "dead"]
    if dead:
        yield Symptom("warning", shelf.agency, shelf.path,
                      f"{_messages(dead)} of {shelf.agency} {'was' if len(dead) == 1 else 'were'} given up: "
                      f"{dead[-1].to} by {dead[-1].transport}: {dead[-1].error}",
                      f"when the cause is gone: csctool notify retry --dead --agency {shelf.agency}")  # fmt: skip


def _messages(found: Sized) -> str:
    return f"{len(found)} message{'s' * (len(found) != 1)}"


def _archive(shelf: Shelf, now: datetime) -> Iterator[Symptom]:
    archives = shelf.archives
    places: dict[str, str] = {}
    try:
        months = archives.months()
    except CscError as error:
        yield _told(shelf, error, archives.directory)
        return
    for month in months:
        try:
            database = archives.month(month)
        except CscError as error:
            yield _told(shelf, error, archives.path(month))
            continue
        yield from _tickets(shelf, database, now)
        yield from _misfiled(shelf, month, database)
        for number in database.tickets.undecoded():
            if number in places:
                yield Symptom("note", shelf.agency, database.path,
                              f"{shelf.agency}-{number} lies in {places[number]} and in {month}",
                              "the higher version counts; nothing to do")  # fmt: skip
            places[number] = month
    yield from _derived(shelf, archives)


def _misfiled(shelf: Shelf, month: str, database: Database) -> Iterator[Symptom]:
    for number, document in database.tickets.undecoded().items():
        try:
            ticket = codec.glance(document)
        except DamagedError:
            continue  # told with the tickets
        key = f"{shelf.agency}-{number}"
        if ticket.status not in FINISHED:
            yield Symptom("warning", shelf.agency, database.path, f"{key} lies in the archive and is {ticket.status}",
                          f"csctool note {key} -m seen brings it back among the live ones")  # fmt: skip
        elif (right := month_of(ticket)) != month:
            yield Symptom("warning", shelf.agency, database.path, f"{key} ended in {right} and is filed under {month}",
                          f"csctool note {key} -m seen, then csctool archive, files it anew")  # fmt: skip


def _derived(shelf: Shelf, archives: Archives) -> Iterator[Symptom]:
    """The index and the briefs: what they say follows from the months, so nothing is lost with them."""
    try:
        fresh = archives.index_is_fresh()
        useless = list(briefs.useless(archives))
    except CscError:
        return  # a month can't be read: told above
    if not fresh:
        yield Symptom("note", shelf.agency, archives.directory, f"the index of {archives.directory} is out of date",
                      "csctool archive makes it anew; nothing is lost")  # fmt: skip
    for path in useless:
        yield Symptom("note", shelf.agency, path, f"{path} is of no use any more",
                      "remove it; csctool archive makes what is missing")  # fmt: skip
