"""What a figure may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A limit and the figure that is held against it."""

    what: str
    figure: float
    limit: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def allowed(self) -> str:
        """In words."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
