import pytest

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.memory_limit import refuse_too_large


def test_what_fits_passes_and_what_does_not_is_refused_with_numbers_and_a_remedy(monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 2 * 10**9)
    refuse_too_large("a kernel", 2 * 10**9, "take fewer examples")
    with pytest.raises(PosteriorError) as refused:
        refuse_too_large("a kernel", 3 * 10**9, "take fewer examples")
    assert str(refused.value) == (
        "a kernel would take 3 GB of memory and 2 GB are available: take fewer examples"
    )
