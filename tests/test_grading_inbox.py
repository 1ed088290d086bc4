"""Any inbox: every file is placed, earlier, unchanged, beside, left out or listed; whose it is; what is in archives."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handed_in import NAME, RIGHT, as_bytes, empty, filled, make_inbox, perfect, zipped
from vae_grade.assignments import ROOT, Refused
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import read_hand_in

SOLVED, OTHER, BLANK = as_bytes(perfect()), as_bytes(filled(bce=RIGHT["bce"])), as_bytes(empty())
LESSON = (ROOT / "notebooks" / f"{NAME}.ipynb").read_bytes()
FILE = f"{NAME}.ipynb"
MOODLE = "_assignsubmission_file"


@pytest.fixture
def own(tmp_path):
    return TeacherFolder(tmp_path / "class")


def take(own, files, name="inbox", **options):
    return collect(make_inbox(own.root.parent / name, files), own, **options)


def students(own):
    return {path.parts[-3]: path.read_bytes() for path in own.collected.glob(f"*/{NAME}/{FILE}")}


def listed(done):
    """{path: sentence} of what could not be placed."""
    return dict(line.split(": ", 1) for line in done.unplaced)


CONTENTS = {
    "solved": SOLVED,
    "other": OTHER,
    "blank": BLANK,
    "lesson": LESSON,
    "empty": b"",
    "broken": b"{",
    "Python": b"import torch",
    "a page": b"<html></html>",
    "rar": b"Rar!\x1a\x07\x00",
    "a broken zip": b"PK\x03\x04",
}
FOLDERS = [
    "ada",
    "Ada Lovelace",
    "Ada_Lovelace",
    "Bob_7_assignsubmission_file",
    "Participant_8_assignsubmission_file_",
    "11-2 - Eve - Mar 1, 2026 1200 PM",
    "src",
    NAME,
    "submissions",
    "__MACOSX",
    ".git",
    ".ipynb_checkpoints",
    "???",
    "x" * 120,
]
NAMES = [
    FILE,
    "x.ipynb",
    "x (1).ipynb",
    "x.ipynb.txt",
    "utils.py",
    ".DS_Store",
    "eve_1_22_x.ipynb",
    "timestamp.txt",
    "grades.csv",
    "Eve - 04_bce_vs_kld.ipynb",
    "n\u0303.csv",
]
PATHS = st.builds(
    lambda folders, name: "/".join([*folders, name]),
    st.lists(st.sampled_from(FOLDERS), max_size=3),
    st.sampled_from(NAMES),
)
FILES = st.dictionaries(PATHS, st.sampled_from([*CONTENTS]), max_size=5)
# {path: a content's name, or all that for an archive}.
INBOXES = st.recursive(
    FILES, lambda inner: st.dictionaries(PATHS, st.sampled_from([*CONTENTS]) | inner, max_size=5), max_leaves=4
)


def pack(files):
    """Files for a folder or an archive, {path: bytes}; no file is another's folder."""
    possible = {path: one for path, one in files.items() if not any(other.startswith(f"{path}/") for other in files)}
    return {
        path + ("" if isinstance(one, str) else ".zip"): CONTENTS[one] if isinstance(one, str) else zipped(pack(one))
        for path, one in possible.items()
    }


