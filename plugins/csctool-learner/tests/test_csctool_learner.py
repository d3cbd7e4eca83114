"""An agency's resolved tickets teach a model, and the model answers at a real desk: surely, or not at all."""

import json
import random
import shutil
import subprocess
import sys

import pytest

import csctool_learner as plugin
from csctool.testing import ThrowAwayDesk, agency, ask, desk, ticket  # noqa: F401  (desk is a fixture)
from csctool_learner.model import Model, decoded
from csctool_learner.teacher import Example, TooFewError, learned
from csctool_learner.words import features, words

#: What people write about three things, and the queue that resolves each.
THINGS = {
    ("office/printer", "apps"): ["printer jams", "toner is empty", "can't print a cheque", "paper tray broken"],
    ("telecom/voice", "network-telecom"): [
        "no dial tone",
        "voicemail is full",
        "caller hears nothing",
        "handset broken",
    ],
    ("account/password", "service-desk"): ["forgot my password", "password expired", "account locked", "can't log in"],
}
FILLING = [
    "please", "help", "with", "this", "since", "monday", "thanks", "in", "room", "our", "office", "the", "again", "now",
]  # fmt: skip


def lives(number: int, agency: str = "DHS") -> list[dict]:
    """Resolved tickets, as a desk has them."""
    chance = random.Random(7)
    found = []
    for at in range(number):
        (category, queue), said = chance.choice(list(THINGS.items()))
        text = f"{chance.choice(said)} {' '.join(chance.sample(FILLING, 4))} {chance.randrange(1000)}"
        times = {"opened_at": f"2026-{1 + at % 9:02}-05T09:00:00Z", "resolved_at": f"2026-{1 + at % 9:02}-06T09:00:00Z"}
        found.append({
            "subject": text, "kind": "incident", "status": "resolved", "category": category, "queue": queue,
            "resolution": "Done", "agency": agency, **times,
        })  # fmt: skip
    return found


