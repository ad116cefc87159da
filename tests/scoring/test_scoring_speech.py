"""Mel-cepstral distortion and pitch, against pymcd and against signals whose pitch is known."""

import librosa
import numpy as np
import pytest
from scipy import signal

from course_utils import audio, data, scoring
from course_utils.scoring import speech
from course_utils.simulation import augmentation

RATE = 16_000


@pytest.fixture(scope="module")
def clip():
    return audio.load(data.load("speech", split="test")[0]["audio"], RATE)[0]


@pytest.mark.parametrize(
    ("change", "pymcd"),
    [
        # Calculate_MCD("dtw").calculate_mcd of pymcd 0.2.1 on the two clips as WAV files of floats
        # at 22,050 Hz, with pysptk 1.0.1; silence trimmed before.
        (lambda x: audio.resample(augmentation.telephone_line(x), augmentation.LINE, RATE), 8.2430),
        (lambda x: audio.resample(x, RATE, 17_600), 3.9552),
    ],
    ids=["telephone", "slower"],
)
def test_distortion_is_what_pymcd_finds(clip, change, pymcd):
    clip = audio.trim_silence(clip, RATE)
    found = speech.mel_cepstral_distortion(clip, change(clip), RATE)
    assert found == pytest.approx(pymcd, rel=0.02)


def test_the_same_sound_has_no_distortion_and_silence_around_it_does_not_count(clip):
    assert speech.mel_cepstral_distortion(clip, clip, RATE) == 0
    padded = np.pad(clip, (RATE // 2, RATE))
    assert speech.mel_cepstral_distortion(clip, padded, RATE) < 0.5


def test_more_noise_is_more_distortion_either_way_round(clip):
    rng = np.random.default_rng(0)
    noisy = [augmentation.add_noise(rng, clip, ratio, 0).astype(np.float32) for ratio in (30, 10)]
    found = [speech.mel_cepstral_distortion(clip, other, RATE) for other in noisy]
    assert 0 < found[0] < found[1]
    back = speech.mel_cepstral_distortion(noisy[1], clip, RATE)
    assert back == pytest.approx(found[1], rel=0.1)


def test_warping_by_nothing_changes_nothing(monkeypatch):
    monkeypatch.setattr(speech, "WARPING", 0.0)
    speech._warping.cache_clear()
    assert np.array_equal(speech._warping(), np.eye(speech.ORDER + 1, speech.BINS // 2 + 1))
    speech._warping.cache_clear()


def test_warped_cepstra_describe_the_same_spectrum_on_a_warped_axis(monkeypatch):
    # With as many coefficients as it takes, the all-pass warping only moves frequencies.
    monkeypatch.setattr(speech, "ORDER", 120)
    speech._warping.cache_clear()
    cepstra = np.zeros(speech.BINS // 2 + 1)
    cepstra[:6] = [0.3, 0.5, -0.2, 0.1, 0.05, -0.04]
    warped = speech._warping() @ cepstra
    speech._warping.cache_clear()
    omega = np.linspace(0.1, 3, 40)
    a = speech.WARPING
    moved = omega + 2 * np.arctan(a * np.sin(omega) / (1 - a * np.cos(omega)))

    def spectrum(coefficients, at):
        return coefficients @ np.cos(np.outer(np.arange(len(coefficients)), at))

    assert np.allclose(spectrum(warped, moved), spectrum(cepstra, omega), atol=1e-3)


@pytest.mark.parametrize("hertz", [90.0, 180.0, 320.0])
def test_the_pitch_of_a_buzz_is_known(hertz):
    time = np.arange(RATE) / RATE
    buzz = signal.sawtooth(2 * np.pi * hertz * time).astype(np.float32) * 0.3
    found = speech.frame_pitch(np.concatenate([buzz, np.zeros(RATE, np.float32)]), RATE)
    voiced = found[np.isfinite(found)]
    assert np.median(voiced) == pytest.approx(hertz, rel=0.01)
    assert np.std(12 * np.log2(voiced)) < 0.3 and 0.4 < len(voiced) / len(found) < 0.6


@pytest.mark.parametrize(("hertz", "searched"), [(58, 0), (60.5, 1), (495, 1), (510, 0)])
def test_pitch_is_searched_from_60_to_500_hertz(hertz, searched):
    time = np.arange(RATE) / RATE
    buzz = 0.1 * sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 9))
    assert np.isfinite(speech.frame_pitch(buzz, RATE)).mean() == pytest.approx(searched, abs=0.1)


def test_pitch_is_that_of_librosa(clip):
    found = speech.frame_pitch(clip, RATE)
    wanted, voiced, _ = librosa.pyin(
        clip, fmin=60, fmax=500, sr=RATE, frame_length=1024, hop_length=256
    )
    assert np.nanmedian(found) == pytest.approx(np.nanmedian(wanted), rel=0.02)
    assert np.isfinite(found).mean() == pytest.approx(voiced.mean(), abs=0.15)
    both = voiced & np.isfinite(found)
    assert np.median(np.abs(12 * np.log2(found[both] / wanted[both]))) < 0.4  # semitones


def test_silence_has_no_pitch(clip):
    silence = np.zeros(RATE, np.float32)
    assert np.isnan(speech.frame_pitch(silence, RATE)).all()
    table = scoring.speech_report({"one": [silence], "two": [silence + 1e-9]}, ["No."], RATE)
    assert table["pitch"].isna().all() and table["pitch_spread"].isna().all()


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, RATE)), r"shape \(2, 16000\)"),
        (np.zeros(100), "100 samples, less than 50 ms"),
        (np.full(RATE, np.nan), "not finite"),
    ],
)
def test_what_cannot_be_analysed_is_named(samples, message):
    with pytest.raises(ValueError, match=message):
        scoring.speech_report({"one": [samples]}, ["No."], RATE)
    with pytest.raises(ValueError, match=f"generated .*{message}"):
        speech.mel_cepstral_distortion(np.zeros(RATE), samples, RATE)


def test_a_report_has_a_row_for_each_system_and_what_was_asked_for(clip):
    slow = audio.resample(clip, RATE, 20_000)
    table = scoring.speech_report(
        {"the same": [clip, clip], "slower": [slow, slow]},
        ["Turn it on.", "No!"],
        RATE,
        transcribe=lambda clips: ["turn it on", "yes"],
        embed=lambda samples: np.array([len(samples) / len(clip), 1.0]),
        references=[clip, clip],
        seconds={"the same": len(clip) / RATE, "slower": 1.0},
    )
    same, slower = table.loc["the same"], table.loc["slower"]
    assert same["wer"] == slower["wer"] == 0.25  # one of four words
    assert same["similarity"] == 1
    assert slower["similarity"] == pytest.approx((1.25 + 1) / np.sqrt(2 * (1.25**2 + 1)), abs=1e-3)
    assert same["mcd"] == 0 < slower["mcd"]
    assert same["real_time_factor"] == 0.5
    assert same["seconds"] == pytest.approx(2 * len(clip) / RATE, abs=1e-3)
    assert slower["pitch"] == pytest.approx(same["pitch"] / 1.25, rel=0.03)
    assert slower["pitch_spread"] == pytest.approx(same["pitch_spread"], rel=0.15)
    plain = scoring.speech_report({"one": [clip]}, ["Turn it on."], RATE)
    assert list(plain.columns) == ["seconds", "pitch", "pitch_spread"]


def test_a_report_says_which_system_lacks_a_clip(clip):
    with pytest.raises(ValueError, match="'short' has 1 clips for 2 texts"):
        scoring.speech_report({"short": [clip]}, ["One.", "Two."], RATE)
