"""`doctor` finds what is wrong with a desk and says what to do; each trouble here is a real one."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import CSCTOOL
from tests.trust.otheruser import User, among_all, needs_root

from csctool.storage import codec, container

OPEN = "agencies/DHS/open.json"


@pytest.fixture
def findings(csctool) -> Callable[[], list[dict[str, str]]]:
    """What doctor tells, with the exit status that goes with it; everything has an advice."""

    def look(status: int = 0) -> list[dict[str, str]]:
        found = csctool("doctor", "--format", "json", status=status).json["findings"]
        assert all(one["advice"] for one in found), found
        return found

    return look


def only(found: list[dict[str, str]]) -> dict[str, str]:
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def shared(desk: Path) -> Path:
    """DHS, the directory of a group, with tickets live and archived."""
    place = desk / "agencies/DHS"
    for path in (place, *place.rglob("*")):
        path.chmod(0o2770 if path.is_dir() else 0o660)
    return place


def test_a_desk_that_is_worked_with_is_sound(csctool, desk, shared, findings):
    """Every file that csctool makes beside the tickets is known to it, and as it should be."""
    (shared / "rules.toml").write_text(
        '[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\ntransport = "file"\n'
        + "".join(f'[[route]]\nwhen = {{ text = ["w{n}"] }}\nqueue = "apps"\n' for n in range(90))
    )
    (shared / "rules.toml").chmod(0o660)
    key = csctool.open()
    csctool("resolve", key, "--resolution", "x")
    csctool("close", key)
    csctool("sweep")
    csctool("archive")
    csctool.open()
    csctool("note", "DHS-2", "x")
    assert (shared / "messages.jsonl").exists()
    assert (shared / "sent").is_dir()
    assert findings() == []


# -- who may get at the files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "told", "advice"), [
    (0o2775, "is open to more people than its group", "chmod 2770"),
    (0o2771, "is open to more people than its group", "chmod 2770"),
    (0o0770, "new files in", "chmod g+s"),
    (0o2700, "the group of", "chmod 2770"),
    (0o2773, "everybody may write into", "chmod o-w"),
])  # fmt: skip
def test_an_agencys_directory_that_is_not_its_groups_alone(shared, findings, mode, told, advice):
    shared.chmod(mode)
    found = [one for one in findings() if one["path"].endswith("agencies/DHS")]
    assert told in only(found)["message"]
    assert found[0]["advice"].startswith(advice)
    subprocess.run(found[0]["advice"], shell=True, check=True)
    again = [one for one in findings() if one["path"].endswith("agencies/DHS")]
    assert all(told not in one["message"] for one in again)


@pytest.mark.parametrize(("name", "mode", "told"), [
    ("open.json", 0o600, "colleagues may not use"), ("closed", 0o2700, "colleagues may not use"),
    (".lock", 0o600, "colleagues may not use"), ("agency.toml", 0o600, "colleagues may not read"),
    ("open.json", 0o664, "is open to more people than its directory"),
    ("agency.toml", 0o666, "is open to more people than its directory"),
    ("plugins/dhs.py", 0o600, "colleagues may not read"),
])  # fmt: skip
def test_a_file_that_keeps_colleagues_out_or_lets_others_in(csctool, shared, findings, name, mode, told):
    """And the advice mends it."""
    csctool.open()
    if name.startswith("plugins"):
        csctool("plugin", "new", "--agency", "DHS")
        (shared / name).chmod(0o640)  # root loads nothing that a group may write
    (shared / name).chmod(mode)
    found = only([one for one in findings() if told in one["message"]])
    assert found["path"].endswith(name)
    subprocess.run(found["advice"], shell=True, check=True)
    assert [one for one in findings() if "is not loaded" not in one["message"]] == []


@needs_root
def test_a_file_of_another_group(csctool, shared, findings):
    csctool.open()
    os.chown(shared / "open.json", -1, 54321)
    found = only(findings())
    assert "has another group than its directory" in found["message"]
    subprocess.run(found["advice"], shell=True, check=True)
    assert findings() == []


@pytest.mark.parametrize(("name", "mode", "told"), [
    ("csctool.toml", 0o666, "everybody may write"), ("agencies", 0o777, "everybody may write into"),
    ("", 0o777, "everybody may write into"), ("csctool.toml", 0o600, "only its owner may look into"),
    ("agencies", 0o700, "only its owner may look into"), ("", 0o700, "only its owner may look into"),
])  # fmt: skip
@pytest.mark.usefixtures("shared")
def test_the_desks_own_files_and_the_way_to_the_agencies(desk, findings, name, mode, told):
    place = desk / name if name else desk
    place.chmod(mode)
    found = only(findings())
    assert told in found["message"]
    subprocess.run(found["advice"], shell=True, check=True)
    assert findings() == []


# -- locks -----------------------------------------------------------------------------------------------------

_HOLD = """
import sys, time
from csctool.storage import lock
with lock.held(sys.argv[1], "DHS", 60):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(path: Path, *, until: str = "held") -> Iterator[int]:
    """A process that takes a lock and keeps it, or waits for it."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if until == "held":
            assert process.stdout.readline() == "held\n"
        else:
            while not has_open(process.pid, path):
                time.sleep(0.01)
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def has_open(number: int, path: Path) -> bool:
    try:
        return any(fd.resolve() == path for fd in Path(f"/proc/{number}/fd").iterdir())
    except OSError:
        return False


def stop(number: int) -> None:
    os.kill(number, signal.SIGSTOP)
    while Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


@pytest.mark.parametrize(("name", "purpose"), [(".lock", "write"), (".delivering", "deliver")])
def test_a_stopped_process_that_holds_a_lock_is_named(desk, findings, name, purpose):
    with holding(desk / "agencies/DHS" / name) as number:
        assert findings() == [], "an ordinary change"
        stop(number)
        found = only(findings())
        assert f"process {number} (" in found["message"]
        assert f"is stopped and holds the right to {purpose} in DHS" in found["message"]
        assert found["advice"].startswith(f"kill -CONT {number}")
        subprocess.run(found["advice"].partition(" lets")[0], shell=True, check=True)
    assert findings() == []


def test_a_stopped_process_that_waits_for_a_lock_is_named(desk, findings):
    path = desk / "agencies/DHS/.lock"
    with holding(path), holding(path, until="open") as waiter:
        assert findings() == []
        stop(waiter)
        found = only(findings())
        assert f"process {waiter} (" in found["message"]
        assert "is stopped and waits for the right to write in DHS" in found["message"]


def test_a_lock_that_has_been_held_for_long_tells_who_and_how_many_wait(desk, findings):
    path = desk / "agencies/DHS/.lock"
    with holding(path) as number, holding(path, until="open"):
        data = path.read_bytes()
        since = int(data[:20].split()[1])
        with path.open("r+b") as file:  # an hour passes
            file.write(b"%-19b\n" % f"{number} {since - 3600}".encode())
        found = only(findings())
        assert re.search(rf"process {number} has held the lock of DHS for 36\d\d s, and 1 waits", found["message"])


# -- the outbox ------------------------------------------------------------------------------------------------


@pytest.fixture
def telling(desk: Path) -> Path:
    """DHS tells of every ticket by a file that is a directory: nothing can be delivered."""
    (desk / "agencies/DHS/rules.toml").write_text(
        '[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\ntransport = "file"\n'
    )
    return desk / "agencies/DHS/messages.jsonl"


@pytest.mark.usefixtures("telling")
def test_messages_that_nobody_delivers_are_told(csctool, findings):
    csctool.open()
    csctool.open()
    assert findings() == []
    csctool.clock = "2026-11-02T12:00:00Z"
    found = only(findings())
    assert "2 messages of DHS should have left since 2026-11-02T09:00:00Z" in found["message"]
    assert "cron" in found["advice"]
    csctool("sweep")
    assert findings() == []


def test_messages_that_fail_and_those_that_were_given_up_are_told(csctool, telling, findings):
    telling.mkdir()
    csctool.open()
    csctool("notify", "send", status=9)
    assert findings() == []
    csctool.clock = "2026-11-02T11:00:00Z"
    csctool("notify", "send", status=9)
    found = only(findings())
    assert "1 message of DHS could not be delivered so far: noc@example.gov by file, tried 2 times" in found["message"]
    while csctool("notify", "list", "--state", "waiting", "--format", "json").json["notices"]:
        csctool.clock = f"2026-11-{int(csctool.clock[8:10]) + 1:02}T11:00:00Z"
        csctool("notify", "send", status=9)
    found = only(findings())
    assert "1 message of DHS was given up: noc@example.gov by file" in found["message"]
    telling.rmdir()
    csctool(*re.search(r"csctool (.+)$", found["advice"])[1].split())
    csctool("sweep")
    assert findings() == []


# -- the archive -----------------------------------------------------------------------------------------------


@pytest.fixture
def mail(desk: Path, tmp_path: Path) -> Path:
    """Where the password of the desk's mail server belongs."""
    path = tmp_path / "mail.password"
    with (desk / "csctool.toml").open("a") as file:
        file.write(f'[transports.smtp]\nhost = "mail.gov"\nuser = "desk"\npassword_file = "{path}"\n')
    return path


