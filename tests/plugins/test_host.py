"""Who is asked, in which order, about which tickets: an agency's plugin sees its own agency and nothing else."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.helpers import HEAD, enable, enable_for_all, passed, plugin, rules

#: A plugin that writes down every text of a ticket that it can find: what it is asked about, and what lies about.
SPY = """
import gc, os, sys
from csctool.domain.ticket import Ticket
seen = []
def note(ticket=None):
    found = {t.key for t in gc.get_objects() if isinstance(t, Ticket)} | set(seen)
    frame = sys._getframe()
    while frame:
        found |= {v.key for v in frame.f_locals.values() if isinstance(v, Ticket)}
        for value in list(frame.f_locals.values()):
            if isinstance(value, (list, tuple)):
                found |= {str(word) for word in value if "secret" in str(word)}
        frame = frame.f_back
    if ticket is not None:
        seen.append(ticket.key)
        found.add(ticket.key)
    with open(LOG, "a") as file:
        file.write("\\n".join(sorted(found)) + "\\n")
@hookimpl(tryfirst=True)
def categorize(ticket): note(ticket)
@hookimpl(specname="route", tryfirst=True)
def sneak(ticket): note(ticket)
@hookimpl(specname="validate")
def anything(change, ticket): note(ticket)
@hookimpl
def prioritize(ticket): note(ticket)
@hookimpl
def changed(event, ticket): note(ticket)
@hookimpl
def escalate(ticket, reason): note(ticket)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write an importable package, installed as an editable install does it: by a path file."""
    place = tmp_path / "installed"
    place.mkdir()

    def write(name: str, code: str) -> str:
        (place / name).mkdir()
        (place / name / "__init__.py").write_text(HEAD + code)
        monkeypatch.syspath_prepend(str(place))
        return name

    return write


def test_a_plugin_sees_its_own_agencys_tickets_only_in_every_command(process, tmp_path):
    log = tmp_path / "seen"
    dot = process.open("secret of DOT", agency="DOT")
    plugin(process.desk, f"LOG = {str(log)!r}\n{SPY}")
    dhs = process.open("Printer jams", agency="DHS")
    process("link", dot, "--relates-to", dhs)
    process("triage", dot, dhs, "--impact", "1", "--reroute")
    process("escalate", dot, dhs, "--reason", "Needs a specialist")
    process("merge", dot, "--into", dhs)
    seen = set(log.read_text().split("\n")) - {""}
    assert seen == {"DHS-1"}


def test_a_plugin_sees_its_own_agencys_tickets_only_in_a_sweep(process, tmp_path):
    """DHS is swept before DOT, whose plugin must not find DHS's tickets in what it inherited."""
    log = tmp_path / "seen"
    dhs, dot = (process.open("Waits", "--kind", "incident", agency=agency) for agency in ("DHS", "DOT"))
    for key in (dhs, dot):
        process("hold", key, "--for", "vendor", "--until", "2099-01-01")
    plugin(
        process.desk,
        "import sys\n@hookimpl\ndef changed(event, ticket):\n frame, found = sys._getframe(), ''\n while frame:\n"
        "  found += repr(frame.f_locals)\n  frame = frame.f_back\n"
        f" open({str(log)!r}, 'w').write(ticket.key + (' and DHS-1' if 'DHS-' + '1' in found else ''))",
        agency="DOT",
    )
    process("--now", "2099-01-02T00:00:00Z", "sweep")
    assert log.read_text() == "DOT-1"


def test_a_plugin_sees_its_own_agencys_tickets_only_in_an_import(process, tmp_path):
    log = tmp_path / "seen"
    plugin(process.desk, f"LOG = {str(log)!r}\n{SPY}")
    rows = [{"subject": f"secret {n}", "agency": "DOT" if n % 2 else "DHS", "key": f"{'DOT' if n % 2 else 'DHS'}-{n}",
             "kind": "incident"} for n in range(1, 7)]  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    process("import", str(file))
    seen = set(log.read_text().split("\n")) - {""}
    assert seen == {"DHS-2", "DHS-4", "DHS-6"}


