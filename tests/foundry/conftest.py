import json
import shutil
from collections import Counter, namedtuple

import datasets
import numpy as np
import pytest
import torch

from course_utils import audio
from course_utils.formats import rttm
from foundry.music import genre_data
from foundry.recognition import new_speech, no_speech, recognition_scores
from foundry.sounds import sound_data, train_sounds
from foundry.speech import feature_cache
from foundry.speech.speech_plan import NAMES
from foundry.voices import train_speaker

RATE = 16_000
UNIT = 400  # samples of a unit of duration, 25 ms
Rendered = namedtuple("Rendered", "split shipped domain voice text")
Clip = namedtuple("Clip", "path speaker pitch samples")

RENDERED = [
    Rendered("train", False, "digits", "af_heart", "six"),
    Rendered("train", False, "digits", "am_adam", "seven"),
    Rendered("train", False, "home", "af_heart", "red light"),
    Rendered("train", False, "everyday", "af_heart", "blue sky"),
    Rendered("train", False, "phrasebook", "am_adam", "green tea"),
    Rendered("train", False, "everyday", "am_adam", "old map"),
    Rendered("train", False, "banking", "am_adam", "my card"),
    Rendered("train", False, "teller", "af_heart", "pay me"),
    Rendered("train", True, "home", "af_heart", "warm bath"),
    Rendered("voices", False, "everyday", "invented-0001", "dry sand"),
    Rendered("voices", False, "phrasebook", "invented-0001", "soft wind"),
    Rendered("validation", True, "home", "af_nova", "lost dog"),
    Rendered("validation", False, "everyday", "am_eric", "cold milk"),
    Rendered("test", True, "phrasebook", "am_liam", "last bus"),
    Rendered("test", False, "digits", "af_sarah", "bad luck"),
]
"""A plan in miniature; voices and sentences of the splits are disjoint, as in `speech_plan`."""


def pitch_of(number):
    """Return the fundamental frequency of a rendered clip in hertz, which no other clip has."""
    return 110 + 15 * number


def units_of(number):
    """Return the durations of a rendered clip in units of 25 ms; its length is its own, too."""
    return [2, 12, 10, 11, 12 + 2 * number, 2]


def buzz(pitch, count):
    """Return harmonics of a fundamental frequency, the lowest of which is the loudest."""
    time = np.arange(count) / RATE
    waves = [np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 9)]
    return 0.2 * np.sum(waves, 0).astype(np.float32)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """Return a cache with the clips of `RENDERED`, as `speech_data.render` writes it."""
    cache = tmp_path_factory.mktemp("cache")
    for number, row in enumerate(RENDERED):
        path = cache / "speech" / row.split / f"{row.split}-{number:05d}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        units = units_of(number)
        audio.save(path, buzz(pitch_of(number), sum(units) * UNIT), RATE)
        sex = "male" if row.voice[1] == "m" else "female"
        facts = {"split": row.split, "shipped": row.shipped, "domain": row.domain, "sex": sex}
        facts |= {"text": row.text, "speaker": row.voice, "accent": "us"}
        facts |= {"phonemes": "hɛlO", "durations": units, "seconds": sum(units) / 40}
        path.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
    return cache


@pytest.fixture
def shipped_speech(small_pocket, monkeypatch):
    """Let the foundry read the thinned ``speech``; return the folder of its Parquet files."""
    monkeypatch.setattr(recognition_scores, "POCKET", small_pocket)
    return small_pocket / "speech"


@pytest.fixture
def recogniser_texts(shipped_speech):
    """Return how often each text is to be learned by a recogniser, a ``Counter``."""
    table = datasets.Dataset.from_parquet(str(shipped_speech / "train.parquet"))
    own = [row for row in RENDERED if row.split == "train" and not row.shipped]
    rows = [(row.domain, row.text) for row in own]
    rows += zip(table["domain"][:], table["text"][:], strict=True)
    return Counter(text for domain, text in rows if domain not in ("banking", "teller"))


@pytest.fixture
def fsdd(tmp_path):
    """Return a folder with digits as the Free Spoken Digit Dataset names them.

    Each person says two digits that nobody else says: jackson 0 and 1, nicolas 2 and 3, theo 4 and
    5. So a word says who spoke it.
    """
    folder = tmp_path / "real" / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for digit, person in enumerate(np.repeat(["jackson", "nicolas", "theo"], 2)):
        audio.save(folder / f"{digit}_{person}_0.wav", buzz(100 + 20 * digit, 8_000), RATE)
    return tmp_path / "real"


@pytest.fixture
def esc10(tmp_path):
    """Return a folder with a noise of each of three classes in each fold, named as in ESC-10."""
    rng = np.random.default_rng(0)
    for name in ("dog_bark", "rain", "rooster"):
        (tmp_path / "esc10" / name).mkdir(parents=True)
        for fold in train_sounds.FOLDS:
            samples = 0.1 * rng.standard_normal(40_000).astype(np.float32)
            path = tmp_path / "esc10" / name / f"{fold}-1000{fold}-A.ogg"
            path.write_bytes(audio.encode(samples, 16_000, "ogg"))
    return tmp_path / "esc10"


