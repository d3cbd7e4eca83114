"""A crowd of technicians and a crowd of readers at one desk: nothing is lost, nothing is torn, nobody starves."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.storage.tiny import TinyStore

from .stage import LONG, told

#: Writers, changes of each, readers meanwhile, and (in agencies) how far the writers are spread.
WRITERS, CHANGES, READERS = (64, 50, 16) if LONG else (12, 5, 3)
MANY = 8
#: Seconds of patience. A reader that met writers three times asks for a turn too, and sixteen who read everything all
#: the time can make a round of sixty-four writers last longer than the usual ten on two processors.
PATIENCE = "30"
#: Tickets of each agency that everybody works on.
COMMON = 4


@pytest.fixture(params=[1, MANY], ids=["one agency", "many agencies"])
def crowd(request: pytest.FixtureRequest, quick: str) -> tuple[str, list[str]]:
    """A desk and its agencies, each with the common tickets."""
    root = f"{quick}/crowd{request.param}"
    told(root, "init", root)
    agencies = [f"A{number}" for number in range(request.param)]
    for agency in agencies:
        told(root, "agency", "add", agency)
        for number in range(COMMON):
            told(root, "open", f"Common {number}", "--agency", agency, "--kind", "incident")
    return root, agencies


def spawn(work: Callable[[], Any]) -> tuple[int, int]:
    """Run `work` in a child: (process, a descriptor that gives its result as JSON, or what it died of)."""
    out, answer = os.pipe()
    child = os.fork()
    if child:
        os.close(answer)
        return child, out
    os.close(out)
    try:
        result: Any = {"ok": work()}
    except BaseException as error:  # noqa: BLE001
        result = {"died": f"{type(error).__name__}: {error}"}
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(result, file)
    os._exit(0)


def answers(children: list[tuple[int, int]]) -> list[Any]:
    """What the children found."""
    found = []
    for child, out in children:
        with open(out, encoding="utf-8") as file:
            result = json.loads(file.read() or '{"died": "killed"}')
        os.waitpid(child, 0)
        assert "ok" in result, result
        found.append(result["ok"])
    return found


def technician(root: str, agencies: list[str], seed: int) -> dict[str, Any]:
    """Opens tickets and works on the common ones, each change a whole command; what was told of, and how it went."""
    os.environ["CSCTOOL_WAIT"] = PATIENCE
    chance = random.Random(seed)
    opened, minutes, longest, busy = [], {}, 0.0, 0
    for turn in range(CHANGES):
        agency = chance.choice(agencies)
        began = time.monotonic()
        if turn % 2:
            key = f"{agency}-{chance.randrange(COMMON) + 1}"
            status, _, err = command(root, "note", key, "-m", f"by {seed}", "--minutes", "1")
            if status == 0:
                minutes[key] = minutes.get(key, 0) + 1
        else:
            settled = ("--resolution", "done", "--close") if turn % 4 else ()
            status, out, err = command(
                root, "open", f"{seed}/{turn}", "--agency", agency, "--kind", "incident", *settled
            )
            if status == 0:
                opened.append(out.strip())
        longest = max(longest, time.monotonic() - began)
        busy += status == 6
        assert status in (0, 6), err
    return {"opened": opened, "minutes": minutes, "longest": longest, "busy": busy}


def command(root: str, *words: str) -> tuple[int, str, str]:
    """A command as another process would give it, on the real clock."""
    return told(root, "--now", "2026-11-04T10:00:00Z", *words, status=None)


def reader(root: str, agencies: list[str], busy: list[int]) -> int:
    """Looks at everything while the writers are at it: whole tickets, numbers without gaps, each once."""
    store = TinyStore(root, wait=60)
    looks = 0
    while looks < 3 or any(map(alive, busy)):
        for agency in agencies:
            tickets = list(store.find(Query(agencies=(agency,), everything=True)))
            assert sorted(ticket.number for ticket in tickets) == list(range(1, len(tickets) + 1))
            assert all(unbroken(ticket) for ticket in tickets)
        looks += 1
        time.sleep(0.2)  # sixteen who never pause would only measure the processors
    assert store.troubles() == []
    return looks


def unbroken(ticket: Ticket) -> bool:
    """Whether the history counts every change, each from where the one before ended."""
    status = None
    for event in ticket.history:
        if "status" in event.changes:
            old, new = event.changes["status"]
            if old != status:
                return False
            status = new
    return status == ticket.status and [e.seq for e in ticket.history] == list(range(1, ticket.version + 1))


def alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def everything(root: str) -> dict[str, Ticket]:
    found = list(TinyStore(root).find(Query(everything=True)))
    tickets = {ticket.key: ticket for ticket in found}
    assert len(tickets) == len(found)
    assert all(map(unbroken, found))
    return tickets


def test_many_writers_lose_nothing_and_nobody_starves(
    crowd: tuple[str, list[str]], tally: Callable[[str], None]
) -> None:
    root, agencies = crowd
    began = time.monotonic()
    writers = [spawn(lambda seed=seed: technician(root, agencies, seed)) for seed in range(WRITERS)]
    readers = [spawn(lambda: reader(root, agencies, [pid for pid, _ in writers])) for _ in range(READERS)]
    wrote = answers(writers)
    took = time.monotonic() - began
    looks = answers(readers)
    opened = [key for one in wrote for key in one["opened"]]
    assert len(opened) == len(set(opened)), "a number was given out twice"
    tickets = everything(root)
    common = {f"{agency}-{number}" for agency in agencies for number in range(1, COMMON + 1)}
    assert tickets.keys() == {*opened, *common}
    for key in common:
        noted = sum(one["minutes"].get(key, 0) for one in wrote)
        assert tickets[key].minutes == noted == len(tickets[key].history) - 1
    done = len(opened) + sum(sum(one["minutes"].values()) for one in wrote)
    busy = sum(one["busy"] for one in wrote)
    assert busy == 0, f"{busy} commands waited in vain"
    assert done == WRITERS * CHANGES
    longest = max(one["longest"] for one in wrote)
    tally(f"{done} of {WRITERS * CHANGES} changes in {took:.0f} s, the slowest command took {longest:.1f} s; "
          f"{READERS} readers looked {sum(looks)} times, 0 errors")  # fmt: skip


def test_a_storm_of_kills_loses_nothing_that_was_told_of(quick: str, tally: Callable[[str], None]) -> None:
    """Real processes, killed at random moments; whoever got a key on stdout finds the ticket."""
    root = f"{quick}/storm"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    chance = random.Random(7)
    rounds, at_once = (40, 8) if LONG else (3, 4)
    keys: list[str] = []
    killed = 0
    for _ in range(rounds):
        running = [
            subprocess.Popen([sys.executable, "-m", "csctool", "--desk", root, "open", "Storm", "--agency", "DHS"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(at_once)
        ]  # fmt: skip
        # On a slow machine, too, some have come through and the others are at anything.
        through = chance.randrange(at_once)
        while sum(one.poll() is not None for one in running) < through:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.1))
        for one in running:
            one.send_signal(signal.SIGKILL)
        for one in running:
            out, err = one.communicate()
            assert one.returncode in (0, -9), err
            killed += one.returncode == -9
            keys += out.split()
    tickets = everything(root)
    assert set(keys) <= tickets.keys()
    assert len(keys) == len(set(keys))
    told(root, "open", "After the storm", "--agency", "DHS")
    tally(f"{rounds * at_once} commands, {killed} killed, {len(keys)} told of and all there")


def test_a_stopped_holder_is_waited_for_and_never_overtaken(quick: str) -> None:
    """Who waits in vain is told how long, and for whom; when the holder goes on, its change is whole."""
    root = f"{quick}/stopped"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    told(root, "open", "Printer", "--agency", "DHS")
    ready, said = os.pipe()

    def hold() -> str:
        store = TinyStore(root)
        with store.unit("DHS") as work:
            work.count("DHS", "number")
            os.write(said, b".")
            os.kill(os.getpid(), signal.SIGSTOP)
        return "went on"

    holder = spawn(hold)
    os.read(ready, 1)
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CSCTOOL_WAIT", "0.3")
        status, out, err = told(root, "open", "Overtaking", "--agency", "DHS", status=None)
    assert (status, out) == (6, "")
    assert re.search(rf"not free for 0\.\d+ s \(held by process {holder[0]}\)", err)
    assert time.monotonic() - began < 5
    assert told(root, "list", "--format", "keys")[1] == "DHS-1\n"  # who looks needs no lock
    os.kill(holder[0], signal.SIGCONT)
    assert answers([holder]) == ["went on"]
    assert told(root, "open", "Next", "--agency", "DHS")[1] == "DHS-3\n"


def test_a_stopped_waiter_keeps_nobody_waiting(quick: str) -> None:
    """Somebody types Ctrl-Z while csctool waits for the lock: the others go on when it is free."""
    root = f"{quick}/waiter"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    with TinyStore(root).unit("DHS"):
        waiter = spawn(lambda: told(root, "open", "Waiting", "--agency", "DHS")[1])
        wait_for_lock(waiter[0])
        os.kill(waiter[0], signal.SIGSTOP)
        wait_until_stopped(waiter[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CSCTOOL_WAIT", "5")
        assert told(root, "open", "Next", "--agency", "DHS")[1] == "DHS-1\n"
    os.kill(waiter[0], signal.SIGCONT)
    assert answers([waiter]) == ["DHS-2\n"]


def wait_until_stopped(process: int) -> None:
    """Until every thread of the process has stopped."""
    for _ in range(500):
        states = []
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/stat", encoding="ascii") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
        if set(states) == {"T"}:
            return
        time.sleep(0.01)
    raise AssertionError("it never stopped")


def wait_for_lock(process: int) -> None:
    """Until the process has the lock file open."""
    for _ in range(500):
        try:
            found = [os.readlink(f"/proc/{process}/fd/{name}") for name in os.listdir(f"/proc/{process}/fd")]
        except FileNotFoundError:
            found = []
        if any(name.endswith("/.lock") for name in found):
            time.sleep(0.05)
            return
        time.sleep(0.01)
    raise AssertionError("it never came to the lock")
