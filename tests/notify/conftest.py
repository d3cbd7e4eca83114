"""Real servers on the loopback, and desks that send to them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .mailbox import MailServer
from .office import PEOPLE, Office

#: The shortest time-out there is: tests of servers that hang wait for it.
SOON = 1


@pytest.fixture
def mailserver(tmp_path: Path) -> Iterator[Callable[..., MailServer]]:
    """Starts mail servers; they end with the test."""
    running: list[MailServer] = []

    def start(*options: str) -> MailServer:
        running.append(MailServer(tmp_path / f"spool{len(running)}", *options))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def transport(desk: Path) -> Callable[..., None]:
    """Writes `[transports.NAME]`, and `[notify]` where asked."""

    def write(name: str, **values: Any) -> None:
        path = desk / "csctool.toml"
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        path.write_text("\n".join([path.read_text(), f"[transports.{name}]", *lines, ""]))

    return write


@pytest.fixture
def tell(desk: Path) -> Callable[..., None]:
    """A rule by which opening and resolving tell these, by this transport."""

    def write(transport: str, *to: str, agency: str = "DHS", on: tuple[str, ...] = ("opened", "resolved")) -> None:
        rule = f"[[notify]]\non = {json.dumps(on)}\nto = {json.dumps(to)}\ntransport = {json.dumps(transport)}\n"
        (desk / "agencies" / agency / "rules.toml").write_text(rule)

    return write


@pytest.fixture
def box(csctool: Any) -> Callable[..., list[dict[str, Any]]]:
    """The outbox, or what was sent."""

    def look(*words: str) -> list[dict[str, Any]]:
        return csctool("notify", "list", *words, "--format", "json").json["notices"]

    return look


@pytest.fixture
def people(csctool: Any, me: str) -> Office:
    """A desk that tells people: ana (that is you) and bo at the service desk, cy leads it, dee at applications, kim
    coordinates, pat has no address."""
    path = csctool.desk / "csctool.toml"
    text = path.read_text().replace(
        '# members = ["ana", "bo"]\n# lead = "cy"\n', 'members = ["ana", "bo"]\nlead = "cy"\n'
    )
    text = text.replace('title = "Application Support"\n', 'title = "Application Support"\nmembers = ["dee", "pat"]\n')
    path.write_text(text + PEOPLE.replace("{me}", me))
    return Office(csctool)
