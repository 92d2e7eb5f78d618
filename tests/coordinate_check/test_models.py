"""Models that are not ours: the standard ones are broken, mended and corrected ones pass."""

import functools

import pytest
from tests.coordinate_check.own_models import perceptron, reported
from tests.documented import example

from widthscope.coordinate_check.report import Report

CONVOLUTIONS = {"widths": (64, 128, 256), "seeds": 10, "steps": 2}
TRANSFORMER = {"widths": (32, 64, 128, 256), "seeds": 16, "steps": 5}


@pytest.fixture(scope="module")
def convolutions() -> Report:
    net = example("conv_net")
    return reported(net.standard, net.batch, mend=True, optimizer="sgd", rate=0.1, **CONVOLUTIONS)


@pytest.fixture(scope="module")
def transformer() -> Report:
    gpt2 = example("gpt2")
    factory = functools.partial(gpt2.standard, layers=1)
    return reported(factory, gpt2.batch, mend=True, rate=0.003, **TRANSFORMER)


def changes(report: Report, model: str = "given") -> dict[str, str]:
    return {layer.layer: layer.change.verdict for layer in report.checks[model].layers}


def test_a_standard_convolutional_network_is_broken_as_predicted(convolutions: Report) -> None:
    assert changes(convolutions) == {"0": "shrinks", "2": "grows", "4": "grows", "8": "grows"}
    first, *hidden, last = convolutions.checks["given"].layers
    # One update of SGD in the standard parameterisation: -1/2, 1/2, and up to 1 in the readout.
    assert first.change.value == pytest.approx(-0.5, abs=0.1)
    assert all(layer.change.value == pytest.approx(0.5, abs=0.15) for layer in hidden)
    assert last.change.low > 0.4


def test_the_mended_convolutional_network_passes(convolutions: Report) -> None:
    assert set(changes(convolutions, "mended").values()) == {"flat"}
    assert convolutions.checks["mended"].passes
    assert not convolutions.checks["given"].passes


def test_the_convolutional_network_corrected_by_hand_passes() -> None:
    net = example("conv_net")
    found = reported(net.corrected, net.batch, **CONVOLUTIONS)
    assert found.checks["given"].passes
    assert not any(any(row.differs(0.125)) for row in found.suggestions)


def test_gpt2_with_random_weights_is_broken(transformer: Report) -> None:
    found = changes(transformer)
    grow = {name.rpartition("h.0.")[2] for name, verdict in found.items() if verdict == "grows"}
    assert {"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj", "lm_head"} <= grow
    starts = {layer.layer.rpartition(".")[2]: layer.start for layer in transformer.checks["given"].layers}
    # A scale of 0.02 whatever the width: sums over the inputs grow as its root.
    assert starts["c_fc"].value == pytest.approx(0.5, abs=0.05)
    assert starts["c_attn"].verdict == "grows"


def test_gpt2_mended_passes_though_its_readout_is_the_embedding(transformer: Report) -> None:
    assert set(changes(transformer, "mended").values()) == {"flat"}
    shared = [row for row in transformer.suggestions if row.multiplier_wanted]
    assert [row.parameter.readout for row in shared] == ["lm_head"]
    assert transformer.probed.architecture.growing_heads == {}


def test_gpt2_corrected_by_hand_passes() -> None:
    gpt2 = example("gpt2")
    found = reported(functools.partial(gpt2.corrected, layers=1), gpt2.batch, **TRANSFORMER)
    assert found.checks["given"].passes


def test_every_layer_can_be_listed() -> None:
    found = reported(perceptron, every=True)
    assert [layer.layer for layer in found.checks["given"].layers] == ["0", "1", "2", "3", "4"]
