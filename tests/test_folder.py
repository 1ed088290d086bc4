"""Own images: what a folder of them becomes, and what is said where it cannot be read."""

import errno
import io
import os
import re
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vae_lib import report
from vae_lib.checkpoints import load_model
from vae_lib.folder import load_folder


def save(folder, kind, name, image):
    (folder / kind).mkdir(parents=True, exist_ok=True)
    image.save(folder / kind / name)


@pytest.fixture
def folder(tmp_path):
    """60 dark and 60 bright images of 28 × 28, each of one grey: 0, 1, 2 … and 195, 196 …"""
    for i in range(60):
        save(tmp_path / "own", "bright", f"{i}.png", Image.new("L", (28, 28), 195 + i))
        save(tmp_path / "own", "dark", f"{i}.png", Image.new("RGB", (28, 28), (i, i, i)))
    return tmp_path / "own"


def test_each_image_is_in_one_part_with_its_label(folder):
    parts, kinds = load_folder(folder)
    assert kinds == ["bright", "dark"]
    assert [len(part.x) for part in parts] == [86, 16, 18]
    greys = torch.cat([part.x for part in parts]) * 255
    assert sorted(greys[:, 0].round().int().tolist()) == [*range(60), *range(195, 255)]
    assert all(((part.x[:, 0] < 0.5) == (part.y == 1)).all() for part in parts)
    again, _ = load_folder(folder)
    assert all(torch.equal(part.x, other.x) for part, other in zip(parts, again, strict=True))


