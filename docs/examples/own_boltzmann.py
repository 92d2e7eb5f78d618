"""An attentional Boltzmann machine on images that are yours: fit, exact likelihood, completion.

    python own_boltzmann.py

Stands in for your images: handwritten digits of 8 by 8 pixels. The machine is a mixture of Gaussians of unit
covariance, so the scale of the images decides what is learned: here deviation 2 over all pixels.
"""

import math

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from widthscope.boltzmann import completion, mixture
from widthscope.boltzmann import expectation_maximisation as em
from widthscope.datasets.image_splits import split


def images(train: int, test: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images to fit (train, 64) and to report on (test, 64), float64, centred and scaled by the first."""
    digits = load_digits()
    parts = split(torch.as_tensor(digits.images), torch.as_tensor(digits.target), (train, test), generator)
    fitted, reported = (2.0 * part.pixels.flatten(1).double() for part in parts)
    mean = fitted.mean(dim=0)
    return fitted - mean, reported - mean


def main(components: int = 50, hidden_share: float = 0.8) -> dict[str, object]:
    """The machine, its test NLL, and mean squared errors at hidden pixels."""
    generator = torch.Generator().manual_seed(0)
    train, test = images(1400, 247, generator)

    start = em.on_examples(generator, components, train)  # means on images drawn at random
    fitted = em.fit(start, train, iterations=100, tolerance=1e-6)
    # em.machine_of gives named parameters; energies, densities and samples take them as a Machine.
    machine = mixture.Machine.of(em.machine_of(fitted.mixture))
    nll = float(mixture.mean_negative_log_likelihood(machine, test))  # exact, nats
    gaussian = float(test.square().sum(dim=1).mean() / 2 + test.shape[1] * math.log(2 * math.pi) / 2)

    missing = completion.random_mask(tuple(test.shape), hidden_share, generator)  # 1 where a pixel is hidden
    completed = {
        "conditional mean": completion.conditional_mean(machine, test, missing),
        "single update": completion.single_update(machine, test, missing),
        "mean image": test * (1 - missing),
    }
    errors = {
        way: float(((own - test).square() * missing).sum() / missing.sum()) for way, own in completed.items()
    }
    print(f"{'converged' if bool(fitted.converged) else 'not converged'} after {fitted.iterations} steps")
    print(f"test NLL {nll:.1f} nats, of a Gaussian of unit covariance {gaussian:.1f}")
    print("squared error at hidden pixels:", ", ".join(f"{way} {error:.2f}" for way, error in errors.items()))
    return {
        "machine": machine,
        "fitted": fitted,
        "train": train,
        "test": test,
        "missing": missing,
        "nll": nll,
        "gaussian": gaussian,
        "errors": errors,
        "conditional": completed["conditional mean"],
    }


if __name__ == "__main__":
    main()
