"""What authors use: plugin new, list and check, and the package that `new` makes, installed for real."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.plugins.helpers import enable, enable_for_all, plugin, plugins_of


def test_a_new_plugin_of_an_agency_works_at_once(csctool):
    path = Path(csctool("plugin", "new", "--agency", "dhs").out.strip())
    assert path == csctool.desk / "agencies/DHS/plugins/dhs.py"
    assert plugins_of(csctool.desk, "DHS") == ["plugins/dhs.py"]
    assert csctool.ticket(csctool.open("No dial tone"))["category"] == "telecom/voice/line"
    assert "well; answers categorize" in csctool("plugin", "check").out


def test_another_plugin_is_added_to_those_that_are_enabled_and_comments_stay(csctool):
    settings = csctool.desk / "agencies/DHS/agency.toml"
    settings.write_text('name = "x"\nplugins = [  # ours\n  "a]b",  # odd\n]\ncontacts = ["a@b"]  # kept\n')
    csctool("plugin", "new", "second", "--agency", "DHS")
    assert tomllib.loads(settings.read_text())["plugins"] == ["a]b", "plugins/second.py"]
    assert settings.read_text().endswith('contacts = ["a@b"]  # kept\n')
    settings.write_text('name = "x"\n[required]\nincident = ["service"]\n')
    csctool("plugin", "new", "third", "--agency", "DHS")
    assert tomllib.loads(settings.read_text())["plugins"] == ["plugins/third.py"]


def test_an_existing_plugin_is_not_overwritten_and_a_dry_run_writes_nothing(csctool):
    before = csctool.files()
    csctool("plugin", "new", "--agency", "DHS", "--dry-run")
    assert csctool.files() == before
    csctool("plugin", "new", "--agency", "DHS")
    before = csctool.files()
    assert "there is a plugin" in csctool.refused("plugin", "new", "--agency", "DHS")
    assert csctool.files() == before


@pytest.mark.parametrize("words", [(), ("we ird",), ("../x",), ("--agency", "DHS", "../x"), ("--agency", "DHS", "a.b")])
def test_a_plugin_needs_a_name_that_can_be_a_modules(csctool, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    csctool.refused("plugin", "new", *words, status=2)


def test_an_unknown_agency_is_not_found(csctool):
    csctool.refused("plugin", "new", "--agency", "DSH", status=3)


def test_check_names_everything_that_is_wrong_and_exits_10(csctool):
    csctool.open("Printer jams")
    plugin(csctool.desk, "def route(ticket): return 'apps'\n@hookimpl\ndef categorise(ticket): pass\n"
           "@hookimpl\ndef prioritize(ticket): return 'P9'")  # fmt: skip
    plugin(csctool.desk, "1 / 0", name="plugins/second.py", only=False)
    plugin(csctool.desk, "", name="plugins/third.py", only=False)
    done = csctool("plugin", "check", status=10)
    for said in ("did you mean categorize?", "answered priority 'P9'", "route is never asked: it lacks @hookimpl",
                 "ZeroDivisionError", "it answers no hook"):  # fmt: skip
        assert said in done.out
    assert "3 of 3 plugins can't work as they are" in done.err
    rows = csctool("plugin", "check", "--format", "json", status=10).json
    assert rows["schema"] == "csctool.plugin-check/1"
    assert [len(row["wrong"]) for row in rows["plugins"]] == [3, 1, 1]


def test_a_new_agency_s_plugin_is_asked_too_before_there_is_any_ticket(csctool):
    plugin(csctool.desk, "@hookimpl\ndef route(ticket, agency): return agency.settings['queue']")
    assert "KeyError: 'queue'" in csctool("plugin", "check", status=10).out
    assert csctool("list", "--all").out == ""


def test_a_file_that_lies_there_and_is_not_enabled_is_told(csctool):
    assert "no plugin is enabled" in csctool("plugin", "check").err
    path = plugin(csctool.desk, "@hookimpl\ndef route(ticket): return 'apps'")
    enable(csctool.desk)
    for command in ("check", "list"):
        said = csctool("plugin", command).err
        assert f'{path} is not enabled: add "plugins/own.py" to plugins in the agency.toml of DHS' in said
    assert "not enabled" not in csctool("plugin", "check", str(path), "--agency", "DHS").err


def test_an_agency_whose_settings_are_wrong_keeps_no_other_from_being_listed(csctool):
    plugin(csctool.desk, "@hookimpl\ndef route(ticket): return 'apps'")
    (csctool.desk / "agencies/DOT/agency.toml").write_text("nmae = 1\n")
    said = csctool("plugin", "check", status=2)
    assert "plugins/own.py: well" in said.out
    assert said.err.count("unknown key `nmae`") == 1


@pytest.mark.parametrize("name", ["own.py", "own", "plugins/own"])
def test_a_name_that_nothing_has_brings_the_file_that_was_meant(csctool, name):
    plugin(csctool.desk, "@hookimpl\ndef route(ticket): return 'apps'")
    enable(csctool.desk, name)
    assert "did you mean plugins/own.py?" in csctool("plugin", "check", status=10).out


def test_a_draft_named_as_agency_toml_names_it_brings_its_path(csctool, monkeypatch):
    plugin(csctool.desk, "@hookimpl\ndef route(ticket): return 'apps'")
    monkeypatch.chdir(csctool.desk)
    said = csctool("plugin", "check", "plugins/own.py", "--agency", "DHS", status=10).out
    assert "did you mean agencies/DHS/plugins/own.py?" in said


def test_a_draft_can_be_checked_before_it_is_enabled(csctool, tmp_path):
    draft = tmp_path / "draft.py"
    draft.write_text("from csctool.plugins import hookimpl\n@hookimpl\ndef route(ticket): return 'nowhere'\n")
    key = csctool.open("Printer jams")
    assert (
        "'nowhere', which this desk does not have"
        in csctool("plugin", "check", str(draft), "--agency", "DHS", status=10).out
    )
    assert plugins_of(csctool.desk, "DHS") == []
    assert csctool.ticket(key)["queue"] == "service-desk"


def test_check_and_list_write_nothing_and_tell_nobody(csctool, tmp_path):
    log = tmp_path / "told"
    plugin(csctool.desk, f"@hookimpl\ndef changed(event): open({str(log)!r}, 'a').write('x')")
    csctool.open("Printer jams")
    log.unlink()
    before = csctool.files()
    csctool("plugin", "check")
    csctool("plugin", "list")
    assert csctool.files() == before
    assert not log.exists()


def test_list_shows_what_is_enabled_where_with_version_hooks_and_mean_time(csctool):
    plugin(csctool.desk, "__version__ = '1.4'\n@hookimpl\ndef categorize(ticket): return 'x'\n"
           "@hookimpl\ndef route(ticket): return None")  # fmt: skip
    (csctool.desk / "plugins").mkdir()
    (csctool.desk / "plugins/all.py").write_text(
        "from csctool.plugins import hookimpl\n@hookimpl\ndef validate(ticket): return []\n"
    )
    enable_for_all(csctool.desk, "plugins/all.py")
    csctool.open("Printer jams")
    rows = csctool("plugin", "list", "--format", "json").json["plugins"]
    (own,) = [row for row in rows if row["plugin"] == "plugins/own.py"]
    assert (own["agency"], own["layer"], own["version"]) == ("DHS", "agency-plugins", "1.4")
    assert (own["hooks"], own["wrong"], own["asked"]) == (["categorize", "route"], [], 2)
    assert own["mean_ms"] > 0
    assert [row["agency"] for row in rows if row["layer"] == "desk-plugins"] == ["CSC", "DHS", "DOT"]
    assert [row["plugin"] for row in csctool("plugin", "list", "-a", "DHS", "--format", "json").json["plugins"]] == [
        "plugins/own.py", "plugins/all.py"
    ]  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `plugin new` makes, installed with pip, away from every index."""
    place = tmp_path_factory.mktemp("package")
    new = [sys.executable, "-m", "csctool", "plugin", "new", "csctool-harbor", "--directory", place / "source"]
    subprocess.run(new, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--root-user-action=ignore", "--target", place / "site", place / "source"],
        check=True,
    )  # fmt: skip
    return place


def test_a_new_package_is_installable_and_its_own_tests_pass(package):
    """Installed into a directory that the interpreter searches by a path file, as it would its site-packages."""
    done = subprocess.run(
        [sys.executable, "-c", f"import site; site.addsitedir({str(package / 'site')!r}); import pytest; "
         "raise SystemExit(pytest.main(['-q', '-p', 'no:cacheprovider', '-k', 'not real_desk and not requester']))"],
        cwd=package / "source", capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
