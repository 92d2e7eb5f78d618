"""Devices; the log, signals and threads are shown in their job by test_job.py."""

import os

import pytest

from widthscope.errors import ConfigError
from widthscope.workflow.process import resolve_device


def test_device_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == "cpu"
    with pytest.raises(ConfigError, match="'cuda' is asked for, but torch finds no such device"):
        resolve_device("cuda")


def test_a_gpu_is_taken_where_there_is_one_and_made_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    try:
        assert resolve_device("auto") == "cuda"
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)
        os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
