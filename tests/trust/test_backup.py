"""The desk is backed up every night; one day somebody needs it."""

import errno
import gzip
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from csctool.storage import files
from csctool.storage.tiny import TinyStore


@pytest.fixture
def file(tmp_path) -> str:
    return str(tmp_path / "desk.tar.gz")


@pytest.fixture
def worked(csctool):
    """A desk with a life: tickets, an archive, rules, a plugin, and a password that lies about."""
    csctool.open("Voicemail light stays on", "-c", "phone")
    csctool.open("Printer jams", "--resolution", "paper", "--close")
    csctool.open("Radio silent", agency="DOT")
    csctool("archive")
    agency = csctool.desk / "agencies/DHS"
    (agency / "rules.toml").write_text('[[categorize]]\nwhen = { text = ["jam"] }\ncategory = "print"\n')
    (agency / "plugins").mkdir()
    (agency / "plugins/own.py").write_text("CSCTOOL_API = 1\n")
    (agency / "plugins/words.json").write_text("{}")
    (agency / "templates/ru").mkdir(parents=True)
    (agency / "templates/ru/opened.txt").write_text("Открыто")
    (agency / "plugins/mail.secret").write_text("hunter2")
    (agency / "plugins/token.json").write_text("hunter2")
    (agency / "plugins/token.json").chmod(0o600)
    (agency / "smtp.password").write_text("hunter2")
    (csctool.desk / "rules.toml").write_text("")
    (csctool.desk / "token").write_text("hunter2")
    return csctool


def tickets(csctool, desk=None):
    place = ("--desk", str(desk)) if desk else ()
    return csctool(*place, "export").out


def names(file):
    with tarfile.open(file) as tar:
        return tar.getnames()


# -- making one ------------------------------------------------------------------------------------------------


def test_a_backup_put_into_a_new_directory_is_the_same_desk(worked, file, tmp_path):
    assert worked("backup", file).out == ""
    assert worked("restore", file, str(tmp_path / "new")).out == ""
    assert tickets(worked, tmp_path / "new") == tickets(worked)
    verified = worked("--desk", str(tmp_path / "new"), "audit", "verify", "--format", "json").json
    assert (verified["tickets"], verified["breaks"], verified["gaps"]) == (3, [], [])
    for name in ("csctool.toml", "rules.toml", "agencies/DHS/rules.toml", "agencies/DHS/plugins/own.py"):
        assert (tmp_path / "new" / name).read_bytes() == (worked.desk / name).read_bytes()
    assert worked("--desk", str(tmp_path / "new"), "doctor").out == "3 agencies looked at, nothing wrong\n"
    assert worked("--desk", str(tmp_path / "new"), "open", "Next", "-a", "DHS").out == "DHS-3\n"


def test_passwords_and_what_is_derived_stay_out_of_it(worked, file):
    made = worked("backup", file, "--format", "json").json
    assert made["left_out"] == [
        "agencies/DHS/plugins/mail.secret", "agencies/DHS/plugins/token.json", "agencies/DHS/smtp.password", "token",
    ]  # fmt: skip
    assert names(file) == [
        "manifest.json", "csctool.toml", "rules.toml", "agencies/CSC/agency.toml", "agencies/DHS/agency.toml",
        "agencies/DHS/closed/2026-11.json", "agencies/DHS/open.json", "agencies/DHS/plugins/own.py",
        "agencies/DHS/plugins/words.json", "agencies/DHS/rules.toml", "agencies/DHS/templates/ru/opened.txt",
        "agencies/DOT/agency.toml", "agencies/DOT/open.json",
    ]  # fmt: skip
    with gzip.open(file) as plain:
        assert b"hunter2" not in plain.read()


def test_a_link_in_the_place_of_a_file_is_not_followed(worked, file, tmp_path):
    (tmp_path / "elsewhere.toml").write_text("hunter2")
    (worked.desk / "agencies/DOT/rules.toml").symlink_to(tmp_path / "elsewhere.toml")
    (worked.desk / "agencies/DOT/tests.toml").mkdir()
    os.mkfifo(worked.desk / "agencies/CSC/rules.toml")
    made = worked("backup", file, "--format", "json").json
    assert {"agencies/DOT/rules.toml", "agencies/CSC/rules.toml"} <= set(made["left_out"])
    assert not {"agencies/DOT/rules.toml", "agencies/CSC/rules.toml"} & set(names(file))


