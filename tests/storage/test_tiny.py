"""The files: damage is told and never read as empty, failures change nothing, and what people gave is kept."""

import errno
import json
import os
import re
import resource
import stat
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from csctool.domain import lifecycle
from csctool.domain.notice import Notice, identity
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.errors import BusyError, DamagedError, NotFoundError, NotPermittedError, StorageError, UsageError
from csctool.storage import codec, container, files, unit
from csctool.storage.tiny import TinyStore

from .helpers import MONDAY, ended, filled, opened, stamp


@pytest.fixture
def root(tmp_path) -> str:
    return str(tmp_path / "desk")


def path(root: str, name: str = "open.json", agency: str = "DHS") -> str:
    return f"{root}/agencies/{agency}/{name}"


def content(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()


def overwrite(name: str, blob: bytes) -> None:
    with open(name, "wb") as file:
        file.write(blob)


def start(store: TinyStore, key: str = "DHS-1") -> None:
    with store.unit("DHS") as work:
        work.put(lifecycle.start(work.get(key), stamp(900)))


def keys(found) -> list[str]:
    return sorted(ticket.key for ticket in found)


# -- the form ----------------------------------------------------------------------------------------------------


def test_the_file_is_json_with_a_ticket_a_line_as_the_public_json_has_it_without_defaults(root):
    filled(root, opened(1), opened(2, subject="two\nlines"))
    blob = content(path(root))
    tables = json.loads(blob)
    assert tables["csctool"]["format"] == 2
    assert tables["csctool"]["generation"] == 1
    assert tables["counters"]["1"] == {"number": 2}
    assert list(tables["tickets"]) == ["1", "2"]
    assert tables["tickets"]["2"]["subject"] == "two\nlines"
    assert tables["tickets"]["1"]["history"][0]["changes"]["status"] == [None, "queued"]
    public = msgspec.to_builtins(opened(1))
    stored = {name: value for name, value in tables["tickets"]["1"].items() if name not in ("seals", "history")}
    assert stored == {name: public[name] for name in stored}
    assert [name for name in public if name not in stored] == [
        "description", "channel", "requester", "phone", "affected", "cc", "service", "category", "impact", "urgency",
        "priority", "tier", "desk", "owner", "assignee", "flags", "fields", "resolution", "code", "cause", "training",
        "minutes", "links", "handovers", "bounces", "responded_at", "resolved_at", "closed_at", "due", "sla", "history",
    ]  # fmt: skip
    assert blob.count(b"\n") == blob.decode().count("\n") == 12
    assert blob.splitlines()[0].startswith(b'{"csctool":{"format":2,"generation":1,"checksum":"')


def test_a_change_leaves_the_lines_of_other_tickets_as_they_were(root):
    store = filled(root, *map(opened, range(1, 6)))
    before = content(path(root)).splitlines()
    start(store, "DHS-3")
    after = content(path(root)).splitlines()
    assert [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [0, 2, 7]
    assert json.loads(after[0][:-1] + b"}")["csctool"]["generation"] == 2
    assert content(path(root, "open.prev.json")).splitlines() == before


def test_tables_that_this_room_does_not_know_pass_through(root):
    filled(root, opened(1))
    header, tables = container.unpack(content(path(root)), "")
    tables["satchel"] = {"7": codec.encode({"to": "ada"})}
    overwrite(path(root), container.pack(tables, header.generation))
    start(TinyStore(root))
    assert json.loads(content(path(root)))["satchel"] == {"7": {"to": "ada"}}


# -- damage ------------------------------------------------------------------------------------------------------


def assert_told_as_damage(root: str, blob: bytes) -> None:
    overwrite(path(root), blob)
    store = TinyStore(root)
    with pytest.raises(DamagedError) as told:
        store.get("DHS-1")
    assert "open.json" in str(told.value)
    assert "nothing was changed" in str(told.value)
    assert content(path(root)) == blob


def test_who_adds_a_message_looks_at_none_of_those_that_wait_already(root):
    """So one that can't be read is in the way of nobody but who asks for it, and thousands cost little."""
    store = filled(root, opened(1), opened(2))
    with store.unit("DHS") as work:
        work.post("DHS", [message(1)])
    header, tables = container.unpack(content(path(root)), "")
    tables["outbox"] = {"1": msgspec.Raw(b'{"id":"no message","ticket":"DHS-1"}')}
    overwrite(path(root), container.pack(tables, header.generation))
    with store.unit("DHS") as work:
        work.post("DHS", [message(2)])
    assert store.agenda("DHS").at == MONDAY
    with pytest.raises(DamagedError):
        store.outbox("DHS")
    lines = content(path(root)).decode().split("\n")
    assert [line[:24] for line in lines if '"ticket":' in line] == [
        '"1":{"id":"no message","',
        f'"2":{{"id":"{message(2).id[:13]}',
    ]


def message(number: int) -> Notice:
    key = f"DHS-{number}"
    return Notice(
        identity(key, 1, "file", "ann@x"), key, 1, "opened", "op", "file", "ann@x", "requester", "rule", MONDAY, MONDAY
    )  # fmt: skip


def test_any_flipped_bit_of_any_byte_is_damage(root):
    filled(root, opened(1))
    whole = content(path(root))
    overwrite(path(root), whole)
    for at in range(len(whole)):
        for bit in (0, 5) if at > container.HEADER_SIZE else range(8):
            blob = bytearray(whole)
            blob[at] ^= 1 << bit
            with pytest.raises(DamagedError):
                container.unpack(bytes(blob), "open.json")


def test_any_truncation_is_damage(root):
    filled(root, opened(1))
    whole = content(path(root))
    for length in range(len(whole)):
        with pytest.raises(DamagedError):
            container.unpack(whole[:length], "open.json")


@pytest.mark.parametrize("spoil", [
    lambda blob: b"",
    lambda blob: b"{}",
    lambda blob: b"\0" * len(blob),
    lambda blob: blob[:600] + b"\0" * (len(blob) - 600),
    lambda blob: blob[: len(blob) // 2],
    lambda blob: blob + b"\n",
    lambda blob: b" " + blob,
    lambda blob: blob.replace(b'"format":2', b'"format": 2'),
    lambda blob: blob.replace(b'"format":2,"generation":1', b'"generation":1,"format":2'),
    lambda blob: blob.replace(b'"format":2', b'"format":1'),
    lambda blob: blob.replace(b'"generation":1', b'"generation":01'),
    lambda blob: blob.replace(b'"checksum":"', b'"checksum":"0'),
    lambda blob: blob.replace(b'"queue":', b'"Queue":'),
    lambda blob: b"[" + blob[1:],
])  # fmt: skip
def test_damage_is_told_and_the_file_is_left_as_it_is(root, spoil):
    filled(root, opened(1))
    assert_told_as_damage(root, spoil(content(path(root))))


def test_upper_case_digits_of_the_checksum_are_damage(root):
    for generation in range(1, 9):
        whole = container.pack({"tickets": {}}, generation)
        start = whole.index(b'"checksum":"') + 12
        blob = whole[:start] + whole[start : start + 16].upper() + whole[start + 16 :]
        container.unpack(whole, "open.json")
        if blob != whole:
            with pytest.raises(DamagedError):
                container.unpack(blob, "open.json")


def test_nobody_writes_over_a_damaged_file_or_its_generation_before(root):
    store = filled(root, opened(1))
    start(store)
    before = content(path(root, "open.prev.json"))
    overwrite(path(root), b"")
    for work in (start, lambda store: store.archive("DHS"), lambda store: store.archivable("DHS")):
        with pytest.raises(DamagedError, match=r"open\.prev\.json"):
            work(store)
    assert content(path(root)) == b""
    assert content(path(root, "open.prev.json")) == before


def test_a_missing_file_is_no_tickets_only_when_nothing_tells_otherwise(root):
    store = TinyStore(root)
    store.create("DHS")
    assert keys(store.find(Query(agencies=("DHS",)))) == []
    filled(root, opened(1))
    start(store)
    os.unlink(path(root))
    with pytest.raises(DamagedError, match="missing"):
        list(store.find(Query(agencies=("DHS",))))
    with pytest.raises(DamagedError, match="missing"):
        start(store)
    os.unlink(path(root, "open.prev.json"))
    overwrite(path(root, "closed/2026-10.json"), b"")
    with pytest.raises(DamagedError, match="missing"):
        store.get("DHS-1")


def test_a_damaged_agency_does_not_hide_the_others(root):
    store = filled(root, opened(1), opened(1, "DOT"))
    overwrite(path(root), b"\0" * 100)
    assert keys(store.find(Query())) == ["DOT-1"]
    (trouble,) = store.troubles()
    assert isinstance(trouble, DamagedError)
    assert store.troubles() == []
    with pytest.raises(DamagedError):
        list(store.find(Query(agencies=("DOT", "DHS"))))


def test_a_desk_of_a_newer_csctool_is_refused(root, monkeypatch):
    monkeypatch.setattr(codec, "FORMAT", 3)
    filled(root, opened(1))
    monkeypatch.undo()
    with pytest.raises(StorageError, match="newer csctool") as told:
        TinyStore(root).get("DHS-1")
    assert not isinstance(told.value, DamagedError)


def test_migrations_run_one_after_the_other_when_a_file_is_written_next(root, monkeypatch):
    store = filled(root, opened(1), opened(2))
    before = content(path(root))

    monkeypatch.setattr(codec, "FORMAT", 4)
    monkeypatch.setattr(codec, "MIGRATIONS", {
        2: lambda line: msgspec.Raw(bytes(line).replace(b"no dial tone", b"silence")),
        3: lambda line: msgspec.Raw(bytes(line).replace(b"silence", b"not a sound")),
    })  # fmt: skip
    assert store.get("DHS-2").subject == "no dial tone"
    start(store)
    assert store.get("DHS-2").subject == "not a sound"
    assert content(path(root, "open.format2.json")) == before


def test_a_document_that_is_no_ticket_is_damage(root):
    store = filled(root, opened(1))
    overwrite(path(root), container.pack({"tickets": {"1": codec.encode({"key": "DHS-1"})}}, 1))
    with pytest.raises(DamagedError, match="stored document"):
        store.get("DHS-1")
    with pytest.raises(DamagedError, match="stored document"):
        list(store.find(Query(agencies=("DHS",))))


# -- modes and permissions ---------------------------------------------------------------------------------------


def mode(name: str) -> int:
    return stat.S_IMODE(os.stat(name).st_mode)


def test_an_agency_with_a_group_is_closed_to_others_whatever_the_umask_is(root):
    import grp

    store = TinyStore(root)
    for umask in (0o077, 0o000):
        agency = f"A{umask}"
        old = os.umask(umask)
        try:
            store.create(agency, grp.getgrgid(os.getgid()).gr_name)
            with store.unit(agency) as work:
                work.put(opened(1, agency))
                work.put(ended(2, agency))
            store.archive(agency)
        finally:
            os.umask(old)
        place = f"{root}/agencies/{agency}"
        assert mode(place) == mode(f"{place}/closed") == 0o2770
        names = (".lock", "open.json", "open.prev.json", "closed/2026-10.json", "closed/index.json")
        assert [oct(mode(f"{place}/{name}")) for name in names] == ["0o660"] * 5


def test_without_a_group_the_umask_decides(root):
    old = os.umask(0o027)
    try:
        filled(root, opened(1))
    finally:
        os.umask(old)
    assert mode(path(root, "")) == 0o750
    assert mode(path(root)) == 0o640


def test_mode_and_group_of_the_file_are_kept(root):
    store = filled(root, opened(1))
    os.chmod(path(root), 0o604)
    if os.geteuid() == 0:
        os.chown(path(root), 1234, 4321)
    was = os.stat(path(root))
    start(store)
    now = os.stat(path(root))
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    assert now.st_ino != was.st_ino


def test_an_unknown_group_is_told(root):
    with pytest.raises(UsageError, match="no such Unix group"):
        TinyStore(root).create("DHS", "no-such-group-here")


def refuse(monkeypatch, what: str, name: str, error: int) -> None:
    """Make a system call fail for paths that end with `name`; a descriptor stands for the path it was opened with."""
    real_open, real = os.open, getattr(os, what)
    paths: dict[object, str] = {}

    def opening(place, *args, **kwargs):
        descriptor = real_open(place, *args, **kwargs)
        paths[descriptor] = str(place)
        return descriptor

    def call(target, *args, **kwargs):
        if str(paths.get(target, target)).endswith(name):
            raise OSError(error, os.strerror(error))
        return (opening if what == "open" else real)(target, *args, **kwargs)

    if what != "open":
        monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, what, call)


def test_an_agency_that_may_not_be_read_is_left_out_and_named(root, monkeypatch):
    store = filled(root, opened(1), opened(1, "DOT"))
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, how: not name.endswith("DOT") and real(name, how))
    assert store.agencies() == ["DHS"]
    (trouble,) = store.troubles()
    assert isinstance(trouble, NotPermittedError)
    assert "DOT" in str(trouble)


def test_a_file_that_may_not_be_read_is_left_out_unless_it_was_asked_for(root, monkeypatch):
    store = filled(root, opened(1), opened(1, "DOT"))
    refuse(monkeypatch, "open", "DOT/open.json", errno.EACCES)
    assert keys(store.find(Query())) == ["DHS-1"]
    assert [type(trouble) for trouble in store.troubles()] == [NotPermittedError]
    with pytest.raises(NotPermittedError, match="you may not read"):
        store.get("DOT-1")


# -- failing disks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "name", "error", "kind", "saved"),
    [
        ("open", "open.json.tmp", errno.EACCES, NotPermittedError, False),
        ("open", "open.json.tmp", errno.EROFS, StorageError, False),
        ("write", "open.json.tmp", errno.ENOSPC, StorageError, False),
        ("fsync", "open.json.tmp", errno.EIO, StorageError, False),
        ("rename", "open.prev.json.tmp", errno.EIO, StorageError, False),
        ("rename", "open.json.tmp", errno.ENOSPC, StorageError, False),
        ("fsync", "DHS", errno.EIO, StorageError, True),
        ("open", ".lock", errno.EACCES, NotPermittedError, False),
    ],
)
def test_a_failure_is_told_and_nothing_is_half_done(root, monkeypatch, call, name, error, kind, saved):
    store = filled(root, opened(1))
    start(store)
    before = content(path(root))
    with monkeypatch.context() as patch:
        refuse(patch, call, name, error)
        with pytest.raises(kind) as told, store.unit("DHS") as work:
            work.put(opened(2))
    assert ("may have been saved all the same" in told.value.hint) is saved
    assert ("nothing was changed" in told.value.hint) is not saved
    assert (content(path(root)) == before) is not saved
    assert not [name for name in os.listdir(path(root, "")) if name.endswith((".tmp", ".next"))]
    with store.unit("DHS") as work:
        work.put(opened(3))
    assert "DHS-3" in keys(store.find(Query()))


