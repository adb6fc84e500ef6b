"""A benchmark's figure beside its limit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LimitCheck:
    """A figure passes if it is on the right side of its limit, or equal to it."""

    what: str  # name of the figure
    figure: float
    limit: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def allowed(self) -> str:
        """The limit in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
