"""Join the shards of a study and fit the limit."""

from widthscope import store, studies
from widthscope.workflow.job import job

with job(snakemake) as run:
    shards = store.read_all(run.input.stores, run.input.digests)
    fitted = studies.load(run.wildcards.study, "fit").fit(shards, run.params.settings)
    store.write(fitted, run.output.store, run.output.digest)
