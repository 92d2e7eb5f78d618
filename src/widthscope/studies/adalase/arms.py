"""Policies and how networks are trained with them, as data. No Torch here: plans are made of them."""

from dataclasses import dataclass

SAMPLED = -1
"""In the place of a fixed position: drawn from the ratios (`feature_augmentation.selection_step`)."""

DEGREES = 10.0
"""Largest angle by which pseudo-validation turns an image, either way."""


@dataclass(frozen=True)
class Recipe:
    """How networks are trained: SGD with Nesterov's momentum and a cosine, stepped at every update.

    Attributes:
        train: images trained on; test: images tested on, disjoint, of each seed's own split.
        batch: images in a minibatch.
        steps: updates.
        validation: V, images of the pseudo-validation batch; 0 for all that are trained on.
        rate, momentum, weight_decay: of the weights.
        least: delta of the ratios.
        degrees: of the pseudo-validation's rotation.
    """

    train: int
    test: int
    batch: int = 32
    steps: int = 400
    validation: int = 0
    rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    least: float = 0.1
    degrees: float = DEGREES


@dataclass(frozen=True)
class Arm:
    """A policy.

    Attributes:
        name: of the arm.
        operations: name of the operation at each position, K of them.
        position: `SAMPLED`, a fixed position, or K for no augmentation.
        rate: eta_q; only sampled positions adapt.
        shuffled: whether the pseudo-validation's labels are shuffled.
    """

    name: str
    operations: tuple[str, ...]
    position: int = SAMPLED
    rate: float = 0.0
    shuffled: bool = False

    @property
    def adapts(self) -> bool:
        """Whether a validation gradient is needed."""
        return self.position == SAMPLED and self.rate != 0
