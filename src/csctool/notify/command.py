"""The transport `command`: a program gets each message as JSON on its stdin."""

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.transports import Command
from csctool.notify.program import run
from csctool.notify.transport import document

#: Exit statuses (sysexits.h) by which a program says that the message or its recipient is no good: 65 EX_DATAERR,
#: 67 EX_NOUSER, 68 EX_NOHOST. Everything else, above all 75 EX_TEMPFAIL and a crash, may be better the next time.
REFUSED = frozenset({65, 67, 68})


class CommandTransport:
    """A program; exit status 0 is delivered."""

    def __init__(self, table: Command) -> None:
        self._table = table

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Run it. The first line of its stdout is the receipt."""
        program, seconds = self._table.run[0], self._table.timeout
        ran = run(self._table.run, document(letter, words) + b"\n", seconds)
        if ran.status == 0:
            return Outcome(ran.out.strip().partition("\n")[0] or None)
        said = ran.err.strip().rpartition("\n")[2]
        if ran.status is None:
            what = f"took more than {seconds} s and was killed"
        elif ran.status < 0:
            what = f"was killed by signal {-ran.status}"
        else:
            what = f"ended with {ran.status}"
        return Outcome(error=f"{program} {what}" + (f": {said[:200]}" if said else ""), final=ran.status in REFUSED)

    def close(self) -> None:
        """Nothing to end."""
