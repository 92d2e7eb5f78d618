"""Sudoku puzzles, generated: each with one solution, and with a number of givens that says how hard it is."""
