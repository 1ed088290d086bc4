"""Build the website from the notebooks and the Markdown files: one command, no network, no lesson executed whole.

    python tools/build_site.py                 # writes site/; open site/index.html
    python tools/build_site.py --repository https://github.com/OWNER/NAME

The buttons that open a notebook in Colab, Kaggle, Binder or Codespaces need the project's address, which
tools/set_address.py sets, or the option; without either, a page that explains takes their place.
`site/downloads` holds the notebooks as such services want them: see `download_copy`.
"""

import argparse
import base64
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import nbformat

from tools.live_widgets import dark_name, html_shown, lesson_widgets, uses_widgets, write_image, write_widget
from tools.set_address import BRANCH, door_links, repository
from vae_lib.plots import ONLY_READ_ALOUD
from vae_lib.widgets import playground

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "sources/site"
sys.path.insert(0, str(SOURCE))  # where Sphinx looks for it, too
from glossary import ROW, row_term  # noqa: E402

PAGES = [
    "README.md",
    "GLOSSARY.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "RECORDS.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "vae_lib/mnist/README.md",
]
ABOUT = re.compile(r"\*\*Before you begin:\*\* (?P<before>.+?)\s+\*\*Time:\*\*\s+(?P<time>.+?)(?=\n\n|\Z)", re.DOTALL)
LINK = re.compile(r"(?<!!)\[(?P<text>[^]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
PICTURE = re.compile(r"!\[(?P<alt>[^]]*)\]\((?P<path>[^)\s]+)\)")
MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NEEDS_PYTHON = "This control needs Python. Run the lesson in Jupyter to move it."


def main():
    """Build the site as the command line says; exits with Sphinx's status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="the folder to write (default: site)")
    parser.add_argument("--repository", default=repository(), help="the project's address on GitHub")
    args = parser.parse_args()
    start = time.perf_counter()
    status = build(args.out, args.repository)
    files = [path for path in args.out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{args.out}: {len(files)} files, {size:.1f} MB, {time.perf_counter() - start:.0f} s")
    sys.exit(status)


def build(out, address=None):
    """Build the site into `out`, whole or not at all; returns Sphinx's exit status, 1 on any warning."""
    with tempfile.TemporaryDirectory() as temporary:
        stage, made = Path(temporary, "stage"), Path(temporary, "site")
        site = Site(stage, made, address and address.removesuffix("/").removesuffix(".git"))
        site.stage_all()
        options = ["-b", "html", "-n", "-W", "--keep-going", "-q", "-j", "auto"]
        command = [sys.executable, "-m", "sphinx", *options, "-d", Path(temporary, "doctrees"), stage, made]
        status = subprocess.run(command).returncode
        for name in ("objects.inv", ".buildinfo"):
            (made / name).unlink(missing_ok=True)
        if status == 0:
            shutil.rmtree(out, ignore_errors=True)
            shutil.copytree(made, out)
    return status


def page_paths():
    """The Markdown files that become pages, relative to the course's folder."""
    docs = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))]
    return [name for name in [*PAGES, *docs] if (ROOT / name).exists()]


