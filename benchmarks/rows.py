"""The rows of the table: what is measured beside what, and what the design promises of it."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import desks, events, letters, peers
from benchmarks.pairs import Command, Cost, FailedError, Maker, Pairs, compare, cost

FLOOR = "import click, pluggy, tinydb"
#: After so many sweeps a reference desk has been told everything: promises that moved are told anew by the second.
SETTLING = 3
#: So many messages wait for a mail server that has been down over a morning.
WAITING = 2000
SUBJECT = "Printer 417 jams at the paper tray"
SAID = "Jams on every second page from tray 2. Toner is new, other trays are fine."


class Line(NamedTuple):
    """One line of the table. `figure` is the ratio, `limit` what was promised: at most, or at least for `faster`."""

    name: str
    a: str
    b: str
    figure: str
    work: str = ""
    limit: str = ""
    reached: str = ""


class Bench:
    """One run of the benchmarks: where things are kept, which desk, how many runs."""

    def __init__(self, place: Path, *, quick: bool) -> None:
        self.place = place / f"v{desks.VERSION}"
        self.name = "D10k" if quick else "D100k"
        self.size = desks.SIZES[self.name]
        self.runs = 7 if quick else 21
        self.few = 2 if quick else 3
        self.quick = quick
        self.place.mkdir(parents=True, exist_ok=True)
        self.work = Path(tempfile.mkdtemp(prefix="work-", dir=place))

    def desk(self, name: str = "", closed: float = desks.CLOSED) -> desks.Made:
        """A fresh working copy of a reference desk."""
        name = name or self.name
        made = desks.desk(name, self.place, closed)
        return desks.copy(made, self.work / made.root.name)

    def floor(self, what: str = FLOOR) -> Maker:
        """The start of Python with the libraries that csctool can't do without."""
        return lambda _: Command([sys.executable, "-c", what])

    def against_floor(self, name: str, a: Maker, limit: float, what: str = FLOOR) -> Line:
        """A row that is measured by the floor."""
        pairs = compare(a, self.floor(what), self.runs)
        return at_most(name, pairs, limit)


def at_most(name: str, pairs: Pairs, limit: float) -> Line:
    """A line whose ratio A : B has a ceiling."""
    ratio = pairs.ratio()
    reached = "yes" if ratio <= limit else "no"
    return Line(
        name, shown(pairs.a), shown(pairs.b), f"{ratio:.2f} ×", f"{pairs.work():.2f} ×", f"≤ {limit:g} ×", reached
    )


def faster(name: str, pairs: Pairs, limit: float | None) -> Line:
    """A line that says how many times faster A is than B; without a limit it is there to be read."""
    times = 1 / pairs.ratio()
    goal, reached = (f"≥ {limit:g} ×", "yes" if times >= limit else "no") if limit else ("", "")
    return Line(
        name, shown(pairs.a), shown(pairs.b), f"{times:.1f} × faster", f"{1 / pairs.work():.1f} ×", goal, reached
    )


def shown(costs: list[Cost]) -> str:
    """The median time, in milliseconds or seconds."""
    time = median(cost.wall for cost in costs)
    return f"{time * 1000:.0f} ms" if time < 2 else f"{time:.1f} s"


def csctool(*words: str, **env: str) -> Command:
    """The command as a user starts it."""
    script = Path(sys.executable).parent / "csctool"
    start = [str(script)] if script.exists() else [sys.executable, "-m", "csctool"]
    return Command([*start, *words], env)


def opening(made: desks.Made) -> Maker:
    """`open`, in one agency after the other."""
    agencies = [key.partition("-")[0] for key in made.live]
    return lambda run: csctool(
        "--desk", str(made.root), "open", SUBJECT, "--agency", agencies[run % len(agencies)], "--channel", "phone",
        "--requester", "Ann Lee <ann.lee@example.gov>", "--description", SAID,
    )  # fmt: skip


def on(made: desks.Made, keys: list[str], verb: str, *more: str) -> Maker:
    """A verb on another ticket each time."""
    return lambda run: csctool("--desk", str(made.root), verb, keys[run], *more)


