"""Settings of the family `spectra`."""

from widthscope.settings_types import Section


class Spectra(Section):
    """Spectra of mixing layers at initialisation."""
