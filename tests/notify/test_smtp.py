"""Mail through real servers, kind and unkind ones."""

import re
import socket
import threading
from pathlib import Path

import pytest
import trustme

from .conftest import SOON


@pytest.fixture
def plain(mailserver, transport, tell):
    """A mail server without TLS on this machine, and a desk that tells requesters through it."""
    server = mailserver()
    transport("smtp", host="127.0.0.1", port=server.port, sender="Desk <desk@csc.gov>", timeout=SOON)
    tell("smtp", "requester")
    return server


def opened(csctool, *whom):
    return [csctool.open(f"No dial tone {n}", "-r", who) for n, who in enumerate(whom)]


def test_many_mails_go_over_one_connection(csctool, plain, box):
    opened(csctool, "Ann Lee <ann@dhs.gov>", "bo@dhs.gov", "cy@dhs.gov")
    assert csctool("notify", "send").lines == [
        f"told {who} of DHS-{n} opened by smtp"
        for n, who in enumerate(("Ann Lee <ann@dhs.gov>", "bo@dhs.gov", "cy@dhs.gov"), 1)
    ]
    assert len({one["peer"] for one in plain.took}) == 1
    assert [one["to"] for one in plain.took] == [["ann@dhs.gov"], ["bo@dhs.gov"], ["cy@dhs.gov"]]
    mail = plain.mails[0]
    assert mail["From"] == "Desk <desk@csc.gov>"
    assert "DHS-1" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert box() == []
    assert [one["receipt"] for one in box("--state", "sent")] == [m["Message-ID"] for m in plain.mails]


def test_a_temporary_no_is_tried_again_and_a_permanent_one_is_dead(csctool, plain, box):
    opened(csctool, "later@dhs.gov", "never@dhs.gov", "ann@dhs.gov", "full@dhs.gov", "spam@dhs.gov")
    said = csctool("notify", "send", status=9)
    dead = [n["id"] for n in box("--state", "dead")]
    again = r"; the next try is at 2026-11-02 09:0[01]:\d\dZ"
    for line, what in zip(said.err.splitlines(), (
        rf"DHS-1: later@dhs.gov was not told: 127.0.0.1 said 451 4.7.1 greylisted{again}",
        "DHS-2: never@dhs.gov was not told: 127.0.0.1 said 550 5.1.1 nobody here; given up; "
        f"csctool notify retry {dead[0]} tries again",
        rf"DHS-4: full@dhs.gov was not told: 127.0.0.1 said 452 4.2.2 mailbox full{again}",
        "DHS-5: spam@dhs.gov was not told: 127.0.0.1 said 554 5.7.1 looks like spam; given up; "
        f"csctool notify retry {dead[1]} tries again",
    ), strict=True):  # fmt: skip
        assert re.fullmatch(f"csctool: {what}", line), line
    assert [one["to"] for one in plain.took] == [["ann@dhs.gov"]]
    assert {(n["to"], n["state"], n["tries"]) for n in box()} == {
        ("later@dhs.gov", "waiting", 1), ("never@dhs.gov", "dead", 1),
        ("full@dhs.gov", "waiting", 1), ("spam@dhs.gov", "dead", 1),
    }  # fmt: skip


def test_what_a_server_says_is_shown_without_its_escapes(csctool, plain):
    opened(csctool, "odd@dhs.gov")
    assert "\x1b" not in csctool("notify", "send", status=9).err


@pytest.mark.parametrize("who", ["hang", "drip"])
def test_a_server_that_hangs_is_tried_again_and_keeps_no_other_mail(csctool, plain, box, who):
    opened(csctool, f"{who}@dhs.gov", "ann@dhs.gov")
    assert f"127.0.0.1: no answer within {SOON} s" in csctool("notify", "send", status=9).err
    assert [one["to"] for one in plain.took] == [["ann@dhs.gov"]]
    assert [(n["to"], n["state"]) for n in box()] == [(f"{who}@dhs.gov", "waiting")]


def test_a_mail_server_that_hangs_twice_is_not_asked_a_hundred_times(csctool, plain, box):
    opened(csctool, "hang@dhs.gov", "hang@dot.gov", "ann@dhs.gov", "bo@dhs.gov")
    said = csctool("notify", "send", status=9)
    assert "4 messages by smtp were not delivered: 127.0.0.1: no answer" in said.err
    assert plain.took == []
    assert len(box()) == 4