def lines(rows: list[dict]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def learn(text: str, *words: str, status: int = 0) -> str:
    """What csctool-learn says."""
    done = subprocess.run(
        [sys.executable, "-m", "csctool_learner", *words], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def question():
    rows = lives(300)
    return learned([Example(row["subject"], row["category"]) for row in rows])[0]


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A desk whose agency has a past, and has learned from it; the tests share it, and each adds tickets of its own."""
    made = ThrowAwayDesk(tmp_path_factory.mktemp("taught") / "desk", "DHS")
    (made.root / "past.jsonl").write_text(lines(lives(200)))
    made.run("import", str(made.root / "past.jsonl"), "--agency", "DHS")
    made.enable("csctool_learner", everywhere=True)
    (made.root / "agencies/DHS/plugins").mkdir()
    learn(made.run("export", "--agency", "DHS"), str(made.root / "agencies/DHS/plugins/learned.json"))
    return made


def explained(desk, subject: str, agency: str = "DHS", status: int = 0) -> str:  # noqa: F811
    return desk.run("open", subject, "--agency", agency, "--dry-run", "--explain", status=status)


def test_a_new_ticket_gets_the_category_and_the_queue_that_such_tickets_had(taught):
    opened = taught.open("The handset in room 12 is dead, no dial tone")
    assert (opened["category"], opened["queue"]) == ("telecom/voice", "network-telecom")
    decided = {decision["hook"]: decision for decision in opened["history"][0]["decisions"]}
    assert decided["categorize"]["plugin"] == "csctool_learner"
    assert "dial" in decided["categorize"]["reason"]
    assert "% sure" in decided["route"]["reason"]


def test_a_ticket_about_something_else_is_left_to_the_next_in_line(taught):
    opened = taught.open("Квартальный отчёт")
    assert (opened["category"], opened["queue"]) == (None, "service-desk")


def test_hand_written_rules_come_first_where_the_learner_is_the_desk_s(taught):
    rules = taught.file("rules.toml", '[[categorize]]\nwhen = { text = "fax" }\ncategory = "telecom/fax"\n')
    try:
        assert "category=telecom/fax" in explained(taught, "No dial tone on the fax")
    finally:
        rules.unlink()


def test_another_agency_s_model_is_named_and_not_used(taught):
    taught.run("agency", "add", "DOT")
    (taught.root / "agencies/DOT/plugins").mkdir()
    shutil.copy(taught.root / "agencies/DHS/plugins/learned.json", taught.root / "agencies/DOT/plugins")
    assert "learned.json was learned from tickets of DHS" in explained(taught, "No dial tone", "DOT", status=8)


def test_a_model_that_others_may_write_is_not_read(taught):
    model = taught.root / "agencies/DHS/plugins/learned.json"
    model.chmod(0o666)
    try:
        assert "everybody may write it" in explained(taught, "No dial tone", status=8)
    finally:
        model.chmod(0o644)


def test_before_anything_is_learned_it_is_silent(desk):  # noqa: F811
    desk.enable("csctool_learner")
    assert desk.open("No dial tone")["category"] is None


def test_a_model_that_the_settings_name_must_be_there(desk):  # noqa: F811
    desk.configure('plugins = ["csctool_learner"]\n[settings.csctool_learner]\nmodel = "plugins/x.json"')
    assert "No such file" in desk.run("plugin", "check", status=10)


def test_it_answers_only_categories_that_enough_resolved_tickets_of_the_agency_had(question):
    rare = [*lives(300), *({**row, "category": "odd"} for row in lives(5))]
    found, report = learned([Example(row["subject"], row["category"]) for row in rare])
    assert report.left_out == {"odd": 5}
    known = {category for category, _ in THINGS}
    assert set(found.labels) == known
    chance = random.Random(3)
    every = [word for said in THINGS.values() for text in said for word in text.split()] + FILLING
    for _ in range(200):
        said = question.answer(" ".join(chance.choices(every, k=chance.randrange(12))), 0.0)
        assert said is None or said.label in known


def test_what_it_learned_holds_for_texts_that_it_never_saw(question):
    asked = lives(400)[300:]
    right = [question.answer(row["subject"], 0.0).label == row["category"] for row in asked]
    assert sum(right) / len(right) >= 0.95


def test_it_is_silent_about_what_it_is_not_sure_of(question):
    assert question.answer("") is None
    assert question.answer("Gebäude") is None
    assert question.answer("please help") is None
    assert question.answer("no dial tone").confidence > 0.9


def test_only_words_that_speak_for_an_answer_are_named(question):
    """Two words that speak against each other: the one that lost did not decide."""
    said = question.answer("tone expired", 0.0)
    won = {"telecom/voice": "tone", "account/password": "expired"}[said.label]
    assert said.words == (won,)


def test_it_learns_nothing_from_words_that_say_nothing():
    """Labels drawn by lot: whatever threshold is found, hardly anything may be answered."""
    chance = random.Random(5)
    drawn = [Example(" ".join(chance.sample(FILLING, 6)), chance.choice("abcd")) for _ in range(600)]
    found, report = learned(drawn)
    assert report.accuracy < 0.5
    assert report.answered < 0.1
    said = [found.answer(" ".join(chance.sample(FILLING, 6))) for _ in range(200)]
    assert sum(one is not None for one in said) < 30


def test_the_same_tickets_teach_the_same(question):
    again, _ = learned([Example(row["subject"], row["category"]) for row in lives(300)])
    assert again == question


def test_too_few_tickets_teach_nothing():
    with pytest.raises(TooFewError, match="there are 60 and 3"):
        learned([Example(row["subject"], row["category"]) for row in lives(60)])


def test_the_agency_says_how_sure_is_sure_enough(tmp_path, question):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/learned.json").write_bytes(Model("DHS", "2026-01-01", {"category": question}).encoded())
    for confidence, category in ((0.2, "telecom/voice"), (1.1, None)):
        here = agency(directory=str(tmp_path), settings={"confidence": confidence})
        said = ask(plugin, "categorize", ticket=ticket("No dial tone"), agency=here)
        assert (said and said["category"]) == category


# -- the model, and the command ---------------------------------------------------------------------------


def test_numbers_are_not_learned_and_any_script_is():
    assert words("Case 123-45-6789: Не печатает ПРИНТЕР") == ["case", "#", "#", "#", "не", "печатает", "принтер"]
    assert ("^прин", "принтер") in set(features("принтер"))


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b'{"agency":"DHS","learned":"x","questions":{},"format":2}', b"\x00" * 9]
)
def test_a_file_that_is_no_model_is_refused(damage):
    with pytest.raises(ValueError, match="model"):
        decoded(damage)


def test_a_plugin_asked_about_a_damaged_model_fails_by_name(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/learned.json").write_bytes(b"{")
    with pytest.raises(ValueError, match="no learned model"):
        ask(plugin, "categorize", ticket=ticket("x"), agency=agency(directory=str(tmp_path)))


def test_the_command_says_what_it_found_and_writes_for_the_agency_s_people(tmp_path):
    tmp_path.chmod(0o2770)
    said = learn(lines([{**row, "key": f"DHS-{n}"} for n, row in enumerate(lives(200), 1)]), str(tmp_path / "m.json"))
    assert "category: 3 answers from 200 tickets. Of the newest 20, " in said
    assert (tmp_path / "m.json").stat().st_mode & 0o777 == 0o660
    assert decoded((tmp_path / "m.json").read_bytes()).agency == "DHS"


def test_the_newest_tickets_are_kept_back_wherever_they_stand_in_the_file(tmp_path):
    old = lives(180)
    wrong = dict(zip(categories := [category for category, _ in THINGS], categories[1:] + categories[:1], strict=True))
    new = [{**row, "resolved_at": "2026-11-01T09:00:00Z", "category": wrong[row["category"]]} for row in lives(20)]
    rows = [{**row, "key": f"DHS-{number}"} for number, row in enumerate([*new, *old], 1)]
    assert "Of the newest 20, 0.0% right" in learn(lines(rows), str(tmp_path / "m.json"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "there is no resolved ticket to learn from"),
        ([*lives(3), *lives(3, "DOT")], "tickets of DHS, DOT: an agency learns from its own"),
        (lives(50), "too few to learn from: it takes 100 tickets"),
        ([{**row, "status": "queued"} for row in lives(200)], "there is no resolved ticket"),
        ([{"subject": 1}], "line 1 is no ticket of csctool export"),
    ],
)
def test_what_teaches_nothing_writes_nothing(tmp_path, rows, said):
    file = tmp_path / "m.json"
    file.write_text("kept")
    assert said in learn(
        lines([{"key": f"{row.get('agency')}-{n}", **row} for n, row in enumerate(rows)]), str(file), status=1
    )
    assert file.read_text() == "kept"


def test_a_directory_that_is_not_there_is_told(tmp_path):
    assert "there is no directory" in learn("", str(tmp_path / "no/m.json"), status=1)
