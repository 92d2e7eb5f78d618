"""Why a product would be redone, back to the first causes."""

from difflib import get_close_matches
from pathlib import Path

from widthscope.errors import StudyError
from widthscope.inspect.standing import Standing, State, standings
from widthscope.workflow.planning import Plan

INDENT = "  "


def product_of(plan: Plan, path: Path) -> str:
    """The product that a path belongs to: itself, or another output of the same job.

    Raises:
        StudyError: if no job of the plan makes this path.
    """
    resolved = path.absolute()
    outputs = {}
    for product, job in plan.jobs.items():
        for output in (product, *job.outputs.values()):
            outputs[output] = product
            if resolved == Path(output).absolute() or Path(output).absolute() in resolved.parents:
                return product
    near = get_close_matches(path.as_posix(), outputs, n=1)
    raise StudyError(
        f"no job of run '{plan.config.run}' makes {path}" + (f"; did you mean '{near[0]}'?" if near else "")
    )


def explain(plan: Plan, path: Path) -> tuple[bool, list[str]]:
    """Whether the product is up to date, and the lines that say why not.

    What a product is made from comes indented below it, so that the first causes stand deepest; what has been
    told once is not told again.

    Raises:
        StudyError: if no job of the plan makes this path.
    """
    found = standings(plan, check_content=False)
    product = product_of(plan, path)
    if found[product].state is State.OK:
        return True, [f"{product} is up to date"]
    return False, _told(product, found, 0, set())


def _told(product: str, found: dict[str, Standing], depth: int, told: set[str]) -> list[str]:
    standing = found[product]
    indent = INDENT * depth
    when = " first" if depth else ""
    head = f"{indent}{product} would be redone{when} ({standing.job.rule})"
    if product in told:
        return [f"{head}: see above"]
    told.add(product)
    lines = [f"{head}:"]
    lines += [f"{indent}{INDENT}- {reason}" for reason in standing.reasons]
    for upstream in standing.upstream:
        lines += _told(upstream, found, depth + 1, told)
    return lines
