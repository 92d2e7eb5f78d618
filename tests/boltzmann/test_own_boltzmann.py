"""The example of one's own images: its numbers against other ways to get them, and the link to it."""

from pathlib import Path

import pytest
import torch
from tests.documented import example

from widthscope.boltzmann import mixture
from widthscope.boltzmann.mixture import Machine

README = Path(__file__).parents[2] / "src/widthscope/studies/attnbm/README.md"


def test_the_example_fits_reports_and_completes(capsys: pytest.CaptureFixture[str]) -> None:
    found = example("own_boltzmann").main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert bool(found["fitted"].converged)
    machine, test, missing = (found[name] for name in ("machine", "test", "missing"))
    assert isinstance(machine, Machine)

    # The loss that maximisation ends at is the machine's, and images it has not seen are less likely.
    trained = mixture.mean_negative_log_likelihood(machine, found["train"])
    assert trained == pytest.approx(float(found["fitted"].losses), abs=1e-9)
    assert float(trained) < found["nll"] < found["gaussian"] - 20
    assert found["nll"] == pytest.approx(-float(mixture.log_density(machine, test).mean()), abs=1e-9)

    # The first image completed, by the density of its seen pixels under one component after the other.
    seen, means = missing[0] == 0, mixture.component_means(machine)
    distances = (test[0, seen] - means[:, seen]).square().sum(dim=1)
    posterior = torch.softmax(mixture.log_mixing_weights(machine) - distances / 2, dim=0)
    torch.testing.assert_close(found["conditional"][0, ~seen], (posterior @ means)[~seen])
    assert torch.equal(found["conditional"][0, seen], test[0, seen])
    errors = found["errors"]
    assert errors["conditional mean"] < errors["mean image"] - 0.4  # the margin of the study's claim
    for way, error in errors.items():
        assert f"{way} {error:.2f}" in lines[-1]


def test_the_readme_leads_to_the_example() -> None:
    link = "docs/examples/own_boltzmann.py"
    assert f"](../../../../{link})" in README.read_text()
    assert (Path(__file__).parents[2] / link).is_file()