def test_who_writes_later_does_not_wait_behind_letters_at_which_the_server_hangs(csctool, plain, box):
    csctool.clock = "2026-11-02T09:00:00Z"
    opened(csctool, "hang@dhs.gov", "hang@dot.gov")
    csctool("notify", "send", status=9)
    csctool.clock = "2026-11-02T09:30:00Z"
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send", status=9)
    assert [one["to"] for one in plain.took] == [["ann@dhs.gov"]]
    assert [(n["to"], n["tries"]) for n in box()] == [("hang@dhs.gov", 2), ("hang@dot.gov", 2)]


def test_a_connection_that_is_cut_after_the_mail_was_taken_is_tried_again_under_the_same_name(csctool, plain, box):
    opened(csctool, "cut@dhs.gov", "ann@dhs.gov")
    assert "127.0.0.1: the connection was cut" in csctool("notify", "send", status=9).err
    csctool.clock = "2026-11-02T09:10:00Z"
    csctool("notify", "send", status=9)
    names = [mail["Message-ID"] for mail in plain.mails if mail["To"] == "cut@dhs.gov"]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert [n["to"] for n in box()] == ["cut@dhs.gov"]


def test_a_server_that_goes_down_in_the_middle_is_connected_to_again(csctool, plain, box):
    opened(csctool, "slam@dhs.gov", "ann@dhs.gov")
    csctool("notify", "send", status=9)
    assert [one["to"] for one in plain.took] == [["ann@dhs.gov"]]
    assert [n["to"] for n in box()] == ["slam@dhs.gov"]


def test_a_connection_that_ended_between_two_mails_is_opened_again_at_once(csctool, plain, box):
    opened(csctool, "bye@dhs.gov", "bye@dot.gov", "ann@dhs.gov")
    csctool("notify", "send")
    assert [one["to"] for one in plain.took] == [["bye@dhs.gov"], ["bye@dot.gov"], ["ann@dhs.gov"]]
    assert box() == []


def test_no_server_at_all_is_told_once_for_all_and_everything_stays(csctool, transport, tell, box):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    transport("smtp", host="127.0.0.1", port=port)
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov", "bo@dhs.gov")
    said = csctool("notify", "send", status=9)
    assert said.err.count("\n") == 1
    assert f"2 messages by smtp were not delivered: 127.0.0.1:{port}: connection refused" in said.err
    assert [n["state"] for n in box()] == ["waiting", "waiting"]


def test_something_that_is_no_mail_server_is_told_as_such(csctool, transport, tell):
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        line, _ = listening.accept()
        line.sendall(b"SSH-2.0-OpenSSH\r\n")
        line.close()

    thread = threading.Thread(target=answer)
    thread.start()
    transport("smtp", host="127.0.0.1", port=listening.getsockname()[1], timeout=SOON)
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send", status=9)
    thread.join()
    listening.close()


# -- exactly one recipient -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [
    "ann@dhs.gov, bo@dhs.gov", "Ann <ann@dhs.gov>, Bo <bo@dhs.gov>", "staff: ann@dhs.gov;",
    "ann@dhs.gov\nBcc: bo@dhs.gov",
    "ann@", '"ann lee"@dhs.gov', "ann@[127.0.0.1]", "<ann@dhs.gov> NOTIFY=SUCCESS",
])  # fmt: skip
def test_what_is_not_exactly_one_address_is_a_dead_letter_with_a_reason(csctool, plain, box, who):
    opened(csctool, who)
    csctool("notify", "send", status=9)
    assert plain.took == []
    assert [(n["state"], bool(n["error"])) for n in box()] == [("dead", True)]


def test_a_hostile_subject_adds_no_header_and_no_recipient(csctool, plain):
    csctool.open("x\r\nBcc: bo@dhs.gov\r\n\r\n.\r\nRCPT TO:<bo@dhs.gov>", "-r", "Ann <ann@dhs.gov>")
    csctool("notify", "send")
    (took,) = plain.took
    assert took["to"] == ["ann@dhs.gov"]
    assert plain.mails[0]["Bcc"] is None


# -- privacy ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, one for another, and the authority that signed both."""
    place = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "ca.pem")
    for name, host in (("good", "127.0.0.1"), ("other", "mail.example.org")):
        authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(place / f"{name}.pem")
    return place


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_trusted_certificate_keeps_the_line_private(csctool, mailserver, transport, tell, certificates, tls):
    server = mailserver("--cert", str(certificates / "good.pem"), "--tls", tls)
    transport("smtp", host="127.0.0.1", port=server.port, tls=tls, ca_file=str(certificates / "ca.pem"))
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send")
    assert [one["tls"] for one in server.took] == [True]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize(("cert", "ca"), [("good", None), ("other", "ca.pem")], ids=["unknown", "another's"])
