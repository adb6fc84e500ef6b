"""Follow one person's face from picture to picture."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from base.geometry import Picture
from faces.carried import Anchor
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
from faces.view import View
from faces.watch import Look, Watch

CERTAIN = 0.9  # a detection with at least this score is certainly a face
# Distances are relative to the width of the face's box.
MAX_MOTION = 0.5  # the farthest that a face moves between two pictures
JUMP = 0.3  # a longer move is no motion of a head but a cut that shot detection missed
DRIFT = 0.1  # farther from a detection, the followed face is corrected
CARRIED = 0.2  # of a picture: what counts towards the stride where the face was carried along
MAX_GROWTH = 1.5  # the largest ratio of the widths in two pictures


@dataclass(frozen=True)
class FollowState:
    """The state of following after a picture."""

    face: Face | None = None  # in that picture
    last_face: Face | None = None  # the latest one in this shot
    appearance: Appearance | None = None  # of the person, after the first certain detection
    bystanders: tuple[Face, ...] = ()  # other faces of this shot, where they were last detected
    since_detection: float = 0.0  # pictures since faces were last detected
    confirmed: bool = False  # the face was certain at least once since it was found
    people: int = 0  # certain faces at the last detection
    look: Look | None = None  # the latest one at the face in this shot
    anchor: Anchor | None = None  # the face that was last detected or refined, if it is believed

    def after_cut(self) -> "FollowState":
        """The state at the start of a new shot: only the person's appearance is still valid."""
        return FollowState(appearance=self.appearance)


