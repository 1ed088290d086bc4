"""Handing out, and taking in what learning platforms give: what can be placed is, and nothing is lost."""

import hashlib
import io
import json
import os
import unicodedata
import zipfile

import pytest

from vae_grade.archives import Budget
from vae_grade.assignments import load_assignments
from vae_grade.cli import main
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder
from vae_grade.release import release

NAME = "04_bce_vs_kld"
RELEASED = load_assignments()[NAME].released


def notebook(text="an answer"):
    """The release with a text in its first cell, so that two of them differ."""
    changed = json.loads(RELEASED)
    changed["cells"][0]["source"] = [text]
    return json.dumps(changed).encode()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0)), content)
    return buffer.getvalue()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"

    def fill(files, time=None):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if time:
                os.utime(path, (time, time))
        return folder

    return fill


@pytest.fixture
def own(tmp_path):
    return TeacherFolder(tmp_path / "class")


def collected(folder):
    return {path.parts[-3]: path.read_bytes() for path in folder.collected.rglob("*.ipynb") if path.parts[-2] == NAME}


def counts(result):
    return result.placed, result.earlier, result.unchanged


def test_a_release_holds_the_notebooks_and_nothing_else(own):
    assert release(own)[-1] == "all_assignments.zip"
    with zipfile.ZipFile(own.handout / f"{NAME}.zip") as archive:
        assert archive.namelist() == [f"{NAME}/{NAME}.ipynb"]
        assert archive.read(f"{NAME}/{NAME}.ipynb") == RELEASED
    with zipfile.ZipFile(own.handout / "all_assignments.zip") as archive:
        assert archive.namelist() == [f"{name}/{name}.ipynb" for name in load_assignments()]


def test_a_file_beside_an_exercise_is_not_handed_out(own, tmp_path, monkeypatch):
    exercise = tmp_path / "exercises" / NAME
    exercise.mkdir(parents=True)
    (exercise / f"{NAME}.ipynb").write_bytes(RELEASED)
    (exercise / f"{NAME}.py").write_text("the answers")
    monkeypatch.setattr("vae_grade.release.load_assignments", lambda: load_assignments(exercise.parent))
    release(own)
    for path in (own.handout).glob("*.zip"):
        assert not [name for name in zipfile.ZipFile(path).namelist() if not name.endswith(".ipynb")]


