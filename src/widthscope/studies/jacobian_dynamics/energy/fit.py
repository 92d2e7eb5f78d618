"""Evidence of the family `energy`."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.errors import StudyError
from widthscope.statistics.evidence import claim_tree
from widthscope.studies.jacobian_dynamics.energy import fit_counter_examples, fit_flows, fit_steps


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    flows, counter_examples, steps = (_table(shards, name) for name in ("flows", "counter_examples", "steps"))
    claims: dict[str, fit_flows.Tests] = {
        "energy-single-identity": fit_flows.identity_tests(flows, "matched", "opposite value"),
        "energy-general-value": {
            **fit_flows.identity_tests(flows, "free value", "indefinite value"),
            **fit_flows.projected(flows, "free value, projected"),
        },
        "energy-multihead-orthogonal": {
            **fit_flows.identity_tests(flows, "orthogonal heads", "overlapping heads"),
            "overlap": fit_counter_examples.overlap(counter_examples),
            **fit_flows.projected(flows, "orthogonal heads, projected"),
        },
        "energy-asymmetric-a": {
            **fit_flows.asymmetric_tests(flows),
            **fit_counter_examples.asymmetric_tests(counter_examples),
        },
        "energy-controls": {"rises": fit_flows.control_rises(flows)},
        "energy-discrete-step": fit_steps.tests(steps),
    }
    return claim_tree(claims) | {
        "/curves/energy-conditions": fit_flows.curve(flows),
        "/curves/energy-counter-examples": fit_counter_examples.curve(counter_examples),
        "/curves/energy-steps": fit_steps.curve(steps),
    }


def _table(shards: Mapping[str, xr.DataTree], experiment: str) -> xr.Dataset:
    """The table of one experiment, from the shard that holds it."""
    for name, tree in shards.items():
        if name.startswith("energy") and experiment in tree.children:
            return tree[experiment].to_dataset().load()
    raise StudyError(f"the sweep has no shard 'energy*' that holds the experiment '{experiment}'")
