"""Random commands on a desk, and the same on paper: after each of them both must stand alike."""

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from .paper import DESKS, NoError, Paper
from .stage import LONG, RULES, leftovers, quick_place, told

#: Repeats one run: the seed that a failure names.
REPEAT = os.environ.get("CSCTOOL_SEED")
SEEDS = [int(REPEAT)] if REPEAT else list(range(10 if LONG else 1))
STEPS = 1000 if LONG else 100
SEEN = ("status", "queue", "assignee", "subject", "priority", "minutes", "handovers", "bounces", "cause")


def _deed(dice: random.Random, paper: Paper, at: datetime) -> tuple[list[str], Callable[[], None]]:
    """A command line, and what it comes to on paper."""
    if len(paper.cards) < 3 or dice.random() < 0.1:
        agency, person = dice.choice(paper.agencies), dice.choice((None, "ana"))
        words = ["open", "Trouble", "-a", agency, "--kind", "incident", *(["--to", person] if person else [])]
        return words, lambda: paper.open(at, agency, "Trouble", kind="incident", person=person)
    key, minutes = dice.choice(paper.cards).key, dice.randrange(9)
    queue, person = dice.choice((*DESKS, "apps")), dice.choice(("ana", "bo"))
    impact, urgency = dice.randint(1, 3), dice.randint(1, 3)
    because = ["--reason", "so"]
    return dice.choice(
        [
            (["start", key], lambda: paper.start(at, key, "me")),
            (["assign", key, "--to", person], lambda: paper.assign(at, key, person=person)),
            (["assign", key, "--queue", queue], lambda: paper.assign(at, key, queue=queue)),
            (["hold", key, "--for", "vendor"], lambda: paper.hold(at, key, "vendor", None)),
            (["resume", key], lambda: paper.resume(at, key)),
            (["escalate", key, *because], lambda: paper.escalate(at, key)),
            (["return", key, *because], lambda: paper.give_back(at, key)),
            (["diagnose", key, "--cause", "rain"], lambda: paper.diagnose(at, key, "rain")),
            (["resolve", key, "--resolution", "done"], lambda: paper.resolve(at, key, 0)),
            (["close", key], lambda: paper.close(at, key)),
            (["reopen", key, *because], lambda: paper.reopen(at, key)),
            (["note", key, "seen", "--minutes", str(minutes)], lambda: paper.note(at, key, minutes)),
            (
                ["triage", key, "--impact", str(impact), "--urgency", str(urgency)],
                lambda: paper.triage(at, key, "Trouble", impact, urgency),
            ),
        ]
    )


def _compare(root: str, paper: Paper) -> None:
    """The desk is what the paper says, ticket by ticket."""
    out = told(root, "list", "--all", "--limit", "0", "--format", "json")[1]
    there = {one["key"]: one for one in json.loads(out)["tickets"]}
    assert there.keys() == {card.key for card in paper.cards}
    for card in paper.cards:
        now = paper.now(card)
        desk = there[card.key] | {
            "assignee": "me" if there[card.key]["assignee"] == ME else there[card.key]["assignee"]
        }
        assert {name: desk[name] for name in SEEN} == {name: now[name] for name in SEEN}, card.key
        assert set(desk["flags"]) == now["flags"], card.key
        assert desk["version"] == len(card.entries), card.key


def _me() -> str:
    import getpass

    return getpass.getuser()


ME = _me()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_desk_and_its_paper_stand_alike(seed: int) -> None:
    dice, at, paper, log = random.Random(seed), datetime(2026, 11, 2, 9, tzinfo=UTC), Paper(["DHS", "DOT"]), list[str]()
    with quick_place() as place:
        root = f"{place}/desk"
        told(root, "init", root)
        with open(f"{root}/rules.toml", "a", encoding="utf-8") as file:
            file.write(RULES)
        for agency in paper.agencies:
            told(root, "agency", "add", agency)
        try:
            for step in range(1, STEPS + 1):
                at += timedelta(minutes=dice.randint(1, 90))
                words, on_paper = _deed(dice, paper, at)
                log.append(" ".join(words))
                status = 0
                try:
                    on_paper()
                except NoError as no:
                    status = no.status
                out = told(root, "--now", f"{at:%Y-%m-%dT%H:%M:%SZ}", *words, status=status)[1]
                if words[0] == "open":
                    paper.cards[-1].key = out.strip()
                _compare(root, paper)
                if step % 25 == 0:
                    told(root, "audit", "verify")
                    assert leftovers(root) == []
        except AssertionError as error:
            raise AssertionError(f"CSCTOOL_SEED={seed}, after:\n" + "\n".join(log) + f"\n{error}") from error
