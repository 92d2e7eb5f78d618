"""Intervals, distances between laws, finite-size fits, and the rules that turn evidence into verdicts.

A verdict is about an interval, never about a point estimate:

- *supported*: everything that the data leave possible agrees with the claim, to the margin fixed beforehand;
- *refuted*: nothing that the data leave possible agrees with it;
- *undecided*: anything else. That covers too little data, evidence that failed, and a control that was not
rejected.

Three asymmetries follow. Missing evidence can never support a claim, but does not shield it: one component
that clearly disagrees refutes a claim about all of them. A result that is merely not significant supports
nothing; a margin must be met. And a rule that does not refute its own negative control has shown no power to
tell, so it decides nothing. Errors are counted over the whole study: with m judged tests, each has level 1 -
(1 - level)/m, and within a test the components share that error. `docs/verdicts.md` says the same for readers
of the report.

This module imports nothing, so that a step depends only on those submodules whose results it uses.
"""
