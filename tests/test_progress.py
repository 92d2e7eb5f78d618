import io

import pytest

from widthscope import progress as module
from widthscope.progress import duration, line, progress, quiet


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_items_pass_unchanged() -> None:
    stream = io.StringIO()
    assert list(progress(range(5), stream=stream)) == [0, 1, 2, 3, 4]
    assert list(quiet(range(5))) == [0, 1, 2, 3, 4]
    assert stream.getvalue() == ""


def test_a_log_gets_a_plain_line_every_ten_seconds() -> None:
    stream = io.StringIO()
    times = iter(range(0, 1000, 4))
    items = module._plain(range(8), 8, "draws", stream, clock=lambda: float(next(times)))
    assert list(items) == list(range(8))
    assert stream.getvalue().splitlines() == [
        "draws: 3/8, 37 %, 0:12 passed, about 0:20 left",
        "draws: 6/8, 75 %, 0:24 passed, about 0:08 left",
        "draws: 8 done in 0:36",
    ]


def test_the_length_is_taken_from_the_iterable_where_it_has_one() -> None:
    stream = Terminal()
    assert list(progress([1, 2, 3], description="widths", stream=stream)) == [1, 2, 3]
    assert "widths: 100%" in stream.getvalue()
    assert "3/3" in stream.getvalue()


def test_an_unknown_total_has_no_remaining_time() -> None:
    assert line("", 7, None, 61.0) == "loop: 7, 1:01 passed"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_durations_read_like_a_clock(seconds: float, words: str) -> None:
    assert duration(seconds) == words
