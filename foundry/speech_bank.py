"""Banks: features of many utterances with their spellings, and the batches drawn from them."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain, count, islice

import numpy as np
import torch

from course_utils import audio, errors
from course_utils.simulation.augmentation import RATE
from foundry.kokoro import token_ids
from foundry.speech_features import record

RECORDINGS = 2
"""Recordings made of each studio utterance, besides itself."""


class Bank:
    """Features of utterances one after the other, in half precision, with their token ids.

    Utterance ``n`` has the rows ``starts[n]`` to ``starts[n + 1]`` of ``features``, the same
    entries of ``phones`` (Kokoro's symbol that is spoken in each row; -100 where unknown) and the
    entries ``token_starts[n]`` to ``token_starts[n + 1]`` of ``tokens``.
    """

    PARTS = ("features", "phones", "starts", "tokens", "token_starts")

    def __init__(self, features, phones, starts, tokens, token_starts):
        self.features, self.phones, self.starts = features, phones, starts
        self.tokens, self.token_starts = tokens, token_starts

    @classmethod
    def of(cls, utterances):
        """Make a bank of utterances: features, phones and token ids of each."""
        features, phones, tokens = zip(*utterances, strict=True)
        return cls(
            torch.cat(features).half().numpy(),
            np.concatenate(phones).astype(np.int16),
            np.cumsum([0, *map(len, features)]),
            np.concatenate(tokens).astype(np.int16),
            np.cumsum([0, *map(len, tokens)]),
        )

    @classmethod
    def join(cls, banks):
        """Put several banks one after the other."""
        banks = list(banks)
        return cls(
            np.concatenate([bank.features for bank in banks]),
            np.concatenate([bank.phones for bank in banks]),
            np.cumsum([0, *chain.from_iterable(bank.lengths() for bank in banks)]),
            np.concatenate([bank.tokens for bank in banks]),
            np.cumsum([0, *chain.from_iterable(np.diff(bank.token_starts) for bank in banks)]),
        )

    def save(self, path):
        """Write the bank as an ``npz`` file, whole or not at all."""
        with errors.replacing(path) as new, open(new, "wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in self.PARTS})

    @classmethod
    def load(cls, path):
        """Read a bank that :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as parts:
            return cls(*(parts[name] for name in cls.PARTS))

    def __len__(self):
        return len(self.starts) - 1

    def lengths(self):
        """Count the vectors of each utterance, int64."""
        return np.diff(self.starts)

    def select(self, rows):
        """Give the bank of some utterances."""
        return Bank.of(
            (
                torch.from_numpy(self._of(self.features, r)),
                self._of(self.phones, r),
                self._tokens(r),
            )
            for r in rows
        )

    def untimed(self):
        """Give the bank without its phones."""
        unknown = np.full_like(self.phones, -100)
        return Bank(self.features, unknown, self.starts, self.tokens, self.token_starts)

    def _of(self, part, row):
        return part[self.starts[row] : self.starts[row + 1]]

    def _tokens(self, row):
        return self.tokens[self.token_starts[row] : self.token_starts[row + 1]]

    def batch(self, rows):
        """Pad some utterances: features, their lengths, token ids and phones, with -100."""
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


def batches(lengths, epoch, most):
    """Group utterances of like length into batches of at most ``most`` padded vectors."""
    rng = np.random.default_rng(epoch)
    groups, group, longest = [], [], 0
    for row in np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths))).tolist():
        longest = max(longest, lengths[row])
        if group and longest * (len(group) + 1) > most:
            groups.append(group)
            group, longest = [], lengths[row]
        group.append(row)
    groups.append(group)
    rng.shuffle(groups)
    return groups


def schedule(lengths, steps, most):
    """List the rows of every training step: epoch after epoch of `batches`."""
    epochs = (batches(lengths, epoch, most) for epoch in count())
    return list(islice(chain.from_iterable(epochs), steps))


