"""Reading rules.toml: which sections, tests and answers a rule may have; the matching itself is the domain's."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from csctool.domain.naming import nearest
from csctool.domain.organisation import DeskSettings, Rule, Rules
from csctool.domain.words import CHANNELS, DESCRIBING, KINDS, PRIORITIES, STATUSES
from csctool.errors import SettingsError
from csctool.settings.load import RULES_FILE, parse_toml, read_text
from csctool.settings.ready import Later, recalled, remember

if TYPE_CHECKING:  # rules that are kept ready need no findings
    from csctool.domain.rulecheck import Finding

#: What a rule of each section may answer.
ANSWERS: dict[str, tuple[str, ...]] = {
    "categorize": ("category", "kind", "service"),
    "prioritize": ("impact", "urgency", "priority"),
    "route": ("queue", "person"),
    "escalate": ("queue", "lead"),
    "notify": (
        "on",
        "to",
        "transport",
        "template",
        "subject",
        "text",
        "delay",
        "digest",
        "quiet",
        "urgent",
        "continue",
        "only",
    ),
}
#: What a rule of a section can't do without.
REQUIRED = {"notify": ("on", "to")}
#: What `when` may test besides `text` and `fields.NAME`.
TESTED = (
    *DESCRIBING, "agency", "key", "number", "status", "queue", "tier", "desk", "owner", "assignee", "flags", "code",
    "cause", "resolution", "training", "minutes", "handovers", "bounces",
)  # fmt: skip

_LEVELS = ("1", "2", "3")
#: Fields whose values are words of the field; an empty text asks for a channel that nobody named.
_WORDS: dict[str, tuple[str, ...]] = {
    "kind": KINDS, "status": STATUSES, "priority": PRIORITIES, "channel": (*CHANNELS, ""), "impact": _LEVELS,
    "urgency": _LEVELS,
}  # fmt: skip

_HEADER = "(?m)" + r"^[ \t]*\[\[[ \t]*\"?([a-z]+)\"?[ \t]*\]\]"


def load_rules(path: str, later: Later | None = None) -> Rules:
    """A rules file; none is an empty one. Raises SettingsError for the first thing that is wrong in it.

    `later` gets what keeps a long file's rules ready beside it for the next command.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return Rules(path)
    data = text.encode()
    known = recalled(path, data, Rules)
    if known is not None:
        return msgspec.structs.replace(known, source=path)
    rules, wrong = rules_from(text, path)
    if wrong:
        first = wrong[0]
        place = f"{path}:{first.line}: {first.rule}: " if first.rule else f"{path}: "
        raise SettingsError(place + first.message, first.hint)
    if later is not None:
        later.append(partial(remember, path, data, rules))
    return rules


def read_rules(
    path: str, desk: DeskSettings, transport: str | None, *, plain: Sequence[str]
) -> "tuple[Rules, list[Finding]]":  # fmt: skip
    """The rules that can be used on this desk and what is wrong with the others; `transport` is what an agency names in
    `[notify]`, `plain` the agencies of these rules that have no plugin which may deliver.

    Raises SettingsError for a file that is no TOML.
    """
    from csctool.domain.rulecheck import Finding
    from csctool.settings.notifying import no_place, no_transport, on_desk

    try:
        rules, wrong = rules_from(read_text(path), path)
    except FileNotFoundError:
        return Rules(path), []
    telling = []
    for rule in rules.notify:
        problems = list(on_desk(rule, desk, transport or desk.notify.transport))
        problems += no_transport(rule, desk, plain)
        problems += no_place(rule, desk, transport or desk.notify.transport)
        wrong += (Finding(kind, path, rule.line, rule.name, message, hint) for kind, message, hint in problems)
        if not problems:
            telling.append(rule)
    return msgspec.structs.replace(rules, notify=tuple(telling)), wrong


def rules_from(text: str, path: str) -> "tuple[Rules, list[Finding]]":
    """The same from text."""
    from csctool.domain.rulecheck import Finding

    data = parse_toml(text, path)
    lines = _lines(text)
    wrong: list[Finding] = []
    sections: dict[str, tuple[Rule, ...]] = {}
    for section, tables in data.items():
        if section not in ANSWERS:
            hint = _likely(section, tuple(ANSWERS))
            wrong.append(Finding("unknown-field", path, 0, None, f"unknown section [[{section}]]", hint))
        elif not isinstance(tables, list):
            hint = f"write [[{section}]], one for each rule"
            wrong.append(Finding("unreadable", path, 0, None, f"{section}: is one table", hint))
        else:
            starts = lines.get(section, [])
            sections[section] = tuple(_readable(path, section, starts, tables, wrong))
    return Rules(path, **sections), wrong


def desk_rules_path(root: str) -> str:
    """Where the rules of the whole desk stand."""
    return os.path.join(root, RULES_FILE)