def test_tickets_that_lie_behind_a_link_are_missed(worked, file, tmp_path):
    (worked.desk / "agencies/DOT/open.json").rename(tmp_path / "open.json")
    (worked.desk / "agencies/DOT/open.json").symlink_to(tmp_path / "open.json")
    said = worked("backup", file, status=7).err
    assert "DOT/open.json is no plain file; DOT is not in the backup; put the file itself there" in said


def test_two_backups_of_one_state_are_the_same_bytes(worked, file, tmp_path):
    worked("backup", file)
    worked("backup", str(tmp_path / "again.tar.gz"))
    assert Path(file).read_bytes() == (tmp_path / "again.tar.gz").read_bytes()


def test_only_its_owner_reads_a_backup_and_it_never_replaces_a_file_unasked(worked, file, tmp_path):
    worked("backup", file)
    assert os.stat(file).st_mode & 0o777 == 0o600
    Path(file).write_text("precious")
    assert worked.refused("backup", file) == f"csctool: {file} is there already; --force replaces it\n"
    assert Path(file).read_text() == "precious"
    worked("backup", file, "--force")
    worked("backup", "--verify", file)
    assert sorted(os.listdir(tmp_path)) == ["desk", "desk.tar.gz"]


def test_a_dry_run_writes_no_file_and_says_what_would_be_in_it(worked, file):
    before = worked.files()
    assert (
        "would hold 3 agencies in 12 files; left out: agencies/DHS/plugins/mail.secret"
        in worked("backup", file, "--dry-run").out
    )
    assert not os.path.exists(file)
    assert worked.files() == before


def test_through_a_pipe_into_a_new_desk(process, tmp_path):
    process.open("Printer jams")
    made = process.desk.parent / "pipe"
    csctool = f"{shutil.which('python3') and os.sys.executable} -m csctool"
    assert os.system(f"{csctool} backup - | {csctool} restore - {made}") == 0
    assert tickets(process, made) == tickets(process)


@pytest.mark.parametrize(("words", "status"), [
    (("nowhere/desk.tar.gz",), 2), (("/dev/null", "--force"), 2), (("-", "--format", "csv"), 2), ((), 2),
    (("",), 2), (("{desk}", "--force"), 2),
])  # fmt: skip
def test_where_no_backup_can_be_written(worked, words, status):
    worked.refused("backup", *(word.format(desk=worked.desk) for word in words), status=status)


def test_a_damaged_agency_is_left_out_and_named_and_the_others_are_in_it(worked, file):
    (worked.desk / "agencies/DOT/open.json").write_bytes(b"")
    said = worked("backup", file, status=7)
    assert "DOT/open.json is damaged: it is empty; DOT is not in the backup" in said.err
    made = worked("backup", "--verify", file, "--format", "json").json
    assert (made["agencies"], made["skipped"]) == (["CSC", "DHS"], ["DOT"])


def test_an_archive_that_is_gone_is_missed(worked, file):
    (worked.desk / "agencies/DHS/closed/2026-11.json").unlink()
    assert "2026-11.json is damaged: it is missing; DHS is not in the backup" in worked("backup", file, status=7).err


def test_settings_that_cant_be_used_are_backed_up_all_the_same(worked, file, tmp_path):
    (worked.desk / "csctool.toml").write_text("nonsense")
    worked("backup", file)
    worked("restore", file, str(tmp_path / "new"))
    assert (tmp_path / "new/csctool.toml").read_text() == "nonsense"


def test_a_leftover_of_a_backup_that_was_killed_goes(worked, file, tmp_path):
    (tmp_path / ".csctool-backup-abc.part").write_text("half")
    (tmp_path / ".csctool-backup-mine").write_text("not a part")
    worked("backup", file)
    assert sorted(os.listdir(tmp_path)) == [".csctool-backup-mine", "desk", "desk.tar.gz"]


def test_a_backup_whose_name_may_not_be_on_the_disk_yet_is_told_as_one_that_may_be_there(worked, file, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "sync_directory", fail)
    assert "may have been saved all the same" in worked.refused("backup", file, status=7)
    worked("backup", "--verify", file)


# -- over a desk that goes on --------------------------------------------------------------------------------


