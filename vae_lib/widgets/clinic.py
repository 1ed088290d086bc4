"""Programs as patients: evidence first, then a diagnosis, then the line that was wrong."""

from vae_lib.clinic import FAULTS, PATIENTS
from vae_lib.drawings import case_file
from vae_lib.widgets.still import HERE, add_still, display_with_still, read_scripts

import anywidget
import traitlets


class Clinic(anywidget.AnyWidget):
    """The patients of lesson 12: of the chosen one its evidence, a list of diagnoses, and, once committed, the answer.

    Args:
        cases: of `clinic.load_clinic`.
        x: the ten images (10, 784) that the cases reconstruct.
    """

    _esm, _css = read_scripts("page.js", "clinic.js"), HERE / "widgets.css"
    patients, diagnoses = (traitlets.List().tag(sync=True) for _ in range(2))

    def __init__(self, cases, x):
        files = [case_file(cases[name], x, f"Patient {i}", PATIENTS[name].looks) for i, name in enumerate(PATIENTS, 1)]
        bundles = [picture._repr_mimebundle_() for picture in files]
        super().__init__(
            diagnoses=sorted(PATIENTS),
            patients=[
                {
                    "src": f"data:image/png;base64,{data['image/png']}",
                    **metadata["image/png"],
                    "diagnosis": name,
                    "clue": PATIENTS[name].clue,
                    "lines": [[old.strip(), new.strip()] for old, new in FAULTS[name].items()],
                }
                for name, (data, metadata) in zip(PATIENTS, bundles, strict=True)
            ],
        )
        self._still = bundles[0]

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options):
        return add_still(super()._repr_mimebundle_(**options), self._still)