def test_two_agencies_that_enable_the_same_package_share_nothing(csctool, package):
    name = package("shared_counter", "seen = []\n@hookimpl\ndef categorize(ticket):\n seen.append(ticket.key)\n"
                   " return '+'.join(seen)")  # fmt: skip
    for agency in ("DHS", "DOT"):
        enable(csctool.desk, name, agency=agency)
    assert csctool.ticket(csctool.open(agency="DHS"))["category"] == "DHS-1"
    assert csctool.ticket(csctool.open(agency="DOT"))["category"] == "DOT-1"


def test_the_layers_are_asked_in_their_order(csctool):
    plugin(
        csctool.desk, "@hookimpl\ndef categorize(ticket): return None if 'pass' in ticket.subject else 'agency/plugin'"
    )
    rules(csctool.desk, '[[categorize]]\nwhen = { text = ["ruled"] }\ncategory = "agency/rule"\n')
    (csctool.desk / "plugins").mkdir()
    (csctool.desk / "plugins" / "all.py").write_text(
        HEAD + "@hookimpl\ndef categorize(ticket): return 'desk/plugin' if 'desk' in ticket.subject else None"
    )
    (csctool.desk / "rules.toml").write_text('[[categorize]]\ncategory = "desk/rule"\n')
    enable_for_all(csctool.desk, "plugins/all.py")

    def answered(subject: str, agency: str = "DHS") -> str:
        return csctool.after("open", subject, "--agency", agency)["category"]

    assert answered("a printer") == "agency/plugin"
    assert answered("pass, ruled, desk") == "agency/rule"
    assert answered("pass, desk") == "desk/plugin"
    assert answered("pass") == "desk/rule"
    assert answered("a desk", "DOT") == "desk/plugin"
    (event,) = csctool.events("DHS-4")
    assert passed(event)[:3] == [
        ("plugins/own.py", "no answer"), ("agency-rules", "no answer"), ("plugins/all.py", "no answer")
    ]  # fmt: skip


def test_within_a_layer_the_first_that_is_listed_is_asked_first_but_for_tryfirst_and_trylast(csctool):
    for name, mark in (("a", "trylast=True"), ("b", ""), ("c", ""), ("d", "tryfirst=True")):
        plugin(csctool.desk, f"@hookimpl({mark})\ndef categorize(ticket): return None", name=f"plugins/{name}.py",
               only=False)  # fmt: skip
    rules(csctool.desk, '[[categorize]]\ncategory = "x"\n')
    (event,) = csctool.events(csctool.open())
    assert [name for name, _ in passed(event)[:4]] == [f"plugins/{name}.py" for name in "dbca"]


def test_an_answer_is_recorded_with_plugin_version_rule_and_reason(csctool):
    plugin(csctool.desk, "__version__ = '2.1'\n@hookimpl\ndef route(ticket):\n"
           " return Answer(queue='network-telecom', person='bo', reason='on call tonight', rule='night')")  # fmt: skip
    ticket = csctool.after("open", "No dial tone", "--agency", "DHS")
    assert (ticket["queue"], ticket["assignee"], ticket["status"]) == ("network-telecom", "bo", "assigned")
    decision = ticket["history"][0]["decisions"][-1]
    assert {k: decision[k] for k in ("hook", "plugin", "version", "rule", "reason")} == {
        "hook": "route", "plugin": "plugins/own.py", "version": "2.1", "rule": "night", "reason": "on call tonight"
    }  # fmt: skip


def test_every_hook_gets_what_it_is_promised(csctool, tmp_path):
    log = tmp_path / "asked"
    plugin(
        csctool.desk,
        f"""
def say(*words): open({str(log)!r}, "a").write(" ".join(map(str, words)) + "\\n")
@hookimpl
def categorize(ticket, agency): say("categorize", ticket.key, agency.key, agency.name, agency.now.isoformat())
@hookimpl
def prioritize(ticket, agency): say("prioritize", ticket.category)
@hookimpl
def validate(change, ticket, agency): say("validate", change.verb, change.fields.get("queue"), ticket.status)
@hookimpl
def route(ticket, agency): say("route", ticket.priority)
@hookimpl
def escalate(ticket, reason, agency): say("escalate", reason, ticket.queue)
@hookimpl
def changed(event, ticket, agency): say("changed", event.verb, event.changes["queue"][1], ticket.status)
""",
    )
    key = csctool.open("Printer jams", "--category", "office/printer")
    csctool("escalate", key, "--reason", "Needs parts")
    assert log.read_text().splitlines() == [
        "categorize DHS-1 DHS Human Services 2026-11-02T09:00:00+00:00",
        "prioritize office/printer",
        "route P5",
        "validate open service-desk queued",
        "changed open service-desk queued",
        "escalate Needs parts service-desk",
        "validate escalate process queued",
        "changed escalate process queued",
    ]


