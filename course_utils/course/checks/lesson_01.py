"""Exercises of lesson 01: what a number in an audio array means, and five planted bugs."""

import numpy as np

from course_utils.course.exercises import exercise, expect, returned, solution

RATE = 16_000
RATES = (8_000, 11_025, RATE, 22_050, 44_100)


def tone(sampling_rate):
    """Return a second of a sine of 440 Hz, float32."""
    time = np.arange(sampling_rate) / sampling_rate
    return np.sin(2 * np.pi * 440 * time, dtype=np.float32) / 2


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
    [(np.zeros(16_000), 16_000)],
    draw=lambda rng: (np.zeros(rng.integers(1, 50_000)), int(rng.choice(RATES))),
)
def duration(samples, sampling_rate):
    """Return the duration in seconds: samples divided by samples per second."""
    return len(samples) / sampling_rate


@solution(
    "01.2", [(1.0,), (0.1,), (0.5,)], draw=lambda rng: (rng.uniform(0.001, 1),), tolerance=1e-4
)
def to_decibel(amplitude):
    """Return decibels relative to full scale: half of it is about -6 dB."""
    return 20 * np.log10(amplitude)


@solution(
    "01.3",
    [(10, 160, 16_000)],
    draw=lambda rng: (*rng.integers(0, 600, 2).tolist(), int(rng.choice(RATES))),
)
def frames_to_seconds(frame, hop_length, sampling_rate):
    """Return the time of a frame in seconds: one frame starts every hop_length samples."""
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
        got = returned(answer, tone(rate), rate)
        assert isinstance(got, dict) and {"array", "sampling_rate"} <= set(got), (
            "return a dict with the keys 'array' and 'sampling_rate'."
        )
        label = got["sampling_rate"]
        assert label == RATE, f"the dict says {label} Hz; the model expects {RATE}."
        assert_resampled(got["array"], rate)


@solution(
    "01.6",
    [(np.array([[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]]),)],
    draw=lambda rng: (rng.uniform(-1, 1, (2, 5)),),
)
def to_mono(samples):
    """Return the mean over the channels, each with half its weight; it has as many samples."""
    return samples.mean(axis=0)


@solution(
    "01.7",
    [(np.array([0.1, -0.05, 0.0]), gain) for gain in (6.0, 40.0)],
    draw=lambda rng: (rng.uniform(-0.5, 0.5, 6), rng.uniform(0, 12)),
    tolerance=1e-4,
)
def louder(samples, gain):
    """Return all samples times one number: the gain, or less where the peak would pass 1."""
    return samples * min(10 ** (gain / 20), 1 / np.abs(samples).max())


@exercise("01.8")
def prepare(answer):
    """Check that a clip is resampled when it must be, once."""
    for rate in RATES:
        assert_resampled(returned(answer, tone(rate), rate), rate)


@solution(
    "01.9",
    [(["a", "b"], ["b", "c"])],
    draw=lambda rng: tuple(rng.choice(list("abcdefgh"), (2, 5)).tolist()),
)
def leaked(train, test):
    """Return a sorted list of the sources that are in both splits, each once."""
    return sorted(set(train) & set(test))
