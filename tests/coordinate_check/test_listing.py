"""What is printed, drawn and written, and which sentences appear when."""

import csv
import io
import re
from collections import OrderedDict

import numpy as np
import pytest
import torch
from tests.coordinate_check.own_models import attention, corrected, perceptron, reported, tokens

from widthscope import plotting
from widthscope.coordinate_check import figures, listing
from widthscope.coordinate_check.findings import findings, summary
from widthscope.palette import PALETTE

GIVEN = reported(perceptron, mend=True, optimizer="sgd", widths=(16, 64, 256), seeds=4)
TIED = reported(attention, tokens, rate=0.01)


def test_the_overview_lists_layers_and_parameters_and_ends_with_the_verdict() -> None:
    text = listing.overview(GIVEN)
    assert "model     own.py:factory, 452 to 68612 numbers" in text
    assert "widths    16, 64, 256; seeds 0 to 3" in text
    assert "loss: cross-entropy" in text
    assert "SGD, rate 0.1, 2 steps" in text
    assert re.search(r"^2\.weight +hidden  16\*x16\* +-0\.(49|5\d) +-1/2 +0\.00 +0  -$", text, re.M)
    assert re.search(r"^4\.weight +output  4x16\* .* initial, rate$", text, re.M)
    assert text.index("as the factory makes it") < text.index("mended: slopes")
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["given", "mended"]
    assert summary(GIVEN.checks["given"]).startswith("broken: ")
    assert all(len(line) <= listing.LINE for line in text.splitlines()[:-2])


def test_the_table_holds_every_number() -> None:
    rows = list(csv.DictReader(io.StringIO(listing.csv_text(GIVEN))))
    assert len(rows) == 2 * 3 * 4 * 3 * 3
    row = next(
        row for row in rows if (row["model"], row["layer"], row["width"], row["seed"], row["step"])
        == ("mended", "4", "256", "3", "2")
    )  # fmt: skip
    at = GIVEN.tables["mended"].sel(layer="4", width=256, seed=3, step=2)
    assert float(row["change_l1"]) == float(at["change_l1"])
    assert float(row["loss"]) == float(at["loss"])
    assert row["kind"] == "output"


def test_figures_draw_every_layer_with_its_slope() -> None:
    drawn = figures.draw(GIVEN)
    assert list(drawn) == ["given", "mended"]
    for name, drawing in drawn.items():
        assert len(drawing.caption) > 80
        assert "nan" not in drawing.caption + drawing.alt
        first, last = drawing.figure.axes
        assert (first.get_title(loc="left"), last.get_title(loc="left")) == ("after 1 step", "after 2 steps")
        line = last.get_lines()[2]
        values = GIVEN.tables[name]["change_l1"].sel(step=2, layer="4").transpose("seed", "width")
        np.testing.assert_allclose(line.get_ydata(), np.exp(np.log(values).mean("seed")))
        slope = GIVEN.checks[name].layers[2].change.value
        assert line.get_label().startswith(f"4  {slope:+.2f} ± ")
        used = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}\b", plotting.svg(drawing.figure))}
        assert used <= {*PALETTE.values(), "#000000", "#ffffff"}


def test_what_shapes_cannot_mend_is_said() -> None:
    said = " ".join(findings(TIED))
    assert "embedding.weight is shared by embedding and readout" in said
    assert "attention's head dimension grows with the width (4 to 16 in the model)" in said


def test_a_tied_readout_that_fades_is_told_what_to_do() -> None:
    def factory(width: int) -> torch.nn.Module:
        embedding, readout = torch.nn.Embedding(9, width), torch.nn.Linear(width, 9, bias=False)
        torch.nn.init.normal_(embedding.weight, std=4)
        readout.weight = embedding.weight
        hidden = torch.nn.Linear(width, width)
        return torch.nn.Sequential(OrderedDict(embedding=embedding, hidden=hidden, readout=readout))

    def other_tokens(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randperm(9)[:6], torch.randperm(9)[:6]

    found = reported(factory, other_tokens, mend=True, rate=0.001, widths=(16, 64, 256), seeds=12)
    said = " ".join(findings(found))
    assert "readout starts as width^-1/2, as it should" in said
    assert "draw embedding.weight smaller (it starts at 4 in root mean square" in said
    assert summary(found.checks["mended"]).endswith(
        "which a readout that starts as width^-1/2 does in its first steps"
    )


def test_biases_that_start_otherwise_are_one_line_below_the_table() -> None:
    text = listing.overview(GIVEN)
    assert re.search(r"^2\.bias .* 1  rate$", text, re.M)
    assert "initial scales of 2 biases differ too (2.bias, 4.bias); weights and rates matter first" in text


def test_decay_an_unknown_optimizer_and_a_table_that_differs_are_said() -> None:
    def decaying(width: int):
        model = perceptron(width)
        return model, torch.optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=0.1)

    said = " ".join(findings(reported(decaying)))
    assert "weights decay" in said
    assert "learning rates of RMSprop depend on the width is not known" in said

    def multiplied(width: int):
        """A readout that is multiplied in the forward pass, which the table does not know of."""
        model, optimizer = corrected(width)
        growth = width / 16
        model[4].register_forward_pre_hook(lambda _, inputs: (inputs[0] / growth,))
        with torch.no_grad():
            model[4].weight *= growth
        optimizer.param_groups[2]["lr"] *= growth**2
        return model, optimizer

    found = reported(multiplied, widths=(32, 128, 512), seeds=24)
    assert found.checks["given"].passes
    assert "the check passes although 4.weight differ from the table" in " ".join(findings(found))


def test_diverged_members_are_named() -> None:
    def unstable(width: int):
        model = perceptron(width)
        return model, torch.optim.SGD(model.parameters(), lr=1e30 if width == 64 else 0.1)

    with pytest.raises(Exception, match=r"members of width 64 diverge at step \d"):
        reported(unstable, steps=3)


def test_what_is_faint_is_said() -> None:
    said = " ".join(findings(reported(perceptron, optimizer="sgd", rate=1e-7)))
    assert "change by less than 1e-05 of what they are, which is mostly rounding" in said
