"""The power is cut at any moment: whatever the disk kept, the desk opens, as it was before or as it is after."""

from collections.abc import Callable

from .powercut import MOST, Image, Recording, digest, lay_out
from .stage import DEEDS, LONG, Deed, allowed, follow_up, state, still_damaged
from .stage import told as told_of

#: How many different disks of a command the short form opens.
SHORT = {"escalate": 60, "transfer": 150, "close, which archives": 80, "restore": 20}
#: Of a moment in which a whole desk is on its way to the disk, or many messages are, so many combinations are tried.
SAMPLES = {"restore": 64 if LONG else 2, "restore an agency": 64 if LONG else 2, "notify send": MOST if LONG else 16}


def test_whatever_a_power_cut_leaves_is_before_or_after(
    deed: str, fresh: Callable[[Deed], str], quick: str, strace: None, tally: Callable[[str], None]
) -> None:
    act = DEEDS[deed]
    root = fresh(act)
    before = None if deed == "repair" else state(root)
    recording = Recording(root, act.words, crowded=act.crowded, place=quick)
    assert recording.ended.status in (0, 4), recording.ended
    after = state(root)
    disks: dict[bytes, tuple[Image, bool]] = {}
    states = 0
    for image, told in recording.disks(most=SAMPLES.get(deed, MOST if LONG else 256)):
        states += 1
        known = disks.get(key := digest(image))
        disks[key] = (image, told or bool(known and known[1]))
    most = len(disks) if LONG else SHORT.get(deed, 5)
    for image, told in list(disks.values())[:: max(1, len(disks) // most)]:
        lay_out(image, root)
        if before is None:
            if still_damaged(root):
                assert not told
                told_of(root, "doctor", "--repair", status=None)
            assert state(root) == after
            follow_up(root)
            continue
        seen = state(root)
        assert allowed(seen, before, after, act.whole)
        if told:
            assert seen == after
        follow_up(root)
    tally(f"{len(recording.ops)} operations, {states} states after a power cut, {len(disks)} different disks")
