"""Claims of the family `costs`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Equals, Reported

SHARDS = ("costs*",)
FIGURE = "step-costs"

MATMULS = Claim(
    name="cost-matmuls",
    statement=(
        "For a multilayer perceptron of $L$ weight matrices one gradient takes $3 L - 1$ matrix products, "
        "gradient regularisation by a forward or backward difference $6 L - 2$, and by double "
        "backpropagation $9 L - 5$, exactly. Products are no seconds: those a benchmark measures."
    ),
    quantity="matrix products of one step",
    prediction=None,
    tests=(
        Test(
            "products",
            Equals(0.5),
            "matrix products that one step runs, counted below autograd, by method, activation and depth",
            "the nearest whole number",
        ),
        Test(
            "multiplications",
            Reported(),
            "multiplications in the products of double backpropagation over those of the forward "
            "difference, by activation and depth: less than the ratio of the counts where the output is "
            "narrower than the hidden layers",
            "shown: it depends on the widths",
        ),
    ),
    control=Control("$3 L$, $6 L$ and $9 L$, as if the input needed a gradient too"),
    figure=FIGURE,
    shards=SHARDS,
)

MEMORY = Claim(
    name="cost-memory",
    statement=(
        "A step by double backpropagation keeps more than one and a half times the bytes that a step by a "
        "forward difference keeps, of multilayer perceptrons (of width 512, on batches of 128 at the "
        "default sizes) at every depth: the gradient, which is squared, and its graph come to the graph of "
        "the loss, while the difference takes one graph after the other. Double backpropagation is that of "
        "the penalised loss; given the penalty's gradient at $g$, $\\gamma g$, autograd would keep less."
    ),
    quantity="bytes kept by double backpropagation over those kept by the forward difference",
    prediction=None,
    tests=(
        Test(
            "bytes",
            Above(1.5),
            "most bytes that autograd keeps at a time, each storage once and parameters with it, of double "
            "backpropagation over the forward difference, by activation and depth",
            "fixed beforehand: halfway between one graph and two; about 2.3 was measured beforehand at "
            "three layers, 2.04 at twelve",
        ),
    ),
    control=Control(
        "the forward difference over one plain gradient, which keep the same: it shows that the rule can "
        "refute"
    ),
    figure=FIGURE,
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (MATMULS, MEMORY)
