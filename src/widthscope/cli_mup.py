"""The command `widthscope mup`: coordinate check of a user's own model, given as a function of its width."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from widthscope.cli_outputs import option, write_figures, write_table

if TYPE_CHECKING:
    from widthscope.coordinate_check.report import Report
    from widthscope.plotting import Drawing

NOT_FLAT = 1

Factory = Annotated[
    str | None,
    typer.Argument(
        metavar="MODULE:FACTORY",
        help="Name that Python can import, or path of a .py file, and in it the function width -> model, or "
        "width -> (model, optimizer).",
        show_default=False,
    ),
]
Batch = Annotated[
    str, typer.Option("--batch", metavar="NAME", help="Function seed -> batch, in the same module.")
]
Loss = Annotated[
    str | None,
    option(
        "NAME",
        "mse, cross-entropy, own, or a function (output, targets) -> loss of the same module; by default the "
        "model's own where the batch is a dict, cross-entropy for whole-number targets, else mse.",
    ),
]
Widths = Annotated[str, typer.Option(metavar="N,N,…", help="Increasing; the first is the base width.")]
Optimizer = Annotated[str | None, option("NAME", "sgd or adam, where the factory brings none; else adam.")]
Rate = Annotated[float | None, option("RATE", "Its learning rate; by default 0.1 for sgd, 0.001 for adam.")]
Steps = Annotated[int, typer.Option(metavar="N", help="Updates, all on one batch.")]
Seeds = Annotated[int, typer.Option(metavar="N", help="Members of each width, at least 2.")]
Mend = Annotated[
    bool, typer.Option("--mend", help="Check again, rescaled to maximal update from the base width.")
]
Zero = Annotated[
    bool, typer.Option("--zero-readout", help="With --mend: readouts start at zero, where they are not tied.")
]
Every = Annotated[
    bool, typer.Option("--every", help="List modules without parameters too, such as activations.")
]
Table = Annotated[
    bool,
    typer.Option("--table", help="Only print the exponents of SGD, Adam and others; takes no factory."),
]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="cpu or cuda.")]
Csv = Annotated[Path | None, option("FILE", "Write every number, all digits.")]
Figures = Annotated[Path | None, option("FOLDER", "Write the figures as SVG.")]


def mup(
    factory: Factory = None,
    batch: Batch = "batch",
    loss: Loss = None,
    widths: Widths = "64,128,256,512",
    optimizer: Optimizer = None,
    rate: Rate = None,
    steps: Steps = 5,
    seeds: Seeds = 8,
    mend: Mend = False,
    zero_readout: Zero = False,
    every: Every = False,
    device: Device = "cpu",
    csv: Csv = None,
    figures: Figures = None,
    table: Table = False,
) -> None:
    """Check how the layers of your own model move as it grows wide.

    Imports MODULE, which runs its code. Trains FACTORY(width) for a few steps at several widths, records how
    far the output of every layer moves, and says which layers' slopes on the width leave zero; then what the
    initial weights and learning rates would have to be. What it means: docs/mup.md.

    \b
    Examples:
      widthscope mup model.py:make --optimizer sgd --rate 0.1
      widthscope mup package.model:make --batch tokens --widths 128,256,512 --seeds 16 --mend
      widthscope mup model.py:corrected --csv numbers.csv --figures figures
      widthscope mup --table

    Exit status: 0 every layer is flat, 1 a layer leaves zero or is undecided, or a member diverges (of the
    model as it is, also with --mend), 2 the factory, the batch or an option is not what it must be.
    """
    from widthscope.coordinate_check.request import CoordinateCheckError, DivergedError, Request, parse_widths

    if table:
        from widthscope.parameterisations.table import table as exponents

        if factory is not None:
            raise CoordinateCheckError(f"--table takes no factory; leave out {factory}, or --table")
        typer.echo(exponents())
        return
    if factory is None:
        raise CoordinateCheckError(
            "a factory is needed; write MODULE:FACTORY, such as model.py:make, or --table"
        )
    request = Request(parse_widths(widths), seeds, steps, optimizer, rate, device, every, zero_readout)
    if zero_readout and not mend:
        raise CoordinateCheckError("--zero-readout is a way to mend; give --mend with it")

    from widthscope.coordinate_check import listing, user_code
    from widthscope.coordinate_check.probing import probe
    from widthscope.coordinate_check.report import report
    from widthscope.coordinate_check.suggestions import require_method
    from widthscope.dynamics.outputs import check_outputs
    from widthscope.dynamics.state_function import module_file
    from widthscope.progress import progress

    check_outputs(csv, figures, module=module_file(factory), columns=listing.COLUMNS)
    probed = probe(user_code.load(factory, batch), request, loss)
    if mend:
        require_method(probed.optimizer)
    try:
        found = report(probed, request, mend, progress)
    except DivergedError as error:
        typer.echo(f"widthscope: {error}", err=True)
        raise typer.Exit(NOT_FLAT) from None
    typer.echo(listing.overview(found))
    write_table(csv, lambda: listing.csv_text(found))
    write_figures(figures, lambda: _drawn(found))
    if not found.checks["given"].passes:
        raise typer.Exit(NOT_FLAT)


def _drawn(found: "Report") -> "dict[str, Drawing]":
    from widthscope.coordinate_check.figures import draw  # only here: it takes a second to load

    return draw(found)
