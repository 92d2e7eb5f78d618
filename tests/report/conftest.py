"""A small run on disk, as the workflow leaves it, made without running the workflow."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr
from tests.checkpoints import made

from widthscope import plotting, report, store
from widthscope.checkpoints import analysis
from widthscope.checkpoints import figures as checkpoint_figures
from widthscope.plotting import PALETTE, Drawing
from widthscope.report.results import Product
from widthscope.statistics import verdicts
from widthscope.studies.base import About

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TEMPLATES = Path(__file__).parents[2] / "report"
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)> & \"quoted\""

ABOUT = About(
    title="Infinite-Width Limit of a Single Attention Layer",
    authors="A. Author, B. Author",
    arxiv="2506.00846",
    year=2025,
    says=(
        "The score matrices of a head stay random as $n \\to \\infty$: they tend to Gaussian matrices.",
        "Given the scores, each output coordinate is Gaussian.",
        "Unconditionally the output is a mixture of Gaussians.",
        "Coordinates of one output are uncorrelated but dependent.",
        "Infinitely many heads, or scores divided by $n$, are degenerate corners.",
    ),
    model=(
        "Tokens $X \\in \\mathbb{R}^{s \\times d}$ with Gram matrix $K = X X^\\top / d$; heads $a \\le H$:",
        "$$G^a = \\frac{1}{\\sqrt{d_k}} X W_Q^a (X W_K^a)^\\top, \\quad A^a = \\mathrm{softmax}(G^a)$$",
        "In the limit $P^a \\sim N(0, K \\otimes K)$.",
    ),
)

# name, verdict, rule, margin, prediction, estimate, half-width, control estimate, draws, figure
CLAIMS: tuple[tuple[str, str, str, float | None, float | None, float, float, float | None, int, str], ...] = (
    ("exact-sampler", "supported", "SameLaw", 0.02, 0.0, 0.0061, 0.0062, 0.271, 200_000, "samplers"),
    ("score-covariance", "supported", "MatchesExact", 0.01, 0.0, 0.0004, 0.0021, 0.82, 100_000, "scores"),
    ("score-gaussian", "supported", "Equals", 0.05, -1.0, -0.9987, 0.0121, -0.004, 0, "scores"),
    ("wrong-scaling", "supported", "Above", 5.0, None, 81.2, 2.7, 0.3, 50_000, "scores"),
    ("output-rate", "supported", "Equals", 0.1, 1.0, 0.9763, 0.0822, -0.03, 1_920_000, "rate"),
    ("plateau", "supported", "Below", 0.1, None, 0.00098, 0.0004, 1.02, 1_920_000, "rate"),
    ("output-1d-rate", "supported", "Equals", 0.03, -1.0, -0.99845, 0.0, -0.01, 0, "rate"),
    ("paper-kl", "undecided", "Above", 3.0, None, 5.3, 3.1, 0.98, 500_000, "kl"),
    ("non-gaussian", "supported", "MatchesExact", 0.02, 0.0, 0.0021, 0.0087, 0.91, 100_000, "kurtosis"),
    ("universality", "undecided", "Equals", 0.15, 1.0, 0.96, 0.22, 1.02, 60_000, "kurtosis"),
    ("depth", "refuted", "Equals", 0.05, 1.0, 1.31, 0.11, 2.9, 20_000, "depth"),
    ("low-rank", "reported", "Reported", None, None, 2.03e-7, 3.1e-8, None, 40_000, "depth"),
    ("hostile", "undecided", "Equals", 0.05, 1.0, 0.5, 0.6, 0.4, 10, "absent"),
)


def finding(estimate: float, half: float, prediction: float | None, verdict: str, n: int) -> dict[str, Any]:
    interval = (estimate - half, estimate + half)
    rows = [
        {
            "component": f"n = {width}, <b>entry</b> {k}",
            "estimate": estimate * (1 + 0.01 * k) if k < 5 else math.nan,
            "interval": interval if k < 5 else (-math.inf, math.inf),
            "prediction": math.nan if prediction is None else prediction,
            "z": 0.3 * k - 1.2,
            "p_value": math.nan,
            "n": n,
        }
        for k, width in enumerate((16, 32, 64, 128, 256, 512))
    ]
    return {
        "verdict": verdict,
        "estimate": estimate,
        "interval": interval,
        "prediction": prediction,
        "level": 0.9997,
        "n": n,
        "reason": f"the interval [{interval[0]:.4g}, {interval[1]:.4g}] lies where the rule says",
        "components": rows,
    }


def verdict_of(study: str, row: tuple[Any, ...]) -> dict[str, Any]:
    name, verdict, rule, margin, prediction, estimate, half, control, n, figure = row
    words = (
        HOSTILE if name == "hostile" else f"The quantity behind {name} behaves with $n$ as the paper says."
    )
    confounded = name == "universality"
    beside = "supported" if confounded else "refuted"
    outcome = None
    if control is not None:
        outcome = {
            "description": f"something for which {name} is false {HOSTILE if name == 'hostile' else ''}",
            "test": "headline",
            "estimate": control,
            "interval": (control - 0.02, control + 0.02),
            "verdict": beside,
            "rejected": not confounded,
        }
    headline = finding(estimate, half, prediction, verdict, n)
    test = {
        **headline,
        "name": "headline",
        "quantity": f"what {name} measures",
        "rule": f"{rule}(margin={margin})",
        "criterion": "supported if the interval lies where it should",
        "margin": margin,
        "margin_reason": "ten standard errors of the sweep",
        "family_level": 0.99,
        "family_tests": 31,
        "control": None if control is None else finding(control, 0.02, prediction, beside, n),
    }
    judged = verdicts.Verdict(
        id=f"{study}/{name}",
        study=study,
        paper=ABOUT.arxiv,
        statement=words,
        quantity=f"what {name} measures, over $H$",
        prediction=prediction,
        margin=margin,
        margin_reason="ten standard errors of the sweep",
        estimate=estimate,
        interval=headline["interval"],
        level=0.9997,
        n=n,
        verdict=verdict,
        control=outcome,
        figure=figure,
        reason=HOSTILE if name == "hostile" else headline["reason"],
        tests=(test,),
        needs="ten times the draws" if verdict == "undecided" else "",
    )
    return judged.model_dump(mode="json")


def drawings() -> dict[str, Drawing]:
    widths = np.array([16, 32, 64, 128, 256, 512])
    made = {}
    for name in ("samplers", "scores", "rate", "kl", "kurtosis", "depth", "spare"):
        figure, left, right = plotting.new(cols=2, height=2.8)
        for k, colour in enumerate(plotting.shades(4)):
            left.plot(widths, widths ** -(1 + 0.1 * k), color=colour, marker="o", label=f"$H = {2**k}$")
        plotting.width_axis(left, widths.tolist())
        left.set_yscale("log")
        left.legend()
        x = np.linspace(-4, 4, 81)
        right.fill_between(x, 0, np.exp(-(x**2) / 2), color=PALETTE["band"])
        for k in range(4):
            right.plot(x, np.exp(-((x - k / 2) ** 2) / 2), label=f"law {k}")
        right.legend()
        made[name] = Drawing(figure, f"{name}: distance at width $n$. {HOSTILE}", f"Two panels about {name}.")
    return made


def provenance(product: str, rule: str, seconds: float, **wildcards: str) -> dict[str, Any]:
    return {
        "product": product,
        "rule": rule,
        "wildcards": wildcards,
        "settings": {},
        "source": {"digest": "0" * 64, "modules": {}},
        "inputs": {},
        "outputs": {},
        "seconds": seconds,
        "peak_mb": 412.5,
        "host": "laptop",
        "platform": "Linux-6.1-x86_64",
        "versions": {"python": "3.11.7", "numpy": "2.3.4", "torch": "2.13.0"},
        "commit": "0123456789abcdef0123456789abcdef01234567-dirty",
        "started": "2026-01-02T03:04:05+00:00",
        "threads": 1,
        "device": "cpu",
    }


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def about_of(slug: str) -> About:
    return ABOUT


def patterns_of(slug: str) -> dict[str, tuple[str, ...]]:
    return {f"{slug}/{row[0]}": ("rate-*",) if row[-1] == "rate" else ("scores",) for row in CLAIMS}


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`results/laptop` with one whole study and one that failed before it judged anything."""
    run = tmp_path_factory.mktemp("project") / "results" / "laptop"
    study = run / "limit_law"
    write_json(run / "config.json", {"run": "laptop", "seed": 0, "note": HOSTILE})
    write_json(run / "config.provenance.json", provenance("results/laptop/config.json", "record_config", 0.2))
    write_json(study / "claims.json", [verdict_of("limit_law", row) for row in CLAIMS])
    plotting.save_all(drawings(), study / "figures", study / "figures.json")
    for shard, seconds in (("rate-fixed", 21.25), ("rate-clip", 30.5), ("scores", 12.0)):
        product = f"results/laptop/limit_law/sweep/{shard}.digest.json"
        record = provenance(product, "sweep_widths", seconds, study="limit_law", shard=shard)
        write_json(study / "sweep" / f"{shard}.provenance.json", record)
    write_json(
        study / "fit.provenance.json",
        provenance("results/laptop/limit_law/fit.digest.json", "fit_limits", 3.0),
    )
    (run / "qk_spectrum").mkdir()
    return run


