"""Reading rules.toml: which sections, tests and answers a rule may have; the matching itself is a plugin's."""

import os
import re
from typing import Any

from csctool.domain.organisation import DeskSettings, Rule, Rules
from csctool.domain.words import DESCRIBING, KINDS, PRIORITIES
from csctool.errors import SettingsError
from csctool.settings.load import RULES_FILE, nearest, parse_toml, read_text

#: What a rule of each section may answer.
ANSWERS: dict[str, tuple[str, ...]] = {
    "categorize": ("category", "kind", "service"),
    "prioritize": ("impact", "urgency", "priority"),
    "route": ("queue", "person"),
    "escalate": ("queue", "lead"),
    "notify": ("on", "to", "transport", "template", "text", "quiet", "digest"),
}
#: What `when` may test besides `text` and `fields.NAME`.
TESTED = (*DESCRIBING, "agency", "status", "queue", "tier", "desk", "owner", "assignee", "flags", "code", "cause")

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*\"?([a-z]+)\"?[ \t]*\]\]", re.MULTILINE)


def load_rules(path: str) -> Rules:
    """A rules file; none is an empty one. Raises SettingsError, citing the rule and its line."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        return Rules(path)
    data = parse_toml(text, path)
    lines = _lines(text)
    sections: dict[str, tuple[Rule, ...]] = {}
    for section, tables in data.items():
        if section not in ANSWERS:
            raise SettingsError(f"{path}: unknown section [[{section}]]", f"known: {', '.join(ANSWERS)}")
        if not isinstance(tables, list):
            raise SettingsError(f"{path}: {section}: write [[{section}]], one for each rule")
        starts = lines.get(section, [])
        sections[section] = tuple(
            _rule(path, section, number, starts[number - 1] if number <= len(starts) else 0, table)
            for number, table in enumerate(tables, 1)
        )
    return Rules(path, **sections)


def desk_rules_path(root: str) -> str:
    """Where the rules of the whole desk stand."""
    return os.path.join(root, RULES_FILE)


def _lines(text: str) -> dict[str, list[int]]:
    """For each section the lines on which its rules begin."""
    found: dict[str, list[int]] = {}
    line, at = 1, 0
    for header in _HEADER.finditer(text):
        line += text.count("\n", at, header.start())
        at = header.start()
        found.setdefault(header[1], []).append(line)
    return found


def _rule(path: str, section: str, number: int, line: int, table: Any) -> Rule:
    place = f"{path}:{line}: {section}[{number}]"
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: must be a table")
    when = table.get("when", {})
    if not isinstance(when, dict):
        raise SettingsError(f"{place}: when: must be a table", 'e.g. when = { category = "telecom/*" }')
    reason = table.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise SettingsError(f"{place}: reason: must be text")
    then = {key: value for key, value in table.items() if key not in ("when", "reason")}
    for key in then:
        _known(f"{place}: ", key, ANSWERS[section])
    if not then:
        raise SettingsError(f"{place}: answers nothing", f"give it one of: {', '.join(ANSWERS[section])}")
    for key, value in then.items():
        _answer(place, key, value)
    for key, value in when.items():
        _test(place, key, value)
    return Rule(section, number, line, when, then, reason)


def _known(place: str, key: str, known: tuple[str, ...]) -> None:
    if key in known:
        return
    near = nearest(key, list(known))
    raise SettingsError(
        f"{place}unknown key `{key}`", f"did you mean `{near}`?" if near else f"known: {', '.join(known)}"
    )


def _answer(place: str, key: str, value: Any) -> None:
    if key in ("impact", "urgency"):
        if value not in (1, 2, 3) or isinstance(value, bool):
            raise SettingsError(f"{place}: {key}: must be 1, 2 or 3, not {value!r}")
        return
    if key in ("on", "to"):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f"{place}: {key}: must be a list of texts")
        return
    allowed = {"priority": PRIORITIES, "kind": KINDS}.get(key)
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise SettingsError(f"{place}: {key}: must be {'one of ' + ', '.join(allowed) if allowed else 'text'}")


def _test(place: str, key: str, value: Any) -> None:
    if key != "text" and not key.startswith("fields."):
        _known(f"{place}: when: ", key, ("text", *TESTED))
    items = value if isinstance(value, list) else [value]
    if not items:
        raise SettingsError(f"{place}: when.{key}: an empty list never matches")
    for item in items:
        if not isinstance(item, str | int | bool):
            raise SettingsError(f"{place}: when.{key}: must be text, a number, true or false, or a list of these")
        if key == "text" and not (isinstance(item, str) and item.strip()):
            raise SettingsError(f"{place}: when.text: must be words or phrases")


def rule_references(rules: Rules, desk: DeskSettings | None) -> None:
    """Refuse a rule that answers with a queue or person which the desk does not have."""
    if desk is None:
        return
    known = {"queue": list(desk.queues), "service": list(desk.services)}
    if desk.people:
        known |= {"person": list(desk.people), "lead": list(desk.people)}
    for rule in (*rules.categorize, *rules.route, *rules.escalate):
        for key, value in rule.then.items():
            if known.get(key) and value not in known[key]:
                near = nearest(value, known[key])
                hint = f"did you mean {near}?" if near else f"there are: {', '.join(known[key])}"
                raise SettingsError(f"{rules.source}:{rule.line}: {rule.name}: no such {key}: {value!r}", hint)
