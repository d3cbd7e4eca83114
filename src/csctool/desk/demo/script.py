"""What happens on the demo desk: stories, and which ticket lives which of them, when."""

import random
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

Row = dict[str, Any]


class Story(NamedTuple):
    """`times` tickets from the `cast` of templates, opened `ages` days ago in one `way`, then these steps.

    Steps that would lie in the future have not happened: that is how tickets come to be half done.
    """

    times: int
    cast: str
    ages: tuple[float, float]
    way: str
    steps: str = ""


ALL, SETTLED = (0.0, 59.5), (7.0, 59.5)

#: Ways: `call` on a live channel, `answered` and `solved` during it, `mail` on one that waits, `any`, `vague` by mail
#: and without saying what it is, `bare` by mail and without the service that some agencies require.
STORIES = (
    # Finished, most of them.
    Story(86, "quick", ALL, "answered"),
    Story(30, "information", ALL, "answered"),
    Story(35, "quick", ALL, "solved", "close"),
    Story(40, "incident", SETTLED, "any", "assign start resolve close"),
    Story(32, "request", SETTLED, "any", "assign start resolve close"),
    Story(20, "incident", SETTLED, "any", "start note resolve close"),
    Story(8, "information", SETTLED, "mail", "start resolve close"),
    Story(38, "incident", SETTLED, "any", "assign start escalate assign start diagnose resolve close"),
    Story(14, "request", SETTLED, "any", "assign escalate assign start resolve close"),
    Story(16, "incident", (14, 59.5), "any", "start escalate assign escalate hold:vendor resume note resolve close"),
    Story(14, "incident", SETTLED, "any", "assign start hold:requester answer resolve close"),
    Story(8, "request", SETTLED, "mail", "start hold:requester answer note resolve close"),
    Story(10, "request", (14, 59.5), "mail", "assign hold:approval resume start resolve close"),
    Story(7, "new-service", (14, 59.5), "mail", "assign hold:approval resume escalate assign start resolve close"),
    Story(4, "incident", (14, 59.5), "any", "assign start hold:change resume resolve close"),
    Story(3, "request", (14, 59.5), "any", "assign hold:other resume start resolve close"),
    Story(10, "incident", SETTLED, "any", "escalate return assign start resolve close"),
    Story(6, "incident", SETTLED, "any", "escalate return assign note escalate assign start resolve close"),
    Story(2, "incident", SETTLED, "any", "escalate return escalate return force assign start diagnose resolve close"),
    Story(10, "incident", (14, 59.5), "any", "start resolve close reopen note resolve close"),
    Story(7, "complaint", SETTLED, "any", "own assign start tell note resolve close"),
    Story(10, "contact", SETTLED, "vague", "triage assign start resolve close"),
    Story(7, "incident", ALL, "any", "cancel"),
    Story(4, "request", ALL, "mail", "assign cancel"),
    Story(7, "unsupported", ALL, "any", "refer"),
    Story(6, "incident", SETTLED, "any", "transfer assign start resolve close"),
    Story(6, "incident", SETTLED, "bare", "complete assign start resolve close"),
    Story(6, "incident", SETTLED, "pressing", "ring reach start resolve close"),
    Story(3, "outage", SETTLED, "any", "own start note diagnose mend close"),
    Story(10, "echo", SETTLED, "call", "merge"),
    Story(3, "problem", (21, 50), "mail", "assign blame start note diagnose resolve close"),
    Story(6, "change", (14, 45), "fixing", "assign hold:approval resume start resolve close"),
    # Alive, whatever the clock says.
    Story(12, "incident", (0, 1.5), "any"),
    Story(5, "request", (0, 2), "mail"),
    Story(5, "contact", (0, 2), "vague"),
    Story(4, "incident", (4, 8), "bare"),
    Story(6, "incident", (2, 5), "any", "assign"),
    Story(4, "request", (2, 6), "mail", "assign"),
    Story(8, "incident", (4, 9), "any", "assign start note"),
    Story(4, "request", (4, 9), "any", "assign start"),
    Story(6, "incident", (5, 12), "any", "start escalate"),
    Story(7, "incident", (5, 12), "any", "start escalate assign start note"),
    Story(4, "request", (4, 9), "mail", "assign escalate assign start"),
    Story(2, "incident", (6, 12), "any", "escalate return"),
    Story(4, "incident", (6, 14), "any", "assign start hold:requester"),
    Story(4, "incident", (8, 25), "any", "start escalate assign escalate hold:vendor"),
    Story(3, "incident", (8, 20), "any", "assign start diagnose hold:change"),
    Story(3, "request", (8, 25), "mail", "assign hold:approval"),
    Story(3, "new-service", (8, 30), "mail", "assign hold:approval"),
    Story(2, "request", (6, 15), "any", "assign hold:other"),
    Story(7, "incident", (9, 14), "any", "assign start promise:past note"),
    Story(7, "request", (5, 9), "any", "assign promise:ahead start"),
    Story(5, "incident", (5, 8), "any", "assign start resolve"),
    Story(2, "incident", (8, 16), "any", "start resolve reopen note"),
    Story(3, "incident", (0, 0.6), "pressing"),
    Story(2, "incident", (2, 3), "pressing", "ring"),
    Story(2, "complaint", (5, 8), "mail", "own assign tell"),
    Story(3, "problem", (9, 20), "mail", "assign blame start note"),
    Story(3, "change", (5, 14), "fixing", "assign hold:approval"),
    Story(1, "outage", (0.1, 0.12), "any", "own start"),
    Story(3, "echo", (0, 0.1), "call", "adopt"),
    Story(2, "information", (0, 1), "mail"),
)  # fmt: skip

