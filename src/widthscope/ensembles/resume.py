"""Going on where a killed run stopped: an atomic state file in the folder that outlives the job."""

import os
import shutil
from pathlib import Path
from typing import Any

import torch

from widthscope.errors import WidthscopeError
from widthscope.files import cannot_write, partial_sibling
from widthscope.work import Work

STATE = "state.pt"

_in_use: set[Path] = set()


class ResumeError(WidthscopeError):
    """Two trainings of one job use the same name."""


class Unfinished:
    """The folder in which one training of a job keeps its state and its records until the job has succeeded.

    A state of another identity is thrown away, and so is one that cannot be read.

    Args:
        work: the job's; without an `unfinished` folder nothing is kept.
        name: the training's, unique in its job.

    Raises:
        ResumeError: if the name was used in this process already and the folder is still there.
    """

    def __init__(self, work: Work, name: str) -> None:
        self.folder: Path | None = None
        if work.unfinished is None:
            return
        self.folder = (work.unfinished / name).resolve()
        self._identity = work.identity
        if self.folder in _in_use and self.folder.exists():
            raise ResumeError(f"{self.folder} is in use: each training of a job needs a name of its own")
        _in_use.add(self.folder)

    def restore(self, device: str) -> dict[str, Any] | None:
        """The state last saved under this identity; else None, and an empty folder."""
        if self.folder is None:
            return None
        try:
            kept = torch.load(self.folder / STATE, map_location=device, weights_only=True)
            if kept["identity"] == self._identity:
                return dict(kept["content"])
        except Exception:  # whatever torch raises at a missing or foreign file: start anew
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
        return None

    def save(self, content: dict[str, Any]) -> None:
        """Replace the state in one step; tensors, numbers, and dicts and lists of them.

        Raises:
            StoreError: if the system refuses; the earlier state is then as it was.
        """
        if self.folder is None:
            return
        path = self.folder / STATE
        partial = partial_sibling(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                torch.save({"identity": self._identity, "content": content}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error
        finally:
            partial.unlink(missing_ok=True)

    def release(self) -> None:
        """Let the name be used again in this process, as after an error."""
        if self.folder is not None:
            _in_use.discard(self.folder)
