"""Whose plugin file is loaded, tried with real users, groups and modes; that needs root, and is skipped without."""

import contextlib
import io
import json
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.plugins.helpers import HEAD, enable

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root: real users, groups and modes are tried")

#: Users that every Debian has. `games` is a member of the agency's group, which is its own.
OWNER, TECHNICIAN, STRANGER, MEMBER = "bin", "daemon", "nobody", "games"
GROUP = "games"
CODE = HEAD + "@hookimpl\ndef categorize(ticket): return 'own/plugin'\n"


def uid(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


@pytest.fixture
def shared(pristine: Path) -> Iterator[Path]:
    """A desk of `bin`, whose agency DHS belongs to a group; below /tmp, which is sticky and root's."""
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    top.chmod(0o755)
    desk = top / "desk"
    shutil.copytree(pristine, desk)
    (desk / "agencies/DHS/plugins").mkdir()
    (desk / "agencies/DHS/plugins/own.py").write_text(CODE)
    enable(desk, "plugins/own.py")
    for path in (desk, *desk.rglob("*")):
        in_agency = (desk / "agencies/DHS") in (path, *path.parents)
        shutil.chown(path, OWNER, GROUP if in_agency else OWNER)
        path.chmod((0o2770 if path.is_dir() else 0o660) if in_agency else 0o755 if path.is_dir() else 0o644)
    yield desk
    shutil.rmtree(top)


def as_user(name: str, work: Callable[[], str]) -> str:
    """What `work` says when this user does it, in a process of its own; the agency's group comes along."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([] if name == "root" else [pwd.getpwnam(GROUP).pw_gid])
            os.setgid(pwd.getpwnam(name).pw_gid)
            os.setuid(uid(name))
            os.write(write, work().encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as file:
        said = file.read()
    os.waitpid(pid, 0)
    return said


def refused(desk: Path, *, user: str = TECHNICIAN, name: str = "plugins/own.py") -> str:
    """Why a user's csctool would not load the plugin; empty when it would."""
    from csctool.plugins.trust import UntrustedError, read_within, trust

    agency = str(desk / "agencies/DHS")

    def attempt() -> str:
        try:
            read_within(agency, name, trust(str(desk), agency))
        except (UntrustedError, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return ""

    return as_user(user, attempt)


def own(desk: Path) -> Path:
    return desk / "agencies/DHS/plugins/own.py"


@pytest.mark.parametrize("owner", [OWNER, TECHNICIAN, MEMBER, "root"])
def test_a_file_of_the_user_root_the_desks_owner_or_a_member_of_the_agencys_group_is_loaded(shared, owner):
    os.chown(own(shared), uid(owner), -1)
    assert refused(shared) == ""


def test_a_file_of_a_stranger_is_refused(shared):
    os.chown(own(shared), uid(STRANGER), -1)
    own(shared).chmod(0o644)
    assert "it belongs to nobody, who is neither you, root, the desk's owner (bin) nor" in refused(shared)


def test_a_file_that_everybody_may_write_is_refused(shared):
    own(shared).chmod(0o666)
    assert "everybody may write it" in refused(shared)


def test_a_file_that_another_group_may_write_is_refused(shared):
    shutil.chown(own(shared), group=TECHNICIAN)
    own(shared).chmod(0o664)
    assert "the group daemon, which is not the agency's, may write it" in refused(shared)
    own(shared).chmod(0o644)
    assert refused(shared) == ""


@pytest.mark.parametrize("above", ["agencies/DHS/plugins", "agencies/DHS", "agencies", ".", ".."])
def test_a_directory_above_that_everybody_may_write_is_refused(shared, above):
    place = (shared / above).resolve()
    place.chmod(0o777)
    assert f"everybody may write {place}" in refused(shared)
    place.chmod(0o1777)
    sticky_and_roots = place.stat().st_uid == 0
    assert bool(refused(shared)) != sticky_and_roots


@pytest.mark.parametrize("above", ["agencies", ".", ".."])
def test_a_directory_above_that_another_group_may_write_is_refused(shared, above):
    place = (shared / above).resolve()
    place.chmod(0o775)
    assert f"may write {place}" in refused(shared)


def test_a_directory_above_that_belongs_to_a_stranger_is_refused(shared):
    shutil.chown(shared / "agencies", STRANGER)
    assert "agencies belongs to nobody" in refused(shared)


def test_a_link_that_leads_out_of_the_agency_is_refused(shared):
    elsewhere = shared / "agencies/DOT/own.py"
    elsewhere.write_text(CODE)
    own(shared).unlink()
    own(shared).symlink_to(elsewhere)
    assert "a link that leads out of the agency's directory" in refused(shared)


def test_a_link_is_followed_inside_the_agency_and_what_it_leads_to_is_what_counts(shared):
    real = own(shared).with_name("real.py")
    own(shared).rename(real)
    own(shared).symlink_to("real.py")
    os.lchown(own(shared), uid(OWNER), -1)
    assert refused(shared) == ""
    real.chmod(0o666)
    assert "everybody may write it" in refused(shared)
    real.chmod(0o660)
    os.lchown(own(shared), uid(STRANGER), -1)
    assert "the link to it belongs to nobody" in refused(shared)


def test_a_file_that_is_swapped_after_the_check_is_not_the_one_that_is_read(shared, monkeypatch):
    """What was opened is what is checked and read: a file put in its place meanwhile changes nothing."""
    from csctool.plugins import trust

    stand = trust._stand

    def swap(*words: object) -> None:
        stand(*words)
        evil = own(shared).with_name("evil.py")
        evil.write_text("raise SystemExit('evil')")
        evil.replace(own(shared))

    monkeypatch.setattr(trust, "_stand", swap)
    agency = str(shared / "agencies/DHS")
    os.chmod(shared / "agencies/DHS", 0o2750)
    os.chmod(shared / "agencies/DHS/plugins", 0o2750)
    own(shared).chmod(0o640)
    _, source = trust.read_within(agency, "plugins/own.py", trust.trust(str(shared), agency))
    assert source == CODE.encode()


def test_what_is_no_file_is_refused_and_nobody_waits_for_it(shared):
    own(shared).unlink()
    os.mkfifo(own(shared))
    os.chown(own(shared), uid(OWNER), -1)
    assert "it is no file" in refused(shared)


def test_root_loads_only_what_root_or_the_desks_owner_alone_can_write(shared):
    assert "the group games may write it, and root loads only" in refused(shared, user="root")
    own(shared).chmod(0o640)
    assert "the group games may write" in refused(shared, user="root")  # the directories
    for place in ("agencies/DHS/plugins", "agencies/DHS"):
        (shared / place).chmod(0o2750)
    assert refused(shared, user="root") == ""
    os.chown(own(shared), uid(TECHNICIAN), -1)
    assert "it belongs to daemon, and root loads only" in refused(shared, user="root")
    os.chown(own(shared), uid(MEMBER), -1)
    assert "it belongs to games, and root loads only" in refused(shared, user="root")
    os.chown(own(shared), 0, 0)
    assert refused(shared, user="root") == ""


def opened_by(user: str, desk: Path) -> tuple[int, str, str]:
    """(status, stdout, stderr) of a ticket that this user opens. What the processes import is loaded before, because
    the user may not be able to read this checkout's interpreter."""
    import resource  # noqa: F401

    import csctool.plugins.worker  # noqa: F401
    from csctool.cli import run

    words = ["open", "x", "--agency", "DHS", "--format", "json"]

    def work() -> str:
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        status = run(["--desk", str(desk), *words])
        return json.dumps([status, sys.stdout.getvalue(), sys.stderr.getvalue()])

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["--desk", str(desk), *words, "--dry-run"]) == 0
    status, out, err = json.loads(as_user(user, work))
    return status, out, err


@pytest.mark.parametrize("user", [TECHNICIAN, "root"])
def test_a_refused_file_is_named_and_the_ticket_is_registered(shared, user):
    own(shared).chmod(0o666)
    status, out, err = opened_by(user, shared)
    assert status == 0, err
    ticket = json.loads(out)["ticket"]
    assert ticket["category"] is None
    assert "plugin plugins/own.py of DHS was passed over: it is refused: " in err
    assert "plugins/own.py" in json.dumps(ticket["history"][0]["decisions"])


def test_a_technician_of_the_agencys_group_gets_the_plugins_answer(shared):
    status, out, err = opened_by(TECHNICIAN, shared)
    assert (status, err) == (0, "")
    assert json.loads(out)["ticket"]["category"] == "own/plugin"


def test_an_installed_package_that_others_may_write_is_refused(shared, monkeypatch):
    from csctool.plugins.trust import Trust, UntrustedError, check

    place = shared.parent / "package"
    place.mkdir(mode=0o755)
    (place / "__init__.py").write_text(CODE)
    trusted = Trust(0, uid(OWNER), uid(OWNER))
    check(str(place / "__init__.py"), trusted)
    check(json.__file__, Trust(uid(STRANGER), uid(STRANGER), uid(STRANGER)))  # the interpreter's own
    place.chmod(0o777)
    with pytest.raises(UntrustedError, match="everybody may write"):
        check(str(place / "__init__.py"), trusted)