def count(path, data):
    """How many files a file is: as many as an archive holds, archives in it opened, but for hidden ones."""
    hidden = any(part in ("__MACOSX", ".git", ".DS_Store.zip") for part in path.split("/"))
    if data.startswith(b"PK") and data != CONTENTS["a broken zip"] and not hidden:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(count(name, archive.read(name)) for name in archive.namelist()) or 1
    return 1


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[*HealthCheck])
@given(INBOXES)
def test_every_file_of_any_inbox_is_placed_earlier_unchanged_or_listed(files):
    files = pack(files)
    with tempfile.TemporaryDirectory() as home:
        own = TeacherFolder(Path(home, "class"))
        inbox = make_inbox(Path(home, "inbox"), files)
        inbox.mkdir(exist_ok=True)
        refused = ""
        try:
            done = collect(inbox, own)
        except Refused as sentence:
            refused = str(sentence)
        if refused:
            assert "collect this folder or archive by itself" in refused
            return
        expected = sum(count(path, data) for path, data in files.items())
        said = done.placed + done.earlier + done.unchanged + done.beside + len(done.left_out) + len(done.unplaced)
        assert said == expected
        notebooks = [path.read_bytes() for path in own.collected.rglob(f"{NAME}/{FILE}")]
        again = collect(inbox, own)
        assert (again.placed, again.earlier) == (0, 0)
        assert sorted(path.read_bytes() for path in own.collected.rglob(f"{NAME}/{FILE}")) == sorted(notebooks)


@pytest.mark.parametrize(
    "names", [("Ann Lee", "Ann_Lee"), ("???", "!!!"), ("x" * 90 + "a", "x" * 90 + "b"), ("a" * 60, "b" + "a" * 60)]
)
@pytest.mark.parametrize("together", [True, False])
def test_two_names_never_become_one_student(own, names, together):
    if together:
        take(own, {f"{names[0]}/x.ipynb": SOLVED, f"{names[1]}/x.ipynb": OTHER})
    else:
        take(own, {f"{names[0]}/x.ipynb": SOLVED}, "first")
        take(own, {f"{names[1]}/x.ipynb": OTHER}, "second")
    assert sorted(students(own).values()) == sorted([SOLVED, OTHER])
    again = take(own, {f"{names[0]}/x.ipynb": SOLVED, f"{names[1]}/x.ipynb": OTHER}, "third")
    assert (again.placed, again.earlier, again.unchanged) == (0, 0, 2)
    names_kept = {read_hand_in(own.collected_notebook(name, NAME)).name for name in students(own)}
    assert names_kept == set(names)
    assert all(len(name) <= 60 for name in students(own))


def test_a_name_that_another_one_has_is_said(own):
    done = take(own, {"Ann Lee/x.ipynb": SOLVED, "Ann_Lee/x.ipynb": OTHER})
    assert done.namesakes[0].startswith(f"Ann_Lee, {NAME}: another student has this name, and is Ann_Lee-")


def test_a_number_that_is_for_good_tells_namesakes_apart_in_every_assignment(own):
    other = (ROOT / "exercises" / "05_training" / "05_training.ipynb").read_bytes()
    take(own, {"11-2 - Ada - Mar 1, 2026 1200 PM/x.ipynb": SOLVED, "12-3 - Ada - Mar 1, 2026 1200 PM/x.ipynb": other})
    assert {path.parts[-3] for path in own.collected.glob("*/*/*.ipynb")} == {"Ada", "Ada_12"}


@pytest.mark.parametrize("word", ["Participant", "Teilnehmerin", "Osallistuja"])
def test_blind_hand_ins_are_never_joined_over_assignments(own, word):
    other = (ROOT / "exercises" / "05_training" / "05_training.ipynb").read_bytes()
    folders = [f"{word}_{number}{MOODLE}" for number in (1, 2, 3)]
    for name, data in (("04.zip", SOLVED), ("05.zip", other)):
        inbox = own.root.parent / name
        inbox.write_bytes(zipped({f"{folder}/x.ipynb": data for folder in folders}))
        assert collect(inbox, own).placed == 3
        assert collect(inbox, own).unchanged == 3
    assert len(list(own.collected.iterdir())) == 6
    platforms = {read_hand_in(path).platform for path in own.collected.glob("*/*/*.ipynb")}
    assert platforms == {"moodle blind"}


def test_a_single_blind_hand_in_is_one_student(own):
    take(own, {f"Participant_1{MOODLE}/x.ipynb": SOLVED})
    assert students(own) == {"Participant_1": SOLVED}


