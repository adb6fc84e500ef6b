"""Which task a worker does next: it stays with the avatar it has loaded, and never idles."""

from collections import deque
from collections.abc import Iterable

from workers.task import Task


class Roster:
    """Waiting tasks, grouped by avatar."""

    def __init__(self, tasks: Iterable[tuple[str, Task]]) -> None:
        self._groups: dict[str, deque[Task]] = {}
        self._avatars: dict[int, str] = {}  # of each seat's last task
        for avatar, task in tasks:
            self._groups.setdefault(avatar, deque()).append(task)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def take(self, seat: int) -> tuple[str, Task] | None:
        """Remove and return the seat's next task and its avatar.

        Of its last task's avatar, else of one that no other seat has, else of that with most tasks.
        """
        avatar = self._avatar_for(seat)
        if avatar is None:
            return None
        self._avatars[seat] = avatar
        group = self._groups[avatar]
        task = group.popleft()
        if not group:
            del self._groups[avatar]
        return avatar, task

    def put_back(self, avatar: str, task: Task) -> None:
        """Make it the avatar's next task."""
        self._groups.setdefault(avatar, deque()).appendleft(task)

    def clear(self) -> None:
        self._groups.clear()

    def _avatar_for(self, seat: int) -> str | None:
        own = self._avatars.get(seat)
        if own in self._groups:
            return own
        others = {avatar for other, avatar in self._avatars.items() if other != seat}
        free = next((avatar for avatar in self._groups if avatar not in others), None)
        if free is not None:
            return free
        return max(self._groups, key=lambda avatar: len(self._groups[avatar]), default=None)
