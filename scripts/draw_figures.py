"""Draw the figures of a study, and list them with caption and alternative text."""

from widthscope import plotting, store, studies
from widthscope.workflow.job import job

with job(snakemake) as run:
    fitted = store.read(run.input.store, run.input.digest)
    drawings = studies.load(run.wildcards.study, "figures").draw(fitted)
    plotting.save_all(drawings, run.output.figures, run.output.index)
