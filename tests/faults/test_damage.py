"""Store files are damaged in every way: told with the file and what to do, and what is intact is saved."""

import json
import os
import random
import shutil
from collections.abc import Callable

import pytest

from csctool.domain.audit import broken
from csctool.errors import DamagedError
from csctool.storage import container
from csctool.storage.salvage import repair
from csctool.storage.shelf import Shelf
from csctool.storage.tiny import TinyStore

from .stage import LONG, TUESDAY, Deed, follow_up, tickets, told

OPEN = "agencies/DHS/open.json"
MONTH = "agencies/DHS/closed/2026-11.json"


def archived(root: str) -> None:
    told(root, "archive")
    told(root, "open", "The latest", "--agency", "DHS", "--kind", "incident")


@pytest.fixture
def desk(fresh: Callable[[Deed], str]) -> str:
    """DHS: DHS-1, 2, 3 and 6 are live, DHS-4 and 5 lie in the archive of November; DHS-6 came last."""
    return fresh(Deed("", archived))


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def overwrite(path: str, blob: bytes) -> None:
    with open(path, "wb") as file:
        file.write(blob)


@pytest.mark.parametrize("name", [OPEN, MONTH])
def test_every_flipped_byte_and_every_truncation_is_noticed(desk: str, name: str, tally: Callable[[str], None]) -> None:
    path = f"{desk}/{name}"
    whole = content(path)
    flips = range(256) if LONG else (0xFF,)
    tried = 0
    for at in range(len(whole)):
        for flip in flips if LONG else (1 << at % 8,):
            blob = bytearray(whole)
            blob[at] ^= flip or 0x80
            with pytest.raises(DamagedError):
                container.unpack(bytes(blob), path)
            tried += 1
    for length in range(len(whole)):
        for rest in (b"", bytes(len(whole) - length)):
            with pytest.raises(DamagedError):
                container.unpack(whole[:length] + rest, path)
            tried += 1
    tally(f"{tried} damaged files of {len(whole)} bytes, all noticed")