def test_where_there_are_no_hard_links_the_generation_before_is_copied(root, monkeypatch):
    store = filled(root, opened(1))
    before = content(path(root))
    refuse(monkeypatch, "link", "open.json", errno.EPERM)
    start(store)
    assert content(path(root, "open.prev.json")) == before
    assert store.get("DHS-1").version == 2


def test_no_generation_before_is_kept_when_nobody_wants_it(root):
    store = filled(root, opened(1), keep=False)
    start(store)
    assert not os.path.exists(path(root, "open.prev.json"))
    assert store.get("DHS-1").version == 2


def test_a_limit_of_the_file_size_loses_nothing(root):
    """A real one, by the kernel, in a process of its own."""
    store = filled(root, opened(1))
    size = os.path.getsize(path(root))
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
        try:
            with store.unit("DHS") as work:
                work.put(opened(2))
        except StorageError as error:
            os._exit(error.exit)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert keys(store.find(Query())) == ["DHS-1"]
    assert not [name for name in os.listdir(path(root, "")) if name.endswith(".tmp")]


def open_two(store: TinyStore) -> None:
    with store.unit("DHS", "DOT") as work:
        work.put(opened(2))
        work.put(opened(2, "DOT"))


def test_when_one_of_two_agencies_fails_neither_is_changed(root, monkeypatch):
    store = filled(root, opened(1), opened(1, "DOT"))
    before = content(path(root)), content(path(root, agency="DOT"))
    for call, name in (("write", "DOT/open.json.tmp"), ("rename", "DHS/open.json.tmp"), ("fsync", "/DOT")):
        with monkeypatch.context() as patch:
            refuse(patch, call, name, errno.EIO)
            with pytest.raises(StorageError, match="nothing was changed"):
                open_two(store)
        assert (content(path(root)), content(path(root, agency="DOT"))) == before
        assert not os.path.exists(path(root, "open.json.next", "DOT"))


