"""Scores of generated speech: distortion, pitch, intelligibility, speaker similarity."""

import functools

import librosa
import numpy as np
import pandas as pd
import pyworld

from course_utils import audio, scoring

RATE = 22_050  # Sampling rate of the spectral analysis, in hertz.
PERIOD = 5.0  # Frame period of the spectral analysis, in milliseconds.
ORDER = 13  # Number of mel-cepstral coefficients besides the zeroth.
WARPING = 0.65  # All-pass constant that warps the frequency axis to a mel scale at RATE.
BINS = 512  # Size of the FFT, in samples.
LOWEST = 60  # Lowest fundamental frequency that is searched, in hertz.
HIGHEST = 500  # Highest fundamental frequency that is searched, in hertz.


def frame_pitch(samples, sampling_rate=16_000):
    """Return the fundamental frequency every 16 ms, by DIO and StoneMask of WORLD.

    DIO (Morise et al. 2009) also finds the pitch of low and creaky voices, where pYIN often does
    not. The result is float64, in hertz, NaN in unvoiced frames; for ``n`` mono samples at 16 kHz,
    its shape is ``(n // 256 + 1,)``.
    """
    samples = np.asarray(samples, np.float64)
    search = {"f0_floor": LOWEST, "f0_ceil": HIGHEST, "frame_period": 16.0}
    pitch, times = pyworld.dio(samples, sampling_rate, **search)
    pitch = pyworld.stonemask(samples, pitch, times, sampling_rate)
    return np.where(pitch > 0, pitch, np.nan)


def mel_cepstral_distortion(reference, generated, sampling_rate):
    """Return the mean distance, in decibels, of generated speech from a recording of its words.

    It is 0 for the same sound; 4 to 8 is usual for good speech by another model or voice.
    Silence at both ends is trimmed; the mel-cepstra are aligned by dynamic time warping. The
    distance of two frames is the Euclidean distance of their coefficients times 10 √2 / ln 10
    (Kubichek 1993). As in the package pymcd, it includes the zeroth coefficient, the loudness,
    which does not take part in the alignment.

    Parameters
    ----------
    reference, generated : numpy.ndarray
        Mono, shape ``(n,)`` and ``(m,)``, at least 50 ms, at `sampling_rate` in hertz.
    """
    first, second = (
        _mel_cepstra(_checked(samples, name, sampling_rate), sampling_rate)
        for name, samples in (("reference", reference), ("generated", generated))
    )
    _, path = librosa.sequence.dtw(first[:, 1:].T, second[:, 1:].T, metric="euclidean")
    distances = np.linalg.norm(first[path[:, 0]] - second[path[:, 1]], axis=1)
    return float(10 * np.sqrt(2) / np.log(10) * distances.mean())


