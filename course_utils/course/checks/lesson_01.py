"""Exercises of lesson 01: what a number in an audio array means, and five planted bugs."""

import numpy as np

from course_utils.course.exercises import Exercise, attempted, equals, returns, same

TARGET_RATE = 16_000


def tone(frequency, sampling_rate, seconds=1.0, amplitude=0.5):
    """Return a float32 sine."""
    time = np.arange(int(seconds * sampling_rate)) / sampling_rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def loudest_frequency(samples, sampling_rate):
    """Return the frequency of the highest peak in the spectrum, in hertz."""
    magnitude = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(magnitude) * sampling_rate / len(samples))


def verify_pipeline_input(answer):
    """Check that the array, and not only its label, is at 16 kHz."""
    for rate in (44_100, 8_000, TARGET_RATE):
        got = attempted(answer(tone(440, rate), rate))
        assert isinstance(got, dict) and {"array", "sampling_rate"} <= set(got), (
            "return a dict with the keys 'array' and 'sampling_rate'."
        )
        assert got["sampling_rate"] == TARGET_RATE, (
            f"the dict says {got['sampling_rate']} Hz; the model expects {TARGET_RATE}."
        )
        seconds = len(got["array"]) / TARGET_RATE
        assert abs(seconds - 1) < 0.01, (
            f"one second recorded at {rate} Hz became {seconds:.2f} s: the label changed, but "
            "were the samples resampled?"
        )
        heard = loudest_frequency(np.asarray(got["array"]), TARGET_RATE)
        assert abs(heard - 440) < 5, f"a tone of 440 Hz at {rate} Hz became {heard:.0f} Hz."


def verify_mono(answer):
    """Check the mix of a stereo array, channels first, and that mono passes through."""
    stereo = np.stack([tone(440, TARGET_RATE), tone(880, TARGET_RATE)])
    got = np.asarray(attempted(answer(stereo)))
    assert got.ndim == 1, f"the result has shape {got.shape}, expected one dimension."
    assert got.size == stereo.shape[1], (
        f"{stereo.shape[1]} samples a channel became {got.size}: were the channels put one after "
        "the other?"
    )
    assert same(got, stereo.mean(axis=0), 1e-5), (
        "both channels must be heard, each with half its weight; what about the second one?"
    )


def verify_louder(answer):
    """Check that gain is applied where there is room and limited, without clipping, elsewhere."""
    quiet = tone(440, TARGET_RATE, amplitude=0.1)
    got = np.asarray(attempted(answer(quiet, 6.0206)))
    assert same(got, 2 * quiet, 1e-3), (
        f"+6 dB must double a peak of 0.1, you reach {np.abs(got).max():.3g}."
    )
    got = np.asarray(answer(quiet, 40.0))
    peak = np.abs(got).max()
    assert peak <= 1.0001, f"+40 dB on a peak of 0.1 gives {peak:.3g}: beyond 1 it will clip."
    assert same(got / peak, quiet / np.abs(quiet).max(), 1e-3), (
        "the wave changed its shape: limit the gain, not the samples."
    )


def verify_prepare(answer):
    """Check that a clip is resampled when it must be, once."""
    for rate in (44_100, TARGET_RATE):
        got = np.asarray(attempted(answer(tone(440, rate), rate)))
        seconds = got.size / TARGET_RATE
        assert abs(seconds - 1) < 0.01, (
            f"one second at {rate} Hz became {seconds:.2f} s. How often is it resampled?"
        )


def relabel(samples, sampling_rate):
    """Make the usual mistake: change the label and leave the samples."""
    return {"array": samples, "sampling_rate": TARGET_RATE}


def every_nth(samples, sampling_rate):
    """Resample to the right length by the wrong means of stretching what is there."""
    positions = np.linspace(0, len(samples) / 2, TARGET_RATE)
    return {
        "array": np.interp(positions, np.arange(len(samples)), samples),
        "sampling_rate": TARGET_RATE,
    }


EXERCISES = (
    Exercise(
        "01.1",
        difficulty=1,
        minutes=2,
        verify=returns(
            ({"samples": np.zeros(16_000), "sampling_rate": 16_000}, 1.0),
            ({"samples": np.zeros(11_025), "sampling_rate": 44_100}, 0.25),
        ),
        wrong=(
            lambda samples, rate: len(samples),
            lambda samples, rate: rate / len(samples),
            lambda samples, rate: len(samples) // rate,
        ),
    ),
    Exercise(
        "01.2",
        difficulty=2,
        minutes=4,
        verify=returns(
            ({"amplitude": 1.0}, 0.0),
            ({"amplitude": 0.1}, -20.0),
            ({"amplitude": 0.5}, -6.0206),
            tolerance=1e-4,
        ),
        wrong=(
            lambda amplitude: 10 * np.log10(amplitude),
            lambda amplitude: 20 * np.log(amplitude),
            lambda amplitude: -20 * np.log10(amplitude),
        ),
    ),
    Exercise(
        "01.3",
        difficulty=1,
        minutes=3,
        verify=returns(
            ({"frame": 10, "hop_length": 160, "sampling_rate": 16_000}, 0.1),
            ({"frame": 100, "hop_length": 256, "sampling_rate": 22_050}, 100 * 256 / 22_050),
            ({"frame": 0, "hop_length": 512, "sampling_rate": 44_100}, 0.0),
        ),
        wrong=(
            lambda frame, hop, rate: frame * hop,
            lambda frame, hop, rate: frame / rate,
            lambda frame, hop, rate: frame * hop // rate,
        ),
    ),
    Exercise(
        "01.4",
        difficulty=3,
        minutes=5,
        verify=equals(
            3_000,
            "A tone above half the sampling rate folds back around that half: how far above 4,000 "
            "Hz was it?",
        ),
        wrong=(5_000, 4_000, 1_000, 13_000),
    ),
    Exercise(
        "01.5",
        difficulty=2,
        minutes=4,
        verify=verify_pipeline_input,
        wrong=(relabel, every_nth, lambda samples, rate: samples),
    ),
    Exercise(
        "01.6",
        difficulty=1,
        minutes=3,
        verify=verify_mono,
        wrong=(np.ravel, lambda samples: samples[0], lambda samples: samples, np.sum),
    ),
    Exercise(
        "01.7",
        difficulty=2,
        minutes=5,
        verify=verify_louder,
        wrong=(
            lambda samples, gain: np.clip(samples * 10 ** (gain / 20), -1, 1),
            lambda samples, gain: samples * 10 ** (gain / 20),
            lambda samples, gain: samples / np.abs(samples).max(),
        ),
    ),
    Exercise(
        "01.8",
        difficulty=2,
        minutes=4,
        verify=verify_prepare,
        wrong=(
            lambda samples, rate: samples,
            lambda samples, rate: samples[::2],
            lambda samples, rate: np.interp(
                np.linspace(0, len(samples), len(samples) * 160 // 441),
                np.arange(len(samples)),
                samples,
            ),
        ),
    ),
    Exercise(
        "01.9",
        difficulty=2,
        minutes=4,
        verify=returns(
            ({"train": ["a", "b"], "test": ["b", "c"]}, ["b"]),
            ({"train": ["a"], "test": ["b"]}, []),
            ({"train": ["y", "x", "x"], "test": ["x", "y", "y"]}, ["x", "y"]),
        ),
        wrong=(
            lambda train, test: sorted(set(train) | set(test)),
            lambda train, test: [source for source in test if source in train],
            lambda train, test: sorted(set(test) - set(train)),
        ),
    ),
)