def test_a_certificate_that_is_not_trusted_gets_no_mail(
    csctool, mailserver, transport, tell, certificates, box, tls, cert, ca
):
    server = mailserver("--cert", str(certificates / f"{cert}.pem"), "--tls", tls)
    more = {"ca_file": str(certificates / ca)} if ca else {}
    transport("smtp", host="127.0.0.1", port=server.port, tls=tls, timeout=5, **more)
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov")
    assert "its certificate is not trusted" in csctool("notify", "send", status=9).err
    assert server.took == []
    assert [n["state"] for n in box()] == ["waiting"]


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "nonsense"])
def test_an_authority_that_cant_be_read_is_named(csctool, plain, transport, tell, tmp_path, text):
    path = tmp_path / "own.pem"
    if text:
        path.write_text(text)
    transport("private", kind="smtp", host="127.0.0.1", port=plain.port, tls="starttls", ca_file=str(path))
    tell("private", "requester")
    opened(csctool, "ann@dhs.gov")
    assert f"can't use {path}: " in csctool("notify", "send", status=9).err
    assert plain.took == []


def test_a_server_that_speaks_no_tls_where_the_settings_want_it_is_told_as_such(csctool, mailserver, transport, tell):
    transport("smtp", host="127.0.0.1", port=mailserver().port, tls="tls", timeout=SOON)
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov")
    assert "what answers there speaks no TLS" in csctool("notify", "send", status=9).err


def test_a_server_without_starttls_gets_nothing_when_the_settings_want_it(csctool, mailserver, transport, tell):
    server = mailserver()
    transport("smtp", host="127.0.0.1", port=server.port, tls="starttls")
    tell("smtp", "requester")
    opened(csctool, "ann@dhs.gov")
    assert "offers no STARTTLS" in csctool("notify", "send", status=9).err
    assert server.took == []


# -- logging in ------------------------------------------------------------------------------------------------

PASSWORD = "s3cret-of-the-desk"


@pytest.fixture
def locked(mailserver, tell):
    """A server that wants a login."""
    tell("smtp", "requester")
    return mailserver("--login", f"desk:{PASSWORD}")


def login(transport, server, **more):
    transport("smtp", host="127.0.0.1", port=server.port, user="desk", **more)


def test_the_password_comes_from_a_file_that_others_may_not_read(csctool, locked, transport, tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o640)
    login(transport, locked, password_file=str(path))
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send")
    assert [one["login"] for one in locked.took] == ["desk"]
    opened(csctool, "bo@dhs.gov")
    path.chmod(0o644)
    assert f"others may read it: chmod o-rwx {path}" in csctool("notify", "send", status=9).err
    assert len(locked.took) == 1


def test_or_from_a_program(csctool, locked, transport):
    login(transport, locked, password_command=["/bin/echo", PASSWORD])
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send")
    assert [one["login"] for one in locked.took] == ["desk"]


def test_a_wrong_password_is_told_without_it_and_everything_waits(csctool, locked, transport, box, tmp_path):
    path = tmp_path / "password"
    path.write_text("wr0ng-one")
    path.chmod(0o600)
    login(transport, locked, password_file=str(path))
    opened(csctool, "ann@dhs.gov")
    said = csctool("notify", "send", status=9)
    assert "refused the login of desk: 535" in said.err
    assert "wr0ng" not in said.err + str(box())
    assert [n["state"] for n in box()] == ["waiting"]


@pytest.mark.parametrize(("command", "why"), [
    (["/bin/false"], "gave no password (exit 1)"), (["/nowhere/at/all"], "can't run /nowhere/at/all"),
    (["/bin/sleep", "60"], "/bin/sleep gave no password within 1 s"),
])  # fmt: skip
def test_a_program_that_gives_no_password(csctool, locked, transport, command, why):
    login(transport, locked, password_command=command, timeout=SOON)
    opened(csctool, "ann@dhs.gov")
    assert why in csctool("notify", "send", status=9).err


# -- whose mail it is ------------------------------------------------------------------------------------------


def test_an_agencys_mail_comes_from_its_own_address(csctool, plain, desk):
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text('sender = "DHS Help <help@dhs.gov>"\nreply_to = "answers@dhs.gov"\n' + path.read_text())
    opened(csctool, "ann@dhs.gov")
    csctool("notify", "send")
    assert plain.took[0]["from"] == "help@dhs.gov"
    assert (plain.mails[0]["From"], plain.mails[0]["Reply-To"]) == ("DHS Help <help@dhs.gov>", "answers@dhs.gov")


def test_the_desk_never_writes_to_itself(csctool, plain, box):
    opened(csctool, "Somebody <DESK@csc.gov>")
    assert "is the desk's own address" in csctool("notify", "send", status=9).err
    assert plain.took == []
    assert [n["state"] for n in box()] == ["dead"]
