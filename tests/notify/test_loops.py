"""Two desks, each of which opens a ticket for every mail and tells whoever wrote: they do not go on for ever."""

import email.utils
from pathlib import Path

import pytest
from tests.conftest import Technician, in_this_process

#: More rounds than any loop that is broken needs.
PATIENCE = 100
FIRST = "2026-11-02T09:00:00Z"


class Desk:
    """A desk with an address. `pipe` does what a mail filter would: a ticket for a mail, told to whoever wrote."""

    def __init__(self, place: Path, address: str, port: int, run) -> None:
        self.address = address
        self.csctool = Technician(place, run, FIRST)
        self.csctool("init", str(place))
        self("agency", "add", "DHS")
        (place / "agencies" / "DHS" / "rules.toml").write_text(
            '[[notify]]\non = ["opened", "resolved"]\nto = ["requester"]\ntransport = "smtp"\n'
        )
        with (place / "csctool.toml").open("a") as file:
            file.write(f'[transports.smtp]\nhost = "127.0.0.1"\nport = {port}\nsender = "Desk <{address}>"\n')
        self.read = 0

    def __call__(self, *words, status=0, **more):
        return self.csctool("--desk", str(self.csctool.desk), *words, status=status, **more)

    def pipe(self, mail) -> None:
        self("open", mail["Subject"], "-a", "DHS", "-c", "email", "-r", mail["From"], "--description", "-",
             stdin=mail.get_body().get_content())  # fmt: skip
        self.csctool._run(("--now", self.csctool.clock, "--desk", str(self.csctool.desk), "sweep"), None, {})

    def boxes(self, *words):
        return self("notify", "list", *words, "--format", "json").json["notices"]


@pytest.fixture
def desks(tmp_path, mailserver, capsys):
    """A server and the desks behind it."""
    server = mailserver()
    run = in_this_process(capsys)
    return server, [Desk(tmp_path / name, f"desk@{name}.gov", server.port, run) for name in ("one", "two")]


def pump(server, desks, deaf=lambda _mail: False) -> int:
    """Hand every mail to the desk that it is for, until there are no more. Answers how many rounds that took."""
    seen = 0
    for round_ in range(PATIENCE):
        new = server.mails[seen:]
        if not new:
            return round_
        seen += len(new)
        for mail in new:
            _, to = email.utils.parseaddr(mail["To"])
            for desk in desks:
                if desk.address == to and not deaf(mail):
                    desk.pipe(mail)
    raise AssertionError(f"still going on after {PATIENCE} rounds and {seen} mails")


def start(one, two) -> None:
    """Somebody opens a ticket at the first desk, and names the other desk as who wants it."""
    one("open", "Who answers?", "-a", "DHS", "-c", "phone", "-r", f"Two <{two.address}>")
    one("sweep")


def test_two_desks_that_answer_each_other_stop_and_doctor_tells_why(desks):
    server, (one, two) = desks
    start(one, two)
    pump(server, (one, two))
    assert 2 < len(server.mails) <= 22
    held = one.boxes("--state", "held") + two.boxes("--state", "held")
    assert len(held) == 1
    assert "answers to mails of this address within an hour" in held[0]["error"]
    said = one("doctor").out + two("doctor").out
    assert "1 message of DHS is held: " in said
    assert "a program that answers back?" in said


def test_an_hour_later_it_does_not_begin_again_by_itself(desks):
    server, (one, two) = desks
    start(one, two)
    pump(server, (one, two))
    before = len(server.mails)
    for desk in (one, two):
        desk.csctool.clock = "2026-11-02T13:00:00Z"
        desk("sweep")
    assert len(server.mails) == before


def test_a_filter_that_looks_at_auto_submitted_takes_none_of_it(desks):
    server, (one, two) = desks
    start(one, two)
    assert pump(server, (one, two), deaf=lambda mail: mail["Auto-Submitted"] != "no") == 1
    assert len(server.mails) == 1


def test_a_person_who_writes_often_is_held_up_no_longer_than_needed(desks):
    """What is held can be let go, and what the same person is told of otherwise is no answer and never held."""
    server, (one, _) = desks
    keys = [one("open", f"Mail {n}", "-a", "DHS", "-c", "email", "-r", "ann@x.gov").out.strip() for n in range(12)]
    one("sweep", status=9)
    assert len(server.mails) == 10
    one("resolve", keys[0], "--resolution", "done")
    one("sweep")
    assert len(server.mails) == 11
    one.csctool.clock = "2026-11-02T10:30:00Z"
    one("notify", "retry", "--held")
    one("sweep")
    assert len(server.mails) == 13
    assert one.boxes() == []


def test_a_desk_that_gets_its_own_mail_never_answers_itself(desks):
    server, (one, _) = desks
    one("open", "Mine", "-a", "DHS", "-c", "email", "-r", one.address)
    one("sweep", status=9)
    assert server.mails == []
    assert [n["state"] for n in one.boxes()] == ["dead"]
