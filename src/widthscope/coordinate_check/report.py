"""Everything that one call of the command found, and how it is found."""

from dataclasses import dataclass

import xarray as xr

from widthscope.coordinate_check.mending import mend_of
from widthscope.coordinate_check.probing import Probed
from widthscope.coordinate_check.request import CoordinateCheckError, Request
from widthscope.coordinate_check.shapes import readouts
from widthscope.coordinate_check.suggestions import Suggestion, method_of, require_method, suggestions
from widthscope.coordinate_check.training import record
from widthscope.coordinate_check.verdicts import Check, judge
from widthscope.progress import Progress, quiet


@dataclass(frozen=True)
class Report:
    """A coordinate check of the factory as it is and, where asked for, as it would be mended.

    Attributes:
        probed: the user's code.
        request: what was asked for.
        tables: by "given" and "mended", what `training.record` returned.
        checks: by the same names, what was judged.
        suggestions: per parameter.
    """

    probed: Probed
    request: Request
    tables: dict[str, xr.Dataset]
    checks: dict[str, Check]
    suggestions: list[Suggestion]


def report(probed: Probed, request: Request, mend: bool, progress: Progress = quiet) -> Report:
    """Run the check, and once more mended.

    Args:
        probed: the user's code, as `probing.probe` returned it.
        request: the same as there.
        mend: whether to run the mended model too.
        progress: wraps the loops over members.

    Raises:
        CoordinateCheckError: if the user's code fails, or too many members diverge.
    """
    found = probed.architecture
    if mend and request.zero_readout and not readouts(found):
        raise CoordinateCheckError(
            f"--zero-readout finds no readout in {probed.code.name} that has a weight of its own"
        )
    method = require_method(probed.optimizer) if mend else method_of(probed.optimizer)
    tables = {"given": record(probed.code, probed.loss, request, progress=progress)}
    checks = {"given": judge(tables["given"], found.layers)}
    if mend and method is not None:
        rescale = mend_of(tables["given"], found, method, request.zero_readout)
        tables["mended"] = record(probed.code, probed.loss, request, rescale, progress)
        checks["mended"] = judge(tables["mended"], found.layers)
    return Report(probed, request, tables, checks, suggestions(tables["given"], found, method))
