"""A row of upper teeth as it is seen from the front, for mouths that show none of their own."""

from dataclasses import dataclass

import numpy as np

from puppet.contours import Floats

# From the middle to one side: where each tooth ends, foreshortened along the arch, in the mouth's
# unit (some 90 mm), and how far it reaches down, as a share of the first.
ENDS = (0.094, 0.160, 0.224, 0.270, 0.304, 0.330)
LENGTHS = (1.0, 0.86, 0.97, 0.85, 0.80, 0.75)
LIGHTS = (1.0, 0.97, 0.93, 0.92, 0.90, 0.88)
NOTCH, GROOVE = 0.16, 0.15  # at its sides: how much shorter a tooth is, and how much darker
ROUND = 0.12  # how much darker it gets from its middle to its sides, before the groove
PLACES = 660  # of the tables, as far as the last tooth


@dataclass(frozen=True, eq=False)
class TeethProfile:
    """What teeth look like at some places along the row."""

    length: Floats  # 1 in the middle of the first tooth
    light: Floats  # 1 there, too

    def at(self, u: Floats) -> "TeethProfile":
        """At places by their distance from the middle of the row, in the mouth's unit."""
        index = (np.abs(u) * np.float32((PLACES - 1) / ENDS[-1])).astype(np.intp)
        return TeethProfile(
            self.length.take(index, mode="clip"), self.light.take(index, mode="clip")
        )


def teeth_profile() -> TeethProfile:
    """At PLACES even steps from the middle to the end of the row."""
    places = np.linspace(0, ENDS[-1], PLACES)
    tooth = np.minimum(np.searchsorted(ENDS, places), len(ENDS) - 1)
    starts = np.array((0.0, *ENDS[:-1]))[tooth]
    aside = np.abs(2 * (places - starts) / (np.array(ENDS)[tooth] - starts) - 1)
    length = np.array(LENGTHS)[tooth] * (1 - NOTCH * aside**5)
    light = np.array(LIGHTS)[tooth] * (1 - ROUND * aside**2 - GROOVE * aside**10)
    return TeethProfile(length.astype(np.float32), light.astype(np.float32))


TEETH = teeth_profile()