# -- beside the floor ----------------------------------------------------------------------------------------


def row_open(bench: Bench) -> Iterator[Line]:
    """`open` from the shell to the disk and back."""
    yield bench.against_floor(f"`open` on {bench.name}", opening(bench.desk()), 1.8)


def row_growth(bench: Bench) -> Iterator[Line]:
    """What a hundred times more history costs `open`."""
    small, large = ("D10k", "D100k") if bench.quick else ("D10k", "D1M")
    pairs = compare(opening(bench.desk(large)), opening(bench.desk(small)), bench.runs)
    yield at_most(f"`open` on {large} : on {small}", pairs, 1.1)


def row_work(bench: Bench) -> Iterator[Line]:
    """The commonest verbs over one ticket."""
    made = bench.desk()
    yield bench.against_floor("`show`, live", on(made, made.live, "show"), 1.7)
    yield bench.against_floor("`show`, closed", on(made, made.closed, "show"), 1.7)
    yield bench.against_floor("`assign`", on(made, made.live, "assign", "--to", "ana"), 1.7)
    answer = on(made, made.live[50:], "resolve", "--resolution", "Pick-up roller replaced, 50 pages printed.")
    yield bench.against_floor("`resolve`", answer, 1.7)


def row_list(bench: Bench) -> Iterator[Line]:
    """Lists in JSON."""
    made = bench.desk()
    agency = made.live[0].partition("-")[0]
    one = csctool("--desk", str(made.root), "list", "--agency", agency, "--format", "json")
    everything = csctool("--desk", str(made.root), "list", "--format", "json")
    yield bench.against_floor("`list` of one agency, JSON", lambda _: one, 1.7)
    live = round(bench.size * (1 - desks.CLOSED))
    yield bench.against_floor(f"`list` of all {live:,} live tickets, JSON", lambda _: everything, 2.5)


def row_sweep(bench: Bench) -> Iterator[Line]:
    """The sweep when everything that was due has been told: what cron pays every few minutes."""
    made = bench.desk()
    words = ("--desk", str(made.root), "--now", f"{desks.LAST_DAY:%Y-%m-%dT%H:%M:%SZ}", "sweep")
    for _ in range(SETTLING):
        cost(csctool(*words))
    yield bench.against_floor("`sweep` with nothing due", lambda _: csctool(*words), 3)


def row_report(bench: Bench) -> Iterator[Line]:
    """Which promises were kept: over a past month, for scripts and for people, and over everything there is."""
    made = bench.desk()
    words = ("--desk", str(made.root), "--now", f"{desks.LAST_DAY:%Y-%m-%dT%H:%M:%SZ}", "report", "sla")
    for form in ("json", "table"):
        month = csctool(*words, "--period", "2026-03", "--format", form)
        yield bench.against_floor(f"`report sla` of one month, {form}", lambda _, month=month: month, 4)
    used = [cost(csctool(*words, "--format", "json")) for _ in range(bench.few)]
    seconds, peak = median(one.cpu for one in used), max(one.peak for one in used)
    for figure, unit, limit in ((seconds, "s of processor time", 1.5), (peak, "MiB", 400)):
        name = f"`report sla` of all {bench.size:,} tickets: {unit}"
        shown_as = f"{figure:.2f}" if figure < 10 else f"{figure:.0f}"
        yield Line(name, shown(used), "", shown_as, "", f"≤ {limit:g}", "yes" if figure <= limit else "no")


def row_help(bench: Bench) -> Iterator[Line]:
    """Help and completion, beside click alone."""
    made = bench.desk()
    desk = str(made.root)
    agency = made.live[0].partition("-")[0]
    click = "import click"
    yield bench.against_floor("`--help`", lambda _: csctool("--help"), 1.2, click)
    yield bench.against_floor("`completion bash`", lambda _: csctool("completion", "bash"), 1.2, click)
    yield bench.against_floor("TAB after `csctool re`", lambda _: tab("csctool re", 1, desk), 1.2, click)
    yield bench.against_floor(
        f"TAB after `show {agency}-`", lambda _: tab(f"csctool show {agency}-", 2, desk), 1.2, click
    )


