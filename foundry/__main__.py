"""Rebuild every shipped asset, in the order in which they need each other: ``make pocket``."""

import argparse
import subprocess
import sys
from pathlib import Path

from course_utils.catalog import POCKET
from foundry.recognition.leave_one_out import PERSONS


def commands(real, work, judge):
    """Return what to run, as arguments of ``python -m``.

    Parameters
    ----------
    real : pathlib.Path
        Folder of the third-party recordings, with ``esc10`` and ``fsdd`` in it.
    work : pathlib.Path
        Folder for checkpoints; a run that was cut off goes on from there. Speech is rendered
        into its folder ``cache``, which takes half a day.
    judge : pathlib.Path
        Folder of a recogniser that writes down what generated speech says.

    Returns
    -------
    list of list of str
        One command an element, module name first.
    """
    foundry = "foundry"
    cache = ["--cache", str(work / "cache")]

    def training(script, recordings, folder, steps):
        """List the steps of a training script; the last writes the folder."""
        places = ["--work", str(work / folder), "--real", str(recordings), *cache]
        places += ["--judge", str(judge)]
        places += ["--out", str(POCKET / folder)]
        return [[f"{foundry}.{script}", step, *places] for step in steps]

    return [
        [f"{foundry}.sounds.sound_data", "--out", str(POCKET / "sounds")],
        [f"{foundry}.music.genre_data", "--out", str(POCKET / "genres")],
        *training(
            "sounds.train_sounds",
            real / "esc10",
            "pocket-sounds",
            ["features", "pretrain", "validate", "final"],
        ),
        [f"{foundry}.speech.kokoro", *cache],
        [f"{foundry}.speech.speech_data", "render", *cache],
        [f"{foundry}.speech.speech_data", "pack", *cache, "--out", str(POCKET / "speech")],
        [f"{foundry}.speech.call_data", *cache, "--out", str(POCKET / "calls")],
        *training("recognition.train_ctc", real, "pocket-ctc", ["features", "train", "final"]),
        *training(
            "recognition.train_whisper",
            real,
            "pocket-whisper",
            ["features", "train", "digits", *PERSONS, "final"],
        ),
        [f"{foundry}.speech.speech_data", "render", "--plan", "voices", *cache],
        *training("voices.train_speaker", real, "pocket-speaker", ["features", "train", "export"]),
        *training(
            "voices.train_robust_speaker", real, "pocket-speaker", ["features", "train", "final"]
        ),
        *training("voices.train_diarizer", real, "pocket-diarizer", ["features", "train", "final"]),
        *training(
            "text_to_speech.train_vocoder",
            real,
            "pocket-vocoder",
            ["features", "train", "export", "final"],
        ),
        *training(
            "text_to_speech.train_tts", real, "pocket-tts", ["features", "train", "export", "final"]
        ),
        *training("music.train_music", real, "pocket-genres", ["judge"]),
        *training("music.train_music", real, "pocket-music", ["codec", "train", "export", "final"]),
    ]


def main():
    """Run all commands, stopping at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder with esc10/ and fsdd/")
    parser.add_argument("--work", type=Path, default=Path("build/foundry"), help="checkpoints")
    parser.add_argument("--judge", type=Path, required=True, help="folder of a recogniser")
    arguments = parser.parse_args()
    if not (arguments.real / "esc10").is_dir():
        parser.error(f"{arguments.real} has no esc10/; --real names the folder of the recordings.")
    for command in commands(arguments.real, arguments.work, arguments.judge):
        print("python -m", *command, flush=True)
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
