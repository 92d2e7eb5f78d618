"""Solutions of a puzzle by a SAT solver that shares no code with the project's."""

from collections.abc import Sequence
from itertools import combinations, islice, product

from pysat.solvers import Minisat22

BOX = {4: (2, 2), 6: (2, 3), 9: (3, 3)}


def solutions(puzzle: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """At most so many solutions of a puzzle (row, col), as digits cell by cell."""
    n = len(puzzle)
    rows, columns = BOX[n]

    def literal(row: int, col: int, digit: int) -> int:
        return (row * n + col) * n + digit

    cells = list(product(range(n), repeat=2))
    groups = [[(r, c) for c in range(n)] for r in range(n)] + [[(r, c) for r in range(n)] for c in range(n)]
    corners = product(range(0, n, rows), range(0, n, columns))
    groups += [[(r + i, c + j) for i in range(rows) for j in range(columns)] for r, c in corners]
    with Minisat22() as solver:
        for row, col in cells:
            solver.add_clause([literal(row, col, digit) for digit in range(1, n + 1)])
            if puzzle[row][col]:
                solver.add_clause([literal(row, col, int(puzzle[row][col]))])
        for group, digit in product(groups, range(1, n + 1)):
            for one, other in combinations(group, 2):
                solver.add_clause([-literal(*one, digit), -literal(*other, digit)])
        models = islice(solver.enum_models(), most)
        return [[(lit - 1) % n + 1 for lit in model if lit > 0] for model in models]
