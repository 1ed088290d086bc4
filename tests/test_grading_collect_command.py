"""What `vae-grade collect` prints, and what it does where files cannot be read or written."""

import errno
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.handed_in import NAME, as_bytes, empty, filled, make_inbox, perfect, zipped
from vae_grade.assignments import ROOT, Refused
from vae_grade.cli import main
from vae_grade.collect import collect as collect_inbox
from vae_grade.folder import TeacherFolder

SOLVED, OTHER, BLANK = as_bytes(perfect()), as_bytes(filled()), as_bytes(empty())


@pytest.fixture
def collect(tmp_path, capsys):
    """Run the command on files; returns its exit status, what it printed and its errors."""

    def run(files, *options):
        inbox = make_inbox(tmp_path / "inbox", files)
        status = main(["--folder", str(tmp_path / "class"), "collect", str(inbox), *options])
        return status, *capsys.readouterr()

    return run


def test_what_a_teacher_should_know_is_printed(collect):
    status, printed, _ = collect(
        {
            f"ada_LATE_1_10_{NAME}.ipynb": SOLVED,
            "ada_LATE_1_11_utils.py": b"1",
            f"bob_2_12_{NAME}.ipynb": BLANK,
            f"bob_2_13_{NAME}-1.ipynb": OTHER,
            "bob_2_14_work.rar": b"Rar!\x1a\x07\x00",
            ".DS_Store": b"",
        }
    )
    assert status is None
    assert printed.startswith("2 placed, 1 kept beside another of the same student, 0 there already.\n")
    assert "The class has 2 students now.\n" in printed
    assert (
        "Two different notebooks for one assignment; after `vae-grade run --counts best` a student's best one counts:\n"
        f"  bob_2, {NAME}: bob_2_13_{NAME}-1.ipynb counts, not " in printed
    )
    assert "the other is blank" in printed
    assert f"Handed in late, as the platform says:\n  ada_1 ({NAME})\n" in printed
    assert "Files kept beside notebooks: 1.\n" in printed
    assert "Files that systems and platforms add, left out: 1.\n" in printed
    assert "1 could not be placed; copies are in " in printed
    assert "bob_2_14_work.rar: it is an archive (rar) that cannot be opened here; ask for a zip" in printed


def test_many_lines_are_a_summary_and_all_of_them_are_in_a_file(collect, tmp_path):
    _, printed, _ = collect({f"{number}.txt": b"1" for number in range(500)} | {"ada/x.ipynb": SOLVED})
    assert len(printed.splitlines()) < 60
    assert f"… and 460 more: {tmp_path / 'class' / 'unplaced.txt'}" in printed
    assert len((tmp_path / "class" / "unplaced.txt").read_text().splitlines()) == 500


def test_a_name_that_a_terminal_would_act_on_is_printed_harmless(collect):
    _, printed, _ = collect({"ada\x1b[2J/notes\x1b[2J.txt": b"1", "bob/x.ipynb": SOLVED})
    assert "\x1b" not in printed