@pytest.fixture
def learned_and_held_out(esc10, fsdd):
    """Add `esc10` to `fsdd`; return the clips that `no_speech` learns, and those of its score."""
    shutil.copytree(esc10, fsdd / "esc10")
    groups = [], []
    for path in sorted(esc10.glob("*/*.ogg")):
        group = groups[int(path.name[0]) == no_speech.HELD_OUT_FOLD]
        group.append(audio.load(path, RATE)[0])
    return groups


@pytest.fixture
def small_no_speech(shipped_speech, monkeypatch):
    """Let the last stage of the recognisers use few clips, in this process so that spies see it."""
    for name in ("SOUNDS_PER_CLASS", "MUSIC_PER_GENRE", "RECORDED_COPIES", "SPEECH_COPIES"):
        monkeypatch.setattr(no_speech, name, 1)
    for name in ("NOISE_CLIPS", "NOISE_TEST_CLIPS"):
        monkeypatch.setattr(no_speech, name, 3)
    monkeypatch.setitem(sound_data.SPLITS, "test", 1)
    monkeypatch.setitem(genre_data.CLIPS, "test", 1)
    monkeypatch.setattr(new_speech, "voices", lambda: np.eye(3, 128, dtype=np.float32))
    monkeypatch.setattr(feature_cache, "run_jobs", lambda function, jobs: list(map(function, jobs)))


@pytest.fixture
def learn_nothing():
    """Return a function that trains a recogniser on clips without a text.

    It returns their features and their labels.
    """

    def train(recogniser, width, steps):
        features, lengths = torch.randn(4, 60, width), torch.full((4,), 60)
        given = features, lengths, torch.zeros(4, 0, dtype=torch.long), torch.full((4, 60), -100)
        optimizer = torch.optim.Adam(recogniser.parameters(), 1e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            loss = recogniser.loss(*given)
            loss.backward()
            optimizer.step()
        assert torch.isfinite(loss)
        return features, given[2]

    return train


@pytest.fixture
def ami(fsdd):
    """Add more digits and a meeting of two people to `fsdd`, as AMI has them."""
    recordings = fsdd / "fsdd" / "recordings"
    for path in list(recordings.glob("*.wav")):
        for take in (1, 2):
            shutil.copy(path, recordings / path.name.replace("_0", f"_{take}"))
    folder = fsdd / "ami"
    folder.mkdir()
    audio.save(folder / "m1.wav", np.concatenate([buzz(120, 40_000), buzz(210, 40_000)]), RATE)
    parts = [("a", 0.0, 2.5), ("b", 2.5, 5.0)]
    turns = [{"speaker": name, "start": start, "end": end} for name, start, end in parts]
    rttm.save(folder / "ami.rttm", {"m1": turns})
    return fsdd


@pytest.fixture
def training_voices(shipped_speech):
    """Return how many utterances each training voice has, invented ones included, a ``Counter``.

    The shipped training utterances count once, as the shipped ones, not as the rendered ones.
    """
    own = [row for row in RENDERED if row.split in ("train", "voices") and not row.shipped]
    shipped = datasets.Dataset.from_parquet(str(shipped_speech / "train.parquet"))["speaker"][:]
    return Counter([NAMES.get(row.voice, row.voice) for row in own] + shipped)


@pytest.fixture(scope="session")
def rendered_training(rendered):
    """Return the clips of the training voices, invented ones included, of `rendered`."""
    return [
        Clip(
            rendered / "speech" / row.split / f"{row.split}-{number:05d}.flac",
            NAMES.get(row.voice, row.voice),
            pitch_of(number),
            sum(units_of(number)) * UNIT,
        )
        for number, row in enumerate(RENDERED)
        if row.split in ("train", "voices")
    ]


@pytest.fixture
def run_step(monkeypatch):
    """Return a function that runs a step of a training script as its command line does."""

    def run(script, step, **folders):
        given = [part for name, path in folders.items() for part in (f"--{name}", str(path))]
        monkeypatch.setattr("sys.argv", [script.__name__, step, *given])
        script.main()

    return run


@pytest.fixture
def tones(tmp_path, monkeypatch):
    """A cache of three utterances by two speakers, one invented, and no shipped ones: tones."""
    time = np.arange(24_000) / 16_000
    made = [("train", "low", 150), ("voices", "high", 400), ("train", "low", 160)]
    for number, (split, speaker, pitch) in enumerate(made):
        path = tmp_path / "speech" / split / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        audio.save(path, 0.3 * np.sin(2 * np.pi * pitch * time).astype(np.float32), 16_000)
        row = {"split": split, "speaker": speaker, "shipped": False}
        path.with_suffix(".json").write_text(json.dumps(row), encoding="utf-8")
    monkeypatch.setattr(train_speaker.recognition_scores, "shipped", lambda *names: [])
