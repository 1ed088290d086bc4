"""Export lesson 07 as one HTML page in which the explorer is alive, with no kernel and no network.

    python -m tools.export_html                       # writes live_sampling.html
    python -m tools.export_html --out page.html

Open the page from disk. Sliders that need Python are left out; their still pictures remain.
"""

import argparse
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tools.build_notebooks import LESSONS, METADATA, NOTEBOOKS, WIDGET_VIEW, unexecuted

LESSON = LESSONS / "07_live_sampling.py"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

# nbconvert's page, less all that comes from the network; and in place of Jupyter's widget manager, which is 2 MB and
# comes from there, the few lines that an anywidget needs.
PAGE = """
{%- extends 'lab/index.html.j2' -%}
{% block html_head_js %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block footer_js %}
<script type="module">
const part = (kind) => `script[type="application/vnd.jupyter.widget-${kind}+json"]`;
const { state } = JSON.parse(document.querySelector(part("state")).textContent);
for (const view of document.querySelectorAll(part("view"))) {
  const { state: values, buffers } = state[JSON.parse(view.textContent).model_id];
  for (const { path, data } of buffers)
    values[path[0]] = new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  const { default: widget } = await import(URL.createObjectURL(new Blob([values._esm], { type: "text/javascript" })));
  const style = document.createElement("style"), el = document.createElement("div");
  style.textContent = values._css;
  document.head.append(style);
  view.replaceWith(el);
  const nothing = () => {};
  const model = { get: (name) => values[name], set: nothing, save_changes: nothing, on: nothing, off: nothing };
  widget.render({ model, el });
}
</script>
{% endblock %}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("live_sampling.html"), help="the page to write")
    out = parser.parse_args().out
    out.write_text(page(LESSON), encoding="utf-8")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def page(source):
    """A lesson's source, executed, as the text of an HTML page."""
    notebook = unexecuted(source)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    keep_alive_what_can_live(notebook)
    exporter = HTMLExporter(extra_loaders=[DictLoader({"page.html.j2": PAGE})], template_file="page.html.j2")
    return exporter.from_notebook_node(notebook, {"metadata": {"name": source.stem}})[0]


def keep_alive_what_can_live(notebook):
    """Leave only anywidgets among the outputs and in the stored state: the others need their kernel."""
    stored = notebook.metadata.widgets[WIDGET_STATE].state
    alive = {name: model for name, model in stored.items() if model.model_module == "anywidget"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            views = [output.get("data", {}).get(WIDGET_VIEW) for output in cell.outputs]
            cell.outputs = [o for o, v in zip(cell.outputs, views, strict=True) if v is None or v["model_id"] in alive]
    notebook.metadata = nbformat.from_dict(METADATA | {"widgets": {WIDGET_STATE: {"state": alive}}})


if __name__ == "__main__":
    main()
