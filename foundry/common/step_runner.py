"""The command line of a training script: one step a call, all with the same work folder."""

import argparse
from pathlib import Path

FOLDERS = {
    "cache": "folder of the rendered speech",
    "real": "folder of the recordings",
    "judge": "folder of a recogniser that had no part in the training",
    "out": "folder of the model to write",
}


def run(doc, steps):
    """Run the step that the command line names; skip it where its recordings are absent.

    Parameters
    ----------
    doc : str
        The script's docstring, for ``--help``.
    steps : dict of str to (callable, tuple of str)
        Each step's function and which of `FOLDERS` it needs besides ``work``, by name.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("step", choices=list(steps))
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    for name, what in FOLDERS.items():
        parser.add_argument(f"--{name}", type=Path, help=what)
    given = vars(parser.parse_args())
    function, needs = steps[given["step"]]
    if "real" in needs and (given["real"] is None or not given["real"].is_dir()):
        step, folder = given["step"], given["real"]
        print(f"No recordings in {folder}: step {step} skipped; name them with --real.")
        return
    for name in needs:
        if given[name] is None:
            parser.error(f"step {given['step']} needs --{name}, the {FOLDERS[name]}")
    function(work=given["work"], **{name: given[name] for name in needs})
