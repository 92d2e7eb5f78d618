"""Collect the judged claims of all studies and the users' checkpoints, and build the page."""

from pathlib import Path

from widthscope import report
from widthscope.files import atomic_write_json, atomic_write_text
from widthscope.inspect import freshness
from widthscope.workflow.job import job

with job(snakemake) as run:
    root = Path(snakemake.scriptdir).parent
    products = freshness.products(run.results, root)
    shown = run.params.settings
    built = report.build(
        run.results,
        shown["studies"],
        products,
        checkpoints=shown["checkpoints"],
        templates=root / "report",
    )
    atomic_write_json(run.output.claims, built.claims)
    atomic_write_text(run.output.page, built.page)
