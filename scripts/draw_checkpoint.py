"""Draw the figures of a user's checkpoint, and list them; there are none where it could not be analysed."""

from widthscope import plotting, store
from widthscope.checkpoints import figures
from widthscope.workflow.job import job

with job(snakemake) as run:
    analysed = store.read(run.input.store, run.input.digest).to_dataset()
    drawings = {} if "failure" in analysed.attrs else figures.draw(analysed)
    plotting.save_all(drawings, run.output.figures, run.output.index)
