"""The example and the steps of docs/attention_paths.md do what the page says."""

import re
from pathlib import Path
from typing import Any

import dask.array as da
import pytest
import torch
from tests.documented import example

from widthscope.path_theory import attention
from widthscope.path_theory.minimise import Solution

PAGE = (Path(__file__).parents[2] / "docs/attention_paths.md").read_text()


def test_the_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    found = example("own_attention").main()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("gradient ")  # whose last digits are rounding
    for line in shown[1:]:
        assert f"\n    {line}\n" in PAGE
    assert isinstance(found["solution"], Solution)
    assert found["solution"].converged
    first = found["scores"][0]
    assert float(first[0]) == 1.0
    assert float(first[1]) < 0.8
    finite, infinite = found["accuracy"]
    assert abs(finite - infinite) < 0.036  # three errors of 500 tests


def test_the_pruning_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    found = example("own_pruning").main()
    for line in capsys.readouterr().out.splitlines():
        assert f"\n    {line}\n" in PAGE
    assert found["order"] == (1, 3)
    # Training may round otherwise elsewhere, but a head that carries nothing is not missed: three errors.
    assert abs(float(found["accuracy"][-1] - found["accuracy"][0])) < 0.036


def test_the_steps_run_as_written(tmp_path: Path) -> None:
    steps, pruned, streamed = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    model = example("own_attention")
    generator = torch.Generator().manual_seed(0)
    tokens, labels = model.examples(60, generator)
    tests, test_labels = model.examples(5, generator)
    layers = [(torch.randn(2, 3, 12, generator=generator),) * 2 for _ in range(2)]
    attended = [
        attention.attention_matrices(tests, attention.bilinear_form(queries, keys))
        for queries, keys in layers
    ]
    names: dict[str, Any] = {"tokens": tokens, "labels": labels, "layers": layers}
    from widthscope.path_theory.inputs import path_inputs

    names["test_inputs"] = path_inputs(tests, attended, readout="mean")
    exec(steps, names)  # the page's own code
    assert names["found"].mean.shape == names["baseline"].variance.shape == (5,)
    assert [len(score) for score in names["scores"]] == [2, 2]

    names |= {"test_labels": test_labels, "value_0": torch.randn(7, 12, generator=generator)}
    names |= {"values": torch.randn(2, 2, 7, 7, generator=generator), "readout": torch.ones(7)}
    exec(pruned, names)
    assert names["accuracies"].shape == (3,)
    whole = names["parts"].sum(dim=1) * test_labels > 0
    assert float(names["accuracies"][0]) == float(whole.double().mean())

    first = names["solution"]
    store = tmp_path / "tokens.zarr"
    da.from_array(tokens.double().numpy()).to_zarr(store)
    exec(streamed.replace("tokens.zarr", str(store)), names)
    torch.testing.assert_close(
        names["solution"].path_weights, first.path_weights, rtol=1e-5, atol=1e-6
    )  # attention was float32 before
