"""docs/gradient_regularisation.md and its example say what is so."""

import inspect
from typing import get_args

from tests.documented import EXAMPLES, example

from widthscope.gradient_regularisation import module_step

PAGE = (EXAMPLES.parent / "gradient_regularisation.md").read_text()


def test_the_examples_numbers_are_those_of_the_page() -> None:
    module = example("own_gradient_regularisation")
    found = {how: module.train(how) for how in ("plain", "gradient-regularised", "sharpness-aware")}
    lines = {line.split()[0]: line for line in PAGE.splitlines() if "new images" in line}
    for how, (own, new) in found.items():
        # Sums of float32 may round otherwise on another machine, and training makes more of it.
        words = lines[how].replace(",", "").split()
        assert abs(float(words[2]) - own) < 0.05
        assert abs(float(words[5]) - new) < 0.05
    assert found["sharpness-aware"][1] < found["plain"][1]
    assert found["plain"][0] < found["gradient-regularised"][0]


def test_every_difference_and_function_is_on_the_page() -> None:
    for difference in get_args(module_step.Difference):
        assert f'`"{difference}"`' in PAGE
    for name, member in vars(module_step).items():
        if inspect.isfunction(member) and member.__module__ == module_step.__name__ and name[0] != "_":
            assert name in PAGE
