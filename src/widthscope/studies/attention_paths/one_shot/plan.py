"""Shards of the family `one_shot`: networks of one shape in blocks of a fixed number."""

from widthscope.studies.attention_paths.one_shot.settings import (
    FIRST_NOVEL,
    ORIENTATIONS,
    PATCH,
    SIDE,
    Architecture,
    OneShot,
)
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard

STARTUP = 3.5
"""Of a Torch process with its data, in seconds."""

MULTIPLY_SECONDS = 5e-11
"""Of one multiplication in training, forward and backward, on one core."""

NUMBER_SECONDS = 4e-9
"""Of one entry of an attention matrix in training."""

WEIGHT_SECONDS = 4e-9
"""Of one weight in one update."""

EVALUATIONS = 130
"""Of the action and its gradient, for one solve with sixteen paths."""

LOOSE_EVALUATIONS = 80
"""The same at wider widths, where less accuracy is asked for."""

RESTRICTED_EVALUATIONS = 45
"""The same over multiples of the identity or over diagonal matrices, on average."""

FLOP_SECONDS = 4e-11
"""Of one floating-point operation of such an evaluation, on one core."""

START_MB = 450

IMAGES_MB = {"digits": 30, "omniglot": 320}
"""Of the images as they are stored, in patches, and while their side is changed, measured."""


def shards(settings: OneShot, seed: int) -> list[Shard]:
    """Blocks of networks for each architecture; more networks never change the blocks there are."""
    found = []
    for shape in settings.architectures:
        for first in range(0, settings.nets, settings.nets_per_job):
            nets = min(settings.nets_per_job, settings.nets - first)
            found.append(_shard(settings, shape, first, nets, seed))
    return found


def _shard(settings: OneShot, shape: Architecture, first: int, nets: int, seed: int) -> Shard:
    dataset = settings.dataset
    return Shard(
        name=f"one-shot-l{shape.layers}-h{shape.heads}-g{shape.key_dim}-w{shape.width}-from{first}",
        entry="one_shot.experiment",
        settings={
            "seed": seed,
            "dataset": dataset,
            "side": SIDE[dataset],
            "patch": PATCH[dataset],
            "orientations": ORIENTATIONS[dataset],
            "first_novel": FIRST_NOVEL[dataset],
            "first_net": first,
            "nets": nets,
            **shape.model_dump(mode="json"),
            **settings.model_dump(
                mode="json", include={"episodes", "batch", "steps", "learning_rate", "evaluated"}
            ),
        },
        cost=Cost(
            STARTUP + nets * _net_seconds(settings, shape), START_MB + _megabytes(settings, shape, nets)
        ),
        datasets=(dataset,),
        spectra="one_shot.theory_stage",
        spectra_settings=settings.theory.model_dump(mode="json"),
        spectra_cost=theory_cost(settings, shape, nets),
        gpu_speedup=GPU_SPEEDUP,
    )


def _net_seconds(settings: OneShot, shape: Architecture) -> float:
    """Of training one network: attention of every episode, and its weights in every update."""
    tokens, features = settings.token_sizes()
    heads = shape.layers * shape.heads
    multiplied = 3 * heads * tokens * features * (features + tokens)
    episode = multiplied * MULTIPLY_SECONDS + heads * tokens**2 * NUMBER_SECONDS
    weights = heads * (shape.width**2 + 2 * shape.key_dim * features) * WEIGHT_SECONDS
    episodes = settings.steps * settings.batch + settings.evaluated
    return episodes * episode + settings.steps * weights


def _megabytes(settings: OneShot, shape: Architecture, nets: int) -> int:
    """Of images, networks with Adam's averages, what four leave in one update, and tokens to measure one."""
    tokens, features = settings.token_sizes()
    heads = shape.layers * shape.heads
    weights = nets * heads * (shape.width**2 + 2 * shape.key_dim * features)
    left = 4 * settings.batch * heads * tokens * (2 * tokens + features)
    evaluated = 2 * settings.evaluated * tokens * features
    return IMAGES_MB[settings.dataset] + round(4 * (6 * weights + 3 * left + evaluated) / 2**20)


def theory_cost(settings: OneShot, shape: Architecture, nets: int) -> Cost:
    """Of a solve at every temperature and width, those beside, and of the path inputs of all episodes."""
    theory, paths = settings.theory, shape.heads**shape.layers
    tokens, features = settings.token_sizes()
    examples, solved = theory.episodes, len(theory.temperatures)
    contraction = 4 * examples * features * paths * (examples + paths) + 2 * examples**3
    evaluations = (solved + 1) * EVALUATIONS + solved * (len(theory.widths) - 1) * LOOSE_EVALUATIONS
    evaluations += 2 * solved * RESTRICTED_EVALUATIONS
    forward = shape.layers * shape.heads * tokens * features * (features + tokens) * MULTIPLY_SECONDS
    episodes = theory.validation + theory.selection + theory.test
    seconds = evaluations * contraction * FLOP_SECONDS + 3 * episodes * forward
    stored = 3 * 4 * nets * theory.test * paths  # what paths add to test episodes, joined and written
    megabytes = round((settings.theory_bytes(shape) + stored) / 2**20)
    return Cost(STARTUP + nets * seconds, START_MB + IMAGES_MB[settings.dataset] + megabytes)
