"""Run one step of a training script from the command line."""

import argparse
from pathlib import Path

FOLDERS = {
    "cache": "folder of the rendered speech",
    "real": "folder of the recordings",
    "judge": "folder of a recogniser that had no part in the training",
    "out": "folder of the model to write",
}
"""Folders that a step can need besides the work folder: option name and help text."""


def run(doc, steps):
    """Run the step that the command line names, or skip it if its recordings are missing.

    Parameters
    ----------
    doc : str
        Docstring of the script; its first line is the help text.
    steps : dict of str to (callable, tuple of str)
        Name of a step to its function and the `FOLDERS` that the function takes besides ``work``.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("step", choices=list(steps), help="step to run")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    for name, description in FOLDERS.items():
        parser.add_argument(f"--{name}", type=Path, help=description)
    given = vars(parser.parse_args())
    function, needs = steps[given["step"]]
    if "real" in needs and (given["real"] is None or not given["real"].is_dir()):
        step, folder = given["step"], given["real"]
        print(f"No recordings in {folder}: step {step} skipped; name their folder with --real.")
        return
    for name in needs:
        if given[name] is None:
            parser.error(f"step {given['step']} needs --{name}, the {FOLDERS[name]}")
    function(work=given["work"], **{name: given[name] for name in needs})
