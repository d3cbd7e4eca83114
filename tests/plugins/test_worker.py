"""A plugin may do what it likes: the ticket is registered, the next in line answers, and the plugin is named."""

import os
import time

import pytest
from tests.plugins.helpers import enable, passed, plugin, plugins_of, rules

#: What a plugin does -> (its code, what is said about it).
MISDEEDS = {
    "raises": ("@hookimpl\ndef categorize(ticket): raise ValueError('n\\no')", "raised ValueError: n o (line 3)"),
    "raises what can't be told": (
        "class Odd(Exception):\n def __str__(self): raise KeyError\n@hookimpl\ndef categorize(ticket): raise Odd",
        "raised Odd",
    ),
    "calls sys.exit": ("import sys\n@hookimpl\ndef categorize(ticket): sys.exit(3)", "raised SystemExit: 3"),
    "calls os._exit": ("import os\n@hookimpl\ndef categorize(ticket): os._exit(0)", "ended its process"),
    "kills itself": ("import os\n@hookimpl\ndef categorize(ticket): os.kill(os.getpid(), 9)", "ended its process"),
    "interrupts": ("@hookimpl\ndef categorize(ticket): raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "recurses": ("@hookimpl\ndef categorize(ticket): return categorize(ticket)", "raised RecursionError"),
    "eats memory": ("@hookimpl\ndef categorize(ticket): return str(len(bytes(2**31)))", "raised MemoryError"),
    "eats memory bit by bit": (
        "@hookimpl\ndef categorize(ticket):\n all = []\n while True: all.append(bytearray(3 * 10**8))",
        "categorize ",  # MemoryError, or the time is up first on a slow machine
    ),
    "answers a number": ("@hookimpl\ndef categorize(ticket): return 42", "answered int"),
    "answers a generator": ("@hookimpl\ndef categorize(ticket): yield 'x'", "answered generator"),
    "answers an empty text": ("@hookimpl\ndef categorize(ticket): return ' '", "answered an empty category"),
    "answers half a character": ("@hookimpl\ndef categorize(ticket): return '\\ud800'", "can't be kept"),
    "answers an endless text": ("@hookimpl\ndef categorize(ticket): return 'x' * 2**21", "can't be kept"),
    "answers the wrong fields": ("@hookimpl\ndef categorize(ticket): return Answer(queue='apps')", "answered none of"),
    "answers fields of wrong types": (
        "@hookimpl\ndef categorize(ticket): return Answer(category=['a'])", "answered nonsense"
    ),
    "answers an unknown kind": ("@hookimpl\ndef categorize(ticket): return Answer(kind='wish')", "'wish', which this"),
    "mutates the ticket": ("@hookimpl\ndef categorize(ticket): ticket.subject = 'mine'", "raised AttributeError"),
    "lacks an import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "is no Python": ("def categorize(:", "SyntaxError"),
    "exits while it is loaded": ("import os; os._exit(0)", "ended its process while it was loaded"),
    "raises while it is loaded": ("raise BaseException('no')", "BaseException: no"),
    "misspells a hook": ("@hookimpl\ndef categorise(ticket): return 'x'", "did you mean categorize?"),
    "asks for what there is not": ("@hookimpl\ndef categorize(ticket, store): return 'x'", "asks for store"),
    "wraps the others": (
        "@hookimpl(wrapper=True)\ndef categorize(ticket):\n yield\n return 'x'", "categorize is a wrapper"
    ),
    "wraps the others the old way": (
        "@hookimpl(hookwrapper=True)\ndef categorize(ticket):\n out = yield\n out.force_result('x')", "is a wrapper",
    ),
    "wants another csctool": ("CSCTOOL_API = 2\n@hookimpl\ndef categorize(ticket): return 'x'", "CSCTOOL_API 2"),
    "speaks out of turn": (
        "import os\n@hookimpl\ndef categorize(ticket):\n for fd in range(3, 20):\n"
        "  try: os.write(fd, b'\\0' * 8 + b'[]')\n  except OSError: pass\n return 'x'", "spoiled the line",
    ),
    "hangs up": ("import os\n@hookimpl\ndef categorize(ticket): os.closerange(3, 200)", "ended its process"),
    "adds reports for one agency": ("@hookimpl\ndef reports(): return []", "reports is for plugins of the whole desk"),
}  # fmt: skip
HANGS = {
    "sleeps": "import time\n@hookimpl\ndef categorize(ticket): time.sleep(3600)",
    "loops": "@hookimpl\ndef categorize(ticket):\n while True: pass",
    "loops in C": "@hookimpl\ndef categorize(ticket): return sum(range(10**12))",
    "loops and catches everything": (
        "@hookimpl\ndef categorize(ticket):\n while True:\n  try:\n   while True: pass\n  except BaseException: pass"
    ),
    "blocks every signal": (
        "import signal, time\n@hookimpl\ndef categorize(ticket):\n"
        " signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n time.sleep(3600)"
    ),
}


def registered(csctool, code, said):
    """Open a ticket at a desk whose agency has this plugin, and look at everything that is promised."""
    plugin(csctool.desk, code)
    rules(csctool.desk)
    done = csctool("open", "Printer jams", "--agency", "DHS")
    key = done.out.strip()
    assert csctool.ticket(key)["category"] == "office/printer"
    assert "csctool: plugin plugins/own.py of DHS was passed over: " in done.err
    assert said in done.err
    (event,) = csctool.events(key)
    assert any(name == "plugins/own.py" and said in why for name, why in passed(event)), event["decisions"]


@pytest.mark.parametrize("deed", MISDEEDS)
def test_whatever_a_plugin_does_the_ticket_is_registered_and_the_rules_answer(csctool, deed):
    registered(csctool, *MISDEEDS[deed])


@pytest.mark.parametrize("deed", HANGS)
def test_a_plugin_that_hangs_is_killed_and_the_ticket_is_registered(csctool, deed, monkeypatch):
    monkeypatch.setattr("csctool.plugins.remote.BUDGET", 0.6)
    registered(csctool, HANGS[deed], "took more than 0.6 seconds and was killed")


def test_a_plugin_that_hangs_while_it_is_loaded_is_killed(csctool, monkeypatch):
    monkeypatch.setattr("csctool.plugins.remote.BUDGET", 0.6)
    registered(csctool, "while True: pass", "took more than 0.6 seconds and was killed while it was loaded")


@pytest.mark.parametrize("deed", ["raises", "calls os._exit", "is no Python", "misspells a hook"])
def test_strict_registers_all_the_same_and_exits_8(csctool, deed):
    plugin(csctool.desk, MISDEEDS[deed][0])
    rules(csctool.desk)
    done = csctool("--strict", "open", "Printer jams", "--agency", "DHS", status=8)
    assert csctool.ticket(done.out.strip())["category"] == "office/printer"
    assert MISDEEDS[deed][1] in done.err


def test_strict_tells_the_failure_as_a_document_where_json_is_wanted(csctool):
    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): 1 / 0")
    done = csctool("--strict", "open", "Printer jams", "--agency", "DHS", "--format", "json", status=8)
    assert done.ticket["key"] == "DHS-1"
    (error,) = done.errors
    assert error["code"] == "plugin"
    assert error["exit"] == 8
    assert "ZeroDivisionError" in error["message"]


def test_the_time_budget_is_two_seconds_for_one_ticket(process):
    plugin(process.desk, "import time\n@hookimpl\ndef categorize(ticket): time.sleep(3600)")
    began = time.monotonic()
    done = process("open", "Printer jams", "--agency", "DHS")
    assert "categorize took more than 2 seconds and was killed" in done.err
    assert time.monotonic() - began >= 2


def test_what_a_plugin_prints_goes_to_stderr_and_never_into_the_answer(process):
    plugin(
        process.desk,
        "import os, sys\nprint('loud')\n@hookimpl\ndef categorize(ticket):\n print('{}', end='')\n"
        " os.write(1, b'<raw>')\n sys.__stdout__.write('dunder')\n os.system('echo shell')\n return 'x/y'",
    )
    done = process("open", "Printer jams", "--agency", "DHS", "--format", "json")
    assert done.ticket["category"] == "x/y"
    for word in ("loud", "{}", "<raw>", "dunder", "shell"):
        assert word in done.err


def test_what_a_plugin_prints_is_told_line_by_line_with_its_name(process):
    plugin(
        process.desk,
        "print('I am loaded')\n@hookimpl\ndef categorize(ticket):\n print('half a ', end='')\n print('line\\nanother')"
        "\n print('no end', end='')\n return 'x/y'",
    )
    plugin(process.desk, "@hookimpl\ndef route(ticket): print('mine')", name="plugins/other.py", only=False)
    whose = "plugin plugins/own.py of DHS prints: "
    assert process("open", "Printer jams", "--agency", "DHS").err.splitlines() == [
        f"{whose}I am loaded",
        f"{whose}half a line",
        f"{whose}another",
        f"{whose}no end",
        "plugin plugins/other.py of DHS prints: mine",
    ]


def test_a_plugin_reads_nothing_from_csctools_stdin(process):
    plugin(
        process.desk, "import sys\n@hookimpl\ndef categorize(ticket): return 'read/' + (sys.stdin.read() or 'nothing')"
    )
    done = process("open", "Printer jams", "--agency", "DHS", stdin="what csctool may read later")
    assert process.ticket(done.out.strip())["category"] == "read/nothing"


def test_a_plugin_has_no_terminal_no_lock_and_no_file_of_csctools(process):
    plugin(
        process.desk,
        "import os\n@hookimpl\ndef categorize(ticket):\n"
        " fds = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if int(n) > 2 and\n"
        "        os.path.exists(f'/proc/self/fd/{n}')]\n"
        " alone = os.getsid(0) == os.getpid()\n"
        " return f\"{alone} {[fd for fd in fds if 'socket' not in fd and 'proc' not in fd]}\"",
    )
    done = process("open", "Printer jams", "--agency", "DHS", "--format", "json")
    assert done.ticket["category"] == "True []"


def test_mutating_what_it_was_given_changes_a_copy_only(csctool):
    plugin(
        csctool.desk,
        "import msgspec\n@hookimpl\ndef categorize(ticket):\n ticket.fields['site'] = 'mine'\n"
        " msgspec.structs.force_setattr(ticket, 'subject', 'mine')\n"
        "@hookimpl\ndef prioritize(ticket): return Answer(impact=1, reason=ticket.subject + str(ticket.fields))",
    )
    ticket = csctool.after("open", "Printer jams", "--agency", "DHS", "--field", "site=Springfield")
    assert (ticket["subject"], ticket["fields"]) == ("Printer jams", {"site": "Springfield"})
    assert ticket["history"][0]["decisions"][0]["reason"] == "Printer jams{'site': 'Springfield'}"


def test_one_that_dies_takes_nobody_along_and_is_left_out_for_the_rest_of_the_command(csctool):
    plugin(
        csctool.desk, "import os\n@hookimpl\ndef categorize(ticket): os._exit(1)\n@hookimpl\ndef route(ticket): 1 / 0"
    )
    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): return 'from/other'\n@hookimpl\ndef route(ticket):"
           " return 'apps'", name="plugins/other.py", only=False)  # fmt: skip
    done = csctool("open", "Printer jams", "--agency", "DHS", "--format", "json")
    assert (done.ticket["category"], done.ticket["queue"]) == ("from/other", "apps")
    assert "ZeroDivisionError" not in done.err
    assert done.err.count("plugins/own.py") == 1


