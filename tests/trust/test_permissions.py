"""Who may: roles, queues of one's own, acting as somebody else, and a table that the desk may rewrite."""

import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.trust.otheruser import User, among_all, needs_root

from csctool.commands import COMMANDS
from csctool.domain.permissions import ANY, ANYBODY, DEFAULTS, DESKWIDE, HOUSEKEEPING, REACHES, split
from csctool.domain.words import ROLES
from csctool.settings.initial import DESK_TEXT, demo_text, write_desk

PEOPLE = """
[people.ana]
user = "{me}"
roles = ["coordinator"]
[people.bo]
roles = ["csr"]
[people.dee]
roles = ["resolver"]
[people.eve]
roles = ["resolver"]
[people.pat]
roles = ["problem-analyst"]
[people.max]
roles = ["manager"]
[people.nix]
roles = []
"""


@pytest.fixture
def house(desk: Path, me: str) -> Path:
    """The desk with somebody in every role: ana (that is you) coordinates, dee works for apps, nix has no role."""
    path = desk / "csctool.toml"
    text = path.read_text().replace(
        'title = "Application Support"\n', 'title = "Application Support"\nmembers = ["dee"]\n'
    )
    path.write_text(text + PEOPLE.format(me=me))
    return desk


def permissions(house: Path, rows: str) -> None:
    path = house / "csctool.toml"
    path.write_text(f"{path.read_text()}\n[permissions]\n{rows}\n")


# -- who may what ----------------------------------------------------------------------------------------------


def test_while_nobody_is_configured_everybody_may_everything(csctool):
    key = csctool.open()
    csctool("--as", "anyone", "assign", key, "--queue", "apps")
    csctool("--as", "whoever", "resolve", key, "--resolution", "done")
    csctool("--as", "someone", "close", key)
    csctool("--as", "a stranger", "agency", "add", "DOC")


@pytest.mark.usefixtures("house")
def test_a_role_that_may_not_is_named_with_those_that_may(csctool):
    key = csctool.open("Printer", "--queue", "apps")
    csctool("--as", "dee", "resolve", key, "--resolution", "done")
    before = csctool.files()
    said = csctool.refused("--as", "dee", "close", key, status=5)
    assert said == (
        f"csctool: {key}: dee is resolver; close is for csr, coordinator, problem-manager (problem tickets), manager\n"
    )
    assert csctool.refused("--as", "dee", "close", key, "--dry-run", status=5) == said
    assert csctool.files() == before
    assert csctool("--as", "dee", "close", key, "--format", "json", status=5).errors[0]["code"] == "not-permitted"
    csctool("--as", "bo", "close", key)


@pytest.mark.usefixtures("house")
def test_a_resolver_works_in_queues_of_his_own(csctool):
    elsewhere, here = csctool.open("at the desk"), csctool.open("in apps", "--queue", "apps")
    said = csctool.refused("--as", "dee", "start", elsewhere, status=5)
    assert "dee is resolver" in said
    assert f"{elsewhere} (in service-desk) is not their own" in said
    assert "resolver (own tickets)" in said
    csctool.refused("--as", "eve", "start", here, status=5)
    assert csctool("--as", "dee", "assign", here, "--to", "dee", "--format", "json").ticket["assignee"] == "dee"
    for words in (
        ("start",), ("note", "-m", "looked at it"), ("triage", "--category", "apps/print"), ("hold", "--for", "vendor"),
        ("resume",), ("diagnose", "--cause", "driver"), ("resolve", "--resolution", "done"),
        ("reopen", "--reason", "not yet"), ("return", "--reason", "not ours"),
    ):  # fmt: skip
        csctool("--as", "dee", words[0], here, *words[1:])
    csctool.refused("--as", "dee", "start", here, status=5)


@pytest.mark.usefixtures("house")
def test_what_is_assigned_to_or_owned_by_somebody_is_their_own_wherever_it_is(csctool):
    one, other = csctool.open("one"), csctool.open("other")
    csctool("--as", "bo", "assign", one, "--to", "eve")
    csctool("--as", "bo", "triage", other, "--owner", "eve")
    csctool("--as", "eve", "start", one)
    csctool("--as", "eve", "hold", other, "--for", "requester")
    csctool.refused("--as", "dee", "resolve", one, "--resolution", "x", status=5)


