"""A small model and a few sounds, to train and to answer with in seconds."""

import pytest
from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForAudioClassification

from course_utils import catalog, data


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The pocket classifier, but small."""
    folder, source = tmp_path_factory.mktemp("small"), catalog.model("sound-classifier")
    config = AutoConfig.from_pretrained(source)
    config.hidden_size, config.num_hidden_layers, config.num_attention_heads = 8, 1, 1
    config.intermediate_size = 8
    AutoModelForAudioClassification.from_config(config).save_pretrained(folder)
    AutoFeatureExtractor.from_pretrained(source).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """Four clips of two classes, a folder for each."""
    folder, rows = tmp_path_factory.mktemp("sounds"), data.load("sounds", "train")
    names = rows.features["label"].names
    for place, row in enumerate(rows.select([0, 1, len(rows) - 2, len(rows) - 1])):
        own = folder / names[row["label"]]
        own.mkdir(exist_ok=True)
        (own / f"{place}.ogg").write_bytes(row["audio"]["bytes"])
    return folder
