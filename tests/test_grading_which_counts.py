"""Which of a student's notebooks counts: never a blank, a lesson or a model answer in place of a filled-in one."""

import json
import os
from datetime import UTC, datetime

import pytest

from tests.handed_in import NAME, RIGHT, as_bytes, empty, filled, make_inbox, perfect, zipped
from vae_grade.assignments import ROOT, Refused, load_assignments
from vae_grade.choose import choose
from vae_grade.cli import main
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder, files_beside
from vae_grade.hand_in import read_hand_in
from vae_grade.placing import digest
from vae_grade.records import add_older, find_submissions

SOLVED, OTHER, BLANK = as_bytes(perfect()), as_bytes(filled(bce=RIGHT["bce"])), as_bytes(empty())
LESSON = (ROOT / "notebooks" / f"{NAME}.ipynb").read_bytes()
MODEL = (ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_bytes()
FILE = f"{NAME}.ipynb"
MANY = len(load_assignments())


@pytest.fixture
def own(tmp_path):
    return TeacherFolder(tmp_path / "class")


def take(own, files, name="inbox", packed=False):
    inbox = own.root.parent / name
    if packed:
        inbox.write_bytes(zipped(files))
        return collect(inbox, own)
    return collect(make_inbox(inbox, files), own)


def counts(own, student="ada"):
    return own.collected_notebook(student, NAME).read_bytes()


def changed(**metadata):
    """A blank in which something is new that answers nothing."""
    notebook = empty()
    notebook["cells"][3]["source"] = metadata.get("answer", notebook["cells"][3]["source"])
    notebook["cells"].append({"cell_type": "code", "id": "new", "metadata": {}, "source": "1 + 1", "outputs": []})
    return as_bytes(notebook)


LESSER = {
    "a blank": BLANK,
    "a blank with a scratch cell": changed(),
    "a blank with a comment": changed(answer="# later"),
    "a broken one": b'{"cells": [',
    "nothing": b"",
    "the lesson": LESSON,
    "the model answer": MODEL,
}


@pytest.mark.parametrize("lesser", LESSER.values(), ids=LESSER)
@pytest.mark.parametrize("name", [f"{NAME} (1).ipynb", f"a/{FILE}", "zzz.ipynb", f"{NAME}-1.ipynb"])
@pytest.mark.parametrize("order", ["together", "before", "after"])
def test_a_filled_in_one_is_never_displaced(own, lesser, name, order):
    if order == "together":
        take(own, {f"ada/{FILE}": SOLVED, f"ada/{name}": lesser, "bob/x.ipynb": OTHER})
    else:
        for packed in (False, True):
            first, second = (SOLVED, lesser) if order == "before" else (lesser, SOLVED)
            take(own, {f"ada/{FILE}": first, "bob/x.ipynb": OTHER}, f"first{packed}", packed)
            take(own, {f"ada/{name}": second, "bob/x.ipynb": OTHER}, f"second{packed}", packed)
    assert counts(own) == SOLVED


def test_the_solved_copy_counts_and_the_student_is_named(own):
    done = take(own, {f"ada/{FILE}": BLANK, f"ada/{NAME} (1).ipynb": SOLVED, "bob/x.ipynb": SOLVED})
    assert counts(own) == SOLVED
    assert done.chosen == [f"ada, {NAME}: ada/{NAME} (1).ipynb counts, not ada/{FILE}: the other is blank"]


def test_a_model_answer_and_a_lesson_are_called_so(own):
    done = take(own, {"ada/a.ipynb": MODEL, "ada/b.ipynb": LESSON, "bob/x.ipynb": SOLVED})
    assert f"it is the model answer of {NAME}" in done.unplaced[0]
    assert f"it is the lesson {NAME}" in done.unplaced[1]
    assert {path.read_bytes() for path in own.unplaced.iterdir()} == {MODEL, LESSON}
    assert not own.collected_notebook("ada", NAME).exists()


def test_of_a_zip_of_the_whole_course_only_what_she_wrote_counts(own):
    files = {}
    for home in ("exercises", "solutions"):
        files |= {
            f"vae-course/{home}/{p.parent.name}/{p.name}": p.read_bytes() for p in (ROOT / home).glob("*/*.ipynb")
        }
    files |= {f"vae-course/notebooks/{path.name}": path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}
    files[f"vae-course/exercises/{NAME}/{FILE}"] = SOLVED
    done = take(own, {"ada.zip": zipped(files), "bob/x.ipynb": OTHER})
    assert [path.name for path in (own.collected / "ada").iterdir()] == [NAME]
    assert counts(own) == SOLVED
    assert len(done.unplaced) == len(files) - 1
    assert sum("model answer" in line for line in done.unplaced) == MANY
    assert sum("untouched" in line for line in done.unplaced) == MANY - 1


def test_of_a_zip_of_all_exercises_those_that_nobody_touched_are_not_handed_in(own):
    files = {f"all/{p.parent.name}/{p.name}": p.read_bytes() for p in (ROOT / "exercises").glob("*/*.ipynb")}
    done = take(own, {"ada.zip": zipped(files | {f"all/{NAME}/{FILE}": SOLVED}), "bob.zip": zipped(files)})
    assert [path.name for path in (own.collected / "ada").iterdir()] == [NAME]
    assert len(done.unplaced) == MANY - 1
    assert len(list((own.collected / "bob").iterdir())) == MANY  # who hands in nothing but blanks has handed in blanks


def test_a_blank_that_was_handed_in_by_itself_is_a_hand_in(own):
    blank = (ROOT / "exercises" / "05_training" / "05_training.ipynb").read_bytes()
    assert take(own, {"ada/04.ipynb": SOLVED, "ada/05.ipynb": blank, "bob/x.ipynb": BLANK}).placed == 3


def test_what_a_platform_says_decides_before_names_and_files_do(own):
    old, new = "11-2 - Ada - Mar 1, 2026 1200 PM", "11-2 - Ada - Mar 3, 2026 1200 PM"
    done = take(own, {f"{old}/x (5).ipynb": SOLVED, f"{new}/x.ipynb": OTHER})
    assert counts(own, "Ada") == OTHER
    assert done.chosen == [f"Ada, {NAME}: {new}/x.ipynb counts, not {old}/x (5).ipynb: it was handed in later"]
    assert take(own, {f"{old}/x (5).ipynb": as_bytes(filled(written="more"))}, "again").earlier == 1
    assert counts(own, "Ada") == OTHER


def test_the_later_attempt_counts(own):
    take(own, {f"Ada/BCE/Version {number}/x.ipynb": data for number, data in ((9, SOLVED), (10, OTHER))})
    assert counts(own, "Ada") == OTHER


@pytest.mark.parametrize(
    ("first", "second"), [("x.ipynb", "x (2).ipynb"), ("x (2).ipynb", "x (10).ipynb"), ("a-1.ipynb", "a-2.ipynb")]
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_later_copy_counts_by_its_name_even_if_its_file_is_older(own, first, second, swapped):
    inbox = make_inbox(
        own.root.parent / "inbox", {f"ada/{first}": SOLVED, f"ada/{second}": OTHER, "bob/x.ipynb": SOLVED}
    )
    os.utime(inbox / "ada" / (first if swapped else second), (1e9, 1e9))
    done = collect(inbox, own)
    assert counts(own) == OTHER
    assert "its name says that it is a later copy" in done.chosen[0]


def test_where_nothing_says_which_is_newer_the_one_with_more_answers_counts(own):
    half = as_bytes(filled(bce=RIGHT["bce"]))
    full = as_bytes(filled(bce=RIGHT["bce"], kld=RIGHT["kld"]))
    done = take(own, {"ada/x.ipynb": half, "ada/x-final.ipynb": full, "bob/x.ipynb": full}, "all.zip", packed=True)
    assert counts(own) == full
    assert done.chosen[0].endswith("there are more answers in it")


def test_a_half_one_that_is_gone_from_the_newer_download_does_not_count(own):
    half, full = OTHER, as_bytes(filled(bce=RIGHT["bce"], kld=RIGHT["kld"]))
    home = "Nina N_7_assignsubmission_file_"
    take(own, {f"{home}/{FILE}": half, f"{home}/{NAME}-final.ipynb": full}, "one.zip", packed=True)
    take(own, {f"{home}/{NAME}-final.ipynb": full}, "two.zip", packed=True)
    assert counts(own, "Nina_N") == full


def test_times_in_a_zip_decide_nothing(own):
    # The download's times: `a` was packed last.
    alike = as_bytes(filled(written="Other words.", **RIGHT))
    files = {"ada/b.ipynb": SOLVED, "ada/a.ipynb": alike, "bob/x.ipynb": OTHER}
    done = take(own, files, "all.zip", packed=True)
    assert counts(own) == SOLVED
    assert done.chosen[0].endswith("nothing says which is newer, so the last by name")
    assert read_hand_in(own.collected_notebook("ada", NAME)).written is None
    assert not own.collected_notebook("ada", NAME).with_name("timestamp.txt").exists()


def test_a_second_download_counts_and_the_first_again_does_not(own):
    for name, data in (("1.zip", SOLVED), ("2.zip", OTHER), ("1.zip", SOLVED)):
        take(
            own,
            {"Ada_1_assignsubmission_file/x.ipynb": data, "Bob_2_assignsubmission_file/x.ipynb": SOLVED},
            name,
            True,
        )
    assert counts(own, "Ada") == OTHER


def test_one_notebook_twice_is_not_two(own):
    done = take(own, {"ada/a.ipynb": SOLVED, "ada/b.ipynb": SOLVED, "bob/x.ipynb": OTHER})
    assert (done.placed, done.unchanged, done.chosen) == (2, 1, [])


def test_a_platforms_time_is_kept_for_nbgrader_and_no_other(own):
    late = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    take(own, {f"ada+{NAME}+2026-03-02 08:30:00 UTC/{FILE}": SOLVED, f"bob+{NAME}+what/{FILE}": OTHER})
    assert read_hand_in(own.collected_notebook("ada", NAME)).time == late
    assert own.collected_notebook("ada", NAME).with_name("timestamp.txt").read_text() == "2026-03-02 08:30:00 UTC"
    assert not own.collected_notebook("bob", NAME).with_name("timestamp.txt").exists()


def beside(own, student="ada"):
    home = files_beside(own.collected_notebook(student, NAME))
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_files_beside_a_notebook_are_kept_beside_it(own):
    files = {
        "ada/hw/x.ipynb": SOLVED,
        "ada/hw/utils.py": b"1",
        "ada/hw/data/a.csv": b"2",
        "ada/plot.png": b"3",
        "bob/x.ipynb": OTHER,
    }
    done = take(own, files | {"ada/other/y.csv": b"4"})
    assert beside(own) == {"utils.py": b"1", "data/a.csv": b"2", "plot.png": b"3"}
    assert done.beside == 3
    assert [line.split(": ")[0] for line in done.unplaced] == ["ada/other/y.csv"]
    assert "another folder" in done.unplaced[0]
    assert take(own, {"ada/hw/utils.py": b"new"}).unchanged == 2
    assert beside(own)["utils.py"] == b"new"
    kept = [path for path in (own.root / "earlier").rglob("*") if path.is_file()]
    assert sorted(path.read_bytes() for path in kept) == [b"1", b"2", b"3"]


def test_canvas_files_of_a_student_lie_together(own):
    files = {
        "ada_1_10_x.ipynb": SOLVED,
        "ada_1_11_utils.py": b"1",
        "bob_2_12_x.ipynb": OTHER,
        "bob_2_13_utils.py": b"2",
    }
    take(own, files)
    assert (beside(own, "ada_1"), beside(own, "bob_2")) == ({"utils.py": b"1"}, {"utils.py": b"2"})


def test_files_beside_are_those_of_the_attempt_that_counts(own):
    take(own, {
        "11-2 - Ada - Mar 1, 2026 1200 PM/x.ipynb": SOLVED,
        "11-2 - Ada - Mar 1, 2026 1200 PM/utils.py": b"old",
        "11-2 - Ada - Mar 3, 2026 1200 PM/x.ipynb": OTHER,
        "11-2 - Ada - Mar 3, 2026 1200 PM/utils.py": b"new",
    })  # fmt: skip
    assert beside(own, "Ada") == {"utils.py": b"new"}


def test_files_beside_are_bounded_and_regular(own):
    files = {f"ada/{number}.txt": b"x" for number in range(120)} | {"ada/x.ipynb": SOLVED, "ada/big": bytes(33 * 2**20)}
    inbox = make_inbox(own.root.parent / "inbox", files | {"bob/x.ipynb": OTHER})
    (inbox / "ada" / "link.py").symlink_to(inbox / "ada" / "0.txt")
    done = collect(inbox, own)
    assert len(beside(own)) == 100
    assert done.beside + len(done.unplaced) == 122
    assert sum("more than 100 files and 32 MB" in line for line in done.unplaced) == 21
    assert "ada/link.py: it is a link, and links are not followed" in done.unplaced


def test_json_keeps_where_it_was(own):
    take(own, {"ada/hw.zip": zipped({"work/x.ipynb": SOLVED}), "bob/x.ipynb": OTHER})
    entries = json.loads(own.collected_notebook("ada", NAME).with_name("hand_in.json").read_text())
    assert (entries["path"], entries["original"], entries["written"]) == ("ada/hw.zip/work/x.ipynb", "ada", None)


def hand_in_two(own, **others):
    return take(own, {"ada/a.ipynb": OTHER, "ada/b.ipynb": SOLVED, "bob/x.ipynb": OTHER, **others})


def test_the_teacher_lets_the_other_one_count_and_it_stays_so(own, capsys):
    hand_in_two(own)
    assert counts(own) == SOLVED
    assert main(["--folder", str(own.root), "choose", "ada", NAME]) is None
    assert f"ada, {NAME}: ada/a.ipynb counts, not ada/b.ipynb" in capsys.readouterr().out
    assert counts(own) == OTHER
    assert read_hand_in(own.collected_notebook("ada", NAME)).path == "ada/a.ipynb"
    done = hand_in_two(own, **{f"ada/{NAME} (7).ipynb": as_bytes(filled(written="More.", **RIGHT))})
    assert counts(own) == OTHER
    assert done.chosen[-1].endswith("ada/a.ipynb counts, not ada/b.ipynb: you chose it")
    [ada, _] = find_submissions(own)
    assert (add_older(own, ada).older, len(list(own.earlier("ada", NAME).glob("*.ipynb")))) == ((), 3)
    choose(own, "ada", NAME, "b.ipynb")  # and back again
    assert counts(own) == SOLVED


def test_which_of_several_is_asked_and_found_by_either_name(own):
    hand_in_two(own, **{"ada/c.ipynb": as_bytes(filled(kld=RIGHT["kld"]))})
    with pytest.raises(Refused, match=r"ada/b\.ipynb counts\. Which") as refused:
        choose(own, "ada", NAME)
    assert {line.split()[-1] for line in str(refused.value).splitlines()[1:]} == {"ada/a.ipynb", "ada/c.ipynb"}
    choose(own, "ada", NAME, digest(OTHER)[:6])
    assert counts(own) == OTHER
    choose(own, "ada", NAME, "c.ipynb")
    assert counts(own) == as_bytes(filled(kld=RIGHT["kld"]))


@pytest.mark.parametrize(("student", "sentence"), [("bob", "no other: bob/x.ipynb"), ("AD", "'AD'; there is ada.$")])
def test_where_there_is_no_other_a_sentence_says_so(own, student, sentence):
    hand_in_two(own)
    with pytest.raises(Refused, match=sentence):
        choose(own, student, NAME)


def test_the_chosen_one_takes_its_time_with_it(own):
    early, late = (f"Blatt 4_ada_attempt_2026-03-0{day}-12-00-00_x.ipynb" for day in (1, 2))
    take(own, {early: OTHER, late: SOLVED, "Blatt 4_bob_attempt_2026-03-01-12-00-00_x.ipynb": OTHER})
    stamp = own.collected_notebook("ada", NAME).with_name("timestamp.txt")
    assert stamp.read_text().startswith("2026-03-02")
    choose(own, "ada", NAME)
    assert stamp.read_text().startswith("2026-03-01")
    assert counts(own) == OTHER