def test_a_command_over_many_tickets_forks_no_storm(csctool, tmp_path):
    """Every start of the process leaves a line: one that dies is not started again."""
    log = tmp_path / "starts"
    plugin(csctool.desk, f"import os\nopen({str(log)!r}, 'a').write('x')\n@hookimpl\ndef validate(ticket): os._exit(1)")
    keys = [csctool.open(f"Printer {n}") for n in range(3)]
    log.write_text("")
    done = csctool("note", *keys, "Called")
    assert log.read_text() == "x"
    assert done.err.count("was passed over") == 1
    assert all(("plugins/own.py", "validate ended its process") in passed(csctool.events(key)[-1]) for key in keys)


def test_a_good_plugin_is_started_once_a_command(csctool, tmp_path):
    log = tmp_path / "starts"
    keys = [csctool.open(f"Printer {n}") for n in range(5)]
    plugin(csctool.desk, f"open({str(log)!r}, 'a').write('x')\n@hookimpl\ndef validate(ticket): return []")
    csctool("note", *keys, "Called")
    assert log.read_text() == "x"


def test_a_failing_validate_is_no_objection(csctool):
    plugin(csctool.desk, "@hookimpl\ndef validate(change): raise RuntimeError('broken')")
    done = csctool("open", "Badge", "--agency", "DHS", "--kind", "request")
    (event,) = csctool.events(done.out.strip())
    assert ("plugins/own.py", "validate raised RuntimeError: broken (line 3)") in passed(event)
    assert "validate raised RuntimeError: broken" in done.err


