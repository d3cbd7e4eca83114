"""A desk on which anything may happen next: random commands, told to the desk and written down on paper beside it.

After every command the desk must stand as the paper says (`paper.py`): each ticket with its fields, links, flags and
events; each message that waits, is held or was sent. No event that was written ever changes, no number is given twice,
nothing is left lying about. A command that is killed has happened or has not.
"""

import json
import os
import pwd
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from . import breaking
from .paper import FROM, LIVE, TIES, NoError, Paper
from .stage import LONG, leftovers, told

#: How many walks, and how many commands each. `CSCTOOL_SEED=7` walks that one again: where a kill falls is counted in
#: system calls, so it falls there again.
WALKS, STEPS = (50, 200) if LONG else (2, 100)
SEED = os.environ.get("CSCTOOL_SEED")
SEEDS = [int(SEED)] if SEED else list(range(WALKS))
#: How many of a hundred commands are killed, given in a process of their own, or only rehearsed.
KILLED, APART, REHEARSED = 8, 2, 5
#: Every so many commands the whole desk is audited and listed.
LOOKED = 10
#: Calls that change something on a disk: there it is killed.
CALLS = ("openat", "write", "pwrite64", "fsync", "rename", "link", "unlink", "ftruncate")
AGENCIES = ("CSC", "DHS", "DOT")
PEOPLE = ("ana", "bo")
QUEUES = ("service-desk", "network-telecom", "apps", "process", "vendors")
CAUSES = ("requester", "vendor", "approval")
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
PAUSES = (timedelta(0), timedelta(minutes=1), timedelta(minutes=40), timedelta(hours=7), timedelta(days=2))
LONG_PAUSES = (timedelta(days=4), timedelta(days=16))
RULES = '[[notify]]\non = ["status"]\nto = ["requester"]\ntransport = "file"\n'
#: Which exit status is told when several keys fail.
WORST = (4, 3)
FIELDS = (
    "status", "queue", "assignee", "priority", "kind", "subject", "cause", "resolution", "minutes", "handovers",
    "bounces", "resolved_at", "closed_at", "responded_at",
)  # fmt: skip

Step = Callable[[Paper], object]


class Deed(NamedTuple):
    """A command line, and what it does on paper: step by step, where each step is saved by itself.

    `again`: what is left of it when it is killed is done by giving it once more.
    """

    words: list[str]
    steps: list[Step]
    again: bool = False


class Told(NamedTuple):
    """What the desk says of itself: its tickets, hidden ones too, and its messages by state."""

    tickets: dict[str, Any]
    waiting: set[tuple[str, int]]
    held: set[tuple[str, int]]
    sent: list[tuple[str, int]]


