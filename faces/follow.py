"""One person followed from picture to picture."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from base.geometry import Picture
from faces.detector import Detector
from faces.face import Face
from faces.person import Look, look_of, most_alike, nearest, same_place, selected
from faces.shots import shots
from faces.sightings import Sighting

SURE = 0.9  # score of what is a face beyond doubt
FARTHEST = 0.5  # widths that a face moves between two pictures, at most
JUMP = 0.3  # widths from which a move is no motion of a head, but a cut that nobody saw
DRIFT = 0.1  # widths
GROWTH = 1.5  # how much larger or smaller it becomes, at most


@dataclass(frozen=True)
class Following:
    """What is known after a picture."""

    face: Face | None = None  # in that picture
    last: Face | None = None  # last seen in this shot
    look: Look | None = None  # of the person, once seen surely
    others: tuple[Face, ...] = ()  # who else is in this shot, where last seen
    since: int = 0  # pictures since faces were detected
    sure: bool = False  # the face was once beyond doubt since it was found
    people: int = 0  # faces beyond doubt at the last detection

    def at_cut(self) -> "Following":
        """What stays known: whom to look for."""
        return Following(look=self.look)


@dataclass(frozen=True)
class Follower:
    """Detects every `stride` pictures and after a loss, and follows in between."""

    detector: Detector
    stride: int
    select: str

    def sightings(self, pictures: Iterable[Picture]) -> Iterator[Sighting]:
        """The person's face in each picture."""
        state = Following()
        for picture, begins in shots(pictures):
            before = None if begins else state.face
            state = self.after(state.at_cut() if begins else state, picture)
            people = max(state.people, int(state.face is not None))
            yield Sighting(state.face, begins or jumped(before, state.face), people)

    def after(self, state: Following, picture: Picture) -> Following:
        """What is known after one more picture."""
        face = self._kept(state, picture)
        if face is not None and state.since + 1 < self.stride:
            return replace(state, face=face, last=face, since=state.since + 1)
        found = self.detector.detect(picture)
        checked = None if face is None else self._checked(state, picture, face, found)
        people = sum(one.score >= SURE for one in found)
        return replace(checked or self._searched(state, picture, found), people=people)

    def _kept(self, state: Following, picture: Picture) -> Face | None:
        if state.face is None:
            return None
        face = self.detector.refine(picture, state.face)
        return face if face is not None and continues(state.face, face) else None

    def _checked(
        self, state: Following, picture: Picture, face: Face, found: Sequence[Face]
    ) -> Following | None:
        """The face that was followed up to this detection, unless it turns out to be none."""
        same = [one for one in found if same_place(one, face)]
        others = tuple(one for one in found if not same_place(one, face))
        if not same and face.score < SURE:
            return None
        if not state.sure and face.score < SURE and any(one.score >= SURE for one in others):
            return None
        if same and drifted(face, same[0]):
            face = self.detector.refine(picture, same[0]) or face
        return _found(state, picture, face, others)

    def _searched(self, state: Following, picture: Picture, found: Sequence[Face]) -> Following:
        """The person found again, or for the first time; who else was in this shot is not taken."""
        state = replace(state, face=None, sure=False)
        known = [one for one in found if any(same_place(one, other) for other in state.others)]
        new = [self.detector.refine(picture, one) for one in found if one not in known]
        seen = [one for one in new if one is not None]
        sure = [one for one in seen if one.score >= SURE]
        face = self._meant(sure or seen, state, picture)
        if face is not None:
            others = tuple(one for one in found if not same_place(one, face))
            return _found(state, picture, face, others)
        gone = [one for one in state.others if not any(same_place(one, other) for other in known)]
        return replace(state, others=(*known, *gone), since=0)

    def _meant(self, faces: Sequence[Face], state: Following, picture: Picture) -> Face | None:
        if state.last is not None:
            return nearest(faces, state.last)
        if state.look is not None and faces:
            alike = most_alike(faces, state.look, picture) or (
                faces[0] if len(faces) == 1 else None
            )
            if alike is not None:
                return alike
        return selected(faces, self.select, (picture.shape[1], picture.shape[0]))


def continues(before: Face, now: Face) -> bool:
    """Whether a head can move so from one picture to the next."""
    way = math.dist(before.box.centre, now.box.centre) / before.box.width
    growth = now.box.width / before.box.width
    return way < FARTHEST and 1 / GROWTH < growth < GROWTH


def drifted(face: Face, detected: Face) -> bool:
    """Whether following has led away from what a detection says; small differences are tremble."""
    way = math.dist(face.box.centre, detected.box.centre) / detected.box.width
    growth = face.box.width / detected.box.width
    return way > DRIFT or not 1 - DRIFT < growth < 1 + DRIFT


def jumped(before: Face | None, now: Face | None) -> bool:
    if before is None or now is None:
        return False
    return math.dist(before.box.centre, now.box.centre) > JUMP * before.box.width


def _found(state: Following, picture: Picture, face: Face, others: tuple[Face, ...]) -> Following:
    sure = face.score >= SURE
    look = look_of(picture, face.box) if sure else state.look
    return Following(face, face, look, others, since=0, sure=sure or state.sure)