@pytest.mark.parametrize(("mode", "text", "told", "advice"), [
    (None, "", "can't read PATH: No such file or directory", "put the secret there (mode 600 or 640)"),
    (0o644, "s3cret", "PATH holds a secret and others may read it", "chmod o-rwx PATH"),
    (0o600, "\n", "PATH is empty", "put the secret into it"),
    (0o600, "\udcff", "PATH is not UTF-8 text", "put the secret alone into it"),
])  # fmt: skip
def test_a_password_that_no_mail_would_get_past_is_told_before_one_tries(findings, mail, mode, text, told, advice):
    if mode is not None:
        mail.write_bytes(text.encode("utf-8", "surrogateescape"))
        mail.chmod(mode)
    one = only(findings())
    assert (one["level"], one["path"]) == ("warning", str(mail))
    assert one["message"] == f"transports.smtp.password_file: {told.replace('PATH', str(mail))}"
    assert advice.replace("PATH", str(mail)) in one["advice"]


@needs_root
def test_a_password_that_whoever_delivers_may_not_read_is_told(pristine):
    with among_all() as place:
        shutil.copytree(pristine, place / "desk")
        secret = place / "mail.password"
        secret.write_text("s3cret")
        secret.chmod(0o600)
        with (place / "desk/csctool.toml").open("a") as file:
            file.write(f'[transports.smtp]\nhost = "mail.gov"\nuser = "desk"\npassword_file = "{secret}"\n')
        subprocess.run(["chmod", "-R", "a+rX", place / "desk"], check=True)
        told = User(place / "desk", 54321, 54321)("doctor").out
    assert f"can't read {secret}: Permission denied; whoever delivers must be able to: chgrp it" in told
    assert "s3cret" not in told