class Walk:
    """One desk and what happens to it."""

    def __init__(self, root: str, seed: int) -> None:
        self.root = root
        self.place = os.path.dirname(root)
        self.seed = seed
        self.chance = random.Random(seed)
        self.now = START
        self.paper = Paper(AGENCIES)
        self.kept: list[tuple[str, Paper]] = []
        self.files: list[list[dict[str, Any]]] = []
        #: Every key that was ever given, with the operation that opened the ticket; every event that was ever written.
        self.given: dict[str, str] = {}
        self.histories: dict[str, list[Any]] = {}
        self.count = self.kills = self.refusals = 0
        self.words: list[str] = []
        told(root, "init", root)
        for agency in AGENCIES[1:]:
            told(root, "agency", "add", agency)
        with open(f"{root}/rules.toml", "a", encoding="utf-8") as file:
            file.write(RULES)
        settings = f"{root}/csctool.toml"
        with open(settings, encoding="utf-8") as file:
            text = file.read()
        assert 'close_after = "3wd"' in text
        with open(settings, "w", encoding="utf-8") as file:
            file.write(text.replace('close_after = "3wd"', 'close_after = "3d"'))

    # -- one command -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One more command, and a look at what it left."""
        self.count += 1
        pauses = LONG_PAUSES if self.chance.random() < 0.03 else PAUSES
        self.now += self.chance.choice(pauses)
        deed = self.chance.choice(DEEDS)(self)
        self.words = deed.words
        dice = self.chance.randrange(100)
        if dice < KILLED and not breaking.why_not():
            self._killed(deed)
        elif dice >= 100 - REHEARSED and deed.words[0] not in NEVER_REHEARSED:
            self._rehearsed(deed)
        else:
            self._done(deed, apart=dice >= 100 - REHEARSED - APART)
        if self.count % LOOKED == 0:
            self.look_round()

    def say(self, *words: str, apart: bool = False) -> tuple[int, str, str]:
        """A command now, in this process or one of its own."""
        clock = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        if not apart:
            return told(self.root, "--now", clock, *words, status=None)
        line = [sys.executable, "-m", "csctool", "--desk", self.root, "--now", clock, *words]
        ended = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def _written(self, deed: Deed, steps: int | None = None) -> tuple[Paper, int]:
        """The paper after so many steps of a command, and the exit status that is due."""
        paper, failures = deepcopy(self.paper), {0}
        for step in deed.steps[:steps]:
            try:
                step(paper)
            except NoError as error:
                failures.add(error.status)
        return paper, next((status for status in WORST if status in failures), 0)

    def _done(self, deed: Deed, *, apart: bool) -> None:
        paper, due = self._written(deed)
        status, _, err = self.say(*deed.words, apart=apart)
        self.check(status == due, f"exit {status} instead of {due}: {err}")
        self.refusals += due != 0
        differences, names = self._compare(paper, self.told())
        self.check(not differences, "\n".join(differences))
        self.check(len(names) <= 1, f"one command, several operations: {names}")
        self.paper = paper

    def _rehearsed(self, deed: Deed) -> None:
        """A dry run answers as the command would, and does nothing."""
        _, due = self._written(deed)
        status, _, err = self.say(*deed.words, "--dry-run")
        self.check(status == due, f"dry run: exit {status} instead of {due}: {err}")
        differences, _ = self._compare(deepcopy(self.paper), self.told())
        self.check(not differences, "dry run: " + "\n".join(differences))

    def _killed(self, deed: Deed) -> None:
        """The kernel kills it at one of the calls that may change something; it may come through before that."""
        call = self.chance.choice(CALLS)
        n = self.chance.randint(1, 40 if call == "openat" else 3)
        trace = ("-f", "-o", os.devnull, "-e", f"inject={call}:signal=KILL:when={n}")
        words = f"--now {self.now:%Y-%m-%dT%H:%M:%SZ} {' '.join(deed.words)}"
        ended = breaking.run(self.root, words, crowded=500, place=self.place, trace=trace)
        self.words = [*deed.words, f"(killed at {call} {n}: {ended.status})"]
        self.kills += ended.status == -9
        if deed.again:
            self.say(*deed.words)
        self.say("list", "--format", "keys")  # whatever comes next ends a restore that was killed
        differences = []
        seen = self.told()
        for steps in [len(deed.steps)] if deed.again else range(len(deed.steps) + 1):
            paper, _ = self._written(deed, steps)
            found, _ = self._compare(paper, seen)
            if not found:
                self.paper = paper
                break
            differences += [f"as after {steps} steps:", *found]
        else:
            self.check(False, "\n".join(differences))
        if any(name.endswith(".part") for name in leftovers(self.root)):
            self.say("backup", f"{self.root}/next.tar.gz", "--force")

    def check(self, well: bool, why: str) -> None:
        """Fail in a way that can be repeated."""
        again = f"CSCTOOL_SEED={self.seed} .venv/bin/python -m pytest tests/faults/test_stateful.py"
        if LONG:
            again = f"CSCTOOL_FAULTS=long {again}"
        assert well, f"walk {self.seed}, command {self.count}: {' '.join(self.words)}\n{why}\nagain: {again}"

    # -- looking -----------------------------------------------------------------------------------------------

    def told(self) -> Told:
        """The desk as its own commands tell of it."""
        tickets = {}
        for words in (("--all",), ("--all", "--flag", "undone")):
            _, out, _ = self.say("export", *words)
            tickets |= {ticket["key"]: ticket for ticket in map(json.loads, out.splitlines())}
        messages = [
            one for words in ((), ("--state", "sent"))
            for one in json.loads(self.say("notify", "list", *words, "--format", "json")[1])["notices"]
        ]  # fmt: skip
        states: dict[str, list[tuple[str, int]]] = {"waiting": [], "held": [], "sent": [], "dead": []}
        for one in messages:
            states[one["state"]].append((one["ticket"], one["seq"]))
        self.check(not states["dead"], f"given up: {states['dead']}")
        return Told(tickets, set(states["waiting"]), set(states["held"]), states["sent"])

    def _compare(self, paper: Paper, seen: Told) -> tuple[list[str], set[str]]:
        """How the desk differs from a paper, which learns the new keys; and the operations that are new."""
        free = dict(seen.tickets)
        for card in paper.cards:
            free.pop(card.key, None)
        for card in (card for card in paper.cards if not card.key):
            key = next((k for k, t in free.items() if (t["agency"], t["subject"]) == (card.agency, card.subject)), None)
            if key is None:
                return [f"{card.subject} is not there"], set()
            if key in self.given:
                return [f"{key} was given out again"], set()
            paper.name(card, key)
            del free[key]
        if free:
            return [f"nobody opened {', '.join(free)}"], set()
        gone = paper.gone()
        differences = [one for card in paper.cards for one in self._against(paper, card, seen.tickets, gone)]
        if differences:
            return differences, set()
        names = paper.settle({key: [event["op"] for event in t["history"]] for key, t in seen.tickets.items()})
        waiting = {message for message, waits in paper.waiting.items() if not waits.held}
        for what, found, due in (
            ("waiting", seen.waiting, waiting), ("held", seen.held, set(paper.waiting) - waiting),
            ("sent", set(seen.sent), paper.sent),
        ):  # fmt: skip
            if found != due:
                differences.append(f"{what}: too many {sorted(found - due)}, missing {sorted(due - found)}")
        if len(seen.sent) != len(set(seen.sent)):
            differences.append("recorded twice as sent")
        return differences, names

    def _against(self, paper: Paper, card: Any, tickets: dict[str, Any], gone: set[str]) -> Iterator[str]:
        ticket, due = tickets.get(card.key), paper.now(card, gone)
        if ticket is None:
            yield f"{card.key} is not there"
            return
        for name in FIELDS:
            wanted = due[name]
            if isinstance(wanted, datetime):
                wanted = f"{wanted:%Y-%m-%dT%H:%M:%SZ}"
            if ticket[name] != wanted:
                yield f"{card.key}: {name} is {ticket[name]!r} instead of {wanted!r}"
        links = {(link["type"], link["key"]) for link in ticket["links"]}
        for name, found in (("links", links), ("flags", set(ticket["flags"])), ("cc", set(ticket["cc"]))):
            if found != due[name]:
                yield f"{card.key}: {name} are {sorted(found)} instead of {sorted(due[name])}"
        if [event["verb"] for event in ticket["history"]] != [entry.verb for entry in card.entries]:
            yield f"{card.key}: {[e['verb'] for e in ticket['history']]} instead of {[e.verb for e in card.entries]}"
        if [event["seq"] for event in ticket["history"]] != list(range(1, ticket["version"] + 1)):
            yield f"{card.key}: events are not numbered one by one"

    def look_round(self) -> None:
        """What is looked at now and then: the audit, the doctor, every list, the past, and what lies about."""
        seen = self.told()
        for key, ticket in seen.tickets.items():
            past = self.histories.get(key, [])
            self.check(ticket["history"][: len(past)] == past, f"the past of {key} is another")
            self.histories[key] = ticket["history"]
            born = self.given.setdefault(key, ticket["history"][0]["op"])
            self.check(born == ticket["history"][0]["op"], f"{key} was given out twice")
        for words in (("audit", "verify"), ("doctor",)):
            status, out, err = self.say(*words)
            self.check(status == 0, f"{words}: exit {status}\n{out}{err}")
        gone = self.paper.gone()
        for words, wanted in self._filters():
            _, out, err = self.say("list", *words, "--format", "keys")
            cards = [card for card in self.paper.cards if not self.paper.hidden(card, gone)]
            due = sorted(card.key for card in cards if wanted(self.paper.now(card, gone), card))
            self.check(sorted(out.split()) == due, f"list {words}: {sorted(out.split())} instead of {due}{err}")
        if self.kills and leftovers(self.root):
            self._cleared()
        self.check(leftovers(self.root) == [], f"left lying about: {leftovers(self.root)}")

    def _cleared(self) -> None:
        """What a writer that was killed left is taken away by the next one of its agency."""
        for agency in AGENCIES:
            self._done(opening(self, agency, f"After-{self.count}"), apart=False)

    def _filters(self) -> list[tuple[list[str], Callable[[dict[str, Any], Any], bool]]]:
        agency, queue, person = (self.chance.choice(names) for names in (AGENCIES, QUEUES, PEOPLE))
        status = self.chance.choice(("queued", "assigned", "in-progress", "on-hold", "resolved", "closed", "cancelled"))
        return [
            ([], lambda now, _: now["status"] in LIVE),
            (["-a", agency, "--all"], lambda _, card: card.agency == agency),
            (["--status", status], lambda now, _: now["status"] == status),
            (["-q", queue, "--all"], lambda now, _: now["queue"] == queue),
            (["--assignee", person], lambda now, _: now["assignee"] == person and now["status"] in LIVE),
            (["--unassigned"], lambda now, _: now["assignee"] is None and now["status"] in LIVE),
            (["--flag", "callback-required"],
             lambda now, _: "callback-required" in now["flags"] and now["status"] in LIVE),
            (["-p", "P1", "-p", "P2", "--all"], lambda now, _: now["priority"] in ("P1", "P2")),
        ]  # fmt: skip

    # -- chance ------------------------------------------------------------------------------------------------

    def key(self, verb: str = "note") -> str:
        """A ticket: most often one that is there and of which the verb may speak, and of the latest."""
        cards = self.paper.cards
        if self.maybe(0.85):
            gone = self.paper.gone()
            cards = [card for card in cards if self.paper.now(card, gone)["status"] in FROM[verb]]
        if not cards or self.maybe(0.02):
            return f"{self.chance.choice(AGENCIES)}-9999"
        return str(self.chance.choice(cards[-12:] if self.maybe(0.7) else cards).key)

    def keys(self, verb: str) -> list[str]:
        """One ticket, or several at once."""
        return list(dict.fromkeys(self.key(verb) for _ in range(self.chance.choice((1, 1, 1, 3)))))

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share