def tab(line: str, word: int, desk: str) -> Command:
    """What bash runs when the user asks for completion."""
    env = {"_CSCTOOL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(word), "CSCTOOL_DESK": desk}
    return csctool(**env)


# -- beside the peers ----------------------------------------------------------------------------------------


def row_import(bench: Bench) -> Iterator[Line]:
    """The same tickets into an empty desk and into an empty Taskwarrior."""
    name = f"`import` of {bench.size:,} tickets : `task import`"
    if shutil.which("task") is None:
        yield skipped(name, peers.NO_TASKWARRIOR)
        return
    mine = peers.json_lines(bench.size, bench.place / f"{bench.name}.jsonl")
    theirs = peers.tasks(bench.size, bench.place / f"{bench.name}.tasks.json")
    pairs = compare(_import(bench, mine), _task_import(bench, theirs), bench.few, warm=False)
    yield at_most(name, pairs, 1.0)


def _import(bench: Bench, file: Path, *more: str) -> Maker:
    def fresh(_: int) -> Command:
        root = bench.work / "empty"
        shutil.rmtree(root, ignore_errors=True)
        desks.settings(root)
        return csctool("--desk", str(root), "import", str(file), *more)

    return fresh


def _task_import(bench: Bench, file: Path) -> Maker:
    def fresh(_: int) -> Command:
        place = bench.work / "task-empty"
        shutil.rmtree(place, ignore_errors=True)
        return peers.task(place, "import", str(file))

    return fresh


def row_taskwarrior(bench: Bench) -> Iterator[Line]:
    """`open` beside `task add`, all tickets alive in both, and 97 % closed in both."""
    for closed, said, limit in ((0.0, "all live", 8), (desks.CLOSED, "97 % closed", None)):
        name = f"`open` : `task add`, {bench.size:,} tickets, {said}"
        if shutil.which("task") is None:
            yield skipped(name, peers.NO_TASKWARRIOR)
            continue
        sort = bench.name if closed else f"{bench.name}-live"
        file = peers.tasks(bench.size, bench.place / f"{sort}.tasks.json", closed)
        data = peers.task_data(file, bench.place / f"{sort}.task")
        place = bench.work / "task"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(data, place)
        (place / "taskrc").unlink()
        add = peers.task(place, "add", SUBJECT, "project:CSC")
        pairs = compare(opening(bench.desk(closed=closed)), lambda _, add=add: add, bench.runs)
        yield faster(name, pairs, limit)


def row_tinydb(bench: Bench) -> Iterator[Line]:
    """`open` beside TinyDB's own storage, which writes its one file anew."""
    kept = peers.tinydb_file(bench.size, bench.place / f"{bench.name}.tinydb.json")
    path = bench.work / "tinydb.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept, path)
    insert = peers.tinydb_insert(path)
    pairs = compare(opening(bench.desk()), lambda _: insert, bench.few, warm=False)
    yield faster(f"`open` : TinyDB's insert among {bench.size:,} tickets", pairs, 50)


def row_roundup(bench: Bench) -> Iterator[Line]:
    """`open` beside Roundup's own command."""
    name = f"`open` : `roundup-admin create` among {bench.size:,} issues"
    admin = peers.roundup_admin()
    if admin is None:
        yield skipped(name, peers.NO_ROUNDUP)
        return
    try:
        tracker = peers.roundup_tracker(admin, bench.size, bench.place / f"{bench.name}.roundup")
    except ImportError:
        yield skipped(name, peers.NO_ROUNDUP + ", beside csctool")
        return
    create = Command([admin, "-i", str(tracker), "create", "issue", f"title={SUBJECT}", "priority=bug"])
    yield faster(name, compare(opening(bench.desk()), lambda _: create, bench.runs), 2)


# -- messages ------------------------------------------------------------------------------------------------


def row_telling(bench: Bench) -> Iterator[Line]:
    """What three messages by the default rules add to `open`, where nobody waits to be told and where many do; the
    difference of each pair, in milliseconds."""
    silent = bench.desk()
    telling = _telling(bench, silent, "telling")
    crowded = _telling(bench, silent, "crowded")
    agencies = dict.fromkeys(key.partition("-")[0] for key in silent.live)
    letters.crowd(crowded.root, list(agencies)[: bench.runs + 1], WAITING)
    named = ("--cc", "Bo Chen <bo@example.gov>", "--cc", "Cy Diaz <cy@example.gov>")

    def told(made: desks.Made) -> Maker:
        make = opening(made)
        return lambda run: Command([*make(run).words, *named])

    for made, more in ((telling, ""), (crowded, f", {WAITING:,} messages waiting in the agency")):
        pairs = compare(told(made), told(silent), bench.runs)
        found = list(zip(pairs.a, pairs.b, strict=True))
        wall = 1000 * median(a.wall - b.wall for a, b in found)
        work = 1000 * median(a.cpu - b.cpu for a, b in found)
        name = f"`open` on {bench.name} that tells three{more} : that tells nobody"
        reached = "yes" if wall <= 3 else "no"
        yield Line(name, shown(pairs.a), shown(pairs.b), f"{wall:+.1f} ms", f"{work:+.1f} ms", "≤ 3 ms", reached)


def _telling(bench: Bench, silent: desks.Made, name: str) -> desks.Made:
    made = desks.copy(silent, bench.work / f"{silent.root.name}-{name}")
    with (made.root / "csctool.toml").open("a") as file:
        file.write('\n[notify]\ntransport = "smtp"\ndefaults = ["requester"]\n')
    return made


def row_letters(bench: Bench) -> Iterator[Line]:
    """Mail to a server on this machine, beside smtplib alone."""
    few, many = (20, 200) if bench.quick else (200, 2000)
    root = letters.waiting(many, bench.place)
    with letters.mailserver() as port:

        def send(_: int) -> Command:
            return csctool("--desk", str(letters.copied(root, bench.work, port)), "notify", "send")

        pairs = compare(send, lambda _: letters.bare(port, many), bench.few)
        seconds = median(one.wall for one in pairs.a)
        name, ratio = f"`notify send` of {many:,} mails : smtplib alone", f"{pairs.ratio():.2f} ×"
        reached = "yes" if seconds <= many / 200 else "no"
        yield Line(
            name, shown(pairs.a), shown(pairs.b), ratio, f"{pairs.work():.2f} ×", f"≤ {many // 200} s", reached
        )  # fmt: skip
        large = letters.largest(send(0))
        some = send(0)
        small = letters.largest(Command([*some.words, *_ids(some, few)]))
        name, reached = f"memory for {many:,} mails : for {few:,}", "yes" if large <= 1.2 * small else "no"
        yield Line(name, f"{large:.0f} MiB", f"{small:.0f} MiB", f"{large / small:.2f} ×", "", "≤ 1.2 ×", reached)


def _ids(send: Command, count: int) -> list[str]:
    """The first of the messages that wait at the desk of a command."""
    words = [*send.words[:-2], "notify", "list", "--format", "keys"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[:count]


# -- memory --------------------------------------------------------------------------------------------------


def row_memory(bench: Bench) -> Iterator[Line]:
    """How large the importer grows over an event log."""
    count = 60_000 if bench.quick else 1_000_000
    log, map_file = events.log(count, bench.place / f"events-{count}.csv")
    used = cost(_import(bench, log, "--map", str(map_file))(0))
    reached = "yes" if used.peak <= 600 else "no"
    yield Line(
        f"memory of `import`, {count:,} events",
        f"{used.wall:.0f} s",
        "",
        f"{used.peak:.0f} MiB",
        "",
        "≤ 600 MiB",
        reached,
    )


def skipped(name: str, why: str) -> Line:
    """A row without a figure, and why."""
    return Line(name, "", "", f"skipped: {why}")


ROWS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    name.removeprefix("row_"): row for name, row in list(globals().items()) if name.startswith("row_")
}


def lines(bench: Bench, name: str) -> Iterator[Line]:
    """The lines of a row; one that fails says why and stops nothing."""
    try:
        yield from ROWS[name](bench)
    except FailedError as error:
        yield skipped(name, str(error))