def test_the_secret_of_a_webhook_and_the_places_of_a_chat_are_looked_at_too(findings, desk, tmp_path):
    hook, chats = tmp_path / "hook.secret", tmp_path / "chats"
    hook.write_text("whsec_!!!")
    hook.chmod(0o600)
    with (desk / "csctool.toml").open("a") as file:
        file.write(f'[transports.webhook]\nurl = "https://hooks.gov/x"\nsecret_file = "{hook}"\n')
        file.write(f'[transports.chat]\nplaces_file = "{chats}"\n')
    told = {one["message"].partition(": ")[0]: one["message"] for one in findings()}
    assert "begins with whsec_ and is no base64" in told["transports.webhook.secret_file"]
    assert "No such file" in told["transports.chat.places_file"]


@pytest.fixture
def archived(csctool, desk: Path) -> Path:
    """DHS-1 closed in November, DHS-2 in December, both in the archive."""
    for clock in ("2026-11-02T09:00:00Z", "2026-12-02T09:00:00Z"):
        csctool.clock = clock
        key = csctool.open()
        csctool("resolve", key, "--resolution", "x")
        csctool("close", key)
        csctool("archive")
    return desk / "agencies/DHS/closed"


def rewrite(path: Path, change: Callable[[dict[str, dict[str, bytes]]], None]) -> None:
    """Another content of a store file, whole and with the right checksum: as a mistake in csctool would leave it."""
    header, tables = container.unpack(path.read_bytes(), str(path))
    change(tables)
    path.write_bytes(container.pack(tables, header.generation + 1))


def test_a_ticket_that_is_filed_under_the_wrong_month_is_told_and_mended(csctool, archived, findings):
    november, december = archived / "2026-11.json", archived / "2026-12.json"
    _, tables = container.unpack(november.read_bytes(), "")
    rewrite(december, lambda there: there["tickets"].update(tables["tickets"]))
    rewrite(november, lambda there: there["tickets"].clear())
    told = [one["message"] for one in findings() if one["level"] == "warning"]
    assert told == ["DHS-1 ended in 2026-11 and is filed under 2026-12"]
    csctool("note", "DHS-1", "-m", "seen")
    csctool("archive")
    assert findings() == []


