"""The models that are compared, by name; light, so that plans and fits need no Torch."""

from difflib import get_close_matches

from widthscope.errors import StudyError
from widthscope.models.recurrence.rule import Rule

ARMS = {
    "rms": Rule(norm="rms"),
    "unit": Rule(norm="unit"),
    "none": Rule(norm="none"),
    "sym": Rule(norm="unit", weights="symmetric"),
    "akorn": Rule(model="akorn", oscillator=4),
}
"""ItrSA with two normalisations, without any, and with symmetric weights; the oscillator model with N = 4."""

LABELS = {
    "rms": "RMS norm",
    "unit": "unit norm",
    "none": "no norm",
    "sym": "symmetric",
    "akorn": "AKOrN",
}
"""What figures call the arms."""

OSCILLATORS = "akorn-"


def rule_of(name: str) -> Rule:
    """The model of an arm, or of ``akorn-<N>`` with oscillators of N coordinates.

    Raises:
        StudyError: if there is no such arm.
        RecurrenceError: if oscillators cannot have so many coordinates.
    """
    if name in ARMS:
        return ARMS[name]
    size = name.removeprefix(OSCILLATORS)
    if name.startswith(OSCILLATORS) and size.isdecimal():
        return Rule(model="akorn", oscillator=int(size))
    near = get_close_matches(name, ARMS, n=1)
    hint = f"; nearest is '{near[0]}'" if near else ""
    raise StudyError(f"there is no arm '{name}'; the arms are {', '.join(ARMS)} and {OSCILLATORS}<N>{hint}")


def label(name: str) -> str:
    """What figures call an arm."""
    return LABELS.get(name) or f"AKOrN, $N = {rule_of(name).oscillator}$"
