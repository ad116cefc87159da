"""Rooms, lines and noise against filter responses and levels in closed form."""

import numpy as np
import pytest
from scipy import signal, stats

from course_utils import audio
from course_utils.simulation import augmentation
from course_utils.simulation.augmentation import LINE, RATE


def generator(seed=0):
    return np.random.default_rng(seed)


def decibels(ratio):
    return 20 * np.log10(ratio)


def amplitude(samples, rate, hertz):
    """Return the amplitude of a sine of a whole number of hertz in a second of a recording."""
    return 2 * np.abs(np.fft.rfft(samples[rate // 2 : rate // 2 + rate]))[hertz] / rate


def test_draws_are_uniform_on_a_logarithmic_scale():
    drawn = [augmentation.log_uniform(generator([1, seed]), 50, 2_000) for seed in range(2_000)]
    assert stats.kstest(drawn, stats.loguniform(50, 2_000).cdf).pvalue > 0.05


def test_seconds_become_samples_and_at_least_one():
    assert [augmentation.samples_of(seconds) for seconds in (0, 1e-4, 0.25)] == [1, 2, 4_000]


@pytest.mark.parametrize("slope", [-6.0, -3.0, 0.0, 3.0])
def test_noise_has_the_slope_that_is_asked_for_from_20_hz_on(slope):
    samples = augmentation.noise(generator(1), 1 << 18, slope)
    assert samples.shape == (1 << 18,) and samples.std() == pytest.approx(1)
    frequencies, power = signal.welch(samples, RATE, nperseg=4096)
    inside = (frequencies > 100) & (frequencies < 6000)
    measured = np.polyfit(np.log2(frequencies[inside]), 10 * np.log10(power[inside]), 1)[0]
    assert measured == pytest.approx(slope, abs=0.2)
    power = np.abs(np.fft.rfft(samples)) ** 2
    bins = np.fft.rfftfreq(len(samples), 1 / RATE)
    lowest, first, octave = (
        10 * np.log10(power[(bins > low) & (bins < high)].mean())
        for low, high in ((1, 8), (20, 24), (40, 48))
    )
    assert (first - lowest, octave - first) == pytest.approx((0, slope), abs=1.5)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_noise_of_a_few_samples_is_finite(count):
    samples = augmentation.noise(generator(), count, -3.0)
    assert samples.shape == (count,) and np.isfinite(samples).all()


@pytest.mark.parametrize(("ratio", "slope"), [(0, 0.0), (20, -6.0)])
def test_noise_is_added_at_the_signal_to_noise_ratio_that_is_asked_for(ratio, slope):
    time = np.arange(3 * RATE + 7) / RATE
    samples = 0.3 * np.sin(2 * np.pi * 1_000 * time)
    added = augmentation.add_noise(generator(), samples, ratio, slope) - samples
    assert decibels(samples.std() / added.std()) == pytest.approx(ratio, abs=0.3)
    frequencies, power = signal.welch(added, RATE, nperseg=1024)
    inside = (frequencies > 100) & (frequencies < 6000)
    measured = np.polyfit(np.log2(frequencies[inside]), 10 * np.log10(power[inside]), 1)[0]
    assert measured == pytest.approx(slope, abs=0.5)


@pytest.mark.parametrize(
    ("low", "high", "order", "kind", "edges"),
    [
        (None, 1_500, 2, "lowpass", 1_500),
        (300, None, 2, "highpass", 300),
        (300, 3_400, 4, "bandpass", [300, 3_400]),
        (300, 7_900, 2, "highpass", 300),  # a low-pass at 0.49 of the rate or above changes nothing
        (9_000, None, 1, "highpass", 0.95 * 0.49 * RATE),
        (2_000, 1_000, 2, "bandpass", [950, 1_000]),
    ],
)
def test_bands_are_those_of_butterworth_filters(low, high, order, kind, edges):
    click = np.zeros(RATE)
    click[0] = 1
    made = np.abs(np.fft.rfft(augmentation.band(click, low, high, order)))
    sections = signal.butter(order, edges, kind, fs=RATE, output="sos")
    _, wanted = signal.sosfreqz(sections, np.arange(RATE // 2 + 1), fs=RATE)
    assert made == pytest.approx(np.abs(wanted), abs=1e-3)


def test_a_band_without_edges_changes_nothing():
    samples = generator().standard_normal(100)
    assert np.array_equal(augmentation.band(samples), samples)
    assert np.array_equal(augmentation.band(samples, None, 8_000), samples)


def test_a_line_quantises_by_the_mu_law():
    samples = 3 * augmentation.noise(generator(), RATE)
    line = augmentation.telephone_line(samples)
    assert line.dtype == np.float32 and len(line) == LINE
    # 127 steps on both sides, so that log(1 + 255 x) / log(256) is a multiple of 1 / 127.
    steps = 127 * np.log1p(255 * np.abs(line.astype(float))) / np.log(256)
    assert np.abs(steps - np.round(steps)).max() < 1e-3
    assert len(np.unique(line)) > 150 and (line.min() < -0.3 or line.max() > 0.3)
    # Steps are 4.5 % of large amplitudes.
    assert np.abs(line).max() == pytest.approx(0.7, rel=0.03)


@pytest.mark.parametrize("hertz", [150, 250, 300, 3_400, 3_600])
def test_a_line_passes_300_to_3400_hertz(hertz):
    time = np.arange(2 * RATE) / RATE
    tones = np.sin(2 * np.pi * 1_000 * time) + np.sin(2 * np.pi * hertz * time)
    line = augmentation.telephone_line(tones.astype(np.float32))
    sections = signal.butter(4, [300, 3_400], "bandpass", fs=RATE, output="sos")
    _, response = signal.sosfreqz(sections, [hertz, 1_000], fs=RATE)
    measured = amplitude(line, LINE, hertz) / amplitude(line, LINE, 1_000)
    assert decibels(measured) == pytest.approx(decibels(np.abs(response[0] / response[1])), abs=1.0)


def test_over_the_telephone_is_the_line_at_the_rate_of_recordings():
    samples = augmentation.noise(generator(), RATE).astype(np.float32)
    heard = augmentation.over_telephone(samples)
    assert heard.dtype == np.float32 and len(heard) == RATE
    assert np.array_equal(heard, audio.resample(augmentation.telephone_line(samples), LINE, RATE))


def response_of(seed, *options, seconds=1):
    """Return the impulse response of a random room."""
    click = np.zeros(seconds * RATE)
    click[0] = 1
    return augmentation.reverberate(generator(seed), click, *options)


def test_a_room_answers_after_2_to_12_milliseconds_with_the_energy_that_is_asked_for():
    gaps = []
    for seed in range(40):
        response = response_of(seed, 0.5, 2.0)
        assert response[0] == pytest.approx(1)
        assert np.sum(response[1:] ** 2) == pytest.approx(2.0, rel=0.01)
        assert np.abs(response[RATE // 2 + 1 :]).max() < 1e-9
        gaps.append(np.flatnonzero(np.abs(response) > 1e-9)[1] / RATE)
    assert 0.002 <= min(gaps) < 0.004 and 0.010 < max(gaps) <= 0.012
    standard = response_of(0)
    assert np.sum(standard[1:] ** 2) == pytest.approx(0.3, rel=0.01)
    assert np.abs(standard[int(0.4 * RATE) + 1 :]).max() < 1e-9


def test_in_a_room_the_treble_dies_by_60_db_and_the_bass_by_half_of_that():
    def drop(low, high, first, last):
        """Return by how many decibels the energy that is left falls in a band (Schroeder)."""
        lost = []
        for seed in range(8):
            sections = signal.butter(4, [low, high], "band", fs=RATE, output="sos")
            filtered = signal.sosfilt(sections, response_of(seed, 0.5, 1.0))[: RATE // 2]
            left = np.cumsum(filtered[::-1] ** 2)[::-1]
            lost.append(10 * np.log10(left[first] / left[last]))
        return np.mean(lost)

    assert drop(4000, 7500, 800, 4000) == pytest.approx(60 * 3200 / 8000, abs=2)
    # What is left falls faster towards the end, where the response is cut: 2.5 dB here.
    assert drop(200, 1000, 800, 4000) == pytest.approx(30 * 3200 / 8000 + 2, abs=2)


def test_in_a_room_the_bass_is_6_db_louder_than_the_treble():
    ratios = []
    for seed in range(20):
        response = response_of(seed, 0.5, 1.0)
        response[0] = 0
        _, power = signal.welch(response[: RATE // 20], RATE, nperseg=256)
        ratios.append(power[4:16].mean() / power[64:112].mean())  # 250 to 1,000, 4,000 to 7,000 Hz
    # Bass has twice the amplitude, so four times the power, beside white noise. Within 50 ms, a
    # tenth of the reverberation time, noise has fallen by 6 dB, and bass by 3 dB.
    treble, bass = ((1 - np.exp(-decay)) / decay for decay in (1.38, 0.69))
    wanted = 10 * np.log10((treble + 4 * bass) / treble)
    assert 10 * np.log10(np.mean(ratios)) == pytest.approx(wanted, abs=0.6)


def test_a_room_smears_every_sample_and_keeps_the_length():
    samples = generator().standard_normal(1_000)
    heard = augmentation.reverberate(generator(3), samples, 0.02, 0.5)
    response = augmentation.reverberate(generator(3), np.eye(1, 1_000)[0], 0.02, 0.5)
    assert heard == pytest.approx(np.convolve(samples, response)[:1_000])


def test_what_sticks_out_of_a_track_is_cut():
    track = np.zeros(5)
    assert augmentation.add_at(track, np.ones(3), -1) is track
    augmentation.add_at(track, 2 * np.ones(3), 4)
    augmentation.add_at(track, np.arange(10.0), -3)
    for outside in (5, 9, -3, -9):
        augmentation.add_at(track, np.ones(3), outside)
    assert track.tolist() == [1 + 3, 1 + 4, 5, 6, 2 + 7]
