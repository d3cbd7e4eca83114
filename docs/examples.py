"""Runs the examples of the documents: every ```console block, as a person would type it, one shell a document.

    python -m docs.examples            write what the commands really print into the documents
    python -m docs.examples --check    exit 10 when a document says something else

A comment `<!-- now: TIME -->` above a block sets the clock, `<!-- not run -->` leaves the block alone. Output is what a
pipe gets (no colour), standard error included. The Unix user appears as `you`, and operations, whose names are time and
chance, under names that are the same every time.
"""

import os
import pwd
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

TOP = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "docs/guide.md", "docs/operations.md", "docs/import.md", "docs/plugins.md", "docs/rules.md",
             "docs/outages.md", "docs/notifications.md", "docs/telling.md", "docs/delivery.md")  # fmt: skip
NOW = "2026-11-20T15:00:00Z"

_BLOCK = re.compile(r"((?:<!-- (?:now: \S+|not run) -->\n)*)```console\n(.*?)```", re.DOTALL)
_DOCUMENT = re.compile(r"<<'(\w+)'")
#: An operation, in full or as history shows it.
_OPERATION = re.compile(r"(?m)(\d{8}T\d{6}Z-|(?<=undo )|(?<=undid )|(?<=^  \d  )|(?<=^ \d\d  ))([0-9a-f]{8})\b")
_MARK = "\x1e"


def rewritten(text: str) -> str:
    """The document with the output that its commands give now."""
    blocks = [b for b in _BLOCK.finditer(text) if "not run" not in b[1]]
    commands = [(_clock(b[1]), command) for b in blocks for command in _commands(b[2])]
    outputs = iter(_run(commands))
    pieces, at = [], 0
    for block in blocks:
        pieces.append(text[at : block.start(2)])
        for command in _commands(block[2]):
            pieces.append(f"$ {command}\n{next(outputs)}")
        at = block.end(2)
    return "".join(pieces) + text[at:]


def _clock(comments: str) -> str | None:
    found = re.search(r"now: (\S+)", comments)
    return found[1] if found else None


def _commands(block: str) -> list[str]:
    """The commands of a block; a line that ends in a backslash goes on in the next, a document (<<'END') until END."""
    commands: list[str] = []
    going_on = document = False
    for line in block.splitlines():
        if line.startswith("$ ") and not document:
            commands.append(line[2:])
            document = line.endswith("<<'END'")
        elif going_on or document:
            commands[-1] += "\n" + line
            document = document and line != "END"
        going_on = line.endswith("\\") and (line.startswith("$ ") or going_on)
    return commands


def _run(commands: list[tuple[str | None, str]]) -> list[str]:
    """What each command prints, all of them in one shell in a directory of their own."""
    if not commands:
        return []
    script = []
    for clock, command in commands:
        if clock:
            script.append(f"export CSCTOOL_NOW={clock}")
        script += [command, f"printf '{_MARK}'"]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=home, env=_environment(home), check=False,
        )  # fmt: skip
    user = pwd.getpwuid(os.getuid()).pw_name
    return _renamed([re.sub(rf"\b{re.escape(user)}\b", "you", out) for out in done.stdout.split(_MARK)[:-1]])


def _renamed(outputs: list[str]) -> list[str]:
    """The operations under names that follow from the order in which they appear."""
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        last = names.setdefault(found[2], sha256(str(len(names)).encode()).hexdigest()[:8])
        return f"{NOW[:19].replace('-', '').replace(':', '')}Z-{last}" if found[1] else last

    return [_OPERATION.sub(name, out) for out in outputs]


def _environment(home: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "CSCTOOL_NOW": NOW, "TZ": "UTC"}


def main() -> int:
    """Write, or compare."""
    wrong = 0
    for name in DOCUMENTS:
        path = TOP / name
        if not path.exists():
            continue
        text = path.read_text()
        fresh = rewritten(text)
        if fresh == text:
            continue
        wrong += 1
        if "--check" in sys.argv:
            sys.stderr.write(f"{name}: its examples print something else now; run python -m docs.examples\n")
        else:
            path.write_text(fresh)
    return 10 if wrong and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
