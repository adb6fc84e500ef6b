"""Files that clients name: what they uploaded, and nothing else of this machine."""

import errno
import io
import os

import pytest

from service.assets import Assets, room, suffix_of
from service.avatars import Avatars
from service.errors import BadRequest, Forbidden, NotFound, ServiceError, StorageFull, TooLarge
from service.inputs import Inputs


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def assets(data):
    return Assets(data, 1000)


@pytest.fixture
def root(tmp_path):
    """An allowed folder beside a secret, with links to it."""
    (tmp_path / "secret.png").write_text("secret")
    root = tmp_path / "faces"
    (root / "deep").mkdir(parents=True)
    (root / "ann.png").write_text("ann")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "folder").symlink_to(tmp_path)
    (root / "ring").symlink_to(root / "ring")
    os.mkfifo(root / "pipe.png")
    return root.resolve()


@pytest.fixture
def inputs(assets, data, root):
    return Inputs(assets, Avatars(data), [root])


def add(assets, content=b"content", name="face.png", owner="ann"):
    return assets.add(owner, name, io.BytesIO(content))


def test_an_asset_is_named_by_its_content(assets):
    asset = add(assets)
    assert add(assets, name="other.png").id == asset.id != add(assets, b"else").id
    assert asset.path.read_bytes() == b"content" and asset.path.suffix == ".png"
    assert (assets.get("ann", asset.id).name, asset.bytes) == ("other.png", 7)


def test_another_s_asset_cannot_be_told_from_none(assets):
    asset = add(assets)
    with pytest.raises(NotFound) as others:
        assets.get("bob", asset.id)
    with pytest.raises(NotFound) as none:
        assets.get("bob", "0" * 64)
    assert str(others.value) == str(none.value)
    for wrong in ("", "..", "../" * 3 + asset.id, asset.id.upper(), "*", asset.id + "\n"):
        with pytest.raises(NotFound):
            assets.get("ann", wrong)


def test_too_much_too_little_and_no_room_leave_nothing(assets, data, monkeypatch):
    with pytest.raises(TooLarge):
        add(assets, b"x" * 1001)
    with pytest.raises(BadRequest):
        add(assets, b"")
    with pytest.raises(StorageFull), room():
        raise OSError(errno.ENOSPC, "full")
    assert [path for path in data.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        *(("a.PNG", ".png"), ("a.tar.gz", ".bin"), ("", ".bin"), ("../../x.mp4", ".mp4")),
        *(("a.png\0.sh", ".bin"), ("x" * 500 + ".wav", ".wav"), ("a.py", ".bin")),
    ],
)
def test_only_known_suffixes_are_kept(name, suffix):
    assert suffix_of(name) == suffix


def test_a_deleted_asset_is_gone(assets, data):
    asset = add(assets)
    assets.delete("ann", asset.id)
    assert assets.files() == [] and [path for path in data.rglob("*") if path.is_file()] == []


def test_names_lead_to_files(inputs, assets, root):
    asset = add(assets)
    found = inputs.find("ann", f"asset:{asset.id}")
    assert (found.path, found.name) == (asset.path, "face.png")
    assert inputs.find("ann", "ann.png").path == root / "ann.png"
    assert inputs.find("ann", str(root / "deep" / ".." / "ann.png")).path == root / "ann.png"
    assert inputs.find("ann", "demo:portrait").path.is_file()
    avatar = inputs.avatars.add("ann", "Ann", asset.path, "job")
    assert inputs.find("ann", f"avatar:{avatar.id}").name == "Ann"


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.png", "link.png", "folder/secret.png", "ring", "pipe.png", ".", "", "deep"),
        *("/etc/passwd", "none.png", "ann.png\0", "~/x", "x" * 5000, "\ud800"),
        *("file:///etc/passwd", "http://169.254.169.254/x", "FILE:/etc/passwd", "s3://b/k"),
        *("concat:ann.png|ann.png", "asset:../ann", "avatar:..", "asset:", "demo:x", None, 5, []),
    ],
)
def test_no_other_name_does(inputs, root, name):
    with pytest.raises(ServiceError) as caught:
        inputs.find("ann", name)
    assert str(root.parent) not in str(caught.value)
    if isinstance(name, str) and ":/" in name:
        assert isinstance(caught.value, Forbidden)


def test_without_an_allowed_folder_no_path_is_read(assets, data, root):
    with pytest.raises(NotFound):
        Inputs(assets, Avatars(data), []).find("ann", str(root / "ann.png"))


def test_what_can_be_named_is_listed(inputs):
    assert [str(path) for path in inputs.list_below_roots(frozenset((".png",)), 9)] == ["ann.png"]


def test_avatars_are_listed_by_name_to_their_owner(data, root):
    avatars = Avatars(data)
    for name in ("zoe", "ann"):
        avatars.add("ann", name, root / f"{name}.png", "job")
    assert [each.name for each in avatars.all("ann")] == ["ann", "zoe"]
    assert avatars.all("bob") == []
    assert avatars.faces() == {str(root / "ann.png"), str(root / "zoe.png")}
    avatars.delete("ann", avatars.all("ann")[0].id)
    assert [each.name for each in avatars.all("ann")] == ["zoe"]
