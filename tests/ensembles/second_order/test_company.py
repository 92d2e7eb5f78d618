"""Members never mix: to the last bit, in any company, resumed or not."""

import pytest
import torch

from widthscope.ensembles.batches import Minibatches, epochs
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.factors import SampledResiduals
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.shampoo import Shampoo
from widthscope.ensembles.training import train
from widthscope.models.mlp import initial, layer_names, sizes
from widthscope.streams import torch_generator
from widthscope.work import Work

NAMES = layer_names(3)
MEMBERS = Members.grid(seed=range(5), rate=(0.01, 0.1))


def kfac(fisher, exponents, window=1, rule="rescaled"):
    def build(rates, ones, members):
        rho = damping(rule, NAMES, 0.1 * ones, 0.3 * ones)
        noise = SampledResiduals(members.keys("noise"))
        return KFAC("tanh", rates, rho, exponents, fisher, window=window, decay=0.5, noise=noise)

    return build


def shampoo(exponent, accumulate):
    def build(rates, ones, members):
        return Shampoo("relu", rates, 0.01 * ones, exponent, accumulate, every=2)

    return build


STEPS = {
    "first order": lambda rates, ones, members: MLPStep("tanh", rates),
    "kfac mc": kfac("mc", (1, 1)),
    "kfac emp": kfac("emp", (0.25, 0.75)),
    "kfac exact": kfac("exact", (1, 1)),
    "kfac mc powers, window": kfac("mc", (0.5, 0.3), 3, "heuristic"),
    "shampoo": shampoo(0.3, "none"),
    "shampoo sum": shampoo(0.25, "sum"),
    "shampoo average": shampoo(0.25, "average"),
}


def runner(build, width, shared, work=None, steps=3):
    """Trains members; the batch is one view for all of them, or each member's own."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 5, generator=generator)
    examples = {"x": x, "y": torch.randn(40, 3, generator=generator)}

    def run(members):
        drawn = [initial(g, sizes(5, width, 3, 3)) for g in members.generators("weights")]
        rate = members.tensor("rate")
        step = build(dict.fromkeys(NAMES, rate), torch.ones_like(rate), members)
        generators = [torch_generator("order")] if shared else members.generators("order")
        own = Minibatches(examples, epochs(generators, 40, 8, steps))

        def batches(k):
            return {name: value.expand(len(members), -1, -1) for name, value in own(k).items()}

        return train(members, stacked(drawn), step, batches, steps, work=work, save_seconds=0).parameters

    return run


@pytest.mark.parametrize("width", [6, 33])
@pytest.mark.parametrize("name", STEPS)
def test_members_do_not_depend_on_their_company(name, width):
    for shared in (True, False):
        assert dependent_on_company(runner(STEPS[name], width, shared), MEMBERS, groups=(1, 2, 3)) == []


class KilledError(Exception):
    pass


@pytest.mark.parametrize("name", ["kfac mc powers, window", "shampoo average"])
def test_a_killed_run_goes_on_to_the_same_result(name, tmp_path):
    whole = runner(STEPS[name], 6, True, steps=7)(MEMBERS)

    def dying(rates, ones, members):
        step = STEPS[name](rates, ones, members)

        class Dying:
            def start(self, parameters):
                return step.start(parameters)

            def __call__(self, parameters, state, batch, k):
                if k == 5:
                    raise KilledError
                return step(parameters, state, batch, k)

        return Dying()

    with pytest.raises(KilledError):
        runner(dying, 6, True, Work(unfinished=tmp_path), steps=7)(MEMBERS)
    resumed = runner(STEPS[name], 6, True, Work(unfinished=tmp_path), steps=7)(MEMBERS)
    assert all(torch.equal(whole[n], resumed[n]) for n in NAMES)