def test_when_the_second_rename_fails_both_are_changed_and_the_next_writer_finishes(root, monkeypatch):
    store = filled(root, opened(1), opened(1, "DOT"))
    with monkeypatch.context() as patch:
        refuse(patch, "rename", "DOT/open.json.next", errno.EIO)
        with pytest.raises(StorageError, match="saved all the same"):
            open_two(store)
    assert os.path.exists(path(root, "open.json.next", "DOT"))
    assert keys(store.find(Query())) == ["DHS-1", "DHS-2", "DOT-1", "DOT-2"]
    start(store)  # work at home of the unit does not lose what it decided
    with store.unit("DOT") as work:
        work.put(opened(work.count("DOT", "number"), "DOT"))
    assert keys(store.find(Query(agencies=("DOT",)))) == ["DOT-1", "DOT-2", "DOT-3"]
    assert not os.path.exists(path(root, "open.json.next", "DOT"))


# -- what units and dry runs leave alone -------------------------------------------------------------------------


def test_a_unit_that_puts_nothing_and_a_dry_run_write_nothing(root):
    store = filled(root, opened(1), ended(2))
    before = {name: os.stat(path(root, name)).st_mtime_ns for name in os.listdir(path(root, "")) if name != ".lock"}
    with store.unit("DHS") as work:
        work.get("DHS-1")
    with store.unit("DHS") as work:
        work.put(opened(work.count("DHS", "number")))
        work.discard()
    assert store.archivable("DHS") == 1
    after = {name: os.stat(path(root, name)).st_mtime_ns for name in os.listdir(path(root, "")) if name != ".lock"}
    assert after == before


