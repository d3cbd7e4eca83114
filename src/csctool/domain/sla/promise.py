"""From the settings to the terms of a ticket: which policy, which target, whose calendar, which contracts."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from csctool.domain.business_hours import Calendar, Duration, parse_duration, working_seconds
from csctool.domain.organisation import AgencySettings, DeskSettings, SlaPolicy, Target
from csctool.domain.sla.course import Course
from csctool.domain.sla.terms import Contract, Goal, Terms
from csctool.errors import RefusedError

#: The policy of an agency that names none, where the desk has one of that name.
STANDARD = "standard"
#: The calendar of a target in `d` or `w`, which are elapsed time whatever the calendar.
ELAPSED = "24x7"

#: A calendar of the settings by its name, with the digest of its definition.
Named = Callable[[str], tuple[str, Calendar]]


class Promises:
    """What the settings promise to one agency."""

    def __init__(self, settings: DeskSettings, agency: AgencySettings, named: Named) -> None:
        self._settings, self._agency, self._named = settings, agency, named
        name = policy_name(settings, agency)
        self.policy: tuple[str, SlaPolicy] | None = (name, settings.sla[name]) if name else None

    def terms(self, course: Course, agreed: datetime | None = None) -> Terms | None:
        """What is promised for a ticket as it stands; what was promised before stays where no policy says otherwise.

        A target keeps the working seconds that it became when it was set, as long as the settings word it the same.
        """
        before = course.terms
        agreed = agreed or (before.agreed if before else None)
        if self.policy is None:
            return before
        name, policy = self.policy
        target = target_of(policy, course.fields["kind"], course.fields["priority"]) or Target()
        calendar = target.calendar or policy.calendar or self._agency.calendar or "business"
        since = course.opened_at
        response = self._goal(target.respond, calendar, since, before.response if before else None)
        resolution = self._goal(target.resolve, calendar, since, before.resolution if before else None)
        if agreed and resolution is None:
            resolution = Goal(calendar, self._named(calendar)[0])
        return Terms(name, policy.warn_at, policy.pauses, response, resolution, agreed)

    def contracts(self, course: Course, at: datetime) -> dict[str, Contract]:
        """The contracts in force: of the queue and the tier in which the ticket is, of the vendor it waits for."""
        names = self._places(course.fields["queue"], course.fields["tier"])
        if course.fields["status"] == "on-hold" and course.hold == "vendor":
            names += self._vendor(course.fields["queue"], course.fields["kind"])
        return {name: self._contract(name, at, course.contracts.get(name)) for name in dict.fromkeys(names)}

    def _places(self, queue: str | None, tier: str | None) -> list[str]:
        return [name for name in (queue, f"tier:{tier}") if name in self._settings.ola]

    def _vendor(self, queue: str | None, kind: str) -> list[str]:
        """The underpinning contract of a hold for a vendor: of the vendor to whom the queue hands this kind on, else
        of the one vendor's queue that has a contract, else of the vendors' tier."""
        settings = self._settings
        last = settings.tiers[-1].name
        here = settings.queues.get(queue or "")
        onward = here.next_for(kind) if here else None
        vendors = [name for name, other in settings.queues.items() if other.tier == last and name in settings.ola]
        if onward in vendors:
            return [onward]
        return vendors if len(vendors) == 1 else [name for name in (f"tier:{last}",) if name in settings.ola]

    def _contract(self, name: str, at: datetime, before: Contract | None) -> Contract:
        target, before = self._settings.ola[name], before or Contract()
        calendar = target.calendar or self._agency.calendar or "business"
        last = self._settings.tiers[-1].name
        queue = self._settings.queues.get(name)
        return Contract(
            self._goal(target.respond, calendar, at, before.response),
            self._goal(target.resolve, calendar, at, before.resolution),
            name == f"tier:{last}" or bool(queue and queue.tier == last),
        )

    def _goal(self, text: str | None, calendar: str, since: datetime | None, before: Goal | None) -> Goal | None:
        if text is None:
            return None
        duration = _duration(text)
        name = ELAPSED if duration.unit in ("d", "w") else calendar
        digest, found = self._named(name)
        if before and (before.target, before.calendar, before.digest) == (text, name, digest):
            return before
        if duration.unit != "wd":
            return Goal(name, digest, duration.seconds, text)
        if before and before.target == text and before.calendar == name:
            return Goal(name, digest, before.seconds, text)  # working seconds once, at registration
        try:
            return Goal(name, digest, working_seconds(found, since, duration) if since else None, text)
        except RefusedError:
            return Goal(name, digest, None, text)  # never open: nothing is ever due in it


@cache
def _duration(text: str) -> Duration:
    return parse_duration(text)


def policy_name(settings: DeskSettings, agency: AgencySettings) -> str | None:
    """The SLA policy of an agency: its own, else `standard`, else none."""
    if agency.sla in settings.sla:
        return agency.sla
    return STANDARD if STANDARD in settings.sla else None


def target_of(policy: SlaPolicy, kind: str, priority: str) -> Target | None:
    """The most specific table of a policy: the kind's priority, the kind's default, the same of `default`."""
    for targets in (getattr(policy, kind.replace("-", "_")), policy.default):
        found: Target | None = targets.get(priority) or targets.get("default")
        if found:
            return found
    return None
