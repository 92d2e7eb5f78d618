"""Turn a named dataset into a chunked store with its licence, source and digest."""

from widthscope import datasets, store
from widthscope.workflow.job import job

with job(snakemake) as run:
    dataset = datasets.prepare(run.wildcards.dataset, run.params.settings)
    store.write(dataset, run.output.store, run.output.digest)
