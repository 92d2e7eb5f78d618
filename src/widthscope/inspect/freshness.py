"""The state of a run's products while its report is built, by the settings that the run itself recorded."""

from pathlib import Path

from widthscope import config
from widthscope.files import read_json
from widthscope.inspect.standing import State, standings
from widthscope.report import Product
from widthscope.workflow.planning import Plan


def products(run_folder: Path, root: Path) -> list[Product]:
    """One line for each product but the report: fresh, or what is the matter with it.

    Only records are compared, so that it takes no time; `widthscope verify` also reads every store.

    Args:
        run_folder: ``results/<run>``, with the resolved settings in ``config.json``.
        root: folder of the Snakefile.
    """
    recorded = read_json(run_folder / "config.json")
    name = recorded["config_file"]
    plan = Plan(config.load(recorded["config"], name), name, root)
    return [
        Product(
            path=product,
            rule=standing.job.rule,
            state="fresh" if standing.state is State.OK else standing.state.value,
            reason="; ".join([*standing.reasons, *(f"made from {path}" for path in standing.upstream)]),
        )
        for product, standing in standings(plan, check_content=False).items()
        if product != plan.report
    ]
