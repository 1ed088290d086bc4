"""What each learning platform gives becomes one student each, with what the way back needs."""

from datetime import UTC, datetime

import pytest

from tests.handed_in import NAME, as_bytes, filled, make_inbox, zipped
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import read_hand_in

NOON = datetime(2026, 3, 1, 12)
SLUG = NAME.replace("_", "-")
FILE = f"{NAME}.ipynb"
# The files of two students, and of the first: (folder, platform, original, name, number, late, time).
PLATFORMS = {
    "moodle": (
        ("Ada Lovelace_4711_assignsubmission_file/x.ipynb", "Bob_4712_assignsubmission_file/x.ipynb"),
        ("Ada_Lovelace", "moodle", "Ada Lovelace_4711_assignsubmission_file", "Ada Lovelace", "4711", None, None),
    ),
    "moodle before 4.1": (
        ("Ada Lovelace_4711_assignsubmission_file_x.ipynb", "Bob_4712_assignsubmission_file_x.ipynb"),
        ("Ada_Lovelace", "moodle", "Ada Lovelace_4711_assignsubmission_file_", "Ada Lovelace", "4711", None, None),
    ),
    "moodle, blind": (
        ("Participant_4711_assignsubmission_file/x.ipynb", "Participant_4712_assignsubmission_file/x.ipynb"),
        (
            "Participant_4711",
            "moodle blind",
            "Participant_4711_assignsubmission_file",
            "Participant",
            "4711",
            None,
            None,
        ),
    ),
    "canvas": (
        (f"lovelaceada_123_4567_{FILE}", f"stonebob_124_4568_{FILE}"),
        ("lovelaceada_123", "canvas", f"lovelaceada_123_4567_{FILE}", "lovelaceada", "123", False, None),
    ),
    "canvas, late": (
        (f"lovelaceada_LATE_123_4567_{FILE}", f"stonebob_124_4568_{FILE}"),
        ("lovelaceada_123", "canvas", f"lovelaceada_LATE_123_4567_{FILE}", "lovelaceada", "123", True, None),
    ),
    "canvas, anonymous": (
        (f"anon_x1YzQ_901_{FILE}", f"anon_LATE_a2BcD_902_{FILE}"),
        ("anon_x1YzQ", "canvas anonymous", f"anon_x1YzQ_901_{FILE}", "anon", "x1YzQ", False, None),
    ),
    "canvas, anonymous and late": (
        (f"LATE_anon_x1YzQ_901_{FILE}", f"anon_a2BcD_902_{FILE}"),
        ("anon_x1YzQ", "canvas anonymous", f"LATE_anon_x1YzQ_901_{FILE}", "anon", "x1YzQ", True, None),
    ),
    "canvas, a group of a number": (
        (f"group_2_5012_90001_{FILE}", f"group_3_5013_90002_{FILE}"),
        ("group_2_5012", "canvas", f"group_2_5012_90001_{FILE}", "group_2", "5012", False, None),
    ),
    "canvas, a group of two words": (
        (f"team_red_LATE_5012_90001_{FILE}", "team_blue_5013_90002_x.ipynb"),
        ("team_red_5012", "canvas", f"team_red_LATE_5012_90001_{FILE}", "team_red", "5012", True, None),
    ),
    "blackboard": (
        (
            f"gradebook_VAE_{NAME}_ada_attempt_2026-03-01-12-00-00_x.ipynb",
            f"gradebook_VAE_{NAME}_ada_attempt_2026-03-01-12-00-00.txt",
            f"gradebook_VAE_{NAME}_bob_attempt_2026-03-01-12-00-00_x.ipynb",
        ),
        ("ada", "blackboard", f"gradebook_VAE_{NAME}_ada_attempt_2026-03-01-12-00-00_x.ipynb", "ada", "", None, NOON),
    ),
    "brightspace": (
        (
            "11-22 - Ada Lovelace - Mar 1, 2026 1200 PM/x.ipynb",
            "12-22 - Bob Stone - Mar 1, 2026 109 PM/x.ipynb",
            "index.html",
        ),
        (
            "Ada_Lovelace",
            "brightspace",
            "11-22 - Ada Lovelace - Mar 1, 2026 1200 PM",
            "Ada Lovelace",
            "11",
            None,
            NOON,
        ),
    ),
    "sakai": (
        (
            "BCE/Lovelace, Ada(ada1)/Submission attachment(s)/x.ipynb",
            "BCE/Lovelace, Ada(ada1)/timestamp.txt",
            "BCE/Stone, Bob(bob1)/Submission attachment(s)/x.ipynb",
            "BCE/grades.csv",
        ),
        ("Lovelace_Ada", "sakai", "Lovelace, Ada(ada1)", "Lovelace, Ada", "ada1", None, NOON),
    ),
    "google classroom": (
        (f"Ada Lovelace - {FILE}", f"Bob Stone - {FILE}"),
        ("Ada_Lovelace", "google classroom", f"Ada Lovelace - {FILE}", "Ada Lovelace", "", None, None),
    ),
    "github classroom": (
        (f"{SLUG}-submissions/{SLUG}-ada/x.ipynb", f"{SLUG}-submissions/{SLUG}-bob/x.ipynb"),
        ("ada", "github classroom", f"{SLUG}-ada", "ada", "", None, None),
    ),
    "github classroom, by name": (
        (f"{NAME}-ada/x.ipynb", f"{NAME}-bob-main/x.ipynb"),
        ("ada", "github classroom", f"{NAME}-ada", "ada", "", None, None),
    ),
    "gradescope": (
        (
            "assignment_5_export/submission_7/x.ipynb",
            "assignment_5_export/submission_8/x.ipynb",
            "assignment_5_export/submission_metadata.yml",
        ),
        ("Ada_Lovelace", "gradescope", "submission_7", "Ada Lovelace", "s1", None, NOON.replace(tzinfo=UTC)),
    ),
    "teams": (
        ("Submitted files/Ada Lovelace/BCE/Version 2/x.ipynb", "Submitted files/Bob/BCE/Version 1/x.ipynb"),
        ("Ada_Lovelace", "teams", "Ada Lovelace", "Ada Lovelace", "", None, None),
    ),
    "ilias": (
        ("BCE/Lovelace_Ada_ada1_77/20260301120000_x.ipynb", "BCE/Stone_Bob_bob1_78/20260301120000_x.ipynb"),
        ("Lovelace_Ada", "ilias", "Lovelace_Ada_ada1_77", "Lovelace_Ada", "ada1_77", None, NOON),
    ),
    "nbgrader, inbound": (
        (f"ada+{NAME}+2026-03-01 12:00:00.000000 UTC/{FILE}", f"bob+{NAME}+2026-03-01 13:00:00.000000 UTC+r4nd/{FILE}"),
        (
            "ada",
            "nbgrader",
            f"ada+{NAME}+2026-03-01 12:00:00.000000 UTC",
            "ada",
            "",
            None,
            NOON.replace(tzinfo=UTC),
        ),
    ),
    "nbgrader, submitted": (
        (f"ada/{NAME}/{FILE}", f"ada/{NAME}/timestamp.txt", f"ada/{NAME}/submission_secret.txt", f"bob/{NAME}/{FILE}"),
        ("ada", "folder", "ada", "ada", "", None, NOON.replace(tzinfo=UTC)),
    ),
    "one folder too many": (
        ("submissions/ada/x.ipynb", "submissions/bob/x.ipynb", "submissions/cyd/x.ipynb"),
        ("ada", "folder", "ada", "ada", "", None, None),
    ),
    "two folders too many": (
        ("Download (1)/VAE 2026/ada/x.ipynb", "Download (1)/VAE 2026/bob/x.ipynb"),
        ("ada", "folder", "ada", "ada", "", None, None),
    ),
}
GRADESCOPE = b"""---
submission_7:
  :submitters:
  - :name: Ada Lovelace
    :sid: s1
    :email: ada@example.org
  :created_at: 2026-03-01 12:00:00 Z
submission_8:
  :submitters:
  - :name: Bob Stone
    :sid: s2
"""
CONTENTS = {
    "timestamp.txt": b"2026-03-01 12:00:00.000000 UTC",
    "submission_metadata.yml": GRADESCOPE,
    "index.html": b"<html></html>",
}