# -- what may happen -------------------------------------------------------------------------------------------------


def every(walk: Walk, words: list[str], step: Callable[[Paper, str], object]) -> Deed:
    """A command over several keys, each saved by itself."""
    keys = walk.keys(words[0])
    return Deed([words[0], *keys, *words[1:]], [lambda paper, key=key: step(paper, key) for key in keys])


def plain(words: list[str], verb: Callable[[Paper, datetime, str], object]) -> Callable[[Walk], Deed]:
    """A command that is always given in the same words."""

    def deed(walk: Walk) -> Deed:
        at = walk.now
        return every(walk, words, lambda paper, key: verb(paper, at, key))

    return deed


def opening(walk: Walk, agency: str, subject: str) -> Deed:
    at = walk.now
    return Deed(["open", subject, "-a", agency], [lambda paper: paper.open(at, agency, subject)])


def open_(walk: Walk) -> Deed:
    at, chance = walk.now, walk.chance
    subject = f"Trouble-{walk.count}"
    more: dict[str, Any] = {"kind": chance.choice(("incident", "request", "contact"))}
    words = ["open", subject, "--kind", more["kind"]]
    if walk.maybe(0.7):
        more["requester"] = f"r{walk.count % 7}@example.org"
        words += ["-r", more["requester"]]
    if walk.maybe(0.6):
        more["channel"] = chance.choice(("phone", "email", "monitoring"))
        words += ["-c", more["channel"]]
    if walk.maybe(0.4):
        more |= {"impact": chance.randint(1, 3), "urgency": chance.randint(1, 3)}
        words += ["--impact", str(more["impact"]), "--urgency", str(more["urgency"])]
    if walk.maybe(0.3):
        more["queue"] = chance.choice(QUEUES)
        words += ["-q", more["queue"]]
    if walk.maybe(0.3):
        more["person"] = chance.choice(PEOPLE)
        words += ["--to", more["person"]]
    if walk.maybe(0.3):
        more["once"] = f"alarm-{chance.randrange(3)}"
        words += ["--once", more["once"]]
    if walk.maybe(0.15):
        more["follows"] = walk.key()
        words += ["--follows", more["follows"]]
    if walk.maybe(0.25):
        more |= {"settled": True, "close": walk.maybe(0.5)}
        words += ["--resolution", "done", *(["--close"] if more["close"] else [])]
    agency = chance.choice(AGENCIES)
    return Deed([*words, "-a", agency], [lambda paper: paper.open(at, agency, subject, **more)])


