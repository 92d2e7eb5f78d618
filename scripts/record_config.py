"""Store the exact settings of the run with its results."""

from widthscope.files import atomic_write_json
from widthscope.workflow.job import job

with job(snakemake) as run:
    atomic_write_json(run.output.config, run.params.settings)
