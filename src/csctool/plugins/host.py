"""The host: asks layer after layer, one implementation at a time, and records who was asked and who answered.

One pluggy manager per layer and agency, holding only that layer's plugins; nothing is global. Implementations are
called here, not by pluggy's multicall, so that one that fails silences nobody (plugins.md, Rules of the host).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
import pluggy

from csctool.desk.ports import Question, Staffing, Verdict
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Decision, Passed
from csctool.domain.words import KINDS, PRIORITIES
from csctool.errors import CscError, PluginError
from csctool.plugins.builtin.assignment import staff
from csctool.plugins.hookspecs import PROJECT, Agency, Answer, Change, Hooks

#: The field that a plain string answers, for each hook.
PLAIN = {"categorize": "category", "prioritize": "priority", "route": "queue", "escalate": "queue"}


class _Manager(pluggy.PluginManager):
    """pluggy's manager; names with two leading underscores are no hooks, and are not looked at: there are many."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """The options of an implementation; None for what is none."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """The options of a specification; None for what is none."""
        return None if name.startswith("__") else super().parse_hookspec_opts(module_or_class, name)


class Layer:
    """A named set of plugins that stand side by side; pluggy orders them (`tryfirst`, `trylast`)."""

    def __init__(self, name: str, plugins: Mapping[str, object]) -> None:
        self.name = name
        self.manager = _Manager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        for plugin_name, plugin in plugins.items():
            self.manager.register(plugin, plugin_name)

    def implementations(self, hook: str) -> Iterator[Any]:
        """Those who answer a hook, the first to be asked first."""
        caller: pluggy.HookCaller = getattr(self.manager.hook, hook)
        return reversed(caller.get_hookimpls())