def triage(walk: Walk) -> Deed:
    at, impact, urgency = walk.now, walk.chance.randint(1, 3), walk.chance.randint(1, 3)
    subject = f"Really-{walk.count}"
    words = ["triage", "--subject", subject, "--impact", str(impact), "--urgency", str(urgency)]
    return every(walk, words, lambda paper, key: paper.triage(at, key, subject, impact, urgency))


def assign(walk: Walk) -> Deed:
    at, words, more = walk.now, ["assign"], {}
    if walk.maybe(0.5):
        more["queue"] = walk.chance.choice(QUEUES)
        words += ["--queue", more["queue"]]
    if walk.maybe(0.5) or not more:
        more["person"] = walk.chance.choice(PEOPLE)
        words += ["--to", more["person"]]
    return every(walk, words, lambda paper, key: paper.assign(at, key, **more))


def start(walk: Walk) -> Deed:
    at = walk.now
    return every(walk, ["start"], lambda paper, key: paper.start(at, key, ME))


def hold(walk: Walk) -> Deed:
    at, cause = walk.now, walk.chance.choice(CAUSES)
    until = at + walk.chance.choice((timedelta(hours=1), timedelta(days=3))) if walk.maybe(0.6) else None
    words = ["hold", "--for", cause, *(["--until", f"{until:%Y-%m-%dT%H:%M:%SZ}"] if until else [])]
    return every(walk, words, lambda paper, key: paper.hold(at, key, cause, until))