def notebook_paths(folder):
    """The built notebooks of `notebooks` or `exercises`, in order, relative to the course's folder."""
    paths = (path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.ipynb")))
    return [path.as_posix() for path in paths if not {".ipynb_checkpoints", "runs"} & set(path.parts)]


@dataclass
class Site:
    """What a build writes: pages for Sphinx into `stage`, all other files into `made`; `address` is None if unknown."""

    stage: Path
    made: Path
    address: str | None

    def stage_all(self):
        """Write everything that Sphinx reads, and everything that it leaves alone."""
        self.lessons, self.assignments = notebook_paths("notebooks"), notebook_paths("exercises")
        self.pages, self.explorer, self.banner = page_paths(), None, None
        shutil.copytree(SOURCE, self.stage)
        mathjax = self.stage / "_static/tex-svg.js"
        copy(mathjax_file(), mathjax)
        for name in self.lessons + self.assignments:
            self.stage_notebook(name)
        for name in self.pages:
            text = self.with_links((ROOT / name).read_text(encoding="utf-8"), name)
            text = MERMAID.sub(flowchart_as_list, self.with_pictures(text, name))
            if name == "GLOSSARY.md":
                text = with_anchors(text)
            write(self.stage / name, text + f"\n\n{self.edit_line(name)}\n")
        write(self.made / "playground.html", playground.page('<a href="index.html">← VAE course</a>'))
        self.stage_start_page()

    def stage_notebook(self, name):
        """A lesson or an assignment as a page, and its copy to download."""
        notebook = nbformat.read(ROOT / name, as_version=4)
        write(self.made / "downloads" / name, nbformat.writes(download_copy(notebook, self.address)))
        widgets = self.widgets(notebook, name)
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                cell.source = self.with_links(self.with_lesson_links(cell.source, name), name)
                if cell.metadata.get("jupyter", {}).get("source_hidden"):
                    cell.source = folded(cell.source)
                continue
            cell.outputs = [output for output in cell.outputs if not is_cover(output) and not is_caption(output)]
            for number, output in enumerate(cell.outputs):
                self.move_picture(output, f"{Path(name).stem}-{index:02d}-{number}", name)
            if index in widgets:
                put_widget(cell, widgets[index])
            fold(cell)
        self.put_row(notebook.cells, name)
        write(self.stage / name, nbformat.writes(notebook))

    def widgets(self, notebook, name):
        """The HTML before and after a widget's still: {index of the cell: (before, after)}."""
        if name not in self.lessons:  # an assignment's widget shows what the student has yet to write
            code = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
            places = [index for index in range(len(code)) if uses_widgets(code, index)]
            return dict.fromkeys(places, ("", f'<p class="needs-python">{NEEDS_PYTHON}</p>'))
        html_of = {}
        for index, widget in lesson_widgets(notebook, ROOT / "notebooks").items():
            widget_name = f"{Path(name).stem}-{index:02d}"
            if not write_widget(widget, widget_name, self.made / "widgets"):
                html_of[index] = "", f'{html_shown(widget)}<p class="needs-python">{NEEDS_PYTHON}</p>'
                continue
            html_of[index] = f'<div class="still" data-widget="{widget_name}" data-from="{up(name)}widgets/">', "</div>"
            if type(widget).__name__ == "Explorer" and not self.explorer:
                self.explorer = widget_name, widget
        return html_of

    def move_picture(self, output, file, name):
        """Put an output's picture into a file, and an `img` with its description in its place."""
        data = output.get("data", {})
        if "image/png" not in data:
            return
        path = self.made / "images" / f"{file}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = write_image(data["image/png"], path)
        alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""))
        shown = output.metadata.get("image/png", {}).get("width", width)
        size = shown, height * shown // width
        self.banner = self.banner or figure(f"images/{path.name}", alt, size)
        output.data = {"text/html": figure(f"{up(name)}images/{path.name}", alt, size)}
        output.metadata = {}

    def put_row(self, cells, name):
        """Under the title: the time it takes, what comes before, and the buttons."""
        title, _, rest = cells[0].source.partition("\n")
        about = ABOUT.search(rest)
        facts = []
        if about:
            time_needed = about["time"].strip().rstrip(".")
            facts = [f"**Time:** {time_needed}", f"**Before you begin:** {about['before'].rstrip('.;')}"]
            rest = rest.replace(about[0], "")
        if minutes := exercise_table(rest):
            facts = [f"**Time:** {sum(m for m, _ in minutes)} minutes", f"**Points:** {sum(p for _, p in minutes)}"]
        facts += [f"**{kind}:** {markdown_link(other, name)}" for kind, other in self.partners(name)]
        row = "\n".join([title, "", "  \n".join(" ".join(fact.split()) for fact in facts), "", self.buttons(name), ""])
        cells[0].source = row + rest

    def partners(self, name):
        """A lesson's assignment, or an assignment's lesson: [(kind, path)], by their numbers."""
        kind, others = ("Assignment", self.assignments) if name in self.lessons else ("Lesson", self.lessons)
        return [(kind, other) for other in others if Path(other).name[:2] == Path(name).name[:2]]

    def buttons(self, name):
        """The row of links that open, download and change a notebook, as HTML."""
        kind = "lessons" if name in self.lessons else "assignments"
        source = f"sources/{kind}/{Path(name).stem}.py"
        links = door_links(self.address, name) if self.address else {"Run it": f"{up(name)}docs/open_anywhere.html"}
        links["Download the notebook"] = f"{up(name)}downloads/{name}"
        links["Edit the source"] = self.edit_address(source) or f"{up(name)}CONTRIBUTING.html"
        first, *others = [f'<a href="{html.escape(href)}"{{}}>{text}</a>' for text, href in links.items()]
        marks = [first.format(' class="first"'), *[other.format("") for other in others]]
        return f'<nav class="doors" aria-label="This notebook">{"".join(marks)}</nav>\n'

    def edit_address(self, source):
        """Where GitHub's editor opens a file, or None without an address."""
        return self.address and f"{self.address}/edit/{BRANCH}/{source}"

    def edit_line(self, name):
        """A page's last line: where to change it."""
        href = self.edit_address(name)
        return (
            f"*[Edit the source of this page]({href}), `{name}`.*" if href else f"*The source of this page: `{name}`.*"
        )

    def with_links(self, text, name):
        """Relative links that lead to no page lead to the repository, or become text where its address is unknown."""
        known = {*self.lessons, *self.assignments, *self.pages}

        def link(match):
            target = match["target"]
            if re.match(r"[a-z]+:", target):
                return match[0]
            path = os.path.normpath(Path(name).parent / target).replace(os.sep, "/")
            if path in known or (self.stage / path).is_file():
                return match[0]
            return f"[{match['text']}]({self.address}/tree/{BRANCH}/{path})" if self.address else match["text"]

        return LINK.sub(link, text)

    def with_pictures(self, text, name):
        """The pictures of a Markdown page become files and HTML, as those of notebooks do."""

        def picture(match):
            path = ROOT / Path(name).parent / match["path"]
            shown = self.made / "images" / f"{path.stem}.webp"
            size = write_image(base64.b64encode(path.read_bytes()), shown)
            return figure(f"{up(name)}images/{shown.name}", html.escape(match["alt"]), size)

        return PICTURE.sub(picture, text)

    def with_lesson_links(self, text, name):
        """A lesson's name in backticks becomes a link to it."""
        for other in self.lessons:
            stem = Path(other).stem
            text = re.sub(rf"(?<!\[)`{stem}`(?!\])", markdown_link(other, name, f"`{stem}`"), text)
        return text

    def stage_start_page(self):
        """Fill in index.md."""
        widget_name, widget = self.explorer
        data, metadata = widget._repr_mimebundle_()
        still = self.made / "images/explorer.webp"
        size = write_image(data["image/png"], still)
        image = figure(f"images/{still.name}", html.escape(metadata["image/png"]["alt"]), size)
        place = f'<div class="still" data-widget="{widget_name}" data-from="widgets/">{image}</div>'
        rest = [name for name in self.pages if name.startswith("docs/") and "teaching" not in name]
        trees = {
            "Lessons": self.lessons,
            "Assignments": self.assignments,
            "Look up": ["GLOSSARY.md", *rest],
            "Teach": ["docs/teaching.md"],
            "Take it and change it": [
                "Install the course <README.md>",
                *self.pages[2 : len(self.pages) - len(rest) - 1],
            ],
        }
        values = {
            "banner": self.banner,
            "explorer": place,
            "n_lessons": str(len(self.lessons)),
            "n_assignments": str(len(self.assignments)),
            "toctrees": "\n".join(toctree(caption, names) for caption, names in trees.items()),
        }
        text = (SOURCE / "index.md").read_text(encoding="utf-8")
        write(self.stage / "index.md", re.sub(r"\{\{ (\w+) \}\}", lambda match: values[match[1]], text))


