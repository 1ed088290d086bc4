"""What a student handed in, read: the files of theirs, archives opened, with what the platform says of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml

from vae_grade.archives import Budget, Closed, unpack
from vae_grade.formats import decode
from vae_grade.hand_in import HandIn
from vae_grade.inbox import Entry
from vae_grade.platforms import OWN_BESIDE, read_time


class Sent(NamedTuple):
    """A file that was not read yet: how it was handed in, and where it lay for the student."""

    entry: Entry
    hand_in: HandIn
    inside: PurePosixPath


@dataclass(frozen=True)
class File:
    """A file of a student.

    Attributes:
        hand_in: how it was handed in; its path is that of the file.
        inside: where the file lay for the student.
        data: its bytes.
        batch: what the files that were handed in together have in common.
        unpacked: whether it comes out of an archive of the student's.
    """

    hand_in: HandIn
    inside: PurePosixPath
    data: bytes
    batch: tuple[object, ...]
    unpacked: bool


@dataclass(frozen=True)
class Fault:
    """A file that could not be read, and why; without a reason it is one that systems add of themselves."""

    path: PurePosixPath
    sentence: str
    data: bytes | None = None


def read_files(sent: list[Sent]) -> tuple[list[File], list[Fault]]:
    """All files of a student, and those that could not be read. What is unpacked is bounded, for all together."""
    files, faults, budget = list[File](), list[Fault](), Budget()
    for entry, hand_in, inside in sent:
        try:
            if entry.fault:
                raise Closed(entry.fault)
            with entry.open() as file:
                data = file.read()
        except (Closed, OSError) as error:
            faults.append(Fault(entry.path, _say(error)))
            continue
        for one in unpack(entry.path, data, budget):
            if one.data is None or one.fault:
                faults.append(Fault(one.path, one.fault, one.data))
                continue
            below = one.path.relative_to(entry.path)
            folded = len(entry.path.parts) > entry.start + 1
            batch = (hand_in.original if folded else "", hand_in.time, hand_in.attempt)
            # A platform's files have the time of the download, unpacked or not.
            written = entry.written if one.path == entry.path and hand_in.platform in ("folder", "pattern") else None
            named = replace(hand_in, path=one.path.as_posix(), written=written)
            files.append(File(named, inside / below, one.data, batch, one.path != entry.path))
    return _with_times(files), faults


def _say(error: Exception) -> str:
    return str(error) if isinstance(error, Closed) else f"it cannot be read ({getattr(error, 'strerror', error)})"


def _with_times(files: list[File]) -> list[File]:
    """The files with the time that a `timestamp.txt` beside them says, as nbgrader and Sakai write it."""
    times = dict[tuple[object, PurePosixPath], datetime]()
    for file in files:
        if time := read_timestamp(file):
            times[file.batch, file.inside.parent] = time
    return [
        replace(
            file, hand_in=replace(file.hand_in, time=file.hand_in.time or times.get((file.batch, file.inside.parent)))
        )
        for file in files
    ]


def read_timestamp(file: File) -> datetime | None:
    """The time in a platform's own `timestamp.txt`; None for every other file."""
    if file.inside.name != "timestamp.txt" or file.unpacked or len(file.data) > 100:
        return None
    return read_time(decode(file.data)[0])


def is_of_platform(file: File) -> bool:
    """Whether the platform made a file, and not the student."""
    return bool(read_timestamp(file) or (not file.unpacked and OWN_BESIDE.fullmatch(file.inside.name)))


def read_people(entries: list[Entry]) -> dict[str, list[dict[str, Any]]]:
    """Who is behind Gradescope's folders, by the folder's name: what to replace in the hand-in, for each of a group."""
    people: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if entry.path.name == "submission_metadata.yml" and not entry.is_folded:
            people |= dict(_read_submissions(entry.open))
    return people


def _read_submissions(open_file: Callable[[], Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    try:
        with open_file() as file:
            submissions = yaml.safe_load(file.read()).items()
        for folder, said in submissions:
            time = said.get(":created_at")
            time = time if isinstance(time, datetime) else None
            members = [
                {"name": str(one[":name"]), "number": str(one.get(":sid") or one.get(":email") or ""), "time": time}
                for one in said[":submitters"]
            ]
            yield str(folder), members
    except (OSError, Closed, yaml.YAMLError, AttributeError, KeyError, TypeError, UnicodeError):
        return  # then the folders keep the names that they have
