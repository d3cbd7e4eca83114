"""Tables for a terminal: the same as tabulate draws them, without the time that loading it takes."""

import tabulate
from hypothesis import example, given
from hypothesis import strategies as st

from csctool.render.aligned import aligned, columns_of, cut, shrink
from csctool.render.text import visible

#: Cells come from `visible`: one line, nothing that a terminal would run.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(visible) | st.sampled_from(
    [
        "",
        " ",
        "Can't print cheques",
        "Принтер не печатает",
        "日本語の件名",
        "P1",
        "12",
        "-3.5",
        "été",
        "🖨️ jams",
        "a  b ",
    ]
)
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.tuples(
        st.lists(WORDS.map(str.strip).filter(bool), min_size=columns, max_size=columns),
        st.lists(st.lists(WORDS, min_size=columns, max_size=columns), min_size=1, max_size=5),
        st.lists(st.booleans(), min_size=columns, max_size=columns),
    )
)


@given(TABLES)
@example((["key", "n"], [["日本", "1"], ["", ""]], [False, True]))
def test_a_table_is_what_tabulate_makes_of_it(table):
    headers, rows, right = table
    tabulate.MIN_PADDING = 0
    drawn = tabulate.tabulate(
        rows, headers=headers, tablefmt="simple", disable_numparse=True,
        colalign=["right" if flush else "left" for flush in right],
    )  # fmt: skip
    assert aligned(headers, rows, right).split("\n") == [line.rstrip() for line in drawn.split("\n")]


@given(WORDS, st.integers(1, 14))
def test_a_cut_text_fits_and_says_that_it_was_cut(text, room):
    short = cut(text, room)
    assert columns_of(short) <= max(room, 1)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
    assert (short == text) == (columns_of(text) <= room)


def test_one_column_gives_way_on_a_narrow_terminal():
    headers, rows = ["key", "subject"], [["DHS-1", "Can't print cheques"], ["DHS-2", "日本語の件名の件名"]]
    shrink(headers, rows, 1, 20)
    drawn = aligned(headers, rows, [False, False]).split("\n")
    assert drawn == ["key    subject", "-----  -------------", "DHS-1  Can't print …", "DHS-2  日本語の件名…"]
    assert max(map(columns_of, drawn)) <= 20
    shrink(headers, rows, 1, 3)
    assert columns_of(rows[0][1]) == 10
