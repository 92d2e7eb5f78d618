import numpy as np
import pytest
import torch
from tests.ensembles.small_training import SEEDS, trained

from widthscope.ensembles.independence import dependent_on_company, one_thread
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.models import transformer

DTYPES = [torch.float32, torch.float64]


def results(members, **options):
    """All that a training leaves, as tensors (member, ...)."""
    found = trained(members, **options)
    recorded = {
        name: torch.from_numpy(np.asarray(values)) for name, values in found.history.data_vars.items()
    }
    return {**found.parameters, **recorded}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("width", "activation"), [(5, "tanh"), (33, "gelu"), (64, "silu"), (1, "sigmoid")])
def test_a_members_result_is_the_same_whoever_shares_its_batch(dtype, width, activation):
    def run(members):
        return results(members, dtype=dtype, width=width, activation=activation, steps=12)

    assert dependent_on_company(run, SEEDS, groups=(1, 2, 5)) == []


def test_neither_do_rate_and_order_of_the_others_matter():
    mixed = Members.grid(seed=range(3), rate=(0.3, 1e-4, 0.01))
    alone = results(Members.grid(seed=[1], rate=[0.01]), rate="rate")
    for members in (mixed, mixed.take([8, 5, 0])):
        among = results(members, rate="rate")
        place = members.where(seed=1, rate=0.01)
        for name, values in alone.items():
            assert torch.equal(among[name][place], values), name


def test_the_comparison_sees_dependence():
    """A function whose last places are rounded otherwise, such as the losses must avoid."""
    drawn = {seed: torch.randn(101, generator=torch.Generator().manual_seed(seed)) for seed in range(17)}

    def run(members):
        values = torch.stack([drawn[seed] for seed in members.values("seed")])
        return {"sum": values.sum(1), "power": values.abs() ** 1.5, "mean": values - values.mean()}

    assert dependent_on_company(run, SEEDS) == ["mean", "power"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("norm", ["post", "pre"])
def test_members_of_a_transformer_are_independent(dtype, norm):
    from widthscope.ensembles.batches import Windows, choices
    from widthscope.ensembles.gradient_step import GradientStep
    from widthscope.ensembles.parameters import stacked
    from widthscope.ensembles.training import train

    sizes = transformer.Architecture(
        vocabulary=11, width=12, context=7, layers=2, heads=3, feedforward=9, norm=norm, activation="gelu"
    )
    text = torch.arange(400).pow(2) % 11

    def run(members):
        parameters = stacked(
            [transformer.initial(sizes, g) for g in members.generators("weights")], dtype=dtype
        )
        step = GradientStep(
            lambda p, b: transformer.losses(sizes, p, b["tokens"], b["targets"]), Adam(1e-3, weight_decay=0.1)
        )
        order = choices(members.generators("data"), Windows.positions(400, 7), 3, 4)
        return train(members, parameters, step, Windows(text, order, 7), 4).parameters

    assert dependent_on_company(run, SEEDS.take(range(7)), groups=(1, 3)) == []


def test_torch_has_its_threads_back_after_training():
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        assert torch.equal(trained(SEEDS).parameters["first"], with_one_thread(trained)["first"])
    finally:
        torch.set_num_threads(1)


def with_one_thread(run):
    torch.set_num_threads(1)
    return run(SEEDS).parameters
