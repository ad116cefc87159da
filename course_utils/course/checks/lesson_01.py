"""Exercises of lesson 01: what a number in an audio array means, and five planted bugs."""

import numpy as np

from course_utils.course.exercises import exercise, expect, returned, solution

RATE = 16_000
RATES = (8_000, 11_025, RATE, 22_050, 44_100)


def tone(sampling_rate, frequency=440):
    """Return a second of a sine with an amplitude of 0.5, float32."""
    time = np.arange(sampling_rate) / sampling_rate
    return np.sin(2 * np.pi * frequency * time).astype(np.float32) / 2


def loudest(samples):
    """Return the frequency in Hz of the strongest sine in samples at 16 kHz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return np.argmax(spectrum) * RATE / samples.size


def assert_resampled(resample):
    """Check that ``resample(samples, rate)`` returns tones at 16 kHz, and no alias."""
    for rate in RATES:
        samples = np.asarray(resample(tone(rate), rate))
        assert samples.ndim == 1, f"the samples have the shape {samples.shape}, not (n,)."
        seconds = samples.size / RATE
        assert abs(seconds - 1) < 0.01, (
            f"one second recorded at {rate} Hz became {seconds:.2f} s: resample the samples, "
            "and not only their label, from the given rate to 16,000 Hz."
        )
        level = np.sqrt(2 * np.mean(np.square(samples, dtype=float)))
        assert abs(level - 0.5) < 0.05, (
            f"a tone of amplitude 0.50, recorded at {rate} Hz, came back with {level:.2f}."
        )
        frequency = loudest(samples)
        assert abs(frequency - 440) < 5, f"440 Hz at {rate} Hz became {frequency:.0f} Hz."
    alias = np.asarray(resample(tone(44_100, 15_000), 44_100))
    assert np.abs(alias[800:-800]).max() < 0.05, (
        f"a tone of 15,000 Hz at 44100 Hz came back as one of {loudest(alias):,.0f} Hz: 16 kHz "
        "cannot hold it, so a low-pass filter must remove it before samples are dropped. "
        "`audio.resample` does both."
    )


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
    number = isinstance(answer, int | float | np.number)
    assert number, "give a number in hertz, without quotes or brackets."
    hint = "A tone above half the sampling rate folds back: how far above 4,000 Hz was it?"
    expect(answer, 3_000, hint)


@exercise("01.5")
def for_pipeline(answer):
    """Check that the array, and not only its label, is at 16 kHz."""

    def resample(samples, rate):
        got = returned(answer, samples, rate)
        key = "raw" if isinstance(got, dict) and "raw" in got else "array"  # pipeline() reads both
        assert isinstance(got, dict) and {key, "sampling_rate"} <= set(got), (
            "return a dict with the keys 'array' and 'sampling_rate'."
        )
        array, label = np.asarray(got[key]), got["sampling_rate"]
        assert label == RATE or not np.array_equal(array, samples), (
            f"the dict says {label} Hz, which is true; `pipeline()` then resamples by itself, but "
            "only where torchaudio is installed. Without it, it stops: resample here."
        )
        assert label == RATE, f"the dict says {label} Hz; the model expects {RATE}."
        return array

    assert_resampled(resample)


@solution(
    "01.6",
    [(np.array([[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]]),)],
    draw=lambda rng: (rng.uniform(-1, 1, (rng.integers(3, 6), 8)),),
)
def to_mono(samples):
    """Return the mean over all channels, however many there are; it has as many samples."""
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
    """Check that a clip is resampled when it must be, once, and that integers are scaled."""

    def resample(samples, rate):
        got = returned(answer, samples, rate)
        assert not isinstance(got, tuple | dict), "return the array of samples only."
        return got

    assert_resampled(resample)
    for rate in (RATE, 44_100):
        whole = (tone(rate) * 32_767).round().astype(np.int16)
        got = np.asarray(resample(whole, rate), dtype=float)
        peak = np.abs(got).max()
        assert abs(peak - 0.5) < 0.01, (
            f"int16 samples with a peak of 16384 came back with a peak of {peak:g}, not 0.5: "
            "divide samples of type np.int16 by 32,768."
        )
        assert abs(len(got) - RATE * len(whole) / rate) <= 1, (
            f"{len(whole)} int16 samples at {rate} Hz came back as {len(got)}: resample them, too."
        )


@solution(
    "01.9",
    [(["a", "b"], ["b", "c"])],
    draw=lambda rng: tuple(rng.choice(list("abcdefgh"), (2, 5)).tolist()),
)
def leaked(train, test):
    """Return a sorted list of the sources that are in both splits, each once."""
    return sorted(set(train) & set(test))
