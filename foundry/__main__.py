"""Rebuild every shipped data set and model, in the order of their dependencies."""

import argparse
import subprocess
import sys
from pathlib import Path

from course_utils.catalog import POCKET
from foundry.recognition.leave_one_out import PERSONS


def commands(real, work, judge):
    """Return the commands of a rebuild, as arguments of ``python -m``.

    Parameters
    ----------
    real : pathlib.Path
        Folder of the third-party recordings, with ``esc10``, ``fsdd`` and ``ami`` in it.
    work : pathlib.Path
        Folder for checkpoints, from which an interrupted rebuild resumes. Its folder ``cache``
        holds the rendered speech.
    judge : pathlib.Path
        Folder of a recogniser that transcribes synthesised speech.

    Returns
    -------
    list of list of str
        Commands; the first element of each is the name of a module.
    """
    cache = ["--cache", str(work / "cache")]

    def training(script, asset, steps, recordings=real):
        """Return a command for each step of a training script."""
        folders = ["--work", str(work / asset), "--real", str(recordings), *cache]
        folders += ["--judge", str(judge), "--out", str(POCKET / asset)]
        return [[f"foundry.{script}", step, *folders] for step in steps]

    usual = ["features", "train", "final"]
    tts = ["features", "train", "export", "final"]
    sounds = ["features", "pretrain", "validate", "final"]
    trained = ["features", "train", "export"]
    digits = ["features", "train", "digits", *PERSONS]
    broad = ["synthesise", "curve", "final"]
    speech = "foundry.speech.speech_data"
    return [
        ["foundry.sounds.sound_data", "--out", str(POCKET / "sounds")],
        ["foundry.music.genre_data", "--out", str(POCKET / "genres")],
        *training("sounds.train_sounds", "pocket-sounds", sounds, real / "esc10"),
        *training("clap.train_clap", "pocket-clap", usual, real / "esc10"),
        ["foundry.speech.kokoro", *cache],
        [speech, "render", *cache],
        [speech, "pack", *cache, "--out", str(POCKET / "speech")],
        ["foundry.speech.call_data", *cache, "--out", str(POCKET / "calls")],
        [speech, "render", "--plan", "spanish", *cache],
        ["foundry.speech.spanish_data", *cache, "--out", str(POCKET / "spanish")],
        *training("recognition.train_ctc", "pocket-ctc", trained),
        *training("recognition.train_whisper", "pocket-whisper", [*digits, "export"]),
        [speech, "render", "--plan", "voices", *cache],
        *training("voices.train_speaker", "pocket-speaker", trained),
        *training("voices.train_robust_speaker", "pocket-speaker", usual),
        *training("voices.train_diarizer", "pocket-diarizer", trained),
        *training("voices.train_sparse_diarizer", "pocket-diarizer", usual),
        *training("text_to_speech.train_vocoder", "pocket-vocoder", tts),
        *training("text_to_speech.train_tts", "pocket-fastspeech", tts),
        *training("recognition.train_ctc", "pocket-ctc", broad),
        *training("recognition.train_whisper", "pocket-whisper", broad),
        *training("music.train_music", "pocket-genres", ["judge"]),
        *training("music.train_music", "pocket-music", ["codec", "train", "export", "final"]),
    ]


def main():
    """Run all commands; stop at the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m foundry", description=__doc__)
    parser.add_argument(
        "--real",
        type=Path,
        help="folder with esc10/, fsdd/ and ami/, the third-party recordings (required)",
    )
    parser.add_argument(
        "--judge",
        type=Path,
        help="folder of a recogniser that scores synthesised speech (required)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("build/foundry"),
        help="folder for checkpoints and rendered speech (default: build/foundry)",
    )
    arguments = parser.parse_args()
    for name in ("real", "judge"):
        folder = getattr(arguments, name)
        if folder is None or not folder.is_dir():
            lack = "is missing" if folder is None else f"{folder} is not a folder"
            sys.exit(
                f"--{name} {lack}: a rebuild needs REAL=folder of recordings and JUDGE=folder of a "
                "recogniser; foundry/README.md says which."
            )
    for name in ("esc10", "fsdd", "ami"):
        if not (arguments.real / name).is_dir():
            sys.exit(f"{arguments.real} has no {name}/; foundry/README.md says what --real holds.")
    for command in commands(arguments.real, arguments.work, arguments.judge):
        print("python -m", *command, flush=True)
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
