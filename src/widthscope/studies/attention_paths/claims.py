"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.attention_paths.exact.claims import CLAIMS as EXACT
from widthscope.studies.attention_paths.hidden_markov.claims import CLAIMS as HIDDEN_MARKOV
from widthscope.studies.attention_paths.limits.claims import CLAIMS as LIMITS
from widthscope.studies.attention_paths.one_shot.claims import CLAIMS as ONE_SHOT
from widthscope.studies.attention_paths.sampling.claims import CLAIMS as SAMPLING

CLAIMS: tuple[Claim, ...] = (
    *LIMITS,
    *EXACT,
    *SAMPLING,
    *HIDDEN_MARKOV,
    *ONE_SHOT,
)