def test_folders_that_are_no_agency_are_none(root):
    store = filled(root, opened(1))
    for name in ("notes", "dhs", "X", ".git"):
        os.mkdir(f"{root}/agencies/{name}")
    assert store.agencies() == ["DHS"]


def test_an_agency_made_by_hand_works(root):
    os.makedirs(f"{root}/agencies/DHS")
    store = TinyStore(root)
    assert store.archive("DHS") == 0
    with store.unit("DHS") as work:
        work.put(ended(work.count("DHS", "number")))
    assert store.archive("DHS") == 1
    assert store.get("DHS-1").status == "closed"


# -- archives ----------------------------------------------------------------------------------------------------


def shelves(root: str) -> dict[str, list[str]]:
    return {name: list(json.loads(content(path(root, f"closed/{name}")))["tickets"])
            for name in sorted(os.listdir(path(root, "closed")))
            if name.endswith(".json") and not any(word in name for word in ("prev", "index", "brief"))}  # fmt: skip


def briefs(root: str) -> list[str]:
    return sorted(name for name in os.listdir(path(root, "closed")) if ".brief-" in name)


def in_brief(store: TinyStore) -> dict[str, str]:
    return {t.key: t.status for t in store.find(Query(everything=True, detail="brief"))}


def test_a_month_in_brief_says_what_the_month_says_and_is_made_anew_with_it(root):
    store = filled(root, opened(1), ended(2), ended(3, hours=800))
    store.archive("DHS")
    before = briefs(root)
    assert [name[:7] for name in before] == ["2026-10", "2026-11"]
    assert in_brief(store) == {"DHS-1": "queued", "DHS-2": "closed", "DHS-3": "closed"}
    assert next(iter(store.find(Query(statuses=("closed",), detail="brief")))).live is False
    with store.unit("DHS") as work:
        work.put(ended(4))
    store.archive("DHS")
    after = briefs(root)
    assert len(after) == 2
    assert set(before) & set(after) == {before[1]}
    assert in_brief(store)["DHS-4"] == "closed"


