"""Mail to the mail server that Debian brings, over STARTTLS: what a desk meets in its first week."""

import email
import email.policy
import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

EXIM = shutil.which("exim4") or shutil.which("exim4", path="/usr/sbin")
#: As whom it works: the user that Debian's package makes.
USER = "Debian-exim"
CONFIGURATION = """
primary_hostname = mail.test
spool_directory = {place}/spool
log_file_path = {place}/log-%s
pid_file_path = {place}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {place}/server.pem
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = recipients
acl_smtp_data = content

begin acl
recipients:
  deny local_parts = never
       message = nobody here
  defer local_parts = later
       message = come back later
  accept
content:
  deny condition = ${{if match{{$h_subject:}}{{lottery}}}}
       message = looks like spam
  accept

begin routers
everybody:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {place}/mail
  maildir_format
  delivery_date_add
  user = {user}
"""


class Exim:
    """A daemon of its own on a port of its own; `mails` are those it has delivered."""

    def __init__(self, place: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._place = place
        authority = trustme.CA()
        authority.cert_pem.write_to_path(place / "ca.pem")
        self.ca = place / "ca.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(place / "server.pem")
        path = place / "exim.conf"
        path.write_text(CONFIGURATION.format(place=place, port=self.port, user=USER))
        found = pwd.getpwnam(USER)
        for one in (place, place / "server.pem", path):
            os.chown(one, found.pw_uid if one != path else 0, found.pw_gid)
        path.chmod(0o640)
        assert EXIM
        self._process = subprocess.Popen([EXIM, "-C", str(path), "-bdf", "-q1h"], stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                pytest.skip(f"exim4 does not run here: {self._process.communicate()[1][-200:]}")
            time.sleep(0.05)
        pytest.skip("exim4 does not come up here")

    def mails(self, count: int) -> list[email.message.EmailMessage]:
        """As soon as so many have been delivered, which happens after they were taken."""
        for _ in range(400):
            found = list((self._place / "mail" / "new").glob("*"))
            if len(found) >= count:
                return [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in found]
            time.sleep(0.05)
        raise AssertionError(f"{len(found)} of {count} mails were delivered")

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


@pytest.fixture
def exim() -> Iterator[Exim]:
    if EXIM is None or getpass.getuser() != "root":
        pytest.skip("exim4 is not installed" if EXIM is None else "only root may start exim4 with its own settings")
    place = Path(tempfile.mkdtemp(prefix="csctool-exim-"))
    place.chmod(0o755)
    server = Exim(place)
    yield server
    server.close()
    shutil.rmtree(place, ignore_errors=True)


def test_mail_goes_through_debians_own_server(csctool, exim, transport, tell, box):
    transport("smtp", host="127.0.0.1", port=exim.port, tls="starttls", ca_file=str(exim.ca), sender="desk@csc.gov")
    tell("smtp", "requester")
    whom = ("Анна Ли <ann@dhs.gov>", "bo@dhs.gov", "never@dhs.gov", "later@dhs.gov")
    for number, who in enumerate(whom):
        csctool.open(f"Нет сигнала {number}\r\nBcc: x@dhs.gov", "-r", who)
    csctool.open("You won the lottery", "-r", "cy@dhs.gov")
    said = csctool("notify", "send", status=9).err
    assert "127.0.0.1 said 550 nobody here" in said
    assert "127.0.0.1 said 451 come back later" in said
    assert "127.0.0.1 said 550 looks like spam" in said
    first, second = sorted(exim.mails(2), key=lambda mail: mail["Subject"])
    assert [mail["To"].addresses[0].addr_spec for mail in (first, second)] == ["ann@dhs.gov", "bo@dhs.gov"]
    assert first["To"].addresses[0].display_name == "Анна Ли"
    assert "Нет сигнала 0" in first["Subject"]
    assert "TLS" in first["Received"]
    assert {(n["to"], n["state"]) for n in box()} == {
        ("never@dhs.gov", "dead"), ("later@dhs.gov", "waiting"), ("cy@dhs.gov", "dead"),
    }  # fmt: skip
