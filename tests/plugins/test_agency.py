"""What a plugin knows of its agency: its clocks, its directory, and what its settings tell it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.plugins.helpers import HEAD, enable_for_all, plugin

from csctool.plugins import Agency
from csctool.plugins.trust import UntrustedError
from csctool.testing import PluginFailed, agency, ask, ticket

#: A plugin that answers what it was told, as a category.
ECHO = "@hookimpl\ndef categorize(agency): return Answer(category=ASKED(agency))\n"


def echo(asked: str) -> str:
    return f"ASKED = lambda agency: {asked}\n{ECHO}"


def settings(desk: Path, text: str, file: str = "agencies/DHS/agency.toml") -> None:
    with (desk / file).open("a") as target:
        target.write(f"\n{text}\n")


def category(csctool, *words: str) -> str:
    said = csctool("open", "Printer jams", "--agency", "DHS", *words)
    assert said.err == ""
    return csctool.ticket(said.out.strip())["category"]


def test_a_plugin_is_told_what_the_settings_say_for_it_and_nothing_of_another_s(csctool):
    plugin(csctool.desk, echo("repr(dict(agency.settings))"))
    plugin(csctool.desk, "@hookimpl\ndef route(): pass", name="plugins/other.py", only=False)
    settings(
        csctool.desk,
        '[settings."plugins/own.py"]\nsites = ["North"]\nquiet = 21:00:00\n[settings."plugins/other.py"]\nx = 1',
    )
    assert category(csctool) == "{'sites': ['North'], 'quiet': '21:00:00'}"


def test_what_the_agency_says_comes_before_what_the_desk_says(csctool):
    (csctool.desk / "plugins").mkdir()
    (csctool.desk / "plugins/all.py").write_text(
        "from csctool.plugins import hookimpl\n@hookimpl\ndef categorize(agency): return f'{dict(agency.settings)}'\n"
    )
    enable_for_all(csctool.desk, "plugins/all.py")
    settings(csctool.desk, '[settings."plugins/all.py"]\nqueue = "apps"\nnight = "22:00"', "csctool.toml")
    settings(csctool.desk, '[settings."plugins/all.py"]\nnight = "20:00"')
    assert category(csctool) == "{'queue': 'apps', 'night': '20:00'}"
    assert csctool.ticket(csctool.open(agency="DOT"))["category"] == "{'queue': 'apps', 'night': '22:00'}"


def test_a_draft_on_trial_is_told_what_the_file_will_be_told(csctool, tmp_path):
    plugin(csctool.desk, "@hookimpl\ndef route(): pass")
    settings(csctool.desk, '[settings."plugins/own.py"]\nword = "known"')
    csctool.open("Printer jams")
    draft = tmp_path / "own.py"
    draft.write_text(
        "from csctool.plugins import hookimpl\n@hookimpl\ndef categorize(agency): return agency.settings['word']\n"
    )
    done = csctool("plugin", "replay", "-a", "DHS", "--plugin", str(draft), "--format", "json", status=10)
    assert [change["to"] for change in done.json["changes"]] == ["known"]


def test_settings_for_a_plugin_that_is_not_enabled_are_refused_with_the_nearest(csctool):
    plugin(csctool.desk, "@hookimpl\ndef route(): pass")
    settings(csctool.desk, '[settings."plugins/ovn.py"]\nx = 1')
    said = csctool.refused("open", "x", "--agency", "DHS", status=2)
    assert "no plugin 'plugins/ovn.py' is enabled here" in said
    assert "did you mean plugins/own.py?" in said
    settings(csctool.desk, "[settings.csctool_dhs]\nx = 1", "csctool.toml")
    assert "enabled: none" in csctool.refused("config", "check", status=2).splitlines()[0]


def test_local_time_is_that_of_the_agency_s_calendar_and_else_of_the_desk(csctool):
    plugin(csctool.desk, echo("f'{agency.zone} {agency.local:%H:%M}'"))
    assert category(csctool) == "America/Chicago 03:00"
    text = (csctool.desk / "agencies/DHS/agency.toml").read_text()
    (csctool.desk / "agencies/DHS/agency.toml").write_text(f'calendar = "coast"\n{text}')
    settings(csctool.desk, '[calendars.coast]\ntimezone = "America/New_York"\nhours = "24x7"', "csctool.toml")
    assert category(csctool) == "America/New_York 04:00"


def test_a_plugin_reads_files_of_its_agency_s_directory_wherever_the_command_is_run(csctool, tmp_path, monkeypatch):
    monkeypatch.chdir(csctool.desk)
    monkeypatch.setenv("CSCTOOL_DESK", ".")
    plugin(
        csctool.desk, f"import os\nos.chdir({str(tmp_path)!r})\n" + echo("agency.read('plugins/words.txt').decode()")
    )
    (csctool.desk / "agencies/DHS/plugins/words.txt").write_text("office/printer")
    assert category(csctool) == "office/printer"


def test_a_file_that_others_may_write_or_that_lies_elsewhere_is_not_read(desk):
    place = desk / "agencies/DHS"
    own = Agency("DHS", "x", datetime.now(UTC), directory=str(place))
    (place / "words.txt").write_text("x")
    assert own.read("words.txt") == b"x"
    (place / "words.txt").chmod(0o666)
    with pytest.raises(UntrustedError, match="everybody may write it"):
        own.read("words.txt")
    with pytest.raises(UntrustedError, match="lies outside"):
        own.read("../DOT/agency.toml")


def test_a_service_may_be_answered_by_any_of_its_names_and_by_no_other(csctool):
    settings(csctool.desk, '[services.wireless]\ntitle = "Cell phones"\naliases = ["air card"]', "csctool.toml")
    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): return Answer(service=ticket.subject)")
    assert csctool.ticket(csctool.open("Air Card"))["service"] == "wireless"
    assert "'fax', which this desk does not have" in csctool("open", "fax", "--agency", "DHS").err


# -- csctool.testing ----------------------------------------------------------------------------------------


class Plugin:
    """A module as `ask` takes it."""

    def __init__(self, **hooks):
        from csctool.plugins import hookimpl

        for name, function in hooks.items():
            setattr(self, name, hookimpl(function))


def test_ask_refuses_what_csctool_would_pass_over():
    from csctool.plugins import Message

    unaware = Plugin(notify=lambda ticket: [Message("sms", "x", text="y", after=datetime(2026, 11, 2))])
    with pytest.raises(PluginFailed, match="timezone"):
        ask(unaware, "notify", ticket=ticket("x"))
    with pytest.raises(PluginFailed, match="no list of texts"):
        ask(Plugin(validate=lambda ticket: "no"), "validate", ticket=ticket("x"))


def test_ask_gives_the_answer_as_csctool_takes_it():
    from csctool.plugins import Message

    said = ask(
        Plugin(notify=lambda agency: [Message("sms", agency.settings["to"])]),
        "notify",
        agency=agency(settings={"to": "x"}),
    )
    assert said == [Message("sms", "x")]
    assert ask(Plugin(validate=lambda: ["no"]), "validate") == ["no"]


def test_a_throw_away_desk_takes_settings_as_a_readme_shows_them(tmp_path):
    from csctool.testing import ThrowAwayDesk

    made = ThrowAwayDesk(tmp_path / "desk", "DHS")
    made.file(
        "plugins/own.py",
        HEAD + echo("str(agency.settings['a']) + f' {agency.local}'"),
    )
    made.configure('plugins = ["plugins/own.py"]\ncontacts = ["x@y"]\n[settings."plugins/own.py"]\na = 1')
    made.configure('timezone = "UTC"\n[services.mail]\ntitle = "Mail"', everywhere=True)
    made.now = "2026-11-02T22:00:00Z"
    assert made.open("x")["category"] == "1 2026-11-02 22:00:00+00:00"
    assert json.loads(made.run("agency", "show", "DHS", "--format", "json"))["agencies"][0]["contacts"] == ["x@y"]


def test_an_answer_begins_with_what_a_plain_text_would_say(csctool):
    plugin(
        csctool.desk,
        "@hookimpl\ndef categorize(ticket): return Answer('telecom/voice', kind='incident', reason='the list')\n"
        "@hookimpl\ndef prioritize(ticket): return Answer('P2', reason='the list')\n"
        "@hookimpl\ndef route(ticket): return Answer('network-telecom', person='zoe', reason='on call')\n"
        "@hookimpl\ndef escalate(ticket, reason): return Answer('vendors', reason='only they can')",
    )
    ticket = csctool.after("open", "No dial tone", "--agency", "DHS")
    assert (ticket["category"], ticket["kind"], ticket["priority"]) == ("telecom/voice", "incident", "P2")
    assert (ticket["queue"], ticket["assignee"]) == ("network-telecom", "zoe")
    assert csctool.after("escalate", "DHS-1", "--reason", "their line")["queue"] == "vendors"
    (decision,) = csctool.events("DHS-1")[-1]["decisions"]
    assert decision["reason"] == "only they can"
