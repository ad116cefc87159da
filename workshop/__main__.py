"""Make the bundle or the site, or stamp the lessons: ``python -m workshop --help``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils import errors

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)


@app.command()
def bundle(
    out: Annotated[Path, typer.Option(help="Folder for the zip and its unpacked content.")] = Path(
        "dist"
    ),
    with_wheels: Annotated[
        bool,
        typer.Option(
            "--wheels/--no-wheels",
            help="Whether the zip holds the Python packages that it installs.",
        ),
    ] = True,
):
    """Make the bundle for a class without a network: lessons, slides, guide and installer."""
    from workshop import bundle

    made = bundle.build(out, with_wheels)
    print(f"{made} ({made.stat().st_size / 1e6:.0f} MB)")


@app.command()
def site(out: Annotated[Path, typer.Option(help="Folder for the pages.")] = Path("dist/site")):
    """Make the site: every lesson with its outputs, as pages that need no Python."""
    from workshop import site

    print(site.build(out))


@app.command()
def stamp(
    repo: Annotated[
        str | None,
        typer.Option(
            help="GitHub repository, as owner/name, from which Colab opens and installs the "
            "lessons; '' removes badges and address (default: the one in lesson 00)."
        ),
    ] = None,
):
    """Write the lessons' cards and the README's table from the lessons' facts."""
    from workshop import stamp

    for path in stamp.stamp(repo):
        print(f"wrote {path.name}")


def main():
    """Run the command; an error that the user can fix ends in one sentence, not in a traceback."""
    try:
        with errors.writing("a file"):
            app()
    except errors.CourseError as error:
        sys.exit(f"workshop: {error}")
    except ModuleNotFoundError as error:
        install = 'python -m pip install "course_utils[workshop]"'
        sys.exit(f"workshop: the package {error.name} is missing: {install}")


if __name__ == "__main__":
    main()