@pytest.mark.usefixtures("house")
def test_giving_a_ticket_to_another_queue_is_for_who_dispatches(csctool):
    key = csctool.open("Printer", "--queue", "apps")
    csctool("--as", "dee", "assign", key, "--to", "eve", "--queue", "apps")
    said = csctool.refused("--as", "dee", "assign", key, "--queue", "process", status=5)
    assert "dee is resolver; assign --queue, to another queue, is for csr" in said
    csctool("--as", "bo", "assign", key, "--queue", "process")
    csctool.refused("--as", "dee", "escalate", key, "--reason", "gone", status=5)


@pytest.mark.usefixtures("house")
def test_problems_are_for_problem_analysts_whatever_their_queue(csctool):
    problem, incident = csctool.open("why?", "--kind", "problem"), csctool.open("no", "--kind", "incident")
    csctool("--as", "pat", "diagnose", problem, "--cause", "bad batch of switches")
    said = csctool.refused("--as", "pat", "diagnose", incident, "--cause", "x", status=5)
    assert "problem-analyst (problem tickets)" in said


@pytest.mark.usefixtures("house")
def test_each_key_is_allowed_or_refused_by_itself(csctool):
    mine, theirs = csctool.open("mine", "--queue", "apps"), csctool.open("theirs")
    said = csctool("--as", "dee", "start", mine, theirs, status=5)
    assert said.err.count("\n") == 1
    assert theirs in said.err
    assert csctool.ticket(mine)["status"] == "in-progress"
    assert csctool.ticket(theirs)["status"] == "queued"


@pytest.mark.usefixtures("house")
def test_answering_during_the_call_asks_for_the_right_to_resolve_before_anything_is_registered(csctool):
    csctool.refused("--as", "nix", "open", "x", "-a", "DHS", "--resolution", "done", status=5)
    csctool.refused("--as", "dee", "open", "x", "-a", "DHS", "--resolution", "done", "--close", status=5)
    assert csctool.open("first") == "DHS-1"
    assert csctool("--as", "dee", "open", "x", "-a", "DHS", "--resolution", "done").out == "DHS-2\n"
    csctool.refused("--as", "nix", "open", "x", "-a", "DHS", "--fixes", "DHS-1", status=5)


@pytest.mark.usefixtures("house")
def test_merging_needs_both_tickets(csctool):
    mine, theirs = csctool.open("mine", "--queue", "apps"), csctool.open("theirs")
    csctool.refused("--as", "dee", "merge", mine, "--into", theirs, status=5)
    csctool("--as", "bo", "merge", mine, "--into", theirs)


@pytest.mark.usefixtures("house")
def test_reading_is_a_matter_of_directory_permissions_alone(csctool):
    key = csctool.open()
    for words in (
        ("show", key), ("list",), ("history", key), ("explain", key), ("report", "summary"), ("export",),
        ("audit", "verify"), ("audit", "head"), ("rules", "check"), ("person", "list"), ("doctor",),
    ):  # fmt: skip
        csctool("--as", "nix", *words)


# -- acting as somebody else -----------------------------------------------------------------------------------


def test_acting_as_somebody_else_is_for_who_may_and_gives_their_rights_alone(csctool, house, me):
    key = csctool.open()
    csctool("--as", "max", "queue", "add", "radio", "--tier", "2")
    said = csctool.refused("--as", "bo", "queue", "add", "alarm", "--tier", "2", status=5)
    assert said == "csctool: bo is csr; queue add is for manager\n"
    path = house / "csctool.toml"
    path.write_text(path.read_text().replace('roles = ["coordinator"]', 'roles = ["csr"]'))
    said = csctool.refused("--as", "bo", "start", key, status=5)
    assert said == "csctool: ana is csr; --as is for coordinator, manager\n"
    assert csctool.refused("list", status=5, CSCTOOL_AS="bo") == said, "looking with other eyes is acting, too"
    csctool("--as", "ana", "start", key)
    assert csctool.events(key)[-1]["via"] == me
    csctool.refused("--as", "zoe", "start", key, status=3)


def test_the_owner_of_the_desk_may_set_it_up_and_is_bound_by_roles_for_tickets(csctool, house):
    key = csctool.open()
    path = house / "csctool.toml"
    path.write_text(path.read_text().replace('roles = ["coordinator"]', 'roles = ["resolver"]'))
    csctool("person", "add", "gus")
    csctool("agency", "add", "DOC")
    csctool("sweep")
    csctool.refused("start", key, status=5)