def test_the_square_in_the_middle_is_made_small(folder):
    wide = np.zeros((56, 112), np.uint8)
    wide[:, 28:84] = 255  # the middle square, white
    save(folder, "wide", "one.png", Image.fromarray(wide))
    parts, _ = load_folder(folder)
    (x,) = [x for part in parts for x, y in zip(part.x, part.y, strict=True) if y == 2]
    assert x.view(28, 28)[:, 2:26].min() == 1


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "dark/3.png").write_bytes(b"no image"), "dark/3.png cannot be read"),
        (lambda f: (f / "dark/3.png").write_bytes((f / "dark/3.png").read_bytes()[:60]), "dark/3.png cannot be read"),
        (lambda f: Image.new("LA", (28, 28), (0, 100)).save(f / "dark/3.png"), "dark/3.png has transparent pixels"),
        (lambda f: Image.new("I;16", (28, 28)).save(f / "dark/3.png"), "dark/3.png has more than 8 bits"),
        (lambda f: [path.unlink() for path in (f / "dark").iterdir()], "hold 60 images (png, jpg"),
        (lambda f: (f / "empty").mkdir(), "empty holds no image (png, jpg, bmp, tif, webp …) that you may read"),
        (lambda f: (f / "dark/3.png").unlink() or (f / "dark/3.png").symlink_to("gone"), "dark/3.png cannot be read"),
        (lambda f: (f / "dark/a.png").mkdir(), "dark/a.png cannot be read"),
        (lambda f: Image.new("LAB", (28, 28)).save(f / "dark/lab.tif"), "dark/lab.tif cannot be read"),
        (lambda f: huge(f / "dark/3.png"), "dark/3.png cannot be read (Image size (400000000 pixels) exceeds limit"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        load_folder(folder)


def huge(path):
    """A PNG that says in its head that it has 20,000 × 20,000 pixels, where 28 × 28 are."""
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 20_000, 20_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_may_not_be_read_is_a_sentence(folder, monkeypatch, number):
    def refuse(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(
        ValueError, match=re.escape(f"own cannot be read ({os.strerror(number)}): make it one that you")
    ):
        load_folder(folder)


def test_colours_of_print_are_greys_of_the_screen(folder):
    save(folder, "print", "black.jpg", Image.new("CMYK", (28, 28), (0, 0, 0, 255)))
    save(folder, "print", "white.tif", Image.new("CMYK", (28, 28), (0, 0, 0, 0)))
    save(folder, "print", "grey.tif", Image.new("P", (28, 28), 0))
    parts, kinds = load_folder(folder)
    assert kinds == ["bright", "dark", "print"]
    x = torch.cat([part.x[part.y == 2] for part in parts])
    assert sorted(x.mean(dim=1).round(decimals=1).tolist()) == [0, 0, 1]


def test_what_systems_leave_in_a_folder_is_no_image_and_no_kind(folder):
    (folder / ".ipynb_checkpoints").mkdir()
    Image.new("L", (28, 28)).save(folder / ".ipynb_checkpoints" / "1-checkpoint.png")
    (folder / "dark" / ".ipynb_checkpoints").mkdir()
    Image.new("L", (28, 28)).save(folder / "dark" / ".ipynb_checkpoints" / "1-checkpoint.png")
    (folder / "dark" / "._1.png").write_bytes(b"of a Mac")
    (folder / "dark" / "Thumbs.db").write_bytes(b"of Windows")
    (folder / "notes.txt").write_text("beside the kinds")
    parts, kinds = load_folder(folder)
    assert kinds == ["bright", "dark"]
    assert sum(len(part.x) for part in parts) == 120


def test_links_are_followed_to_a_kind_and_never_in_a_circle(folder, tmp_path):
    (folder / "dark").rename(tmp_path / "elsewhere")
    (folder / "dark").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "elsewhere")
    parts, _ = load_folder(folder)
    greys = torch.cat([part.x for part in parts])[:, 0] * 255
    assert sorted(greys.round().int().tolist()) == [*range(60), *range(195, 255)]


def test_one_kind_is_enough_and_images_may_lie_deeper(folder, tmp_path):
    for name in ("bright", "dark"):
        (folder / name).rename(tmp_path / name)
    (folder / "all").mkdir()
    for name in ("bright", "dark"):
        (tmp_path / name).rename(folder / "all" / name)
    parts, kinds = load_folder(folder)
    assert (kinds, sum(len(part.x) for part in parts)) == (["all"], 120)


@pytest.mark.parametrize("out", [".", "runs/report"])
def test_what_the_command_writes_is_no_kind_of_its_images(folder, monkeypatch, capsys, out):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as end:
        report.main(["--data", ".", "--out", out])
    assert end.value.code == 2
    assert f"--out {out} is in the folder of the images" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["bright", "dark"]


def test_kinds_in_another_script_are_printed_in_any_encoding(folder, tmp_path, monkeypatch):
    (folder / "dark").rename(folder / "猫")
    monkeypatch.chdir(tmp_path)
    printed = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", printed)
    report.main(["--data", str(folder), "--epochs", "1"])
    printed.seek(0)
    assert "120 images of 2 kinds: 0 is bright, 1 is ?" in printed.read()


def test_an_opaque_image_with_an_alpha_channel_is_fine(folder):
    Image.new("RGBA", (28, 28), (3, 3, 3, 255)).save(folder / "dark/3.png")
    assert load_folder(folder)[1] == ["bright", "dark"]


def test_a_folder_that_is_none_or_has_no_subfolders(tmp_path):
    for path, sentence in ((tmp_path / "none", "is not a folder"), (tmp_path, "has no subfolders")):
        with pytest.raises(ValueError, match=sentence):
            load_folder(path)


def test_the_command_trains_on_them(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    report.main(["--data", str(folder), "--epochs", "2"])
    printed = capsys.readouterr().out
    assert "120 images of 2 kinds: 0 is bright, 1 is dark" in printed
    assert "average loss per sample, test:" in printed
    model, history = load_model("runs/report/model.pt")
    assert (model.config.sigma_head, len(history)) == ("log_var", 2)
    assert (tmp_path / "runs/report/plots/latent_pca.png").exists()


def test_of_more_than_ten_kinds_there_is_no_map(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for kind in range(10):
        for i in range(30):
            save(folder, f"kind{kind}", f"{i}.png", Image.new("L", (28, 28), i))
    report.main(["--data", str(folder), "--epochs", "1"])
    assert "plots/latent_pca.png is left out" in capsys.readouterr().out
    assert not (tmp_path / "runs/report/plots/latent_pca.png").exists()
