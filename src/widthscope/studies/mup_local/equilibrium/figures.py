"""Figures of the family `equilibrium`: the Gauss-Newton limit, and the inference's largest eigenvalue."""

import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis

ARMS = {
    "standard": "$b_L = 1$, $\\bar\\gamma_L = 0$",
    "gauss-newton": "$b_L = 1$, $\\bar\\gamma_L = -1$",
    "unstable": "$b_L = 1/2$, $\\bar\\gamma_L = -1$",
}
TARGETS = {"gauss-newton": "Gauss-Newton target", "back-propagation": "back-propagation, direction"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"pc-equilibrium": equilibrium(fit["/curves/pc-equilibrium"].to_dataset())}


def equilibrium(curve: xr.Dataset) -> Drawing:
    """Distances of the first layer's errors over gamma_L, and largest eigenvalues over width."""
    figure, *panels = new(cols=2, height=3.0)
    limit, stability = panels
    for place, (target, label) in enumerate(TARGETS.items()):
        one = curve.sel(target=target)
        limit.errorbar(
            curve["energy"],
            one["distance"],
            one["distance_half"],
            marker=MARKERS[place],
            color=PALETTE[f"c{place}"],
            lw=1,
            label=label,
        )
    limit.set_xscale("log")
    limit.set_yscale("log")
    limit.set_xlabel("$\\gamma_L$")
    limit.set_ylabel("relative distance, layer 1")
    limit.legend()
    widths = [int(width) for width in curve["width"].values]
    for place, (arm, label) in enumerate(ARMS.items()):
        one = curve.sel(arm=arm)
        stability.errorbar(
            widths,
            one["largest"],
            one["largest_half"],
            ls=("-", "--", ":")[place],
            marker=MARKERS[place],
            color=PALETTE[f"c{place}"],
            lw=1,
            label=label,
        )
    width_axis(stability, widths, "width $M$")
    stability.set_ylabel("$\\lambda_{\\max}$ of the Hessian")
    stability.set_ylim(bottom=0)
    stability.legend()
    last = curve.isel(width=-1)["largest"]
    return Drawing(
        figure,
        "Left: relative distance of the first layer's errors at the equilibrium from the Gauss-Newton target "
        f"and from the direction of back-propagation ({curve.attrs['networks']} linear networks). Right: "
        "largest eigenvalue of the energy's Hessian in the states "
        f"({curve.attrs['seeds']} seeds): at the largest width {float(last.sel(arm='standard')):.2f} and "
        f"{float(last.sel(arm='gauss-newton')):.2f} where it is to stay, "
        f"{float(last.sel(arm='unstable')):.1f} where it grows. The closed form is within "
        f"{curve.attrs['closed']:.0e} of a joint solve, a pass with fixed predictions within "
        f"{curve.attrs['fixed']:.0e} of back-propagation. Bars are 99 % intervals.",
        "Left, on logarithmic axes: a line that falls with slope one over gamma, and a level line. Right: "
        "two level lines over width and one that rises.",
    )
