"""Other tools with as many tickets: Taskwarrior, TinyDB as it comes, Roundup. A missing one is skipped, with a word."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import desks, lives, organisation
from benchmarks.pairs import Command
from csctool.storage import codec

NO_TASKWARRIOR = "Taskwarrior is missing: apt-get install taskwarrior"
NO_ROUNDUP = "Roundup is missing: pip install roundup"
_TASKRC = "confirmation=off\nverbose=nothing\nhooks=off\nrecurrence=off\n"


def rows(size: int, closed: float = desks.CLOSED) -> Iterator[dict[str, Any]]:
    """The tickets of a reference desk as the fields that an import states, agency by agency."""
    models = lives.templates()
    for agency in organisation.agencies():
        for _, document, _ in desks.tickets(agency, size // organisation.AGENCIES, models, closed):
            ticket = json.loads(msgspec.json.encode(codec.decode(msgspec.Raw(document))))
            names = ("agency", "kind", "status", "subject", "description", "channel", "requester", "phone", "service",
                     "category", "impact", "urgency", "priority", "queue", "assignee", "resolution", "code",
                     "opened_at", "resolved_at", "closed_at")  # fmt: skip
            yield {name: ticket[name] for name in names if ticket[name] is not None}


def json_lines(size: int, path: Path) -> Path:
    """The tickets for `csctool import`, one a line."""
    if not path.exists():
        with _new(path) as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(size))
        _done(path)
    return path


# -- Taskwarrior ---------------------------------------------------------------------------------------------


def tasks(size: int, path: Path, closed: float = desks.CLOSED) -> Path:
    """The same tickets for `task import`: what was said and answered as annotations, times, status, tags."""
    if not path.exists():
        with _new(path) as file:
            found = (_task(number, row) for number, row in enumerate(rows(size, closed)))
            file.write("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n")
        _done(path)
    return path


def _task(number: int, row: dict[str, Any]) -> dict[str, Any]:
    opened = _stamp(row["opened_at"])
    said = [{"entry": opened, "description": row["description"]}]
    task: dict[str, Any] = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))), "description": row["subject"], "entry": opened,
        "project": row["agency"], "priority": "HML"[row["impact"] - 1], "tags": [row["queue"].replace("-", "_")],
        "status": "pending",
    }  # fmt: skip
    if row["status"] == "closed":
        task |= {"status": "completed", "end": _stamp(row["closed_at"])}
        said.append({"entry": _stamp(row["resolved_at"]), "description": row["resolution"]})
    return task | {"annotations": said}


def _stamp(text: str) -> str:
    return text.replace("-", "").replace(":", "")


def task(place: Path, *words: str) -> Command:
    """A Taskwarrior command on the data in a directory."""
    rc = place / "taskrc"
    if not rc.exists():
        place.mkdir(parents=True, exist_ok=True)
        rc.write_text(f"data.location={place}\n{_TASKRC}")
    return Command(["task", *words], {"TASKRC": str(rc), "TASKDATA": str(place)})


def task_data(file: Path, place: Path) -> Path:
    """A Taskwarrior directory into which the file was imported."""
    if not (place / "pending.data").exists():
        shutil.rmtree(place, ignore_errors=True)
        command = task(place, "import", str(file))
        subprocess.run(command.words, env=os.environ | dict(command.env), check=True, capture_output=True)
    return place


# -- TinyDB --------------------------------------------------------------------------------------------------

_INSERT = "import json, sys, tinydb; tinydb.TinyDB(sys.argv[1]).insert(json.loads(sys.argv[2]))"


def tinydb_file(size: int, path: Path) -> Path:
    """One file with all whole tickets, as TinyDB's own storage writes it."""
    if path.exists():
        return path
    models = lives.templates()
    with _new(path) as file:
        sign, number = '{"_default": {', 0
        for agency in organisation.agencies():
            for _, document, _ in desks.tickets(agency, size // organisation.AGENCIES, models):
                number += 1
                file.write(f'{sign}"{number}": {document.decode()}')
                sign = ", "
        file.write("}}")
    _done(path)
    return path


def tinydb_insert(path: Path) -> Command:
    """One more ticket into that file."""
    models = lives.templates()
    _, document, _ = next(desks.tickets("CSC", 1, models, closed=0))
    return Command([sys.executable, "-c", _INSERT, str(path), document.decode()])


# -- Roundup -------------------------------------------------------------------------------------------------


def roundup_admin() -> str | None:
    """Where Roundup's administration command is."""
    beside = Path(sys.executable).parent / "roundup-admin"
    return str(beside) if beside.exists() else shutil.which("roundup-admin")


def roundup_tracker(admin: str, size: int, place: Path) -> Path:
    """A tracker of the classic template on SQLite, with as many issues, made through Roundup's Python interface.

    An issue has title, priority and status; messages would only make the loading longer.
    """
    if (place / "loaded").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    said = "tracker_web=http://localhost/,mail_domain=localhost,mail_host=localhost"
    for words in (("install", "classic", "sqlite", said), ("initialise", "admin")):
        subprocess.run([admin, "-i", str(place), *words], check=True, capture_output=True)
    _load(size, place)
    (place / "loaded").touch()
    return place


def _load(size: int, place: Path) -> None:
    import roundup.instance

    database = roundup.instance.open(str(place)).open("admin")
    priorities, statuses = database.priority.list(), database.status.list()
    for number, row in enumerate(rows(size)):
        status = statuses[-1] if row["status"] == "closed" else statuses[0]
        database.issue.create(title=row["subject"], priority=priorities[row["impact"]], status=status)
        if number % 1000 == 0:
            database.commit()
            database.clearCache()
    database.commit()
    database.close()


# -- files that are kept ---------------------------------------------------------------------------------------


def _new(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return open(f"{path}.new", "w", encoding="utf-8")


def _done(path: Path) -> None:
    os.replace(f"{path}.new", path)
