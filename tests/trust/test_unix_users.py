"""One Unix group an agency, real users: what the operating system keeps apart, csctool keeps apart."""

import fcntl
import grp
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.conftest import CSCTOOL
from tests.trust.otheruser import User, among_all, needs_root

pytestmark = [
    needs_root,
    pytest.mark.skipif(not shutil.which("useradd"), reason="needs useradd: users and groups are made"),
]
GROUPS = ("a", "b")
#: name -> group; ann and bob serve DHS, eve serves DOT.
USERS = {"ann": "a", "bob": "a", "eve": "b"}


class Staff(NamedTuple):
    """The desk, and who works there; ann is careful (umask 077), bob is not (022)."""

    desk: Path
    ann: User
    bob: User
    eve: User
    root: User
    groups: dict[str, str]


def accounts(*commands: tuple[str, ...]) -> None:
    """Change the machine's users, one process at a time."""
    with open(f"{tempfile.gettempdir()}/csctool-accounts.lock", "w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, str]]:
    """Unix names for the users and groups of this module, which exist while it runs."""
    names = {short: f"csct{os.getpid()}{short}" for short in (*GROUPS, *USERS)}
    add = [("groupadd", names[group]) for group in GROUPS]
    add += [("useradd", "-M", "-N", "-g", names[g], "-s", "/bin/false", names[u]) for u, g in USERS.items()]
    remove = [("userdel", names[user]) for user in USERS] + [("groupdel", names[group]) for group in GROUPS]
    try:
        accounts(*add)
        yield names
    finally:
        accounts(*remove)


@pytest.fixture
def staff(names: dict[str, str]) -> Iterator[Staff]:
    with among_all() as place:
        desk = place / "desk"
        environment = {**os.environ, "TZ": "UTC"}

        def run(*words: str) -> None:
            subprocess.run([*CSCTOOL, "--desk", str(desk), *words], check=True, env=environment, umask=0o022)

        run("init", str(desk))
        run("agency", "add", "DHS", "--group", names["a"])
        run("agency", "add", "DOT", "--group", names["b"])

        def user(short: str, umask: int) -> User:
            found = pwd.getpwnam(names[short])
            return User(desk, found.pw_uid, found.pw_gid, umask=umask)

        root = User(desk, 0, 0, umask=0o022)
        yield Staff(desk, user("ann", 0o077), user("bob", 0o022), user("eve", 0o007), root, names)


def shared(staff: Staff) -> None:
    """Every file of DHS is its group's, to read and to write, and nobody else's."""
    place = staff.desk / "agencies/DHS"
    group = grp.getgrnam(staff.groups["a"]).gr_gid
    for path in (place, *place.rglob("*")):
        found = path.lstat()
        wanted = 0o2770 if path.is_dir() else 0o640 if path.name.endswith(".cache") else 0o660
        assert (found.st_gid, oct(stat.S_IMODE(found.st_mode))) == (group, oct(wanted)), path


def test_a_new_agency_is_its_groups_alone(staff):
    shared(staff)
    assert (staff.desk / "agencies/DHS").stat().st_uid == 0


def test_members_of_a_group_share_an_agency_whatever_their_umask(staff):
    """Each turn makes files that the other must be able to read and to replace."""
    ann, bob, place = staff.ann, staff.bob, staff.desk / "agencies/DHS"
    rules = '[[categorize]]\nwhen = {{ text = ["word{0}"] }}\ncategory = "c/{0}"\n'
    (place / "rules.toml").write_text(
        '[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\ntransport = "file"\n'
        + "".join(rules.format(number) for number in range(100))
    )
    (place / "rules.toml").chmod(0o660)
    for turn, (one, other) in enumerate(((ann, bob), (bob, ann), (ann, bob))):
        key = one("open", f"Printer {turn}", "-a", "DHS").out.strip()
        shared(staff)
        other("resolve", key, "--resolution", "done")
        one("close", key)
        other("sweep", "-a", "DHS")
        shared(staff)
        one("archive")
        other("reopen", key, "--reason", "not yet")
        one("cancel", key, "--reason", "x")
        other("archive")
        other("plugin", "new", f"p{turn}", "--agency", "DHS")
        one("note", key, "with a plugin of the other's")
        shared(staff)
        assert (
            other("doctor", "--format", "json").json["findings"]
            == staff.bob("doctor", "--format", "json").json["findings"]
        )
    assert len((place / "messages.jsonl").read_text().splitlines()) == 3
    assert (
        ann("list", "--all", "--format", "keys", "-a", "DHS").lines
        == bob("list", "--all", "--format", "keys", "-a", "DHS").lines
    )


def test_a_repair_leaves_the_agency_to_its_group(staff):
    staff.ann.open("one")
    staff.bob.open("two")
    path = staff.desk / "agencies/DHS/open.json"
    path.write_bytes(path.read_bytes().replace(b'"one"', b'"0ne"', 1))
    assert "kept 2 intact tickets" in staff.ann("doctor", "--repair").out
    shared(staff)
    staff.bob("start", "DHS-1")


def test_what_root_does_locks_nobody_out(staff):
    """Cron as root sweeps, archives and delivers for everybody."""
    key = staff.ann.open("one")
    staff.root("resolve", key, "--resolution", "x")
    staff.root("close", key)
    staff.root("archive")
    staff.root("sweep")
    shared(staff)
    staff.bob("reopen", key, "--reason", "not yet")
    staff.ann("sweep", "-a", "DHS")


def test_what_root_does_in_somebodys_own_desk_stays_theirs(staff, names):
    """No group, no sharing: a technician's private desk, which root sweeps."""
    with among_all() as place:
        owner = pwd.getpwnam(names["ann"])
        home = place / "home"
        home.mkdir()
        os.chown(home, owner.pw_uid, owner.pw_gid)
        ann, root = (User(home / "desk", uid, gid) for uid, gid in ((owner.pw_uid, owner.pw_gid), (0, 0)))
        ann("init", str(home / "desk"))
        root("agency", "add", "DHS")
        key = root.open("by root")
        root("person", "add", "zed")
        root("close", key, status=4)
        root("resolve", key, "--resolution", "x")
        root("close", key)
        root("archive")
        assert {path.stat().st_uid for path in home.rglob("*")} == {owner.pw_uid}
        ann("reopen", key, "--reason", "not yet")
        ann("agency", "add", "DOT")


# -- another agency's directory --------------------------------------------------------------------------------


def test_another_agencys_directory_is_closed(staff):
    """By the operating system: no listing, no reading, no writing, no renaming, no linking into or out of it."""
    staff.ann.open("Secret of DHS")
    place = staff.desk / "agencies/DHS"
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    tries = f"""
import os
place, mine = {str(place)!r}, {str(staff.desk / "agencies/DOT")!r}
def ways():
    yield lambda: os.listdir(place)
    for name in ("open.json", "agency.toml", ".lock", "closed/2026-01.json"):
        path = f"{{place}}/{{name}}"
        yield lambda: open(path)
        yield lambda: open(path, "a")
        yield lambda: os.stat(path)
        yield lambda: os.unlink(path)
        yield lambda: os.rename(path, f"{{mine}}/stolen")
        yield lambda: os.link(path, f"{{mine}}/linked")
        yield lambda: os.chmod(path, 0o666)
    yield lambda: open(f"{{place}}/new", "w")
    yield lambda: os.mkdir(f"{{place}}/new")
    yield lambda: os.symlink("/etc/passwd", f"{{place}}/new")
    yield lambda: os.link(f"{{mine}}/agency.toml", f"{{place}}/new")
    yield lambda: os.rename(f"{{mine}}/agency.toml", f"{{place}}/agency.toml")
    yield lambda: os.rename(place, place + "2")
    yield lambda: os.rename(mine, place)
    yield lambda: os.rmdir(place)
    yield lambda: os.chmod(place, 0o777)
    yield lambda: os.symlink(place, {str(staff.desk / "agencies/ZZZ")!r})
    yield lambda: open({str(staff.desk / "csctool.toml")!r}, "a")
got_through, tried = [], 0
for number, way in enumerate(ways()):
    tried += 1
    try:
        way()
    except PermissionError:
        continue
    got_through.append(number)
print(tried, got_through)
"""
    assert staff.eve.do(tries).out == "40 []\n"
    os.symlink(place, staff.desk / "agencies/DOT/within")  # a link of one's own leads nowhere
    assert staff.eve.do(f"open({str(staff.desk / 'agencies/DOT/within/open.json')!r})").status == 1
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_the_doctor_tells_each_of_them_what_they_may_not(staff):
    staff.ann.open("one")
    found = staff.bob("doctor", "--format", "json").json["findings"]
    assert sorted(one["message"] for one in found) == [
        f"you may look at CSC, and change nothing in {staff.desk}/agencies/CSC",
        f"you may not read {staff.desk}/agencies/DOT",
    ]
    (staff.desk / "agencies/DHS/open.json").chmod(0o640)
    told = [one["message"] for one in staff.bob("doctor", "--format", "json").json["findings"]]
    assert f"you may not read and write {staff.desk}/agencies/DHS/open.json" in told


def test_what_is_put_back_from_a_backup_is_its_groups(staff):
    staff.ann.open("one")
    staff.root("backup", str(staff.desk.parent / "desk.tar.gz"))
    staff.bob.open("two")
    staff.root("restore", str(staff.desk.parent / "desk.tar.gz"), "--agency", "DHS", "--force")
    shared(staff)
    assert staff.bob.ticket("DHS-1")["subject"] == "one"
    staff.ann("start", "DHS-1")
    staff.root("restore", str(staff.desk.parent / "desk.tar.gz"), "--force")
    shared(staff)
    staff.bob("start", "DHS-1")


def test_desk_wide_commands_leave_the_other_agency_out_and_say_so(staff):
    secret = staff.ann.open("Secret of DHS")
    key = staff.eve.open("Ours", agency="DOT")
    for words in (
        ("list",), ("list", "--all"), ("search", "secret"), ("report", "summary"), ("export",), ("agency", "list"),
        ("queue", "list"), ("audit", "verify"), ("audit", "head"), ("sweep",), ("notify", "list"), ("notify", "send"),
        ("config", "check"), ("rules", "check"), ("plugin", "list"), ("plugin", "check"),
        ("sla", "recompute"),
    ):  # fmt: skip
        said = staff.eve(*words)
        told = [line for line in said.err.splitlines() if "no plugin is enabled" not in line]
        assert told == [f"csctool: you may not read {staff.desk}/agencies/DHS; DHS was left out"], words
        assert "Secret" not in said.out
    assert staff.eve("list", "--format", "keys").out == f"{key}\n"
    assert secret == "DHS-1"


def test_a_command_that_names_the_other_agency_ends_with_5(staff):
    staff.ann.open("Secret of DHS")
    staff.eve.open("Ours", agency="DOT")
    for words in (
        ("list", "-a", "DHS"), ("show", "DHS-1"), ("history", "DHS-1"), ("open", "x", "-a", "DHS"), ("start", "DHS-1"),
        ("note", "DHS-1", "x"), ("link", "DOT-1", "--fixes", "DHS-1"), ("transfer", "DOT-1", "--agency", "DHS"),
        ("agency", "show", "DHS"), ("sweep", "-a", "DHS"), ("archive", "-a", "DHS"), ("export", "-a", "DHS"),
        ("report", "summary", "-a", "DHS"), ("explain", "DHS-1"), ("audit", "verify", "-a", "DHS"),
        ("rules", "check", "-a", "DHS"), ("plugin", "new", "--agency", "DHS"), ("notify", "send", "-a", "DHS"),
    ):  # fmt: skip
        said = staff.eve.refused(*words, status=5)
        assert f"{staff.desk}/agencies/DHS" in said, words
        assert "Secret" not in said
    assert staff.eve.ticket("DOT-1")["version"] == 1
    assert [event["verb"] for event in staff.ann.events("DHS-1")] == ["open"]