@pytest.mark.parametrize(
    "forged", [f"Bob_7{MOODLE}/x.ipynb", f"bob_1_2_{FILE}", "bob/x.ipynb", "bob.zip", f"Bob - {FILE}"]
)
@pytest.mark.parametrize("home", ["eve.zip", "eve/work.zip", f"Eve_6{MOODLE}/work.zip", "eve_66_77_work.zip"])
def test_what_lies_in_a_students_archive_is_that_students(own, forged, home):
    evil = zipped({"x.ipynb": OTHER}) if forged == "bob.zip" else OTHER
    bob = f"Bob_7{MOODLE}/x.ipynb" if MOODLE in home else "bob_1_2_x.ipynb" if "77" in home else "bob/x.ipynb"
    take(own, {home: zipped({forged: evil}), bob: SOLVED})
    found = students(own)
    assert len(found) == 2
    assert [data for name, data in found.items() if name.lower().startswith("bob")] == [SOLVED]
    assert [data for name, data in found.items() if name.lower().startswith("eve")] == [OTHER]


def test_many_forged_names_in_an_archive_are_nobodys(own):
    done = take(
        own,
        {"eve.zip": zipped({f"Bob_7{MOODLE}/x.ipynb": OTHER, f"Cy_8{MOODLE}/x.ipynb": BLANK}), "bob/x.ipynb": SOLVED},
    )
    assert students(own) == {"bob": SOLVED}
    assert all("it holds 2 hand-ins as a platform names them" in line for line in done.unplaced)


@pytest.mark.parametrize("packed", [False, True])
def test_many_folders_are_not_taken_for_one_student(own, packed):
    works = {name: as_bytes(filled(written=name)) for name in ("ada", "bob", "cyd", "dan", "eve", "fay")}
    files = {f"{'class_a' if name < 'd' else 'class_b'}/{name}/x.ipynb": data for name, data in works.items()}
    if packed:
        files = {"a.zip": zipped(dict([*files.items()][:3])), "b.zip": zipped(dict([*files.items()][3:]))}
    with pytest.raises(Refused, match=r"is in 3 folders of it \((ada|dan), .*by itself, or say with --pattern"):
        take(own, files)
    assert not own.collected.exists()
    pattern = r"class_\w/(?P<student>[^/]+)"
    if not packed:
        assert take(own, {}, pattern=pattern).placed == 6
        assert students(own) == works


@pytest.mark.parametrize("outer", ["VAE 2026/", "VAE 2026/group 1/", "a/b/c/"])
def test_outer_folders_that_all_share_are_skipped(own, outer):
    done = take(
        own,
        {f"{outer}ada/hw/x.ipynb": SOLVED, f"{outer}bob.zip": zipped({"x.ipynb": OTHER}), f"{outer}notes.txt": b"1"},
    )
    assert students(own) == {"ada": SOLVED, "bob": OTHER}
    assert len(done.unplaced) == 1


@pytest.mark.parametrize(
    "place", ["ada/x.ipynb", "ada/hw/x.ipynb", f"ada/{NAME}/x.ipynb", f"{NAME}/ada/x.ipynb", "submitted/ada/x.ipynb"]
)
def test_a_class_of_one(own, place):
    take(own, {place: SOLVED})
    assert students(own) == {"ada": SOLVED}


def test_versions_of_one_student_are_no_crowd(own):
    done = take(own, {"ada/v1/x.ipynb": SOLVED, "ada/final/x.ipynb": OTHER, "bob/x.ipynb": SOLVED})
    assert done.placed == 2
    assert done.chosen[0].startswith(f"ada, {NAME}: ")


