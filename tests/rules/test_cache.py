"""Long rule files are kept ready beside themselves: never believed when stale, torn or somebody else's."""

import os

import pytest

from csctool.settings.load import desk_from, load_desk
from csctool.settings.ready import WORTH, cache_path
from csctool.settings.rules import load_rules

RULE = '[[route]]\nwhen = {{ text = "word{}" }}\nqueue = "apps"\n'


@pytest.fixture
def rules(write):
    path = write("".join(RULE.format(n) for n in range(200)))
    assert path.stat().st_size > WORTH
    return path


@pytest.fixture
def cache(rules, csctool):
    csctool.open("Printer jams")
    place = rules.with_name(".rules.cache")
    assert str(place) == cache_path(str(rules))
    assert place.exists()
    return place


def queue_of(csctool, subject):
    return csctool.ticket(csctool.open(subject))["queue"]


def test_kept_rules_are_the_rules_of_the_file(rules, cache):
    kept = load_rules(str(rules))
    cache.unlink()
    assert kept == load_rules(str(rules))
    assert not cache.exists()  # reading alone keeps nothing


def test_the_kept_rules_are_what_the_next_command_asks(rules, cache, monkeypatch):
    monkeypatch.setattr("csctool.settings.rules.rules_from", None)  # reading the text would fail
    assert len(load_rules(str(rules)).route) == 200


def test_a_changed_file_is_read_anew_even_with_the_old_size_and_time(csctool, rules, cache):
    before = rules.stat()
    rules.write_text("".join(RULE.format(n).replace("word0", "wort0") for n in range(200)))
    os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rules.stat().st_size == before.st_size
    assert queue_of(csctool, "word0") == "service-desk"
    assert queue_of(csctool, "wort0") == "apps"


@pytest.mark.parametrize("damage", [b"", b"csctool settings 1 0.1.0\n", None], ids=["empty", "cut", "flipped"])
def test_a_torn_or_flipped_cache_is_not_believed(csctool, rules, cache, damage):
    data = bytearray(cache.read_bytes())
    if damage is None:
        data[-20] ^= 1
    cache.write_bytes(bytes(data) if damage is None else damage)
    assert queue_of(csctool, "word7") == "apps"
    assert len(cache.read_bytes()) > 100  # and made anew


def test_a_cache_that_others_may_write_is_not_believed(rules, cache, monkeypatch):
    cache.chmod(0o666)
    assert read_anew(rules, monkeypatch)


def test_a_link_in_its_place_is_not_followed(csctool, rules, cache, tmp_path, monkeypatch):
    target = cache.rename(tmp_path / "elsewhere")
    before = target.read_bytes()
    cache.symlink_to(target)
    assert read_anew(rules, monkeypatch)
    csctool.open("word7")
    assert target.read_bytes() == before
    assert not cache.is_symlink()


def read_anew(rules, monkeypatch):
    """Whether the text is read although there is a cache."""
    read = []
    real = load_rules.__globals__["rules_from"]
    monkeypatch.setattr("csctool.settings.rules.rules_from", lambda *words: read.append(1) or real(*words))
    assert len(load_rules(str(rules)).route) == 200
    return bool(read)


def test_a_part_that_a_killed_command_left_is_cleared_away(csctool, rules, cache):
    cache.unlink()
    part = cache.with_name(".rules.cache.part")
    part.write_bytes(b"half")
    csctool.open("one")
    assert not part.exists()
    csctool.open("two")
    assert cache.exists()


def test_a_cache_that_cant_be_written_is_done_without(csctool, rules, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("csctool.settings.ready._write", full)
    assert queue_of(csctool, "word7") == "apps"


def test_a_dry_run_keeps_nothing(csctool, rules):
    before = csctool.files()
    csctool("open", "word7", "-a", "DHS", "--dry-run")
    assert csctool.files() == before


def test_short_rules_are_not_kept(csctool, write):
    path = write(RULE.format(1))
    csctool.open("word1")
    assert not path.with_name(".rules.cache").exists()


# -- the desk's own settings


@pytest.fixture
def long_settings(csctool):
    path = csctool.desk / "csctool.toml"
    queues = "".join(f'[queues.team-{n}]\ntier = "2"\ntitle = "Team {n}"\n' for n in range(60))
    path.write_text(f"{path.read_text()}\n{queues}")
    path.with_name(".csctool.cache").unlink(missing_ok=True)
    return path


def test_the_desks_settings_are_kept_ready_by_the_first_change(csctool, long_settings, monkeypatch):
    csctool.open("Printer jams", "--queue", "team-7")
    fresh = desk_from(long_settings.read_text(), str(long_settings))
    monkeypatch.setattr("csctool.settings.load.desk_from", None)  # reading the text would fail
    assert load_desk(str(csctool.desk)) == fresh
    assert csctool.ticket("DHS-1")["queue"] == "team-7"


def test_who_only_looks_or_is_refused_leaves_no_cache(csctool, long_settings):
    before = csctool.files()
    csctool("list")
    csctool("queue", "list")
    csctool("open", "x", "-a", "DHS", "--dry-run")
    csctool.refused("open", "x", "-a", "DHS", "--queue", "nowhere", status=3)
    csctool.refused("assign", "DHS-99", "--to", "ana", status=3)
    assert csctool.files() == before


def test_settings_that_changed_or_broke_are_read_anew(csctool, long_settings):
    csctool.open("Printer jams")
    text = long_settings.read_text()
    long_settings.write_text(text.replace("Team 7", "Seven"))
    assert csctool("queue", "show", "team-7", "--format", "json").json["queues"][0]["title"] == "Seven"
    long_settings.write_text(text.replace('tier = "2"', 'tier = "9"', 1))
    assert "tier" in csctool.refused("list", status=2)
