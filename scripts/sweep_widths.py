"""Run one shard of a study's width sweep and store it."""

from widthscope import store, studies
from widthscope.workflow.job import job

with job(snakemake) as run:
    entry = studies.load(run.wildcards.study, run.params.settings["entry"])
    trees = store.read_all(run.input.stores, run.input.digests)
    datasets = {name: tree.to_dataset() for name, tree in trees.items()}
    swept = entry.run(run.params.settings["shard"], datasets, run.work)
    store.write(swept, run.output.store, run.output.digest)
