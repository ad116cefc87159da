"""Lessons as HTML that fetches nothing from a network: formulas as MathML, widgets as HTML."""

import re
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import pass_context
from latex2mathml.converter import convert as mathml
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from workshop import fallbacks

HERE = Path(str(resources.files("workshop")))
_LESSON_LINK = re.compile(r'href="((?:notebooks/)?\d\d_\w+)\.ipynb"')


class _Renderer(IPythonRenderer):
    """Renders formulas as MathML, which browsers show without MathJax."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, display="block")


class _Exporter(HTMLExporter):
    """HTML exporter that renders Markdown with :func:`markdown`."""

    @pass_context
    def markdown2html(self, context, source):
        return markdown(source)


def markdown(source):
    """Return Markdown as HTML, with formulas as MathML and without scripts.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    str
    """
    renderer = _Renderer(escape=False, anchor_link_text="#")
    return MarkdownWithMath(renderer=renderer).render(source)


def convert(notebook, template, **page):
    """Return a lesson as an HTML page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The lesson; executed, if the page is to show outputs.
    template : str
        Name of a folder in ``templates/``.
    **page
        Values for the template, as ``resources.page``.

    Returns
    -------
    str
        Links to other lessons lead to their pages.
    """
    made, _ = _exporter(template).from_notebook_node(
        fallbacks.still(notebook), resources={"page": page}
    )
    return _LESSON_LINK.sub(lambda link: f'href="{Path(link[1]).name}.html"', made)


def asset(name):
    """Return the text of a file in ``assets/``."""
    return (HERE / "assets" / name).read_text(encoding="utf-8")


@cache
def _exporter(template):
    return _Exporter(
        extra_template_basedirs=[str(HERE / "templates")],
        template_name=template,
    )
