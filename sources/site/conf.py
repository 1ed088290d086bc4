"""Sphinx's settings for the site, which tools/build_site.py stages and builds."""

import sys
from html import escape
from pathlib import Path

import docutils.nodes as nodes

sys.path.insert(0, str(Path(__file__).parent))
from glossary import find_terms, read_glossary

project = "Understanding and training a Variational Autoencoder"
author = "the course's authors"
copyright = "prose CC BY 4.0, code MIT, MNIST CC BY-SA 3.0"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]
exclude_patterns = ["widgets", "images"]

nb_execution_mode = "off"  # the notebooks hold their outputs
nb_render_markdown_format = "myst"
nb_code_prompt_show = "Show what it gives"
nb_code_prompt_hide = "Hide what it gives"
nb_ipywidgets_js = {}  # Jupyter's widget manager would come from the network; site.js does what ours need
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "config.cache"]

html_theme = "furo"
html_title = "VAE course"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_theme_options = {"source_directory": "", "top_of_page_buttons": []}
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # the search would fetch pages, which no browser allows from disk
copybutton_selector = "div.cell_input pre, div.highlight-default pre"
copybutton_exclude = ".linenos, .gp"

mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

TERMS = read_glossary(Path(__file__).with_name("GLOSSARY.md"))
NOT_IN = (
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.math,
    nodes.raw,
    nodes.FixedTextElement,
)


def link_terms(app, doctree, docname):
    """In each page, make the first use of a glossary term a link that carries its definition."""
    if docname in ("GLOSSARY", "index"):
        return
    root = "../" * docname.count("/")
    linked = set()
    for text in list(doctree.findall(nodes.Text)):
        node, inside = text.parent, []
        while node is not None:
            inside.append(node)
            node = node.parent
        if any(isinstance(node, NOT_IN) for node in inside):
            continue
        parts = []
        for piece, term in find_terms(text.astext(), TERMS):
            if term is None or term.anchor in linked:
                parts.append(nodes.Text(piece))
                continue
            linked.add(term.anchor)
            link = f'<a class="term" href="{root}GLOSSARY.html#{term.anchor}" data-meaning="{escape(term.meaning)}">'
            parts.append(nodes.raw("", f"{link}{escape(piece)}</a>", format="html"))
        if any(isinstance(part, nodes.raw) for part in parts):
            text.parent.replace(text, parts)


def setup(app):
    """Register what this file adds to Sphinx."""
    app.connect("doctree-resolved", link_terms)
