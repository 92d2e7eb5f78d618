import subprocess
from pathlib import Path

import pytest
from tests.inspect.hand_made import CLAIMS, DATASET, FIGURES, FIT, ORDER, SHARD, Lab

from widthscope.errors import WidthscopeError
from widthscope.inspect import verify
from widthscope.inspect.standing import standings


def found(lab: Lab) -> list[verify.Standing]:
    return list(standings(lab.plan()).values())


def test_the_report_has_a_line_for_each_product_and_a_count(lab: Lab) -> None:
    assert verify.report(found(lab)) == [*(f"ok       {product}" for product in ORDER), "5 ok"]


def test_the_report_tells_reasons_and_what_follows(lab: Lab) -> None:
    lab.edit("fit", "law", "law, claims")
    assert verify.report(found(lab)) == [
        f"ok       {DATASET}",
        f"ok       {SHARD}",
        f"stale    {FIT}",
        "           source lab.claims is newly imported",
        "           source lab.fit changed: statements outside functions",
        f"stale    {CLAIMS}",
        f"           made from {FIT}, which does not stand",
        f"stale    {FIGURES}",
        f"           made from {FIT}, which does not stand",
        "2 ok, 3 stale",
    ]


def test_adopting_touches_what_stands_and_withdraws_the_rest(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[str] = []
    monkeypatch.setattr(verify, "_touch", lambda products, config_file, root: touched.extend(products))
    lab.edit("law", "-1", "-2")
    lab.make(SHARD)
    done = verify.adopt(lab.plan(), found(lab), Path("config.yaml"))
    assert done.adopted == tuple(touched) == (DATASET, SHARD)
    assert done.withdrawn == (FIT, CLAIMS, FIGURES)
    assert [product for product in ORDER if Path(product).exists()] == [DATASET, SHARD]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Using a profile.\nError: Directory cannot be locked.\n", "Error: Directory cannot be locked."),
        ("Using a profile.\n\nwidthscope: results cannot be written\n", "results cannot be written"),
        ("one\ntwo\nthree\nfour\n", "two three four"),
        ("", ""),
    ],
)
def test_nothing_is_withdrawn_where_snakemake_refuses(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    refused = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    lab.edit("fit", "law", "law, claims")
    with pytest.raises(WidthscopeError, match=f"^snakemake refused to adopt the products: {told}$"):
        verify.adopt(lab.plan(), found(lab), Path("config.yaml"))
    assert all(Path(product).exists() for product in ORDER)


def test_nothing_is_asked_of_snakemake_where_nothing_stands(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_touch", lambda *_: pytest.fail("called"))
    Path(DATASET).unlink()
    done = verify.adopt(lab.plan(), found(lab), Path("config.yaml"))
    assert done.adopted == ()
    assert done.withdrawn == (SHARD, FIT, CLAIMS, FIGURES)
