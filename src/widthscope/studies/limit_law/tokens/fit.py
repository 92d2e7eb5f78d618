"""Evidence for the claims about token Grams."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.measurements import part_table
from widthscope.studies.limit_law.tokens import fit_images, fit_relu


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence and curves, by path in the fit's tree."""
    relu = part_table(shards, "tokens-relu", "relu-gram")
    images = part_table(shards, "tokens-digits", "data-gram")
    joint = part_table(shards, "tokens-digits", "joint-gram")
    predicted = fit_images.predictions(images)
    claims = {
        "relu-gram": fit_relu.tests(relu),
        "data-gram": fit_images.data_tests(images, predicted),
        "joint-gram": fit_images.joint_tests(joint),
    }
    return claim_tree(claims) | {
        "/curves/tokens-relu": fit_relu.figure_curves(relu),
        "/curves/tokens-images": fit_images.data_curve(images, predicted),
        "/curves/tokens-joint": fit_images.joint_curve(joint),
    }