def lived(number: int, began: datetime, over: datetime) -> Ticket:
    """A ticket that was opened and closed at these times."""
    return replace(ended(number), opened_at=began, resolved_at=over, closed_at=over)


def test_a_report_over_a_past_month_reads_of_later_ones_only_what_was_opened_by_its_end(root, monkeypatch):
    may, october, november, december = (datetime(2026, month, 20, tzinfo=UTC) for month in (5, 10, 11, 12))
    first = datetime(2026, 12, 1, 5, tzinfo=UTC)  # November in Chicago
    store = filled(root, lived(1, october, october), lived(2, october, december), lived(3, november, december),
                   lived(4, december, december), lived(5, may, december), lived(6, first, december))  # fmt: skip
    store.archive("DHS")
    assert [name[:13] + name[30:] for name in briefs(root)] == [
        "2026-10.brief-2026-10-1.json", "2026-12.brief-0000-00-3.json", "2026-12.brief-2026-11-3.json",
        "2026-12.brief-2026-12-3.json",
    ]  # fmt: skip
    read = []
    real = files.read
    monkeypatch.setattr(files, "read", lambda path, limit=-1: read.append(path[-15:]) or real(path, limit))

    def asked(until: datetime) -> tuple[list[str], list[str]]:
        read.clear()
        query = Query(everything=True, detail="brief", opened=Range(None, until), unfinished_since=october)
        return keys(store.find(query)), [name for name in read if re.match(r"\d{4}-\d\d-\d\.json", name[-14:])]

    assert asked(datetime(2026, 11, 1, 5, tzinfo=UTC)) == (
        ["DHS-1", "DHS-2", "DHS-5"],
        ["-2026-10-1.json", "-0000-00-3.json"],
    )
    found, parts = asked(datetime(2026, 12, 1, 6, tzinfo=UTC))
    assert found == ["DHS-1", "DHS-2", "DHS-3", "DHS-5", "DHS-6"]
    assert parts == ["-2026-10-1.json", "-0000-00-3.json", "-2026-11-3.json"]


