"""Automatic assignment inside a queue: in turn, or to whoever has least to do; nobody who is away."""

from datetime import datetime

from csctool.desk.ports import Staffing
from csctool.domain.organisation import DeskSettings


def staff(queue: str, desk: DeskSettings, now: datetime, staffing: Staffing) -> tuple[str | None, str | None]:
    """(person, why) for a ticket that comes into a queue; (None, None) where it assigns by hand or all are away."""
    settings = desk.queues[queue]
    if settings.assign == "none":
        return None, None
    present = [name for name in settings.members if not away(name, desk, now)]
    if not present:
        return None, None
    if settings.assign == "round-robin":
        members = settings.members
        turn = staffing.turn(queue) - 1
        for step in range(len(members)):
            name = members[(turn + step) % len(members)]
            if name in present:
                return name, f"round-robin in {queue}"
    load = staffing.load(present)
    name = min(present, key=lambda person: (load.get(person, 0), settings.members.index(person)))
    return name, f"least loaded in {queue}: {load.get(name, 0)} open"


def away(name: str, desk: DeskSettings, now: datetime) -> bool:
    """Whether a person is away on this day, in the desk's time zone."""
    person = desk.people.get(name)
    if person is None or not person.away:
        return False
    from zoneinfo import ZoneInfo

    return person.is_away(now.astimezone(ZoneInfo(desk.timezone)).date())
