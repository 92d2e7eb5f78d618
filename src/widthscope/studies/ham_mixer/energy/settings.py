"""Settings of the family `energy`: energies along the dynamics of memories with random couplings."""

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Level, Positive, Section


class Sizes(Section):
    """Sizes of a memory with one visible and two hidden layers."""

    tokens: Count = Field(8, description="Tokens S of the visible state.")
    channels: Count = Field(12, ge=2, description="Channels C of the visible state.")
    token_hidden: Count = Field(16, description="Token units Hs.")
    channel_hidden: Count = Field(48, description="Channel units Hc.")


class Identities(Section):
    """Gradients and Hessians of the Lagrangians, and the decayed step as a residual one."""

    states: Count = Field(8, description="Random states, or systems, of each identity.")
    points: Count = Field(4001, ge=101, description="Points from -6 to 6 at which activations are compared.")
    decay: Level = Field(0.2, description="Share e of the state that a decayed step forgets.")
    steps: Count = Field(30, ge=2, le=1000, description="Decayed steps.")


class Flow(Section):
    """The continuous dynamics with fast hidden layers."""

    sizes: Sizes = Sizes()
    systems: Count = Field(256, ge=3, description="Random systems R of each case.")
    step: Positive = Field(0.02, description="Step h of the Runge-Kutta method, in time constants.")
    steps: Count = Field(200, ge=2, description="Steps.")


class Steps(Section):
    """Repeated application of one block, with steps of any size."""

    sizes: Sizes = Sizes()
    systems: Count = Field(256, ge=3, description="Random systems R of each case.")
    lengths: Increasing[Positive] = Field((0.1, 1.0, 10.0, 1000.0), description="Step sizes eta.")
    iterations: Count = Field(50, ge=2, description="Applications of the block.")
    gain: Positive = Field(
        1.0, description="Deviation of the logarithm of an elementwise gain after the normalisation."
    )


class Counterexample(Section):
    """The smallest memories, of one unit in each hidden layer, in which GELU can raise the energy."""

    systems: Count = Field(40000, ge=3, description="Random systems of each case.")
    scales: Increasing[Positive] = Field((1.0, 3.0), description="Factors of the couplings.")
    lengths: Increasing[Positive] = Field(
        (1.0, 10.0, 100.0), description="Step sizes; the largest is judged."
    )
    iterations: Count = Field(10, ge=2, description="Applications of the block.")


class Hidden(Section):
    """The dynamics with hidden layers of a time constant of their own."""

    sizes: Sizes = Sizes()
    systems: Count = Field(128, ge=3, description="Random systems of each case.")
    scales: Increasing[Positive] = Field((0.1, 0.3, 1.0), description="Factors of the couplings.")
    tau: Positive = Field(1.0, description="Time constant of the hidden layers over that of the visible one.")
    step: Positive = Field(0.02, description="Step h of the Runge-Kutta method.")
    steps: Count = Field(200, ge=2, description="Steps.")


class Energy(Section):
    """Whether the energy of a hierarchical associative memory falls, and what it takes."""

    identities: Identities = Identities()
    flow: Flow = Flow()
    steps: Steps = Steps()
    counterexample: Counterexample = Counterexample()
    hidden: Hidden = Hidden()
