"""Analyse the spectra of what one shard of a sweep stored, read lazily."""

from widthscope import store, studies
from widthscope.workflow.job import job

with job(snakemake) as run:
    entry = studies.load(run.wildcards.study, run.params.settings["entry"])
    swept = store.read(run.input.store, run.input.digest, chunks={})
    spectra = entry.analyse(swept, run.params.settings["shard"], run.work)
    store.write(spectra, run.output.store, run.output.digest)
