"""Writers, deliverers and the mail server die at random moments: every message arrives, and none of what never was.

A mail may arrive twice when somebody died between the server's answer and the record of it; then under one Message-ID.
"""

import os
import random
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.notify.mailbox import MailServer

from csctool.domain.query import Query
from csctool.storage.tiny import TinyStore

from .stage import LONG, TUESDAY, told

#: How many changes are tried, how long (in seconds) a process lives at most, how often the mail server dies too.
CHANGES, LIFE, SERVER_DIES = (1000, 0.6, 0.1) if LONG else (70, 0.6, 0.1)
AGENCIES = ("DHS", "DOT")
RULES = """
[[notify]]
on = ["opened"]
to = ["requester", "noc@csc.gov"]
transport = "smtp"

[[notify]]
on = ["resolved"]
to = ["quality@csc.gov"]
transport = "smtp"
"""


@pytest.fixture
def server(quick: str) -> Iterator[MailServer]:
    found = MailServer(Path(f"{quick}/spool"))
    yield found
    found.close()


@pytest.fixture
def desk(quick: str, server: MailServer) -> str:
    root = f"{quick}/posting"
    told(root, "init", root)
    for agency in AGENCIES:
        told(root, "agency", "add", agency)
        Path(f"{root}/agencies/{agency}/rules.toml").write_text(RULES)
    with open(f"{root}/csctool.toml", "a", encoding="utf-8") as file:
        file.write(f'\n[transports.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsender = "desk@csc.gov"\n')
    return root


class Tried:
    """How many changes were tried: a file that grows by an octet, so that it outlives whoever tries."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def next(self) -> int:
        os.write(self._file, b".")
        return self.count()

    def count(self) -> int:
        return os.fstat(self._file).st_size


def apart(work: Callable[[], None]) -> int:
    """Do it in a child."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            work()
        os._exit(0)
    return child


def writer(root: str, tried: Tried) -> None:
    """Opens tickets and resolves them; every ticket has a requester of its own."""
    while (number := tried.next()) <= CHANGES:
        agency = AGENCIES[number % 2]
        more = ("--resolution", "done") if number % 3 == 0 else ()
        told(root, "open", f"Trouble {number}", "-a", agency, "-r", f"r{number}@x.gov", *more, status=None)
        time.sleep(0.02)


def deliverer(root: str) -> None:
    while True:
        told(root, "notify", "send", status=None)
        time.sleep(0.005)


def died(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] == process


def test_whoever_dies_every_message_arrives_and_none_of_what_never_was(
    desk: str, server: MailServer, quick: str, tally: Callable[[str], None]
) -> None:
    told(desk, "open", "Before", "-a", "DHS", "-r", "before@x.gov")
    told(desk, "notify", "send")  # what is loaded now need not be loaded by everybody who lives for a moment
    chance = random.Random(6)
    tried = Tried(f"{quick}/tried")
    jobs = {"writer": lambda: writer(desk, tried), "deliverer": lambda: deliverer(desk)}
    running = {name: apart(work) for name, work in jobs.items()}
    kills = restarts = 0
    try:
        while tried.count() < CHANGES:
            time.sleep(chance.uniform(0, LIFE))
            if chance.random() < SERVER_DIES:
                server.restart()
                restarts += 1
            name = chance.choice(list(jobs))
            os.kill(running[name], signal.SIGKILL)
            os.waitpid(running[name], 0)
            kills += 1
            running[name] = apart(jobs[name])
    finally:
        for process in running.values():
            if not died(process):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
    assert len(server.mails) > 10, "nothing was delivered meanwhile: there is nothing to learn from this"
    told(desk, "--now", TUESDAY, "notify", "send")

    store = TinyStore(desk)
    expected = {
        (ticket.key, to)
        for ticket in store.find(Query(everything=True))
        for to in (ticket.requester, "noc@csc.gov", *(["quality@csc.gov"] if ticket.resolution else []))
    }
    arrived = defaultdict(list)
    for mail in server.mails:
        key = re.search(r"\[(\w+-\d+)\]", mail["Subject"])
        assert key
        arrived[key[1], mail["To"]].append(mail["Message-ID"])
    assert arrived.keys() == expected
    assert all(len(set(names)) == 1 for names in arrived.values()), "told twice under two names"
    twice = sum(len(names) - 1 for names in arrived.values())
    assert twice <= kills + restarts, "more than a death each can explain"
    assert all(store.outbox(agency) == [] for agency in AGENCIES)
    recorded = [one.id for agency in AGENCIES for one in store.deliveries(agency)]
    assert len(recorded) == len(set(recorded)) == len(expected)
    tally(f"{len(expected)} messages of {tried.count()} changes over {kills} kills and {restarts} dead mail servers: "
          f"all arrived, {twice} twice under one Message-ID, none of a change that was not saved")  # fmt: skip
