"""What families of a study found is joined, and nothing of it is lost."""

import pytest

from widthscope.errors import StudyError
from widthscope.studies.families import joined


def test_all_is_kept_in_the_order_of_the_families() -> None:
    assert list(joined([{"b": 1, "a": 2}, {}, {"c": 3}]).items()) == [("b", 1), ("a", 2), ("c", 3)]


def test_a_name_that_two_families_give_is_refused() -> None:
    with pytest.raises(StudyError, match=r"^two families of the study give '/curves/a', and each needs"):
        joined([{"/curves/a": 1}, {"/curves/a": 1}])
