"""Checkpoints against kills, damage and strangers."""

import os
import pickle
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.small_runs import pictures, small_run, state
from vae_lib.checkpoints import (
    TRAINED,
    checkpoint_path,
    load_model,
    load_run,
    newest_checkpoint,
    save_each_epoch,
    save_model,
    save_run,
)
from vae_lib.latent import encode
from vae_lib.model import VAE
from vae_lib.train import train

ROOT = Path(__file__).parents[1]


def test_training_writes_a_checkpoint_after_each_epoch(tmp_path):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=3, after_epoch=save_each_epoch(tmp_path / "new" / "folder"))
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [f"epoch0{n}.pt" for n in (1, 2, 3)]
    for n in (1, 2, 3):
        assert load_run(checkpoint_path(tmp_path / "new" / "folder", n)).history == run.history[:n]


def test_a_loaded_run_is_the_saved_one(tmp_path):
    run = small_run(lr=3e-3, weight_decay=0.1, batch_size=17, beta=4.0)
    train(run, pictures(70), pictures(20), epochs=2)
    save_run(run, tmp_path / "run.pt")
    loaded = load_run(tmp_path / "run.pt")
    assert loaded.model.config == run.model.config
    assert state(loaded) == state(run)


def test_a_loaded_model_has_the_kind_of_numbers_that_were_saved(tmp_path):
    save_model(small_run().model, [], tmp_path / "model.pt", "")
    torch.set_default_dtype(torch.float64)
    try:
        model, _ = load_model(tmp_path / "model.pt")
        assert {part.dtype for part in model.parameters()} == {torch.float32}
        assert encode(model, pictures(3).float())[0].dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


GO_ON = """
import sys, torch
from vae_lib.checkpoints import checkpoint_path, load_run, save_each_epoch
from vae_lib.train import train
torch.set_num_threads(int(sys.argv[2]))  # another number of threads may add up in another order
train_x, val_x = torch.load(sys.argv[1] + "/images.pt")
run = load_run(checkpoint_path(sys.argv[1], 0))
train(run, train_x, val_x, epochs=10_000, after_epoch=save_each_epoch(sys.argv[1]))
"""


def test_a_run_killed_and_resumed_is_bit_for_bit_the_uninterrupted_one(tmp_path):
    train_x, val_x = pictures(150), pictures(40, seed=1)
    torch.save([train_x, val_x], tmp_path / "images.pt")
    save_run(small_run(batch_size=32), checkpoint_path(tmp_path, 0))
    child = subprocess.Popen(
        [sys.executable, "-c", GO_ON, tmp_path, str(torch.get_num_threads())], stderr=subprocess.DEVNULL
    )
    while child.poll() is None and not checkpoint_path(tmp_path, 2).exists():
        time.sleep(0.001)
    child.kill()  # kill -9
    assert child.wait() == -9

    resumed = load_run(newest_checkpoint(tmp_path))
    reached = len(resumed.history)
    assert reached >= 2
    train(resumed, train_x, val_x, epochs=reached + 2)

    uninterrupted = small_run(batch_size=32)
    train(uninterrupted, train_x, val_x, epochs=reached + 2)
    assert resumed.history == uninterrupted.history
    assert state(resumed) == state(uninterrupted)


def half_a_file(content, path):
    Path(path).write_bytes(b"half")
    raise KeyboardInterrupt


def killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(("module", "name", "fails"), [(torch, "save", half_a_file), (os, "replace", killed)])
def test_a_save_that_is_interrupted_leaves_the_old_file_whole(tmp_path, monkeypatch, module, name, fails):
    run, path = small_run(), checkpoint_path(tmp_path, 1)
    save_run(run, path)
    before = path.read_bytes()
    train(run, pictures(70), pictures(20), epochs=1)
    monkeypatch.setattr(module, name, fails)
    with pytest.raises(KeyboardInterrupt):
        save_run(run, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_newest_checkpoint_has_the_most_epochs(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "not there") is None
    for epoch in (9, 10, 99, 100, 2):
        checkpoint_path(tmp_path, epoch).touch()
    assert newest_checkpoint(tmp_path) == tmp_path / "epoch100.pt"


@pytest.mark.parametrize("name", ["epoch03 (copy).pt", "epochs.pt", "epoch04.pt.123.tmp", "notes.txt"])
def test_files_that_a_student_put_beside_the_checkpoints_are_no_checkpoints(tmp_path, name):
    checkpoint_path(tmp_path, 2).touch()
    (tmp_path / name).touch()
    assert newest_checkpoint(tmp_path) == tmp_path / "epoch02.pt"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A good checkpoint, as bytes and as a dictionary."""
    run, path = small_run(), tmp_path_factory.mktemp("whole") / "epoch01.pt"
    train(run, pictures(70), pictures(20), epochs=1, after_epoch=save_each_epoch(path.parent))
    return path.read_bytes(), torch.load(path, weights_only=True)


def assert_refused(path, load, words="is not a whole checkpoint of vae_lib", remedy=": make it anew"):
    """Loading gives one sentence that names the file, and no advice to load it without protection."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith(remedy)
    assert "\n" not in sentence
    assert "weights_only" not in sentence


loads = pytest.mark.parametrize("load", [load_run, load_model])


@loads
@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_truncated_checkpoint_is_refused(tmp_path, whole, share, load):
    content = whole[0]
    (tmp_path / "epoch01.pt").write_bytes(content[: int(share * len(content))])
    assert_refused(tmp_path / "epoch01.pt", load)


@loads
def test_of_a_damaged_checkpoint_the_epoch_before_is_named_if_it_is_there(tmp_path, whole, load):
    (tmp_path / "epoch09.pt").write_bytes(whole[0])
    (tmp_path / "epoch10.pt").write_bytes(whole[0][:100])
    before = tmp_path / "epoch09.pt"
    assert_refused(tmp_path / "epoch10.pt", load, remedy=f": delete it, and take the epoch before, {before}")


TO_SAVE = "; take a file of save_run or save_model"
STRANGERS = {
    "a tensor": (torch.zeros(3), f"it holds a Tensor of something else{TO_SAVE}"),
    "a list": ([1, 2], f"it holds a list of something else{TO_SAVE}"),
    "a number": (3, f"it holds a int of something else{TO_SAVE}"),
    "another dictionary": ({"epoch": 3}, f"it holds a dict of something else{TO_SAVE}"),
    "the weights alone": (
        VAE(hidden_dim=16, latent_dim=3).state_dict(),
        "it holds weights alone; give them to a model with model.load_state_dict(torch.load(path))",
    ),
}


@loads
@pytest.mark.parametrize(("content", "remedy"), STRANGERS.values(), ids=STRANGERS)
def test_a_file_of_torch_that_is_no_checkpoint_is_refused(tmp_path, content, remedy, load):
    torch.save(content, tmp_path / "epoch01.pt")
    assert_refused(tmp_path / "epoch01.pt", load, "is no checkpoint of vae_lib", remedy)


@loads
def test_a_whole_model_is_refused_and_told_how_to_save_it(tmp_path, load):
    torch.save(VAE(hidden_dim=16, latent_dim=3), tmp_path / "epoch01.pt")
    words = "holds a vae_lib.model.VAE, which could run any code, so it is not read"
    assert_refused(tmp_path / "epoch01.pt", load, words, ": write checkpoints with save_run or save_model")


@loads
@pytest.mark.parametrize("content", [b"epoch,loss\n1,204.5\n", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000)])
def test_a_file_that_is_not_torchs_is_refused(tmp_path, content, load):
    (tmp_path / "epoch01.pt").write_bytes(content)
    assert_refused(tmp_path / "epoch01.pt", load, "is no file of PyTorch", ": take a file of save_run or save_model")


@loads
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch's own, about files that it did not write
def test_a_pickle_of_something_else_is_refused(tmp_path, load):
    (tmp_path / "epoch01.pt").write_bytes(pickle.dumps({"sizes": Path("x")}))
    assert_refused(tmp_path / "epoch01.pt", load, ": ", " save_run or save_model")