@pytest.fixture(scope="session")
def drawn() -> str:
    """Text of one figure's SVG."""
    return plotting.svg(drawings()["rate"].figure)


@pytest.fixture(scope="session")
def templates() -> Path:
    """Folder of the templates, style, script, schema and captions."""
    return TEMPLATES


@pytest.fixture(scope="session")
def paper() -> Callable[[str], About]:
    """What stands for the paper behind any study."""
    return about_of


@pytest.fixture(scope="session")
def products() -> list[Product]:
    return [
        Product("results/laptop/config.json", "record_config", "fresh"),
        *(
            Product(f"results/laptop/limit_law/sweep/{shard}.digest.json", "sweep_widths", "fresh")
            for shard in ("rate-fixed", "rate-clip")
        ),
        Product("results/laptop/limit_law/fit.digest.json", "fit_limits", "fresh"),
        Product(
            "results/laptop/limit_law/sweep/scores.digest.json", "sweep_widths", "stale", f"source {HOSTILE}"
        ),
    ]


@pytest.fixture(scope="session")
def built(run_folder: Path, products: list[Product]) -> report.Built:
    """The page and the claims of that run."""
    return report.build(
        run_folder,
        ["limit_law", "qk_spectrum"],
        products,
        templates=TEMPLATES,
        about_of=about_of,
        patterns_of=patterns_of,
    )


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, started once for a file of tests."""
    from playwright.sync_api import sync_playwright
    from tests.report.browsing import QUIET

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(
            "these tests need Chromium (apt-get install chromium); leave them out with -m 'not browser'"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def with_checkpoints(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> report.Built:
    """The page of a run with two checkpoints, one that could not be read, and one that was never analysed."""
    run = tmp_path_factory.mktemp("checkpoints") / "results" / "laptop"
    shutil.copytree(run_folder, run)
    write_checkpoints(run)
    return report.build(
        run,
        ["limit_law"],
        checkpoints=["my-gpt", "plain", "broken", "absent"],
        templates=TEMPLATES,
        about_of=about_of,
        patterns_of=patterns_of,
    )


@pytest.fixture(scope="session")
def checkpoints_alone(tmp_path_factory: pytest.TempPathFactory) -> report.Built:
    """The page of a run without studies."""
    run = tmp_path_factory.mktemp("alone") / "results" / "mine"
    write_checkpoints(run)
    return report.build(run, [], checkpoints=["my-gpt", "broken"], templates=TEMPLATES)


def write_checkpoints(run: Path) -> None:
    """Stores and figures of checkpoints, as the workflow leaves them."""
    layers = []
    for place in range(3):
        layer = made.heads(count=6, head_dim=8, width=32, seed=place)
        layer.key[:] += place * np.linspace(-1, 2, 6)[:, None, None] * layer.query
        bias = np.full((6, 8), 0.5 * place)
        layers.append(replace(layer, query_bias=bias, norm_gain=np.ones(32), norm_kind="rms"))
    tables = {
        "my-gpt": analysis.analyse(
            made.checkpoint(
                layers, names=[f"h.{HOSTILE}", "h.1", "h.2"], left_out=(f"Rotary {HOSTILE} positions.",)
            )
        ),
        "plain": analysis.analyse(made.checkpoint([made.heads(seed=3)])),
        "broken": xr.Dataset(attrs={"failure": f"model {HOSTILE} ends inside its header"}),
    }
    folder = run / "checkpoints"
    for name, table in tables.items():
        store.write(table, folder / f"{name}.zarr", folder / f"{name}.digest.json")
        drawn = checkpoint_figures.draw(table)
        plotting.save_all(drawn, folder / f"{name}.figures", folder / f"{name}.figures.json")
        product = f"results/laptop/checkpoints/{name}.digest.json"
        record = provenance(product, "analyse_checkpoint", 4.0, checkpoint=name)
        write_json(folder / f"{name}.provenance.json", record)
