"""The command line: what a run needs, whether results are whole, how runs differ; your own models."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from widthscope.cli_jacobian import jacobian
from widthscope.cli_mup import mup
from widthscope.cli_spectra import spectra
from widthscope.errors import WidthscopeError

PROBLEM = 1
BAD_INPUT = 2


class _OneSentenceErrors(TyperGroup):
    """Errors for people end the command with their sentence and status 2, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except WidthscopeError as error:
            typer.echo(f"widthscope: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from None


app = typer.Typer(
    cls=_OneSentenceErrors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--configfile",
        metavar="FILE",
        help="Configuration file of the run; by default the one that the run's config.json names.",
        show_default=False,
    ),
]


@app.callback()
def main() -> None:
    """Look at the results of widthscope's workflow, at your own checkpoints and models, start a new study.

    The workflow itself is Snakemake's: `snakemake --cores all` runs what is missing or stale. These commands
    read what lies beside the results (digests, provenance) and compare it with the settings and the source as
    they are now. Call them in the folder that has the Snakefile; spectra, jacobian and mup can be called
    anywhere.

    \b
    Exit status: 0 all is well, 1 a problem or a difference was found, 2 the command or its input is wrong.
    """


@app.command()
def explain(
    product: Annotated[Path, typer.Argument(metavar="PRODUCT", help="A file in results/<run>.")],
    configfile: ConfigFile = None,
) -> None:
    """Say why a product would be made again.

    Names the setting that changed (old -> new), the module and function, the package, or the input. What the
    product is made from is explained below it, so the first causes stand deepest. Looks at no file's time:
    after copying results, see verify --adopt.

    \b
    Examples:
      widthscope explain results/laptop/report/index.html
      widthscope explain results/laptop/limit_law/fit.digest.json

    Exit status: 0 it is up to date, 1 it would be made again, 2 no job makes it.
    """
    from widthscope.inspect import run_folder
    from widthscope.inspect.explain import explain as explained

    folder = run_folder.run_folder_of(product)
    known = folder if configfile is None or folder.is_dir() else None
    up_to_date, lines = explained(run_folder.open_plan(known, configfile), product)
    typer.echo("\n".join(lines))
    raise typer.Exit(0 if up_to_date else PROBLEM)


@app.command()
def verify(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN_FOLDER", help="results/<run>; by default the run of config.yaml."),
    ] = None,
    configfile: ConfigFile = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Tell Snakemake which products are ok, and remove the small file of each that is not, so "
            "that `snakemake` makes those again and nothing else.",
        ),
    ] = False,
) -> None:
    """Check that every product of a run is whole and current.

    Reads all stores and files and compares them with their digests, and what is recorded of their making with
    the plan. Each product is ok, stale (made from other settings, source or inputs), altered (its content is
    not what was written), torn (a part is missing or cannot be read), or missing.

    \b
    Examples:
      widthscope verify
      widthscope verify results/paper
      widthscope verify results/paper --adopt     after copying results, or deleting .snakemake/

    Exit status: 0 every product is ok, 1 some are not, 2 there is no such run. With --adopt: 0 once done.
    """
    from widthscope.inspect import run_folder
    from widthscope.inspect import verify as verification
    from widthscope.inspect.standing import State, standings

    plan = run_folder.open_plan(run, configfile)
    found = list(standings(plan).values())
    typer.echo("\n".join(verification.report(found)))
    if adopt:
        done = verification.adopt(plan, found, _config_file(run, configfile))
        typer.echo(f"adopted: {len(done.adopted)} products, which Snakemake now takes as up to date")
        for product in done.withdrawn:
            typer.echo(f"withdrawn: {product}, which the next `snakemake` makes again")
    elif any(standing.state is not State.OK for standing in found):
        raise typer.Exit(PROBLEM)


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="A run's folder, such as results/laptop.")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another, or a copy from elsewhere.")],
) -> None:
    """Grade how far two runs agree.

    A product is identical (equal digests), within intervals (its study's claims have the same verdicts, and
    each estimate lies inside the other run's interval), or different. Names the first stage, in the order of
    the data (datasets, sweep, spectra, fit, claims, figures), at which the runs part, and what
    differed in its making.

    \b
    Examples:
      widthscope compare results/laptop results/laptop-again
      widthscope compare results/paper /mnt/cluster/results/paper

    Exit status: 0 every product is identical or within intervals, 1 some are different, 2 bad input.
    """
    from widthscope.inspect import compare as comparison

    compared = comparison.compare(run_a, run_b)
    for one in compared:
        typer.echo(f"{one.grade:<16} {one.name}")
    first = comparison.first_divergence(compared)
    if first is None:
        typer.echo("the runs are identical")
        return
    typer.echo(f"the runs part at stage '{first.stage}', first in {first.name}")
    for reason in first.reasons:
        typer.echo(f"  {reason}")
    different = [one for one in compared if one.grade is comparison.Grade.DIFFERENT]
    for one in different:
        if one is not first:
            typer.echo("\n".join([f"{one.name}:", *(f"  {reason}" for reason in one.reasons)]))
    raise typer.Exit(PROBLEM if different else 0)


app.command()(spectra)
app.command()(jacobian)
app.command()(mup)


@app.command(name="new-study")
def new_study(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Lower-case words joined by underscores.")],
    paper: Annotated[
        str | None, typer.Option(metavar="ARXIV", help="arXiv identifier of its paper.", show_default=False)
    ] = None,
    configfile: Annotated[
        Path, typer.Option("--configfile", metavar="FILE", help="Configuration file to name the study in.")
    ] = Path("config.yaml"),
) -> None:
    """Write a small study that runs and is judged at once.

    Names it in the configuration, with its comments kept.

    \b
    Example:
      widthscope new-study wide_norms --paper 2506.00846
      snakemake --cores all wide_norms

    Exit status: 0 it is written, 2 the name is malformed or taken.
    """
    from widthscope import config
    from widthscope import new_study as template

    config.parse(configfile)  # refused before anything is written
    tests = Path("tests/studies")
    folder = template.create(slug, paper, tests=tests if tests.is_dir() else None)
    typer.echo(f"wrote {folder}")
    if template.add_to_config(slug, configfile):
        typer.echo(f"named it in {configfile}")
    else:
        typer.echo(f"name it in {configfile}, under studies:, by a line '  {slug}: {{}}'")
    typer.echo(f"now: snakemake --cores all {slug}; then make docs, which lists its settings")


def _config_file(run: Path | None, configfile: Path | None) -> Path:
    from widthscope.inspect import run_folder

    if configfile is not None:
        return configfile
    return Path(run_folder.DEFAULT_CONFIG) if run is None else run_folder.recorded_config_file(run)