def test_nothing_newer_is_overwritten_unless_that_is_asked_for(worked, file):
    worked("backup", file)
    worked("start", "DHS-1")
    worked.open("Since then", agency="DOT")
    before = worked.files()
    said = worked.refused("restore", file)
    assert said == (
        "csctool: the desk has what the backup of 2026-11-02 09:00:00Z lacks: DHS has changes in DHS-1; DOT has "
        "changes in DOT-2; --force restores all the same and keeps what is there beside it\n"
    )
    assert worked.files() == before
    would = worked("restore", file, "--dry-run").out
    assert "would restore DOT: 1 tickets, new ones from DOT-3\n  it lacks changes in DOT-2" in would
    assert worked.files() == before


def test_a_desk_that_did_nothing_since_is_restored_without_a_word(worked, file):
    worked("backup", file)
    was = tickets(worked)
    worked("restore", file)
    assert tickets(worked) == was


def test_restored_all_the_same_keeps_what_was_there_and_gives_no_number_twice(worked, file):
    worked("backup", file)
    backed_up = tickets(worked)
    worked("start", "DHS-1")
    worked.open("Since then", agency="DOT")
    then = tickets(worked)
    done = worked("restore", file, "--force", "--format", "json").json
    assert tickets(worked) == backed_up
    assert [(a["agency"], a["lost"]) for a in done["agencies"]] == [("CSC", []), ("DHS", ["DHS-1"]), ("DOT", ["DOT-2"])]
    assert tickets(worked, done["kept"]) == then
    assert worked.open("Next", agency="DOT") == "DOT-3"
    verified = worked("audit", "verify", "--format", "json").json
    assert verified["breaks"] == []
    assert verified["gaps"] == [
        {"agency": "DOT", "first": 2, "last": 2, "why": "restored 2026-11-02 from an earlier backup"}
    ]
    assert "DOT-2: no tickets (restored 2026-11-02" in worked("audit", "verify").out
    assert f"note: {done['kept']} is what was there before a restore" in worked("doctor").out


def test_what_csctool_does_not_know_stays_where_it_is(worked, file):
    worked("backup", file)
    (worked.desk / "agencies/DHS/hints").mkdir(mode=0o700)
    (worked.desk / "agencies/DHS/hints/a").write_text("mine")
    worked("restore", file)
    assert (worked.desk / "agencies/DHS/smtp.password").read_text() == "hunter2"
    assert (worked.desk / "agencies/DHS/plugins/mail.secret").read_text() == "hunter2"
    assert (worked.desk / "agencies/DHS/plugins/token.json").read_text() == "hunter2"
    assert (worked.desk / "agencies/DHS/hints/a").read_text() == "mine"
    assert (worked.desk / "agencies/DHS/hints").stat().st_mode & 0o777 == 0o700
    assert (worked.desk / "token").read_text() == "hunter2"


def test_settings_and_rules_go_back_too(worked, file):
    was = (worked.desk / "csctool.toml").read_text()
    worked("backup", file)
    (worked.desk / "csctool.toml").write_text("spoilt")
    (worked.desk / "agencies/DHS/rules.toml").write_text("spoilt")
    (worked.desk / "tests.toml").write_text("")
    (worked.desk / "rules.toml").unlink()
    assert (
        "would replace agencies/DHS/rules.toml\nwould replace csctool.toml\nwould replace tests.toml\n"
        in worked("restore", file, "--dry-run").out
    )
    done = worked("restore", file, "--format", "json").json
    assert (worked.desk / "csctool.toml").read_text() == was
    assert (worked.desk / "rules.toml").read_text() == ""
    assert not (worked.desk / "tests.toml").exists()
    assert Path(done["kept"], "csctool.toml").read_text() == "spoilt"
    assert Path(done["kept"], "tests.toml").exists()


def test_an_agency_that_is_not_in_the_backup_stays_as_it_is(worked, file):
    worked("backup", file)
    worked("agency", "add", "EPA")
    worked.open("Well water", agency="EPA")
    assert worked("restore", file, "--format", "json").json["left"] == ["EPA"]
    assert worked.open("Again", agency="EPA") == "EPA-2"


