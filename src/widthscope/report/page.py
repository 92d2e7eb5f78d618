"""Build the page: one self-contained HTML file from what a run left on disk."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from widthscope.report import claims as claim_list
from widthscope.report import numbers, reasons, results, theme
from widthscope.report.checkpoints import read_checkpoint
from widthscope.report.formulas import rich
from widthscope.report.results import Product, Study
from widthscope.report.shown import Shown, shown
from widthscope.report.view import LETTERS, ClaimView, tally, view
from widthscope.studies.base import About

NAMED_CELLS_UP_TO = 60  # with more claims than this, the matrix shows letters only


@dataclass(frozen=True)
class Built:
    """The page, and the list of claims that belongs to it."""

    page: str
    claims: list[dict[str, Any]]


@dataclass(frozen=True)
class StudyPart:
    """A study's part of the page."""

    study: Study
    claims: list[ClaimView]
    figures: dict[str, Shown]

    @property
    def judged_together(self) -> tuple[int, float, float] | None:
        """Number of the study's judged tests, the level at which all hold, that of each; None without any."""
        judged = [test.raw for claim in self.claims for test in claim.tests if reasons.is_judged(test.raw)]
        if not judged or not judged[0].get("family_tests"):
            return None
        tests, level = int(judged[0]["family_tests"]), float(judged[0]["family_level"])
        return tests, level, 1 - (1 - level) / tests

    @property
    def spare_figures(self) -> list[Shown]:
        """Figures that no claim refers to."""
        return [shown for shown in self.figures.values() if shown.first is None]


def build(
    run: Path,
    slugs: Sequence[str],
    products: Sequence[Product] | None = None,
    *,
    checkpoints: Sequence[str] = (),
    templates: Path = Path("report"),
    about_of: Callable[[str], About] = results.load_about,
    patterns_of: Callable[[str], claim_list.Patterns] = claim_list.load_patterns,
) -> Built:
    """Read a run's folder and build its page and its list of claims. Nothing is written.

    Args:
        run: the run's folder, ``results/<run>``.
        slugs: the studies to show, in order. A study whose results are missing or torn is shown as such.
        products: the state of each product of the plan; records of others are passed over. Without it, every
            product that has a record is listed as recorded.
        checkpoints: names of the checkpoints to show after the studies, in order; one that could not be read
            is shown with the reason.
        templates: folder of the templates, the style, the script and the schema.
        about_of: the paper behind a study.
        patterns_of: which shards each claim of a study rests on.

    Raises:
        StudyError: if a claim does not follow the schema.
    """
    planned = None if products is None else {product.path for product in products}
    read = [results.read_study(run, slug, about_of, planned) for slug in slugs]
    collected = claim_list.collect_claims(read, templates / "claims.schema.json", patterns_of)
    parts = [study_part(study, [c for c in collected if c["study"] == study.slug]) for study in read]
    facts = results.read_run(run, read, planned)
    script = (templates / "script.js").read_text(encoding="utf-8")
    claims = [claim for part in parts for claim in part.claims]
    page = (
        _environment(templates)
        .get_template("page.html.j2")
        .render(
            parts=parts,
            checkpoints=[read_checkpoint(run, name, planned) for name in checkpoints],
            claims=claims,
            counts=tally(claims),
            causes=reasons.causes_in_words(collected),
            run=facts,
            config_text=json.dumps(facts.config, indent=2, ensure_ascii=False) if facts.config else "",
            products=results.recorded_products(facts.records) if products is None else list(products),
            named_cells=len(claims) <= NAMED_CELLS_UP_TO,
            style=Markup(theme.stylesheet() + (templates / "style.css").read_text(encoding="utf-8")),
            script=Markup(script),
            policy=content_policy(script),
        )
    )
    return Built(page, collected)


def study_part(study: Study, claims: Sequence[dict[str, Any]]) -> StudyPart:
    """The study's claims as views, and its figures inlined with ids of their own."""
    views = [view(claim) for claim in claims]
    drawn = {}
    for stored in study.figures:
        users = (claim.id for claim in views if claim.raw["figure"] == stored.name)
        drawn[stored.name] = shown(study.slug, stored, next(users, None))
    return StudyPart(study, views, drawn)


def plural(number: int, noun: str) -> str:
    """Such as ``1 claim`` and ``3 claims``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def content_policy(script: str) -> str:
    """What the page may do: run its one script, style itself, show its own pictures; load nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "rich": rich,
        "number": numbers.number,
        "measured": numbers.measured,
        "count": numbers.count,
        "duration": numbers.duration,
        "memory": numbers.memory,
        "percent": numbers.percent,
        "finding": numbers.typeset,
    }
    environment.globals["plural"] = plural
    environment.globals["letters"] = LETTERS
    return environment
