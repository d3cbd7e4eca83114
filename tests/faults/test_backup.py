"""Backups are made while everybody works: each is the desk at one moment, and restores as one."""

import json
import os
import random
import shutil
from collections.abc import Callable
from typing import Any

from csctool.storage.tiny import TinyStore

from .stage import LONG, told
from .test_crowd import PATIENCE, alive, answers, command, everything, spawn

#: Writers, what each does, and how many agencies they work in.
WRITERS, CHANGES, AGENCIES = (64, 20, 8) if LONG else (8, 6, 3)


def technician(root: str, agencies: list[str], seed: int) -> int:
    """Notes on one agency's ticket and then on another's, transfers tickets, archives; all in whole commands."""
    os.environ["CSCTOOL_WAIT"] = PATIENCE
    chance = random.Random(seed)
    first, second = sorted(chance.sample(agencies, 2))
    for turn in range(CHANGES):
        for agency in (first, second):
            status, _, err = command(root, "note", f"{agency}-1", "-m", f"{seed} {turn}", "--minutes", "1")
            assert status == 0, err
        status, key, err = command(root, "open", f"{seed}/{turn}", "--agency", first, "--kind", "incident")
        assert status == 0, err
        act = (("transfer", key.strip(), "--agency", second), ("cancel", key.strip(), "--reason", "gone"),
               ("merge", key.strip(), "--into", f"{second}-1"), ("archive", "--agency", first))[turn % 4]  # fmt: skip
        status, _, err = command(root, *act)
        assert status == 0, err
    return seed


def keeper(root: str, place: str, busy: list[int]) -> list[str]:
    """Makes one backup after the other until nobody works any more."""
    os.environ["CSCTOOL_WAIT"] = PATIENCE
    made: list[str] = []
    while len(made) < 3 or (any(map(alive, busy)) and len(made) < 60):
        path = f"{place}/{len(made)}.tar.gz"
        status, _, err = told(root, "backup", path, status=None)
        assert (status, err) == (0, "")
        made.append(path)
    return made


def of_one_moment(root: str, plan: dict[int, tuple[str, str]]) -> int:
    """Numbers without gaps, what is done over two agencies whole, and nobody's second note without the first."""
    tickets = everything(root)
    for agency in TinyStore(root).agencies():
        numbers = sorted(ticket.number for ticket in tickets.values() if ticket.agency == agency)
        assert numbers == list(range(1, len(numbers) + 1)), agency
    for ticket in tickets.values():
        for link in ticket.links:
            back = {"transferred-to": "transferred-from", "duplicate-of": "duplicated-by"}.get(link.type)
            if back:
                assert any((b.type, b.key) == (back, ticket.key) for b in tickets[link.key].links), ticket.key
            else:
                assert link.key in tickets
    noted = {
        agency: [event.note for event in tickets[f"{agency}-1"].history if event.verb == "note"]
        for agency in {agency for pair in plan.values() for agency in pair}
    }
    for seed, (first, second) in plan.items():
        count = [sum(note.startswith(f"{seed} ") for note in noted[agency]) for agency in (first, second)]
        assert count[1] <= count[0] <= count[1] + 1, (seed, count)
    return len(tickets)


def test_every_backup_that_is_made_while_all_write_is_the_desk_at_one_moment(
    quick: str, tally: Callable[[str], None]
) -> None:
    root, place = f"{quick}/written", f"{quick}/backups"
    os.mkdir(place)
    told(root, "init", root)
    agencies = [f"A{number}" for number in range(AGENCIES)]
    for agency in agencies:
        told(root, "agency", "add", agency)
        told(root, "open", "Common", "--agency", agency, "--kind", "incident")
    writers = [spawn(lambda seed=seed: technician(root, agencies, seed)) for seed in range(WRITERS)]
    maker = spawn(lambda: keeper(root, place, [pid for pid, _ in writers]))
    assert answers(writers) == list(range(WRITERS))
    (made,) = answers([maker])
    plan: dict[int, tuple[str, str]] = {}
    for seed in range(WRITERS):
        first, second = sorted(random.Random(seed).sample(agencies, 2))
        plan[seed] = first, second
    sizes = []
    for path in made:
        new = f"{quick}/restored"
        told(root, "restore", path, new)
        sizes.append(of_one_moment(new, plan))
        verified: Any = json.loads(told(new, "audit", "verify", "--format", "json")[1])
        assert (verified["tickets"], verified["breaks"]) == (sizes[-1], [])
        shutil.rmtree(new)
    assert sizes == sorted(sizes)
    tally(f"{len(made)} backups while {WRITERS} writers made {WRITERS * CHANGES * 4} changes in {AGENCIES} agencies, "
          f"from {sizes[0]} to {sizes[-1]} tickets: each restored, at one moment, every history whole")  # fmt: skip
