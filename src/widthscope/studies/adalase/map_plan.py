"""What the plans of the families on feature maps share. No Torch here."""

from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.map_settings import Convolutions


def recipe(settings: Convolutions) -> Recipe:
    """How the networks of these settings are trained."""
    return Recipe(
        train=settings.train,
        test=settings.test,
        batch=settings.batch,
        steps=settings.steps,
        validation=settings.validation,
        rate=settings.rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        least=settings.least,
    )


def fixed(operation: str, positions: int) -> tuple[Arm, ...]:
    """One arm for each position at which the operation is always applied."""
    return tuple(Arm(f"{operation}-p{place}", (operation,) * positions, place) for place in range(positions))