class Malicious:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@loads
@pytest.mark.parametrize("write", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol=2))])
def test_a_malicious_file_is_refused_and_not_executed(tmp_path, write, load):
    write({"sizes": Malicious(tmp_path / "hacked")}, tmp_path / "epoch01.pt")
    assert_refused(
        tmp_path / "epoch01.pt", load, "which could run any code", ": write checkpoints with save_run or save_model"
    )
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": {"hidden_dim": 17, "latent_dim": 3}},
        {"sizes": {"hidden_dim": 16, "latent_dim": 3, "sigma_head": "logvar"}},
        {"sizes": {"width": 16}},
        {"weights": {}},
        {"history": [[1.0, 2.0]]},
        {"optimizer": None},
        {"optimizer": {"state": {}, "param_groups": []}},
        {"generator": torch.zeros(3, dtype=torch.uint8)},
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_fit_together_is_refused(tmp_path, whole, change):
    torch.save(whole[1] | change, tmp_path / "epoch01.pt")
    assert_refused(tmp_path / "epoch01.pt", load_run)


@loads
def test_a_missing_checkpoint_is_not_found_and_named(tmp_path, load):
    for path in (tmp_path / "epoch07.pt", tmp_path):
        with pytest.raises(FileNotFoundError) as caught:
            load(path)
        assert str(caught.value) == f"there is no checkpoint {path}: look into its folder"


def test_a_model_file_holds_weights_history_and_command_and_no_more(tmp_path):
    run = small_run()
    train(run, pictures(70), pictures(20), epochs=2)
    save_model(run.model, run.history, tmp_path / "model.pt", "vae-report --seed 42")
    save_run(run, tmp_path / "run.pt")
    for path in (tmp_path / "model.pt", tmp_path / "run.pt"):
        model, history = load_model(path)
        assert history == run.history
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), run.model.parameters(), strict=True))
    kept = torch.load(tmp_path / "model.pt", weights_only=True)
    assert set(kept) == {"sizes", "weights", "history", "command"}
    assert kept["command"] == "vae-report --seed 42"


def test_a_model_file_is_no_run_to_go_on_with(tmp_path):
    save_model(small_run().model, [], tmp_path / "model.pt", "")
    remedy = "take checkpoints/epochNN.pt, or the model alone with load_model"
    assert_refused(tmp_path / "model.pt", load_run, "holds a model, and nothing that a run could go on with", remedy)


# Not the file's fault.


@loads
@pytest.mark.parametrize("device", ["gpu", "hpu", "cuda:x", "meta"])
def test_a_device_that_is_not_there_is_named_and_not_the_file(load, device):
    with pytest.raises(ValueError, match=f"^device '{device}' cannot be used on this computer .*: pass 'cpu'$"):
        load(TRAINED / "vae_mnist.pt", device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@loads
def test_a_gpu_that_is_not_there_is_named_and_not_the_file(load):
    with pytest.raises(ValueError, match=r"^device 'cuda' cannot be used on this computer .*: pass 'cpu'$"):
        load(TRAINED / "vae_mnist.pt", "cuda")


@pytest.mark.parametrize("known", [True, False])  # files of before the device was kept tell it by the generator's state
def test_a_run_of_a_gpu_is_told_where_it_goes_on(tmp_path, whole, known):
    state = whole[1] | {"generator": torch.zeros(16, dtype=torch.uint8), "device": "cuda"}
    if not known:
        del state["device"]
    torch.save(state, tmp_path / "epoch02.pt")
    with pytest.raises(
        ValueError, match=r"is of a run on cuda, .*: go on with device='cuda' .*, or take its model alone"
    ):
        load_run(tmp_path / "epoch02.pt")
    assert len(load_model(tmp_path / "epoch02.pt")[1]) == 1


def test_a_run_saved_before_the_device_was_kept_goes_on(tmp_path, whole):
    torch.save({name: part for name, part in whole[1].items() if name != "device"}, tmp_path / "epoch01.pt")
    assert len(load_run(tmp_path / "epoch01.pt").history) == 1


@loads
@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (MemoryError(), MemoryError, "there is too little memory for .*epoch01.pt: shut down other kernels"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), MemoryError, "there is too little memory for"),
        (
            PermissionError(13, "Permission denied", "epoch01.pt"),
            PermissionError,
            "^.Errno 13. Permission denied: 'epoch",
        ),
        (OSError(5, "Input/output error"), OSError, "^.Errno 5. Input/output error$"),
    ],
)
def test_what_the_computer_lacks_is_no_fault_of_the_file(tmp_path, monkeypatch, whole, load, error, raised, words):
    def fail(*_, **__):
        raise error

    (tmp_path / "epoch01.pt").write_bytes(whole[0])
    monkeypatch.setattr(*((Path, "read_bytes") if isinstance(error, OSError) else (torch, "load")), fail)
    with pytest.raises(raised, match=words):
        load(tmp_path / "epoch01.pt")


