import pytest

from widthscope.models.recurrence.rule import RecurrenceError, Rule


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "itrsaa"}, "model 'itrsaa' is not one of itrsa, akorn; nearest is 'itrsa'"),
        ({"norm": "rmsnorm"}, "norm 'rmsnorm' is not one of none, unit, rms, ln; nearest is 'rms'"),
        ({"place": "before"}, "place 'before' is not one of post, pre"),
        ({"weights": "sym"}, "nearest is 'symmetric'"),
        ({"oscillator": 3}, "an oscillator of 3 coordinates does not rotate in pairs; give an even one"),
        (
            {"model": "akorn", "norm": "rms"},
            "not norm 'rms' with place 'post'; leave them at 'unit' and 'post'",
        ),
        ({"model": "akorn", "place": "pre"}, "not norm 'unit' with place 'pre'"),
    ],
)
def test_what_is_not_a_rule_is_said_in_one_sentence(options, told):
    with pytest.raises(RecurrenceError) as error:
        Rule(**options)
    assert told in str(error.value)


def test_widths_that_do_not_split_into_oscillators_are_refused():
    with pytest.raises(RecurrenceError, match="width 10 does not split into oscillators of 4 coordinates"):
        Rule("akorn").check_width(10)
    Rule("akorn").check_width(12)
    Rule("itrsa").check_width(10)
