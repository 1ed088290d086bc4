"""What is in an archive, with bounds that are looked at before anything is unpacked. Nothing is written here.

A small archive can hold more than any disk. So what it says of itself is added up first, and no file is read further
than it said.
"""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any

from vae_grade.formats import describe_stranger, find_archive

LARGEST_UNPACKED = 256 * 2**20  # bytes of all files of a hand-in together
MOST_FILES = 2_000  # of a hand-in
DENSE, DENSEST = 32 * 2**20, 100  # a larger file may have that many times the bytes that it takes in the archive
DEEPEST = 5  # archives in archives
UTF8, ENCRYPTED = 0x800, 0x1  # flags of a file in a zip
CHECKPOINTS = ".ipynb_checkpoints"  # Jupyter's own copies
NOISE = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"}
DECOMPRESSORS: dict[str, Any] = {
    "gzip": gzip.open,
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
DAMAGED = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, KeyError, zlib.error, lzma.LZMAError)
LINK = "it is a link, and links are not followed"


class Closed(Exception):
    """Why an archive, or a file in it, cannot be read, in a sentence."""


@dataclass(frozen=True)
class Member:
    """A file in an archive: its path there, how many bytes it says it has, and how to read them, or why not to."""

    path: PurePosixPath
    size: int
    read: Callable[[], bytes]
    fault: str = ""


def is_noise(path: PurePosixPath) -> bool:
    """Whether systems add a file of themselves: hidden ones, a Mac's and Windows' additions. Checkpoints are none."""
    return any(part in NOISE or (part.startswith(".") and part != CHECKPOINTS) for part in path.parts)


def open_archive(file: IO[bytes], name: str, largest: int = LARGEST_UNPACKED) -> list[Member]:
    """The files in an archive of any kind that Python opens, folders left out; a compressed file is the one in it.

    Raises:
        Closed: it cannot be opened, or the file compressed in it has more bytes than `largest`.
    """
    kind = find_archive(file.read(512), name)
    file.seek(0)
    try:
        if kind == "zip":
            zipped = zipfile.ZipFile(file)
            return [_zipped(zipped, info) for info in zipped.infolist() if not info.is_dir()]
        if kind == "tar":
            tarred = tarfile.TarFile(fileobj=file)
            return [_tarred(tarred, info) for info in tarred.getmembers() if not info.isdir()]
        if kind in DECOMPRESSORS:
            data = DECOMPRESSORS[kind](file).read(largest + 1)
            if len(data) > largest:
                raise Closed(f"it would unpack to more than {largest / 2**20:.0f} MB; ask for less")
            return [Member(_clean(PurePosixPath(name).stem), len(data), lambda: data)]
    except (*DAMAGED, zipfile.BadZipFile, tarfile.TarError) as error:
        raise Closed(f"it is a damaged archive ({kind}) and cannot be opened ({error}); ask for it again") from None
    raise Closed(describe_stranger(file.read(512), name))


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    fault = LINK if stat.S_ISLNK(info.external_attr >> 16) else ""
    if info.flag_bits & ENCRYPTED:
        fault = "it is locked with a password; ask for it without one"
    elif info.file_size > max(DENSE, DENSEST * info.compress_size):
        fault = (
            f"it would unpack from {info.compress_size / 2**20:.1f} to {info.file_size / 2**20:.0f} MB; ask for less"
        )
    return Member(_clean(_name(info)), info.file_size, partial(_read, lambda: archive.read(info)), fault)


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a file in a zip: without the flag for UTF-8 it is UTF-8 all the same, if it can be (macOS)."""
    if info.flag_bits & UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def read() -> bytes:
        file = archive.extractfile(info)
        return file.read() if file else b""

    fault = "" if info.isreg() else LINK if info.issym() or info.islnk() else "it is a device and no file"
    return Member(_clean(info.name), info.size, partial(_read, read), fault)


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except Exception as error:  # a damaged archive can raise nearly anything: zlib's, lzma's and zipfile's own errors
        raise Closed(f"it cannot be unpacked ({error}); ask for it again") from None


def _clean(name: str) -> PurePosixPath:
    """A path that stays inside, whatever the archive says; Windows' separators are separators."""
    parts = unicodedata.normalize("NFC", name.replace("\\", "/")).split("/")
    return PurePosixPath(*[part for part in parts if part not in ("", ".", "..")] or ["unnamed"])


@dataclass
class Budget:
    """What may still be unpacked of a hand-in, its archives in archives together."""

    files: int = MOST_FILES
    size: int = LARGEST_UNPACKED

    def afford(self, members: list[Member]) -> list[Member]:
        """The members that fit, notebooks first, as many as there is room for; they are paid for."""
        fitting = []
        for member in sorted(members, key=lambda member: (".ipynb" not in member.path.name.lower(), member.size)):
            if self.files < 1 or member.size > self.size:
                break
            self.files, self.size = self.files - 1, self.size - member.size
            fitting.append(member)
        return fitting


@dataclass(frozen=True)
class Unpacked:
    """A file as it came out: its path, its bytes, or why there are none; neither for what systems add of themselves."""

    path: PurePosixPath
    data: bytes | None
    fault: str = ""


def unpack(path: PurePosixPath, data: bytes, budget: Budget, depth: int = 1) -> Iterator[Unpacked]:
    """A file, or if it is an archive all that is in it, archives in it opened too, as far as the budget goes."""
    if not find_archive(data, path.name):
        yield Unpacked(path, data)
        return
    try:
        if depth > DEEPEST:
            raise Closed(f"it is an archive in {DEEPEST - 1} others; ask for one that is not")
        members = open_archive(io.BytesIO(data), path.name, budget.size)
        if not members:
            raise Closed("it is an archive with nothing in it; ask for it again")
    except Closed as fault:
        yield Unpacked(path, data, str(fault))
        return
    yield from (Unpacked(path / member.path, None) for member in members if is_noise(member.path))
    members = [member for member in members if not is_noise(member.path)]
    fitting = budget.afford(members)
    for member in sorted(fitting, key=lambda member: str(member.path)):
        yield from _unpack_member(path, member, budget, depth)
    if left := len(members) - len(fitting):
        size = sum(member.size for member in members) / 2**20
        yield Unpacked(
            path, data, f"there is too much in it ({len(members):,} files, {size:,.0f} MB): {left:,} were left"
        )


def _unpack_member(path: PurePosixPath, member: Member, budget: Budget, depth: int) -> Iterator[Unpacked]:
    try:
        if member.fault:
            raise Closed(member.fault)
        yield from unpack(path / member.path, member.read(), budget, depth + 1)
    except Closed as fault:
        yield Unpacked(path / member.path, None, str(fault))
