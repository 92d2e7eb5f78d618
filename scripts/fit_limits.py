"""Join the shards of a study, and the spectra of those that have them, and fit the limit."""

from widthscope import store, studies
from widthscope.workflow.job import job
from widthscope.workflow.stored_shards import read_shards

with job(snakemake) as run:
    shards = read_shards(run.input.stores, run.input.digests)
    fitted = studies.load(run.wildcards.study, "fit").fit(shards, run.params.settings)
    store.write(fitted, run.output.store, run.output.digest)
