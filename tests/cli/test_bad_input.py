"""Bad input, as real processes meet it: the right status, one line that says what to do, nothing half done."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from conftest import CSCTOOL


def shell(script, desk, **env):
    """Bash with csctool in reach: (status of csctool in a pipe or the shell's, stdout, stderr)."""
    command = " ".join(CSCTOOL)
    done = subprocess.run(
        ["bash", "-c", f"csctool() {{ {command} --desk '{desk}' \"$@\"; }}; {script}"],
        capture_output=True, text=True, timeout=60, env=os.environ | env, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stdout, done.stderr


# -- in one process -------------------------------------------------------------------------------------------


def test_what_is_not_there_is_not_found(csctool, tmp_path):
    for words in (
        ("show", "DHS-1"), ("show", "nonsense"), ("show", "DHS-0"), ("show", "DHS-01"), ("show", "../x-1"),
        ("show", "NOPE-1"), ("open", "x", "-a", "NOPE"), ("agency", "show", "NOPE"), ("queue", "show", "nope"),
        ("list", "-a", "NOPE"), ("list", "-q", "nope"), ("list", "--desk-queue", "nope"), ("archive", "-a", "NOPE"),
        ("open", "x", "-a", "DHS", "-q", "nope"), ("open", "x", "-a", "DHS", "--follows", "DHS-9"),
        ("list", "--my-queues"), ("schema", "nope"),
    ):  # fmt: skip
        csctool.refused(*words, status=3)
    csctool.clock = None
    for nowhere in (str(tmp_path), str(tmp_path / "missing"), "/dev/null", "/proc/1"):
        assert "csctool init" in csctool.refused("--desk", nowhere, "list", status=3)


@pytest.mark.parametrize("option", ["--desk", "--as", "--now"])
def test_an_empty_variable_of_a_script_is_no_other_desk_person_or_time(csctool, option):
    before = csctool.files()
    assert csctool.refused(option, "", "open", "x", "-a", "DHS", status=2) == (
        f"csctool: {option} is empty; say which, or leave it out\n"
    )
    assert csctool.files() == before


def test_what_is_asked_or_guessed_reads_as_a_sentence(csctool):
    assert csctool.refused("open", "x", status=2).startswith("csctool: which agency? --agency KEY, one of: ")
    said = csctool.refused("outage", "open", "x", "--agency", "DHS", status=2)
    assert said.startswith("csctool: no such option: --agency; did you mean --")
    assert said.endswith("--agencies? see csctool outage open --help\n")
    assert csctool.refused("restore", "x.tar.gz", "", status=2) == "csctool: DIR is empty; say something\n"
    assert csctool.refused("report", "volume", "-o", "", status=2) == "csctool: -o is empty; name a file\n"


def test_malformed_text_is_a_usage_error_and_opens_nothing(csctool):
    lone, big = "\udcff", "x" * (1024 * 1024 + 1)
    before = csctool.files()
    for words in (
        ("open", ""), ("open", "  "), ("open", lone), ("open", "x\0y"), ("open", big), ("open", "x", "-d", lone),
        ("open", "x", "--field", "k"), ("open", "x", "--field", "=v"), ("open", "x", "--field", f"k={lone}"),
        ("open", "x", "--impact", "4"), ("open", "x", "--impact", "high"), ("open", "x", "-p", "P9"),
        ("open", "x", "--kind", "insident"), ("open", "x", "-c", "pigeon"), ("open", "x", "--close"),
        ("open", "x", "--minutes", "-1"), ("open", "x", "--at", "2026-02-30"), ("open", "x", "--at", "tomorrow"),
        ("open", "x", "--requester", ""), ("open", "x", "--once", ""), ("open", "x", "--cc", lone), ("open",),
        ("open", "x", "--resolution", "x", "--code", "magic"), ("open", "x", "extra"),
    ):  # fmt: skip
        csctool.refused(*words[:1], "--agency", "DHS", *words[1:], status=2)
    for stdin in (b"\xff", b"a\0b", b"\xed\xa0\x80", b"x" * 10_000_000):
        csctool.refused("open", "x", "-a", "DHS", "-d", "-", stdin=stdin, status=2)
        csctool.refused("show", "-", stdin=stdin[:1000], status=2 if stdin[:1] != b"x" else 3)
    csctool.refused("--as", lone, "open", "x", "-a", "DHS", status=2)
    assert csctool.files() == before
    assert csctool.open("x" * 1024 * 1024) == "DHS-1", "1 MiB is not over 1 MiB"


@pytest.mark.parametrize("text", [
    "2026-02-30", "2026-13-01", "2026-11-31", "2026-11-01T25:00", "2026-11-01T10:60", "2026-11-01T10:00+25:00",
    "30 Feb 2026", "someday", "", " ", "7x", "99999999999d", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00+23:00",
    "-7d", "2026-", "١", "1 Nov 2026 14:00 XYZ", "\x1b[2J", "2026-00-10", "0000-01-01", "nan", "now..", "NaN d",
])  # fmt: skip
def test_a_time_that_does_not_exist_is_refused(csctool, text):
    key = csctool.open()
    before = csctool.files()
    for words in (("note", key, "x", "--at", text), ("hold", key, "--for", "vendor", "--until", text)):
        csctool.refused(*words, status=2)
    csctool.clock = None
    csctool.refused("--now", text or " ", "list", status=2)
    assert csctool.files() == before


def test_ranges_at_the_ends_of_time_are_no_bugs(csctool):
    for text in (
        "9999-12-31",
        "0001-01-01",
        "9999",
        "0001",
        "9999-12",
        "..9999-12-31",
        "0001-01-01..",
        "999999999w",
        "..",
    ):
        said = csctool._run(("list", "--opened", text), None, {})
        assert said.status in (0, 2)
    assert "ends before it begins" in csctool.refused("list", "--opened", "2026-11-02..2026-11-01", status=2)


def test_who_does_not_wait_is_told_of_no_time(csctool, desk):
    csctool.open()
    with open(desk / "agencies/DHS/.lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "was not free for 0 s" in csctool.refused("start", "DHS-1", status=6, CSCTOOL_WAIT="0")


def test_a_lock_that_is_not_free_in_time_is_busy(csctool, desk):
    key = csctool.open()
    with (desk / "agencies/DHS/.lock").open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = csctool.files()
        for words in (("open", "x", "-a", "DHS"), ("start", key), ("transfer", key, "--agency", "DOT")):
            assert "DHS" in csctool.refused(*words, status=6, CSCTOOL_WAIT="0.05")
        assert csctool("show", key).out, "readers take no lock"
        assert csctool.open(agency="DOT") == "DOT-1"
        assert {k: v for k, v in csctool.files().items() if "DOT" not in k} == {
            k: v for k, v in before.items() if "DOT" not in k
        }
    csctool("start", key)
    for wait in ("soon", "-1", "nan"):
        assert "CSCTOOL_WAIT" in csctool.refused("start", key, status=2, CSCTOOL_WAIT=wait)


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"{}", b"[]", b"null", b"\xff\xfe", b"{", b'{"_default": {}}'])
def test_damage_is_never_read_as_no_tickets_and_stays_as_it_is(csctool, desk, damage):
    csctool.open()
    csctool.open(agency="DOT")
    path = desk / "agencies/DHS/open.json"
    path.write_bytes(damage)
    for words in (("show", "DHS-1"), ("open", "x", "-a", "DHS"), ("start", "DHS-1"), ("list", "-a", "DHS")):
        said = csctool(*words, "--format", "json", status=7)
        assert said.errors[0]["code"] == "damaged"
        assert "open.json" in said.errors[0]["message"]
    said = csctool("list", "--format", "keys", status=7)
    assert said.out == "DOT-1\n"
    assert path.read_bytes() == damage


# -- real processes --------------------------------------------------------------------------------------------


def test_a_reader_that_closes_the_pipe_early_ends_the_command_quietly(csctool, desk):
    for _ in range(3):
        csctool.open("x" * 100_000)
    for fmt in ("table", "json", "jsonl", "csv", "markdown", "keys"):
        status, out, err = shell(f"csctool list --format {fmt} | head -c 1; exit ${{PIPESTATUS[0]}}", desk)
        assert (status, len(out), err) == (0, 1, ""), fmt
    assert shell("csctool --help | true; exit ${PIPESTATUS[0]}", desk)[::2] == (0, "")
    assert shell("csctool show NOPE-1 2>&1 | true; exit ${PIPESTATUS[0]}", desk)[0] == 3


def test_streams_that_are_closed_or_full(csctool, desk):
    csctool.open("x")
    for words, status in (("list", 0), ("show DHS-1 --format json", 0), ("start DHS-1", 0), ("show DHS-9", 3)):
        assert shell(f"csctool {words} >&-", desk)[0] == status, words
        assert shell(f"csctool {words} >&- 2>&- <&-", desk)[0] == (4 if words.startswith("start") else status), words
    assert shell("csctool note DHS-1 - <&-", desk)[0] == 2
    if os.path.exists("/dev/full"):
        status, _, err = shell("csctool list >/dev/full", desk)
        assert (status, err.count("\n")) == (7, 1)
        assert shell("csctool show DHS-9 2>/dev/full", desk)[0] == 3
    assert shell("csctool show DHS-1 --format json", desk, PYTHONIOENCODING="ascii", LC_ALL="C")[0] == 0
    csctool.open("Кириллица 漢字")
    status, out, _ = shell("csctool list", desk, PYTHONIOENCODING="ascii")
    assert status == 0
    assert "\\u041a" in out


def test_without_a_terminal_nothing_is_asked_and_nothing_confirmed(process):
    assert process("open", "x", "-a", "DHS") == (0, "DHS-1\n", "")
    assert process("start", "DHS-1") == (0, "", "")
    assert process("resolve", "DHS-1", status=2).out == ""


#: Everything is imported before root becomes nobody, who may not be able to read the interpreter or this checkout.
STRANGER = """
import importlib, os, pkgutil, sys
import csctool, csv, difflib, json, tabulate, wcwidth
for module in pkgutil.walk_packages(csctool.__path__, "csctool."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
os.chdir("/")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(csctool.cli.run(sys.argv[1:]))
"""


@pytest.fixture
def stranger(pristine):
    """Runs csctool as nobody on a desk that is open to all as far as its modes say."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as place:
        desk = Path(place) / "desk"
        shutil.copytree(pristine, desk)
        Path(place).chmod(0o755)

        def run(*args):
            done = subprocess.run(
                [sys.executable, "-c", STRANGER, "--desk", str(desk), *args], capture_output=True, text=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            return done.returncode, done.stdout, done.stderr

        run.desk = desk
        yield run


def modes(desk, directories, files):
    for path in (desk, *desk.rglob("*")):
        path.chmod(directories if path.is_dir() else files)


def test_a_desk_that_may_only_be_read_is_read_and_not_written(stranger):
    subprocess.run([*CSCTOOL, "--desk", str(stranger.desk), "open", "x", "-a", "DHS"], check=True, capture_output=True)
    modes(stranger.desk, 0o755, 0o644)
    assert stranger("show", "DHS-1")[0] == 0
    assert stranger("list", "--format", "keys")[:2] == (0, "DHS-1\n")
    for words in (("open", "x", "-a", "DHS"), ("start", "DHS-1"), ("agency", "add", "DOC"), ("person", "add", "eve")):
        status, out, err = stranger(*words)
        assert (status, out, err.count("\n")) == (5, "", 1), (words, err)


def test_an_agency_that_may_not_be_read_is_left_out_and_named(stranger):
    for agency in ("DHS", "DOT"):
        words = [*CSCTOOL, "--desk", str(stranger.desk), "open", "x", "-a", agency]
        subprocess.run(words, check=True, capture_output=True)
    modes(stranger.desk, 0o755, 0o644)
    (stranger.desk / "agencies/DHS").chmod(0o700)
    status, out, err = stranger("list", "--format", "keys")
    assert (status, out) == (0, "DOT-1\n")
    assert "DHS" in err
    assert stranger("show", "DHS-1")[0] == 5
    assert stranger("open", "x", "-a", "DHS")[0] == 5
    stranger.desk.chmod(0o700)
    assert stranger("list")[0] == 5


def test_a_command_that_is_killed_leaves_the_desk_as_before_or_after(process):
    """The storage tests kill at every system call; here it is the whole command, at random moments."""
    seen = set()
    chance = random.Random(7)
    for _ in range(12):
        before = len(process("list", "--format", "keys").lines)
        child = subprocess.Popen([*CSCTOOL, "open", "x", "-a", "DHS"], stdout=subprocess.PIPE)
        time.sleep(chance.uniform(0.02, 0.35))
        child.send_signal(signal.SIGKILL)
        said = child.communicate()[0].decode().strip()
        keys = process("list", "--format", "keys").lines
        assert len(keys) in (before, before + 1)
        assert not said or said in keys, "what was acknowledged is there"
        seen.update(keys)
    assert process("open", "x", "-a", "DHS").out.strip() not in seen, "no number is used twice"


def test_ctrl_c_is_quiet(desk):
    child = subprocess.Popen(
        [*CSCTOOL, "note", "DHS-1", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    time.sleep(3)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.parametrize("words", [("init",), ("init", "--demo"), ("init", "--dry-run")])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("letter.txt", "letter.txt is no directory; name a new or an empty one"),
        ("letter.txt/desk/", "letter.txt is no directory; name a new or an empty one"),
        ("half", "agencies is no directory"),
        ("lost", "lost is a link that leads nowhere"),
        ("n" * 300, "File name too long; name a new"),
    ],
)
def test_a_desk_is_made_in_no_file(csctool, tmp_path, words, name, says):
    (tmp_path / "letter.txt").write_text("Dear desk")
    (tmp_path / "half").mkdir()
    (tmp_path / "half/agencies").write_text("")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    assert says in csctool.refused(*words, f"{tmp_path}/{name}", status=2)
    assert (tmp_path / "letter.txt").read_text() == "Dear desk"
    assert not (tmp_path / "nowhere").exists()
