"""Claims of the family `sudoku`."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported
from widthscope.studies.jacobian_dynamics.sudoku.settings import Sudoku

EXPLORED = "Exploratory: learning rates and numbers of updates were chosen in trials at other seeds."
RUNS = Sudoku().runs()
UPDATES = (
    "Arms are trained for different numbers of updates, on a laptop "
    + ", ".join(f"{arm} {RUNS[arm].steps}" for arm in ("none", "sym", "unit", "rms", "akorn"))
    + "."
)
LARGER = "9 by 9 boards, width 512, and training to the end (config.paper.yaml)"

MLE_TO_ZERO = Claim(
    name="train-mle-to-zero",
    statement="As a normalised network (ItrSA) learns to fill boards, its largest Lyapunov exponent over the "
    "trained iterations comes nearer to 0 and ends there. Of few iterations only: the exponent in the "
    f"long run is reported beside it. {EXPLORED} {UPDATES}",
    quantity="largest exponent over the $T$ trained iterations, on boards with few givens, RMS norm",
    prediction=0.0,
    tests=(
        Test(
            name="final",
            rule=Equals(0.1),
            quantity="largest exponent over the $T$ trained iterations, on boards with few givens, RMS norm",
            margin_reason="a tenth of a nat for an iteration; random layers "
            "that are critical in the long run reach 0.2",
        ),
        Test(
            name="nearer",
            rule=Above(0.0),
            quantity="size of the same exponent before training less after, of the same networks",
            margin_reason="any approach; before training RMS norm is near 0 already",
        ),
        Test(
            name="unit",
            rule=Reported(),
            quantity="the same exponent after training less before, unit norm",
            margin_reason="none: it is another arm, trained for fewer updates",
        ),
        Test(
            name="accuracy",
            rule=Above(0.5),
            quantity="share of boards filled rightly after training less before, as many givens as trained "
            "on",
            margin_reason="the exponent means little unless most boards are filled",
        ),
        Test(
            name="all-arms",
            rule=Reported(),
            quantity="the same exponent of every arm, before and after training",
            margin_reason="none: arms are trained for different numbers of updates",
        ),
        Test(
            name="long-run",
            rule=Reported(),
            quantity="largest exponent in the long run, state and tangents settled, of trained networks, "
            "mean over two boards",
            margin_reason="none: shown beside the exponent over few iterations, which says nothing of chaos",
        ),
    ),
    control=Control(
        "networks without normalisation, trained on the same boards; and before and after exchanged"
    ),
    figure="sudoku-exponents",
    shards=("sudoku*",),
    needs="more seeds: in trials the approach was three to five standard errors with 12",
)

SCALING = Claim(
    name="train-test-time-scaling",
    statement="A trained ItrSA fills more boards that are harder than those it was trained on if it iterates "
    f"longer than in training, and loses no cells with many more iterations. {EXPLORED} Cells and the "
    "control were chosen after trials.",
    quantity="share of harder boards filled after $4T$ iterations less that after $T$",
    prediction=None,
    tests=(
        Test(
            name="rise",
            rule=Above(0.01),
            quantity="share of harder boards filled after $4T$ iterations less that after $T$",
            margin_reason="one board in a hundred; longer training in a first trial gave fourteen",
        ),
        Test(
            name="cells",
            rule=Above(0.005),
            quantity="share of their blank cells right after $4T$ iterations less that after $T$",
            margin_reason="half a cell in a hundred: nearly all are right after $T$ already",
        ),
        Test(
            name="no-decay",
            rule=Above(-0.02),
            quantity="share of their blank cells right after the most iterations ($16T$ on a laptop) less "
            "the largest after $T, 2T, 4T, \\dots$",
            margin_reason="two cells in a hundred, which the best of several readings may exceed by chance",
        ),
        Test(
            name="others",
            rule=Reported(),
            quantity="gain from $T$ to $4T$ iterations: boards as hard as in training, and AKOrN",
            margin_reason="none: scaling of AKOrN was not seen at this size in a first trial either",
        ),
        Test(
            name="boards-kept",
            rule=Reported(),
            quantity="share of harder boards filled after the most iterations less the largest before",
            margin_reason="none: cells are judged, since oscillators for a token fill too few such boards",
        ),
    ),
    control=Control(
        "AKOrN with one oscillator for a token, read one iteration after those of the parity of $T$"
    ),
    figure="sudoku-accuracy",
    shards=("sudoku*",),
)

LARGE = Claim(
    name="akorn-large-n-fails",
    statement="AKOrN with one oscillator for a whole token loses accuracy if it iterates longer than in "
    f"training. {EXPLORED} Whether it loses more than oscillators of 4 coordinates do is not judged.",
    quantity="share of blank cells right, mean over $2T, 4T, \\dots$ iterations, less that after $T$",
    prediction=None,
    tests=(
        Test(
            name="cells",
            rule=Below(-0.02),
            quantity="share of blank cells right, mean over $2T, 4T, \\dots$ iterations, less that after "
            "$T$; "
            "givens as in training, one oscillator for a token",
            margin_reason="two cells in a hundred: more than rounding and chance move where nothing is lost",
        ),
        Test(
            name="boards",
            rule=Reported(),
            quantity="the same change of the share of boards, of oscillators of 4 coordinates and of the "
            "width",
            margin_reason="none: few boards are filled at this size",
        ),
        Test(
            name="narrow",
            rule=Reported(),
            quantity="the same change of the share of cells with oscillators of 4 coordinates, and that of "
            "one for a token less it, seed by seed",
            margin_reason="none: whether they lose too is undecided with so few seeds",
        ),
    ),
    control=Control("ItrSA with RMS norm, which gains"),
    figure="sudoku-accuracy",
    shards=("sudoku*",),
    needs="training until one oscillator for a token fills most boards after $T$ iterations",
)

PARITY = Claim(
    name="akorn-parity",
    statement="The state of a trained AKOrN does not come to rest but goes to and fro between two states, so "
    f"that its accuracy must be read at iterations of the parity of $T$. {EXPLORED} The learning rate was "
    "settled after orbits of trial networks had been seen. In trials about one "
    "network in ten came to rest instead, which leaves the verdict to chance with so few seeds.",
    quantity="share of boards on which the state changes in one iteration and not in two, after 200",
    prediction=None,
    tests=(
        Test(
            name="period",
            rule=Above(0.5),
            quantity="share of boards on which the change over one iteration is above 1 % and above five "
            "times that over two, after 200 iterations",
            margin_reason="on most boards; the factor 5 was set before a first trial, which found 17",
        ),
        Test(
            name="accuracy",
            rule=Reported(),
            quantity="share of blank cells right after $2T, 4T, \\dots$ iterations less that after one more",
            margin_reason="none: what reading at the other parity costs",
        ),
        Test(
            name="wide",
            rule=Reported(),
            quantity="the same share of boards with one oscillator for a token",
            margin_reason="none: shown beside",
        ),
        Test(
            name="changes",
            rule=Reported(),
            quantity="relative changes over one and over two iterations, means over boards",
            margin_reason="none: what the shares are made from",
        ),
    ),
    control=Control("ItrSA with RMS norm, which comes to rest"),
    figure="sudoku-accuracy",
    shards=("sudoku*",),
)

EIGEN_PICTURE = Claim(
    name="train-eigen-picture",
    statement="After training, nearly all eigenvalues of one iteration lie inside the unit disc, and some "
    "rotate, if states are normalised; many lie outside if they are not; and they are real if weights are "
    "symmetric. Of one iteration only: trained AKOrN has eigenvalues outside too, though its orbit is "
    f"stable. {EXPLORED} {UPDATES} That the largest modulus is below 1 is reported, not judged: trials "
    "showed single eigenvalues outside, and the share that is judged instead was chosen after them.",
    quantity="modulus that 2 % of the eigenvalues exceed, RMS and unit norm, after $T$ iterations",
    prediction=None,
    tests=(
        Test(
            name="bulk",
            rule=Below(1.0),
            quantity="modulus that 2 % of the eigenvalues exceed, RMS and unit norm, after $T$ iterations",
            margin_reason="the unit circle",
        ),
        Test(
            name="outside",
            rule=Above(0.05),
            quantity="share of eigenvalues outside the unit circle without normalisation; the control is "
            "RMS norm",
            margin_reason="one in twenty; a first trial found 198 of 512",
        ),
        Test(
            name="rotates",
            rule=Above(0.1),
            quantity="largest imaginary part, RMS norm; the control is symmetric weights",
            margin_reason="a tenth of the disc's radius",
        ),
        Test(
            name="radius",
            rule=Reported(),
            quantity="largest modulus of every arm",
            margin_reason="none: one sharp head can bring a single eigenvalue anywhere",
        ),
        Test(
            name="networks",
            rule=Reported(),
            quantity="share of networks with any eigenvalue outside the unit circle, by arm",
            margin_reason="none: a few networks leave too much possible",
        ),
        Test(
            name="imaginary",
            rule=Reported(),
            quantity="largest imaginary part of every arm",
            margin_reason="none: arms are trained for different numbers of updates",
        ),
    ),
    control=Control("the arm for which each is false: no normalisation, RMS norm, symmetric weights"),
    figure="sudoku-eigenvalues",
    shards=("sudoku*",),
)

DECREASE = Claim(
    name="pseudo-decrease",
    statement="Along the iterations of a trained AKOrN the pseudo-energy $-\\mathrm{Tr}\\, X^\\top (C + "
    "\\mathrm{MSA}(X))$ falls, while attention stays aligned with the Jacobian's action on the state. "
    f"The fall is not monotone. {EXPLORED}",
    quantity="pseudo-energy at the start less that after $4T$ iterations, over its size at the start",
    prediction=None,
    tests=(
        Test(
            name="fall",
            rule=Above(0.0),
            quantity="pseudo-energy at the start less that after $4T$ iterations, over its size at the "
            "start; the "
            "control goes against the trained step",
            margin_reason="any fall",
        ),
        Test(
            name="cosine",
            rule=Above(0.7),
            quantity="cosine between attention, without its bias, and its Jacobian times the state, mean "
            "over 0, $T$ and $4T$ iterations; the control takes the Jacobian of another seed",
            margin_reason="set before a first trial, which found 0.91 at the start and 0.86 at the end",
        ),
        Test(
            name="boards",
            rule=Reported(),
            quantity="share of boards on which the pseudo-energy falls",
            margin_reason="none: the mean fall is judged",
        ),
        Test(
            name="contribution",
            rule=Reported(),
            quantity="rise of the state's share in the leading 2 % of the eigenvectors of $J + J^\\top$, "
            "beside that in another seed's, and where it ends (0.02 by chance)",
            margin_reason="none: it rises in another seed's eigenvectors too, as tokens become alike",
        ),
    ),
    control=Control("the trained step reversed; the Jacobian of another seed at the same state"),
    figure="sudoku-energy",
    shards=("sudoku*",),
)

VOTING = Claim(
    name="pseudo-voting",
    statement="Of several first states of the same board, the one that ends at the lowest pseudo-energy is "
    "right more often than one at random. Not testable at this size: a trained network fills a board from "
    "nearly every first state or from none, so that there is nothing to choose.",
    quantity="share of boards filled from the first state of lowest pseudo-energy, less the mean over states",
    prediction=None,
    tests=(
        Test(
            name="gain",
            rule=Reported(),
            quantity="share of boards filled from the first state of lowest pseudo-energy, and from any of "
            "them, "
            "less the mean over first states",
            margin_reason="none: what the best choice could gain is too small to judge a choice by",
        ),
        Test(
            name="single",
            rule=Reported(),
            quantity="mean share over first states",
            margin_reason="none: shown beside",
        ),
    ),
    control=None,
    figure="sudoku-energy",
    shards=("sudoku", "sudoku-akorn"),
    needs=f"boards on which the outcome depends on the first state: {LARGER}, and 100 first states",
)

CLAIMS: tuple[Claim, ...] = (MLE_TO_ZERO, SCALING, LARGE, PARITY, EIGEN_PICTURE, DECREASE, VOTING)
