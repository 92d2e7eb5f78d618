"""The catalogue is complete and honest, and light enough for every parse of the workflow."""

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from widthscope.config import load
from widthscope.datasets import catalogue
from widthscope.errors import DataError


@pytest.mark.parametrize("card", catalogue.CARDS, ids=catalogue.names())
def test_a_card_says_everything(card: catalogue.Card) -> None:
    assert card.title
    assert card.licence
    assert card.source
    assert find_spec(card.module) is not None
    for archive in card.archives:
        assert re.fullmatch("[0-9a-f]{64}", archive.checksums["sha256"])
        assert re.fullmatch("[0-9a-f]{32}", archive.checksums["md5"])
        assert archive.vouched
        assert archive.url.startswith("https://")
    assert len({archive.part for archive in card.archives}) == len(card.archives)


def test_an_unknown_dataset_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        catalogue.card("cifar")
    assert str(caught.value) == (
        "there is no dataset 'cifar'; the datasets are digits, gaussian, templates, cifar10, cifar100, "
        "wikitext2, text, sudoku, omniglot; did you mean 'cifar10'?"
    )


def test_settings_are_those_of_the_dataset_alone() -> None:
    raw = {"run": "a", "seed": 3, "studies": {"limit_law": {}}, "datasets": {"gaussian": {"samples": 5}}}
    config = load(raw, "config.yaml")
    assert catalogue.settings_of("gaussian", config) == {"samples": 5, "features": 64, "seed": 3}
    assert catalogue.settings_of("digits", config) == {}
    assert catalogue.settings_of("cifar10", config) == {"url": None, "sha256": None}


def test_the_table_has_a_row_for_every_dataset() -> None:
    lines = catalogue.table().splitlines()
    assert [line.split("`")[1] for line in lines[2:]] == list(catalogue.names())
    assert {line.count(" | ") for line in lines if line.startswith("| ")} == {5}


def test_the_catalogue_imports_nothing_heavy() -> None:
    script = (
        "import sys, widthscope.datasets.catalogue\n"
        "print(*{'numpy', 'xarray', 'torch', 'sklearn', 'pandas'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not shown.split()
