"""How the learning platform knows a hand-in: what it takes to give marks and feedback back, and whether it came late.

A `hand_in.json` lies beside each notebook in `collected/`. Of what the platform does not say, nothing is guessed.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_type_hints

from vae_lib.files import write


@dataclass(frozen=True)
class HandIn:
    """A hand-in as the learning platform named it.

    Attributes:
        platform: "moodle", "moodle blind", "canvas", "canvas anonymous", …, or "folder": `platforms.py` lists them.
        original: the name of the platform's own folder for the student, or of its own file where it has no folders,
            letter for letter: `Ada Lovelace_4711_assignsubmission_file`, `lovelaceada_LATE_123_4567_work.ipynb`.
        path: of the notebook in the inbox; an archive is a folder in it.
        name: of the student as the platform wrote it, blanks, accents and all.
        number: the platform's number or short name for the student, "" where it gives none. Moodle's is another in each
            assignment; Canvas's is its user id.
        late: whether the platform called it late, None where it says nothing.
        time: when it was handed in, None where the platform does not say; without a zone where it names none.
        attempt: which attempt the platform calls it, 0 where it does not count them.
        written: when the file itself was written, in UTC; None in an archive and from a platform, where it is the
            download's time.
        chosen: whether the teacher chose this notebook of several.
    """

    platform: str
    original: str
    path: str
    name: str
    number: str = ""
    late: bool | None = None
    time: datetime | None = None
    attempt: int = 0
    written: datetime | None = None
    chosen: bool = False

    @property
    def account(self) -> str:
        """What tells people of one name apart: the number; on Blackboard, as names may have `_`, what is before it."""
        return self.number or (self.original.partition("_attempt_")[0] if self.platform == "blackboard" else "")

    def to_json(self) -> str:
        """The hand-in as JSON, which `from_json` reads."""
        times = {name: time.isoformat() if time else None for name, time in self._times().items()}
        return json.dumps(asdict(self) | times, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "HandIn":
        """The hand-in that `to_json` wrote.

        Raises:
            ValueError: the text is none, or one of another version.
        """
        try:
            hand_in = cls(**json.loads(text))
            times = {name: datetime.fromisoformat(text) if text else None for name, text in hand_in._times().items()}
            hand_in = replace(hand_in, time=times["time"], written=times["written"])
        except TypeError as error:
            raise ValueError(f"it is no hand-in of this version ({error})") from None
        for name, kind in get_type_hints(cls).items():
            if not isinstance(getattr(hand_in, name), kind):
                raise ValueError(f"its {name} is {getattr(hand_in, name)!r}, and should be of the type {kind}")
        return hand_in

    def _times(self) -> dict[str, Any]:
        return {"time": self.time, "written": self.written}


def hand_in_beside(notebook: Path) -> Path:
    """The file that says how the platform knows a notebook in `collected/`, or one of several in `earlier/`."""
    return notebook.with_name("hand_in.json" if notebook.stem == notebook.parent.name else f"{notebook.stem}.json")


def read_hand_in(notebook: Path) -> HandIn | None:
    """What lies beside a notebook; None if there is nothing, or nothing that this version can read."""
    try:
        return HandIn.from_json(hand_in_beside(notebook).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_hand_in(notebook: Path, hand_in: HandIn) -> None:
    """Write it beside a notebook, whole or not at all."""
    write(hand_in_beside(notebook), hand_in.to_json())
