"""Analyse the query-key spectra of a user's checkpoint; that it cannot be analysed is a result too."""

from pathlib import Path

import xarray as xr

from widthscope import store
from widthscope.checkpoints.analysis import analyse
from widthscope.checkpoints.file_stamp import check_unchanged
from widthscope.checkpoints.opening import open_checkpoint
from widthscope.errors import CheckpointError
from widthscope.workflow.job import job

with job(snakemake) as run:
    how = dict(run.params.settings["checkpoint"])
    del how["name"]
    path = Path(how.pop("path")).expanduser()
    planned = run.params.settings["stamp"]
    check_unchanged(path, planned)
    try:
        analysed = analyse(open_checkpoint(path, **how), run.work.progress)
    except CheckpointError as error:
        check_unchanged(path, planned)  # what comes of a file that is being replaced is no result
        run.say(f"widthscope: checkpoint {run.wildcards.checkpoint} could not be analysed: {error}")
        analysed = xr.Dataset(attrs={"failure": str(error)})
    store.write(analysed, run.output.store, run.output.digest)