def test_another_learning_rate_to_go_on_with(tmp_path):
    save_run(small_run(lr=3e-3), tmp_path / "run.pt")
    assert load_run(tmp_path / "run.pt").optimizer.param_groups[0]["lr"] == 3e-3
    assert load_run(tmp_path / "run.pt", lr=1e-5).optimizer.param_groups[0]["lr"] == 1e-5


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_run(small_run(), "~/epoch01.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["epoch01.pt"]
    load_run("~/epoch01.pt")
    assert newest_checkpoint("~") == tmp_path / "epoch01.pt"


# One run's files, and another's.


def test_a_folder_of_another_run_is_refused_and_left_as_it_is(tmp_path):
    train(small_run(1), pictures(70), pictures(20), 3, save_each_epoch(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for epochs in (2, 3, 5):
        run = small_run(2)
        with pytest.raises(
            FileExistsError, match=r"holds another run, or later epochs \(epoch03.pt\): name another folder"
        ):
            train(run, pictures(70), pictures(20), epochs, save_each_epoch(tmp_path))
        assert len(run.history) == 1  # which is not lost
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_longer_run_is_no_excuse_for_a_folder_of_another(tmp_path):
    longer = small_run(2)
    train(longer, pictures(70), pictures(20), 3)
    train(small_run(1), pictures(70), pictures(20), 2, save_each_epoch(tmp_path))
    with pytest.raises(FileExistsError, match="holds another run"):
        train(longer, pictures(70), pictures(20), 4, save_each_epoch(tmp_path))


def test_a_run_goes_on_in_its_own_folder(tmp_path):
    train(small_run(1), pictures(70), pictures(20), 2, save_each_epoch(tmp_path))
    again = load_run(newest_checkpoint(tmp_path))
    train(again, pictures(70), pictures(20), 4, save_each_epoch(tmp_path))
    assert load_run(newest_checkpoint(tmp_path)).history == again.history


def test_a_folder_that_cannot_be_written_is_found_before_the_first_epoch(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(
        OSError, match=r"cannot be written to .*: make it a folder that you may write to, or name another"
    ):
        save_each_epoch(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


FULL = """
import sys
from tests.small_runs import small_run
from vae_lib.checkpoints import checkpoint_path, newest_checkpoint, save_run
try:
    for epoch in range(1, 99):
        save_run(small_run(hidden_dim=100), checkpoint_path(sys.argv[1], epoch))
except OSError as error:
    print(error)
print(epoch, *sorted(path.name for path in newest_checkpoint(sys.argv[1]).parent.iterdir()))
"""


def test_on_a_full_disk_the_files_before_stay_and_a_sentence_says_so(tmp_path):
    fill = shlex.join([sys.executable, "-c", FULL, str(tmp_path)])
    mount = f"mount -t tmpfs -o size=5m tmpfs {tmp_path} && exec {fill}"
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("no user namespaces")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    sentence, files = done.stdout.splitlines()
    epoch, *names = files.split()
    assert int(epoch) > 1
    assert names == [f"epoch{number:02d}.pt" for number in range(1, int(epoch))]  # no temporary one
    path = tmp_path / f"epoch{int(epoch):02d}.pt"
    assert sentence == f"[Errno 28] there is no room for {path}; what was there before is whole: make room"
