"""Differences of gradients approach H g, in the order that Taylor's formula gives; H g itself is exact."""

import math

import pytest
import torch
from tests.gradient_regularisation.small_networks import batch, initial, kinked_loss, smooth_loss

from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.gradient_regularisation.differences import centred, displaced, exact, mixed, one_sided

MEMBERS = 3


def of(loss, data):
    return lambda parameters: value_and_gradients(loss, parameters, data)[1]


def distance(first, second):
    return torch.stack([(first[name] - second[name]).square().sum() for name in first]).sum().sqrt().item()


@pytest.mark.parametrize("loss", [smooth_loss, kinked_loss])
def test_the_exact_product_is_that_of_the_explicit_hessian(loss):
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    losses, gradients, products = exact(loss, parameters, data)
    assert torch.equal(losses, loss(parameters, data))
    for member in range(MEMBERS):
        own = {name: value[[member]] for name, value in data.items()}
        sizes = [value[member].numel() for value in parameters.values()]

        def of_flat(flat, own=own, sizes=sizes):
            parts = zip(parameters.items(), flat.split(sizes), strict=True)
            return loss({name: part.reshape(1, *like.shape[1:]) for (name, like), part in parts}, own)[0]

        flat = torch.cat([value[member].flatten() for value in parameters.values()])
        gradient = torch.cat([value[member].flatten() for value in gradients.values()])
        product = torch.cat([value[member].flatten() for value in products.values()])
        hessian = torch.autograd.functional.hessian(of_flat, flat)
        assert torch.allclose(gradient, torch.autograd.functional.jacobian(of_flat, flat), atol=1e-14)
        assert torch.allclose(product, hessian @ gradient, rtol=1e-12, atol=1e-14)


def test_errors_fall_as_the_ascent_and_as_its_square():
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    gradient = of(smooth_loss, data)
    _, first, product = exact(smooth_loss, parameters, data)
    errors = {
        (kind, ascent): distance(method(gradient, parameters, first, sign * ascent), product)
        for kind, method, sign in (("f", one_sided, 1), ("b", one_sided, -1), ("c", centred, 1))
        for ascent in (0.02, 0.01)
    }
    for kind, order in (("f", 1), ("b", 1), ("c", 2)):
        slope = math.log2(errors[kind, 0.02] / errors[kind, 0.01])
        assert slope == pytest.approx(order, abs=0.05), kind


def test_of_a_quadratic_every_difference_is_exact():
    matrix = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    parameters = {"w": torch.tensor([[1.0, -2.0], [0.5, 4.0]], dtype=torch.float64)}

    def gradient(p):
        return {"w": p["w"] @ matrix}

    first = gradient(parameters)
    for method in (one_sided, centred):
        for ascent in (3.0, -0.5):
            found = method(gradient, parameters, first, ascent)["w"]
            assert torch.allclose(found, first["w"] @ matrix, rtol=1e-13)


def test_each_member_has_its_own_ascent():
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    gradient = of(smooth_loss, data)
    first = gradient(parameters)
    ascents = torch.tensor([0.3, -0.1, 1.0], dtype=torch.float64)
    found = one_sided(gradient, parameters, first, ascents)
    for member, ascent in enumerate(ascents.tolist()):
        alone = one_sided(gradient, parameters, first, ascent)
        for name in found:
            assert torch.equal(found[name][member], alone[name][member])


def test_displacement_leaves_what_it_starts_from():
    parameters = initial(2)
    kept = {name: value.clone() for name, value in parameters.items()}
    moved = displaced(parameters, parameters, torch.tensor([1.0, -1.0]))
    for name, value in kept.items():
        assert torch.equal(parameters[name], value)
        assert torch.equal(moved[name][0], 2 * value[0])
        assert not moved[name][1].any()


def test_weight_zero_keeps_the_first_whatever_the_second_is():
    first = {"w": torch.tensor([[1.0, -0.0], [3.0, 4.0]])}
    second = {"w": torch.tensor([[torch.nan, torch.inf], [5.0, 8.0]])}
    found = mixed(first, {"w": second["w"].clone()}, torch.tensor([0.0, 0.5]))["w"]
    assert torch.equal(found, torch.tensor([[1.0, 0.0], [4.0, 6.0]]))
    assert torch.equal(mixed(first, {"w": second["w"].clone()}, 0.0)["w"], first["w"])
