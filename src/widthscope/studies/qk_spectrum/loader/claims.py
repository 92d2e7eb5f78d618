"""The claim about reading checkpoints."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below

_ERROR = "difference of rebuilt and module's scores"

CHECKPOINT_LOADER = Claim(
    name="checkpoint-loader",
    statement="Scores rebuilt from the queries and keys that the loader reads equal the module's own, for "
    "each layout tried, with norms folded in, biases of the keys left out and rotary positions turned; wrong "
    "readings do not.",
    quantity=f"largest {_ERROR}, over the tolerance $50 \\varepsilon d_h$ times the largest score",
    prediction=None,
    tests=(
        Test(
            name="scores",
            rule=Below(1.0),
            quantity=f"largest {_ERROR}, over the tolerance $50 \\varepsilon d_h$ times the largest score",
            margin_reason="the tolerance: rounding of sums over $d_h$ and d in float64",
        ),
        Test(
            name="wrong-readings",
            rule=Above(1000.0),
            quantity=f"smallest {_ERROR} by a wrong reading, in the same tolerances",
            margin_reason="a thousand tolerances, which no rounding reaches",
        ),
    ),
    control=Control(
        "wrong readings, such as key heads tiled, heads stacked, transposed, or a gain not folded (scores); "
        "the right readings (wrong-readings)"
    ),
    figure="loader-errors",
    shards=("loader",),
)

CLAIMS: tuple[Claim, ...] = (CHECKPOINT_LOADER,)
