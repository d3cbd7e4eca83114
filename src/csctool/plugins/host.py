"""The host: asks layer after layer, one implementation at a time, and records who was asked and who answered.

One pluggy manager per layer and agency, holding only that layer's plugins; nothing is global. Implementations are
called here, not by pluggy's multicall, so that one that fails silences nobody (plugins.md, Rules of the host).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from csctool.desk.ports import Enough, Letter, Outcome, Plugged, Question, Staffing, Told, Verdict
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.ticket import Decision, Event, Passed
from csctool.errors import CscError, PluginError
from csctool.plugins.answers import understood
from csctool.plugins.builtin.assignment import staff
from csctool.plugins.hookspecs import Agency, Answer, Change, Message, Receipt
from csctool.plugins.layers import Asked, FailedError, Implementer, Layer

NO_ANSWER = Passed("").why
#: Who answered when nobody did: a decision that records only those who failed.
NOBODY = "nobody"


class Host:
    """Decisions for one agency: its layers in order. Implements `desk.ports.Decisions`."""

    def __init__(
        self, key: str, agency: AgencySettings, desk: DeskSettings, layers: Iterable[Asked], directory: str = ""
    ) -> None:
        self._key = key
        self._agency = agency
        self._desk = desk
        self._layers = tuple(layers)
        self._directory = directory
        self._zone = desk.zone_of(agency)
        self._failures: dict[tuple[str, str], int] = {}
        self._recorded: set[tuple[str, Passed]] = set()
        self._unrecorded: dict[str, list[tuple[str, Passed]]] = {}
        self._silent: bool | None = None

    @property
    def layers(self) -> tuple[Asked, ...]:
        """Those who are asked, in their order."""
        return self._layers

    def prepare(self) -> None:
        """Start the processes that plugins run in, before a lock is taken."""
        for layer in self._layers:
            layer.prepare()

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
        offered = self._offered(question, change=Change(question.verb, question.change))
        said: list[str] = []
        for _, answer in self._everybody("validate", question.ticket.key, offered):
            said += answer
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

    def staffed(self, question: Question, staffing: Staffing) -> Verdict:
        """The person to whom the ticket's queue assigns it, where somebody named the queue and nobody a person."""
        person, why = staff(question.ticket.queue or "", self._desk, question.now, staffing)
        said = {"assignee": person}
        return Verdict(said, Decision("assign", said, "assignment", reason=why)) if person else Verdict()

    def escalate(self, question: Question) -> Verdict:
        """The first queue or lead."""
        return self._first("escalate", question, ("queue", "lead"), reason=question.reason or "")

    def notify(self, event: Event, question: Question) -> list[Told]:
        """Everybody's messages about an event, in the order of the layers. The question holds the ticket after it.

        A rule that says `only` ends the asking.
        """
        if self.silent():
            return []
        said: list[Told] = []
        offered = self._offered(question, event=event)
        for _, answer in self._everybody("notify", question.ticket.key, offered):
            said += [one for one in answer if isinstance(one, Told)]
            if any(isinstance(one, Enough) for one in answer):
                break
        return said

    def silent(self) -> bool:
        """Whether nobody is asked who is told."""
        if self._silent is None:
            self._silent = not any(True for _ in self._ask("notify", []))
        return self._silent

    def plugins(self) -> list[Plugged]:
        """The Python that is asked, in its order."""
        return [found for layer in self._layers for found in layer.plugged()]

    def changed(self, event: Event, question: Question) -> None:
        """Tell everybody who wants to know. The change is saved: nobody's failure can touch it."""
        for _ in self._everybody("changed", question.ticket.key, self._offered(question, event=event)):
            pass

    def deliver(self, letter: Letter, subject: str, text: str) -> Outcome | None:
        """The first receipt; None when no plugin knows the transport."""
        notice = letter.notice
        message = Message(
            notice.transport, notice.to, text, notice.template, subject, notice.ticket, id=notice.id, event=notice.event
        )  # fmt: skip
        passed: list[Passed] = []
        for impl in self._ask("deliver", passed):
            try:
                receipt = impl.ask({"message": message})
            except FailedError as error:
                return Outcome(error=f"plugin {impl.plugin}: {error}")
            if isinstance(receipt, Receipt):
                return Outcome(receipt.id, receipt.detail)
        if passed:  # one of these may be whose transport it is
            one = passed[0]
            return Outcome(
                error=f"nobody who can be asked knows the transport {notice.transport}; plugin {one.plugin}: {one.why}"
            )
        return None

    def failures(self) -> list[CscError]:
        """Plugins that failed since the last call, each told once with how often."""
        failed, self._failures = self._failures, {}
        return [
            PluginError(f"plugin {plugin} of {self._key} was passed over: {why}" + (f" ({n} times)" if n > 1 else ""))
            for (plugin, why), n in failed.items()
        ]

    def unrecorded(self, key: str) -> tuple[Decision, ...]:
        """Who failed while a ticket was asked about and stands in none of its decisions yet; for its history."""
        waiting = self._unrecorded.pop(key, [])
        by_hook: dict[str, list[Passed]] = {}
        for hook, one in waiting:
            if (key, one) not in self._recorded:
                self._recorded.add((key, one))
                by_hook.setdefault(hook, []).append(one)
        return tuple(Decision(hook, {}, NOBODY, passed=tuple(passed)) for hook, passed in by_hook.items())

    # -- asking --------------------------------------------------------------------------------------------

    def _ask(self, hook: str, passed: list[Passed]) -> Iterator[Implementer]:
        """Those who answer a hook. Who can't be asked is noted in `passed` on the way."""
        for layer in self._layers:
            for one in layer.broken():
                passed.append(Passed(one.plugin, one.why))
                self._failures[one.plugin, one.why] = 1
            yield from layer.implementations(hook)

    def _everybody(self, hook: str, key: str, offered: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
        """The lists that are answered, each with who answered; those who fail are recorded with the ticket."""
        failed: list[Passed] = []
        try:
            for impl in self._ask(hook, failed):
                try:
                    answer = self._answer(impl, offered)
                    if answer is not None and not isinstance(answer, list):
                        raise FailedError(f"{hook} answered {type(answer).__name__}, not a list")
                    if hook == "notify":
                        answer = [
                            one if isinstance(one, Told | Enough) else self._told(one, impl) for one in answer or ()
                        ]
                except FailedError as error:
                    self._failed(impl.plugin, str(error), failed)
                else:
                    yield impl.plugin, answer or []
        finally:
            if failed:
                self._unrecorded.setdefault(key, []).extend((hook, one) for one in failed)

    def _told(self, message: Any, impl: Implementer) -> Told:
        """A plugin's message, if this desk can tell it. Raises FailedError."""
        if not isinstance(message, Message):
            raise FailedError(f"notify answered a list with {type(message).__name__} in it, not Message")
        if not (message.transport or self._agency.notify.transport or self._desk.notify.transport):
            raise FailedError("notify named no transport, and csctool.toml names none in [notify]")
        from csctool.domain.timing import wrong_timing

        wrong = wrong_timing(self._desk, message.delay, message.digest, message.quiet)
        if wrong:
            raise FailedError(f"notify answered {wrong[0]}")
        return Told(
            message.transport, message.to, impl.plugin, message.template, message.subject, message.text, message.after,
            message.delay, message.digest, message.quiet, message.urgent,
        )  # fmt: skip

    def _first(self, hook: str, question: Question, wanted: tuple[str, ...], **more: Any) -> Verdict:
        passed: list[Passed] = []
        offered = self._offered(question, **more)
        for impl in self._ask(hook, passed):
            try:
                raw = self._answer(impl, offered)
                if raw is None:
                    passed.append(Passed(impl.plugin))
                    continue
                said = understood(hook, raw, wanted, self._desk)
            except FailedError as error:
                self._failed(impl.plugin, str(error), passed)
                continue
            reason, rule = (raw.reason, raw.rule) if isinstance(raw, Answer) else (None, None)
            self._note(question.ticket.key, passed)
            return Verdict(said, Decision(hook, said, impl.plugin, impl.version, rule, reason, tuple(passed)))
        if not self._note(question.ticket.key, passed):
            return Verdict()
        return Verdict({}, Decision(hook, {}, NOBODY, passed=tuple(passed)))

    def _note(self, key: str, passed: list[Passed]) -> bool:
        """Remember which failures a decision records. Answers whether there is any."""
        failed = {(key, one) for one in passed if one.why != NO_ANSWER}
        self._recorded |= failed
        return bool(failed)

    def _offered(self, question: Question, **more: Any) -> dict[str, Any]:
        agency = self._agency
        info = Agency(
            self._key, agency.name, question.now, agency.locale or self._desk.locale, agency.contacts, self._zone,
            self._directory,
        )  # fmt: skip
        return {"ticket": question.ticket, "agency": info, **more}

    def _answer(self, impl: Implementer, offered: dict[str, Any]) -> Any:
        """What an implementation answers, told the settings that are meant for it. Raises FailedError."""
        own = self._settings_for(impl.plugin)
        if own:
            offered = {**offered, "agency": msgspec.structs.replace(offered["agency"], settings=own)}
        return impl.ask(offered)

    def _settings_for(self, plugin: str) -> dict[str, Any]:
        """`[settings.PLUGIN]`, the agency's over the desk's. A draft on trial has those of the file that it will be."""
        desk, agency = self._desk.settings, self._agency.settings
        if not (desk or agency):
            return {}
        name = plugin
        if name not in desk and name not in agency:
            name = f"plugins/{plugin.rpartition('/')[2]}"
        return {**desk.get(name, {}), **agency.get(name, {})}

    def _failed(self, plugin: str, why: str, passed: list[Passed]) -> None:
        passed.append(Passed(plugin, why))
        self._failures[plugin, why] = self._failures.get((plugin, why), 0) + 1


def host_for(
    key: str, agency: AgencySettings, desk: DeskSettings, layers: Iterable[Asked | tuple[str, object]] = (),
    directory: str = "",
) -> Host:  # fmt: skip
    """A host with its layers: the given ones in their order (or a named rule set), then what is built in."""
    from csctool.plugins.builtin import builtin_plugins

    asked = [Layer(one[0], {one[0]: one[1]}) if isinstance(one, tuple) else one for one in layers]
    return Host(key, agency, desk, [*asked, Layer("built-in", builtin_plugins(agency, desk))], directory)
