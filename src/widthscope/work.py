"""What a job gives the experiment that it runs: where to compute, how to report, and where to resume."""

from dataclasses import dataclass
from pathlib import Path

from widthscope.progress import Progress, quiet


@dataclass(frozen=True)
class Work:
    """What an experiment is given besides its settings and its data; none of it may change a number.

    Attributes:
        device: where to compute, ``cpu`` or ``cuda``.
        progress: wraps a loop and reports how far it is.
        unfinished: a folder of the experiment's own that outlives a killed job, and is removed when the job
            has succeeded. It need not exist yet. None where nothing is to be kept.
        identity: digest of all that decides the result. State kept in `unfinished` under another identity
            belongs to another experiment: it is thrown away and never resumed.
    """

    device: str = "cpu"
    progress: Progress = quiet
    unfinished: Path | None = None
    identity: str = ""
