r"""The solution that a diagonal linear network of given effective scales tends to: a convex problem.

A flow that interpolates ends in β = 2α² ⊙ sinh(2Xᵀν), which is the stationarity condition of

    β = argmin { φ_α(β) : Xβ = y } ,
    φ_α(β) = Σ_i [ β_i asinh(β_i/(2α_i²)) - √(β_i² + 4α_i⁴) + 2α_i² ] .

Its dual in ν has as many unknowns as there are examples and is solved by Newton's method:

    D(ν) = Σ_i α_i² cosh(2(Xᵀν)_i + 2c_i) - ν·y ,

with c = 0. A flow that starts where w± = α e^{±c} ends in the same with that c, since only ½ log(w₊/w₋) - c
stays in the range of Xᵀ.

Source: the potential is that of arXiv:2002.09277 and arXiv:2210.02720; dual in the theory notes, 3.4.
"""

from typing import Any

import numpy as np

from widthscope.errors import WidthscopeError

Array = np.ndarray[Any, np.dtype[np.float64]]

ITERATIONS = 200
HALVINGS = 60


class InterpolationError(WidthscopeError):
    """The dual problem of an interpolating solution was not solved."""


def potential(solution: Array, log_scale: Array) -> float:
    """φ_α(β) for β (d,) and log α (d,)."""
    square = np.exp(2 * log_scale)
    entropy = solution * np.arcsinh(solution / (2 * square))
    return float(np.sum(entropy - np.sqrt(solution**2 + 4 * square**2) + 2 * square))


def interpolating_solution(
    inputs: Array, outputs: Array, log_scale: Array, offset: Array | None = None, tolerance: float = 1e-11
) -> Array:
    """β (d,), the minimiser of φ_α among all that fit the data.

    Args:
        inputs: X (n, d) of full row rank.
        outputs: y (n,).
        log_scale: log α (d,).
        offset: c (d,), ½ log(w₊/w₋) at the start of the flow; none for 0.
        tolerance: largest |Xβ - y| over the largest |y|, at which Newton's method stops.

    Raises:
        InterpolationError: if the residual does not fall so far, or the scales are too small for float64.
    """
    square = np.exp(2 * log_scale)
    shift = np.zeros_like(log_scale) if offset is None else offset
    dual = np.zeros(len(outputs))
    allowed = tolerance * max(float(np.abs(outputs).max()), 1e-300)
    value = _dual_value(inputs, outputs, square, shift, dual)
    for _ in range(ITERATIONS):
        angle = 2 * (inputs.T @ dual + shift)
        solution = 2 * square * np.sinh(angle)
        residual = inputs @ solution - outputs
        if np.abs(residual).max() <= allowed:
            return np.asarray(solution)
        curvature = (inputs * (4 * square * np.cosh(angle))) @ inputs.T
        try:
            direction = -np.linalg.solve(curvature, residual)
        except np.linalg.LinAlgError:
            raise InterpolationError(
                f"the interpolating solution of {len(outputs)} examples has a singular dual problem at "
                f"scales from {np.exp(log_scale.min()):.3g} to {np.exp(log_scale.max()):.3g}, beyond float64"
            ) from None
        decrease = float(residual @ direction)
        length = 1.0
        for _ in range(HALVINGS):
            tried = _dual_value(inputs, outputs, square, shift, dual + length * direction)
            # rounding hides the decrease of the last steps
            if tried <= value + 1e-4 * length * decrease + 1e-13 * abs(value):
                break
            length /= 2
        dual, value = dual + length * direction, tried
    raise InterpolationError(
        f"the interpolating solution of {len(outputs)} examples has a residual of "
        f"{np.abs(residual).max():.3g} after {ITERATIONS} Newton steps, allowed is {allowed:.3g}"
    )


def _dual_value(inputs: Array, outputs: Array, square: Array, shift: Array, dual: Array) -> float:
    """D(ν); infinite where cosh overflows, which a line search refuses."""
    with np.errstate(over="ignore"):
        return float(np.sum(square * np.cosh(2 * (inputs.T @ dual + shift))) - dual @ outputs)
