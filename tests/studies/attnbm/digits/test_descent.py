"""The machines that gradient descent trains, against their likelihoods and against chance."""

import numpy as np
import pytest
import torch

from widthscope.boltzmann import gaussian_bernoulli
from widthscope.boltzmann.mixture import Machine
from widthscope.boltzmann.training import small
from widthscope.ensembles.batches import Fresh, OwnMinibatches
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.training import train
from widthscope.studies.attnbm.digits import descent
from widthscope.studies.attnbm.digits.descent import GaussianBernoulliStep, ScaledBatches
from widthscope.studies.attnbm.digits.parts import Parts
from widthscope.work import Work


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def machine():
    return Machine(0.5 * drawn(2, 3, 4, seed=1), drawn(2, 4, seed=2), drawn(2, 3, seed=3))


def test_the_exact_step_descends_the_likelihood_that_all_states_give(machine):
    visible = drawn(2, 6, 4, seed=4)
    leaves = Machine(*(value.clone().requires_grad_() for value in machine))
    loss = gaussian_bernoulli.mean_negative_log_likelihood(leaves, visible)
    gradients = torch.autograd.grad(loss.sum(), list(leaves))
    parameters = dict(zip(Machine._fields, machine, strict=True))
    step = GaussianBernoulliStep(SGD(torch.tensor([0.1, 0.3], dtype=torch.float64)))
    new, _, _ = step(parameters, step.start(parameters), {"visible": visible}, 0)
    for name, gradient in zip(Machine._fields, gradients, strict=True):
        for place, rate in enumerate((0.1, 0.3)):
            moved = parameters[name][place] - rate * gradient[place]
            assert torch.allclose(new[name][place], moved, rtol=0, atol=1e-12)


def test_members_of_one_seed_see_the_same_images_at_their_own_scale():
    examples = torch.arange(12.0).reshape(2, 3, 2)
    order = torch.tensor([[[0, 2], [1, 0]], [[2, 1], [0, 1]]])
    places = torch.tensor([0, 1, 1])
    images = OwnMinibatches({"visible": examples}, order, sets=places, orders=places)
    visible = ScaledBatches(images, torch.tensor([1.0, 1.0, 2.0]))(1)["visible"]
    assert torch.equal(visible[0], examples[0, [1, 0]])
    assert torch.equal(visible[1], examples[1, [0, 1]])
    assert torch.equal(visible[2], 2 * visible[1])


@pytest.mark.parametrize("draws", [False, True])
def test_who_is_trained_beside_a_machine_changes_no_bit_of_it(draws):
    """The numbers of units, images and members are none that a vector of a processor divides."""
    units, pixels, batch, steps = 6, 13, 7, 6

    def draw(generator):
        shapes = {"visible": (batch, pixels)}
        drawn = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
        if draws:
            drawn["uniform"] = torch.rand(batch, units, generator=generator)
            drawn["noise"] = torch.randn(batch, pixels, generator=generator)
        return drawn

    def run(members):
        initial = [small(generator, units, pixels) for generator in members.generators("company")]
        recording = Recording(
            lambda now: {
                "nll": gaussian_bernoulli.mean_negative_log_likelihood(
                    Machine.of({name: value.double() for name, value in now.items()}),
                    drawn(1, 21, pixels, seed=11).expand(len(now["weights"]), -1, -1),
                )
            },
            {"nll": ()},
            (0, steps),
        )
        trained = train(
            members,
            stacked(initial),
            GaussianBernoulliStep(SGD(0.3 * torch.ones(len(members)))),
            Fresh(draw, members, ("company", "data")),
            steps,
            [recording],
        )
        return dict(trained.parameters) | {"nll": torch.tensor(trained.history["nll"].values)}

    assert dependent_on_company(run, Members.grid(seed=range(7)), groups=(1, 2, 3, 5)) == []


@pytest.mark.parametrize("name", descent.MACHINES)
def test_likelihoods_of_a_seed_do_not_depend_on_the_number_of_seeds(name):
    pixels = torch.Generator().manual_seed(12)
    shapes = {"train": 40, "validation": 7, "test": 11}
    images = {part: torch.randn(5, count, 15, generator=pixels) for part, count in shapes.items()}
    settings = {
        "seed": 7,
        "components": 9,
        "few_components": 3,
        "binary_units": 6,
        "rates": [0.05, 0.2],
        "rates_doubled": [0.05],
        "train": 40,
        "batch": 10,
        "epochs": 3,
    }
    found = {}
    for seeds in (1, 2, 3, 5):
        parts = Parts(**{part: values[:seeds] for part, values in images.items()})
        found[seeds] = descent.train_machine(name, settings | {"seeds": seeds}, parts, Work())
    for seeds in (1, 2, 3):
        for part in ("validation", "test"):
            together = found[5][part].values[:, :seeds]
            assert np.array_equal(found[seeds][part].values, together), (seeds, part)
