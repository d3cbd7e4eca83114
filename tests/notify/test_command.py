"""Messages handed to programs."""

import json
import os
import stat
from pathlib import Path

import pytest

from .conftest import SOON


@pytest.fixture
def program(tmp_path, transport, tell):
    """A shell script that gets the messages."""

    def write(text, *more, to=("ops",), timeout=SOON):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        transport("command", run=[str(path), *more], timeout=timeout)
        tell("command", *to)
        return path

    return write


def test_a_program_gets_json_on_stdin_and_its_first_line_is_the_receipt(csctool, program, box, tmp_path):
    program(f'cat > {tmp_path}/got; echo "queued as $1"; echo more', "7; touch /tmp/x")
    key = csctool.open("No dial tone")
    assert csctool("notify", "send").lines == [f"told ops of {key} opened by command"]
    told = json.loads((tmp_path / "got").read_text())
    assert (told["schema"], told["ticket"], told["to"]) == ("csctool.notice/1", key, "ops")
    assert [one["receipt"] for one in box("--state", "sent")] == ["queued as 7; touch /tmp/x"]


def test_it_sees_hardly_anything_of_the_environment(csctool, program, tmp_path, monkeypatch):
    monkeypatch.setenv("DESK_SECRET", "x")
    monkeypatch.setenv("LD_PRELOAD", "")
    program(f"env > {tmp_path}/env; pwd >> {tmp_path}/env")
    csctool.open()
    csctool("notify", "send")
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names <= {"PATH", "LANG", "HOME", "PWD", "OLDPWD", "SHLVL", "_", "/"}


@pytest.mark.parametrize(("text", "why", "state"), [
    ("exit 75", "ended with 75", "waiting"), ("exit 1", "ended with 1", "waiting"),
    ("exit 67", "ended with 67", "dead"), ("echo no such user >&2; exit 67", "ended with 67: no such user", "dead"),
    ("exit 65", "ended with 65", "dead"), ("kill -9 $$", "was killed by signal 9", "waiting"),
    ("sleep 60", f"took more than {SOON} s and was killed", "waiting"), ("yes; exit 1", "took more than", "waiting"),
])  # fmt: skip
def test_its_exit_status_says_what_becomes_of_a_message(csctool, program, box, text, why, state):
    program(text)
    csctool.open()
    assert why in csctool("notify", "send", status=9).err
    assert [n["state"] for n in box()] == [state]


def test_when_its_time_is_up_its_children_end_with_it(csctool, program, tmp_path):
    program(f"sleep 300 & echo $! > {tmp_path}/child; wait")
    csctool.open()
    csctool("notify", "send", status=9)
    child = int((tmp_path / "child").read_text())
    assert any(not alive(child) for _ in range(1000)), "the kernel may take a moment to bury it, but not for ever"


def alive(process):
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_it_leaves_behind_is_not_waited_for(csctool, program, tmp_path):
    program(f"sleep 20 & echo $! > {tmp_path}/child; echo taken", timeout=10)
    csctool.open()
    csctool("notify", "send")
    os.kill(int((tmp_path / "child").read_text()), 9)


def test_a_program_that_is_not_there_is_told_once(csctool, program, box):
    program("exit 0").unlink()
    csctool.open()
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert "2 messages by command were not delivered: can't run" in said
    assert said.count("\n") == 1
    assert len(box()) == 2


def test_a_file_is_open_to_those_to_whom_its_directory_is(csctool, desk, tell):
    place = desk / "agencies" / "DHS"
    place.chmod(0o2770)
    tell("file", "ops")
    csctool.open()
    csctool("notify", "send")
    assert stat.S_IMODE((place / "messages.jsonl").stat().st_mode) == 0o660


def test_half_a_line_in_a_file_stays_alone(csctool, desk, tell, transport):
    transport("wall", kind="file", path="wall.jsonl")
    path = desk / "agencies" / "DHS" / "wall.jsonl"
    path.write_text('{"half')
    tell("wall", "ops")
    csctool.open()
    csctool("notify", "send")
    half, line = path.read_text().splitlines()
    assert half == '{"half'
    assert json.loads(line)["to"] == "ops"


def test_a_file_that_cant_be_written_is_told_and_nothing_is_lost(csctool, desk, tell, box):
    (desk / "agencies" / "DHS" / "messages.jsonl").mkdir()
    tell("file", "ops")
    csctool.open()
    assert "can't write" in csctool("notify", "send", status=9).err
    assert len(box()) == 1