def diagnose(walk: Walk) -> Deed:
    at, cause = walk.now, f"cause-{walk.count}"
    return every(walk, ["diagnose", "--cause", cause], lambda paper, key: paper.diagnose(at, key, cause))


def note(walk: Walk) -> Deed:
    at, minutes = walk.now, walk.chance.randrange(4)
    public, answer = walk.maybe(0.3), walk.maybe(0.3)
    words = ["note", "-m", "seen", "--minutes", str(minutes)]
    words += [*(["--public"] if public else []), *(["--from", "requester"] if answer else [])]
    return every(walk, words, lambda paper, key: paper.note(at, key, minutes, public=public, answer=answer))


def link(walk: Walk) -> Deed:
    at, how, other = walk.now, walk.chance.choice(sorted(TIES)), walk.key()
    return every(walk, ["link", f"--{how}", other], lambda paper, key: paper.link(at, key, how, other))


def callback(walk: Walk) -> Deed:
    at, reached = walk.now, walk.maybe(0.6)
    words = ["callback", "--reached" if reached else "--no-answer"]
    return every(walk, words, lambda paper, key: paper.callback(at, key, reached=reached))


def resolve(walk: Walk) -> Deed:
    at, minutes = walk.now, walk.chance.randrange(4)
    words = ["resolve", "--resolution", "done", "--minutes", str(minutes)]
    return every(walk, words, lambda paper, key: paper.resolve(at, key, minutes))


def merge(walk: Walk) -> Deed:
    at, into = walk.now, walk.key("merge")
    return every(walk, ["merge", "--into", into], lambda paper, key: paper.merge(at, key, into))


def transfer(walk: Walk) -> Deed:
    at, agency = walk.now, walk.chance.choice(AGENCIES)
    return every(walk, ["transfer", "--agency", agency], lambda paper, key: paper.transfer(at, key, agency))


def undo(walk: Walk) -> Deed:
    """The latest; or any operation there ever was, undone ones and undos too; or one that nobody knows."""
    at = walk.now
    ops = sorted({entry.op for card in walk.paper.cards for entry in card.entries})
    if walk.maybe(0.4) or not ops:
        return Deed(["undo"], [lambda paper: paper.undo(at, None)])
    recent = ops[-6:] if walk.maybe(0.7) else ops
    op = walk.chance.choice(recent) if walk.maybe(0.97) else "20260101T000000Z-00000000"
    return Deed(["undo", op], [lambda paper: paper.undo(at, op)])


