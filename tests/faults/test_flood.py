"""More than anybody types: a line without end, a million rows, brackets within brackets. Memory stays what it was."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from .stage import LONG, told

#: Bytes of one line, and rows of an import.
LINE, ROWS = (1 << 30, 1_000_000) if LONG else (96 << 20, 20_000)
#: What a command may take over what it takes at rest, in MiB: a line that is read whole is 32, a list of keys 64.
MORE = 240


class Ended(NamedTuple):
    status: int
    err: str
    peak: int


def run(root: str, words: tuple[str, ...], flood: bytes, times: int, before: bytes = b"") -> Ended:
    """A command that gets `before`, and then `flood` so many times, on stdin; until it has had enough."""
    reading, writing = os.pipe()
    feeder = os.fork()
    if feeder == 0:
        try:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.close(reading)
            with open(writing, "wb") as file:
                file.write(before)
                for _ in range(times):
                    file.write(flood)
        finally:
            os._exit(0)
    os.close(writing)
    command = subprocess.Popen(
        [sys.executable, "-m", "csctool", "--desk", root, *words], stdin=reading, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    os.close(reading)
    assert command.stderr
    with command.stderr as stream:
        err = stream.read()
    _, status, usage = os.wait4(command.pid, 0)
    command.returncode = os.waitstatus_to_exitcode(status)
    os.waitpid(feeder, 0)
    return Ended(command.returncode, err, usage.ru_maxrss // 1024)


@pytest.fixture
def desk(quick: str) -> str:
    root = f"{quick}/flooded"
    if not os.path.exists(root):
        told(root, "init", root)
        told(root, "agency", "add", "DHS")
        told(root, "open", "Printer", "--agency", "DHS")
    return root


MIB = 1 << 20
CHUNK = b"x" * MIB


@pytest.mark.parametrize(("words", "before"), [
    (("import", "-", "-a", "DHS"), b'{"subject":"'), (("import", "-", "-a", "DHS"), b'subject,kind\n"'),
    (("import", "-", "-a", "DHS"), b"subject\tkind\n"), (("import", "-", "-a", "DHS"), b"[" * 1000),
    (("note", "DHS-1", "-"), b""), (("open", "x", "-a", "DHS", "-d", "-"), b""), (("show", "-"), b""),
    (("close", "-"), b""), (("restore", "-", "nowhere"), b"\x1f\x8b"),
    (("audit", "verify", "--head", "-"), b'{"heads":['), (("audit", "verify", "--head", "-"), b"\n"),
], ids=str)  # fmt: skip
def test_a_line_that_does_not_end_takes_no_memory(
    desk: str, words: tuple[str, ...], before: bytes, tally: Callable[[str], None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    rest = run(desk, words, b"", 0)
    ended = run(desk, words, CHUNK, LINE // MIB, before)
    assert ended.status in (2, 3, 4, 7), ended.err[:500]
    assert "Traceback" not in ended.err
    assert len(ended.err) < 2000, "nobody wants to read it back"
    assert ended.peak < rest.peak + MORE, (ended.peak, rest.peak)
    tally(f"{LINE // MIB} MiB in one line: exit {ended.status}, {ended.peak} MiB at most, {rest.peak} without")


def test_memory_does_not_grow_with_the_rows(desk: str, tally: Callable[[str], None]) -> None:
    bad = b'{"subject":"x","agency":"DHS","kind":"nonsense"}\n'
    words = ("import", "-", "-a", "DHS", "--rejects", os.devnull)
    few, many = (run(desk, words, bad * 100, rows // 100) for rows in (ROWS // 10, ROWS))
    assert (few.status, many.status) == (4, 4), many.err[:500]
    assert many.peak < few.peak + 40, (few, many)
    tally(f"{ROWS} rows: {many.peak} MiB at most, with a tenth of them {few.peak}")


DEEP = 100_000


@pytest.mark.parametrize("line", [
    b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b'{"subject":"x","fields":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    b'{"subject":"x","history":' + b"[" * DEEP + b"]" * DEEP + b"}", b'{"subject":' + b"[" * DEEP,
], ids=range(7))  # fmt: skip
def test_brackets_within_brackets_are_a_bad_row_and_the_others_are_taken(desk: str, line: bytes) -> None:
    ended = run(desk, ("import", "-", "-a", "DHS"), b'{"subject":"good"}\n' + line + b'\n{"subject":"good"}\n', 1)
    assert ended.status == 4, ended.err[:500]
    assert "line 2" in ended.err
    assert "line 3" not in ended.err


@pytest.mark.parametrize("text", [
    "x = " + "[" * DEEP, "x = " + "[" * DEEP + "]" * DEEP, "x = " + "{a=" * DEEP, f"[{'.'.join('a' * DEEP)}]",
    "x" * DEEP + "=1", "[[a]]\n" * (DEEP // 10), "#" * (20 << 20),
], ids=range(7))  # fmt: skip
@pytest.mark.parametrize(
    "place", ["csctool.toml", "agencies/DHS/rules.toml", "agencies/DHS/agency.toml", "map", "expect"]
)
def test_settings_of_brackets_are_refused_with_their_file(desk: str, tmp_path: Path, place: str, text: str) -> None:
    root = tmp_path / "desk"
    shutil.copytree(desk, root)
    path = root / place if "/" in place or place == "csctool.toml" else tmp_path / f"{place}.toml"
    path.write_text(text)
    words = {
        "map": ("import", "/dev/null", "--map", str(path), "-a", "DHS"),
        "expect": ("rules", "test", str(path), "-a", "DHS"),
    }.get(place, ("open", "x", "--agency", "DHS"))  # fmt: skip
    status, _, err = told(str(root), *words, status=None)
    assert status in (0, 2), err[:500]
    assert "Traceback" not in err
    if status == 2:
        assert path.name in err
        assert len(err) < 3000
