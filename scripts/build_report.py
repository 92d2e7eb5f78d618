"""Collect the judged claims of all studies and build the page."""

from widthscope import report
from widthscope.files import atomic_write_json, atomic_write_text
from widthscope.workflow.job import job

with job(snakemake) as run:
    built = report.build(run.results, run.params.settings["studies"])
    atomic_write_json(run.output.claims, built.claims)
    atomic_write_text(run.output.page, built.page)
