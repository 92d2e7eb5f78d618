"""Settings of the datasets; a study names a dataset, and these say how it is prepared."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Section, Tokens

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Digits(Section):
    """Handwritten digits of scikit-learn; nothing to set."""


class Gaussian(Section):
    """Independent standard normal inputs, generated; more samples never change the first ones."""

    samples: Count = Field(2048, description="Number of inputs.")
    features: Tokens = Field(64, description="Dimension of one input.")


class Download(Section):
    """Where to fetch an archive, if not from where the catalogue says."""

    url: Url | None = Field(None, description="Address of a mirror; empty for the catalogue's.")
    sha256: Sha256 | None = Field(None, description="Checksum of the archive; empty for the catalogue's.")


class Text(Section):
    """A text, character by character."""

    file: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A text file in UTF-8; empty for the documentation that comes with Python."
    )


class Datasets(Section):
    """How each dataset is prepared."""

    digits: Digits = Digits()
    gaussian: Gaussian = Gaussian()
    cifar10: Download = Download()
    wikitext2: Download = Download()
    text: Text = Text()