def test_a_failure_that_is_recorded_late_leaves_the_chain_of_history_whole(csctool):
    from datetime import UTC, datetime

    from csctool.domain import lifecycle
    from csctool.domain.ticket import Decision, Stamp, Ticket

    stamp = Stamp("op", datetime(2026, 11, 2, tzinfo=UTC), "ana")
    ticket = Ticket("DHS-1", "DHS", 1, "incident", "queued", "Printer jams")
    ticket = lifecycle.note(lifecycle.note(ticket, stamp, "one"), stamp, "two")
    told = lifecycle.deciding(ticket, (Decision("validate", {}, "nobody"),))
    assert told.history[:-1] == ticket.history[:-1]
    assert told.history[-1].decisions[-1].plugin == "nobody"
    assert lifecycle.deciding(ticket, ()) is ticket
    again = lifecycle.note(told, stamp, "three")
    assert len(again.history) == 3


def test_nothing_is_left_running_when_the_command_ends(process, tmp_path):
    pids = tmp_path / "pids"
    plugin(
        process.desk,
        f"import os, subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "@hookimpl\ndef categorize(ticket): return 'x'",
    )
    process("open", "Printer jams", "--agency", "DHS")
    for pid in map(int, pids.read_text().split()):
        assert gone(pid), pid