def download_copy(notebook, address):
    """A notebook for Colab, Kaggle and other foreign machines: no outputs, and first a cell that installs the course.

    `--no-deps` leaves what is there as it is: to upgrade ipykernel or ipywidgets can crash a running Colab.
    """
    copy_of = nbformat.from_dict(notebook)
    for cell in copy_of.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if address:
        lines = [
            "# Installs the course where it is missing (Colab, Kaggle), and changes no other package.",
            "import importlib.util",
            "",
            'if importlib.util.find_spec("vae_lib") is None:',
            f"    %pip install -q --no-deps git+{address}",
        ]
        copy_of.cells.insert(0, nbformat.v4.new_code_cell("\n".join(lines), id="install-the-course"))
    return copy_of


def figure(src, alt, size):
    """A picture as HTML, once for each theme: one is not shown, and a browser does not load it."""
    width, height = size
    attributes = f'alt="{alt}" width="{width}" height="{height}" loading="lazy"'
    shown = {"only-light": src, "only-dark": dark_name(src)}
    return "".join(f'<img class="{theme}" src="{path}" {attributes}>' for theme, path in shown.items())


def put_widget(cell, around):
    """Put HTML before and after a cell's last output, which is the widget's still; or alone where there is none."""
    before, after = around
    if not cell.outputs or "text/html" not in cell.outputs[-1].get("data", {}):
        cell.outputs.append(nbformat.v4.new_output("display_data", {"text/html": ""}))
    data = cell.outputs[-1].data
    data["text/html"] = before + data["text/html"] + after


