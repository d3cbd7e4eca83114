"""How often would rules have sent a real incident to the right queue at once?

    python -m benchmarks.routing SERVICENOW.csv.gz [DIRECTORY]

Makes a desk, takes the log in, writes rules that send each category to the queue that resolved most of its tickets
before a day, and replays the tickets opened from that day on: what the rules are tried on, they have not seen.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

DAY = "2016-03-21"
#: Fewer tickets than this say nothing about a category.
ENOUGH = 3


def main(log: str, directory: str) -> int:
    """Make the desk and the rules, and show what the replay says."""
    csctool("init", directory)
    csctool("--desk", directory, "import", log, "--map", "servicenow", "--agency", "CSC")
    past = [json.loads(line) for line in csctool(
        "--desk", directory, "list", "--all", "--limit", "0", "--opened", f"2016-01-01..{DAY}", "--format", "jsonl"
    ).splitlines() if f'"opened_at":"{DAY}' not in line]  # fmt: skip
    everything = csctool("--desk", directory, "list", "--all", "--limit", "0", "--columns", "queue", "--format", "csv")
    groups = sorted(line for line in set(everything.splitlines()) if line.startswith("Group "))
    with (Path(directory) / "csctool.toml").open("a") as settings:
        for group in groups:
            settings.write(f'\n[queues.{name(group)}]\ntier = "2"\ntitle = "{group}"\n')
    rules = Path(directory) / "learnt.toml"
    rules.write_text("\n".join(learnt(past)))
    sys.stdout.write(f"rules from {len(past)} tickets opened before {DAY}: {rules}\n")
    sys.stdout.flush()
    replay = ("plugin", "replay", "--agency", "CSC", "--rules", str(rules), "--opened", f"{DAY}..2016-12-31")
    return subprocess.run([*COMMAND, "--desk", directory, *replay], check=False).returncode


COMMAND = (sys.executable, "-m", "csctool")


def csctool(*words: str) -> str:
    return subprocess.run([*COMMAND, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def name(group: str) -> str:
    return group.lower().replace(" ", "-")


def learnt(tickets: list[dict[str, str]]) -> list[str]:
    """A rule for each category, then for each group of categories, then for the rest."""
    lines = []
    for depth, glob in ((2, ""), (1, "/*")):
        resolved: dict[str, Counter[str]] = defaultdict(Counter)
        for ticket in tickets:
            parts = (ticket["category"] or "").split("/")
            if len(parts) >= depth and parts[0]:
                resolved["/".join(parts[:depth])][ticket["queue"]] += 1
        for category, queues in sorted(resolved.items()):
            queue, number = queues.most_common(1)[0]
            if number >= ENOUGH:
                lines.append(rule(f'when = {{ category = "{category}{glob}" }}\n', queue, number, queues.total()))
    queues = Counter(ticket["queue"] for ticket in tickets)
    lines.append(rule("", *queues.most_common(1)[0], queues.total()))
    return lines


def rule(when: str, queue: str, number: int, of: int) -> str:
    return f'[[route]]\n{when}queue = "{name(queue)}"\nreason = "resolved {number} of {of}"\n'


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(sys.argv[1], made))
