"""Writing plugins for a test's desk."""

import json
import re
from pathlib import Path

HEAD = "from csctool.plugins import Answer, Message, hookimpl\n"
RULES = '[[categorize]]\nwhen = { text = ["printer"] }\ncategory = "office/printer"\n'


def plugin(desk: Path, code: str, *, agency: str = "DHS", name: str = "plugins/own.py", only: bool = True) -> Path:
    """A file of the agency's, enabled; with `only` the one plugin of its."""
    path = desk / "agencies" / agency / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + code)
    enabled = [] if only else plugins_of(desk, agency)
    enable(desk, *enabled, name, agency=agency)
    return path


def enable(desk: Path, *names: str, agency: str = "DHS") -> None:
    path = desk / "agencies" / agency / "agency.toml"
    path.write_text(re.sub(r"^plugins = .*$", f"plugins = {json.dumps(list(names))}", path.read_text(), flags=re.M))


def enable_for_all(desk: Path, *names: str) -> None:
    path = desk / "csctool.toml"
    path.write_text(f"plugins = {json.dumps(list(names))}\n" + path.read_text())


def plugins_of(desk: Path, agency: str) -> list[str]:
    found = re.search(r"^plugins = (\[.*?\])", (desk / "agencies" / agency / "agency.toml").read_text(), re.M)
    return json.loads(found[1]) if found else []


def rules(desk: Path, text: str = RULES, agency: str = "DHS") -> None:
    """The next in line after an agency's plugins."""
    (desk / "agencies" / agency / "rules.toml").write_text(text)


def passed(event: dict) -> list[tuple[str, str]]:
    """Everybody that an event's decisions record as passed over, with the reason."""
    return [(one["plugin"], one["why"]) for decision in event["decisions"] for one in decision["passed"]]
