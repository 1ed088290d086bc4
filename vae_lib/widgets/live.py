"""Sliders of your own above a figure."""

import functools

from vae_lib.plots import Picture
from vae_lib.widgets.still import HERE, add_still, display_with_still, read_scripts

import anywidget
import traitlets


class Live(anywidget.AnyWidget):
    """Sliders over lists of values, above a figure that is drawn anew when one moves. Without a kernel, the figure.

    Args:
        draw: takes a value of each slider, returns a `plots.Picture`; asked once for each combination.
        choices: dictionary label → list of values, a slider each.
        start: the value of each slider to begin with; the first of each list if None.
    """

    _esm, _css = read_scripts("page.js", "live.js"), HERE / "widgets.css"
    labels, texts, chosen = (traitlets.List().tag(sync=True) for _ in range(3))
    picture = traitlets.Dict().tag(sync=True)

    def __init__(self, draw, choices, start=None):
        lists = list(choices.values())

        @functools.cache
        def bundle(*chosen):
            picture = draw(*[values[i] for values, i in zip(lists, chosen, strict=True)])
            if not isinstance(picture, Picture):
                remedy = "end it with return and one of vae_lib.plots"
                raise TypeError(f"draw should return a plots.Picture, got {type(picture).__name__}: {remedy}")
            return *picture._repr_mimebundle_(), "vae-plot" if picture.is_plot() else ""

        self._bundle = bundle
        chosen = [v.index(s) for v, s in zip(lists, start, strict=True)] if start else [0] * len(lists)
        bundle(*chosen)  # here, so that an error in the first picture is one of this cell
        super().__init__(labels=list(choices), texts=[[str(v) for v in values] for values in lists], chosen=chosen)

    @traitlets.observe("chosen")
    def _show(self, _change=None):
        # With the places that it is drawn for, so that the browser never shows it beside others.
        try:
            data, metadata, look = self._bundle(*self.chosen)
        except Exception as error:  # which would vanish: nobody sees an error of a widget's message
            self.picture = {"chosen": self.chosen, "error": f"{type(error).__name__}: {error}"}
            return
        source = f"data:image/png;base64,{data['image/png']}"
        self.picture = {"chosen": self.chosen, "src": source, "className": look, **metadata["image/png"]}

    def _ipython_display_(self):
        display_with_still(*self._repr_mimebundle_())

    def _repr_mimebundle_(self, **options):
        return add_still(super()._repr_mimebundle_(**options), self._bundle(*self.chosen)[:2])