def test_one_agency_goes_back_and_the_others_go_on(worked, file):
    worked("backup", file)
    worked("start", "DHS-1")
    worked("start", "DOT-1")
    (worked.desk / "csctool.toml").write_text((worked.desk / "csctool.toml").read_text() + "\n# mine\n")
    assert "DHS has changes in DHS-1" in worked.refused("restore", file, "-a", "dhs")
    done = worked("restore", file, "-a", "dhs", "--force", "--format", "json").json
    assert worked.ticket("DHS-1")["status"] == "queued"
    assert worked.ticket("DOT-1")["status"] == "in-progress"
    assert (worked.desk / "csctool.toml").read_text().endswith("# mine\n")
    assert worked("--desk", done["kept"], "show", "DHS-1", "--format", "json").ticket["status"] == "in-progress"
    worked.refused("restore", file, "-a", "EPA", status=3)


def test_a_damaged_agency_goes_back_when_that_is_asked_for_and_no_number_is_given_twice(worked, file):
    worked("backup", file)
    worked.open("Since then")
    path = worked.desk / "agencies/DHS/open.json"
    path.write_bytes(path.read_bytes()[:-30])
    assert "DHS can't be read, so nobody knows" in worked.refused("restore", file)
    worked("restore", file, "--force")
    assert worked.ticket("DHS-1")["status"] == "queued"
    assert int(worked.open("Next").removeprefix("DHS-")) > 3
    assert worked("audit", "verify", "--format", "json").json["breaks"] == []


def test_a_desk_that_lost_its_settings_gets_them_back(worked, file):
    worked("backup", file)
    (worked.desk / "csctool.toml").unlink()
    worked("restore", file, str(worked.desk))
    assert worked.ticket("DHS-1")["status"] == "queued"


def test_a_directory_with_something_else_in_it_is_left_alone(worked, file, tmp_path):
    worked("backup", file)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.txt").write_text("precious")
    assert "is neither empty nor a desk: thesis.txt" in worked.refused("restore", file, str(tmp_path / "home"))
    worked.refused("restore", file, str(tmp_path / "nothing"), "-a", "DHS", status=3)
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "empty").mkdir()
    worked("restore", file, str(tmp_path / "empty"))