@pytest.mark.parametrize("name", [OPEN, MONTH])
@pytest.mark.parametrize("spoil", [
    lambda blob: b"", lambda blob: bytes(len(blob)), lambda blob: blob[:-1], lambda blob: blob[: len(blob) // 2],
    lambda blob: blob.replace(b"incident", b"Incident", 1), None,
], ids=["empty", "zeros", "cut", "half", "a letter", "missing"])  # fmt: skip
def test_a_damaged_agency_is_named_and_stops_no_other(desk: str, name: str, spoil: Callable[[bytes], bytes]) -> None:
    path = f"{desk}/{name}"
    if spoil:
        overwrite(path, damaged := spoil(content(path)))
    else:
        os.unlink(path)
    for words in ("list --all", "search trouble --all", "report summary", "report backlog", "export --format jsonl",
                  "agency list", "queue list", "archive"):  # fmt: skip
        if name == MONTH and words in ("agency list", "queue list", "report backlog"):
            continue  # these have no use for what was archived
        if name == MONTH and words == "archive":
            continue
        status, out, err = told(desk, *words.split(), status=None)
        assert status == 7, words
        assert path in err
        assert "csctool doctor" in err
        if words not in ("archive",):
            assert out
    assert "DOT-1" in told(desk, "list", "--all", "--format", "keys", status=7)[1]
    told(desk, "note", "DOT-1", "still at work")
    assert told(desk, "open", "Elsewhere", "--agency", "DOT")[1] == "DOT-2\n"
    status, out, _ = told(desk, "doctor", "--format", "json", status=None)
    assert status == 7
    found = json.loads(out)
    assert path in [one["path"] for one in found["findings"] if one["level"] == "damage"]
    if spoil:
        assert content(path) == damaged


def test_a_sound_desk_is_told_to_be_sound(desk: str) -> None:
    assert told(desk, "doctor")[1] == "3 agencies looked at, nothing wrong\n"
    found = json.loads(told(desk, "doctor", "--format", "json")[1])
    assert found["schema"] == "csctool.doctor/1"
    assert found["findings"] == found["repairs"] == []


def test_an_archive_that_vanished_without_a_trace_is_missed(desk: str) -> None:
    for name in os.listdir(f"{desk}/agencies/DHS/closed"):
        os.unlink(f"{desk}/agencies/DHS/closed/{name}")
    status, _, err = told(desk, "show", "DHS-4", status=None)
    assert status == 7
    assert "2026-11.json is damaged: it is missing" in err
    told(desk, "doctor", status=7)
    told(desk, "doctor", "--repair")
    told(desk, "show", "DHS-4", status=3)


def repaired(root: str, before: dict, damage: bytes) -> tuple[dict, dict]:
    """Damage, look, rehearse, repair: (what the repair told, the tickets of DHS afterwards)."""
    path = f"{root}/{OPEN}"
    overwrite(path, damage)
    rehearsed = json.loads(told(root, "doctor", "--repair", "--dry-run", "--format", "json", status=None)[1])["repairs"]
    assert content(path) == damage
    said = json.loads(told(root, "doctor", "--repair", "--format", "json", status=None)[1])["repairs"]
    assert [{**one, "kept": ""} for one in said] == [{**one, "kept": ""} for one in rehearsed]
    (one,) = said
    assert content(one["kept"]) == damage
    after = tickets(root)
    assert after["DOT"] == before["DOT"]
    assert after["DHS"].keys() >= {"DHS-4", "DHS-5"}
    for agency in ("DHS", "DOT"):
        for ticket, seals, _ in TinyStore(root).sealed(agency):
            assert broken(ticket, seals) is None, ticket.key
    return one, after["DHS"]


def test_a_repair_saves_every_ticket_whose_line_is_intact(desk: str, quick: str, tally: Callable[[str], None]) -> None:
    before = tickets(desk)
    whole = content(f"{desk}/{OPEN}")
    chance = random.Random(3)
    tried = exact = 0
    backup = f"{quick}/backup"
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(desk, backup)
    for at in sorted(chance.sample(range(len(whole)), 400 if LONG else 40)):
        shutil.rmtree(desk)
        shutil.copytree(backup, desk)
        blob = bytearray(whole)
        blob[at] ^= 1 << chance.randrange(8)
        one, after = repaired(desk, before, bytes(blob))
        touched = hit(whole, at)
        changed = {key for key, ticket in before["DHS"].items() if after.get(key) != ticket}
        assert changed <= {touched}, at
        assert changed <= {*one["older"], *one["lost"]}, at
        assert {*one["older"], *one["lost"]} <= {touched}, at
        exact += not changed
        tried += 1
        follow_up(desk)
    tally(f"{tried} files with a flipped bit: every other ticket saved as it was; {exact} saved whole")


def hit(whole: bytes, at: int) -> str | None:
    """The ticket on whose line a byte lies."""
    line = whole[whole.rfind(b"\n", 0, at) + 1 : whole.find(b"\n", at)]
    name = line.split(b":")[0].strip(b'"').decode()
    return f"DHS-{name}" if name.isdigit() and b'"key":' in line else None


def promising(root: str) -> None:
    """DHS is promised something, and told of everything; DHS-2 is a ticket of DOT now, DHS-6 is resolved."""
    with open(f"{root}/csctool.toml", "a", encoding="utf-8") as file:
        file.write('[sla.standard.default.default]\nrespond = "4h"\nresolve = "3wd"\n')
    overwrite(f"{root}/agencies/DHS/rules.toml",
              b'[[notify]]\non = ["opened", "resolved"]\nto = ["noc@example.org"]\ntransport = "file"\n')  # fmt: skip
    place = f"{root}/agencies/DHS/agency.toml"
    overwrite(place, content(place).replace(b'# sla = "standard"', b'sla = "standard"'))
    told(root, "open", "The promised", "--agency", "DHS", "--kind", "incident", "--field", "site=north")
    told(root, "archive")
    told(root, "transfer", "DHS-2", "--agency", "DOT")
    told(root, "resolve", "DHS-6", "--resolution", "done")


@pytest.mark.parametrize("prepare", [archived, promising], ids=["plain", "promising"])
def test_after_any_flipped_bit_the_repair_says_which_tickets_it_did_not_save_as_they_were(
    prepare: Callable[[str], None], fresh: Callable[[Deed], str], tally: Callable[[str], None]
) -> None:
    root = fresh(Deed("", prepare))
    before = tickets(root)["DHS"]
    path = f"{root}/{OPEN}"
    whole = content(path)
    step = (1 if prepare is archived else 5) if LONG else 457
    points = [(at, bit) for at in range(len(whole)) for bit in range(8)][step // 2 :: step]
    exact = 0
    for at, bit in points:
        blob = bytearray(whole)
        blob[at] ^= 1 << bit
        overwrite(path, bytes(blob))
        (one,) = repair(Shelf(root, "DHS"), 1, dry_run=False)
        os.unlink(one.kept)
        after = tickets(root)["DHS"]
        changed = {key for key, ticket in before.items() if after.get(key) != ticket}
        assert changed <= {hit(whole, at)}, (at, bit)
        for key in changed - {*one.older, *one.lost}:
            assert key in one.clocks, (at, bit, key)
            assert {**after[key], "sla": 0} == {**before[key], "sla": 0}, (at, bit, key)
        exact += not changed
    tally(f"{len(points)} flips of {len(whole)} bytes: {exact} saved whole, the other tickets named")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"tickets":{', b'"tickeus":{'),
        (b'\n},\n"tickets"', b'\n}X\n"tickets"'),
        (b',\n"6":', b',X"6":'),
        (b'"6":{"key"', b'"7":{"key"'),
        (b'"6":{"key"', b'"6;{"key"'),
        (b'"agenda":{"quiet"', b'"agenda":{"quyet"'),
        (b'"quiet":"2026-11-02T09:00:00Z"}', b'"quiet":"2126-11-02T09:00:00Z"}'),
    ],
    ids=[
        "a table's name",
        "a table's end",
        "a line's end",
        "a number",
        "a colon",
        "a name of the agenda",
        "the agenda",
    ],
)
def test_what_only_says_where_a_ticket_is_may_be_hit_and_the_ticket_is_saved(
    desk: str, old: bytes, new: bytes
) -> None:  # fmt: skip
    before = tickets(desk)
    path = f"{desk}/{OPEN}"
    whole = content(path)
    assert old in whole
    damage = new.join(whole.rsplit(old, 1))
    one, after = repaired(desk, before, damage)
    assert (after, one["older"], one["lost"], one["gap"]) == (before["DHS"], [], [], 0)
    assert content(path).count(b"2126") == 0
    follow_up(desk)


def test_when_a_ticket_changed_last_is_part_of_it(desk: str) -> None:
    """No digest covers it, and the history tells it."""
    before = tickets(desk)
    whole = content(f"{desk}/{OPEN}")
    head, _, tail = whole.rpartition(b'"updated_at":"2026')
    one, after = repaired(desk, before, head + b'"updated_at":"2027' + tail)
    assert one["lost"] == ["DHS-6"], "it is in no generation before"
    assert "DHS-6" not in after


def test_a_repair_puts_back_nothing_that_was_archived_or_delivered_since(fresh: Callable[[Deed], str]) -> None:
    root = fresh(Deed("", promising))
    told(root, "notify", "send")
    told(root, "close", "DHS-6")
    told(root, "notify", "send")
    told(root, "archive")
    before = tickets(root)
    assert b'"6":' not in content(f"{root}/{OPEN}")
    one, after = repaired(root, before, content(f"{root}/{OPEN}").replace(b"Trouble 1", b"Trouble l"))
    assert (one["older"], one["lost"]) == (["DHS-1"], [])
    assert after == before["DHS"]
    assert b'"6":' not in content(f"{root}/{OPEN}")
    assert json.loads(told(root, "notify", "list", "--format", "json")[1])["notices"] == []


def test_a_repair_leaves_nothing_that_the_next_transfer_stumbles_over(fresh: Callable[[Deed], str]) -> None:
    """The record of what was written together with another agency is hit."""
    root = fresh(Deed("", promising))
    before = tickets(root)
    whole = content(f"{root}/{OPEN}")
    assert b'"members":{"DOT"' in whole
    repaired(root, before, whole.replace(b'"members":{"DOT"', b'"members":["DOT"'))
    repaired(root, before, whole.replace(b'"members":{"DOT":[', b'"members":{"DOT":{'))
    told(root, "transfer", "DHS-1", "--agency", "DOT")
    assert json.loads(told(root, "doctor", "--format", "json")[1])["sound"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("fill", [b"", b"\0"], ids=["cut", "zeros"])
def test_a_repair_of_a_truncated_file_keeps_what_is_there_and_no_number_is_given_twice(
    desk: str, share: float, fill: bytes
) -> None:
    before = tickets(desk)
    whole = content(f"{desk}/{OPEN}")
    kept = whole[: int(len(whole) * share)]
    one, after = repaired(desk, before, kept + fill * (len(whole) - len(kept)))
    assert {"DHS-1", "DHS-2", "DHS-3"} <= after.keys()  # from the generation before, where not from the file
    fresh = told(desk, "--now", TUESDAY, "open", "The next", "--agency", "DHS")[1].strip()
    assert fresh not in before["DHS"]
    assert int(fresh.split("-")[1]) == (one["gap"] or 7)
    told(desk, "--now", TUESDAY, "doctor")


def test_a_month_is_repaired_too(desk: str) -> None:
    before = tickets(desk)
    path = f"{desk}/{MONTH}"
    overwrite(path, b"[" + content(path)[1:])
    told(desk, "show", "DHS-4", status=7)
    told(desk, "doctor", "--repair")
    assert tickets(desk) == before
    told(desk, "doctor")


def test_both_generations_gone_leaves_the_other_files_alone(desk: str) -> None:
    for name in ("open.json", "open.prev.json"):
        overwrite(f"{desk}/agencies/DHS/{name}", b"\0" * 50)
    told(desk, "doctor", "--repair", status=None)
    assert set(tickets(desk)["DHS"]) == {"DHS-4", "DHS-5"}
    assert told(desk, "open", "Go on", "--agency", "DHS")[1] == "DHS-1001\n"


def test_what_is_odd_is_told_with_what_to_do(desk: str) -> None:
    place = f"{desk}/agencies/DHS"
    os.chmod(place, 0o777)
    os.chmod(f"{place}/open.json", 0o666)
    overwrite(f"{place}/open.json.tmp", b"x")
    overwrite(f"{place}/notes.txt", b"x")
    os.utime(f"{place}/open.prev.json", (4e9, 4e9))
    text = content(f"{place}/agency.toml").replace(b"plugins = []", b'plugins = ["plugins/gone.py"]')
    overwrite(f"{place}/agency.toml", text)
    found = json.loads(told(desk, "--now", "2026-11-01T00:00:00Z", "doctor", "--format", "json")[1])["findings"]
    said = "\n".join(one["message"] for one in found)
    for words in ("everybody may write into", "left by a writer that was killed", "none of csctool's files",
                  "was written in the future", "1 ticket changed in the future", "gone.py is not loaded"):  # fmt: skip
        assert words in said, said
    assert all(one["advice"] for one in found)


def test_settings_that_are_wrong_do_not_keep_the_doctor_from_the_tickets(desk: str) -> None:
    overwrite(f"{desk}/csctool.toml", b"format = [")
    overwrite(f"{desk}/{OPEN}", b"")
    status, out, _ = told(desk, "doctor", status=None)
    assert status == 7
    assert "settings: " in out
    assert "config check reads it again" in out
    assert "open.json is damaged: it is empty" in out
    overwrite(f"{desk}/{OPEN}", content(f"{desk}/agencies/DHS/open.prev.json"))
    assert told(desk, "doctor", status=None)[0] == 2


def test_a_network_file_system_is_warned_about(desk: str, tmp_path) -> None:
    from csctool.storage.mounts import network

    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nsrv:/desks {os.path.dirname(desk)} nfs4 rw 0 0\n")
    found = network(desk, str(mounts))
    assert found is not None
    assert "nfs4" in found.message
    mounts.write_text("/dev/sda / ext4 rw 0 0\n")
    assert network(desk, str(mounts)) is None
