"""The table of commands: name -> (module, one-line help). It imports nothing, so that help and start-up stay light."""

#: Chapters of the help page, in the order in which a newcomer meets the commands.
CHAPTERS: dict[str, dict[str, tuple[str, str]]] = {
    "Set up": {
        "init": ("init", "Make a desk in a directory."),
        "agency": ("agency", "Add, list and show agencies."),
        "queue": ("queue", "Add, list and show queues."),
        "person": ("person", "Add and list the people who work tickets."),
        "service": ("service", "List the catalogue of services."),
        "config": ("config", "Check the settings."),
        "calendar": ("calendar", "Working time: list, show, due, elapsed."),
    },
    "Register and look": {
        "open": ("open", "Register a ticket; with --resolution answer it in the same breath."),
        "show": ("show", "Show tickets."),
        "list": ("list", "List tickets, the most urgent first."),
        "search": ("search", "List tickets that contain all the words."),
        "history": ("history", "Show everything that happened to a ticket."),
        "sla": ("sla", "Show the clocks of a ticket; recompute them; simulate another policy."),
        "explain": ("explain", "Show why a ticket was categorised, prioritised and routed as it was."),
    },
    "Work": {
        "triage": ("triage", "Correct what describes a ticket; --reroute asks routing again."),
        "assign": ("assign", "Give tickets to a person or a queue."),
        "start": ("start", "Begin work."),
        "hold": ("hold", "Wait for the requester, a vendor, a change, an approval."),
        "resume": ("resume", "End a hold."),
        "callback": ("callback", "Record that the requester of a P1 or P2 was called back."),
        "note": ("note", "Write something down."),
        "link": ("link", "Tie tickets to another one."),
    },
    "Hand on": {
        "escalate": ("escalate", "Send tickets to the next tier, or tell the queue's lead."),
        "return": ("give_back", "Send tickets back to the desk that owns them: not ours."),
        "diagnose": ("diagnose", "Record the cause."),
        "transfer": ("transfer", "Move tickets to the agency they belong to."),
    },
    "Finish": {
        "resolve": ("resolve", "Tell the client that it works again."),
        "close": ("close", "Close resolved tickets."),
        "reopen": ("reopen", "It does not work after all."),
        "cancel": ("cancel", "End tickets without a resolution."),
        "merge": ("merge", "End tickets as duplicates of another one."),
    },
    "Take back": {
        "undo": ("undo", "Take back a whole operation, without OP your latest."),
    },
    "Agencies' own rules": {
        "rules": ("rules", "Check an agency's rules, test them, capture expectations."),
        "plugin": ("plugin", "Make, check, list and replay plugins and rules."),
    },
    "Measure and move": {
        "report": ("report", "Measure: summary, volume, backlog, sla, resolution, flow, workload."),
        "import": ("import_", "Take in tickets from CSV, TSV or JSON Lines."),
        "export": ("export", "Write tickets out."),
        "sweep": ("sweep", "The cron job: warn, breach, escalate, resume, close, archive."),
        "archive": ("archive", "Move finished tickets to their months' archives."),
    },
    "Tell": {
        "outage": ("outage", "What many agencies suffer at once: open, plan, list, update, resolve."),
        "notify": ("notify", "Messages to people: list what waits, deliver it."),
    },
    "Trust": {
        "doctor": ("doctor", "Look for damage and trouble; --repair saves what can be saved."),
        "audit": ("audit", "Prove that nobody changed the past: verify, head."),
        "backup": ("backup", "Write the whole desk to a file, or verify such a file."),
        "restore": ("restore", "Put a backup, or one agency of it, back."),
    },
    "More": {
        "demo": ("demo", "Walk through a ticket's life on a throw-away desk."),
        "schema": ("schema", "Print the JSON Schema of an output."),
        "completion": ("completion", "Print the completion script for bash, zsh or fish."),
    },
}

COMMANDS: dict[str, tuple[str, str]] = {name: entry for chapter in CHAPTERS.values() for name, entry in chapter.items()}