#: Minutes from the step before, least and most.
DELAYS = {
    "assign": (4, 50), "start": (3, 110), "note": (10, 180), "escalate": (15, 150), "force": (30, 200),
    "return": (30, 240), "diagnose": (20, 200), "resolve": (15, 240), "mend": (600, 1500), "close": (2880, 5200),
    "reopen": (300, 2880), "hold": (10, 120), "resume": (1440, 6000), "answer": (120, 2880), "cancel": (30, 600),
    "refer": (5, 90), "transfer": (10, 120), "triage": (20, 300), "complete": (20, 300), "promise": (20, 120),
    "own": (3, 20), "tell": (300, 1440), "ring": (4, 15), "reach": (5, 60), "merge": (5, 9), "adopt": (2, 6),
    "blame": (60, 600),
}  # fmt: skip
DAY = 1440
#: What is pressing goes on at night, and so much faster.
HASTE = 6
#: The share of what presses among what could.
SEVERE = 0.3
OPENS, CLOSES = 8, 17


class Life(msgspec.Struct):
    """One ticket to come: where from, what about, and its steps with their times. `key` once it is opened."""

    story: Story
    template: Row
    agency: str
    opened: datetime
    slots: dict[str, str]
    levels: tuple[int, int]
    steps: list[tuple[datetime, str]] = []
    mine: bool = False
    kin: "Life | None" = None
    key: str | None = None

    @property
    def pressing(self) -> bool:
        """High impact or urgency: worked on round the clock."""
        return min(self.levels) == 1


class Cast(msgspec.Struct):
    """Who calls, about what, and the words for it."""

    agencies: list[Row]
    requesters: dict[str, str]
    slots: dict[str, list[str]]
    words: dict[str, list[str]]
    templates: dict[str, list[Row]]


def cast() -> Cast:
    """The data files of this room."""
    here = files("csctool.desk.demo")
    people = tomllib.loads((here / "cast.toml").read_text(encoding="utf-8"))
    templates = tomllib.loads((here / "tickets.toml").read_text(encoding="utf-8"))
    return Cast(people["agency"], people["requesters"], people["slots"], people["words"], templates)


def written(rng: random.Random, who: Cast, now: datetime, zone: tzinfo, home: str) -> list[Life]:
    """Every life of the sixty days before `now`, in order of opening."""
    decks: dict[str, list[Row]] = {}
    lives: list[Life] = []
    for story in STORIES:
        for _ in range(story.times):
            template = _dealt(decks, story, who, rng)
            slots = {name: rng.choice(values) for name, values in who.slots.items()}
            slots["topic"] = template.get("service", "telephone")
            life = Life(story, template, _agency(rng, who, story, home), now, slots, _levels(rng, story, template))
            life.mine = story.ages is not ALL and story.ages[1] < 30 and len(lives) % 6 == 0
            life.opened = _arrival(rng, life, now, zone)
            lives.append(life)
    lives.sort(key=lambda life: life.opened)
    for life in lives:
        life.kin = _kin(rng, life, lives)
        if life.kin and life.story.cast == "echo":
            life.opened = min(now, life.kin.opened + timedelta(seconds=rng.randint(120, 1500)))
        life.steps = list(_course(rng, life, zone))
    return lives


