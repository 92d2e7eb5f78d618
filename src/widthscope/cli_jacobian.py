"""The command `widthscope jacobian`: spectrum and exponents of a user's own state-update function."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from widthscope.cli_outputs import option, write_figures, write_table

if TYPE_CHECKING:
    import xarray as xr

    from widthscope.plotting import Drawing


def _at_least(least: int, about: str) -> Any:
    return typer.Option(metavar="N", min=least, help=about)


Function = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:FUNCTION",
        help="Name that Python can import, or path of a .py file, and in it the function state -> state.",
    ),
]
StateFile = Annotated[
    Path, typer.Argument(metavar="STATE_FILE", help="A state: .npy, .npz, .pt or .safetensors.")
]
Steps = Annotated[int, _at_least(1, "T of the finite-time exponents.")]
LongSteps = Annotated[int, _at_least(20, "Steps of the long-run exponents.")]
WarmUp = Annotated[int, _at_least(0, "Steps of the state before those, and as many of state and tangents.")]
Count = Annotated[int, _at_least(1, "Leading eigenvalues and exponents.")]
Dense = Annotated[bool, typer.Option("--dense", help="Form Jacobians; by default by size and memory.")]
MatrixFree = Annotated[bool, typer.Option("--matrix-free", help="Form none; by default by size and memory.")]
Batched = Annotated[
    bool, typer.Option("--batched", help="The first axis counts states; the function takes all at once.")
]
Float32 = Annotated[bool, typer.Option("--float32", help="Call the function in float32.")]
Array = Annotated[str | None, option("NAME", "Of the state, if the file has several arrays.")]
Csv = Annotated[Path | None, option("FILE", "Write every number, all digits.")]
Figures = Annotated[Path | None, option("FOLDER", "Write the figures as SVG.")]


def jacobian(
    function: Function,
    state_file: StateFile,
    steps: Steps = 16,
    long_steps: LongSteps = 1000,
    warm_up: WarmUp = 100,
    count: Count = 8,
    dense: Dense = False,
    matrix_free: MatrixFree = False,
    batched: Batched = False,
    float32: Float32 = False,
    array: Array = None,
    csv: Csv = None,
    figures: Figures = None,
) -> None:
    """Look at the Jacobian of your own state-update function.

    Imports MODULE, which runs its code. FUNCTION takes a Torch tensor and returns the next state, of the same
    shape. Prints leading eigenvalues, the largest singular value, exponents over T steps and in the long run,
    and the distance from criticality. What they mean: docs/jacobian.md.

    \b
    Examples:
      widthscope jacobian model.py:step state.npy
      widthscope jacobian package.model:net.update states.pt --batched --csv numbers.csv --figures figures
      widthscope jacobian model.py:step state.npz --array x0 --steps 32 --long-steps 5000

    Exit status: 0 it is printed, 2 the function or the state is not what it must be.
    """
    import torch

    from widthscope.dynamics import listing
    from widthscope.dynamics.analysis import Request, analyse
    from widthscope.dynamics.outputs import check_outputs
    from widthscope.dynamics.probing import probe
    from widthscope.dynamics.state_file import read_state
    from widthscope.dynamics.state_function import load_function, module_file
    from widthscope.errors import DynamicsError

    if dense and matrix_free:
        raise DynamicsError("--dense and --matrix-free exclude each other; leave out one, or both")
    route = dense if dense or matrix_free else None
    check_outputs(csv, figures, module=module_file(function), state=state_file)
    with _memory_errors():
        state = read_state(state_file, array)
        found = load_function(function)
        dtype = torch.float32 if float32 else torch.float64
        model = probe(found, state, function, batched=batched, dtype=dtype)
        table = analyse(model, Request(steps, long_steps, warm_up, count, route), _say)
    typer.echo(listing.overview(table))
    write_table(csv, lambda: listing.csv_text(table))
    write_figures(figures, lambda: _drawn(table))


def _drawn(table: "xr.Dataset") -> "dict[str, Drawing]":
    from widthscope.dynamics.figures import draw  # only here: it takes a second to load

    return draw(table)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Memory that runs out in the middle, as one sentence."""
    from widthscope.errors import DynamicsError

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise DynamicsError(
            f"the memory does not suffice ({said}); fewer states take less, and --matrix-free does"
        ) from None


def _say(what: str) -> None:
    """What is done next, for those who wait at a terminal."""
    import sys

    if sys.stderr.isatty():
        typer.echo(f"… {what}", err=True)
