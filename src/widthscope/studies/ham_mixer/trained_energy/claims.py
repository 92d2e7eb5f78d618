"""The claim on energies of trained blocks, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

RISE = "largest rise of an image's energy in one application of the first block, over the range of its run"

ENERGY_TRAINED = Claim(
    name="energy-trained",
    statement="The first block of a trained symmetric mixer, applied again and again to the states of test "
    "images, never raises the energy of its forward matrices; that of a parallel mixer with "
    "free backward matrices does raise it. Shown for one data set, at the default sizes 8 by 8 digits and "
    "networks of two blocks after a short training, and for a normalisation without gain. How far energies "
    "rise is judged, which is another quantity than the share of applications that raise them. That share is "
    "reported, for two reasons: in trials with another seed of the run it differed much from network to "
    "network, and the share of images with a rise was 1 in every free network and 0 in every symmetric one, "
    "so that its intervals had no width. The size of the rise was chosen after those trials.",
    quantity="largest rise of any image's energy as a share of its range, over seeds, symmetric couplings",
    prediction=None,
    tests=(
        Test(
            "largest-rise",
            Below(1e-9),
            "largest rise in any application, of any image and seed, as a share of the run's range (below 0: "
            "every application lowered every energy), symmetric couplings; of the networks that were "
            "trained, without an interval for others",
            "rounding of an energy is worth some $10^{-15}$ of it; with ReLU no rise is possible, with GELU "
            "none was seen in trials",
        ),
        Test(
            "free",
            Above(0.01),
            f"{RISE}, median over test images, free backward matrices",
            "a hundredth of the range could be seen in a plot",
        ),
        Test(
            "others",
            Reported(),
            f"{RISE}, median over test images, anti-tied couplings, and free ones that started symmetric",
            "none: how far training takes couplings from symmetric ones",
        ),
        Test(
            "images",
            Reported(),
            "share of test images whose energy rose by more than $10^{-9}$ of its range in some application",
            "none: shown beside how far it rose",
        ),
        Test(
            "rising-steps",
            Reported(),
            "share of applications that raised the energy, mean over test images",
            "none: shown beside how far it rose",
        ),
        Test(
            "accuracy", Reported(), "share of the same test images that are recognised", "none: how trained"
        ),
    ),
    control=Control(
        "free and anti-tied couplings, the median of their images in the network where it is least "
        "(largest-rise); symmetric couplings (free)"
    ),
    figure="energy-trained",
    shards=("trained-energy*",),
    needs="more seeds",
)

CLAIMS: tuple[Claim, ...] = (ENERGY_TRAINED,)
