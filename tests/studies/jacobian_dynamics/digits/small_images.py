"""A small store laid out as that of CIFAR-10."""

import numpy as np
import xarray as xr


def coloured(count=30, kept=8):
    draw = np.random.default_rng(0)
    return xr.Dataset(
        {
            "image": (
                ("sample", "channel", "row", "col"),
                draw.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8),
            ),
            "label": ("sample", draw.integers(0, 10, count, dtype=np.uint8)),
            "test": ("sample", np.arange(count) >= count - kept),
        }
    )
