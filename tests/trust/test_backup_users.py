"""Backups and restores by real Unix users, with real groups and modes; that needs root, and is skipped without."""

import grp
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.trust.otheruser import User, among_all, needs_root

pytestmark = needs_root

#: Users and a group that every Debian has. The desk belongs to OWNER, the agency DHS to the group as well.
OWNER, STRANGER, GROUP = "games", "nobody", "games"
#: The agency hears of outages.
TELLING = '[[notify]]\non = ["outage"]\nto = ["noc@dhs.gov"]\ntransport = "file"\n'


@pytest.fixture
def top() -> Iterator[Path]:
    """A place into which everybody may look and write."""
    with among_all() as place:
        place.chmod(0o777)
        yield place


@pytest.fixture
def shared(pristine: Path, top: Path) -> Path:
    """The desk of OWNER; DHS has a group of its own, 2770."""
    desk = top / "desk"
    shutil.copytree(pristine, desk)
    for path in (desk, *desk.rglob("*")):
        shutil.chown(path, OWNER, OWNER)
    for path in (desk / "agencies/DHS", *(desk / "agencies/DHS").rglob("*")):
        shutil.chown(path, OWNER, GROUP)
        path.chmod(0o2770 if path.is_dir() else 0o660)
    return desk


def technician(name: str, desk: Path) -> User:
    """csctool as somebody else."""
    found = pwd.getpwnam(name)
    return User(desk, found.pw_uid, found.pw_gid)


def rights(path: Path) -> tuple[str, str, int]:
    found = path.stat()
    return pwd.getpwuid(found.st_uid).pw_name, grp.getgrgid(found.st_gid).gr_name, found.st_mode & 0o7777


def test_an_agency_that_may_not_be_read_is_left_out_and_named(shared, top):
    said = technician(STRANGER, shared)("backup", str(top / "mine.tar.gz"), status=5)
    assert f"you may not read {shared}/agencies/DHS; DHS is not in the backup" in said.err
    made = technician(STRANGER, shared)("backup", "--verify", str(top / "mine.tar.gz"), "--format", "json").json
    assert (made["agencies"], made["skipped"]) == (["CSC", "DOT"], ["DHS"])


def test_a_file_that_may_not_be_read_leaves_its_agency_out(shared, top):
    technician(OWNER, shared).open("Printer jams", agency="DOT")
    (shared / "agencies/DOT/open.json").chmod(0o600)
    said = technician(STRANGER, shared)("backup", str(top / "mine.tar.gz"), status=5)
    assert "DOT is not in the backup" in said.err
    assert technician(STRANGER, shared)("backup", "--verify", str(top / "mine.tar.gz"), "--format", "json").json[
        "skipped"
    ] == ["DHS", "DOT"]


@pytest.mark.parametrize("who", ["root", OWNER])
def test_owner_group_and_mode_are_kept_over_a_desk(shared, top, who):
    technician(OWNER, shared).open("Printer jams")
    files = ("", "/closed", "/open.json", "/agency.toml", "/.lock")
    watched = [shared / name for name in ("csctool.toml", "agencies", *(f"agencies/DHS{file}" for file in files))]
    before = list(map(rights, watched))
    technician(who, shared)("backup", str(top / "desk.tar.gz"))
    technician(who, shared)("restore", str(top / "desk.tar.gz"))
    assert list(map(rights, watched)) == before
    technician(OWNER, shared)("start", "DHS-1")


def test_what_a_restore_makes_in_an_agency_is_its_groups_too(shared, top):
    technician(OWNER, shared)("backup", str(top / "desk.tar.gz"))
    (shared / "agencies/DHS/rules.toml").write_text(TELLING)
    technician(OWNER, shared)("outage", "open", "voicemail", "-a", "DHS", "-m", "Down")
    technician(OWNER, shared).open("Printer jams")
    technician(OWNER, shared)("notify", "send")
    (sent,) = (shared / "agencies/DHS/sent").iterdir()
    technician("root", shared)("restore", str(top / "desk.tar.gz"), "-a", "DHS", "--force")
    for path in (shared / "agencies/DHS/open.json", sent):
        assert rights(path) == (OWNER, GROUP, 0o660)
    assert rights(sent.parent) == (OWNER, GROUP, 0o2770)
    assert technician(OWNER, shared).open("Printer jams again") == "DHS-2"


def test_root_gives_a_new_desk_the_owner_and_group_that_it_had(shared, top):
    technician("root", shared)("backup", str(top / "desk.tar.gz"))
    technician("root", shared)("restore", str(top / "desk.tar.gz"), str(top / "new"))
    assert rights(top / "new/agencies/DHS") == (OWNER, GROUP, 0o2770)
    assert rights(top / "new/agencies/DHS/agency.toml") == (OWNER, GROUP, 0o660)
    assert rights(top / "new/csctool.toml")[0] == OWNER
    technician(OWNER, top / "new").open("Printer jams")
    assert rights(top / "new/agencies/DHS/open.json") == (OWNER, GROUP, 0o660)


def test_a_group_that_cant_be_had_shuts_the_agency_to_all_but_its_owner(shared, top):
    technician("root", shared)("backup", str(top / "desk.tar.gz"))
    shutil.chown(top / "desk.tar.gz", STRANGER)
    said = technician(STRANGER, shared)("restore", str(top / "desk.tar.gz"), str(top / "new"))
    assert "DHS can't have the group games here: only its owner may read it" in said.err
    assert rights(top / "new/agencies/DHS") == (STRANGER, "nogroup", 0o700)
    assert rights(top / "new/agencies/DHS/agency.toml") == (STRANGER, "nogroup", 0o600)
    assert rights(top / "new/agencies/DOT")[2] == 0o755


def test_who_may_not_write_the_desk_restores_nothing(shared, top):
    technician(OWNER, shared)("backup", str(top / "desk.tar.gz"))
    (top / "desk.tar.gz").chmod(0o644)
    before = technician(OWNER, shared).files()
    said = technician(STRANGER, shared).refused("restore", str(top / "desk.tar.gz"), status=5)
    assert "you may not" in said
    technician(STRANGER, shared).refused("restore", str(top / "desk.tar.gz"), "-a", "DHS", status=5)
    assert technician(OWNER, shared).files() == before


def test_a_technician_who_meets_an_interrupted_restore_is_told_who_ends_it(shared, top):
    technician(OWNER, shared)("backup", str(top / "desk.tar.gz"))

    words = ["--desk", str(shared), "restore", str(top / "desk.tar.gz")]
    dying = f"""
import os, signal
from csctool.cli import run
from csctool.storage.swapping import Swap
Swap._exchange = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run({words!r})
"""
    assert technician(OWNER, shared).do(dying).status == -9
    said = technician(STRANGER, shared).refused("list", status=5)
    assert "a restore was interrupted here: the next command of whoever owns the desk ends it" in said
    assert technician(OWNER, shared)("list").status == 0
    technician(STRANGER, shared)("list")
