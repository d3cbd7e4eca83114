"""What rules and plugins cost: at an opening, 1,000 rules against 10,000 tickets, and past tickets replayed.

    python -m benchmarks.rules

Processor time, medians, each figure beside the same work without the rules where there is such a thing.
"""

import ctypes
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from csctool.domain.ticket import Ticket
from csctool.plugins.builtin.rules import RuleBook
from csctool.settings.rules import load_rules

COMMAND = (sys.executable, "-m", "csctool")
RUNS = 25
WORDS = ("printer", "voicemail", "circuit", "outage", "password", "reset", "badge", "scanner", "laptop", "vpn", "mail")


def rules(number: int, chance: random.Random) -> str:
    """Rules as agencies write them: phrases, categories, kinds, fields."""
    tests = (
        lambda n: f'text = ["{chance.choice(WORDS)} {n}", "{chance.choice(WORDS)} {chance.choice(WORDS)} {n}"]',
        lambda n: f'category = "area{n % 40}/unit{n}/*"',
        lambda n: f'text = "{chance.choice(WORDS)}", fields.site = "site {n}", kind = "incident"',
        lambda n: f'service = ["service-{n}", "other-{n}*"], kind = ["incident", "request"]',
    )
    return "".join(
        f'[[route]]\nwhen = {{ {chance.choice(tests)(n)} }}\nqueue = "apps"\nreason = "list {n}"\n\n'
        for n in range(number)
    )


def ticket(chance: random.Random, number: int) -> Ticket:
    said = " ".join(chance.choice(WORDS) for _ in range(40)) + f" {chance.randrange(1000)}"
    return Ticket(
        key=f"DHS-{number}", agency="DHS", number=number, kind="incident", status="queued", subject=said[:60],
        description=said, category=f"area{number % 60}/unit{chance.randrange(1200)}/x",
        fields={"site": f"site {chance.randrange(2000)}"},
    )  # fmt: skip


def main() -> None:
    """Measure, and print one line each."""
    chance = random.Random(3)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a desk in use has its modules compiled
    with tempfile.TemporaryDirectory() as home:
        desk = Path(home) / "desk"
        said("init", str(desk))
        os.environ["CSCTOOL_DESK"] = str(desk)
        said("agency", "add", "DHS")
        said("agency", "add", "DOT")
        said("agency", "add", "DNR")
        said("plugin", "new", "--agency", "DNR")
        (desk / "agencies/DHS/rules.toml").write_text(rules(200, chance))
        adopt()
        tell("200 rules", "DHS", 5)
        tell("a plugin file", "DNR", 15)
        matching(Path(home), chance)
        replaying(desk, chance)


def adopt() -> None:
    """Plugins live in processes that csctool does not wait for: let them become this one's, so that they are counted.

    prctl(2), PR_SET_CHILD_SUBREAPER.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def tell(what: str, agency: str, promised: int) -> None:
    """What it costs an agency's opening to have something, beside an agency that has nothing."""
    opening(agency), opening("DOT")  # the first ones compile, and keep the rules ready
    pairs = [(opening("DOT"), opening(agency)) for _ in range(RUNS)]
    cpu, wall = (1000 * statistics.median(b[at] - a[at] for a, b in pairs) for at in (0, 1))
    whole = 1000 * statistics.median(a[0] for a, _ in pairs)
    print(f"open with {what}: {cpu:.1f} ms of processor time more than with none ({whole:.0f} ms; promised: at most "
          f"{promised}), {wall:.1f} ms on the clock")  # fmt: skip


def opening(agency: str) -> tuple[float, float]:
    """Processor seconds and seconds on the clock of one opening, with all the processes that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    said("open", "Nothing that any rule knows", "--agency", agency)
    took = time.perf_counter() - began
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took


def matching(home: Path, chance: random.Random) -> None:
    path = home / "thousand.toml"
    path.write_text(rules(1000, chance))
    book = RuleBook(load_rules(str(path)))
    tickets = [ticket(chance, number) for number in range(1, 10_001)]
    taken = spent(lambda: [book.route(one) for one in tickets])
    print(f"1,000 rules against 10,000 tickets: {taken:.2f} s (promised: at most 5)")


def replaying(desk: Path, chance: random.Random) -> None:
    past = desk.parent / "past.jsonl"
    lines = (
        f'{{"subject":"{one.subject}","kind":"incident","category":"{one.category}","status":"closed",'
        f'"opened_at":"2026-01-05T09:00:00Z","closed_at":"2026-01-06T09:00:00Z"}}'
        for one in (ticket(chance, number) for number in range(1, 20_001))
    )
    past.write_text("\n".join(lines))
    said("import", str(past), "--agency", "DHS")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = (*COMMAND, "plugin", "replay", "-a", "DHS", "--format", "json")
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"replay with 200 rules: {20_000 / taken:,.0f} tickets a second, start-up included (promised: at least 5,000)"
    )


def spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def said(*words: str) -> None:
    subprocess.run((*COMMAND, *words), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