class Host:
    """Decisions for one agency: its layers in order. Implements `desk.ports.Decisions`."""

    def __init__(self, key: str, agency: AgencySettings, desk: DeskSettings, layers: Iterable[Layer]) -> None:
        self._key = key
        self._agency = agency
        self._desk = desk
        self._layers = tuple(layers)
        self._failures: list[CscError] = []

    def categorize(self, question: Question) -> Verdict:
        """The first category; an answered service is brought to its catalogue key."""
        return self._first("categorize", question, ("category", "kind", "service"))

    def prioritize(self, question: Question) -> Verdict:
        """The first priority; impact and urgency alone go through the matrix."""
        verdict = self._first("prioritize", question, ("impact", "urgency", "priority"))
        answer = dict(verdict.answer)
        if answer and "priority" not in answer:
            impact = answer.get("impact", question.ticket.impact)
            urgency = answer.get("urgency", question.ticket.urgency)
            answer["priority"] = self._desk.priorities.of(impact, urgency)
        decision = verdict.decision
        return Verdict(answer, decision and msgspec.structs.replace(decision, answer=answer))

    def validate(self, question: Question) -> list[str]:
        """Everybody's objections, in the order of the layers."""
        change = Change(question.verb, question.change)
        said: list[str] = []
        for impl in self._ask("validate"):
            answer = self._call(impl, question, change=change)
            if answer is None:
                continue
            if not isinstance(answer, list) or not all(isinstance(text, str) for text in answer):
                self._failed(impl.plugin_name, "validate answered no list of texts")
                continue
            said.extend(answer)
        return said

    def route(self, question: Question, staffing: Staffing) -> Verdict:
        """The first queue, and a person when the answer or the queue's automatic assignment names one."""
        verdict = self._first("route", question, ("queue", "person"))
        answer = dict(verdict.answer)
        person = answer.pop("person", None)
        if person is not None:
            answer["assignee"] = person
        decision = verdict.decision
        queue = answer.get("queue")
        if queue is not None and person is None:
            person, why = staff(queue, self._desk, question.now, staffing)
            if person is not None:
                answer["assignee"] = person
                reason = "; ".join(part for part in (decision and decision.reason, why) if part)
                decision = decision and msgspec.structs.replace(decision, reason=reason)
        return Verdict(answer, decision and msgspec.structs.replace(decision, answer=answer))

    def escalate(self, question: Question) -> Verdict:
        """The first queue or lead."""
        return self._first("escalate", question, ("queue", "lead"), reason=question.reason or "")

    def failures(self) -> list[CscError]:
        """Plugins that failed since the last call."""
        failed, self._failures = self._failures, []
        return failed

    # -- asking --------------------------------------------------------------------------------------------

    def _ask(self, hook: str) -> Iterator[Any]:
        return (impl for layer in self._layers for impl in layer.implementations(hook))

    def _first(self, hook: str, question: Question, wanted: tuple[str, ...], **more: Any) -> Verdict:
        passed: list[Passed] = []
        for impl in self._ask(hook):
            name = impl.plugin_name
            raw = self._call(impl, question, **more)
            if raw is None:
                passed.append(Passed(name))
                continue
            said, wrong = self._understood(hook, raw, wanted)
            if wrong:
                self._failed(name, f"{hook} {wrong}")
                passed.append(Passed(name, wrong))
                continue
            reason, rule = (raw.reason, raw.rule) if isinstance(raw, Answer) else (None, None)
            version = getattr(impl.plugin, "version", None)
            return Verdict(said, Decision(hook, said, name, version, rule, reason, tuple(passed)))
        return Verdict()

    def _call(self, impl: Any, question: Question, **more: Any) -> Any:
        offered: dict[str, Any] = {"ticket": question.ticket, "agency": self._info(question), **more}
        try:
            return impl.function(*(offered[name] for name in impl.argnames))
        except CscError as error:
            self._failed(impl.plugin_name, str(error))
        return None

    def _info(self, question: Question) -> Agency:
        agency = self._agency
        return Agency(self._key, agency.name, question.now, agency.locale, agency.contacts)

    def _failed(self, plugin: str, why: str) -> None:
        self._failures.append(PluginError(f"plugin {plugin} was passed over: {why}"))

    # -- understanding -------------------------------------------------------------------------------------

    def _understood(self, hook: str, raw: Any, wanted: tuple[str, ...]) -> tuple[dict[str, Any], str | None]:
        """The answer as fields, or what is wrong with it."""
        if isinstance(raw, str):
            said: dict[str, Any] = {PLAIN[hook]: raw}
        elif isinstance(raw, Answer):
            said = {name: value for name in wanted if (value := getattr(raw, name)) is not None}
        else:
            return {}, f"answered {type(raw).__name__}, not a text or an Answer"
        if not said:
            return {}, f"answered none of {', '.join(wanted)}"
        for name, value in said.items():
            wrong = self._wrong(name, value)
            if wrong:
                return {}, wrong
        return said, None

    def _wrong(self, name: str, value: Any) -> str | None:
        check = _CHECKS.get(name)
        if check is not None:
            return None if check(value, self._desk) else f"answered {name} {value!r}, which this desk does not have"
        return None if isinstance(value, str) and value.strip() else f"answered an empty {name}"


_CHECKS: dict[str, Callable[[Any, DeskSettings], bool]] = {
    "queue": lambda value, desk: value in desk.queues,
    "person": lambda value, desk: isinstance(value, str) and (not desk.people or value in desk.people),
    "lead": lambda value, desk: isinstance(value, str) and (not desk.people or value in desk.people),
    "kind": lambda value, _: value in KINDS,
    "priority": lambda value, _: value in PRIORITIES,
    "impact": lambda value, _: value in (1, 2, 3),
    "urgency": lambda value, _: value in (1, 2, 3),
    "service": lambda value, desk: isinstance(value, str) and (not desk.services or value in desk.services),
}


def host_for(
    key: str, agency: AgencySettings, desk: DeskSettings, rules: Iterable[tuple[str, object]] = ()
) -> Host:  # fmt: skip
    """A host with its layers: the named rule sets in the given order, then what is built in."""
    from csctool.plugins.builtin import builtin_plugins

    layers = [Layer(name, {name: plugin}) for name, plugin in rules]
    layers.append(Layer("built-in", builtin_plugins(agency, desk)))
    return Host(key, agency, desk, layers)
