"""From undecoded documents to the tickets that are asked for, decoding no more than it takes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import msgspec

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.storage import codec


def sieve(query: Query) -> Callable[[Iterable[msgspec.Raw]], Iterator[Ticket]]:
    """What picks the query's tickets out of documents.

    A query that keeps nearly everything decodes at once. One that asks about some field looks at a sketch first, which
    costs a third of decoding the ticket and is wasted only when most tickets match.
    """
    matches = query.matcher()
    decode = _decoder(query)
    if not _narrow(query):
        return lambda documents: filter(matches, map(decode, documents))
    # The matcher asks for fields only, and the sketch has them all but the texts that `words` looks through.
    rough = cast("Callable[[Any], bool]", msgspec.structs.replace(query, words=()).matcher())

    def pick(documents: Iterable[msgspec.Raw]) -> Iterator[Ticket]:
        kept = (document for document in documents if rough(codec.sketch(document)))
        return filter(matches, map(decode, kept))

    return pick


def answers_in_brief(query: Query) -> bool:
    """Whether a brief of each ticket has all that the query asks about and wants, and there are briefs to be read."""
    return query.detail == "brief" and query.finished() and not (query.words or query.requesters or query.owners)


def answers_in_outline(query: Query) -> bool:
    """Whether nearly every live ticket is wanted in outline, so that a file is best decoded as a whole."""
    return query.detail == "outline" and not (query.finished() or query.words or _narrow(query))


def _decoder(query: Query) -> Callable[[msgspec.Raw], Ticket]:
    """The cheapest decoder that gives what the query wants; whoever looks for words needs the notes too."""
    return codec.outline if query.detail == "outline" and not query.words else codec.decode


def _narrow(query: Query) -> bool:
    broad = Query(
        agencies=query.agencies, everything=query.everything, hidden=query.hidden, words=query.words,
        detail=query.detail,
    )  # fmt: skip
    return query != broad


def opened_with(word: str, documents: Iterable[msgspec.Raw]) -> Iterator[tuple[str, Ticket]]:
    """Every ticket whose opening carries `word` (`once`, `identity`) outside its fields, with the value it carries."""
    trace = b'"%s":[null,' % word.encode()
    for document in documents:
        # csctool's own encoder wrote the document, so the bytes can be looked at before any decoding.
        if trace in bytes(document):
            ticket = codec.decode(document)
            value = opening(ticket, word)
            if value is not None:
                yield value, ticket


def opening(ticket: Ticket, word: str) -> str | None:
    """The value that the ticket's opening event carries under `word`."""
    if not ticket.history:
        return None
    value = ticket.history[0].changes.get(word, (None, None))[1]
    return None if value is None else str(value)