def speech_report(
    systems, texts, sampling_rate, *, transcribe=None, embed=None, references=None, seconds=None
):
    """Return a table of scores of generated speech, one row for each system.

    Parameters
    ----------
    systems : dict of str to list of numpy.ndarray
        Clips of each system, one for each text: mono, shape ``(n,)``, at least 50 ms, at
        `sampling_rate` in hertz.
    texts : list of str
    transcribe : callable, optional
        Function from a list of clips to a list of recognised texts: adds ``wer`` and ``cer`` of
        the normalised texts (round trip: from text to speech to text).
    embed : callable, optional
        Function from samples to a speaker embedding. With `references`: adds ``similarity``, the
        cosine to the mean embedding of the references, averaged over the clips.
    references : list of numpy.ndarray, optional
        Recordings of the target speaker. If there is one for each text, with the same words: adds
        ``mcd``, the mel-cepstral distortion in decibels.
    seconds : dict of str to float, optional
        Computation time of each system: adds ``real_time_factor``, seconds of computation for a
        second of speech.

    Returns
    -------
    pandas.DataFrame
        Columns, besides those above: ``seconds``, the total duration; ``pitch``, the median
        fundamental frequency in hertz (:func:`frame_pitch`), and ``pitch_spread``, its standard
        deviation in semitones, both averaged over the clips with voice.
    """
    target = None
    if embed is not None and references:
        target = _unit(np.mean([_unit(embed(clip)) for clip in references], 0))
    wanted = [scoring.normalise_text(text) for text in texts]
    rows = {}
    for name, clips in systems.items():
        if len(clips) != len(texts):
            raise ValueError(f"{name!r} has {len(clips)} clips for {len(texts)} texts.")
        for clip in clips:
            _checked(clip, f"a clip of {name!r}", sampling_rate)
        row = rows[name] = {"seconds": sum(map(len, clips)) / sampling_rate}
        if transcribe is not None:
            recognised = [scoring.normalise_text(text) for text in transcribe(clips)]
            for metric in ("wer", "cer"):
                row |= scoring.load(metric).compute(references=wanted, predictions=recognised)
        if target is not None:
            row["similarity"] = np.mean([_unit(embed(clip)) @ target for clip in clips])
        if references is not None and len(references) == len(texts):
            pairs = zip(references, clips, strict=True)
            row["mcd"] = np.mean([mel_cepstral_distortion(*pair, sampling_rate) for pair in pairs])
        pitches = [frame_pitch(clip, sampling_rate) for clip in clips]
        voiced = [hertz[np.isfinite(hertz)] for hertz in pitches if np.isfinite(hertz).any()]
        row["pitch"] = np.mean([np.median(hertz) for hertz in voiced]) if voiced else np.nan
        spreads = [np.std(12 * np.log2(hertz)) for hertz in voiced]
        row["pitch_spread"] = np.mean(spreads) if voiced else np.nan
        if seconds is not None:
            row["real_time_factor"] = seconds[name] / row["seconds"]
    return pd.DataFrame.from_dict(rows, orient="index").round(3)


def _mel_cepstra(samples, sampling_rate):
    """Return mel-cepstra without the silence at both ends, shape ``(frames, ORDER + 1)``."""
    # WORLD (Morise et al. 2016) finds the spectral envelope, warped as in SPTK's mcep.
    samples = audio.resample(audio.trim_silence(samples, sampling_rate), sampling_rate, RATE)
    _, envelope, _ = pyworld.wav2world(
        samples.astype(np.float64), RATE, fft_size=BINS, frame_period=PERIOD
    )
    cepstra = np.fft.irfft(np.log(np.square(envelope) + 1e-8))[:, : BINS // 2 + 1]
    cepstra[:, [0, -1]] /= 2
    return cepstra @ _warping().T


@functools.cache
def _warping():
    """Return the matrix from cepstra to mel-cepstra, shape ``(ORDER + 1, BINS // 2 + 1)``."""
    # All-pass recursion of Oppenheim and Johnson (1972), SPTK's freqt, for all unit impulses.
    warped = np.zeros((ORDER + 1, BINS // 2 + 1))
    for impulse in np.eye(BINS // 2 + 1)[::-1]:
        before, warped = warped, np.empty_like(warped)
        warped[0] = impulse + WARPING * before[0]
        warped[1] = (1 - WARPING**2) * before[0] + WARPING * before[1]
        for n in range(2, ORDER + 1):
            warped[n] = before[n - 1] + WARPING * (before[n] - warped[n - 1])
    return warped


def _unit(vector):
    """Return a vector scaled to length 1."""
    return np.asarray(vector, np.float64) / max(np.linalg.norm(vector), 1e-9)


def _checked(samples, name, sampling_rate):
    """Return mono float32 samples long enough to analyse, or raise ValueError."""
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise ValueError(f"{name} has shape {samples.shape}: give one channel, shape (n,).")
    if len(samples) < 0.05 * sampling_rate:
        raise ValueError(f"{name} has {len(samples)} samples, less than 50 ms of speech.")
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds values that are not finite.")
    return samples