def test_names_are_told_by_a_pattern(collect, tmp_path):
    collect({"2026_ada_x.ipynb": SOLVED}, "--pattern", r"\d+_(?P<student>[a-z]+)_")
    assert TeacherFolder(tmp_path / "class").collected_notebook("ada", NAME).read_bytes() == SOLVED
    status, _, error = collect({}, "--pattern", "ada")
    assert (status, "has no group (?P<student>…)" in error) == (2, True)


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EROFS, "Read-only file system")]
)
@pytest.mark.parametrize("at", range(1, 7))
def test_a_full_or_read_only_disk_is_a_sentence_and_costs_nothing(collect, tmp_path, monkeypatch, fault, at):
    own = TeacherFolder(tmp_path / "class")
    collect({"ada/x.ipynb": BLANK, "ada/u.py": b"1"})
    writes, real = [], Path.write_bytes

    def write_bytes(path, content):
        if (tmp_path / "class") in path.parents:
            writes.append(path)
            if len(writes) == at:
                raise OSError(fault.errno, fault.strerror, str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    files = {"ada/x.ipynb": SOLVED, "ada/u.py": b"2", "bob/x.ipynb": OTHER, "z.txt": b"1"}
    status, _, error = collect(files)
    assert status == 2
    assert ("there is no room for" if fault.errno == errno.ENOSPC else fault.strerror) in error
    assert "What was there is whole" in error
    there = [path.read_bytes() for path in own.root.rglob("*.ipynb")]
    assert BLANK in there
    assert not [path for path in own.root.rglob("*.tmp") if path.is_file()]
    monkeypatch.setattr(Path, "write_bytes", real)
    assert collect(files)[0] is None
    assert own.collected_notebook("ada", NAME).read_bytes() == SOLVED
    assert (own.collected_notebook("ada", NAME).parent / "beside" / "u.py").read_bytes() == b"2"
    assert own.collected_notebook("bob", NAME).read_bytes() == OTHER
    assert BLANK in [path.read_bytes() for path in (own.root / "earlier").rglob("*.ipynb")]


def test_a_file_in_collected_that_nobody_put_there_is_a_sentence(collect, tmp_path):
    collect({"ada/x.ipynb": SOLVED})
    (tmp_path / "class" / "collected" / "ada" / NAME / "torch.py").write_text("import os")
    status, _, error = collect({})
    assert status == 2
    assert "torch.py is no file that collect put there: take it away" in error


def test_what_is_no_file_is_listed(collect, tmp_path):
    make_inbox(tmp_path / "inbox", {"ada/x.ipynb": SOLVED})
    os.mkfifo(tmp_path / "inbox" / "ada" / "pipe.ipynb")
    _, printed, _ = collect({})
    assert "ada/pipe.ipynb: it is a device and no file" in printed


def test_the_inbox_is_only_read(collect, tmp_path):
    inbox = make_inbox(tmp_path / "inbox", {"ada/x.ipynb": SOLVED, "bob.zip": zipped({"x.ipynb": OTHER})})
    for path in inbox.rglob("*"):
        path.chmod(stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in inbox.rglob("*")}
    assert main(["--folder", str(tmp_path / "class"), "collect", str(inbox)]) is None
    assert {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in inbox.rglob("*")} == before


def test_a_locked_gradebook_is_a_sentence(tmp_path, capsys, collect):
    sqlite3.connect(tmp_path / "gradebook.db").close()
    database = sqlite3.connect(tmp_path / "gradebook.db")
    database.execute("CREATE TABLE student (id, first_name, last_name, email)")
    database.execute("BEGIN EXCLUSIVE")
    status, _, error = collect({"ada/x.ipynb": SOLVED}, "--class", str(tmp_path / "gradebook.db"))
    database.close()
    assert status == 2
    assert "is no gradebook of nbgrader, or is locked" in error


@pytest.mark.parametrize(
    ("inbox", "how"),
    [
        (".", "is"),
        ("collected", "lies in collected/ of"),
        ("earlier/ada", "lies in earlier/ of"),
        ("..", "holds"),
        ("link", "is"),
    ],
)
def test_an_inbox_that_holds_what_the_class_keeps_is_refused(tmp_path, inbox, how):
    own = TeacherFolder(tmp_path / "my class" / "own")
    collect_inbox(make_inbox(tmp_path / "inbox", {"ada/x.ipynb": SOLVED}), own)
    (own.root / "earlier" / "ada").mkdir(parents=True)
    (own.root / "link").symlink_to(own.root)
    before = sorted(own.root.rglob("*"))
    with pytest.raises(Refused, match=f" {how} the folder of the class, .*my class/own.*Put what the platform gave"):
        collect_inbox(own.root / inbox, own)
    assert sorted(own.root.rglob("*")) == before


def test_a_download_may_lie_in_a_folder_of_the_teachers_own_in_the_class(tmp_path):
    own = TeacherFolder(tmp_path / "class")
    inbox = make_inbox(own.root / "downloads", {"all.zip": zipped({"bob/x.ipynb": SOLVED})})
    collect_inbox(inbox / "all.zip", own)
    assert own.collected_notebook("bob", NAME).exists()


def test_who_handed_in_another_assignment_or_in_vain_is_one_line_of_the_class(collect, tmp_path):
    stray = (ROOT / "exercises" / "05_training" / "05_training.ipynb").read_bytes()
    names = ["Ada A", "Bob B", "Cem C", "Dan D"]
    files = {f"{name}_{i}_assignsubmission_file/x.ipynb": SOLVED for i, name in enumerate(names)}
    files |= {"Lena L_8_assignsubmission_file/x.ipynb": stray, "Mo M_9_assignsubmission_file/x.html": b"<html></html>"}
    members = tmp_path / "class.csv"
    members.write_text("Name\n" + "\n".join([*names, "Lena L", "Mo M", "Nie N"]))
    _, printed, _ = collect(files, "--class", str(members))
    assert f"  Lena_L: handed in 05_training, where 4 of the same download handed in {NAME}; ask what was" in printed
    missing = "  Lena L\n  Mo M (see what could not be placed)\n  Nie N\n"
    assert printed.endswith(f"{NAME}: 3 of 7 on the class list have not handed in:\n{missing}")
    assert "05_training: " not in printed