def test_killing_csctool_ends_a_plugin_that_hangs(desk, tmp_path):
    import subprocess
    import sys

    pids = tmp_path / "pids"
    plugin(desk, f"import os\n@hookimpl\ndef categorize(ticket):\n"
           f" open({str(pids)!r}, 'w').write(f'{{os.getpid()}} ')\n while True: pass")  # fmt: skip
    running = subprocess.Popen([sys.executable, "-m", "csctool", "open", "Printer jams", "--agency", "DHS"])
    until = time.monotonic() + 20
    while not (pids.exists() and pids.read_text().endswith(" ")) and time.monotonic() < until:
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert gone(int(pids.read_text()))


def gone(pid: int) -> bool:
    """Whether a process ends, waiting a little for the nursery to see that csctool has."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def test_no_process_is_started_where_no_agency_has_python(csctool, monkeypatch):
    def fork() -> int:
        raise AssertionError("forked")

    monkeypatch.setattr(os, "fork", fork)
    key = csctool.open()
    csctool("resolve", key, "--resolution", "Done")
    assert plugins_of(csctool.desk, "DHS") == []


def test_a_machine_without_processes_loses_no_ticket(csctool, monkeypatch):
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): return 'x'")
    rules(csctool.desk)
    monkeypatch.setattr(os, "fork", fork)
    done = csctool("open", "Printer jams", "--agency", "DHS", "--format", "json")
    assert done.ticket["category"] == "office/printer"
    assert "no process could be had for it: Resource temporarily unavailable" in done.err


def test_a_file_that_is_not_there_is_named(csctool):
    enable(csctool.desk, "plugins/gone.py")
    assert "there is no file" in csctool("open", "Printer jams", "--agency", "DHS").err


def test_one_that_fails_where_nobody_answers_stands_in_the_history_too(csctool):
    plugin(csctool.desk, "@hookimpl\ndef categorize(ticket): 1 / 0")
    decisions = csctool.after("open", "Printer jams", "--agency", "DHS")["history"][0]["decisions"]
    (decision,) = [decision for decision in decisions if decision["hook"] == "categorize"]
    assert (decision["plugin"], decision["answer"]) == ("nobody", {})
    assert "ZeroDivisionError" in decision["passed"][0]["why"]