def phones_in(spoken, count):
    """Tell which symbol is spoken in each row of an utterance's features.

    Parameters
    ----------
    spoken : dict or None
        ``phonemes`` and ``durations`` of what `speech.render` wrote.
    count : int
        Rows, which share the utterance evenly, at whatever pace it is played.

    Returns
    -------
    numpy.ndarray
        Kokoro's token ids, 0 in silence, shape ``(count,)``; -100 where nothing is known.
    """
    if spoken is None:
        return np.full(count, -100)
    ends = np.cumsum(spoken["durations"])
    middles = (np.arange(count) + 0.5) / count * ends[-1]
    return token_ids(spoken["phonemes"])[0][np.searchsorted(ends, middles)]


def tighten(rng, samples, spoken):
    """Cut the silence around an utterance down to a tenth of a second or less.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides what is left.
    samples : numpy.ndarray
        Shape ``(n,)``.
    spoken : dict or None
        ``durations`` of what `speech.render` wrote, in units of 25 ms.

    Returns
    -------
    numpy.ndarray
        A part of the samples.
    dict or None
        ``spoken`` with the durations of that part.
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


def in_a_row(rows, count, seed=0):
    """Draw recordings of two or three utterances one after the other.

    Parameters
    ----------
    rows : list of (path, str, dict or None)
        As for `bank_of`.
    count : int
        How many to draw.
    seed : int
        Fixes the draw.

    Returns
    -------
    list of (list of path, str, None)
        The same for `bank_of`, which puts pauses between them.
    """
    rng = np.random.default_rng(seed)
    drawn = (rng.choice(len(rows), rng.integers(2, 4), replace=False) for _ in range(count))
    return [
        ([rows[n][0] for n in some], " ".join(rows[n][1] for n in some), None) for some in drawn
    ]


def _samples(rng, path):
    """Load a recording, or several with pauses of 0.2 to 1 s between them."""
    if not isinstance(path, list):
        return audio.load(path, RATE)[0]
    parts = []
    for one in path:
        pause = np.zeros(int(rng.uniform(0.2, 1.0) * RATE), np.float32)
        parts += [audio.trim_silence(audio.load(one, RATE)[0], RATE), pause]
    return np.concatenate(parts[:-1])


def _compute(job):
    """Compute the bank of some rows, as they are and as recordings."""
    rows, first, copies, change, features_of, encode = job
    torch.set_num_threads(1)
    utterances = []
    for number, (path, text, spoken) in enumerate(rows, first):
        samples = _samples(np.random.default_rng(number), path)
        for copy in range(1 + copies):
            rng = np.random.default_rng([number, copy])
            heard, timed = samples, spoken
            if copy and rng.uniform() < 0.5:
                heard, timed = tighten(rng, samples, spoken)
            features = features_of(change(rng, heard) if copy else heard)
            utterances.append((features, phones_in(timed, len(features)), encode(text)))
    return Bank.of(utterances)


def bank_of(rows, features_of, encode, path, copies=RECORDINGS, change=record):
    """Load a bank, computing and saving it first where it is missing.

    Parameters
    ----------
    rows : list of (path or list of path, str, dict or None)
        Recordings, what is said in them, and what `phones_in` takes.
    features_of, encode : callable
        Functions of a module: samples to features, text to token ids.
    path : pathlib.Path
        The ``npz`` file.
    copies : int
        Recordings made of each utterance, besides itself.
    change : callable
        Function of a module that makes one, from a generator and samples.

    Returns
    -------
    Bank
    """
    jobs = [
        (rows[first : first + 100], first, copies, change, features_of, encode)
        for first in range(0, len(rows), 100)
    ]
    return compute(_compute, jobs, path)


def compute(bank_of_job, jobs, path):
    """Load a bank; where it is missing, compute its parts in two processes and save it first.

    Parameters
    ----------
    bank_of_job : callable
        Function of a module: a job to the bank of its utterances.
    jobs : list
        One for each part.
    path : pathlib.Path
        The ``npz`` file.

    Returns
    -------
    Bank
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Bank.join(run_jobs(bank_of_job, jobs)).save(path)
    return Bank.load(path)


def run_jobs(function, jobs):
    """Call a function of a module on each job, in two processes; list what it returns."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(function, jobs))
