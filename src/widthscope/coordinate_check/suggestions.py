"""What the factory does with the width, parameter by parameter, and what maximal update would do.

The exponents are those of `widthscope.parameterisations`, solved for there from how one update scales. They
hold with the readout's and all other multipliers of the forward pass at one.
"""

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from widthscope.coordinate_check.request import CoordinateCheckError
from widthscope.coordinate_check.shapes import Architecture, Kind, Parameter
from widthscope.parameterisations.exponents import Exponents
from widthscope.parameterisations.methods import ADAM, SGD, Method
from widthscope.parameterisations.slopes import maximal_update

_SIGN_LIKE = (torch.optim.Adam, torch.optim.AdamW, torch.optim.NAdam, torch.optim.RAdam, torch.optim.Adamax)


@dataclass(frozen=True)
class Suggestion:
    """Exponents of one parameter: the quantity goes as width^exponent.

    Attributes:
        parameter: which one.
        initial: of the weights' root mean square at initialisation, as measured; NaN where all are 0.
        initial_wanted: as it should be; NaN where no rule is known.
        rate: of the learning rate, as the optimizer has it; NaN where it is not trained.
        rate_wanted: as it should be; NaN where no rule is known.
        multiplier_wanted: of a factor at the readout that shares the weight; 0 for all others.
    """

    parameter: Parameter
    initial: float
    initial_wanted: float
    rate: float
    rate_wanted: float
    multiplier_wanted: float = 0.0

    @property
    def minor(self) -> bool:
        """Whether it is a bias or the like, whose initial scale matters little beside those of weights."""
        return self.parameter.kind in ("vector", "fixed") and len(self.parameter.shape) == 1

    def differs(self, margin: float) -> tuple[bool, bool]:
        """Whether the initial scale and the learning rate miss what is wanted by more than the margin."""
        return (
            abs(self.initial - self.initial_wanted) > margin,
            abs(self.rate - self.rate_wanted) > margin,
        )


def method_of(optimizer: type[torch.optim.Optimizer]) -> Method | None:
    """The row of the table that an optimizer's updates follow; None where none is known."""
    if issubclass(optimizer, _SIGN_LIKE):
        return ADAM
    return SGD if issubclass(optimizer, torch.optim.SGD) else None


def suggestions(table: xr.Dataset, found: Architecture, method: Method | None) -> list[Suggestion]:
    """Compare the factory with the table's maximal-update row.

    Args:
        table: what `training.record` returned.
        found: the parameters and what of them grows.
        method: the optimizer's row; None leaves the learning rates open.
    """
    widths = np.log2(table["width"].values.astype(float))
    sizes = pooled_rms(table)
    rows = []
    for parameter in found.parameters:
        at = {"parameter": parameter.name}
        rate = table["rate"].sel(at).values
        wanted = [target_rms(parameter), None if method is None else rate_factors(parameter, method)]
        exponents = [np.nan if factors is None else _slope(widths, np.asarray(factors)) for factors in wanted]
        rows.append(
            Suggestion(
                parameter,
                _slope(widths, sizes.sel(at).values),
                exponents[0],
                _slope(widths, rate),
                np.nan if np.isnan(rate).any() else exponents[1],
                -1.0 if parameter.readout else 0.0,
            )
        )
    return rows


def pooled_rms(table: xr.Dataset) -> xr.DataArray:
    """Root mean square (width, parameter) of the initial weights over all seeds."""
    return (table["initial_rms"] ** 2).mean("seed") ** 0.5


def target_rms(parameter: Parameter) -> tuple[float, ...] | None:
    """Initial scale at each width relative to the smallest, in the maximal-update parameterisation."""
    if parameter.kind == "other":
        return None
    power = {"hidden": 0.5, "output": _readout()}.get(parameter.kind, 0.0)
    return tuple(growth**-power for growth in parameter.inputs)


def rate_factors(parameter: Parameter, method: Method) -> tuple[float, ...] | None:
    """Learning rate at each width relative to the smallest, in the maximal-update parameterisation.

    A layer's two sides may grow by different factors; the first layer's exponent belongs to the outputs' side
    and what a hidden layer has beyond it to the inputs' side.
    """
    if parameter.kind == "other":
        return None
    exponents: Exponents = maximal_update(method)
    first, hidden, last = exponents.rates
    outputs = first if parameter.kind in ("input", "vector", "hidden") else 0.0
    inputs = {"hidden": hidden - first, "output": last}.get(parameter.kind, 0.0)
    return tuple(
        outward**-outputs * inward**-inputs
        for inward, outward in zip(parameter.inputs, parameter.outputs, strict=True)
    )


def require_method(optimizer: type[torch.optim.Optimizer]) -> Method:
    """The optimizer's row, for what cannot be done without.

    Raises:
        CoordinateCheckError: if it has none.
    """
    method = method_of(optimizer)
    if method is None:
        raise CoordinateCheckError(
            "--mend knows how learning rates of SGD and of Adam and its kin depend on the width, not those "
            f"of {optimizer.__name__}"
        )
    return method


def kinds(found: Architecture) -> dict[Kind, int]:
    """How many parameters there are of each kind."""
    counted: dict[Kind, int] = {}
    for parameter in found.parameters:
        counted[parameter.kind] = counted.get(parameter.kind, 0) + 1
    return counted


def _readout() -> float:
    return maximal_update(SGD).readout


def _slope(log_widths: np.ndarray, values: np.ndarray) -> float:
    if not (np.isfinite(values).all() and (values > 0).all()):
        return np.nan
    centred = log_widths - log_widths.mean()
    return float(centred @ np.log2(values) / (centred @ centred))
