"""Which heads of a trained network can go: head scores of the theory, and accuracy without the heads.

    python own_pruning.py

Stands in for a trained network: the attention and the examples of own_attention.py, and values and a readout
trained on 100 of them by Adam.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import torch

from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.inputs import path_inputs
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import head_scores
from widthscope.path_theory.problem import problem
from widthscope.path_theory.pruning import accuracy, contributions, pruned_outputs
from widthscope.path_theory.pruning_orders import kept_along, rising

HEADS, WIDTH = (2, 2), 20


def own_attention() -> ModuleType:
    """The example beside this one."""
    path = Path(__file__).with_name("own_attention.py")
    spec = importlib.util.spec_from_file_location("own_attention", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def trained(
    inputs: torch.Tensor, labels: torch.Tensor, generator: torch.Generator, steps: int = 300
) -> list[torch.Tensor]:
    """V^0 (N, 12), values (2, N, N) of both layers, readout (N,)."""
    shapes = [(WIDTH, 12), (2, WIDTH, WIDTH), (2, WIDTH, WIDTH), (WIDTH,)]
    weights = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    optimiser = torch.optim.Adam([each.requires_grad_() for each in weights], lr=0.01)
    for _ in range(steps):
        value_0, first, second, readout = weights
        along = torch.einsum("o,kom,hmn->hkn", readout, second, first).flatten(0, 1) / WIDTH
        outputs = torch.einsum("pdn,dn->p", inputs, along @ value_0) / (4 * WIDTH * 12) ** 0.5
        optimiser.zero_grad()
        loss = (outputs - labels).square().sum() / 0.1 + sum(each.square().sum() for each in weights)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return [each.detach() for each in weights]


def main() -> dict[str, object]:
    """Scores of the heads, and accuracies after each removal in increasing score."""
    model, generator = own_attention(), torch.Generator().manual_seed(0)
    frozen = model.forms(generator)
    inputs, labels = [], []
    for count in (100, 500):
        tokens, targets = model.examples(count, generator)
        attentions = [attention_matrices(tokens, form) for form in frozen]
        inputs.append(path_inputs(tokens, attentions, readout="mean"))
        labels.append(targets)

    value_0, *values, readout = trained(inputs[0], labels[0], generator)
    solution = minimise(problem(inputs[0], labels[0], 0.1, Network.equal(HEADS, WIDTH)))
    scores = torch.cat(head_scores(solution.path_weights, HEADS))  # layer after layer
    order = rising(scores.numpy(), HEADS)
    parts = contributions(values, readout, value_0, inputs[1])  # (tests, paths)
    outputs = pruned_outputs(parts, torch.from_numpy(kept_along(order, HEADS)), HEADS)
    kept = accuracy(outputs, labels[1])
    print("scores of the heads:", ", ".join(f"{score:.2f}" for score in scores))
    print("heads removed:", ", ".join(f"{head % 2} of layer {head // 2 + 1}" for head in order))
    print("accuracy with all and after each removal:", ", ".join(f"{one:.3f}" for one in kept))
    return {"order": order, "accuracy": kept}


if __name__ == "__main__":
    main()
