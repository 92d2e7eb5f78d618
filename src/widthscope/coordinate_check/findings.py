"""Sentences below the tables, by fixed rules: what the numbers mean, and what shapes cannot mend."""

from collections.abc import Sequence

from widthscope.coordinate_check.report import Report
from widthscope.coordinate_check.seeds import MOST_SEEDS, seeds_for
from widthscope.coordinate_check.shapes import readouts
from widthscope.coordinate_check.suggestions import Suggestion, method_of, pooled_rms
from widthscope.coordinate_check.verdicts import LEAST_CHANGE, MARGIN, Check, LayerVerdict

MOST = 4
"""Names that one sentence has room for."""


def summary(check: Check) -> str:
    """The verdict on one model, in one line."""
    count = len(check.layers)
    broken = [layer.layer for layer in check.layers if layer.broken]
    open_ = [layer.layer for layer in check.layers if not layer.broken and not layer.passes]
    if check.passes:
        return f"passes: {'all ' if count > 1 else ''}{count} layer{'s are' if count > 1 else ' is'} flat"
    if broken:
        fades = all(_fades(layer) for layer in check.layers if layer.broken)
        why = ", which a readout that starts as width^-1/2 does in its first steps" if fades else ""
        return f"broken: {len(broken)} of {count} layers leave zero: {named(broken)}{why}"
    if open_:
        return f"undecided: {len(open_)} of {count} layers are not shown to be flat: {named(open_)}"
    return "broken: members diverge"


def findings(report: Report) -> list[str]:
    """What is worth saying beyond the tables, the most pressing first."""
    said = [
        sentence for model, check in report.checks.items() for sentence in _of_check(check, model, report)
    ]
    return [*said, *_of_architecture(report)]


def named(names: Sequence[str]) -> str:
    """The first few of several names."""
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def _of_check(check: Check, model: str, report: Report) -> list[str]:
    said = []
    which = "" if len(report.checks) == 1 else f"{model}: "
    if check.diverged:
        members = named([f"width {width} seed {seed} (step {step})" for width, seed, step in check.diverged])
        said.append(
            f"{which}{len(check.diverged)} members diverge: {members}; judged after {check.step} steps, the "
            "last at which all are finite"
        )
    rising = [layer.layer for layer in check.layers if layer.start.verdict == "grows"]
    if rising:
        said.append(f"{which}the output grows with the width before any update in {named(rising)}")
    faint = [layer.layer for layer in check.layers if layer.faint]
    if faint:
        said.append(
            f"{which}{named(faint)} change by less than {LEAST_CHANGE:g} of what they are, which is mostly "
            "rounding; take a larger learning rate or more --steps"
        )
    fading = [layer.layer for layer in check.layers if _fades(layer)]
    if fading and not any(layer.broken and layer.layer not in fading for layer in check.layers):
        said += [f"{which}{_transient(name, report)}" for name in fading[:MOST]]
    unclear = [
        layer.layer for layer in check.layers if layer.change.verdict == "undecided" and not layer.faint
    ]
    if unclear:
        advice = _advice(check, model, report)
        said.append(f"{which}the interval of {named(unclear)} reaches over ±{MARGIN:g}; {advice}")
    return said


def _advice(check: Check, model: str, report: Report) -> str:
    """What would decide, the most promising first."""
    tries = []
    own = readouts(report.probed.architecture)
    if model == "mended" and own and not report.request.zero_readout:
        tries.append("try --zero-readout first, which does away with the readout's first steps")
    number, hopeless = seeds_for(check, report.request.seeds)
    if number is not None:
        tries.append(
            f"if slopes stay as they are, about {number} --seeds decide{' the rest' * bool(hopeless)}"
        )
    if hopeless:
        tries.append(f"of {named(hopeless)} not even {MOST_SEEDS} --seeds would, so close is the margin")
    tries.append("larger --widths and fewer samples in the batch bring slopes closer to their limits")
    return "; ".join(tries)


def _transient(layer: str, report: Report) -> str:
    """Why the change of a readout shrinks with the width at first, and what is to be done."""
    tied = next((p for p in report.probed.architecture.parameters if p.readout == layer), None)
    said = (
        f"{layer} starts as width^-1/2, as it should, and until updates outweigh the initial weights its "
        "change shrinks too, which is a transient of the first steps: "
    )
    if tied is None:
        return f"{said}--mend --zero-readout, or a readout that starts at zero, more --steps, a larger rate"
    size = float(pooled_rms(report.tables["given"]).sel(parameter=tied.name)[0])
    return (
        f"{said}it shares {tied.name} and cannot start at zero; draw {tied.name} smaller (it starts at "
        f"{size:.2g} in root mean square; GPT-2 takes 0.02), or give {layer} a weight of its own, and "
        "--mend --zero-readout"
    )


def _fades(layer: LayerVerdict) -> bool:
    return layer.kind == "output" and layer.start.verdict == "shrinks" and layer.change.value < -MARGIN / 2


def _matters(row: Suggestion) -> bool:
    initial, rate = row.differs(MARGIN)
    return rate or (initial and not row.minor)


def _of_architecture(report: Report) -> list[str]:
    probed, found = report.probed, report.probed.architecture
    said = []
    if probed.untrained:
        said.append(
            f"the factory's optimizer does not have {named(probed.untrained)}, so that "
            f"{'it is' if len(probed.untrained) == 1 else 'they are'} not trained"
        )
    if probed.unused:
        said.append(f"the loss does not depend on {named(probed.unused)}; no update reaches what is not used")
    for parameter in found.parameters:
        if parameter.readout:
            said.append(
                f"{parameter.name} is shared by {parameter.layer} and {parameter.readout}: no initial scale "
                f"and no rate suits both, so {parameter.readout} needs its inputs multiplied by M_0 / M "
                "as well"
            )
        if parameter.kind == "other":
            said.append(
                f"{parameter.name} grows in {len(parameter.grows)} dimensions, for which there is no rule"
            )
    if found.growing_heads:
        module, (small, large) = next(iter(found.growing_heads.items()))
        where = module or "the model"
        said.append(
            f"attention's head dimension grows with the width ({small} to {large} in {where}): its scores "
            "then need a factor 1/d in place of 1/sqrt(d), which neither weights nor rates can make up "
            "for; keep the head dimension and let the heads grow in number, or change the factor"
        )
    if found.unknown_softmaxes:
        where = named(list(dict.fromkeys(name or "the model" for name in found.unknown_softmaxes)))
        said.append(
            f"{where} takes a softmax; if that is attention, see that the head dimension does not grow with "
            "the width, or that scores have a factor 1/d, for neither could be read off the model"
        )
    if method_of(probed.optimizer) is None:
        said.append(
            f"how learning rates of {probed.optimizer.__name__} depend on the width is not known here; only "
            "those of SGD and of Adam and its kin are suggested"
        )
    if probed.weight_decay:
        said.append(
            "weights decay: where decay is multiplied by the learning rate, as in AdamW, a rate ~ 1 / "
            "width weakens it, which is not corrected here"
        )
    differing = [row.parameter.name for row in report.suggestions if _matters(row)]
    if report.checks["given"].passes and differing:
        said.append(
            f"the check passes although {named(differing)} differ from the table, which knows of no "
            "multipliers in the forward pass and of no other way to the same limit; layers decide, not the "
            "table"
        )
    return said