def import_(walk: Walk) -> Deed:
    """A file with tickets of several agencies; now and then one that was taken in already."""
    at = walk.now
    if not walk.files or walk.maybe(0.6):
        rows = [imported(walk, number) for number in range(walk.chance.randint(1, 4))]
        walk.files.append(rows)
    rows = walk.chance.choice(walk.files[-3:])
    path = f"{walk.root}/rows-{walk.files.index(rows)}.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    steps = [lambda paper, agency=agency: paper.take_in(at, agency, rows) for agency in AGENCIES]
    return Deed(["import", path, "-j", "1"], steps, again=True)


def imported(walk: Walk, number: int) -> dict[str, Any]:
    row = {"subject": f"From-elsewhere-{walk.count}-{number}", "agency": walk.chance.choice(AGENCIES),
           "kind": "incident", "requester": f"r{number}@example.org"}  # fmt: skip
    if walk.maybe(0.5):
        times = {"opened_at": "2026-10-01T09:00:00Z", "resolved_at": "2026-10-02T09:00:00Z"}
        row |= {"status": "resolved", **times}
    return row


def sweep(walk: Walk) -> Deed:
    at = walk.now
    steps: list[Step] = [lambda paper, agency=agency: paper.sweep(at, agency) for agency in AGENCIES]
    return Deed(["sweep"], [*steps, Paper.deliver], again=True)


def send(_: Walk) -> Deed:
    return Deed(["notify", "send"], [Paper.deliver], again=True)


def withhold(walk: Walk) -> Deed:
    """Messages about one ticket are held, let go or recalled. Most often there are some."""
    how = walk.chance.choice(("hold", "release", "recall"))
    about = sorted({key for key, _ in walk.paper.waiting}) or [f"{walk.chance.choice(AGENCIES)}-9999"]
    key = walk.chance.choice(about)
    words = {"hold": ["hold"], "release": ["hold", "--release"], "recall": ["recall"]}[how]
    return Deed(["notify", *words, "--ticket", key], [lambda paper: paper.withhold(key, how)])


def archive(_: Walk) -> Deed:
    return Deed(["archive"], [])


def backup(walk: Walk) -> Deed:
    """Kept with the paper as it is now, and only the latest three are."""
    path = f"{walk.place}/backup-{walk.count}.tar.gz"
    walk.say("backup", path)
    walk.kept = [*walk.kept, (path, deepcopy(walk.paper))][-3:]
    return Deed(["backup", "--verify", path], [])


def restore(walk: Walk) -> Deed:
    if not walk.kept or walk.maybe(0.4):
        return backup(walk)
    path, then = walk.chance.choice(walk.kept)
    walk.histories.clear()  # what is lost now may be followed by something else
    return Deed(["restore", path, "--force"], [lambda paper: paper.restored(deepcopy(then))])


resume = plain(["resume"], Paper.resume)
escalate = plain(["escalate", "--reason", "beyond-us"], Paper.escalate)
give_back = plain(["return", "--reason", "not-ours"], Paper.give_back)
close = plain(["close"], Paper.close)
reopen = plain(["reopen", "--reason", "again"], Paper.reopen)
cancel = plain(["cancel", "--reason", "gone"], Paper.cancel)

#: What a dry run has no meaning for.
NEVER_REHEARSED = ("backup",)
ME = pwd.getpwuid(os.getuid()).pw_name
#: How often each is chosen.
DEEDS = [
    *[open_] * 12, *[triage] * 4, *[assign] * 7, *[start] * 6, *[hold] * 6, *[resume] * 3, *[escalate] * 5,
    *[give_back] * 4, *[diagnose] * 2, *[note] * 5, *[link] * 4, *[callback] * 2, *[resolve] * 7, *[close] * 4,
    *[reopen] * 4, *[cancel] * 2, *[merge] * 4, *[transfer] * 4, *[undo] * 14, *[import_] * 3, *[sweep] * 3,
    *[send] * 2, *[withhold] * 3, *[archive] * 2, *[restore] * 2,
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_desk_stands_as_the_paper_says(
    seed: int, quick: str, tally: Callable[[str], None]
) -> None:
    place = f"{quick}/walk-{seed}"
    os.mkdir(place)
    walk = Walk(f"{place}/desk", seed)
    began = time.monotonic()
    for _ in range(STEPS):
        walk.step()
    walk.look_round()
    took = time.monotonic() - began
    tally(f"{walk.count} commands, {walk.kills} killed, {walk.refusals} refused, {len(walk.paper.cards)} tickets, "
          f"in {took:.0f} s")  # fmt: skip