def test_every_objection_is_shown_and_refuses_the_change(csctool):
    plugin(csctool.desk, "@hookimpl\ndef validate(change, ticket):\n"
           " return ['no badge number', 'no site'] if change.verb == 'open' else []")  # fmt: skip
    said = csctool.refused("open", "New badge", "--agency", "DHS", "--kind", "request")
    assert "no badge number" in said
    assert "no site" in said
    ticket = csctool.after("open", "Badge broken", "--agency", "DHS", "--kind", "incident")
    assert "incomplete" in ticket["flags"]


def test_changed_is_called_after_the_change_is_saved_and_not_for_what_is_refused_or_tried(csctool, tmp_path):
    log = tmp_path / "told"
    store = csctool.desk / "agencies" / "DHS" / "open.json"
    plugin(csctool.desk, f"@hookimpl\ndef validate(change):\n return ['no'] if change.verb == 'cancel' else []\n"
           f"@hookimpl\ndef changed(event, ticket):\n"
           f" saved = ticket.subject in open({str(store)!r}).read()\n"
           f" open({str(log)!r}, 'a').write(f'{{event.verb}} {{saved}}\\n')")  # fmt: skip
    csctool("open", "Tried only", "--agency", "DHS", "--dry-run")
    key = csctool.open("Printer jams")
    csctool("cancel", key, "--reason", "Test", status=4)
    csctool("resolve", key, "--resolution", "Done")
    assert log.read_text().splitlines() == ["open True", "resolve True"]


def test_a_failing_changed_is_named_and_the_change_stands(csctool):
    plugin(csctool.desk, "@hookimpl\ndef changed(event): 1 / 0")
    done = csctool("open", "Printer jams", "--agency", "DHS")
    assert csctool.ticket(done.out.strip())["subject"] == "Printer jams"
    assert "changed raised ZeroDivisionError" in done.err


def test_a_plugin_of_the_desk_stands_apart_from_an_agencys_plugin(csctool):
    """The agency's code can't reach into the desk's: they are not in one process."""
    plugin(
        csctool.desk, "import os\n@hookimpl\ndef route(ticket): return Answer(queue='apps', reason=str(os.getpid()))"
    )
    (csctool.desk / "plugins").mkdir()
    (csctool.desk / "plugins" / "all.py").write_text(
        HEAD + "import os\n@hookimpl\ndef categorize(ticket): return Answer(category='x', reason=str(os.getpid()))"
    )
    enable_for_all(csctool.desk, "plugins/all.py")
    decisions = csctool.after("open", "Printer jams", "--agency", "DHS")["history"][0]["decisions"]
    pids = {decision["reason"] for decision in decisions if decision["hook"] in ("categorize", "route")}
    assert len(pids) == 2
    assert str(os.getpid()) not in pids


def test_an_import_asks_a_plugin_and_keeps_going_when_it_fails(csctool, tmp_path):
    plugin(
        csctool.desk, "@hookimpl\ndef categorize(ticket):\n if 'bad' in ticket.subject: 1 / 0\n return 'from/plugin'"
    )
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"subject": s, "agency": "DHS", "key": f"DHS-{n}"}) + "\n"
                            for n, s in enumerate(["good", "bad", "bad", "good"], 1)))  # fmt: skip
    done = csctool("import", str(file))
    assert [csctool.ticket(f"DHS-{n}")["category"] for n in range(1, 5)] == ["from/plugin", None, None, "from/plugin"]
    assert done.err.count("ZeroDivisionError") == 1
    assert "(2 times)" in done.err


