"""Judge every claim of a study, each beside its negative control."""

from widthscope import store, studies
from widthscope.files import atomic_write_json
from widthscope.statistics.claims import judge
from widthscope.workflow.job import job

with job(snakemake) as run:
    study = run.wildcards.study
    claims = studies.load(study, "claims").CLAIMS
    about = studies.load(study, "about").ABOUT
    verdicts = judge(study, about.arxiv, claims, store.read(run.input.store, run.input.digest))
    atomic_write_json(run.output.claims, [verdict.model_dump(mode="json") for verdict in verdicts])