def test_a_live_ticket_in_the_archive_is_told_and_brought_back(csctool, archived, findings):
    csctool("reopen", "DHS-2", "--reason", "x")
    live = archived.parent / "open.json"
    _, tables = container.unpack(live.read_bytes(), "")
    rewrite(archived / "2026-12.json", lambda there: there["tickets"].update({"2": tables["tickets"]["2"]}))
    rewrite(live, lambda there: there["tickets"].pop("2"))
    told = [one["message"] for one in findings() if one["level"] == "warning"]
    assert told == ["DHS-2 lies in the archive and is queued"]
    csctool("note", "DHS-2", "-m", "seen")
    assert csctool("list", "--format", "keys").out == "DHS-2\n"
    csctool("resolve", "DHS-2", "--resolution", "x")
    csctool("close", "DHS-2")
    csctool("archive")
    assert findings() == []


def test_a_ticket_in_two_months_is_told(archived, findings):
    _, tables = container.unpack((archived / "2026-11.json").read_bytes(), "")
    rewrite(archived / "2026-12.json", lambda there: there["tickets"].update(tables["tickets"]))
    assert "DHS-1 lies in 2026-11 and in 2026-12" in [one["message"] for one in findings()]


def test_index_and_briefs_that_are_of_no_use_are_told(csctool, archived, findings):
    (archived / "index.json").write_text("{}")
    brief = next(archived.glob("2026-11.brief-*.json"))
    brief.write_bytes(brief.read_bytes()[:-5])
    shutil.copy(
        next(archived.glob("2026-12.brief-*.json")), old := archived / "2026-12.brief-0123456789abcdef-2026-12-1.json"
    )
    found = findings()
    assert {one["level"] for one in found} == {"note"}
    assert {one["path"] for one in found} == {str(archived), str(brief), str(old)}
    assert csctool("list", "--all", "--format", "keys").lines == ["DHS-1", "DHS-2"], "nothing is lost"
    brief.unlink()
    old.unlink()
    csctool("archive")
    assert findings() == []


def test_a_notice_that_can_not_be_read_is_damage(csctool, desk, telling, findings):
    csctool.open()
    rewrite(desk / OPEN, lambda there: there["outbox"].update({"1": codec.encode({"id": 5})}))
    assert "the outbox of DHS" in only([one for one in findings(status=7) if "outbox" in one["message"]])["message"]


# -- where the desk lies ---------------------------------------------------------------------------------------


@pytest.fixture
def over_a_network(tmp_path: Path) -> Iterator[Path]:
    """A directory that is mounted through sshfs from a server on this machine."""
    server = next(
        (path for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server") if os.path.exists(path)), ""
    )
    if not (shutil.which("sshfs") and server and os.getuid() == 0):
        pytest.skip("needs sshfs, an sftp-server and root: a network file system is mounted")
    (tmp_path / "real").mkdir()
    (tmp_path / "mounted").mkdir()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        serving = subprocess.Popen([server], stdin=ours, stdout=ours)
        mounting = subprocess.Popen(
            ["sshfs", f":{tmp_path}/real", f"{tmp_path}/mounted", "-f", "-o", "passive"],
            stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    try:
        while not os.path.ismount(tmp_path / "mounted"):
            if mounting.poll() is not None:
                pytest.skip(f"nothing may be mounted here: {mounting.communicate()[1].strip()}")
            time.sleep(0.01)
        yield tmp_path / "mounted"
    finally:
        subprocess.run(["umount", str(tmp_path / "mounted")], check=False, capture_output=True)
        for process in (mounting, serving):
            process.kill()
            process.communicate()


def test_a_desk_on_a_network_file_system_is_warned_about(over_a_network):
    desk = over_a_network / "my desk"
    told = f"csctool: the desk lies on a network file system (fuse.sshfs at {over_a_network}); locks and renames keep "
    done = subprocess.run([*CSCTOOL, "init", str(desk)], capture_output=True, text=True, check=True)
    assert done.stderr.startswith(told)
    done = subprocess.run(
        [*CSCTOOL, "--desk", str(desk), "doctor", "--format", "json"], capture_output=True, text=True, check=True
    )
    found = [one for one in json.loads(done.stdout)["findings"] if "network" in one["message"]]
    assert only(found)["level"] == "warning"
    assert only(found)["advice"].endswith("move it to a local disk")
