"""Which heads a Bayesian learner would use, of attention whose queries and keys are yours.

    python own_attention.py

Stands in for a trained model: eight tokens of 12 features; in layer 1 a head that looks at the token before
if it is the same and a random one, in layer 2 a head that averages and a random one. The class of an example
is whether neighbouring tokens agree.
"""

import torch

from widthscope.path_theory.attention import attention_matrices, bilinear_form
from widthscope.path_theory.inputs import path_inputs
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import head_scores
from widthscope.path_theory.prediction import gaussian_process_prediction, predict
from widthscope.path_theory.problem import problem


def examples(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (P, 8, 12): the state of a chain in two features, and eight of position; labels +1 and -1."""
    labels = torch.where(torch.arange(count) % 2 == 0, 1.0, -1.0)
    stays = torch.rand(count, 8, generator=generator) < torch.where(labels > 0, 0.8, 0.2)[:, None]
    state = torch.where(stays, 1.0, -1.0).cumprod(dim=1)
    noise = 0.1 * torch.randn(count, 8, 2, generator=generator)
    shown = torch.stack([(state > 0).float(), (state < 0).float()], dim=-1) + noise
    shown[:, 0] = 0.0  # the token that begins
    position = torch.eye(8).expand(count, 8, 8)
    return torch.cat([shown, torch.zeros(count, 8, 2), position], dim=-1), labels


def forms(generator: torch.Generator) -> list[torch.Tensor]:
    """Bilinear forms (heads, 12, 12) of both layers, from queries and keys (heads, 12, 12)."""
    queries = torch.randn(2, 2, 12, 12, generator=generator)  # layer, head, key dimension, feature
    keys = torch.randn(2, 2, 12, 12, generator=generator)
    # Layer 1, head 0 looks at the token before if its state is the same, else at the first token: its scores
    # are 1 for the same state and -1 for another, 1 more for the token before, 1.5 for the first.
    sharp = 10.0 * 12**0.5
    queries[0, 0], keys[0, 0] = 0.0, 0.0
    queries[0, 0, 0, :2], keys[0, 0, 0, :2] = torch.tensor([[sharp, -sharp], [1.0, -1.0]])
    queries[0, 0, 1, 5:], keys[0, 0, 1, 4] = 1.5 * sharp, 1.0
    for token in range(2, 8):
        queries[0, 0, token, 4 + token], keys[0, 0, token, 3 + token] = sharp, 1.0
    queries[1, 0] = 0.0  # layer 2, head 0: the same weight for every token
    return [bilinear_form(queries[layer], keys[layer]) for layer in range(2)]


def main(width: int = 20, temperature: float = 0.1) -> dict[str, object]:
    """Scores of the heads, and accuracies at this width and at infinite width."""
    generator = torch.Generator().manual_seed(0)
    frozen = forms(generator)
    inputs, labels = [], []
    for count in (100, 500):
        tokens, targets = examples(count, generator)
        attentions = [attention_matrices(tokens, form) for form in frozen]
        inputs.append(path_inputs(tokens, attentions, readout="mean"))  # (P, paths, features)
        labels.append(targets)

    network = Network.equal(heads=(2, 2), width=width)
    posed = problem(inputs[0], labels[0], temperature, network)
    solution = minimise(posed)
    finite = predict(posed, solution.path_weights, inputs[1]).mean
    infinite = gaussian_process_prediction(posed, inputs[1]).mean

    def accuracy(mean: torch.Tensor) -> float:
        return float((mean.sign() == labels[1]).double().mean())

    scores = head_scores(solution.path_weights, network.heads)
    print(f"gradient {solution.gradient_norm:.0e} after {solution.evaluations} evaluations")
    for layer, of_heads in enumerate(scores, start=1):
        print(f"layer {layer}, scores of its heads:", ", ".join(f"{score:.2f}" for score in of_heads))
    print(f"accuracy at width {width} {accuracy(finite):.3f}, at infinite width {accuracy(infinite):.3f}")
    return {"solution": solution, "scores": scores, "accuracy": (accuracy(finite), accuracy(infinite))}


if __name__ == "__main__":
    main()
