"""A study that trains, for tests of the workflow: descent on a quadratic, which takes its time."""
