"""Speak with eSpeak NG, a formant synthesiser: a hundred times faster than Kokoro, less natural.

A sentence takes a few milliseconds, so that a recogniser can hear many more sentences than Kokoro
can render in the same time. It needs the program (``apt-get install espeak-ng``); the shipped data
were made with version 1.51.
"""

import shutil
import subprocess

from course_utils import audio

RATE = 16_000
"""Sampling rate of the samples, in hertz."""

VARIANTS = ("", *(f"m{n}" for n in range(1, 9)), *(f"f{n}" for n in range(1, 6)))
"""Variants of a voice: the plain one, eight male and five female ones."""


def speak(text, language, variant="", pitch=50, speed=160):
    """Synthesise a sentence.

    Parameters
    ----------
    text : str
        Sentence with punctuation.
    language : str
        Voice of eSpeak NG, such as "es".
    variant : str
        One of `VARIANTS`.
    pitch : int
        0 to 99; 50 is the variant's own.
    speed : int
        Words a minute.

    Returns
    -------
    numpy.ndarray
        Float32, mono at `RATE`.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("eSpeak NG is missing: apt-get install espeak-ng")
    voice = f"{language}+{variant}" if variant else language
    options = ["-v", voice, "-p", str(pitch), "-s", str(speed), "--stdout", "--stdin"]
    done = subprocess.run([program, *options], input=text.encode(), capture_output=True, check=True)
    return audio.load(done.stdout, RATE)[0]