def content(path):
    name = path.rpartition("/")[2]
    if path.startswith("BCE/") and name == "timestamp.txt":
        return b"20260301120000000"
    # Each has work of their own, so that none is mistaken for the other's.
    return as_bytes(filled(written=path)) if name.endswith(".ipynb") else CONTENTS.get(name, b"-")


def test_names_of_blackboard_that_end_alike_are_two_students(tmp_path):
    start, inbox = f"gradebook_VAE_{NAME}", tmp_path / "inbox"
    names = ("a_lovelace", "b_lovelace", "a_lovelace")
    files = {f"{start}_{name}_attempt_2026-03-0{day}-12-00-00_x.ipynb": b"" for day, name in enumerate(names, 1)}
    files = {path: content(path) for path in files}
    folder = TeacherFolder(tmp_path / "class")
    for _ in range(2):
        done = collect(make_inbox(inbox, files), folder)
    collected = {path.read_bytes() for path in folder.collected.glob(f"*/{NAME}/{FILE}")}
    assert collected == {*files.values()} - {content(f"{start}_a_lovelace_attempt_2026-03-01-12-00-00_x.ipynb")}
    assert "another student has this name" in done.namesakes[0]


@pytest.mark.parametrize("time", ["Mar 1, 2026 1200 PM", "Mar 1, 2026 12_00 PM", "1 March, 2026 12.00 PM"])
def test_times_of_brightspace_are_read_however_they_are_written(tmp_path, time):
    files = {
        f"{number}-22 - {name} - {time}/x.ipynb": content(name + ".ipynb") for number, name in ((1, "A"), (2, "B"))
    }
    folder = TeacherFolder(tmp_path / "class")
    collect(make_inbox(tmp_path / "inbox", files), folder)
    assert {
        path.name: read_hand_in(folder.collected_notebook(path.name, NAME)).time for path in folder.collected.glob("*")
    } == {
        "A": NOON,
        "B": NOON,
    }


