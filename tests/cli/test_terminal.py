"""On a terminal: colour, a table that fits, wide characters in line, and confirmations on stderr."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from wcwidth import wcswidth

from conftest import CSCTOOL

COLOUR = re.compile("\x1b\\[[0-9;]*m")


def on_a_terminal(*words, columns=80, lines=24, **env):
    """What a command shows on a terminal of that size, line ends plain."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | {"TERM": "xterm"} | env
    child = subprocess.Popen([*CSCTOOL, *words], stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return child.wait(timeout=30), shown.decode().replace("\r\n", "\n")


@pytest.mark.usefixtures("desk")
def test_a_change_is_confirmed_on_the_terminal():
    status, shown = on_a_terminal("open", "Printer jams", "--agency", "DHS")
    assert status == 0
    assert shown.splitlines()[0] == "DHS-1"
    assert "service-desk" in shown
    status, shown = on_a_terminal("assign", "DHS-1", "--to", "bo")
    assert (status, shown.count("\n")) == (0, 1)
    assert "bo" in shown
    assert on_a_terminal("show", "DHS-9")[0] == 3


def test_colour_is_for_terminals_that_want_it(csctool):
    csctool.open("x", "-p", "P1")
    assert COLOUR.search(on_a_terminal("show", "DHS-1")[1])
    assert "\x1b" not in on_a_terminal("show", "DHS-1", NO_COLOR="1")[1]
    assert "\x1b" not in csctool("show", "DHS-1").out


def test_a_list_shows_what_is_urgent_in_colour_and_its_columns_stay_in_line(csctool):
    csctool.open("whole floor dark", "-p", "P1", "-c", "email")
    csctool.open("P1 is what they said")
    words = ("list", "--columns", "key,priority,flags,subject")
    shown = on_a_terminal(*words)[1]
    assert re.search("\x1b\\[31mP1\x1b\\[0m  +\x1b\\[31mcallback-required\x1b\\[0m  whole floor", shown)
    assert "\x1b" not in shown.splitlines()[3], "P5 and a subject have none"
    assert COLOUR.sub("", shown).splitlines() == csctool(*words).lines
    assert "\x1b" not in on_a_terminal(*words, NO_COLOR="1")[1]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_fits_the_terminal_and_wide_characters_stay_in_line(csctool, columns):
    for subject in ("Не работает почта " * 9, "電話が鳴らない" * 9, "Plain words " * 9, "é" * 90, "👩‍💻 " * 30):
        csctool.open(subject)
    status, shown = on_a_terminal("list", columns=columns)
    table = COLOUR.sub("", shown).splitlines()
    assert status == 0
    assert len(table) == 2 + 5
    assert max(wcswidth(line) for line in table) <= columns
    words = ("Не", "電", "Plain", "é", "👩")
    starts = {wcswidth(line[: line.index(word)]) for line, word in zip(table[2:], words, strict=True)}
    assert len(starts) == 1, "the subjects begin in one column"
    assert sum("…" in line for line in table) == 5


def test_a_long_list_ends_after_a_screenful_and_says_so(csctool):
    for number in range(30):
        csctool.open(f"ticket {number}")
    shown = on_a_terminal("list", lines=20)[1]
    assert "16 of 30" in shown
    assert "--limit 0" in shown
    assert "DHS-30" in on_a_terminal("list", "--limit", "0", lines=20)[1]
    assert len(csctool("list").lines) == 2 + 30
