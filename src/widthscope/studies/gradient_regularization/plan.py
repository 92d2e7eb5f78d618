"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.costs import plan as costs
from widthscope.studies.gradient_regularization.diagonal import plan as diagonal
from widthscope.studies.gradient_regularization.differences import plan as differences
from widthscope.studies.gradient_regularization.flatness import plan as flatness
from widthscope.studies.gradient_regularization.flooding import plan as flooding
from widthscope.studies.gradient_regularization.label_noise import plan as label_noise
from widthscope.studies.gradient_regularization.settings import Settings
from widthscope.studies.gradient_regularization.stability import plan as stability


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *differences.shards(settings.differences, seed),
        *costs.shards(settings.costs, seed),
        *flooding.shards(settings.flooding, seed),
        *diagonal.shards(settings.diagonal, seed),
        *label_noise.shards(settings.label_noise, seed),
        *stability.shards(settings.stability, seed),
        *flatness.shards(settings.flatness, seed),
    ]
