"""Exercises of lesson 01: what a number in an audio array means, and five planted bugs."""

import numpy as np

from course_utils.course.exercises import attempted, exercise, expect, same, solution

RATE = 16_000
RATES = (8_000, 11_025, RATE, 22_050, 44_100)


def tone(frequency, sampling_rate, seconds=1.0, amplitude=0.5):
    """Return a float32 sine."""
    time = np.arange(int(seconds * sampling_rate)) / sampling_rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def assert_resampled(samples, from_rate):
    """Check that a tone of 440 Hz and 1 s, recorded at ``from_rate``, is itself at 16 kHz."""
    samples = np.asarray(samples)
    seconds = samples.size / RATE
    assert abs(seconds - 1) < 0.01, (
        f"one second recorded at {from_rate} Hz became {seconds:.2f} s: resample the samples, "
        "and not only their label, wherever the rate is another one."
    )
    frequency = np.argmax(np.abs(np.fft.rfft(samples * np.hanning(samples.size)))) / seconds
    assert abs(frequency - 440) < 5, f"440 Hz at {from_rate} Hz became {frequency:.0f} Hz."


@solution(
    "01.1",
    (np.zeros(16_000), 16_000),
    draw=lambda rng: (np.zeros(rng.integers(1, 50_000)), int(rng.choice(RATES))),
)
def duration(samples, sampling_rate):
    """Return the duration of a recording in seconds."""
    return len(samples) / sampling_rate


@solution(
    "01.2", *((1.0,), (0.1,), (0.5,)), draw=lambda rng: (rng.uniform(0.001, 1),), tolerance=1e-4
)
def to_decibel(amplitude):
    """Return decibels relative to full scale."""
    return 20 * np.log10(amplitude)


@solution(
    "01.3",
    (10, 160, 16_000),
    draw=lambda rng: (*rng.integers(0, 600, 2).tolist(), int(rng.choice(RATES))),
)
def frames_to_seconds(frame, hop_length, sampling_rate):
    """Return the time of a frame in seconds."""
    return frame * hop_length / sampling_rate


@exercise("01.4")
def heard(answer):
    """Check the frequency of an aliased tone."""
    hint = "A tone above half the sampling rate folds back: how far above 4,000 Hz was it?"
    expect(answer, 3_000, hint)


@exercise("01.5")
def for_pipeline(answer):
    """Check that the array, and not only its label, is at 16 kHz."""
    for rate in RATES:
        got = attempted(answer(tone(440, rate), rate))
        assert isinstance(got, dict) and {"array", "sampling_rate"} <= set(got), (
            "return a dict with the keys 'array' and 'sampling_rate'."
        )
        assert got["sampling_rate"] == RATE, (
            f"the dict says {got['sampling_rate']} Hz; the model expects {RATE}."
        )
        assert_resampled(got["array"], rate)


@exercise("01.6")
def to_mono(answer):
    """Check the mix of a stereo array, channels first."""
    stereo = np.stack([tone(440, RATE), tone(880, RATE)])
    got = np.asarray(attempted(answer(stereo)))
    assert got.shape == stereo.shape[1:], (
        f"{stereo.shape[1]} samples a channel became the shape {got.shape}, expected "
        f"{stereo.shape[1:]}: take the mean over the channels."
    )
    assert same(got, stereo.mean(axis=0), 1e-5), (
        "both channels must be heard, each with half its weight; what about the second one?"
    )


@exercise("01.7")
def louder(answer):
    """Check that gain is applied where there is room, and limited without clipping elsewhere."""
    quiet = tone(440, RATE, amplitude=0.1)
    got = np.asarray(attempted(answer(quiet, 6.0206)))
    assert same(got, 2 * quiet, 1e-3), (
        f"+6 dB must double a peak of 0.1, you reach {np.abs(got).max():.3g}."
    )
    got = np.asarray(answer(quiet, 40.0))
    peak = np.abs(got).max()
    assert peak <= 1.0001, f"+40 dB on a peak of 0.1 gives {peak:.3g}: beyond 1 it will clip."
    assert same(got, quiet / np.abs(quiet).max(), 1e-3), (
        "+40 dB on a peak of 0.1 must give a peak of 1 and the same wave: limit the gain, not the "
        "samples."
    )


@exercise("01.8")
def prepare(answer):
    """Check that a clip is resampled when it must be, once."""
    for rate in RATES:
        assert_resampled(attempted(answer(tone(440, rate), rate)), rate)


@solution(
    "01.9",
    (["a", "b"], ["b", "c"]),
    draw=lambda rng: tuple(rng.choice(list("abcdefgh"), (2, 5)).tolist()),
)
def leaked(train, test):
    """Return the sources that two splits share."""
    return sorted(set(train) & set(test))