@dataclass(frozen=True)
class Follower:
    """Detects faces every `stride` pictures and after a loss, and refines the face in between.

    A face whose mesh is seen is carried along with it, and detected more rarely.
    """

    detector: Detector
    stride: int
    select: str
    watch: Watch | None = None  # without one every face is believed

    def sightings(self, views: Iterable[View]) -> Iterator[Sighting]:
        """Yield the person's face in each picture."""
        state = FollowState()
        for view, starts_shot in detect_shots(views):
            previous = state.after_cut() if starts_shot else state
            state = self.advance(previous, view)
            people = max(state.people, int(state.face is not None))
            jumped = has_jumped(previous.face, state.face) and not _is_followed(previous, state)
            yield Sighting(
                with_lips(state.face, state.look) if _is_believed(state) else None,
                starts_shot or jumped,
                people,
                state.face is not None and not _is_believed(state),
            )

    def advance(self, state: FollowState, view: View) -> FollowState:
        """Return the state after one more picture."""
        since = state.since_detection + CARRIED
        carried = self._carried(state, view) if since < self.stride else None
        if carried is not None:
            return replace(carried, since_detection=since)
        return _anchored(self._detected(state, view))

    def _carried(self, state: FollowState, view: View) -> FollowState | None:
        """The state with the face moved along with its mesh; None where that cannot be."""
        if self.watch is None or state.face is None or state.anchor is None:
            return None
        look = self.watch.go_on(view, state.look)
        face = None if look is None else state.anchor.carried(look.mesh.points)
        if face is None or not is_plausible_motion(state.face, face):
            return None
        return replace(state, face=face, last_face=face, look=look)

    def _detected(self, state: FollowState, view: View) -> FollowState:
        """The state with the face refined, or where it is time detected among all faces."""
        since = state.since_detection + 1
        face = self._refine(state, view)
        look = None if face is None else self._look(view, face, state.look)
        if face is not None and since < self.stride:
            return replace(state, face=face, last_face=face, since_detection=since, look=look)
        detected = self.detector.detect(view.picture)
        if face is not None:
            confirmed = self._confirm(replace(state, look=look), view, face, detected)
            if confirmed is not None:
                return confirmed
        return self._search(state, view, self._believed(view, detected))

    def _refine(self, state: FollowState, view: View) -> Face | None:
        """The face of the previous picture in this one, if the motion is plausible."""
        if state.face is None:
            return None
        face = self.detector.refine(view.picture, state.face)
        if face is None and self.watch is not None:  # it may have moved far: its mesh knows
            guess = self.watch.moved(view, state.face, state.look)
            face = None if guess is None else self.detector.refine(view.picture, guess)
        return face if face is not None and is_plausible_motion(state.face, face) else None

    def _look(self, view: View, face: Face, last: Look | None) -> Look | None:
        return None if self.watch is None else self.watch.look(view, face, last)

    def _believed(self, view: View, faces: Sequence[Face]) -> Sequence[Face]:
        return faces if self.watch is None else self.watch.believed(view, faces)

    def _confirm(
        self, state: FollowState, view: View, face: Face, detected: Sequence[Face]
    ) -> FollowState | None:
        """The state with the followed face, or None if the detections show that it is no face."""
        same = [d for d in detected if is_same_place(d, face)]
        others = self._believed(view, [d for d in detected if not is_same_place(d, face)])
        if not same and face.score < CERTAIN:
            return None
        if not state.confirmed and face.score < CERTAIN and any(d.score >= CERTAIN for d in others):
            return None
        if same and has_drifted(face, same[0]):
            face = self.detector.refine(view.picture, same[0]) or face
            state = replace(state, look=self._look(view, face, state.look))
        people = _certain(others) + (_certain(same) if _is_believed(state) else 0)
        return replace(_with_face(state, view.picture, face, others), people=people)

    def _search(self, state: FollowState, view: View, detected: Sequence[Face]) -> FollowState:
        """Look for the person among the detections, except for this shot's bystanders."""
        look = None if state.look is None else state.look.after_loss()
        state = replace(
            state,
            face=None,
            confirmed=False,
            since_detection=0.0,
            people=_certain(detected),
            look=look,
        )
        known = [d for d in detected if any(is_same_place(d, b) for b in state.bystanders)]
        unknown = [d for d in detected if d not in known]
        face = self._choose(self._candidates(unknown, view.picture), state, view.picture)
        if face is not None:
            others = tuple(d for d in detected if not is_same_place(d, face))
            state = replace(state, look=self._look(view, face, look))
            return replace(_with_face(state, view.picture, face, others), people=state.people)
        missing = [b for b in state.bystanders if not any(is_same_place(b, d) for d in known)]
        return replace(state, bystanders=(*known, *missing))

    def _candidates(self, detected: Sequence[Face], picture: Picture) -> Sequence[Face]:
        """The certain faces, refined; if there are none, the others."""
        certain = [face for face in detected if face.score >= CERTAIN]
        if certain:
            return [self.detector.refine(picture, face) or face for face in certain]
        refined = [self.detector.refine(picture, face) for face in detected]
        return [face for face in refined if face is not None]

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


def with_lips(face: Face | None, look: Look | None) -> Face | None:
    """The face with the lips that were seen, if they are believed."""
    if face is None or look is None or not look.believed:
        return face
    return replace(face, lips=look.mesh.lips)


def _anchored(state: FollowState) -> FollowState:
    if state.face is None or state.look is None or not state.look.believed:
        return replace(state, anchor=None)
    return replace(state, anchor=Anchor(state.face, state.look.mesh.points))


def _is_believed(state: FollowState) -> bool:
    return state.look is None or state.look.believed


def _is_followed(previous: FollowState, state: FollowState) -> bool:
    """Whether the mesh went on from one picture to the next, and is believed in both."""
    before, after = previous.look, state.look
    return (
        before is not None
        and after is not None
        and before.believed
        and (after.believed and after.followed)
    )


def _certain(faces: Sequence[Face]) -> int:
    return sum(face.score >= CERTAIN for face in faces)


def _with_face(
    state: FollowState, picture: Picture, face: Face, bystanders: Sequence[Face]
) -> FollowState:
    certain = face.score >= CERTAIN
    return FollowState(
        face=face,
        last_face=face,
        appearance=appearance_of(picture, face.box) if certain else state.appearance,
        bystanders=tuple(bystanders),
        confirmed=certain or state.confirmed,
        look=state.look,
    )
