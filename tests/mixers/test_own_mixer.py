"""docs/examples/own_mixer.py does what it says."""

import pytest
import torch
from tests.documented import EXAMPLES, example

from widthscope.mixers.normalisation import EPS

STUDIES = EXAMPLES.parents[1] / "src/widthscope/studies"


def test_the_example_shows_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = example("own_mixer").main()
    energies = found["energies"]
    assert energies.shape == (21, 200)
    assert (energies.diff(dim=0) < 0).all()
    assert found["difference"] < 1e-12
    assert found["counts"] == (10 * 6 + 6 * 8 + 10 * 8, 6 * 8 * 10 * 8)
    rotated, unrelated = found["cka"]
    assert rotated == pytest.approx(1.0, rel=1e-12)
    assert 0 <= unrelated < 0.3  # about features over examples, 48 / 200
    printed = capsys.readouterr().out
    assert "steps that raised it: 0" in printed
    assert "agree: True" in printed


def test_another_eps_is_another_energy() -> None:
    """A memory's default, 0, leaves the energy of the block out by about eps in units of the variance."""
    found = example("own_mixer").main()
    apart = (found["energies"] - found["without"]).abs()
    assert 0 < float(apart[0].max()) < 10 * EPS * float(found["energies"][0].abs().max())


def test_anti_tied_couplings_raise_the_energy() -> None:
    """What the example shows is the tie's doing: backward matrices of minus the transposes raise it."""
    model = example("own_mixer")
    tied = model.Couplings

    def anti_tied(**matrices: torch.Tensor) -> object:
        backward = {name: -value for name, value in matrices.items() if name.endswith("_back")}
        return tied(**(matrices | backward))

    model.Couplings = anti_tied
    energies, _ = model.energies(torch.Generator().manual_seed(0), eps=EPS)
    assert float((energies.diff(dim=0) > 0).double().mean()) > 0.2


def test_readmes_name_it() -> None:
    for study in ("pk_mixer", "ham_mixer"):
        assert "docs/examples/own_mixer.py" in (STUDIES / study / "README.md").read_text()
