"""Feature cache: features of many utterances with their texts and phones; batches from it."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain, count, islice

import numpy as np
import torch

from course_utils import audio
from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz
from foundry.speech.kokoro import token_ids
from foundry.speech.speech_features import simulate_recording

COPIES = 2
"""Number of augmented copies of each utterance, beside the original."""


class FeatureCache:
    """Concatenated features of utterances in half precision, with their token ids.

    Utterance ``n`` has the rows ``starts[n]`` to ``starts[n + 1]`` of ``features``, the same
    entries of ``phones`` (Kokoro's symbol id of each row, -100 if unknown) and the entries
    ``token_starts[n]`` to ``token_starts[n + 1]`` of ``tokens``.
    """

    PARTS = ("features", "phones", "starts", "tokens", "token_starts")

    def __init__(self, features, phones, starts, tokens, token_starts):
        self.features, self.phones, self.starts = features, phones, starts
        self.tokens, self.token_starts = tokens, token_starts

    @classmethod
    def of(cls, utterances):
        """Return the cache of an iterable of (features, phones, token ids), one an utterance."""
        features, phones, tokens = zip(*utterances, strict=True)
        return cls(
            torch.cat(features).half().numpy(),
            np.concatenate(phones).astype(np.int16),
            np.cumsum([0, *map(len, features)]),
            np.concatenate(tokens).astype(np.int16),
            np.cumsum([0, *map(len, tokens)]),
        )

    @classmethod
    def join(cls, caches):
        """Concatenate several caches."""
        caches = list(caches)
        return cls(
            np.concatenate([cache.features for cache in caches]),
            np.concatenate([cache.phones for cache in caches]),
            np.cumsum([0, *chain.from_iterable(cache.lengths() for cache in caches)]),
            np.concatenate([cache.tokens for cache in caches]),
            np.cumsum([0, *chain.from_iterable(np.diff(cache.token_starts) for cache in caches)]),
        )

    def save(self, path):
        """Write the cache to an ``npz`` file."""
        save_npz(path, **{name: getattr(self, name) for name in self.PARTS})

    @classmethod
    def load(cls, path):
        """Read a cache that :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as parts:
            return cls(*(parts[name] for name in cls.PARTS))

    def __len__(self):
        return len(self.starts) - 1

    def lengths(self):
        """Return the number of vectors of each utterance, int64."""
        return np.diff(self.starts)

    def select(self, rows):
        """Return the cache of the utterances with these numbers."""
        return FeatureCache.of(
            (
                torch.from_numpy(self._of(self.features, r)),
                self._of(self.phones, r),
                self._tokens(r),
            )
            for r in rows
        )

    def without_phones(self):
        """Return the cache with all phones unknown."""
        unknown = np.full_like(self.phones, -100)
        return FeatureCache(self.features, unknown, self.starts, self.tokens, self.token_starts)

    def _of(self, part, row):
        return part[self.starts[row] : self.starts[row + 1]]

    def _tokens(self, row):
        return self.tokens[self.token_starts[row] : self.token_starts[row + 1]]

    def batch(self, rows):
        """Return the padded features, lengths, token ids and phones of some utterances.

        Features are padded with 0, token ids and phones with -100.
        """
        features = [torch.from_numpy(self._of(self.features, r).astype(np.float32)) for r in rows]
        labels = [torch.from_numpy(self._tokens(r)) for r in rows]
        phones = [torch.from_numpy(self._of(self.phones, r)) for r in rows]
        pad = partial(torch.nn.utils.rnn.pad_sequence, batch_first=True)
        return (
            pad(features),
            torch.tensor([len(part) for part in features]),
            pad(labels, padding_value=-100).long(),
            pad(phones, padding_value=-100).long(),
        )


def batches(lengths, epoch, max_vectors):
    """Group utterances of similar length into batches of at most ``max_vectors`` with padding."""
    rng = np.random.default_rng(epoch)
    groups, group, longest = [], [], 0
    for row in np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths))).tolist():
        longest = max(longest, lengths[row])
        if group and longest * (len(group) + 1) > max_vectors:
            groups.append(group)
            group, longest = [], lengths[row]
        group.append(row)
    groups.append(group)
    rng.shuffle(groups)
    return groups


def schedule(lengths, steps, max_vectors):
    """Return the utterance numbers of every training step: epochs of `batches`."""
    epochs = (batches(lengths, epoch, max_vectors) for epoch in count())
    return list(islice(chain.from_iterable(epochs), steps))


def phones_per_frame(spoken, count):
    """Return the symbol that is spoken in each row of the features of an utterance.

    Parameters
    ----------
    spoken : dict or None
        ``phonemes`` and ``durations`` as `speech_data.render` writes them.
    count : int
        Number of rows, evenly spaced over the utterance, whatever its speed.

    Returns
    -------
    numpy.ndarray
        Kokoro's token ids, shape ``(count,)``: 0 in silence, -100 if ``spoken`` is None.
    """
    if spoken is None:
        return np.full(count, -100)
    ends = np.cumsum(spoken["durations"])
    middles = (np.arange(count) + 0.5) / count * ends[-1]
    return token_ids(spoken["phonemes"])[0][np.searchsorted(ends, middles)]