@pytest.mark.parametrize("packed", ["in a folder", "in a zip", "in a zip in a folder"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_student_is_one_and_the_way_back_is_kept(tmp_path, platform, packed):
    paths, (student, *wanted) = PLATFORMS[platform]
    files = {path: content(path) for path in paths}
    folder = TeacherFolder(tmp_path / "class")
    if packed == "in a zip":
        inbox = tmp_path / "download.zip"
        inbox.write_bytes(zipped(files))
    else:
        inbox = make_inbox(tmp_path / "inbox", files if packed == "in a folder" else {"download.zip": zipped(files)})
    result = collect(inbox, folder)
    notebooks = [path for path in paths if path.endswith(".ipynb")]
    assert (result.placed, result.earlier, result.unplaced) == (len(notebooks), 0, [])
    assert len(result.left_out) == len(paths) - len(notebooks)
    collected = folder.collected_notebook(student, NAME)
    assert collected.read_bytes() == files[paths[0]]
    hand_in = read_hand_in(collected)
    assert [hand_in.platform, hand_in.original, hand_in.name, hand_in.number, hand_in.late, hand_in.time] == wanted
    assert hand_in.path.endswith(paths[0])
    assert (hand_in.written is None) is ("zip" in packed or hand_in.platform != "folder")
    assert hand_in.attempt == (2 if platform == "teams" else 0)
