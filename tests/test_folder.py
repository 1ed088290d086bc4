"""Own images: what a folder of them becomes, and what is said where it cannot be read."""

import re

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
    ],
)
def test_what_cannot_be_read_is_a_sentence(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        load_folder(folder)


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
