"""Measurements of trained networks made up as the claims say, with a little spread over seeds."""

import numpy as np
import xarray as xr

from widthscope.studies.jacobian_dynamics.sudoku.accuracy import iterations_of

T, SEEDS, SIZE = 8, 12, 100
LONGEST = {"rms": 16, "akorn": 16, "akorn-32": 16}
EXPONENTS = {
    "rms": (-0.12, 0.01),
    "unit": (-1.4, -0.1),
    "none": (1.4, 1.3),
    "sym": (-1.5, -0.9),
    "akorn": (0.4, 0.1),
    "akorn-32": (0.5, 0.2),
}
SCALE = {"rms": 0.8, "unit": 0.7, "none": 1.7, "sym": 0.5, "akorn": 1.2, "akorn-32": 2.0}


def spread(generator, shape, width=0.01):
    return width * generator.standard_normal(shape)


def arm(name, generator):
    """One arm's table over (member, ...)."""
    iterations = np.array(iterations_of(T, LONGEST.get(name, 2)))
    table = xr.Dataset(
        coords={
            "seed": ("member", np.arange(SEEDS)),
            "part": ["id", "ood"],
            "iteration": iterations,
            "when": ["untrained", "trained"],
            "step": [0, 400],
        },
        attrs={
            "arm": name,
            "iterations": T,
            "order": 4,
            "dimension": SIZE,
            "eigen_seeds": 10,
            "chance": 0.02,
        },
    )
    boards, cells = shares(name, iterations)
    for what, values in (("boards", boards), ("cells", cells)):
        noise = spread(generator, (SEEDS, 1, 1), 0.005) * (values[None] > 0)
        table[what] = (("member", "part", "iteration"), values[None] + noise)
    noise = spread(generator, (SEEDS, 2))
    table["finite"] = (("member", "step"), np.array(EXPONENTS[name])[None] + noise)
    phase = np.linspace(0, 2 * np.pi, SIZE, endpoint=False)
    sign = 0 if name == "sym" else 1
    radius = SCALE[name] * np.linspace(1, 0.4, SIZE) * (1 + spread(generator, (SEEDS, 2, 1)))
    table["eigenvalue_real"] = (("member", "when", "eigenvalue"), radius * np.cos(sign * phase))
    table["eigenvalue_imag"] = (("member", "when", "eigenvalue"), radius * np.sin(sign * phase))
    table["eigenvalue_residual"] = (("member", "when"), np.full((SEEDS, 2), 1e-13))
    swings = name.startswith("akorn")
    table["change_one"] = ("member", (0.6 if swings else 1e-5) * (1 + spread(generator, SEEDS)))
    table["change_two"] = ("member", (0.03 if swings else 1e-6) * (1 + spread(generator, SEEDS)))
    table["period_two"] = ("member", np.clip(0.95 * swings + spread(generator, SEEDS), 0, 1))
    if name != "none":
        table["long_run"] = (("member", "exponent"), -0.2 + spread(generator, (SEEDS, 2)))
        table["long_run_history"] = (
            ("member", "averaged", "exponent"),
            -0.2 + spread(generator, (SEEDS, 3, 2)),
        )
        table = table.assign_coords(averaged=[10, 20, 30], exponent=[1, 2])
    if name == "rms":
        for what, guessed in (("boards", 0.0), ("cells", 0.25)):
            table[f"untrained_{what}"] = xr.full_like(table[what], guessed)
    return energies(table, generator) if name == "akorn" else table


def shares(name, iterations):
    """Shares of boards and of cells, (part, iteration) each."""
    late = iterations / (iterations + T)
    if name == "rms":
        return np.stack([0.9 * late**0.1, 0.5 * late]), np.stack([0.95 + 0.04 * late, 0.85 + 0.05 * late])
    if name in ("none", "sym", "unit"):
        return np.zeros((2, len(iterations))), np.full((2, len(iterations)), 0.25)
    even = iterations % 2 == 0
    kept = np.where(iterations > T, T / iterations, 1.0) if name == "akorn-32" else np.ones(len(iterations))
    boards, cells = np.where(even, 0.4 * kept, 0.0), np.where(even, 0.25 + 0.6 * kept, 0.3)
    return np.stack([boards, 0.1 * boards]), np.stack([cells, cells])


def energies(table, generator):
    """The oscillators' own measurements."""
    passed = np.arange(4 * T + 1)
    table = table.assign_coords(passed=passed, at=[0, T, 4 * T])
    table["energy"] = (
        ("member", "passed"),
        -80 - 200 * passed / (passed + 1) + spread(generator, (SEEDS, 1)),
    )
    table["fall"] = ("member", 2 + spread(generator, SEEDS))
    table["fall_reversed"] = ("member", -5 + spread(generator, SEEDS))
    table["falling"] = ("member", np.ones(SEEDS))
    means = {"cosine": 0.86, "cosine_other": 0.0, "contribution": 0.08, "contribution_other": 0.06}
    for name, mean in means.items():
        table[name] = (("member", "at"), mean + spread(generator, (SEEDS, 3)))
    for name in ("single", "voted", "oracle"):
        table[name] = ("member", 0.4 + spread(generator, SEEDS))
    return table


def board():
    """A board that is solved at the third iteration."""
    solution = np.array([1, 2, 3, 4, 3, 4, 1, 2, 2, 1, 4, 3, 4, 3, 2, 1], dtype=np.uint8)
    puzzle = np.where(np.arange(16) % 4 == 0, solution, 0).astype(np.uint8)
    digits = np.repeat(solution[None], 33, axis=0)
    digits[:3, 1] = 4
    cells = {
        "digits": (("shown", "cell"), digits),
        "puzzle": ("cell", puzzle),
        "solution": ("cell", solution),
    }
    return xr.Dataset(cells, coords={"shown": range(33)}, attrs={"solved_at": 3})


def spectra():
    """The spectral stage's shards, by name."""
    generator = np.random.default_rng(0)
    tables = {name: arm(name, generator) for name in EXPONENTS}
    first = xr.DataTree.from_dict({"rms": tables.pop("rms"), "board": board()})
    return {"spectra/sudoku-itrsa": first, "spectra/sudoku-rest": xr.DataTree.from_dict(tables)}