def test_two_releases_are_the_same_bytes_and_the_sums_are_theirs(own, tmp_path):
    for folder in (own, TeacherFolder(tmp_path / "again")):
        release(folder)
    for line in (own.handout / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split("  ")
        contents = [(folder.handout / name).read_bytes() for folder in (own, TeacherFolder(tmp_path / "again"))]
        assert contents[0] == contents[1]
        assert hashlib.sha256(contents[0]).hexdigest() == expected


MOODLE = "Ada Lovelace_4711_assignsubmission_file_"
SHAPES = {
    "a folder per student": ("ada/x.ipynb", "ada"),
    "nbgrader's folders": (f"ada/{NAME}/{NAME}.ipynb", "ada"),
    "moodle, folders": (f"{MOODLE}/{NAME}.ipynb", "Ada_Lovelace"),
    "moodle, flat": (f"{MOODLE}{NAME}.ipynb", "Ada_Lovelace"),
    "canvas": (f"lovelaceada_123_4567_{NAME}.ipynb", "lovelaceada_123"),
    "canvas, late": (f"lovelaceada_LATE_123_4567_{NAME}-1.ipynb", "lovelaceada_123"),
}


@pytest.mark.parametrize(("path", "student"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("packed", ["plain", "zipped", "a zip in the inbox"])
def test_the_usual_shapes(inbox, own, tmp_path, path, student, packed):
    if packed == "plain":
        source = inbox({path: notebook()})
    elif packed == "zipped":
        source = tmp_path / "download.zip"
        source.write_bytes(zipped({path: notebook()}))
    else:
        other = f"Bob_4712_assignsubmission_file_/{NAME}.ipynb"
        source = inbox({"download.zip": zipped({path: notebook(), other: notebook(), "c/x.ipynb": notebook()})})
    assert collect(source, own).unplaced == []
    assert collected(own)[student] == notebook()


def test_zips_within_zips(inbox, own):
    inner = zipped({f"{NAME}/{NAME}.ipynb": notebook()})
    outer = zipped({f"{MOODLE}/work.zip": inner, "Bob_4712_assignsubmission_file_/work.zip": inner})
    assert collect(inbox({"all.zip": outer}), own).placed == 2
    assert collect(inbox({"carol.zip": inner}), own).unplaced[0].startswith("all.zip/")
    assert set(collected(own)) == {"Ada_Lovelace", "Bob", "carol"}


def test_a_wrong_name_is_placed_by_its_cells_and_an_unreadable_one_by_its_name(inbox, own):
    collect(inbox({"ada/homework (2).ipynb": notebook(), f"bob/{NAME}.ipynb": b"{"}), own)
    assert collected(own) == {"ada": notebook(), "bob": b"{"}


def test_the_newer_of_two_counts_whatever_comes_first(inbox, own):
    source = inbox({"ada/b.ipynb": notebook("old")}, time=1_000_000_000)
    inbox({"ada/a.ipynb": notebook("new")}, time=1_100_000_000)
    assert counts(collect(source, own)) == (1, 1, 0)
    assert collected(own) == {"ada": notebook("new")}
    older = inbox({"ada/c.ipynb": notebook("oldest")}, time=900_000_000)
    collect(older, own)
    assert collected(own) == {"ada": notebook("new")}
    kept = {path.read_bytes() for path in (own.root / "earlier" / "ada" / NAME).glob("*.ipynb")}
    assert kept == {notebook("old"), notebook("oldest")}


def test_canvas_numbers_decide_where_times_do_not(inbox, own):
    names = [f"ada_1_{i}_x{end}.ipynb" for i, end in enumerate(["", "-1", "-2"])]
    collect(inbox({name: notebook(name) for name in names}, time=1_000_000_000), own)
    assert collected(own) == {"ada_1": notebook(names[2])}


def test_two_people_of_one_name_both_count(inbox, own):
    files = {f"Ada_{number}_assignsubmission_file_/x.ipynb": notebook(str(number)) for number in (1, 2)}
    assert collect(inbox(files), own).placed == 2
    assert sorted(collected(own).values()) == sorted(files.values())


def test_two_people_of_one_name_are_told_apart_when_only_one_hands_in_again(inbox, own):
    files = {f"Ada_{number}_assignsubmission_file_/x.ipynb": notebook(str(number)) for number in (1, 2)}
    done = collect(inbox(files, time=1_000_000_000), own)
    assert done.namesakes == [f"Ada, {NAME}: another student has this name, and is Ada_2 here"]
    again = own.root.parent / "again.zip"
    again.write_bytes(zipped({"Ada_2_assignsubmission_file_/x.ipynb": notebook("better")}))
    collect(again, own)
    assert collected(own) == {"Ada": notebook("1"), "Ada_2": notebook("better")}


@pytest.mark.parametrize("name", ["Ada_1_assignsubmission_file_work.zip", "ada_123_4567_work.zip", "ada.zip"])
@pytest.mark.parametrize("packed", ["plain", "zipped"])
def test_the_folders_in_a_students_own_zip_are_no_students(inbox, own, name, packed):
    kinds = (f"{NAME}", "01_data_split") if name == "ada.zip" else ("src", "old")
    files = {name: zipped({f"{kinds[0]}/x.ipynb": notebook(), f"{kinds[1]}/notes.txt": b"to do"})}
    collect(inbox(files if packed == "plain" or name == "ada.zip" else {"all.zip": zipped(files)}), own)
    assert [student.lower().split("_")[0] for student in collected(own)] == ["ada"]


def test_zips_of_students_beside_each_other_are_each_one_student(inbox, own):
    folders = {"exercises/x.ipynb": notebook(), "notebooks/y.txt": b"", "dan/x.ipynb": notebook("for dan")}
    collect(inbox({"ada.zip": zipped(folders), "bob.zip": zipped(folders), "dan.zip": zipped({"x": b""})}), own)
    assert set(collected(own)) == {"ada", "bob"}


@pytest.mark.parametrize("inside", [f"{NAME}/ada", "ada", "ada.zip"])
def test_a_zip_that_is_alone_may_be_a_whole_class(inbox, own, inside):
    names = [inside, inside.replace("ada", "bob")]
    files = {f"{name}/x.ipynb": notebook() for name in names}
    if inside == "ada.zip":
        files = {name: zipped({"x.ipynb": notebook()}) for name in names}
    collect(inbox({"class.zip": zipped(files)}), own)
    assert set(collected(own)) == {"ada", "bob"}


@pytest.mark.parametrize("home", ["Eve_66_assignsubmission_file_", "eve_66_77_work.zip"])
@pytest.mark.parametrize("forged", ["Bob_4712_assignsubmission_file_x.ipynb", "bob_1_2_x.ipynb"])
def test_nobody_hands_in_as_somebody_else(inbox, own, home, forged):
    files = {f"{home}/{forged}": notebook()} if home.endswith("_") else {home: zipped({forged: notebook()})}
    collect(inbox({"all.zip": zipped(files)}), own)
    assert len(collected(own)) == 1
    assert next(iter(collected(own))).lower().startswith("eve")


@pytest.mark.parametrize("name", ["José", "कविता", "小明", "O'Brien"])
def test_a_name_is_kept_in_any_script_and_however_it_is_written(inbox, own, name):
    for form in ("NFC", "NFD"):
        collect(inbox({f"{unicodedata.normalize(form, name)}/x.ipynb": notebook()}), own)
    assert set(collected(own)) == {name.replace("'", "_")}


def test_a_checkpoint_counts_for_nothing_but_is_named_where_it_is_all(inbox, own):
    done = collect(inbox({f"{name}/.ipynb_checkpoints/x.ipynb": notebook() for name in ("ada", "bob")}), own)
    assert done.placed == 0
    collect(inbox({"ada/x.ipynb": notebook()}), own)
    again = collect(inbox({}), own)
    assert [line.split(":")[0] for line in again.unplaced] == ["bob/.ipynb_checkpoints/x.ipynb"]
    assert "ask for the notebook" in again.unplaced[0]


def test_collecting_twice_changes_nothing(inbox, own):
    source = inbox({"ada/x.ipynb": notebook(), "ada/y.ipynb": notebook("another")})
    collect(source, own)
    before = {path: path.stat().st_mtime_ns for path in own.root.rglob("*")}
    assert counts(collect(source, own)) == (0, 0, 2)
    assert {path: path.stat().st_mtime_ns for path in own.root.rglob("*")} == before


def test_what_cannot_be_placed_is_named_and_kept_and_stops_nothing(inbox, own, tmp_path):
    damaged = bytearray(zipped({f"{NAME}.ipynb": notebook()}))
    damaged[100] ^= 255
    source = inbox(
        {
            "ada/x.ipynb": notebook(),
            "x.ipynb": notebook(),
            "fay/torch.py": b"boom",
            "bob/broken.zip": b"PK\x03\x04 and no more",
            "carol.zip": bytes(damaged),
            "dan/recipe.ipynb": b'{"cells": []}',
            "eve/.ipynb_checkpoints/x.ipynb": notebook(),
            "__MACOSX/eve/._x.ipynb": b"\0",
        }
    )
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook())
    (source / "eve" / "link.ipynb").symlink_to(secret)
    done = collect(source, own)
    assert set(collected(own)) == {"ada"}
    sentences = {line.split(": ")[0]: line.split(": ", 1)[1] for line in done.unplaced}
    assert sentences.keys() == {
        "x.ipynb",
        "fay/torch.py",
        "bob/broken.zip",
        f"carol.zip/{NAME}.ipynb",
        "dan/recipe.ipynb",
        "eve/link.ipynb",
        "eve/.ipynb_checkpoints/x.ipynb",
    }
    assert "names no student" in sentences["x.ipynb"]
    assert "cannot be opened" in sentences["bob/broken.zip"]
    assert "link" in sentences["eve/link.ipynb"]
    kept = {path.name[17:]: path.read_bytes() for path in own.unplaced.iterdir()}
    assert kept["torch.py"] == b"boom"
    assert kept["x.ipynb"] == notebook()


@pytest.mark.parametrize(
    "odd",
    [{"x" * 254 + ".txt": b""}, {"x/" * 3_000 + "y.txt": b""}, {"a": b"1", "a/b": b"2"}, {"x" * 600 + "/y.zip": b"1"}],
    ids=["a long name", "deep folders", "a file called as a folder", "a long folder"],
)
def test_no_name_in_a_zip_stops_the_others(inbox, own, odd):
    done = collect(inbox({"ann/hw.zip": zipped(odd | {"x.ipynb": notebook()}), "zoe/x.ipynb": notebook("z")}), own)
    assert collected(own) == {"ann": notebook(), "zoe": notebook("z")}
    assert len(done.unplaced) == len(list(own.unplaced.iterdir())) == len(odd) - done.beside


@pytest.mark.parametrize(
    ("own_name", "inside", "another", "students"),
    [
        ("ann_11_22_hw.zip", "zoe_33_44_x.ipynb", "zoe_33_44_x.ipynb", {"ann_11", "zoe_33"}),
        ("ann_11_22_hw.zip", "Zoe_3_assignsubmission_file_/x.ipynb", "zoe_33_44_x.ipynb", {"ann_11", "zoe_33"}),
        (
            "Ann_1_assignsubmission_file_/hw.zip",
            "Zoe_3_assignsubmission_file_/x.ipynb",
            "Zoe_3_assignsubmission_file_/x.ipynb",
            {"Ann", "Zoe"},
        ),
    ],
)
def test_nobody_hands_in_for_another(inbox, own, own_name, inside, another, students):
    mine = zipped({f"folder/{inside}": notebook("evil"), "another/folder.txt": b""})
    collect(inbox({own_name: mine, another: notebook("zoe's")}), own)
    assert collected(own).keys() == students
    assert collected(own)[max(students)] == notebook("zoe's")


def test_a_zip_that_holds_more_than_the_disk_is_left(inbox, own, monkeypatch):
    monkeypatch.setattr(Budget, "__init__", lambda self: vars(self).update(files=50, size=2**20))
    bomb = zipped({f"{i}.zip": zipped({f"{j}.txt": b"" for j in range(9)}) for i in range(99)})
    done = collect(inbox({"ann/bomb.zip": bomb, "zoe/x.ipynb": notebook()}), own)
    assert done.unplaced[-1] == "ann/bomb.zip: there is too much in it (99 files, 0 MB): 49 were left"
    assert collected(own).keys() == {"zoe"}


@pytest.mark.parametrize("name", ["../../evil/x.ipynb", "/evil/x.ipynb", "..\\evil\\x.ipynb"])
def test_no_name_in_a_zip_leaves_the_folder(inbox, own, tmp_path, name):
    collect(inbox({"all.zip": zipped({name: notebook(), "ada/x.ipynb": notebook()})}), own)
    assert {path.name for path in tmp_path.iterdir()} == {"inbox", "class"}
    assert collected(own)


def test_the_command_says_what_it_did_and_what_is_missing(inbox, own, tmp_path, capsys):
    assert not main(["--folder", str(own.root), "collect", str(inbox({"ada/x.ipynb": notebook(), "y.ipynb": b""}))])
    printed = capsys.readouterr().out
    assert "1 placed" in printed
    assert "The class has 1 student" in printed
    assert "y.ipynb: it names no student" in printed
    assert main(["--folder", str(own.root), "collect", str(tmp_path / "nowhere")]) == 2
    assert "There is no" in capsys.readouterr().err
