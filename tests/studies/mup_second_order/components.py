"""That no wrong number of a control hides behind another one."""

from collections.abc import Sequence

import xarray as xr

from widthscope.statistics.claims import Claim, judge


def assert_every_component_of_a_control_is_refuted(claims: Sequence[Claim], tree: xr.DataTree) -> None:
    """By itself: the reason counts as many components as the control has."""
    for verdict in judge("mup_second_order", "2312.12226", claims, tree):
        for test in verdict.tests:
            if test.control is not None:
                control = test.control
                assert control.verdict == "refuted", (verdict.id, test.name, control.reason)
                assert control.reason.startswith(f"{len(control.components)} of "), (
                    verdict.id,
                    control.reason,
                )