def _lines(text: str) -> dict[str, list[int]]:
    """For each section the lines on which its rules begin."""
    found: dict[str, list[int]] = {}
    line, at = 1, 0
    for header in re.finditer(_HEADER, text):
        line += text.count("\n", at, header.start())
        at = header.start()
        found.setdefault(header[1], []).append(line)
    return found


def _readable(
    path: str, section: str, starts: list[int], tables: list[Any], wrong: "list[Finding]"
) -> Iterator[Rule]:  # fmt: skip
    from csctool.domain.rulecheck import Finding

    for number, table in enumerate(tables, 1):
        line = starts[number - 1] if number <= len(starts) else 0
        problems = list(_problems(section, table))
        for kind, message, hint in problems:
            wrong.append(Finding(kind, path, line, f"{section}[{number}]", message, hint))
        if not problems:
            then = {key: value for key, value in table.items() if key not in ("when", "reason")}
            yield Rule(section, number, line, _flat(table.get("when", {})), then, table.get("reason"))


def _flat(when: dict[str, Any]) -> dict[str, Any]:
    """`fields.site = …`, which TOML reads as a table within a table, as the one key that it means."""
    own = when.get("fields")
    if not isinstance(own, dict):
        return when
    return {**{k: v for k, v in when.items() if k != "fields"}, **{f"fields.{k}": v for k, v in own.items()}}


Problem = tuple[str, str, str]


def _problems(section: str, table: Any) -> Iterator[Problem]:
    """What is wrong with one rule: (kind, message, hint)."""
    if not isinstance(table, dict):
        yield "unreadable", "must be a table", ""
        return
    reason = table.get("reason")
    if reason is not None and not isinstance(reason, str):
        yield "unreadable", "reason: must be text", ""
    then = {key: value for key, value in table.items() if key not in ("when", "reason")}
    for key in REQUIRED.get(section, ()):
        if then and key not in then:
            yield "unreadable", f"says no `{key}`", f"give it {', '.join(REQUIRED[section])}"
    if not then:
        yield "unreadable", "answers nothing", f"give it one of: {', '.join(ANSWERS[section])}"
    answer = _answer
    if section == "notify":
        from csctool.settings.notifying import answer, together

        yield from together(then)
    for key, value in then.items():
        if key in ANSWERS[section]:
            yield from answer(key, value)
        else:
            yield "unknown-field", f"unknown key `{key}`", _likely(key, (*ANSWERS[section], "when", "reason"))
    when = table.get("when", {})
    if not isinstance(when, dict):
        yield "unreadable", "when: must be a table", 'e.g. when = { category = "telecom/*" }'
        return
    for key, value in _flat(when).items():
        yield from _test(key, value)


def _likely(key: str, known: tuple[str, ...]) -> str:
    near = nearest(key, list(known))
    return f"did you mean `{near}`?" if near else f"known: {', '.join(known)}"


def _answer(key: str, value: Any) -> Iterator[Problem]:
    if key in ("impact", "urgency"):
        if value not in (1, 2, 3) or isinstance(value, bool):
            yield "unknown-value", f"{key}: must be 1, 2 or 3, not {value!r}", ""
    else:
        allowed = {"priority": PRIORITIES, "kind": KINDS}.get(key)
        if not isinstance(value, str) or not value.strip() or (allowed and value not in allowed):
            right = f"one of {', '.join(allowed)}" if allowed else "text"
            yield "unknown-value" if allowed else "unreadable", f"{key}: must be {right}", ""


def _test(key: str, value: Any) -> Iterator[Problem]:
    if key != "text" and key not in TESTED and not key.startswith("fields."):
        yield "unknown-field", f"when: unknown key `{key}`", _likely(key, ("text", *TESTED))
        return
    items = value if isinstance(value, list) else [value]
    if not items:
        yield "unreadable", f"when.{key}: an empty list never matches", ""
    for item in items:
        if not isinstance(item, str | int | bool):
            yield "unreadable", f"when.{key}: must be text, a number, true or false, or a list of these", ""
        elif key == "text" and not (isinstance(item, str) and item.strip()):
            yield "unreadable", "when.text: must be words or phrases", ""
        elif key in _WORDS and str(item) not in _WORDS[key]:
            known = tuple(name for name in _WORDS[key] if name)
            yield "unknown-value", f"when.{key}: no such {key}: {item!r}", _likely(str(item), known)


def rule_references(rules: Rules, desk: DeskSettings | None, transport: str | None = None) -> None:
    """Refuse a rule that answers with a queue or person which the desk does not have, or tells somebody whom it does
    not know. `transport` is what the agency names in `[notify]`."""
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
    for rule in rules.notify:
        from csctool.settings.notifying import check_rule

        check_rule(rule, f"{rules.source}:{rule.line}: {rule.name}", desk, transport or desk.notify.transport)
