"""A desk with people and a transport, and what waits in its outbox."""

import re

#: What a sweep says of a message.
TOLD = re.compile(r"tell \S+: (.*) of (\S+), by \S+")

PEOPLE = """
[people.ana]
email = "Ana@csc.example.gov"
user = "{me}"
roles = ["csr", "resolver", "manager"]
[people.bo]
email = "bo@csc.example.gov"
roles = ["csr", "resolver"]
[people.cy]
email = "cy@csc.example.gov"
roles = ["csr", "manager"]
[people.dee]
email = "dee@csc.example.gov"
roles = ["resolver"]
[people.kim]
email = "kim@csc.example.gov"
roles = ["coordinator"]
[people.pat]
roles = ["resolver"]

[notify]
transport = "file"
"""


class Office:
    """csctool on a desk that tells people, and a look at what it tells."""

    def __init__(self, csctool):
        self.csctool = csctool
        self.desk = csctool.desk

    def __call__(self, *words, **more):
        return self.csctool(*words, **more)

    def __getattr__(self, name):
        return getattr(self.csctool, name)

    def at(self, clock):
        """The clock is moved."""
        self.csctool.clock = clock
        return self

    def notices(self, *words):
        return self("notify", "list", *words, "--format", "json").json["notices"]

    def told(self, *words):
        """What waits in the outbox, as (event, role, mailbox), in its order."""
        return [(n["event"], n["role"], n["to"].rpartition("<")[2].rstrip(">")) for n in self.notices(*words)]

    def latest(self, *words, **more):
        """What a command causes to be told."""
        before = self.told()
        self(*words, **more)
        return self.told()[len(before) :]

    def sweep(self, clock=None):
        """Who is told by a sweep, as (event, mailbox)."""
        if clock:
            self.at(clock)
        found = [TOLD.fullmatch(line) for line in self("sweep").lines if line.startswith("tell ")]
        return [(one[2], one[1].rpartition("<")[2].rstrip(">")) for one in found]

    def settings(self, text, more=""):
        """`[notify]` says this instead."""
        path = self.desk / "csctool.toml"
        before = re.sub(r"(?m)^\[notify\]\n(?:[^\[\n].*\n|\n)*", "", path.read_text())
        path.write_text(f"{before}\n[notify]\n{text}\n{more}")

    def person(self, name, text):
        """More of a person."""
        path = self.desk / "csctool.toml"
        path.write_text(path.read_text().replace(f"[people.{name}]\n", f"[people.{name}]\n{text}\n"))

    def agency(self, text, key="DHS"):
        """More of an agency."""
        with (self.desk / "agencies" / key / "agency.toml").open("a") as file:
            file.write(text)

    def rules(self, text, key="DHS"):
        """The rules of an agency; of the desk when `key` is None."""
        place = self.desk / "agencies" / key if key else self.desk
        (place / "rules.toml").write_text(text)
