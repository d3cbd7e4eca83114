"""A long file over many agencies is saved by several processes at once, and nothing shows that it was."""

import json
import os
import re
import signal
import time

import pytest

from csctool.crew import Crew
from csctool.desk import intake
from csctool.errors import BusyError, StorageError

AGENCIES = ("DHS", "DOT", "ISP", "DNR", "DOC")


@pytest.fixture
def rows(csctool, monkeypatch) -> str:
    """Sixty tickets of five agencies in turn, some of them twice, some that can't be taken."""
    monkeypatch.setattr(intake, "SHARED", 10)
    monkeypatch.setattr(intake, "WAITING", 25)
    for agency in AGENCIES[2:]:
        csctool("agency", "add", agency)
    made = []
    for n in range(60):
        row = {"agency": AGENCIES[n % 5], "subject": f"Printer {n} jams", "status": "closed" if n % 3 else "queued",
               "opened_at": "2026-09-01T08:00:00Z", "closed_at": "2026-09-02T08:00:00Z" if n % 3 else None}  # fmt: skip
        made.append({name: value for name, value in row.items() if value})
    made.insert(30, {"agency": "DHS", "key": "DHS-3", "subject": "another one under a number that is taken"})
    made.insert(41, {"agency": "NOWHERE", "subject": "x"})
    made.insert(50, {"agency": "DOT", "subject": ""})
    path = csctool.desk.parent / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made))
    return str(path)


def exported(csctool) -> str:
    """The desk, but for the names of operations."""
    return re.sub(r'"op":"[^"]+"', "", csctool("export").out)


def test_many_hands_make_the_same_desk_as_one(csctool, rows, pristine, tmp_path, monkeypatch):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(csctool.desk, other)
    alone = csctool("import", rows, "--jobs", "1", "--format", "json", status=4)
    by_one = exported(csctool)
    forked = []
    real = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(1) or real())
    monkeypatch.setenv("CSCTOOL_DESK", str(other))
    shared = csctool("import", rows, "--jobs", "3", "--format", "json", status=4)
    assert exported(csctool) == by_one
    assert len(forked) >= 6, "three hands, and again when so many wait"
    assert shared.json == alone.json
    assert sorted(shared.err.splitlines()) == sorted(alone.err.splitlines())
    again = csctool("import", rows, "--jobs", "3", "--format", "json", status=4).json
    assert again["added"] == 0
    assert again["known"] == shared.json["added"]
    assert csctool("audit", "verify").status == 0


def test_rows_that_hands_refuse_go_to_the_file_of_rejects(csctool, rows, tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    csctool("import", rows, "--jobs", "2", "--rejects", str(rejects), status=4)
    told = {json.loads(line).get("key") or json.loads(line)["subject"] for line in rejects.read_text().splitlines()}
    assert told == {"DHS-3", "x", ""}


def test_where_portions_would_touch_each_other_one_does_it_all(csctool, rows, monkeypatch):
    settings = csctool.desk / "csctool.toml"
    settings.write_text(settings.read_text().replace("[queues.apps]\n", '[queues.apps]\nassign = "least-loaded"\n', 1))
    assert 'assign = "least-loaded"' in settings.read_text()
    monkeypatch.setattr(os, "fork", None)
    csctool("import", rows, "--jobs", "3", status=4)


def test_a_failure_of_a_hand_is_told_as_its_own():
    crew: Crew[int] = Crew(2)

    def busy() -> int:
        raise BusyError("DHS is busy", "try again")

    crew.start(lambda: 7)
    crew.start(busy)
    answers = crew.answers()
    assert next(answers) == 7
    with pytest.raises(BusyError) as told:
        next(answers)
    assert (told.value.message, told.value.hint, told.value.exit) == ("DHS is busy", "try again", 6)


def test_a_hand_that_is_killed_or_has_a_bug_does_not_pass_for_done(capfd):
    crew: Crew[None] = Crew(2)
    for work in (lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0):
        crew.start(work)
        with pytest.raises(StorageError, match="was killed"):
            list(crew.answers())
    assert capfd.readouterr().out == ""


def test_who_gives_up_leaves_no_process_behind(monkeypatch):
    forked = []
    real = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(real()) or forked[-1])
    crew: Crew[None] = Crew(2)
    crew.start(lambda: time.sleep(60))
    crew.dismiss()
    with pytest.raises(ProcessLookupError):
        os.kill(forked[0], 0)
