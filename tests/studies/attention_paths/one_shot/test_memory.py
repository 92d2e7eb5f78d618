"""What is refused before any work, because the theory of a network would not fit in memory."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from widthscope.studies.attention_paths.one_shot.memory import theory_bytes
from widthscope.studies.attention_paths.one_shot.settings import Architecture, OneShot


def test_too_many_paths_are_refused_in_the_settings_with_their_gigabytes() -> None:
    with pytest.raises(
        ValidationError, match=r"layers 4 with heads 16 has 65536 .* take [\d.e+]+ GB, more than 64"
    ):
        OneShot(architectures=(Architecture(), Architecture(layers=4, heads=16)))
    OneShot(architectures=(Architecture(layers=2, heads=16),))


def test_path_inputs_are_what_counts_at_many_episodes() -> None:
    one, ten = (theory_bytes((4, 4), 12, 26, 200, [count, count]) for count in (10**5, 10**6))
    assert one > 2 * 10**5 * 16 * 26 * 8
    assert ten / one == pytest.approx(10, rel=0.02)


def test_more_heads_layers_or_examples_take_more() -> None:
    sizes = [
        theory_bytes(heads, 12, 26, examples, [1000])
        for heads, examples in (((2, 2), 100), ((4, 4), 100), ((4, 4), 4000), ((4, 4, 4), 4000))
    ]
    assert sizes == sorted(sizes)


def test_settings_are_checked_without_torch() -> None:
    told = (
        "import sys; import widthscope.studies.attention_paths.one_shot.plan; print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
