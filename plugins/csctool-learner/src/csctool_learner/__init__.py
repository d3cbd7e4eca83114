"""Categorises and routes by the words of a ticket, as its agency's resolved tickets were. Silent where it is not sure.

`csctool-learn` writes the model that is read here. It lies in the agency's own directory, is data and never executed,
and answers only for the agency from whose tickets it was learned.
"""

from csctool.plugins import Agency, Answer, Ticket, hookimpl
from csctool_learner.model import Model, Said, decoded

__version__ = "1.0.0"
CSCTOOL_API = 1

#: Where the model lies in the agency's directory, unless `[settings.csctool_learner]` says `model = "…"`.
FILE = "plugins/learned.json"


@hookimpl
def categorize(ticket: Ticket, agency: Agency) -> Answer | None:
    """The category that tickets with such words had in the end."""
    said = _said("category", ticket, agency)
    return said and Answer(category=said.label, reason=_reason(said))


@hookimpl
def route(ticket: Ticket, agency: Agency) -> Answer | None:
    """The queue in which tickets with such words were resolved."""
    said = _said("queue", ticket, agency)
    return said and Answer(queue=said.label, reason=_reason(said))


def text_of(subject: str, description: str | None) -> str:
    """What is learned from, and asked about: the subject, then the description."""
    return f"{subject}\n{description or ''}"


def _said(field: str, ticket: Ticket, agency: Agency) -> Said | None:
    model = _model(agency)
    question = model.questions.get(field) if model else None
    if question is None:
        return None
    return question.answer(text_of(ticket.subject, ticket.description), agency.settings.get("confidence"))


def _model(agency: Agency) -> Model | None:
    """The agency's model, None where nothing was learned yet.

    Raises ValueError for another agency's model or a file that is none, FileNotFoundError for one that the settings
    name and that is not there.
    """
    name = agency.settings.get("model", FILE)
    place = agency.directory, name
    if place not in _models:
        try:
            _models[place] = decoded(agency.read(name))
        except FileNotFoundError:
            if "model" in agency.settings:
                raise
            _models[place] = None
    model = _models[place]
    if model is not None and model.agency != agency.key:
        raise ValueError(f"{name} was learned from tickets of {model.agency}")
    return model


#: Read once: the process lives for one command and one agency.
_models: dict[tuple[str, str], Model | None] = {}


def _reason(said: Said) -> str:
    words = ", ".join(said.words) or "no single one"
    return f"resolved tickets with these words had it: {words} ({said.confidence:.0%} sure)"