def test_the_owner_of_the_desk_who_is_no_person_may_everything(csctool, desk):
    (desk / "csctool.toml").write_text((desk / "csctool.toml").read_text() + PEOPLE.format(me="someone.else"))
    key = csctool.open()
    csctool("resolve", key, "--resolution", "done")
    csctool("--as", "max", "close", key)
    csctool("--as", "dee", "list")
    csctool.refused("--as", "dee", "reopen", key, "--reason", "x", status=5)


@needs_root
def test_a_unix_user_for_whom_nobody_stands_may_look_open_and_sweep(world):
    """Monitoring opens, cron sweeps; whatever works tickets is a person."""
    run = User(world, 54321, 54321)
    key = run("open", "Disk full", "-a", "DHS", "-c", "monitoring", "--once", "probe").out.strip()
    assert key == "DHS-1"
    run("show", key)
    run("sweep")
    run("archive")
    run("notify", "send")
    assert run.refused("start", key, status=5) == (
        f"csctool: {key}: 54321 is no person of this desk; start is for csr, resolver (own tickets), coordinator, "
        "problem-analyst (problem tickets), problem-manager (problem tickets), manager\n"
    )
    assert "no person" in run.refused("--as", "bo", "start", key, status=5)
    permissions(world, 'sweep = ["coordinator"]')
    assert run.refused("sweep", status=5) == "csctool: 54321 is no person of this desk; sweep is for coordinator\n"


@needs_root
def test_a_unix_user_whose_name_is_a_persons_key_is_not_that_person(world):
    path = world / "csctool.toml"
    path.write_text(path.read_text().replace("[people.max]", '[people.54321]\nuser = "x"\n[people.max]'))
    run = User(world, 54321, 54321)
    run("open", "Disk full", "-a", "DHS")
    assert "no person" in run.refused("start", "DHS-1", status=5)
    assert "no person" in run.refused("--as", "54321", "start", "DHS-1", status=5)


@pytest.fixture
def world(house: Path) -> Iterator[Path]:
    """The same desk, in files that every Unix user may write."""
    with among_all() as place:
        shutil.copytree(house, place / "desk")
        for path in (place / "desk", *(place / "desk").rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        yield place / "desk"


# -- every command that changes something ----------------------------------------------------------------------

#: What each is given; a new command that has `--dry-run` must stand here, and ask for permission.
CHANGING = {
    "agency add": ("DOC",), "queue add": ("radio", "--tier", "2"), "person add": ("gus",),
    "open": ("x", "-a", "DHS"), "triage": ("KEY", "--kind", "incident"), "assign": ("KEY", "--to", "bo"),
    "start": ("KEY",), "hold": ("KEY", "--for", "vendor"), "resume": ("KEY",), "callback": ("KEY", "--reached"),
    "note": ("KEY", "x"), "link": ("KEY", "--fixes", "DHS-2"), "escalate": ("KEY", "--reason", "x"),
    "return": ("KEY", "--reason", "x"), "diagnose": ("KEY", "--cause", "x"), "transfer": ("KEY", "--agency", "DOT"),
    "resolve": ("KEY", "--resolution", "x"), "close": ("KEY",), "reopen": ("KEY", "--reason", "x"),
    "cancel": ("KEY", "--reason", "x"), "merge": ("KEY", "--into", "DHS-2"), "plugin new": ("--agency", "DHS"),
    "import": ("rows.jsonl", "-a", "DHS"), "sweep": (), "notify send": (), "notify retry": ("--dead",),
    "notify hold": ("KEY",), "notify recall": ("KEY",),
    "outage open": ("mail", "--text", "x"),
    "outage plan": ("mail", "--risk", "x", "--from", "2026-12-01", "--until", "2026-12-02"),
    "outage update": ("KEY", "--text", "x"), "outage resolve": ("KEY", "--resolution", "x"),
    "outage cancel": ("KEY", "--reason", "x"),
    "undo": (), "archive": (), "doctor": ("--repair",), "restore": ("desk.tar.gz",),
}  # fmt: skip
#: Make a desk that has no people yet; copies what the user may read.
FREE = {"init", "demo", "backup"}


def commands():
    """Every command by the words that call it."""
    from csctool.cli import load

    for name in COMMANDS:
        command = load(name)
        if isinstance(command, click.Group):
            for part, inner in command.commands.items():
                yield f"{name} {part}", inner
        else:
            yield name, command


def test_every_command_that_changes_something_is_known_here():
    changing = {name for name, command in commands() if any(p.name == "dry_run" for p in command.params)}
    assert changing - FREE == set(CHANGING)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=("real", "dry"))