def fold(cell):
    """Put behind a line what JupyterLab collapses of a code cell: what it gives, and its code where that tells it."""
    hidden = cell.metadata.get("jupyter", {})
    if hidden.get("source_hidden"):
        cell.metadata.setdefault("tags", []).append("hide-cell")
        what = "the code and what it gives" if cell.outputs else "the code"
        cell.metadata["mystnb"] = {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}
    elif hidden.get("outputs_hidden"):
        cell.metadata.setdefault("tags", []).append("hide-output")


def folded(answer):
    """A text that begins with words in bold, such as "**What we saw.**", behind these words until asked for."""
    _, title, text = answer.split("**", 2)
    return f"<details><summary>{title.rstrip('.')}</summary>\n\n{text.strip()}\n\n</details>"


def is_cover(output):
    """Whether an output is the pixel that the build puts in front of collapsed ones."""
    return output.get("metadata", {}).get("image/png", {}).get("width") == 1


def is_caption(output):
    """Whether an output is the description that goes with a picture in JupyterLab; here the picture itself has it."""
    return ONLY_READ_ALOUD in output.get("data", {}).get("text/html", "")


def exercise_table(text):
    """[(minutes, points)] of an assignment's table of exercises."""
    rows = re.findall(r"^\|[^|]+\|[^|]+\| *(\d+) *\| *(\d+) *\|$", text, re.MULTILINE)
    return [(int(minutes), int(points)) for minutes, points in rows]


def flowchart_as_list(match):
    """A Mermaid flowchart as a list of its arrows: to draw one, a page would load 3 MB of script."""
    labels = dict(re.findall(r'(\w+)\["(.*?)"\]', match[1]))
    arrows = re.findall(r"^\s*(\w+)(?:\[.*?\])? (?:-- (.*?) )?--> (\w+)", match[1], re.MULTILINE)
    name = {node: labels.get(node, node).replace("<br>", " ") for arrow in arrows for node in (arrow[0], arrow[2])}
    return "\n".join(f"- **{name[a]}** → **{name[b]}**{f': {why}' if why else ''}" for a, why, b in arrows)


def with_anchors(glossary):
    """The glossary's text with an anchor in each row."""

    def row(match):
        term = row_term(match)
        return f'| <span id="{term.anchor}"></span>{match[0][2:]}'

    return ROW.sub(row, glossary)


def toctree(caption, names):
    """One of the start page's hidden lists, from which Sphinx makes the sidebar and previous and next."""
    return "\n".join(["```{toctree}", f":caption: {caption}", ":hidden:", "", *names, "```", ""])


def markdown_link(path, page, text=None):
    """A link from one staged page to another."""
    return f"[{text or title_of(path)}]({os.path.relpath(path, Path(page).parent)})"


def title_of(name):
    """A notebook's title."""
    return nbformat.read(ROOT / name, as_version=4).cells[0].source.partition("\n")[0].lstrip("# ")


def up(name):
    """From a page's folder back to the site's root: "", "../" or "../../"."""
    return "../" * name.count("/")


def mathjax_file():
    """MathJax 3 as one file: version 4 asks a host for parts of itself."""
    return distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg.js")


def copy(path, target):
    """Copy a file, with its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def write(path, text):
    """Write a text, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