def trim_edges(rng, samples, spoken):
    """Trim the silence at both ends of an utterance to at most 0.1 s.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the remaining lengths.
    samples : numpy.ndarray
        Shape ``(n,)``.
    spoken : dict or None
        ``durations`` in units of 25 ms as `speech_data.render` writes them; None: trim nothing.

    Returns
    -------
    samples : numpy.ndarray
        The remaining samples.
    spoken : dict or None
        ``spoken`` with the remaining durations.
    """
    if spoken is None:
        return samples, None
    ends = np.cumsum(spoken["durations"])
    unit = len(samples) / ends[-1]
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max()) / unit
    first, last = loud[0] - rng.uniform(0, 4), loud[-1] + rng.uniform(0, 4)
    ends = np.clip(ends, max(first, 0), last) - max(first, 0)
    part = samples[round(max(first, 0) * unit) : round(last * unit)]
    return part, spoken | {"durations": np.diff(ends, prepend=0).tolist()}


def concatenated(rows, count, seed=0):
    """Draw groups of two or three utterances that are spoken in a row.

    Parameters
    ----------
    rows : list of (path, str, dict or None)
        Utterances, as for `cached_features`.
    count : int
        Number of groups.
    seed : int
        Random seed.

    Returns
    -------
    list of (list of path, str, None)
        Rows for `cached_features`, which inserts pauses.
    """
    rng = np.random.default_rng(seed)
    drawn = (rng.choice(len(rows), rng.integers(2, 4), replace=False) for _ in range(count))
    return [
        ([rows[n][0] for n in some], " ".join(rows[n][1] for n in some), None) for some in drawn
    ]


def join_clips(rng, clips):
    """Trim clips, mono at `RATE`, and join them by pauses of 0.2 to 1 s."""
    parts = []
    for clip in clips:
        pause = np.zeros(int(rng.uniform(0.2, 1.0) * RATE), np.float32)
        parts += [audio.trim_silence(clip, RATE), pause]
    return np.concatenate(parts[:-1])


def load_joined(rng, path):
    """Return the samples of a clip, or those of a list of clips joined by `join_clips`."""
    if isinstance(path, list):
        return join_clips(rng, [audio.load(one, RATE)[0] for one in path])
    return audio.load(path, RATE)[0]


def _compute(job):
    """Return the cache of some rows, the originals and their augmented copies."""
    rows, first, copies, augment, features_of, encode = job
    utterances = []
    for number, (path, text, spoken) in enumerate(rows, first):
        samples = load_joined(np.random.default_rng(number), path)
        for copy in range(1 + copies):
            rng = np.random.default_rng([number, copy])
            clip, timed = samples, spoken
            if copy and rng.uniform() < 0.5:
                clip, timed = trim_edges(rng, samples, spoken)
            features = features_of(augment(rng, clip) if copy else clip)
            utterances.append((features, phones_per_frame(timed, len(features)), encode(text)))
    return FeatureCache.of(utterances)


def cached_features(rows, features_of, encode, path, copies=COPIES, augment=simulate_recording):
    """Load the feature cache of utterances; compute and save it first if the file is missing.

    Parameters
    ----------
    rows : list of (path or list of path, str, dict or None)
        Clip or clips of an utterance, text, and phones as for `phones_per_frame`.
    features_of, encode : callable
        Functions from samples to features and from text to token ids; defined in a module, so
        that other processes can import them.
    path : pathlib.Path
        The ``npz`` file.
    copies : int
        Number of augmented copies of each utterance, beside the original.
    augment : callable
        Function from a generator and samples to augmented samples; defined in a module.

    Returns
    -------
    FeatureCache
    """
    jobs = [
        (rows[first : first + 100], first, copies, augment, features_of, encode)
        for first in range(0, len(rows), 100)
    ]
    return load_or_compute(_compute, jobs, path)


def load_or_compute(features_of_job, jobs, path):
    """Load a feature cache; if the file is missing, compute it in two processes and save it.

    Parameters
    ----------
    features_of_job : callable
        Function from a job to the cache of its utterances; defined in a module.
    jobs : list
        Jobs, one for each part of the cache.
    path : pathlib.Path
        The ``npz`` file.

    Returns
    -------
    FeatureCache
    """
    if not path.exists():
        FeatureCache.join(run_jobs(features_of_job, jobs)).save(path)
    return FeatureCache.load(path)


def run_jobs(function, jobs):
    """Return the list of ``function(job)``, computed in two processes; one job in this process."""
    if len(jobs) < 2:
        return [function(job) for job in jobs]
    with ProcessPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(function, jobs))