@pytest.mark.parametrize("name", CHANGING)
def test_what_is_permitted_to_nobody_is_refused_before_anything_is_written(csctool, house, name, dry, monkeypatch):
    monkeypatch.chdir(house)
    (house / "rows.jsonl").write_text('{"subject": "x"}\n')
    keys = csctool.open("x"), csctool.open("y")
    permissions(house, "\n".join(f"{verb} = []" for verb in DEFAULTS if verb != "as"))
    before = csctool.files()
    words = [keys[0] if word == "KEY" else word for word in CHANGING[name]]
    said = csctool.refused("--as", "max", *name.split(), *words, *dry, status=5)
    assert re.search(r"max is manager; .+ is for nobody$", said)
    assert csctool.files() == before


# -- the table -------------------------------------------------------------------------------------------------


def test_every_verb_that_is_asked_for_has_a_row_and_every_row_is_asked_for():
    """Read from the source: a new verb without a row, or a row without a verb, is a mistake in the table."""
    source = Path(sys.modules["csctool"].__file__).parent
    text = (
        "\n".join(path.read_text() for path in (source / "desk").rglob("*.py")) + (source / "bootstrap.py").read_text()
    )
    asked = set(re.findall(r'permit\((?:[\w(), .]+, )?"([\w-]+)"', text))
    asked |= set(re.findall(r'self\.change\(\s*keys, "([\w-]+)"', text))
    asked |= {"open", "close"}  # by opening, in a loop
    asked |= {"queue", "person"}  # by the names of their sections
    assert asked == set(DEFAULTS)


def test_the_table_names_roles_and_reaches_that_there_are():
    for verb, row in DEFAULTS.items():
        for role, reach in map(split, row):
            assert role in (*ROLES, ANYBODY)
            assert reach == ANY if verb in DESKWIDE or role == ANYBODY else reach in (ANY, *REACHES)
    assert set(DEFAULTS) >= DESKWIDE | HOUSEKEEPING


def test_a_desk_may_write_other_rows(csctool, house):
    key = csctool.open("Printer", "--queue", "apps")
    complaint = csctool.open("Rude", "--kind", "complaint")
    permissions(house, 'close = ["resolver:own", "resolver:complaint"]\nnote = ["anybody"]')
    csctool("resolve", key, complaint, "--resolution", "done")
    said = csctool.refused("--as", "bo", "close", key, status=5)
    assert said.endswith("close is for resolver (own tickets), resolver (complaint tickets)\n")
    csctool.refused("--as", "eve", "close", key, status=5)
    csctool("--as", "eve", "close", complaint)
    csctool("--as", "dee", "close", key)
    csctool("--as", "nix", "note", key, "thanks")


@pytest.mark.parametrize(("row", "told"), [
    ('closes = ["csr"]', ("permissions: there is no 'closes'", "did you mean close?")),
    ('close = ["boss"]', ("permissions.close: there is no 'boss'", "one of: csr, resolver")),
    ('close = ["resolvers"]', ("permissions.close", "did you mean resolver?")),
    ('close = ["csr:all"]', ("permissions.close: csr: there is no 'all'", "one of: own, contact")),
    ('close = ["csr:"]', ("permissions.close: csr: there is no ''",)),
    ('sweep = ["csr:own"]', ("permissions.sweep: 'csr:own' is about some tickets only", "write 'csr' alone")),
    ('note = ["anybody:own"]', ("permissions.note: 'anybody:own'",)),
    ("close = 1", ("permissions.close", "a list")),
    ('close = "csr"', ("permissions.close", "a list")),
    ("close = [true]", ("permissions.close", "text")),
])  # fmt: skip
def test_a_wrong_row_is_named(csctool, desk, row, told):
    permissions(desk, row)
    said = csctool.refused("list", status=2)
    assert str(desk / "csctool.toml") in said
    for word in told:
        assert word in said


@pytest.mark.parametrize("text", [DESK_TEXT, demo_text("you")], ids=("plain", "demo"))
def test_init_writes_the_defaults_as_comments(tmp_path, text):
    write_desk(str(tmp_path), text)
    written = (tmp_path / "csctool.toml").read_text()
    lines = written[written.index("# [permissions]") :].splitlines()
    rows = [line.removeprefix("# ") for line in lines[: lines.index("")]]
    assert tomllib.loads("\n".join(rows))["permissions"] == {verb: list(row) for verb, row in DEFAULTS.items()}
