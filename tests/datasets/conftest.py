"""Six tiny batches of CIFAR-10, and a server."""

from collections.abc import Iterator

import numpy as np
import pytest
from tests.datasets.file_server import FileServer
from tests.datasets.small_archives import CLASSES


@pytest.fixture
def cifar_records() -> np.ndarray:
    """Records (batch, sample, byte) of six batches of three images, the label first."""
    random = np.random.default_rng(7)
    records = random.integers(0, 256, (6, 3, 3073), dtype=np.uint8)
    records[:, :, 0] = random.integers(0, 10, (6, 3))
    return records


@pytest.fixture
def cifar_files(cifar_records: np.ndarray) -> dict[str, bytes]:
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    files = {name: batch.tobytes() for name, batch in zip(names, cifar_records, strict=True)}
    return files | {"batches.meta.txt": ("\n".join(CLASSES) + "\n\n").encode()}


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(b"") as running:
        yield running
