"""MNIST against the raw bytes of the bundle, scikit-learn's split and torchvision's ToTensor."""

import contextlib
import errno
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split
from torchvision import datasets, transforms

from vae_lib import data

NAMES = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
DOWNLOAD = "torchvision.datasets.mnist.download_and_extract_archive"
DAMAGES = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "one byte changed": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
}
damages = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


def unpacked(name):
    """The content of a bundled file, without the help of vae_lib."""
    return gzip.decompress((Path(data.__file__).parent / "mnist" / f"{name}.gz").read_bytes())


def images(part):
    return np.frombuffer(unpacked(f"{part}-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, 784)


def labels(part):
    return np.frombuffer(unpacked(f"{part}-labels-idx1-ubyte"), np.uint8, offset=8)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    data.unpack(root)
    return root


@pytest.fixture(scope="module")
def tensors(root):
    return data.load_tensors(root=root)


@pytest.fixture
def own_root(root, tmp_path):
    """A copy of the unpacked files that a test may damage."""
    return Path(shutil.copytree(root, tmp_path / "own"))


@pytest.fixture
def own_bundle(tmp_path, monkeypatch):
    """A copy of the bundle that a test may damage."""
    copy = Path(shutil.copytree(data.BUNDLE, tmp_path / "bundle"))
    monkeypatch.setattr(data, "BUNDLE", copy)
    return copy


# The files and their content.


def test_the_sums_are_those_of_the_bundled_files():
    found = {name: hashlib.sha256(unpacked(name)).hexdigest() for name in NAMES}
    written = dict(line.split()[::-1] for line in (data.BUNDLE / "SHA256SUMS").read_text().splitlines())
    assert written == found


def test_the_bundled_files_are_mnist(tensors):
    # The counts of the digits, the mean and the standard deviation are what the literature gives.
    assert np.bincount(labels("train")).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels("t10k")).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    std, mean = torch.std_mean(torch.cat([tensors[0].x, tensors[1].x]))
    assert mean.item() == pytest.approx(0.1307, abs=5e-5)
    assert std.item() == pytest.approx(0.3081, abs=5e-5)


def test_tensors_are_the_bytes_divided_by_255(tensors):
    train_idx, val_idx = train_test_split(range(60_000), test_size=0.15, random_state=42)
    for part, kind, index in zip(tensors, ("train", "train", "t10k"), (train_idx, val_idx, slice(None)), strict=True):
        assert part.x.dtype == torch.float32
        assert part.y.dtype == torch.int64
        np.testing.assert_array_equal(part.x, images(kind)[index] / np.float32(255))
        np.testing.assert_array_equal(part.y, labels(kind)[index])


def test_tensors_have_the_sizes_of_the_report(tensors):
    assert [tuple(part.x.shape) for part in tensors] == [(51_000, 784), (9_000, 784), (10_000, 784)]


# The split.


def test_the_split_is_scikit_learns():
    assert data.split_indices() == train_test_split(list(range(60_000)), test_size=0.15, random_state=42)


def test_the_split_has_not_changed_since_the_course_was_written():
    train_idx, val_idx = data.split_indices()
    assert train_idx[:5] == [55239, 18739, 3635, 47213, 21268]
    assert val_idx[:5] == [12628, 37730, 39991, 8525, 8279]


@pytest.mark.parametrize(("n", "n_val"), [(60_000, 9_000), (100, 15)])
def test_the_split_is_disjoint_and_covers_all(n, n_val):
    train_idx, val_idx = data.split_indices(n)
    assert len(val_idx) == n_val
    assert sorted(train_idx + val_idx) == list(range(n))


# The loaders.


def test_loaders_give_batches_of_64_images_and_a_smaller_last_one(root):
    loaders = data.load_loaders(root=root)
    for loader, count, last in zip(loaders, (51_000, 9_000, 10_000), (56, 40, 16), strict=True):
        x, y = next(iter(loader))
        assert (x.shape, x.dtype) == ((64, 1, 28, 28), torch.float32)
        assert (y.shape, y.dtype) == ((64,), torch.int64)
        assert x.min() == 0
        assert x.max() == 1
        sizes = [len(batch) for batch in loader.batch_sampler]
        assert (sum(sizes), sizes[-1]) == (count, last)


def test_loaders_take_another_batch_size(root):
    assert [len(next(iter(loader))[0]) for loader in data.load_loaders(7, root=root)] == [7, 7, 7]


def test_loaders_hold_the_same_images_as_the_tensors(root, tensors):
    train, *others = data.load_loaders(root=root)
    for loader, part in zip(others, tensors[1:], strict=True):
        x, y = map(torch.cat, zip(*loader, strict=True))
        assert torch.equal(x.flatten(1), part.x)
        assert torch.equal(y, part.y)
    for i in range(0, 51_000, 25):  # the training images without their shuffle
        x, y = train.dataset[i]
        assert torch.equal(x.flatten(), tensors[0].x[i])
        assert y == tensors[0].y[i]


def test_tensors_are_what_to_tensor_makes(root, tensors):
    raw = datasets.MNIST(root, train=False)
    for i in range(0, 10_000, 50):
        assert torch.equal(transforms.ToTensor()(raw[i][0]).flatten(), tensors[2].x[i])


@pytest.mark.skipif(sys.platform == "win32", reason="there, a worker is a new process, which takes long")
def test_workers_load_the_same_images(root, tensors):
    subset = torch.utils.data.Subset(data.mnist(train=False, root=root), range(65))
    batches = list(torch.utils.data.DataLoader(subset, batch_size=32, num_workers=2))
    assert [len(y) for _, y in batches] == [32, 32, 1]
    assert torch.equal(torch.cat([x for x, _ in batches]).flatten(1), tensors[2].x[:65])
    assert torch.equal(torch.cat([y for _, y in batches]), tensors[2].y[:65])


def first_labels(loader):
    return next(iter(loader))[1].tolist()


def test_only_training_batches_are_shuffled(root, tensors):
    orders = [first_labels(loader) for loader in data.load_loaders(root=root)]
    unshuffled = [part.y[:64].tolist() for part in tensors]
    assert orders[0] != unshuffled[0]
    assert orders[1:] == unshuffled[1:]


def test_the_generator_decides_the_shuffle(root):
    def shuffled(seed):
        loader = data.load_loaders(generator=torch.Generator().manual_seed(seed), root=root)[0]
        return first_labels(loader), first_labels(loader)

    assert shuffled(1) == shuffled(1)
    assert shuffled(1) != shuffled(2)
    first_epoch, second_epoch = shuffled(1)
    assert first_epoch != second_epoch


# Unpacking.


def test_unpack_fills_an_empty_folder(tmp_path):
    raw = data.unpack(tmp_path / "not" / "there")
    assert raw == tmp_path / "not" / "there" / "MNIST" / "raw"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == {name: unpacked(name) for name in NAMES}


def test_a_second_unpack_touches_nothing(root):
    def times():
        return {path.name: path.stat().st_mtime_ns for path in (root / "MNIST" / "raw").iterdir()}

    before = times()
    data.unpack(root)
    assert times() == before


@damages
@pytest.mark.parametrize("name", [NAMES[1], NAMES[2]])
def test_a_damaged_file_gives_one_warning_that_names_it_and_is_repaired(own_root, name, damage):
    file = own_root / "MNIST" / "raw" / name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(UserWarning, match=name) as caught:
        data.unpack(own_root)
    assert [str(file) in str(warning.message) for warning in caught] == [True]
    assert file.read_bytes() == unpacked(name)


def test_a_damaged_file_is_replaced_in_one_step(own_root, monkeypatch):
    # Were it deleted first, another kernel that unpacks at the same time would find no file and try a download.
    file = own_root / "MNIST" / "raw" / NAMES[0]
    file.write_bytes(b"half")
    there = []
    decompress = gzip.decompress
    monkeypatch.setattr(gzip, "decompress", lambda packed: there.append(file.exists()) or decompress(packed))
    with pytest.warns(UserWarning, match=NAMES[0]):
        data.unpack(own_root)
    assert there == [True]


def test_an_interrupted_unpack_leaves_no_half_file(tmp_path, monkeypatch):
    write_bytes = Path.write_bytes

    def interrupted(path, data):
        write_bytes(path, data[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.unpack(tmp_path)
    assert list((tmp_path / "MNIST" / "raw").iterdir()) == []
    monkeypatch.undo()
    assert len(data.mnist(train=False, root=tmp_path)) == 10_000


def test_two_processes_that_unpack_at_the_same_time_both_succeed(tmp_path, monkeypatch):
    # The worst moment: the other one does all its work after this one wrote its first file and before it named it.
    code = "import sys; from vae_lib.data import mnist; print(len(mnist(train=True, root=sys.argv[1])))"
    others = []
    replace = Path.replace

    def other_first(path, target):
        if not others:
            others.append(subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", other_first)
    assert len(data.mnist(train=True, root=tmp_path)) == 60_000
    assert [(other.stdout, other.stderr) for other in others] == [("60000\n", "")]
    assert sorted(path.name for path in (tmp_path / "MNIST" / "raw").iterdir()) == sorted(NAMES)


# A bundle that is damaged or not whole.


@damages
def test_a_damaged_bundle_is_named_with_the_remedy(own_bundle, tmp_path, damage):
    packed = own_bundle / "t10k-labels-idx1-ubyte.gz"
    packed.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(OSError, match="checkout -- vae_lib/mnist`") as caught:
        data.mnist(train=False, root=tmp_path)
    assert str(packed) in str(caught.value)
    assert not (tmp_path / "MNIST" / "raw" / packed.stem).exists()


def test_a_bundled_file_of_other_content_is_told_by_its_sum(own_bundle, tmp_path):
    packed = own_bundle / "t10k-labels-idx1-ubyte.gz"
    packed.write_bytes(gzip.compress(b"whole, but no labels"))
    with pytest.raises(OSError, match="SHA-256") as caught:
        data.unpack(tmp_path)
    assert str(packed) in str(caught.value)


def test_a_whole_bundle_downloads_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(DOWNLOAD, lambda *args, **kwargs: pytest.fail("tried to download"))
    assert len(data.mnist(train=True, root=tmp_path)) == 60_000


@pytest.mark.parametrize(
    "load",
    [lambda root: data.mnist(train=False, root=root), lambda root: data.load_tensors(root=root)[2].y],
    ids=["data set", "tensors"],
)
@pytest.mark.parametrize("there", [None, b"damaged"])
def test_torchvision_downloads_what_the_bundle_lacks(own_bundle, own_root, monkeypatch, there, load):
    lacking = own_root / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    (own_bundle / f"{lacking.name}.gz").unlink()
    lacking.unlink()
    if there:
        lacking.write_bytes(there)

    def download(url, download_root, filename, md5):
        name = filename.removesuffix(".gz")
        Path(download_root, name).write_bytes(unpacked(name))

    monkeypatch.setattr(DOWNLOAD, download)
    with pytest.warns(UserWarning, match=lacking.name) if there else contextlib.nullcontext():
        assert len(load(own_root)) == 10_000
    assert lacking.read_bytes() == unpacked(lacking.name)


def test_a_failed_download_gives_one_sentence(own_bundle, tmp_path, monkeypatch):
    def download(*args, **kwargs):
        raise URLError("no network")

    (own_bundle / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setattr(DOWNLOAD, download)
    with pytest.raises(OSError, match="the download failed") as caught:
        data.mnist(train=False, root=tmp_path / "root")
    sentence = str(caught.value)
    assert str(own_bundle) in sentence
    assert str(tmp_path / "root") in sentence
    assert "t10k-labels-idx1-ubyte cannot be found" in sentence
    assert "checkout -- vae_lib/mnist`, or download the course again." in sentence
    assert "\n" not in sentence


# A root where MNIST cannot be unpacked, or would not be what is read.


def test_a_tilde_is_the_home_folder(root, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.chdir(tmp_path)
    assert data.unpack(f"~/{root.name}") == root / "MNIST" / "raw"
    assert len(data.mnist(train=False, root=f"~/{root.name}")) == 10_000
    assert list(tmp_path.iterdir()) == []


def test_files_of_an_old_torchvision_are_not_read_in_place_of_mnist(own_root):
    old = own_root / "MNIST" / "processed"
    old.mkdir()
    for name, n in (("training.pt", 60_000), ("test.pt", 10_000)):
        torch.save((torch.zeros(n, 28, 28, dtype=torch.uint8), torch.zeros(n, dtype=torch.int64)), old / name)
    with pytest.raises(OSError, match=f"{old} is of an old torchvision, .*: rename it, or name another root"):
        data.load_tensors(root=own_root)
    (old / "test.pt").unlink()  # then torchvision does not read the other, either
    assert data.load_tensors(root=own_root)[2].x.max() == 1


def fails(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), "some/file")

    return fail


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "Permission denied: 'some/file'): make that a folder that you may read and write, or"),
        (errno.EROFS, "Read-only file system: 'some/file'): make that a folder that you may read and write, or"),
        (errno.ENOSPC, ", which takes 55 MB: make room, or"),
        (errno.EDQUOT, ", which takes 55 MB: make room, or"),
    ],
)
@pytest.mark.parametrize("method", ["mkdir", "exists", "write_bytes"])
def test_a_root_that_cannot_be_used_is_named_with_a_remedy(tmp_path, monkeypatch, number, words, method):
    monkeypatch.setattr(Path, method, fails(number))
    with pytest.raises(OSError, match="MNIST") as caught:
        data.unpack(tmp_path)
    assert str(tmp_path / "MNIST" / "raw") in str(caught.value)
    assert str(caught.value).endswith(f"{words} name another root, as in load_tensors(root='data').")
    if sys.platform != "win32":
        monkeypatch.setattr(data, "CACHE", tmp_path)
        with pytest.raises(OSError, match="XDG_CACHE_HOME to a folder of your own, then start JupyterLab again"):
            data.unpack(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_named_with_a_remedy(tmp_path):
    (tmp_path / "MNIST" / "raw" / NAMES[0]).mkdir(parents=True)
    with pytest.raises(
        OSError, match=f"Is a directory: .*{NAMES[0]}'.: make that a folder that you may read and write"
    ):
        data.unpack(tmp_path)


def test_nobody_is_told_of_a_replacement_that_did_not_happen(own_root, monkeypatch):
    (own_root / "MNIST" / "raw" / NAMES[0]).write_bytes(b"half")
    monkeypatch.setattr(Path, "write_bytes", fails(errno.EACCES))
    with pytest.raises(OSError, match="make that a folder that you may read and write"):  # a warning is an error, too
        data.unpack(own_root)


def test_a_whole_cache_that_may_not_be_written_serves(root, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", fails(errno.EROFS))
    assert data.unpack(root) == root / "MNIST" / "raw"
