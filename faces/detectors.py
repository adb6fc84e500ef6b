"""The face detectors: name -> loader."""

from collections.abc import Callable

from faces.detector import Detector, DetectorSettings


def load_mtcnn(settings: DetectorSettings) -> Detector:
    from faces.mtcnn import Mtcnn

    return Mtcnn(settings.batch_size, settings.cache)


def load_sfd(settings: DetectorSettings) -> Detector:
    from faces.sfd import Sfd, load_box_finder

    return Sfd(load_box_finder(settings.device), load_mtcnn(settings))


DETECTORS: dict[str, Callable[[DetectorSettings], Detector]] = {
    "mtcnn": load_mtcnn,
    "sfd": load_sfd,
}