@pytest.mark.parametrize("harm", [os.unlink, lambda name: open(name, "wb").close(), lambda name: truncated(name)])
def test_a_brief_that_is_missing_or_damaged_costs_only_time(root, harm):
    store = filled(root, ended(1), ended(2))
    store.archive("DHS")
    (name,) = briefs(root)
    harm(path(root, f"closed/{name}"))
    assert in_brief(store) == {"DHS-1": "closed", "DHS-2": "closed"}
    assert store.archive("DHS") == 0
    assert in_brief(store) == {"DHS-1": "closed", "DHS-2": "closed"}


def truncated(name: str) -> None:
    os.truncate(name, os.path.getsize(name) - 9)


def test_tickets_are_archived_in_the_month_in_which_they_ended(root):
    store = filled(root, opened(1), ended(2), ended(3, hours=800), ended(4))
    assert store.archive("DHS") == 3
    assert shelves(root) == {"2026-10.json": ["2", "4"], "2026-11.json": ["3"]}
    assert list(json.loads(content(path(root)))["tickets"]) == ["1"]
    assert json.loads(content(path(root, "closed/index.json")))["months"]["2026-11"]["numbers"] == [3]


def test_a_ticket_closed_again_leaves_its_old_month(root):
    store = filled(root, ended(1), ended(2))
    store.archive("DHS")
    with store.unit("DHS") as work:
        again = lifecycle.reopen(work.get("DHS-1"), stamp(800), "it is back", until=None)
        work.put(lifecycle.close(lifecycle.resolve(again, stamp(801), "gone"), stamp(801)))
    store.archive("DHS")
    assert shelves(root) == {"2026-10.json": ["2"], "2026-11.json": ["1"]}


