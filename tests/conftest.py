"""Property tests are about values, not about how busy the machine is, and fail the same way every time."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
