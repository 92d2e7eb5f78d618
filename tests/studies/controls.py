"""What holds of the controls of every study's claims."""

from collections.abc import Sequence

import xarray as xr

from widthscope.statistics.claims import Claim, judge


def assert_only_controls_are_refuted(
    study: str, arxiv: str, claims: Sequence[Claim], tree: xr.DataTree
) -> None:
    """Every control that was measured is refuted, and no test is."""
    for verdict in judge(study, arxiv, claims, tree):
        for test in verdict.tests:
            if test.control is not None:
                control = test.control
                assert control.verdict == "refuted", (verdict.id, test.name, control.reason)
            assert test.verdict != "refuted", (verdict.id, test.name, test.reason)


def assert_judged_tests_have_controls(claims: Sequence[Claim], tree: xr.DataTree) -> None:
    """Every judged test of the claims has a control in the fit."""
    for claim in claims:
        for test in claim.judged:
            assert f"/claims/{claim.name}/{test.name}/control" in tree.groups, (claim.name, test.name)
