"""The ways in which queries and keys lie in tensors, one file each."""

from widthscope.checkpoints.layouts.base import HeadShape, Layout, Shapes, Weights, runs
from widthscope.checkpoints.layouts.gpt2 import GPT2
from widthscope.checkpoints.layouts.pattern import PATTERN
from widthscope.checkpoints.layouts.per_head import PER_HEAD
from widthscope.checkpoints.layouts.separate import SEPARATE
from widthscope.checkpoints.layouts.stacked import STACKED

__all__ = ["FOUND", "LAYOUTS", "HeadShape", "Layout", "Shapes", "Weights", "runs"]

FOUND = (GPT2, SEPARATE, STACKED, PER_HEAD)
"""Layouts that can be told by names and shapes."""

LAYOUTS = {layout.name: layout for layout in (*FOUND, PATTERN)}
"""Every layout by the name that the settings give it."""