def test_a_dry_run_is_refused_where_the_restore_would_be(worked, file, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.txt").write_text("three years")
    worked("backup", file)
    for dry in ((), ("--dry-run",)):
        said = worked.refused("restore", file, str(tmp_path / "home"), *dry)
        assert "is neither empty nor a desk: thesis.txt" in said
        assert "is no directory; name a new one" in worked.refused("restore", file, file, *dry)
        assert "no desk in" in worked.refused("restore", file, str(tmp_path / "new"), "-a", "DHS", *dry, status=3)
    assert "is a directory; name the file of a backup" in worked.refused("restore", str(tmp_path), status=2)


def test_a_slash_after_the_desk_is_in_no_path_that_is_told(worked, file):
    worked("backup", file)
    kept = worked("restore", file, f"{worked.desk}/", "--format", "json").json["kept"]
    assert os.path.dirname(kept) == str(worked.desk)


def test_whoever_waits_for_an_agency_goes_on_with_the_restored_one(worked, file):
    """A technician's command waits for the lock that the restore holds: it is the same lock afterwards."""
    worked("backup", file)
    was = os.stat(worked.desk / "agencies/DHS/.lock").st_ino
    with TinyStore(str(worked.desk)).unit("DHS"):
        assert "DHS is busy" in worked.refused("restore", file, status=6, CSCTOOL_WAIT="0.05")
    worked("restore", file)
    assert os.stat(worked.desk / "agencies/DHS/.lock").st_ino == was


# -- messages --------------------------------------------------------------------------------------------------

TELL = '[[notify]]\non = ["opened", "started", "resolved"]\nto = ["ann@dhs.gov"]\ntransport = "file"\n'


@pytest.fixture
def telling(csctool, file):
    """An agency that tells Ann; a backup in which the first message still waits."""
    (csctool.desk / "agencies/DHS/rules.toml").write_text(TELL)
    csctool.open("Printer jams")
    csctool("backup", file)
    return csctool


def outbox(csctool, *desk):
    return [(n["event"], n["state"]) for n in csctool(*desk, "notify", "list", "--format", "json").json["notices"]]


def test_what_was_delivered_since_is_not_delivered_again(telling, file):
    assert telling("sweep").out == "tell DHS-1: ann@dhs.gov of opened, by file\n"
    telling("restore", file)
    assert outbox(telling) == []
    assert telling("sweep").out == ""


def test_what_programs_read_of_the_messages_stays_in_its_place(telling, file):
    telling("sweep")
    told = (telling.desk / "agencies/DHS/messages.jsonl").read_text()
    assert told
    telling("restore", file)
    assert (telling.desk / "agencies/DHS/messages.jsonl").read_text() == told


def test_what_still_waits_goes_on_waiting(telling, file):
    telling("restore", file)
    assert outbox(telling) == [("opened", "waiting")]
    assert telling("sweep").out == "tell DHS-1: ann@dhs.gov of opened, by file\n"


def test_a_copy_to_look_at_tells_nobody(telling, file, tmp_path):
    done = telling("restore", file, str(tmp_path / "new"), "--format", "json").json
    assert [one["held"] for one in done["agencies"]] == [0, 1, 0]
    assert outbox(telling, "--desk", str(tmp_path / "new")) == [("opened", "held")]
    assert telling("--desk", str(tmp_path / "new"), "sweep").out == ""


def test_an_event_that_takes_the_place_of_a_lost_one_is_told(telling, file):
    """DHS-1's second event was told and is lost; its second event now is another one."""
    telling("start", "DHS-1")
    telling("sweep")
    telling("restore", file, "--force")
    telling("resolve", "DHS-1", "--resolution", "paper")
    assert telling("sweep").out == "tell DHS-1: ann@dhs.gov of resolved, by file\n"


def test_going_back_and_then_on_to_a_later_backup_mixes_no_messages_of_the_two_lives(telling, file, tmp_path):
    """DHS-1's second event was its start; back at the first backup it is resolved instead; the later backup has the
    start, which waited there, and nothing else was ever told."""
    later = str(tmp_path / "later.tar.gz")
    telling("sweep")
    telling("start", "DHS-1")
    telling("backup", later)
    telling("restore", file, "--force")
    telling("resolve", "DHS-1", "--resolution", "paper")
    telling("restore", later, "--force")
    assert outbox(telling) == [("started", "held")]
    telling("restore", file, "--force")
    telling("resolve", "DHS-1", "--resolution", "paper")
    telling("sweep")
    telling("restore", later, "--force")
    assert outbox(telling) == [("started", "held")]
    sent = telling("notify", "list", "--state", "sent", "--format", "json").json["notices"]
    assert [one["event"] for one in sent] == ["opened"]


@pytest.fixture
def down(csctool, file):
    """An outage of the home agency, of which an agency's contact is to hear; a backup in which that still waits."""
    place = csctool.desk / "agencies/DHS/agency.toml"
    place.write_text(f'contacts = ["dhs@x.gov"]\n{place.read_text()}')
    (csctool.desk / "rules.toml").write_text('[[notify]]\non = ["outage"]\nto = ["contacts"]\ntransport = "file"\n')
    csctool("outage", "open", "voicemail", "--text", "Down")
    csctool("backup", file)
    return csctool


@pytest.mark.parametrize("alone", [(), ("-a", "DHS")])
def test_an_outage_of_which_an_agency_was_told_since_is_not_told_again(down, file, alone):
    assert down("sweep").out == "tell CSC-1: dhs@x.gov of outage-opened, by file\n"
    down("restore", file, *alone)
    assert outbox(down) == []
    sent = down("notify", "list", "--state", "sent", "--format", "json").json["notices"]
    assert [(one["ticket"], one["event"]) for one in sent] == [("CSC-1", "outage-opened")]
    down("outage", "open", "voicemail", "--text", "Down")
    assert down("sweep").out == ""


@pytest.mark.parametrize("alone", [(), ("-a", "DHS")])
def test_an_outage_that_still_waits_to_be_told_goes_on_waiting(down, file, alone):
    down("restore", file, *alone)
    assert outbox(down) == [("outage-opened", "waiting")]


def test_news_of_an_outage_that_the_desk_goes_back_before_is_told_anew(down, file):
    """The second event of CSC-1 was told and is lost; its second event now is another one."""
    down("outage", "update", "CSC-1", "--text", "Half of it works")
    down("sweep")
    down("restore", file, "--force")
    assert outbox(down) == []
    down("outage", "update", "CSC-1", "--text", "It is the switch")
    assert down("sweep").out == "tell CSC-1: dhs@x.gov of outage-updated, by file\n"


def test_an_agency_that_goes_back_alone_keeps_what_it_was_told_of_others(down, file):
    """CSC is not restored: what happened there since has happened, and DHS has heard of it or is still to hear."""
    down("outage", "update", "CSC-1", "--text", "Half of it works")
    down("sweep")
    down("outage", "update", "CSC-1", "--text", "All of it works")
    down("restore", file, "-a", "DHS", "--force")
    assert outbox(down) == [("outage-updated", "waiting")]
    assert down("sweep").out == "tell CSC-1: dhs@x.gov of outage-updated, by file\n"
    (row,) = down("outage", "list", "--format", "json").json["outages"]
    assert (row["agencies"], row["told"]) == (2, 2)


def test_what_was_delivered_before_the_backup_is_in_it(telling, file, tmp_path):
    telling("sweep")
    sent = next((telling.desk / "agencies/DHS/sent").iterdir())
    telling("backup", file, "--force")
    telling("restore", file, str(tmp_path / "new"))
    assert (tmp_path / "new/agencies/DHS/sent" / sent.name).read_bytes() == sent.read_bytes()
    telling("restore", file)
    assert (telling.desk / "agencies/DHS/sent" / sent.name).read_bytes() == sent.read_bytes()


# -- a restore that was interrupted --------------------------------------------------------------------------


@pytest.mark.parametrize("decided", [False, True], ids=["before the exchange", "after it"])
def test_the_next_command_ends_a_restore_that_was_killed(worked, file, decided, monkeypatch):
    from csctool.storage.swapping import Swap

    worked("backup", file)
    worked("start", "DHS-1")
    (worked.desk / "rules.toml").write_text("# newer\n")
    before = tickets(worked)

    def killed(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Swap, "go_on" if decided else "_exchange", killed)
        worked("restore", file, "--force", status=130)
    which = "after the step that decides: the desk is the new one" if decided else "before it changed the desk"
    assert f"warning: {worked.desk}/csctool.toml: " not in worked("doctor").out
    assert f"a restore was interrupted {which}" in worked("doctor").out
    assert (tickets(worked) == before) is not decided
    assert (worked.desk / "rules.toml").read_text() == ("" if decided else "# newer\n")
    assert "interrupted" not in worked("doctor").out
    worked("restore", file, "--force")
    assert worked.ticket("DHS-1")["status"] == "queued"
    assert not [name for name in os.listdir(worked.desk) if name.startswith(".restore")]


def test_while_a_restore_goes_on_others_wait_and_then_give_up(worked, file, monkeypatch):
    from csctool.storage.swapping import Swap

    worked("backup", file)
    said = []
    exchange = Swap._exchange

    def look(swap, target):
        said.append(worked("list", status=6, CSCTOOL_WAIT="0.05").err)
        exchange(swap, target)

    monkeypatch.setattr(Swap, "_exchange", look)
    worked("restore", file)
    assert "a restore is going on" in said[0]
    assert "DHS-1" in worked("list").out


def test_without_an_exchange_of_names_it_works_too(worked, file, monkeypatch):
    monkeypatch.setattr("csctool.storage.swapping._exchanged", lambda *_: False)
    worked("backup", file)
    worked("start", "DHS-1")
    worked("restore", file, "--force")
    assert worked.ticket("DHS-1")["status"] == "queued"


# -- files that are no backups -------------------------------------------------------------------------------


def flipped(file: str, at: int, to: str) -> None:
    blob = bytearray(Path(file).read_bytes())
    blob[at] ^= 1 << at % 8
    Path(to).write_bytes(blob)


def test_any_flipped_byte_and_any_truncation_is_refused(worked, file, tmp_path):
    from csctool.errors import CscError
    from csctool.storage import bundle

    worked("backup", file)
    whole, bad = Path(file).read_bytes(), str(tmp_path / "bad.tar.gz")
    for at in range(len(whole)):
        flipped(file, at, bad)
        with pytest.raises(CscError), bundle.opened(bad) as opened:
            opened.check()
    for length in range(0, len(whole), 7):
        Path(bad).write_bytes(whole[:length])
        with pytest.raises(CscError), bundle.opened(bad) as opened:
            opened.check()
    flipped(file, len(whole) // 2, bad)
    said = worked.refused("restore", bad, str(tmp_path / "new"), status=7)
    assert "is damaged: its bytes are not those that were written" in said
    assert not (tmp_path / "new").exists()
    worked.refused("backup", "--verify", bad, status=7)
    Path(bad).write_bytes(whole + b"\0")
    worked.refused("backup", "--verify", bad, status=7)


@pytest.mark.parametrize(("words", "status"), [
    (("nowhere.tar.gz",), 3), (("{desk}",), 2), (("{desk}/csctool.toml",), 7), (("/dev/null",), 7), ((), 2),
])  # fmt: skip
def test_what_is_no_backup_at_all(worked, words, status, tmp_path):
    words = tuple(word.format(desk=worked.desk) for word in words)
    worked.refused("restore", *words, status=status)
    if words:
        worked.refused("backup", "--verify", *words, status=status)


def repacked(file: str, change) -> None:
    """The same tar with other members, (header, content), sealed as csctool would: what a forger can do."""
    from csctool.storage import bundle

    with tarfile.open(file) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in change(members):
            tar.addfile(info, io.BytesIO(content))
        end = tar.offset
    with open(file, "wb") as out:
        sealing = bundle._Sealing(out)
        sealing.add(plain.getvalue()[:end])
        sealing.close()


def forged(file: str, name: str, content: bytes = b"evil", times: int = 1, **fields) -> None:
    """The backup with one file more, in its manifest too; `fields` are what the manifest says of it."""
    from csctool.storage.bundle import digest_of

    def change(members):
        said = json.loads(members[0][1])
        entry = {"name": name, "size": len(content), "digest": digest_of(content), "mode": "600", **fields}
        said["files"] += [entry] * times
        told = "".join(f"{m['digest']} {m['size']} {m['name']}\n" for m in said["files"])
        said["digest"] = digest_of(told.encode())
        members[0] = with_content(members[0][0], json.dumps(said).encode())
        more = tarfile.TarInfo(name)
        more.mtime, more.mode = members[0][0].mtime, 0o600
        return [*members, *[with_content(more, content)] * times]

    repacked(file, change)


def with_content(info, content):
    info.size = len(content)
    return info, content


@pytest.mark.parametrize("name", [
    "../evil.toml", "/etc/evil.toml", "agencies/../../evil.py", "agencies/DHS/../x.py", "plugins/../../x.py",
    "./rules.toml", "agencies/dhs/agency.toml", "agencies/NOPE/agency.toml", "agencies/DHS/evil.sh",
    "agencies/DHS/.lock", "evil", "plugins/evil.sh", "agencies/DHS/sent/x.jsonl",
    "agencies/DHS/plugins/.hidden.py", "plugins/a\nb.py", "plugins/\x1b[2J.py", "plugins//x.py", "plugins/x.py/",
    "agencies/DHS/closed/../open.json", "agencies/DHS/closed/index.json", "csctool.toml/", "plugins/‮.py ",
])  # fmt: skip
def test_a_forged_backup_puts_no_file_anywhere_else(worked, file, tmp_path, name):
    worked("backup", file)
    forged(file, name)
    said = worked.refused("restore", file, str(tmp_path / "new"))
    assert "is no backup that csctool made: it names" in said
    assert "which is no file of a desk" in said or "and no agency NOPE" in said
    assert "\x1b" not in said
    assert sorted(os.listdir(tmp_path)) == ["desk", "desk.tar.gz"]


@pytest.mark.parametrize(("fields", "told"), [
    ({"name": "plugins/x.py", "times": 2}, "it names 'plugins/x.py' twice"),
    ({"name": "csctool.toml"}, "it names 'csctool.toml' twice"),
    ({"name": "plugins/x.py", "mode": "99"}, "it names a mode '99'"),
    ({"name": "plugins/x.py", "mode": "-1"}, "it names a mode '-1'"),
    ({"name": "plugins/x.py", "size": 2**60}, f"it says that 'plugins/x.py' has {2**60} bytes"),
    ({"name": "plugins/x.py", "size": -1}, "it says that 'plugins/x.py' has -1 bytes"),
    ({"name": "plugins/x.py", "size": 5}, "it holds a file 'plugins/x.py' of 4 bytes"),
    ({"name": "plugins/x.py", "more": 1}, "its manifest can't be read"),
], ids=str)  # fmt: skip
def test_a_forged_manifest_is_refused(worked, file, tmp_path, fields, told):
    worked("backup", file)
    forged(file, **fields)
    assert told in worked.refused("restore", file, str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_content_that_is_not_what_the_manifest_says_is_refused(worked, file, tmp_path):
    worked("backup", file)
    forged(file, "plugins/x.py", digest="0" * 64)
    said = worked.refused("restore", file, str(tmp_path / "new"), status=7)
    assert "plugins/x.py is not what its manifest says" in said
    assert not (tmp_path / "new").exists()


def test_a_good_forgery_is_a_backup(worked, file, tmp_path):
    """The forger's tools above make nothing that would be refused for another reason."""
    worked("backup", file)
    forged(file, "plugins/x.py")
    worked("restore", file, str(tmp_path / "new"))
    assert (tmp_path / "new/plugins/x.py").read_text() == "evil"


def link(kind, members):
    info = tarfile.TarInfo("agencies/DHS/rules.toml")
    info.type, info.linkname = kind, "/etc/passwd"
    return [*members, (info, b"")]


@pytest.mark.parametrize(("change", "told"), [
    (lambda m: link(tarfile.SYMTYPE, m), "holds more than its manifest names"),
    (lambda m: [m[0], *link(tarfile.SYMTYPE, [])], "a symbolic link 'agencies/DHS/rules.toml'"),
    (lambda m: [m[0], *link(tarfile.LNKTYPE, [])], "a link"),
    (lambda m: [m[0], *link(tarfile.CHRTYPE, [])], "a device"),
    (lambda m: [m[0], *link(tarfile.FIFOTYPE, [])], "a pipe"),
    (lambda m: [m[0], *link(tarfile.DIRTYPE, [])], "a directory"),
    (lambda m: [m[0], m[2], m[1], *m[3:]], "where its manifest has 'csctool.toml'"),
    (lambda m: m[1:], "and not with a manifest"), (lambda m: [*m, m[-1]], "holds more than its manifest names"),
    (lambda m: m[:-1], "nothing where its manifest has"),
    (lambda m: [with_content(m[0][0], m[0][1][:-3]), *m[1:]], "its manifest can't be read"),
], ids=["a link at the end", "a symbolic link", "a hard link", "a device", "a pipe", "a directory", "another order",
        "no manifest", "twice", "one less", "half a manifest"])  # fmt: skip
def test_a_tar_that_is_not_what_its_manifest_says_is_refused(worked, file, tmp_path, change, told):
    worked("backup", file)
    repacked(file, change)
    said = worked("restore", file, str(tmp_path / "new"), status=4)
    assert "is no backup that csctool made" in said.err
    assert told in said.err
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_csctool_is_refused_clearly(worked, file, tmp_path):
    worked("backup", file)
    repacked(file, lambda m: [with_content(m[0][0], b'{"format":2,"files":"in another way"}'), *m[1:]])
    said = worked.refused("restore", file, str(tmp_path / "new"), status=7)
    assert "was written by a newer csctool (backup format 2; this one knows up to 1); upgrade csctool" in said


def test_a_manifest_of_brackets_is_no_trouble(worked, file, tmp_path):
    worked("backup", file)
    repacked(file, lambda m: [with_content(m[0][0], b'{"format":1,"x":' + b"[" * 100_000), *m[1:]])
    worked.refused("restore", file, str(tmp_path / "new"))


def test_csctool_makes_no_file_of_which_a_backup_does_not_know_what_it_is(csctool, tmp_path):
    """A new kind of file belongs into the table of `storage/members.py`: taken, or derived."""
    desk = str(tmp_path / "demo")
    csctool("init", "--demo", desk)
    csctool("--desk", desk, "plugin", "new", "--agency", "DHS")
    (tmp_path / "demo/agencies/DHS/rules.toml").write_text(
        TELL.replace("file", "command") + '[[route]]\nqueue = "apps"\n' * 400
    )
    for words in (
        ("open", "x", "-a", "DHS"),
        ("sweep",),
        ("archive",),
        ("list",),
        ("doctor", "--repair"),
        ("rules", "check"),
    ):
        csctool._run(("--desk", desk, *words), None, {})
    assert csctool("--desk", desk, "backup", "-", "--dry-run", "--format", "json").json["left_out"] == []
