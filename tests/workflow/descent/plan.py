"""One shard for each width, so that another width is another shard."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.descent.settings import Settings


def shards(settings: Settings, seed: int) -> list[Shard]:
    """The shards of the sweep, each with its spectra."""
    training = settings.training
    sizes = {"steps": training.steps, "pause": training.pause, "seed": seed}
    return [
        Shard(
            name=f"training-w{width}",
            entry="training",
            settings={"width": width, **sizes},
            cost=Cost(1, 500),
            spectra="spectra",
            spectra_settings=settings.spectra.model_dump(),
        )
        for width in training.widths
    ]
