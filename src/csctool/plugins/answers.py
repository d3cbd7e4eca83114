"""What an answer means, and whether this desk can use it: a queue that it has, an impact of 1 to 3."""

from collections.abc import Callable
from typing import Any

from csctool.domain.organisation import DeskSettings
from csctool.domain.words import KINDS, PRIORITIES
from csctool.plugins.hookspecs import Answer
from csctool.plugins.layers import FailedError

#: The field that a plain string answers, for each hook.
PLAIN = {"categorize": "category", "prioritize": "priority", "route": "queue", "escalate": "queue"}


def understood(hook: str, raw: Any, wanted: tuple[str, ...], desk: DeskSettings) -> dict[str, Any]:
    """The answer as fields. Raises FailedError, saying what is wrong with it."""
    if isinstance(raw, str):
        said: dict[str, Any] = {PLAIN[hook]: raw}
    elif isinstance(raw, Answer):
        named = {name: value for name in wanted if (value := getattr(raw, name)) is not None}
        said = named if raw.plain is None else {PLAIN[hook]: raw.plain, **named}
    else:
        raise FailedError(f"{hook} answered {type(raw).__name__}, not a text or an Answer")
    if not said:
        raise FailedError(f"{hook} answered none of {', '.join(wanted)}")
    for name, value in said.items():
        check = _CHECKS.get(name)
        if check is None:
            if not isinstance(value, str) or not value.strip():
                raise FailedError(f"{hook} answered an empty {name}")
        elif not check(value, desk):
            raise FailedError(f"{hook} answered {name} {value!r}, which this desk does not have")
    if "service" in said:  # by any of its names; the ticket has the key
        said["service"] = desk.service_named(said["service"]) or said["service"]
    return said


def _level(value: Any, _: DeskSettings) -> bool:
    return type(value) is int and 1 <= value <= 3


def _person(value: Any, desk: DeskSettings) -> bool:
    return isinstance(value, str) and bool(value) and (not desk.people or value in desk.people)


_CHECKS: dict[str, Callable[[Any, DeskSettings], bool]] = {
    "queue": lambda value, desk: value in desk.queues,
    "person": _person,
    "lead": _person,
    "kind": lambda value, _: value in KINDS,
    "priority": lambda value, _: value in PRIORITIES,
    "impact": _level,
    "urgency": _level,
    "service": lambda value, desk: isinstance(value, str) and bool(not desk.services or desk.service_named(value)),
}
