"""Lessons as HTML that fetches nothing: mathematics as MathML, widgets as they were left."""

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
    """Markdown whose formulas a browser shows by itself, without MathJax."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, display="block")


class _Exporter(HTMLExporter):
    """nbconvert with the course's templates."""

    @pass_context
    def markdown2html(self, context, source):
        return markdown(source)


def markdown(source):
    """Turn Markdown into HTML, as a lesson's text is: formulas as MathML, no script.

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
    """Turn a lesson into a page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed, if outputs are to be shown.
    template : str
        A folder in ``templates/``.
    **page
        What the template asks for under ``resources.page``.

    Returns
    -------
    str
        HTML; links between lessons lead to pages.
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
