import librosa
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import plotting

RATE = 16_000
NOISE = np.random.default_rng(1).standard_normal(RATE // 2).astype(np.float32)
MINUTE = np.random.default_rng(2).standard_normal(60 * RATE).astype(np.float32)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def sine(hertz, seconds=0.5, rate=RATE, amplitude=1.0):
    times = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def picture(ax):
    """Return the first image's values and the coordinates of its columns and rows."""
    image = ax.images[0]
    values = np.asarray(image.get_array())
    left, right, low, high = image.get_extent()
    rows, columns = values.shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = low + (np.arange(rows) + 0.5) * (high - low) / rows
    return values, x, y


# ------------------------------------------------------------------ what the numbers are


@pytest.mark.parametrize(("window", "hop"), [(1024, 256), (400, 160), (255, 100), (64, 200)])
def test_spectrogram_equals_librosa(window, hop):
    values, _, _ = picture(plotting.spectrogram(NOISE, RATE, window_length=window, hop_length=hop))
    magnitude = np.abs(librosa.stft(NOISE, n_fft=window, hop_length=hop))
    expected = librosa.amplitude_to_db(magnitude, ref=np.max, top_db=None)
    np.testing.assert_allclose(values, expected, atol=0.01)


def test_spectrogram_equals_scipy():
    values, x, y = picture(plotting.spectrogram(NOISE, RATE, window_length=512, hop_length=128))
    window = scipy.signal.get_window("hann", 512)
    transform = scipy.signal.ShortTimeFFT(window, 128, RATE)
    frames = round(len(NOISE) / 128) + 1
    power = np.abs(transform.stft(NOISE.astype(float), p0=0, p1=frames)) ** 2
    np.testing.assert_allclose(values, 10 * np.log10(power / power.max()), atol=0.01)
    np.testing.assert_allclose(y, transform.f)
    np.testing.assert_allclose(x, np.arange(frames) * transform.delta_t, atol=1e-9)


@pytest.mark.parametrize(("n_mels", "fmin", "fmax"), [(64, 0, None), (40, 300, 3400)])
def test_mel_spectrogram_equals_librosa(n_mels, fmin, fmax):
    options = {"n_mels": n_mels, "fmin": fmin, "fmax": fmax}
    values, _, bands = picture(plotting.mel_spectrogram(NOISE, RATE, **options))
    # Its first and last row stand twice, up to the edges of the outermost triangles.
    np.testing.assert_array_equal(values[[0, -1]], values[[1, -2]])
    power = librosa.feature.melspectrogram(y=NOISE, sr=RATE, n_fft=1024, hop_length=256, **options)
    np.testing.assert_allclose(values[1:-1], librosa.power_to_db(power, ref=np.max), atol=0.01)
    centres = librosa.mel_frequencies(n_mels + 2, fmin=fmin, fmax=fmax or RATE / 2)[1:-1]
    np.testing.assert_allclose(bands[1:-1], librosa.hz_to_mel(centres), atol=1e-9)


def test_reference_makes_levels_absolute():
    loud = plotting.spectrogram(NOISE, RATE, reference=1.0)
    quiet = plotting.spectrogram(NOISE / 10, RATE, reference=1.0)
    difference = picture(loud)[0] - picture(quiet)[0]
    np.testing.assert_allclose(difference, 20, atol=0.01)


def test_spectrum_is_that_of_scipy():
    ax = plotting.spectrum(NOISE[:1000], RATE)
    frequencies, level = ax.lines[0].get_data()
    expected, power = scipy.signal.periodogram(
        NOISE[:1000].astype(float), RATE, "hann", detrend=False, scaling="spectrum"
    )
    power[1:-1] /= 2  # scipy folds the negative frequencies onto the positive ones
    np.testing.assert_allclose(frequencies, expected)
    np.testing.assert_allclose(level, 10 * np.log10(power / power.max()), atol=1e-3)


# ------------------------------------------------------------------ where things are drawn


@given(
    hertz=st.integers(200, 7800),
    window=st.integers(128, 1500),
    hop=st.integers(40, 800),
)
@settings(max_examples=30)
def test_a_sine_lies_at_its_frequency(hertz, window, hop):
    ax = plotting.spectrogram(sine(hertz), RATE, window_length=window, hop_length=hop)
    values, x, y = picture(ax)
    middle = values[:, len(x) // 2]
    assert abs(y[middle.argmax()] - hertz) <= RATE / window
    plt.close("all")


@given(
    sample=st.integers(0, RATE // 2 - 1),
    window=st.integers(80, 3000),
    hops_per_window=st.floats(2, 8),  # below 2, a click between two windows is not seen
    rate=st.sampled_from([8000, RATE, 22_050]),
)
@settings(max_examples=40)
def test_a_click_lies_at_its_time(sample, window, hops_per_window, rate):
    hop = int(window / hops_per_window)
    click = np.zeros(RATE // 2, np.float32)
    click[sample] = 1
    ax = plotting.spectrogram(click, rate, window_length=window, hop_length=hop)
    values, x, _ = picture(ax)
    assert abs(x[values.max(axis=0).argmax()] - sample / rate) <= hop / rate
    assert ax.get_xlim() == (0, len(click) / rate)
    plt.close("all")


@given(
    n=st.integers(1, 6000),
    window=st.integers(3, 4096),
    hop=st.integers(1, 6000),
    mel=st.booleans(),
)
@settings(max_examples=50)
def test_columns_are_frame_centres_for_every_length_window_and_hop(n, window, hop, mel):
    hop = max(hop, n // 100 + 1)
    options = {"window_length": window, "hop_length": hop}
    if mel:
        ax = plotting.mel_spectrogram(NOISE[:n], RATE, n_mels=1, fmax=RATE / 2, **options)
    else:
        ax = plotting.spectrogram(NOISE[:n], RATE, **options)
    _, x, _ = picture(ax)
    frames = 1 + (n + 2 * (window // 2) - window) // hop  # librosa, center=True
    np.testing.assert_allclose(x, np.arange(frames) * hop / RATE, atol=1e-9)
    assert ax.get_xlim() == (0, n / RATE)
    plt.close("all")


@given(
    n_mels=st.integers(4, 90),
    fmin=st.sampled_from([0, 20, 300, 900]),
    fmax=st.sampled_from([1100, 3400, 8000]),
)
@settings(max_examples=30)
def test_a_kilohertz_lies_at_its_tick(n_mels, fmin, fmax):
    tone = sine(1000)
    ax = plotting.mel_spectrogram(
        tone, RATE, n_mels=n_mels, fmin=fmin, fmax=fmax, window_length=8192
    )
    values, x, bands = picture(ax)
    loudest = bands[values[:, len(x) // 2].argmax()]
    texts = [text.get_text() for text in ax.get_yticklabels()]
    assert len(texts) >= 2
    kilohertz = ax.get_yticks()[texts.index("1000")]
    # In bands: the two triangles over 1 kHz differ in height.
    assert abs(loudest - kilohertz) <= 0.75 * (bands[1] - bands[0])
    hertz = [float(text) for text in texts]
    np.testing.assert_allclose(librosa.mel_to_hz(ax.get_yticks()), hertz, rtol=1e-6)
    assert fmin <= min(hertz) < max(hertz) <= fmax
    plt.close("all")


def test_the_mel_axis_runs_from_fmin_to_fmax_and_is_filled():
    ax = plotting.mel_spectrogram(NOISE, RATE, n_mels=8, fmin=100, fmax=4000)
    np.testing.assert_allclose(ax.get_ylim(), librosa.hz_to_mel([100, 4000]))
    low, high = ax.images[0].get_extent()[2:]
    assert low < ax.get_ylim()[0] < ax.get_ylim()[1] < high


def test_a_steady_tone_one_row_high_is_visible():
    # In cells that overwrite each other where they share a pixel, as pcolormesh's, it vanishes.
    ax = plotting.spectrogram(sine(3000, seconds=2), RATE, window_length=2048)
    ax.set_axis_off()
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].sum(axis=-1)
    box = ax.bbox.extents.round().astype(int)
    middle = pixels[:, (box[0] + box[2]) // 2]
    row = pixels.shape[0] - round(ax.transData.transform((1, 3000))[1])
    assert middle[row - 2 : row + 3].max() > 250 > middle[row - 20]


def test_a_long_clip_keeps_its_clicks_at_their_time_in_few_columns():
    clip = np.zeros(60 * RATE, np.float32)
    clicks = [7.01, 33.3, 59.9]
    clip[[round(t * RATE) for t in clicks]] = [0.5, 1, 0.5]
    values, x, _ = picture(plotting.spectrogram(clip, RATE, window_length=512, hop_length=128))
    assert len(x) < 2500 < 60 * RATE / 128
    level = values.max(axis=0)
    for t in clicks:
        near = np.abs(x - t) < x[1] - x[0]
        assert level[near].max() > -10
    assert (level > -10).sum() <= 3 * len(clicks)


def test_merged_columns_are_maxima_over_their_frames():
    values, x, _ = picture(plotting.spectrogram(MINUTE, RATE, window_length=512, hop_length=128))
    power = np.abs(librosa.stft(MINUTE, n_fft=512, hop_length=128)) ** 2
    merge = round((x[1] - x[0]) / (128 / RATE))
    assert merge > 1
    maxima = np.stack(
        [power[:, k : k + merge].max(axis=1) for k in range(0, power.shape[1], merge)], axis=1
    )
    np.testing.assert_allclose(values, 10 * np.log10(maxima / power.max()), atol=0.01)
    centres = (np.arange(len(x)) * merge + (merge - 1) / 2) * 128 / RATE
    np.testing.assert_allclose(x, centres, atol=1e-6)


def test_waveform_of_a_short_clip_is_the_clip():
    ax = plotting.waveform(NOISE[:100], 8000)
    times, values = ax.lines[0].get_data()
    np.testing.assert_allclose(times, np.arange(100) / 8000)
    np.testing.assert_array_equal(values, NOISE[:100])


@pytest.mark.parametrize(("peak", "limit"), [(0.2, 0.21), (-3.0, 3.15), (0.0, 1.0)])
def test_a_waveform_is_as_high_as_its_peak(peak, limit):
    ax = plotting.waveform(np.array([0.0, peak, -peak / 2], np.float32), RATE)
    np.testing.assert_allclose(ax.get_ylim(), (-limit, limit), rtol=1e-6)
    assert ax.get_xlim() == (0, 3 / RATE)


def test_waveform_of_a_long_clip_keeps_its_peaks_at_their_time():
    clip = 0.01 * MINUTE
    clip[[123_456, 900_001]] = [0.9, -0.8]
    times, values = plotting.waveform(clip, RATE).lines[0].get_data()
    assert len(times) < 10_000
    assert (values.max(), values.min()) == pytest.approx((0.9, -0.8))
    assert times[values.argmax()] == pytest.approx(123_456 / RATE, abs=0.1)
    assert times[values.argmin()] == pytest.approx(900_001 / RATE, abs=0.1)


@pytest.mark.parametrize("seconds", [0.1, 20])
def test_spectrum_peaks_at_the_sine(seconds):
    frequencies, level = plotting.spectrum(sine(1234, seconds), RATE).lines[0].get_data()
    assert len(frequencies) < 3000
    assert abs(frequencies[level.argmax()] - 1234) <= 1 / seconds
    assert level.max() == pytest.approx(0)


def test_silence_is_drawn_black_and_a_single_sample_is_drawn():
    for kind in (plotting.spectrogram, plotting.mel_spectrogram):
        values, _, _ = picture(kind(np.zeros(RATE), RATE))
        assert values.max() < -80
    for draw in (plotting.waveform, plotting.spectrum):
        draw(np.zeros(1), RATE).figure.canvas.draw()


@pytest.mark.parametrize(
    ("draw", "x", "y"),
    [
        (plotting.waveform, "Time (s)", "Amplitude"),
        (plotting.spectrum, "Frequency (Hz)", "Level (dB, 0 = loudest)"),
        (plotting.spectrogram, "Time (s)", "Frequency (Hz)"),
        (plotting.mel_spectrogram, "Time (s)", "Frequency (Hz, mel scale)"),
    ],
)
def test_pictures_use_the_given_axes_and_name_units(draw, x, y):
    ax = plt.subplots()[1]
    assert draw(NOISE, RATE, ax=ax, title="Noise") is ax
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == (x, y, "Noise")
    assert len(plt.get_fignums()) == 1
    other = draw(NOISE, RATE)
    assert other is not ax
    assert len(plt.get_fignums()) == 2
    if "Frequency" in y:
        bars = [each for each in other.figure.axes if each is not other]
        assert [bar.get_ylabel() for bar in bars] == ["Level (dB, 0 = loudest)"]


def test_features_are_drawn_as_they_are():
    torch = pytest.importorskip("torch")
    matrix = torch.arange(12.0).reshape(4, 3)
    values, x, y = picture(plotting.features(matrix, seconds_per_frame=0.01))
    np.testing.assert_array_equal(values, matrix.numpy().T)
    np.testing.assert_allclose(x, [0, 0.01, 0.02, 0.03], atol=1e-9)
    np.testing.assert_allclose(y, [0, 1, 2])
    ax = plotting.features(matrix, colorbar="Speaker activity (probability)")
    assert ax.get_xlabel() == "Frame"
    assert ax.figure.axes[1].get_ylabel() == "Speaker activity (probability)"
    assert plotting.features(matrix).figure.axes[1].get_ylabel() == "Feature value"
    assert len(plotting.features(matrix, colorbar=None).figure.axes) == 1


def test_features_never_blend_neighbouring_rows():
    ax = plotting.features(np.tile([0.0, 1.0, 0.0, 1.0], (3001, 1)))
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    left, bottom, right, top = ax.bbox.extents.round().astype(int)
    inside = pixels[len(pixels) - top + 3 : len(pixels) - bottom - 3, left + 3 : right - 3]
    assert len(np.unique(inside.reshape(-1, 4), axis=0)) == 2


# ------------------------------------------------------------------ several clips


def test_side_by_side_shares_axes_and_levels():
    clips = [(NOISE, RATE), (NOISE / 10, RATE), (NOISE[:2000], 8000)]
    axes = plotting.side_by_side(clips, ["a", "b", "c"], n_mels=20, window_length=512)
    assert [ax.get_title() for ax in axes] == ["a", "b", "c"]
    assert {ax.get_xlim() for ax in axes} == {(0, 0.5)}
    assert {ax.get_ylim() for ax in axes} == {(0, librosa.hz_to_mel(4000))}
    assert {ax.images[0].get_clim() for ax in axes} == {(-80, 0)}
    loud, quiet = picture(axes[0])[0], picture(axes[1])[0]
    np.testing.assert_allclose(loud - quiet, 20, atol=0.01)
    assert max(picture(ax)[0].max() for ax in axes) == pytest.approx(0, abs=1e-4)


def test_side_by_side_mel_bands_mean_the_same_frequencies():
    axes = plotting.side_by_side([(sine(1000), RATE), (sine(1000, rate=8000), 8000)], n_mels=30)
    bands = [picture(ax)[0].max(axis=1).argmax() for ax in axes]
    assert bands[0] == bands[1]
    assert axes[0].get_yticks().tolist() == axes[1].get_yticks().tolist()


def test_side_by_side_draws_in_rows():
    axes = plotting.side_by_side([(NOISE, RATE)] * 5, columns=2)
    assert axes.shape == (5,)
    assert len(plt.get_fignums()) == 1
    axes[0].figure.canvas.draw()
    assert [bool(ax.get_ylabel()) for ax in axes] == [True, False, True, False, True]
    assert [bool(ax.get_xlabel()) for ax in axes] == [False, False, False, True, True]


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.waveform([], RATE), "samples"),
        (lambda: plotting.waveform(np.zeros((2, 100)), RATE), r"one channel.*to_mono"),
        (lambda: plotting.waveform(np.array([0, np.nan]), RATE), "NaN"),
        (lambda: plotting.waveform(NOISE, 0), "above 0 Hz"),
        (lambda: plotting.waveform(NOISE, float("nan")), "above 0 Hz"),
        (lambda: plotting.waveform(NOISE, "16k"), "a number above 0 Hz"),
        (lambda: plotting.spectrum(NOISE, RATE, dynamic_range=0), "dynamic_range"),
        (lambda: plotting.spectrogram(NOISE, RATE, reference=0), "reference"),
        (lambda: plotting.spectrogram(NOISE, RATE, window_length=0), "window_length"),
        (lambda: plotting.spectrogram(NOISE, RATE, window_length=25e-3), "window_length"),
        (lambda: plotting.spectrogram(NOISE, RATE, hop_length=True), "hop_length"),
        (lambda: plotting.mel_spectrogram(NOISE, RATE, n_mels=0), "n_mels"),
        (lambda: plotting.mel_spectrogram(NOISE, RATE, n_mels=400), "too many"),
        (lambda: plotting.mel_spectrogram(NOISE, RATE, fmax=9000), "fmax"),
        (lambda: plotting.mel_spectrogram(NOISE, RATE, fmin=500, fmax=400), "fmin"),
        (lambda: plotting.features(np.zeros((1, 4, 3))), r"\[0\]"),
        (lambda: plotting.features(np.full((4, 3), np.nan)), "NaN"),
        (lambda: plotting.features(np.zeros((4, 3)), seconds_per_frame=0), "seconds_per_frame"),
        (lambda: plotting.side_by_side([]), "at least one"),
        (lambda: plotting.side_by_side([NOISE]), "pair"),
        (lambda: plotting.side_by_side([(NOISE, RATE)], ["a", "b"]), "2 names for 1 clips"),
        (lambda: plotting.side_by_side([(NOISE, RATE), (NOISE, 0)]), "above 0 Hz"),
        (lambda: plotting.side_by_side([(NOISE, RATE)], n_mels=400), "too many"),
        (lambda: plotting.confusion_matrix([[1, 2]]), "square"),
        (lambda: plotting.confusion_matrix([[1, -2], [0, 1]]), "not negative"),
        (lambda: plotting.confusion_matrix([[1, 2], [0, 1]], ["a"]), "1 names for 2 classes"),
        (lambda: plotting.training_curves([]), "train first"),
        (lambda: plotting.training_curves(object()), "trainer.state.log_history"),
        (lambda: plotting.probabilities([]), "one clip"),
        (lambda: plotting.probabilities([[{"label": "a", "score": 1}]]), r"\[0\]"),
        (lambda: plotting.probabilities([{"label": "a", "score": 7}]), "from 0 to 1"),
    ],
)
def test_bad_input_is_explained_and_leaves_no_figure(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert not plt.get_fignums()
