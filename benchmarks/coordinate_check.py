"""The whole coordinate check of a user's small model, against the `mup` package's own, in one run.

    python benchmarks/coordinate_check.py [--models conv_net gpt2] [--widths 64 128 256] [--seeds 5]

- widthscope: `widthscope mup` without its printing: probing the factory, every member, slopes and verdicts.
- mup: `mup.coord_check.get_coord_data` of the same models, batch, widths, seeds and recorded passes; a table
  of mean absolute values, without changes, slopes or verdicts.

Both record every module's output before each update and after the last; `mup` needs one more update for it.
One thread.
"""

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import torch
from mup.coord_check import get_coord_data
from side_by_side import in_turn

from widthscope.coordinate_check.probing import probe
from widthscope.coordinate_check.report import Report, report
from widthscope.coordinate_check.request import Request
from widthscope.coordinate_check.user_code import UserCode, seeded

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
RATE = 0.003


def main() -> None:
    args = arguments()
    print(
        f"Adam, widths {args.widths}, {args.seeds} seeds, {args.steps} steps; processor time, medians "
        f"(smallest to largest) of {args.repeats}"
    )
    for name in args.models:
        compare(name, args)


def compare(name: str, args: argparse.Namespace) -> None:
    example = module(name)
    with seeded(0):
        batch = example.batch(0)
    code = UserCode(f"{name}.py:standard", example.standard, f"{name}.py:batch", lambda _: batch)
    request = Request(tuple(args.widths), args.seeds, args.steps, "adam", RATE)
    ours, theirs = (lambda: check(code, request)), (lambda: package(example, batch, request))
    print(f"{name}: relative difference of the first layer's mean |h|: {difference(ours(), theirs()):.1e}")
    found = in_turn({"widthscope": ours, "mup": theirs}, args.repeats)
    for way, seconds in found.items():
        print(
            f"    {way:<12} {seconds!s:<40} {seconds.middle / found['widthscope'].middle:5.2f} times as long"
        )


def check(code: UserCode, request: Request) -> Report:
    return report(probe(code, request), request, mend=False)


def package(example: ModuleType, batch: object, request: Request) -> object:
    return get_coord_data(
        {width: lambda width=width: example.standard(width) for width in request.widths},
        [batch],
        optimizer="adam",
        lr=RATE,
        mup=False,
        nsteps=request.steps + 1,
        nseeds=request.seeds,
        dict_in_out=isinstance(batch, dict),
        cuda=False,
        show_progress=False,
        filter_module_by_name=_recorded,
    )


def _recorded(name: str) -> bool:
    """Leave out what returns something else than tensors: blocks of transformers, and the model itself."""
    return bool(name) and not name.endswith(("attn", "transformer"))


def difference(ours: Report, theirs: object) -> float:
    """Of the base width's first seed at step 0, which both draw alike; later layers may drop units."""
    table = ours.tables["given"]["l1"].isel(width=0, seed=0, step=0, layer=0)
    rows = theirs[(theirs["width"] == ours.request.widths[0]) & (theirs["module"] == table["layer"].item())]
    return abs(float(table) / rows["l1"].iloc[0] - 1)


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["conv_net", "gpt2"])
    parser.add_argument("--widths", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
