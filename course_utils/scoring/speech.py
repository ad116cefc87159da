"""Scores of generated speech: how far it is from a recording, where its pitch lies."""

import functools

import librosa
import numpy as np
import pyworld

from course_utils import audio

RATE, PERIOD = 22_050, 5.0
"""Sampling rate, in hertz, and frame period, in milliseconds, of the analysis by WORLD."""

ORDER, WARPING, BINS = 13, 0.65, 512
"""Mel-cepstral coefficients besides the zeroth; warping of the frequency axis; size of the FFT."""

DECIBELS = 10 * np.sqrt(2) / np.log(10)


def mel_cepstra(samples, sampling_rate):
    """Describe the spectral envelope of speech by mel-cepstral coefficients.

    WORLD (Morise et al. 2016) estimates the envelope every 5 ms; its cepstrum is warped to a mel
    scale by the all-pass recursion of Oppenheim and Johnson (1972), as SPTK's ``mcep`` does it.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(frames, 14)``, the zeroth one first.
    """
    samples = audio.resample(np.asarray(samples, np.float32), sampling_rate, RATE)
    _, envelope, _ = pyworld.wav2world(
        samples.astype(np.float64), RATE, fft_size=BINS, frame_period=PERIOD
    )
    cepstra = np.fft.irfft(np.log(np.square(envelope) + 1e-8))[:, : BINS // 2 + 1]
    cepstra[:, [0, -1]] /= 2
    return cepstra @ _warping().T


@functools.cache
def _warping():
    """Give the matrix from cepstra to mel-cepstra: shape ``(ORDER + 1, BINS // 2 + 1)``."""
    warped = np.zeros((ORDER + 1, BINS // 2 + 1))
    # The recursion of SPTK's freqt, for all unit impulses at once: the last cepstrum comes first.
    for impulse in np.eye(BINS // 2 + 1)[::-1]:
        before, warped = warped, np.empty_like(warped)
        warped[0] = impulse + WARPING * before[0]
        warped[1] = (1 - WARPING**2) * before[0] + WARPING * before[1]
        for n in range(2, ORDER + 1):
            warped[n] = before[n - 1] + WARPING * (before[n] - warped[n - 1])
    return warped


def mel_cepstral_distortion(reference, generated, sampling_rate):
    """Measure how far generated speech is from a recording of the same words.

    Without the silence at their ends, both become mel-cepstra (:func:`mel_cepstra`) and are aligned
    by dynamic time warping. The distance of two frames is the root of the sum of squared
    differences of their coefficients, times 10 / ln 10 times the root of 2, in decibels (Kubichek
    1993). As in the package pymcd, the sum includes the zeroth coefficient, the loudness, which
    does not take part in the alignment.

    Parameters
    ----------
    reference, generated : numpy.ndarray
        Mono, shape ``(n,)`` and ``(m,)``.
    sampling_rate : int
        Of both, in hertz.

    Returns
    -------
    float
        Mean over the aligned pairs, in decibels: 0 for the same sound; 4 to 8 is usual for good
        speech by another model or voice.

    Raises
    ------
    ValueError
        If one of them is shorter than 50 ms or not finite.
    """
    sides = {"reference": reference, "generated": generated}
    first, second = (
        mel_cepstra(
            audio.trim_silence(_speech(samples, name, sampling_rate), sampling_rate), sampling_rate
        )
        for name, samples in sides.items()
    )
    _, path = librosa.sequence.dtw(first[:, 1:].T, second[:, 1:].T, metric="euclidean")
    apart = first[path[:, 0]] - second[path[:, 1]]
    return float(DECIBELS * np.linalg.norm(apart, axis=1).mean())


def pitch(samples, sampling_rate):
    """Estimate the fundamental frequency with pYIN (Mauch and Dixon 2014).

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.

    Returns
    -------
    dict
        ``hertz``: float64, one a frame of 16 ms, NaN where nothing is voiced. ``median`` in hertz;
        ``spread``, the standard deviation in semitones; ``voiced``, the share of the frames. The
        first two are NaN without any voice.

    Raises
    ------
    ValueError
        If the samples are shorter than 50 ms or not finite.
    """
    samples = _speech(samples, "samples", sampling_rate)
    hop = round(0.016 * sampling_rate)
    hertz, _, _ = librosa.pyin(
        samples, fmin=60, fmax=500, sr=sampling_rate, frame_length=4 * hop, hop_length=hop
    )
    heard = hertz[np.isfinite(hertz)]
    return {
        "hertz": hertz,
        "median": float(np.median(heard)) if len(heard) else float("nan"),
        "spread": float(np.std(12 * np.log2(heard))) if len(heard) else float("nan"),
        "voiced": len(heard) / len(hertz),
    }


def speech_report(
    systems, texts, sampling_rate, *, transcribe=None, embed=None, references=None, seconds=None
):
    """Tabulate what can be measured of generated speech, a row for each system.

    Parameters
    ----------
    systems : dict of str to list of numpy.ndarray
        What each system made of the texts: mono, shape ``(n,)``.
    texts : list of str
        What is said in each clip.
    sampling_rate : int
        Of all clips, in hertz.
    transcribe : callable, optional
        From a list of clips to what a recogniser understands: adds ``wer`` and ``cer``, of
        normalised texts (round trip: from text to speech to text).
    embed : callable, optional
        From samples to a vector of the voice. With `references`: adds ``similarity``, the cosine
        to their mean vector, averaged over the clips.
    references : list of numpy.ndarray, optional
        Recordings of the voice that was wanted. As many as texts, and of the same words: adds
        ``mcd`` (:func:`mel_cepstral_distortion`, in decibels).
    seconds : dict of str to float, optional
        How long each system computed: adds ``real_time_factor``, seconds of computing for a second
        of speech.

    Returns
    -------
    pandas.DataFrame
        A row for each system; besides the columns above ``seconds``, how long the clips are
        together, and of their fundamental frequency (:func:`pitch`) the mean over the clips of
        ``pitch``, the median in hertz, and ``pitch_spread`` in semitones.

    Raises
    ------
    ValueError
        If a system has not one clip for each text, or a clip cannot be analysed.
    """
    import pandas as pd

    from course_utils.scoring import load
    from course_utils.scoring.transcription import normalise_text

    unit = None
    if embed is not None and references:
        unit = _unit(np.mean([_unit(embed(clip)) for clip in references], 0))
    said = [normalise_text(text) for text in texts]
    rows = {}
    for name, clips in systems.items():
        if len(clips) != len(texts):
            raise ValueError(f"{name!r} has {len(clips)} clips for {len(texts)} texts.")
        length = sum(map(len, clips)) / sampling_rate
        row = rows[name] = {"seconds": length}
        if transcribe is not None:
            heard = [normalise_text(text) for text in transcribe(clips)]
            for metric in ("wer", "cer"):
                row |= load(metric).compute(references=said, predictions=heard)
        if unit is not None:
            row["similarity"] = float(np.mean([_unit(embed(clip)) @ unit for clip in clips]))
        if references is not None and len(references) == len(texts):
            pairs = zip(references, clips, strict=True)
            apart = [mel_cepstral_distortion(*pair, sampling_rate) for pair in pairs]
            row["mcd"] = float(np.mean(apart))
        heights = [pitch(clip, sampling_rate) for clip in clips]
        row["pitch"] = float(np.nanmean([height["median"] for height in heights]))
        row["pitch_spread"] = float(np.nanmean([height["spread"] for height in heights]))
        if seconds is not None:
            row["real_time_factor"] = seconds[name] / length
    return pd.DataFrame.from_dict(rows, orient="index").round(3)


def _unit(vector):
    """Scale a vector to length 1."""
    return np.asarray(vector, np.float64) / max(np.linalg.norm(vector), 1e-9)


def _speech(samples, name, sampling_rate):
    """Return mono float32 samples long enough to analyse, or raise ValueError."""
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise ValueError(f"{name} has shape {samples.shape}: give one channel, shape (n,).")
    if len(samples) < 0.05 * sampling_rate:
        raise ValueError(f"{name} has {len(samples)} samples, less than 50 ms of speech.")
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds values that are not finite.")
    return samples