def played(lives: Sequence[Life], now: datetime) -> Iterator[tuple[datetime, Life, str]]:
    """Every step that lies behind, of all lives together, in order of time."""
    steps = [
        (at, number, place, step)
        for number, life in enumerate(lives)
        for place, (at, step) in enumerate([(life.opened, "open"), *life.steps])
        if at <= now
    ]
    for at, number, _, step in sorted(steps):
        yield at, lives[number], step


def _dealt(decks: dict[str, list[Row]], story: Story, who: Cast, rng: random.Random) -> Row:
    """The next template: all are seen before one comes again, but most of what presses is passed over.

    What a script found does not come by mail.
    """
    deck = decks.setdefault(story.cast, [])
    while True:
        if not deck:
            deck += rng.sample(who.templates[story.cast], len(who.templates[story.cast]))
        template = deck.pop()
        if "channel" in template and story.way != "any":
            continue
        if story.cast == "outage" or min(template.get("levels", (3,))) > 1 or rng.random() < SEVERE:
            return template


def _levels(rng: random.Random, story: Story, template: Row) -> tuple[int, int]:
    """Impact and urgency: those of the template, else what people say."""
    if story.way == "pressing":
        return 2, 1
    if "levels" in template:
        impact, urgency = template["levels"]
        return impact, urgency
    return rng.choices(((3, 3), (3, 2), (2, 3), (2, 2)), (50, 25, 15, 10))[0]


def _agency(rng: random.Random, who: Cast, story: Story, home: str) -> str:
    if story.cast in ("problem", "outage"):
        return home
    asked = [agency for agency in who.agencies if story.way != "bare" or "required" in agency]
    key: str = rng.choices(asked, [agency["share"] for agency in asked])[0]["key"]
    return key


def _arrival(rng: random.Random, life: Life, now: datetime, zone: tzinfo) -> datetime:
    """When the contact comes: most in office hours, more in the morning; what scripts and portals send, any time."""
    youngest, oldest = life.story.ages
    at = (now - timedelta(days=rng.uniform(youngest, oldest))).replace(microsecond=0)
    hour = rng.triangular(OPENS, CLOSES, OPENS + 1.5)
    if life.pressing or life.story.cast == "echo" or (life.story.way == "mail" and hour < OPENS + 2):
        return at
    local = at.astimezone(zone)
    at = local.replace(hour=int(hour), minute=int(hour * 60) % 60, second=rng.randint(0, 59)).astimezone(UTC)
    while at > now or at.astimezone(zone).weekday() > 4:
        at -= timedelta(days=1)
    return at


def _kin(rng: random.Random, life: Life, lives: Sequence[Life]) -> Life | None:
    """The earlier ticket that this one has to do with: the outage of an echo, the incident of a change or problem."""
    if life.story.cast == "echo":
        alive = life.story.steps != "merge"
        outages = [other for other in lives if other.story.cast == "outage" and (other.story.ages[1] < 1) == alive]
        return rng.choice(outages)
    if life.story.cast not in ("change", "problem"):
        return None
    earlier = [other for other in lives if other.story.cast == "incident" and other.opened < life.opened]
    same = [other for other in earlier if other.template["service"] == life.template["service"]]
    return rng.choice(same or earlier) if earlier else None


def _course(rng: random.Random, life: Life, zone: tzinfo) -> Iterator[tuple[datetime, str]]:
    """The steps after the opening with their times, in office hours unless it presses."""
    at = life.opened
    for step in life.story.steps.split():
        least, most = DELAYS[step.partition(":")[0]]
        minutes = rng.uniform(least, most)
        if life.pressing and most <= 2 * DAY:
            minutes /= HASTE
        at += timedelta(seconds=int(minutes * 60))
        if not life.pressing and step not in ("merge", "adopt"):
            at = _office(rng, at, zone)
        yield at, step


def _office(rng: random.Random, at: datetime, zone: tzinfo) -> datetime:
    """The same time, or some minutes into the next office day when nobody is there."""
    local = at.astimezone(zone)
    if local.weekday() < 5 and OPENS <= local.hour < CLOSES:
        return at
    if local.hour >= OPENS:
        local += timedelta(days=1)
    while local.weekday() > 4:
        local += timedelta(days=1)
    return local.replace(hour=OPENS, minute=rng.randint(0, 55), second=rng.randint(0, 59)).astimezone(UTC)