def test_a_pattern_names_the_student_and_what_it_does_not_match_is_listed(own):
    done = take(
        own,
        {"w1_ada#7.ipynb": SOLVED, "w1_bob#8.ipynb": OTHER, "z.ipynb": OTHER},
        pattern=r"_(?P<student>\w+)#(?P<number>\d+)",
    )
    assert students(own) == {"ada": SOLVED, "bob": OTHER}
    assert read_hand_in(own.collected_notebook("ada", NAME)).number == "7"
    assert "the pattern does not match it" in listed(done)["z.ipynb"]


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        ((f"ada_{FILE}", f"bob_{FILE}"), "(?P<student>[^/]+)_04"),  # as docs/teaching.md says
        ((f"{NAME}_ada.ipynb", f"{NAME}_bob.ipynb"), rf"{NAME}_(?P<student>[^/]+)\.ipynb"),
        (("ada.ipynb", "bob.ipynb"), r"(?P<student>[^/]+)\.ipynb"),
    ],
)
def test_files_that_are_called_as_their_students_are_placed_by_a_pattern(own, files, pattern):
    take(own, dict(zip(files, (SOLVED, OTHER), strict=True)), pattern=pattern)
    assert students(own) == {"ada": SOLVED, "bob": OTHER}


# Downloads that look odd: the files of two students.
ODD = {
    "a zip with signs of Windows": ["Ada L_1_assignsubmission_file\\x.ipynb", "Bob_2_assignsubmission_file\\x.ipynb"],
    "copies that Google made": [f"Ada L - Copy of {FILE}", f"Bob - {NAME} (1).ipynb"],
    "an ending twice": [f"Ada L - {FILE}.ipynb", f"Bob - {FILE}.ipynb"],
    "Brightspace, all in one folder": [
        "1-22 - Ada L - Mar 1, 2026 1200 PM - x.ipynb",
        "2-22 - Bob - Mar 1, 2026 1200 PM - x.ipynb",
    ],
    "Brightspace in French": ["1-22 - Ada L - 1 mars, 2026 1200/x.ipynb", "2-22 - Bob - 1 mars, 2026 901/x.ipynb"],
    "Teams, without versions": ["Submitted files/Ada L/HW 4/x.ipynb", "Submitted files/Bob/HW 4/x.ipynb"],
    "a folder for the assignment": [f"{NAME}/Ada L/x.ipynb", f"{NAME}/Bob/x.ipynb"],
    "large letters": ["Ada L/X.IPYNB", "Bob/y.Ipynb"],
    "names like folders": ["Ada L/x.ipynb", "Bob/home/x.ipynb"],
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("packed", [False, True])
def test_an_odd_download_is_two_students(own, odd, packed):
    paths = ODD[odd]
    files = dict(zip(paths, (SOLVED, OTHER), strict=True))
    if packed or "\\" in paths[0]:  # which on Linux is a letter like others
        files = {"download.zip": zipped(files)}
    take(own, files)
    assert students(own) == {"Ada_L": SOLVED, "Bob": OTHER}


@pytest.mark.parametrize(("pattern", "sentence"), [("(", "no regular expression"), ("(.*)", "has no group")])
def test_a_pattern_that_is_none_is_refused(own, pattern, sentence):
    with pytest.raises(Refused, match=sentence):
        take(own, {"x.ipynb": SOLVED}, pattern=pattern)


def tarred(mode, name="work/x.ipynb"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(SOLVED)
        archive.addfile(info, io.BytesIO(SOLVED))
    return buffer.getvalue()


NOTEBOOKS = {
    "x.ipynb.json": SOLVED,
    "x.ipynb.txt": SOLVED,
    "homework": SOLVED,
    "x.json": SOLVED,
    "x.IPYNB": SOLVED,
    "x.txt": b"\xef\xbb\xbf" + SOLVED,
    "work.tar.gz": tarred("w:gz"),
    "work.tgz": tarred("w:gz"),
    "work.tar": tarred("w:"),
    "work.tar.bz2": tarred("w:bz2"),
    "work.tar.xz": tarred("w:xz"),
    "work.rar": zipped({"x.ipynb": SOLVED}),
    "x.ipynb": zipped({"x.ipynb": SOLVED}),
    "x.ipynb.gz": gzip.compress(SOLVED),
    "x.bz2": bz2.compress(SOLVED),
    "x.xz": lzma.compress(SOLVED),
    "work.zip": zipped({"a.zip": zipped({"b.tar.gz": tarred("w:gz")})}),
    "win.zip": zipped({"work\\x.ipynb": SOLVED}),
}


@pytest.mark.parametrize("home", ["", f"Ada{MOODLE.replace('_', '_1_', 1)}/"])
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_known_by_its_content(own, name, home):
    home = home or "ada/"
    take(own, {f"{home}{name}": NOTEBOOKS[name], "bob/x.ipynb" if home == "ada/" else f"Bob_2{MOODLE}/x.ipynb": OTHER})
    data = next(data for student, data in students(own).items() if student.lower() == "ada")
    assert data.removeprefix(b"\xef\xbb\xbf") == SOLVED


def test_a_notebook_without_ids_and_of_another_name_is_known_by_its_texts_or_its_functions(own):
    """As Datalore and Deepnote write it, or as it is pasted into a new notebook."""
    pasted, new = perfect(), [{"cell_type": "code", "source": answer} for answer in RIGHT.values()]
    pasted["cells"] = [{"cell_type": cell["cell_type"], "source": cell["source"]} for cell in pasted["cells"]]
    expected = {"ada": as_bytes(pasted), "bob": as_bytes({"cells": new})}
    take(own, {f"{name}/homework.ipynb": data for name, data in expected.items()})
    assert students(own) == expected


def test_a_class_in_a_tar(own):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("class/ada/x.ipynb", "class/bob/x.ipynb"):
            info = tarfile.TarInfo(name)
            info.size = len(SOLVED)
            archive.addfile(info, io.BytesIO(SOLVED))
    inbox = own.root.parent / "class.tar.gz"
    inbox.write_bytes(buffer.getvalue())
    assert collect(inbox, own).placed == 2
    assert students(own) == {"ada": SOLVED, "bob": SOLVED}


def encrypted(data):
    """A zip whose one file says that it is locked."""
    packed = bytearray(zipped({"x.ipynb": data}))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


BROKEN = bytearray(zipped({"x.ipynb": SOLVED}))
BROKEN[300] ^= 255
MERGED = SOLVED.replace(b'"metadata"', b'\n<<<<<<< HEAD\n"metadata"\n=======\n>>>>>>> theirs\n', 1)
OTHERS = {
    "a rar": ("work.rar", b"Rar!\x1a\x07\x01\x00 and so on", "an archive (rar) that cannot be opened here"),
    "a rar called zip": ("work.zip", b"Rar!\x1a\x07\x01\x00 and so on", "an archive (rar)"),
    "a 7z": ("work.7z", b"7z\xbc\xaf\x27\x1c and so on", "an archive (7z)"),
    "a locked zip": ("work.zip", encrypted(SOLVED), "locked with a password"),
    "half a zip": ("work.zip", zipped({"x.ipynb": SOLVED})[:2000], "a damaged archive (zip)"),
    "a damaged zip": ("work.zip", bytes(BROKEN), "cannot be unpacked"),
    "half a tar.gz": ("work.tar.gz", tarred("w:gz")[:2000], "a damaged archive (gzip)"),
    "an empty zip": ("work.zip", zipped({}), "nothing in it"),
    "a web page": ("x.ipynb.html", b"<!DOCTYPE html><html>login</html>", "a web page"),
    "what Git LFS leaves": ("z.ipynb", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    "a link": ("colab.url", b"[InternetShortcut]\r\nURL=https://colab.research.google.com/drive/1\r\n", "it is a link"),
    "a web page as a notebook": ("y.ipynb", b"\n<!DOCTYPE html><html>login</html>", "a web page"),
    "merge marks": ("y.ipynb", MERGED, "merge marks of git (<<<<<<<)"),
    "the lesson": ("y.ipynb", LESSON, f"the lesson {NAME}"),
    "the lesson by its name": (FILE, LESSON, f"the lesson {NAME}"),
    "another course": ("y.ipynb", b'{"cells": [{"cell_type": "code", "source": "1"}]}', "of no assignment of this"),
    "a PDF": ("y.pdf", b"%PDF-1.7", "a PDF"),
    "a picture": ("y.png", b"\x89PNG\r\n", "a picture"),
    "nothing": ("y.txt", b"", "it is empty"),
    "a program": ("utils.py", b"import torch", "no notebook"),
    "a parts bomb": ("y.ipynb", b'{"cells": [' + b"[]," * 2_000_001 + b"1]}", "too many parts"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("nameless", [False, True])
def test_all_else_is_called_what_it_is(own, kind, nameless):
    name, data, sentence = OTHERS[kind]
    done = take(own, {f"{'' if nameless else 'ada/'}{name}": data, "bob/x.ipynb": SOLVED, "cyd/x.ipynb": OTHER})
    assert students(own) == {"bob": SOLVED, "cyd": OTHER}
    assert len(done.unplaced) == 1
    assert sentence in done.unplaced[0]


def test_a_broken_file_that_is_called_as_the_assignment_is_placed_and_said(own):
    done = take(own, {f"ada/{FILE}": MERGED, "bob/x.ipynb": SOLVED})
    assert students(own)["ada"] == MERGED
    assert "merge marks" in done.notes[0]


def test_windows_1252_is_read_and_flagged(own):
    data = as_bytes(filled(written="Zoë’s σ")).decode().encode()
    text = '{"cells": [{"cell_type": "markdown", "id": "why-the-blob", "metadata": {}, "source": "é is not ASCII"}]}'
    done = take(own, {"ada/x.ipynb": text.encode("cp1252"), "bob/x.ipynb": data})
    assert students(own)["ada"] == text.encode("cp1252")
    assert done.notes == [f"ada, {NAME}: its letters are not UTF-8 and are read as Windows-1252"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_mac_zip_without_the_flag_for_utf8_keeps_its_names(own, form):
    name = unicodedata.normalize(form, "José")
    data = zipped({f"{name}/x.ipynb": SOLVED, "bob/x.ipynb": OTHER})
    # The names are UTF-8, but the flag that says so is cleared, as on a Mac.
    data = bytearray(data)
    for start, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for at in [i for i in range(len(data)) if data.startswith(start, i)]:
            data[at + flag + 1] &= ~8
    inbox = own.root.parent / "mac.zip"
    inbox.write_bytes(data)
    collect(inbox, own)
    assert students(own) == {"José": SOLVED, "bob": OTHER}


def test_a_zip_with_a_name_of_dos_keeps_it(own):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("J.../x.ipynb")
        archive.writestr(info, SOLVED)
        archive.writestr("bob/x.ipynb", OTHER)
    data = buffer.getvalue().replace(b"J.../x", b"Jos\x82/x")  # é in the code page 437
    inbox = own.root.parent / "dos.zip"
    inbox.write_bytes(data)
    collect(inbox, own)
    assert set(students(own)) == {"José", "bob"}


def test_checkpoints_of_one_assignment_are_listed_while_another_came(own):
    other = (ROOT / "exercises" / "05_training" / "05_training.ipynb").read_bytes()
    done = take(own, {"ada/.ipynb_checkpoints/x-checkpoint.ipynb": SOLVED, "ada/y.ipynb": other, "bob/x.ipynb": OTHER})
    assert "all there is" in listed(done)["ada/.ipynb_checkpoints/x-checkpoint.ipynb"]


def test_a_checkpoint_with_more_in_it_than_the_notebook_is_listed(own):
    done = take(own, {"ada/.ipynb_checkpoints/x-checkpoint.ipynb": SOLVED, "ada/x.ipynb": BLANK, "bob/x.ipynb": OTHER})
    assert "more is filled in than in the notebook" in listed(done)["ada/.ipynb_checkpoints/x-checkpoint.ipynb"]
    assert students(own)["ada"] == BLANK


def test_what_systems_add_is_counted_and_not_listed(own):
    inside = zipped(
        {"x.ipynb": SOLVED, "__MACOSX/._x.ipynb": b"1", ".DS_Store": b"2", ".ipynb_checkpoints/x.ipynb": SOLVED}
    )
    done = take(
        own, {"ada.zip": inside, ".DS_Store": b"3", "Thumbs.db": b"4", "bob/.git/config": b"5", "bob/x.ipynb": OTHER}
    )
    assert done.unplaced == []
    assert len(done.left_out) == 6


def deflated(count, size):
    """A zip of so many files of that many zeros, which takes next to nothing."""
    return zipped({f"{number}.bin": bytes(size) for number in range(count)})


def test_a_zip_that_would_take_gigabytes_is_not_unpacked(own, monkeypatch):
    read = []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, info: read.append(info.file_size) or b"")
    bomb = deflated(24, 64 * 2**20)
    assert len(bomb) < 2e6
    done = take(own, {"ada.zip": bomb, "bob/x.ipynb": SOLVED})
    assert read == []
    assert students(own) == {"bob": SOLVED}
    assert any("it would unpack from" in line for line in done.unplaced)


def test_sixty_thousand_files_are_a_line(own, monkeypatch):
    files = {f"{number}.txt": b"" for number in range(5_000)} | {"zz.ipynb": SOLVED}
    done = take(own, {"ada.zip": zipped(files), "bob/x.ipynb": OTHER})
    assert students(own)["ada"] == SOLVED
    assert "ada.zip: there is too much in it (5,001 files, 0 MB): 3,001 were left" in done.unplaced
    assert done.beside + len(done.unplaced) == 2_000  # with that line


def test_archives_in_archives_share_one_bound(own):
    inner = zipped({f"{number}.txt": b"" for number in range(900)})
    bomb = zipped({f"{number}.zip": inner for number in range(9)})
    done = take(own, {"ada.zip": bomb, "bob/x.ipynb": OTHER})
    assert done.beside + len(done.unplaced) < 2_020


def test_a_notebook_is_found_among_thousands_of_other_files(own):
    files = {f"venv/lib/{number}.py": b"1" for number in range(3_000)} | {f".git/{n}": b"" for n in range(3_000)}
    take(own, {"ada.zip": zipped(files | {"zz/x.ipynb": SOLVED}), "bob/x.ipynb": OTHER})
    assert students(own)["ada"] == SOLVED


def test_links_and_foreign_files_in_collected_are_refused(own):
    take(own, {"ada/x.ipynb": SOLVED, "ada/utils.py": b"1", "bob/x.ipynb": OTHER})
    home = own.collected / "ada" / NAME
    (home / ".ipynb_checkpoints").mkdir()
    (home / ".ipynb_checkpoints" / "x.ipynb").write_bytes(b"")
    assert take(own, {}).unchanged == 2
    for make in (
        lambda path: path.write_bytes(b"import os"),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.symlink_to("/etc"),
        os.mkfifo,
    ):
        for name in (home / "torch.py", own.collected / "zed", own.collected / "ada" / "x"):
            make(name)
            with pytest.raises(Refused, match=r"take it away"):
                take(own, {})
            name.unlink()
    (home / "beside" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match=r"link is a link"):
        take(own, {})


def test_what_cannot_be_read_is_listed(own, monkeypatch):
    opened, inbox = Path.open, make_inbox(own.root.parent / "inbox", {"ada/x.ipynb": SOLVED, "bob/locked.ipynb": OTHER})

    def refuse(path, *arguments, **options):
        if path.name == "locked.ipynb":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    done = collect(inbox, own)
    assert done.unplaced == ["bob/locked.ipynb: it cannot be read (Permission denied)"]
