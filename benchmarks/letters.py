"""Messages that wait, a mail server that takes them, and the bare loop that delivery is measured against."""

import asyncio
import re
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from benchmarks.pairs import Command

RULES = '[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smtp"\n'
TRANSPORT = '\n[transports.smtp]\nhost = "127.0.0.1"\nport = {port}\nsender = "Desk <desk@example.gov>"\n'


def waiting(count: int, place: Path) -> Path:
    """A desk whose first agency has so many new tickets, each of which its requester is to be told of; made once."""
    root = place / f"letters-{count}"
    if root.exists():
        return root
    from csctool import bootstrap
    from csctool.desk.opening import NewTicket, open_ticket

    draft = root.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    for words in (("init", str(draft)), ("--desk", str(draft), "agency", "add", "DHS")):
        subprocess.run([sys.executable, "-m", "csctool", *words], check=True)
    (draft / "agencies" / "DHS" / "rules.toml").write_text(RULES)
    desk = bootstrap.open_desk(bootstrap.Wishes(desk=str(draft)))
    for number in range(count):
        given = {
            "subject": f"Printer {number} jams at the paper tray", "requester": f"Ann Lee <ann{number}@example.gov>",
            "description": "Jams on every second page from tray 2. Toner is new, other trays are fine.",
        }  # fmt: skip
        open_ticket(desk, NewTicket(given, agency="DHS"))
    draft.rename(root)
    return root


def crowd(root: Path, agencies: Iterable[str], count: int) -> None:
    """Let so many messages wait in each of these agencies, as while a mail server is down."""
    from csctool import bootstrap
    from csctool.domain.notice import Notice, identity

    at = datetime(2026, 10, 1, tzinfo=UTC)
    store = bootstrap.open_desk(bootstrap.Wishes(desk=str(root))).store
    for agency in agencies:
        key, to = f"{agency}-1", "Ann Lee <ann.lee@example.gov>"
        notices = [
            Notice(
                identity(key, seq, "smtp", to), key, seq, "noted", f"20261001T000000Z-{seq}", "smtp", to, "requester",
                "default requester", at, at,
            ) for seq in range(1, count + 1)
        ]  # fmt: skip
        with store.unit(agency) as unit:
            unit.post(agency, notices)


def copied(root: Path, place: Path, port: int) -> Path:
    """A working copy of such a desk, whose mail goes to a server on this machine."""
    copy = place / root.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy)
    with (copy / "csctool.toml").open("a") as file:
        file.write(TRANSPORT.format(port=port))
    return copy


def largest(command: Command) -> float:
    """How large a process grows, in MiB. The kernel's own account of it counts in what its parent was when it began."""
    with subprocess.Popen(command.words, stdout=subprocess.DEVNULL) as process:
        found = 0
        while process.poll() is None:
            with suppress(OSError):
                status = Path(f"/proc/{process.pid}/status").read_text()
                found = max(found, *map(int, re.findall(r"VmHWM:\s+(\d+)", status)), 0)
            time.sleep(0.02)
    return found / 1024


@contextmanager
def mailserver() -> Iterator[int]:
    """A process that takes all mail and keeps none; gives its port."""
    words = [sys.executable, "-W", "ignore", "-m", "benchmarks.letters", "serve"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def bare(port: int, count: int) -> Command:
    """As many mails of that size as one connection of smtplib takes them, and nothing else."""
    return Command([sys.executable, "-m", "benchmarks.letters", "send", str(port), str(count)])


def _send(port: int, count: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="[127.0.0.1]") as line:
        for number in range(count):
            mail = EmailMessage()
            mail["From"], mail["To"] = "desk@example.gov", f"ann{number}@example.gov"
            mail["Subject"] = f"[DHS-{number}] Printer {number} jams at the paper tray"
            mail.set_content("We have registered your message.\n" * 12)
            mail.add_alternative("<p>We have registered your message.</p>\n" * 40, subtype="html")
            line.send_message(mail)


async def _serve() -> None:
    from aiosmtpd.smtp import SMTP

    class Sink:
        async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802
            return "250 OK"

    made = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink(), hostname="mail.test", command_call_limit=1 << 30), "127.0.0.1", 0
    )
    print(made.sockets[0].getsockname()[1], flush=True)
    await made.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(_serve())
    else:
        _send(int(sys.argv[2]), int(sys.argv[3]))
