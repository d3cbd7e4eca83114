"""What a recipient reads: the words of a letter, in the recipient's language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from csctool.desk.ports import Letter, Wording
from csctool.domain.naming import is_template
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.errors import CscError, SettingsError
from csctool.notify.blocks import CONTENT, Page, page, plain_page
from csctool.notify.facts import LISTS, LONGEST, Audience, colleague, facts, people
from csctool.notify.neutral import neutral, one_line
from csctool.notify.sandbox import BREAK, VALUE, Engine, WordsError
from csctool.notify.templates import LAST, Found, Read, Templates
from csctool.notify.tongue import Tongue, chain

#: What is said of an event that has no words of its own, and of several at once.
ANYTHING, DIGEST, LAYOUT = "changed", "digest", "layout"
#: What the layout has besides the fields of the event.
FRAME = ("content", "small", "title", "lang", "direction")
_SUBJECT = "Subject:"
LONGEST_SUBJECT = 200

Fill = Callable[[Mapping[str, Any]], str]


class Content(msgspec.Struct, frozen=True):
    """The words of an event, without the layout: where they come from, and a subject where they have one."""

    page: Page
    subject: str = ""
    stem: str = ""
    layer: int = 0


class Reader(msgspec.Struct, frozen=True):
    """Who reads: in which audience and tongue, with the templates of which agency."""

    whom: Audience
    tongue: Tongue
    locales: tuple[str, ...]
    templates: Templates


class Writer:
    """Words for the letters of one desk. Of a template that can't be used `troubles` tells, and the next is taken."""

    def __init__(self, root: str, settings: DeskSettings, agency: Callable[[str], AgencySettings], read: Read) -> None:
        self._root = root
        self._settings = settings
        self._agency = agency
        self._people = people(settings)
        self._read = read
        self._troubles: list[CscError] = []
        self._told: set[str] = set()
        self._templates: dict[str, Templates] = {}
        self._readers: dict[tuple[str, Audience, str, str], Reader] = {}
        self._engines: dict[tuple[Audience, str, str, bool], Engine] = {}
        self._filled: dict[tuple[int, str], Fill | WordsError] = {}

    def worded(self, letter: Letter, locale: str | None = None) -> Wording:
        """The words of a letter: those of the rule or plugin that wanted it told, else those of its template."""
        return self._written(letter, [], locale)

    def digest(self, letters: Sequence[Letter], locale: str | None = None) -> Wording:
        """Several letters to one recipient in one, the oldest first."""
        return self._written(letters[-1], letters, locale)

    def names(self, agency: str) -> frozenset[str]:
        """The names of the words that there are for an agency, in whatever language."""
        return frozenset(self._of(agency).stems())

    def troubles(self) -> list[CscError]:
        """What could not be used since the last call; each thing once."""
        found, self._troubles = self._troubles, []
        return found

    # -- one letter ----------------------------------------------------------------------------------------

    def _written(self, letter: Letter, letters: Sequence[Letter], locale: str | None) -> Wording:
        reader = self._reader(letter, locale)
        agency = self._agency(letter.agency)
        fields = facts(letter, self._settings, agency, reader.tongue, reader.whom, letters)
        content = self._content(letter, reader, fields, DIGEST if letters else "")
        subject = ("" if letters else letter.notice.subject) or content.subject or letter.ticket.subject
        key = f"[{letter.ticket.key}]"
        subject = one_line(subject if fields["tickets"] > 1 or key in subject else f"{key} {subject}", LONGEST_SUBJECT)
        whole = self._layout(reader, {**fields, "content": CONTENT}).around(content.page)
        html = self._html(reader, content, whole, {**fields, "title": subject})
        return Wording(subject, whole.text(), html, reader.tongue.locale)

    def _content(self, letter: Letter, reader: Reader, fields: Mapping[str, Any], instead: str) -> Content:
        notice = letter.notice
        if notice.text and not instead:
            return Content(plain_page(neutral(notice.text[:LONGEST])))
        names = [instead] if instead else [notice.template, notice.event, ANYTHING]
        found, filled, stem = self._first(reader, [name for name in names if name], fields)
        if notice.template and not instead and stem.removesuffix(".staff") != notice.template:
            right = f"write it as agencies/{letter.agency}/templates/{notice.template}.txt"
            self._trouble(SettingsError(
                f"{letter.agency}: there is no template {notice.template!r}, which {notice.rule} wants",
                right if is_template(notice.template) else "use letters and digits, hyphens between",
            ))  # fmt: skip
        subject, body = "", filled
        if filled.startswith(_SUBJECT):
            subject, _, body = filled[len(_SUBJECT) :].partition("\n")
            subject = subject.replace(VALUE, "").replace(BREAK, " ").strip()
        return Content(page(body), subject, stem, found.layer)

    def _html(self, reader: Reader, content: Content, whole: Page, fields: Mapping[str, Any]) -> str:
        """The same in HTML: in the template of the event where the agency has one, else in the layout."""
        from markupsafe import Markup

        body, small = map(Markup, whole.html(reader.tongue.direction))
        framed = {**fields, "content": body, "small": small, "lang": reader.tongue.locale.replace("_", "-"),
                  "direction": reader.tongue.direction}  # fmt: skip
        own = [found for found in reader.templates.find(f"{content.stem}.html", reader.locales)
               if content.stem and found.layer <= content.layer]  # fmt: skip
        for found in (*own, *self._candidates(reader, LAYOUT, "html")):
            filled = self._fill(reader, found, framed, html=True)
            if filled is not None and (found in own or body in filled):
                return filled
            if filled is not None:
                self._lost(found)
        raise WordsError("the layout that csctool brings can't be used")

    # -- templates -----------------------------------------------------------------------------------------

    def _layout(self, reader: Reader, fields: Mapping[str, Any]) -> Page:
        """What stands around the words of an event: the first layout that has a place for them."""
        for found in self._candidates(reader, LAYOUT, "txt"):
            filled = self._fill(reader, found, fields, html=False)
            if filled is None:
                continue
            whole = page(filled)
            if any(block.kind == "content" for block in whole.body):
                return whole
            self._lost(found)
        raise WordsError("the layout that csctool brings can't be used")

    def _lost(self, layout: Found) -> None:
        why = "{{ content }}, the words of the event, has no line of its own in it"
        self._trouble(SettingsError(f"{layout.path}: {why}", "the next best layout is used"))

    def _first(self, reader: Reader, names: Sequence[str], fields: Mapping[str, Any]) -> tuple[Found, str, str]:
        """The first of these templates that there is and that can be filled: it, the text, its name."""
        for name in names:
            for found in self._candidates(reader, name, "txt"):
                filled = self._fill(reader, found, fields, html=False)
                if filled is not None:
                    return found, filled, found.path.rpartition("/")[2].removesuffix(".txt")
        raise WordsError(f"none of the templates {', '.join(names)} can be used")

    def _candidates(self, reader: Reader, name: str, kind: str) -> Iterator[Found]:
        """The files of a name, those for the staff first where the reader is one of them."""
        if not is_template(name):
            return
        if reader.whom == "staff":
            yield from reader.templates.find(f"{name}.staff.{kind}", reader.locales)
        yield from reader.templates.find(f"{name}.{kind}", reader.locales)

    def _fill(self, reader: Reader, found: Found, fields: Mapping[str, Any], *, html: bool) -> str | None:
        engine = self._engine(reader, fields, html=html)
        known = (id(engine), found.path)
        if known not in self._filled:
            try:
                self._filled[known] = engine.compiled(found.source)
            except WordsError as error:
                self._filled[known] = error
        fill = self._filled[known]
        try:
            if isinstance(fill, WordsError):
                raise fill
            return fill(fields)
        except WordsError as error:
            self._trouble(SettingsError(f"{found.path}: {error}", "the next best words are used"))
            return None

    def _engine(self, reader: Reader, fields: Mapping[str, Any], *, html: bool) -> Engine:
        tongue = reader.tongue
        known = (reader.whom, tongue.locale, str(tongue.zone), html)
        if known not in self._engines:
            names = {*fields, *FRAME} if html else {*fields, "content"}
            self._engines[known] = Engine(names, LISTS & names, tongue.filters(), html=html)
        return self._engines[known]

    # -- readers -------------------------------------------------------------------------------------------

    def _reader(self, letter: Letter, locale: str | None) -> Reader:
        settings, agency = self._settings, self._agency(letter.agency)
        person = colleague(letter, self._people)
        whom: Audience = "staff" if person else "client"
        own = (person.locale if person else agency.locale) or settings.locale
        place = (person.timezone or settings.timezone) if person else settings.zone_of(agency)
        known = (letter.agency, whom, locale or own, place)
        if known not in self._readers:
            templates = self._of(letter.agency)
            locales = self._locales(letter.agency, templates, locale or own)
            zone = ZoneInfo(place)
            exact = (locale or own).replace("-", "_")  # a region without words of its own has dates of its own
            tongue = Tongue(exact if locales[0] in chain(exact) else LAST, zone, templates.names(locales))
            self._readers[known] = Reader(whom, tongue, locales, templates)
        return self._readers[known]

    def _locales(self, agency: str, templates: Templates, wanted: str) -> tuple[str, ...]:
        """Where to look for words, the nearest first: English where there are none in the language that is wanted."""
        there = templates.locales()
        found = tuple(locale for locale in chain(wanted) if locale in there)
        if not found:
            self._trouble(SettingsError(
                f"{agency}: there are no words in {wanted!r}, English is used", f"there are: {', '.join(there)}"
            ))  # fmt: skip
        return found or (LAST,)

    def _of(self, agency: str) -> Templates:
        if agency not in self._templates:
            self._templates[agency] = Templates(self._root, agency, self._read, self._trouble)
        return self._templates[agency]

    def _trouble(self, error: CscError) -> None:
        if str(error) not in self._told:
            self._told.add(str(error))
            self._troubles.append(error)
