"""The errors that people see: each message is one sentence saying what, where, and what is allowed."""


class WidthscopeError(Exception):
    """Base of every error meant for a person; its text is printed without a traceback."""


class ConfigError(WidthscopeError):
    """A setting is unknown, has the wrong type, or lies outside what is allowed."""


class DataError(WidthscopeError):
    """A dataset is unknown, missing, or differs from its checksum."""


class StoreError(WidthscopeError):
    """A store cannot be written, or is torn, truncated or altered."""


class SourceChangedError(WidthscopeError):
    """The source that a job runs is not the source that was planned."""


class CheckpointError(WidthscopeError):
    """A user's checkpoint cannot be read, or holds no attention that can be analysed."""


class StudyError(WidthscopeError):
    """A study, or one of its modules, is unknown or incomplete."""


class DynamicsError(WidthscopeError):
    """A state-update function, or a state of it, is not what its Jacobian can be computed of."""


class PosteriorError(WidthscopeError):
    """A Bayesian posterior, or an order parameter of it, cannot be computed of what was given."""
