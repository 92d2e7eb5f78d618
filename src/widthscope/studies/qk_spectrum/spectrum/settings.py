"""Settings of the family `spectrum`: spectra of query-key matrices."""

from widthscope.settings_types import Section


class Spectrum(Section):
    """Spectra of query-key matrices: fast computation, laws at initialisation, the Haar null."""
