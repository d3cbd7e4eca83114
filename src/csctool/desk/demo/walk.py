"""A ticket's life in the commands that a technician types; `csctool demo` runs them one by one."""

#: (when, why, the command as a technician types it). The times are the demo's, so that durations make sense.
WALK: tuple[tuple[str, str, str], ...] = (
    ("2026-03-02 09:00", "A desk is a directory.", "csctool init"),
    ("2026-03-02 09:00", "It serves agencies; each one's tickets, rules and files stand apart.",
     'csctool agency add DHS --name "Department of Human Services"'),
    ("2026-03-02 09:02", "The phone rings: register the call. The answer is the ticket's key.",
     'csctool open "No voice mail on extension 4-2117" --agency DHS --kind incident --channel phone \\\n'
     '    --requester "Ann Lee <ann.lee@dhs.example.gov>" --category telecom/voice/voicemail \\\n'
     "    --impact 2 --urgency 2 --queue network-telecom"),
    ("2026-03-02 09:03", "What is there to do? The most urgent comes first.", "csctool list"),
    ("2026-03-02 09:03", "Everything that is known about one ticket.", "csctool show DHS-1"),
    ("2026-03-02 09:05", "Somebody shall look at it.", "csctool assign DHS-1 --to ivan"),
    ("2026-03-02 09:12", "Ivan begins. (On a desk with people configured, --as needs a permission.)",
     "csctool --as ivan start DHS-1"),
    ("2026-03-02 09:40", "Beyond the first line: the next tier's queue for incidents takes it.",
     'csctool --as ivan escalate DHS-1 --reason "The mailbox is fine, the server does not store"'),
    ("2026-03-02 10:05", "They say it is not theirs: back to the desk, which owns the ticket all the time.",
     'csctool --as wei return DHS-1 --reason "The server stores; the carrier does not deliver"'),
    ("2026-03-02 10:10", "Ivan takes it again.", "csctool --as ivan assign DHS-1 --me"),
    ("2026-03-02 10:20", "The carrier must act. The cause of a hold decides whether the clock stops.",
     'csctool --as ivan hold DHS-1 --for vendor --until 1d -m "Carrier ticket 88124"'),
    ("2026-03-02 14:30", "The carrier is done.", 'csctool --as ivan resume DHS-1 -m "Carrier corrected the routing"'),
    ("2026-03-02 14:35", "A public note is read by the client, any other by the desk alone.",
     'csctool --as ivan note DHS-1 --public --minutes 5 "Please leave yourself a message and listen to it."'),
    ("2026-03-02 14:50", "Solved: what the client reads, and what it took.",
     "csctool --as ivan resolve DHS-1 --minutes 20 --training none \\\n"
     '    --resolution "Messages are stored again; the carrier had routed them elsewhere."'),
    ("2026-03-03 09:10", "The next morning Ann says that it works.", 'csctool close DHS-1 -m "Ann confirmed"'),
    ("2026-03-03 09:10", "Every change is on record: who, when, from what to what, and why.", "csctool history DHS-1"),
    ("2026-03-03 09:15", "The commonest call, registered and settled in one command.",
     'csctool open "Password reset" -a DHS --kind request -c phone -r "Ann Lee <ann.lee@dhs.example.gov>" \\\n'
     '    --resolution "Identity checked, reset and tested" --minutes 4 --close'),
    ("2026-03-03 09:20", "And the manager's view of it all.", "csctool report summary"),
)  # fmt: skip