# -- what is imported ----------------------------------------------------------------------------------------


def test_nothing_of_the_working_directory_or_pythonpath_is_imported(desk, tmp_path):
    for place in ("cwd", "pythonpath"):
        (tmp_path / place).mkdir()
        for name in ("sneaky", "colorsys"):
            (tmp_path / place / f"{name}.py").write_text(f"open({str(tmp_path / 'sneaked')!r}, 'w')\n")
    plugin(desk, "import colorsys\n@hookimpl\ndef categorize(ticket):\n try: import sneaky\n"
           " except ImportError: return 'safe'\n"
           " return 'sneaked'")  # fmt: skip
    for path in (str(tmp_path / "pythonpath"), f":{tmp_path / 'pythonpath'}", "."):
        done = subprocess.run(
            [sys.executable, "-m", "csctool", "open", "x", "--agency", "DHS", "--format", "json"], check=True,
            capture_output=True, cwd=tmp_path / "cwd", env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert json.loads(done.stdout)["ticket"]["category"] == "safe"
    assert not (tmp_path / "sneaked").exists()


def test_only_what_the_settings_name_is_imported(csctool, tmp_path):
    path = plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): return 'own'")
    for name in ("other.py", "conftest.py", "__init__.py"):
        (path.parent / name).write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    csctool.open()
    assert not (tmp_path / "imported").exists()
    assert not (path.parent / "__pycache__").exists()


@pytest.mark.parametrize("name", ["../DOT/plugins/own.py", "/tmp/own.py", "plugins/../../DOT/plugins/own.py"])
def test_an_agency_can_t_enable_a_file_that_lies_outside_its_directory(csctool, name):
    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): return 'stolen'", agency="DOT")
    enable(csctool.desk, name)
    done = csctool("open", "x", "--agency", "DHS")
    assert "it lies outside" in done.err
    assert csctool.ticket(done.out.strip())["category"] is None


def test_a_package_that_is_not_installed_is_named(csctool):
    enable(csctool.desk, "csctool_of_nobody")
    assert "there is no package csctool_of_nobody" in csctool("open", "x", "--agency", "DHS").err


def test_the_author_guide_documents_every_hook_and_every_argument():
    from csctool.plugins.hookspecs import HOOKS, arguments

    guide = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    for hook in HOOKS:
        section = guide.partition(f"\n### `{hook}(")[2]
        assert section, f"docs/plugins.md has no section for {hook}"
        head, _, body = section.partition("\n")
        assert head.startswith(f"{', '.join(arguments(hook))})`"), f"{hook}: arguments in the heading: {head}"
        body = " ".join(body.partition("\n## ")[0].partition("\n### ")[0].split())
        for word in (*arguments(hook), "Called", "Answer", "On failure"):
            assert word in body, f"docs/plugins.md, {hook}: says nothing about {word}"


def test_the_author_guide_documents_every_field_of_what_goes_in_and_comes_out():
    from csctool.plugins.hookspecs import Agency, Answer, Change, Command, Message, Receipt, Report

    guide = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    code = " ".join(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", guide, flags=re.DOTALL)))
    for value in (Agency, Answer, Change, Command, Message, Receipt, Report):
        own = [name for name, what in vars(value).items() if callable(what) or isinstance(what, property)]
        for name in (*value.__struct_fields__, *(name for name in own if not name.startswith("_"))):
            assert re.search(rf"\b{name}\b", code), f"docs/plugins.md says nothing about {value.__name__}.{name}"


def test_every_hook_says_when_it_is_called_what_it_answers_and_what_a_failure_means():
    from csctool.plugins.hookspecs import HOOKS, Hooks, arguments

    assert HOOKS == ("categorize", "prioritize", "validate", "route", "escalate", "notify", "changed", "deliver",
                     "reports", "commands")  # fmt: skip
    for hook in HOOKS:
        specification = getattr(Hooks, hook)
        assert {"return", *arguments(hook)} <= set(specification.__annotations__), f"{hook} is not typed"
        for words in (("Called", "Asked"), ("Answer", "returns"), ("On failure", "failing")):
            assert any(word in specification.__doc__ for word in words), f"{hook} does not say: {words[0]}"