STALE = {"2026-10": codec.encode({"checksum": "", "numbers": [3]})}


@pytest.mark.parametrize("spoil", [
    os.unlink,
    lambda name: overwrite(name, b""),
    lambda name: overwrite(name, content(name)[:-9]),
    lambda name: overwrite(name, container.pack({"months": {}}, 9)),
    lambda name: overwrite(name, container.pack({"months": STALE}, 9)),
    lambda name: overwrite(name, container.pack({"other": {}}, 9)),
])  # fmt: skip
def test_the_index_is_made_anew_when_it_is_missing_stale_or_damaged(root, spoil):
    store = filled(root, opened(1), ended(2), ended(3, hours=800))
    store.archive("DHS")
    whole = json.loads(content(path(root, "closed/index.json")))["months"]
    spoil(path(root, "closed/index.json"))
    assert store.get("DHS-2").status == "closed"
    assert store.get("DHS-3").status == "closed"
    with pytest.raises(NotFoundError):
        store.get("DHS-4")
    assert store.archive("DHS") == 0
    assert json.loads(content(path(root, "closed/index.json")))["months"] == whole


def test_only_the_months_that_matter_are_read(root):
    store = filled(root, opened(1), ended(2), ended(3, hours=800))
    store.archive("DHS")
    overwrite(path(root, "closed/2026-10.json"), b"")
    november = Range(MONDAY.replace(month=11, day=1))
    assert keys(store.find(Query(closed=november))) == ["DHS-3"]
    assert keys(store.find(Query(opened=november, everything=True))) == []
    assert keys(store.find(Query())) == ["DHS-1"]
    assert store.get("DHS-3").key == "DHS-3"
    with pytest.raises(DamagedError, match="2026-10"):
        store.get("DHS-2")
    with pytest.raises(DamagedError, match="2026-10"):
        list(store.find(Query(agencies=("DHS",), everything=True)))


def test_a_month_that_vanished_is_damage_when_its_generation_before_is_there(root):
    store = filled(root, ended(1))
    store.archive("DHS")
    with store.unit("DHS") as work:
        work.put(ended(2))
    store.archive("DHS")
    os.unlink(path(root, "closed/2026-10.json"))
    with pytest.raises(DamagedError, match=r"2026-10\.json is damaged: it is missing"):
        store.get("DHS-1")
    with pytest.raises(DamagedError, match=r"2026-10\.json is damaged: it is missing"):
        list(store.find(Query(agencies=("DHS",), everything=True)))


def test_a_finished_ticket_without_any_time_can_be_archived(root):
    from msgspec.structs import replace

    timeless = replace(ended(1), opened_at=None, updated_at=None, resolved_at=None, closed_at=None)
    store = filled(root, timeless)
    assert store.archive("DHS") == 1
    assert store.get("DHS-1").key == "DHS-1"
    assert keys(store.find(Query(everything=True))) == ["DHS-1"]


