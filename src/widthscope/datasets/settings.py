"""Settings of the datasets; a study names a dataset, and these say how it is prepared."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Level, Section, Tokens

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Digits(Section):
    """Handwritten digits of scikit-learn; nothing to set."""


class Gaussian(Section):
    """Independent standard normal inputs, generated; more samples never change the first ones."""

    samples: Count = Field(2048, description="Number of inputs.")
    features: Tokens = Field(64, description="Dimension of one input.")


class Templates(Section):
    """Images of random templates, shifted, beneath noise; more samples never change the first ones."""

    samples: Count = Field(2000, description="Number of images; classes take turns.")
    classes: Count = Field(10, ge=2, description="Number of classes, each with a template.")
    side: Annotated[int, Field(ge=4, le=256)] = Field(8, description="Pixels along each side.")
    shift: Annotated[int, Field(ge=0, le=128)] = Field(
        1, description="A template moves by at most so many pixels along each side, around the edges."
    )
    noise: Annotated[float, Field(ge=0)] = Field(
        1.0, description="Deviation of the noise in each pixel; that of a template is 1."
    )


class Download(Section):
    """Where to fetch an archive, if not from where the catalogue says."""

    url: Url | None = Field(None, description="Address of a mirror; empty for the catalogue's.")
    sha256: Sha256 | None = Field(None, description="Checksum of the archive; empty for the catalogue's.")


class Text(Section):
    """A text, character by character."""

    file: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A text file in UTF-8; empty for the documentation that comes with Python."
    )


Givens = Annotated[int, Field(ge=1, le=81)]
Range = tuple[Givens, Givens]
GIVENS: dict[int, Range] = {4: (7, 10), 6: (18, 24), 9: (31, 42)}
HARD_GIVENS: dict[int, Range] = {4: (4, 5), 6: (10, 13), 9: (22, 30)}
"""Givens by order; below 22 of order 9, emptying cells in random order seldom leaves one solution."""


class Sudoku(Section):
    """Sudoku puzzles with one solution each, generated; more puzzles never change the first ones."""

    order: Literal[4, 6, 9] = Field(4, description="Digits n of an n by n grid; boxes of 2x2, 2x3 or 3x3.")
    train: Count = Field(2000, description="Puzzles to train on.")
    id: Count = Field(128, description="Test puzzles as hard as those to train on.")
    ood: Count = Field(256, description="Test puzzles with fewer givens, out of distribution.")
    givens: Range | None = Field(
        None,
        description="Fewest and most givens in training and in distribution; empty for 7 to 10, 18 to 24 or "
        "31 to 42, by order.",
    )
    ood_givens: Range | None = Field(
        None,
        description="Fewest and most givens out of distribution; empty for 4 to 5, 10 to 13 or 22 to 30, by "
        "order.",
    )
    held_out: Level = Field(
        0.25, description="Share of classes of grids, equal up to relabelled digits, that are for tests only."
    )

    @model_validator(mode="after")
    def _ranges_fit(self) -> "Sudoku":
        for name in ("givens", "ood_givens"):
            low, high = getattr(self, name) or (1, 1)
            if not low <= high < self.order**2:
                raise ValueError(
                    f"{name} is {low} to {high}, but must rise and stay below the {self.order**2} cells"
                )
        return self

    def range_of(self, part: str) -> Range:
        """Fewest and most givens of a part: ``train``, ``id`` or ``ood``."""
        if part == "ood":
            return self.ood_givens or HARD_GIVENS[self.order]
        return self.givens or GIVENS[self.order]


class Omniglot(Section):
    """Handwritten characters of many alphabets, as ink averaged over the pixels of a coarser grid."""

    side: Annotated[int, Field(ge=8, le=105)] = Field(
        32, description="Pixels along each side; 105 for the images as they are published."
    )
    background: Download = Field(
        Download(), description="The archive of the 30 alphabets of the background set."
    )
    evaluation: Download = Field(
        Download(), description="The archive of the 20 alphabets of the evaluation set."
    )


class Datasets(Section):
    """How each dataset is prepared."""

    digits: Digits = Digits()
    gaussian: Gaussian = Gaussian()
    templates: Templates = Templates()
    cifar10: Download = Download()
    cifar100: Download = Download()
    wikitext2: Download = Download()
    text: Text = Text()
    sudoku: Sudoku = Sudoku()
    omniglot: Omniglot = Omniglot()
