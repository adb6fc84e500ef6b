"""Follow one person's face from picture to picture."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from base.geometry import Picture
from faces.detector import Detector
from faces.face import Face
from faces.person import (
    Appearance,
    appearance_of,
    is_same_place,
    most_similar_face,
    nearest_face,
    select_face,
)
from faces.shots import detect_shots
from faces.sightings import Sighting

CERTAIN = 0.9  # a detection with at least this score is certainly a face
# Distances are relative to the width of the face's box.
MAX_MOTION = 0.5  # the farthest that a face moves between two pictures
JUMP = 0.3  # a longer move is no motion of a head but a cut that shot detection missed
DRIFT = 0.1  # farther from a detection, the followed face is corrected
MAX_GROWTH = 1.5  # the largest ratio of the widths in two pictures


@dataclass(frozen=True)
class FollowState:
    """The state of following after a picture."""

    face: Face | None = None  # in that picture
    last_face: Face | None = None  # the latest one in this shot
    appearance: Appearance | None = None  # of the person, after the first certain detection
    bystanders: tuple[Face, ...] = ()  # other faces of this shot, where they were last detected
    since_detection: int = 0  # pictures since faces were last detected
    confirmed: bool = False  # the face was certain at least once since it was found
    people: int = 0  # certain faces at the last detection

    def after_cut(self) -> "FollowState":
        """The state at the start of a new shot: only the person's appearance is still valid."""
        return FollowState(appearance=self.appearance)


@dataclass(frozen=True)
class Follower:
    """Detects faces every `stride` pictures and after a loss, and refines the face in between."""

    detector: Detector
    stride: int
    select: str

    def sightings(self, pictures: Iterable[Picture]) -> Iterator[Sighting]:
        """Yield the person's face in each picture."""
        state = FollowState()
        for picture, starts_shot in detect_shots(pictures):
            previous = None if starts_shot else state.face
            state = self.advance(state.after_cut() if starts_shot else state, picture)
            people = max(state.people, int(state.face is not None))
            yield Sighting(state.face, starts_shot or has_jumped(previous, state.face), people)

    def advance(self, state: FollowState, picture: Picture) -> FollowState:
        """Return the state after one more picture."""
        face = self._refine(state, picture)
        if face is not None and state.since_detection + 1 < self.stride:
            since = state.since_detection + 1
            return replace(state, face=face, last_face=face, since_detection=since)
        detected = self.detector.detect(picture)
        confirmed = None if face is None else self._confirm(state, picture, face, detected)
        people = sum(d.score >= CERTAIN for d in detected)
        return replace(confirmed or self._search(state, picture, detected), people=people)

    def _refine(self, state: FollowState, picture: Picture) -> Face | None:
        """The face of the previous picture in this one, if the motion is plausible."""
        if state.face is None:
            return None
        face = self.detector.refine(picture, state.face)
        return face if face is not None and is_plausible_motion(state.face, face) else None

    def _confirm(
        self, state: FollowState, picture: Picture, face: Face, detected: Sequence[Face]
    ) -> FollowState | None:
        """The state with the followed face, or None if the detections show that it is no face."""
        same = [d for d in detected if is_same_place(d, face)]
        others = tuple(d for d in detected if not is_same_place(d, face))
        if not same and face.score < CERTAIN:
            return None
        if not state.confirmed and face.score < CERTAIN and any(d.score >= CERTAIN for d in others):
            return None
        if same and has_drifted(face, same[0]):
            face = self.detector.refine(picture, same[0]) or face
        return _with_face(state, picture, face, others)

    def _search(
        self, state: FollowState, picture: Picture, detected: Sequence[Face]
    ) -> FollowState:
        """Look for the person among the detections, except for this shot's bystanders."""
        state = replace(state, face=None, confirmed=False)
        known = [d for d in detected if any(is_same_place(d, b) for b in state.bystanders)]
        refined = [self.detector.refine(picture, d) for d in detected if d not in known]
        candidates = [face for face in refined if face is not None]
        certain = [face for face in candidates if face.score >= CERTAIN]
        face = self._choose(certain or candidates, state, picture)
        if face is not None:
            others = tuple(d for d in detected if not is_same_place(d, face))
            return _with_face(state, picture, face, others)
        missing = [b for b in state.bystanders if not any(is_same_place(b, d) for d in known)]
        return replace(state, bystanders=(*known, *missing), since_detection=0)

    def _choose(self, faces: Sequence[Face], state: FollowState, picture: Picture) -> Face | None:
        """The face nearest to the last one, else the most similar one, else by the rule."""
        if state.last_face is not None:
            return nearest_face(faces, state.last_face)
        if state.appearance is not None and faces:
            only = faces[0] if len(faces) == 1 else None
            similar = most_similar_face(faces, state.appearance, picture) or only
            if similar is not None:
                return similar
        return select_face(faces, self.select, (picture.shape[1], picture.shape[0]))


def is_plausible_motion(previous: Face, face: Face) -> bool:
    """Whether a head can move like this from one picture to the next."""
    distance = math.dist(previous.box.centre, face.box.centre) / previous.box.width
    growth = face.box.width / previous.box.width
    return distance < MAX_MOTION and 1 / MAX_GROWTH < growth < MAX_GROWTH


def has_drifted(face: Face, detected: Face) -> bool:
    """Whether the followed face has left the detected one by more than jitter."""
    distance = math.dist(face.box.centre, detected.box.centre) / detected.box.width
    growth = face.box.width / detected.box.width
    return distance > DRIFT or not 1 - DRIFT < growth < 1 + DRIFT


def has_jumped(previous: Face | None, face: Face | None) -> bool:
    """Whether the face moved too far between two pictures for a moving head."""
    if previous is None or face is None:
        return False
    return math.dist(previous.box.centre, face.box.centre) > JUMP * previous.box.width


def _with_face(
    state: FollowState, picture: Picture, face: Face, bystanders: tuple[Face, ...]
) -> FollowState:
    certain = face.score >= CERTAIN
    return FollowState(
        face=face,
        last_face=face,
        appearance=appearance_of(picture, face.box) if certain else state.appearance,
        bystanders=bystanders,
        confirmed=certain or state.confirmed,
    )