def test_a_write_that_finds_many_finished_tickets_archives_them(root, monkeypatch):
    monkeypatch.setattr(unit, "CROWDED", 3)
    store = filled(root, opened(1), ended(2), ended(3), ended(4))
    assert shelves(root) == {}
    with store.unit("DHS") as work:
        work.put(ended(5))
    assert shelves(root) == {"2026-10.json": ["2", "3", "4", "5"]}
    assert store.troubles() == []


def test_a_failure_to_archive_afterwards_does_not_fail_the_change(root, monkeypatch):
    monkeypatch.setattr(unit, "CROWDED", 0)
    store = filled(root, opened(1))
    refuse(monkeypatch, "write", "2026-10.json.tmp", errno.ENOSPC)
    with store.unit("DHS") as work:
        work.put(ended(2))
    (trouble,) = store.troubles()
    assert trouble.message.startswith("saved, but DHS could not be archived after it: can't write")
    assert trouble.exit == 0  # the command did what it was asked to do
    assert store.get("DHS-2").status == "closed"


@pytest.mark.parametrize("most", [1, 2, 99])
def test_a_reader_starts_over_when_a_writer_moved_what_it_looks_for(root, monkeypatch, most):
    """Just before the reader opens a month that it saw, a ticket in it is reopened, closed and archived elsewhere."""
    store = filled(root, opened(1), ended(2))
    store.archive("DHS")
    real, moves, refused = files.read, [], []

    def move() -> None:
        hours = 800 * (len(moves) + 1)
        writer = TinyStore(root, wait=0)
        with writer.unit("DHS") as work:
            again = lifecycle.reopen(work.get("DHS-2"), stamp(hours), "it is back", until=None)
            work.put(lifecycle.close(lifecycle.resolve(again, stamp(hours), "gone"), stamp(hours)))
        writer.archive("DHS")
        moves.append(hours)

    def read(name, limit=-1):
        if "/closed/20" in name and limit < 0 and len(moves) < most:
            monkeypatch.setattr(files, "read", real)
            try:
                move()
            except BusyError as error:
                refused.append(error)
            monkeypatch.setattr(files, "read", read)
        return real(name, limit)

    monkeypatch.setattr(files, "read", read)
    assert keys(store.find(Query(everything=True))) == ["DHS-1", "DHS-2"]
    assert bool(refused) is (most == 99)  # in the end the reader makes the writers wait
    assert store.get("DHS-2").status == "closed"


def test_archiving_again_what_was_archived_already_leaves_the_month_as_it_is(root):
    """As after a crash between the archive and the removal."""
    store = filled(root, opened(1), ended(2))
    backup = content(path(root))
    store.archive("DHS")
    month = content(path(root, "closed/2026-10.json"))
    overwrite(path(root), backup)
    assert keys(store.find(Query(everything=True))) == ["DHS-1", "DHS-2"]
    assert store.archive("DHS") == 1
    assert content(path(root, "closed/2026-10.json")) == month
    assert list(json.loads(content(path(root)))["tickets"]) == ["1"]


def test_the_highest_version_of_a_ticket_counts_wherever_it_lies(root):
    store = filled(root, ended(1))
    backup = content(path(root))
    store.archive("DHS")
    with store.unit("DHS") as work:
        work.put(lifecycle.note(work.get("DHS-1"), stamp(2), "the client called to say thanks"))
    assert [ticket.version for ticket in store.find(Query(everything=True))] == [4]
    store.archive("DHS")
    overwrite(path(root), backup)
    assert [ticket.version for ticket in store.find(Query(everything=True))] == [4]


# -- start-up ----------------------------------------------------------------------------------------------------


def test_the_store_imports_nothing_that_costs_start_up():
    heavy = {"tempfile", "random", "hashlib", "pathlib", "shutil", "logging", "subprocess", "socket", "grp"}
    code = (
        "import sys, tinydb, msgspec, csctool.desk.ports; before = set(sys.modules)\n"
        "import csctool.storage.tiny\n"
        f"print(*(set(sys.modules) - before) & {heavy!r})"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
