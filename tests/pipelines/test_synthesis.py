"""Synthesisers of three architectures: the voice they take, and what they show of their speech."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    SpeechT5Config,
    SpeechT5FeatureExtractor,
    SpeechT5ForTextToSpeech,
    VitsConfig,
    VitsModel,
    pipeline,
)

from course_utils import catalog, pipelines

pipelines.register()


class Letters:
    """A tokenizer with a number for each letter."""

    def __call__(self, text, return_tensors=None):
        ids = torch.tensor([[ord(letter) - 96 for letter in text]])
        return Tokens(input_ids=ids, attention_mask=torch.ones_like(ids))

    def convert_ids_to_tokens(self, ids):
        return [chr(96 + int(number)) for number in ids]


class Tokens(dict):
    def to(self, device):
        return self


class Speak:
    """What `look_inside` uses of a pipeline."""

    def __init__(self, model, vocoder=None):
        self.model, self.vocoder, self.tokenizer = model.eval(), vocoder, Letters()


@pytest.fixture(scope="module")
def vits():
    torch.manual_seed(0)
    config = VitsConfig(
        hidden_size=16, num_hidden_layers=1, ffn_dim=32, flow_size=8, spectrogram_bins=17,
        upsample_initial_channel=32, duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1, prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1, resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),),
    )  # fmt: skip
    return VitsModel(config).eval()


@pytest.fixture(scope="module")
def speech_t5():
    torch.manual_seed(0)
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    sizes |= {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "hidden_size": 16}
    return SpeechT5ForTextToSpeech(SpeechT5Config(**sizes, speaker_embedding_dim=5)).eval()


@pytest.fixture(scope="module")
def fast_speech():
    vocoder = AutoModel.from_pretrained(catalog.model("vocoder"), dtype="float32").eval()
    return pipeline(
        "text-to-speech", model=catalog.model("synthesiser"), vocoder=vocoder, device="cpu"
    )


def test_each_architecture_gets_a_voice_under_its_own_name(vits, speech_t5, fast_speech):
    made = pipelines.voice_input(speech_t5, np.ones(5))
    assert list(made) == ["speaker_embeddings"]
    assert made["speaker_embeddings"].shape == (1, 5)
    assert made["speaker_embeddings"].dtype == torch.float32
    made = pipelines.voice_input(fast_speech.model, torch.ones(1, 128))
    assert list(made) == ["speaker_embedding"] and made["speaker_embedding"].shape == (1, 128)
    assert pipelines.voice_input(vits, np.ones(5)) == {}


def test_a_vector_of_another_speaker_encoder_is_refused(speech_t5):
    with pytest.raises(ValueError, match="has 512 numbers, and the synthesiser takes 5"):
        pipelines.voice_input(speech_t5, np.ones(512))


def test_fastspeech_shows_what_it_predicts(fast_speech):
    vector = np.ones(128) / np.sqrt(128)
    inside = pipelines.look_inside(fast_speech, "Can you hear me?", vector)
    voice = pipelines.voice_input(fast_speech.model, vector)
    said = fast_speech("Can you hear me?", forward_params=voice)["audio"]
    assert inside.durations.sum() == len(inside.mel)
    assert len(inside.symbols) == len(inside.durations) == len(inside.pitch)
    with torch.no_grad():
        assert np.allclose(fast_speech.vocoder(inside.mel).numpy(), said, atol=1e-4)
    assert inside.samples is None


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_vits_shows_its_waveform_and_how_long_each_letter_lasts(vits, rate):
    vits.speaking_rate = rate
    torch.manual_seed(7)
    inside = pipelines.look_inside(Speak(vits), "hello", None)
    torch.manual_seed(7)
    with torch.no_grad():
        said = vits(**Letters()("hello")).waveform[0].numpy()
    vits.speaking_rate = 1.0
    assert np.array_equal(inside.samples, said)
    assert inside.symbols == list("hello") and inside.pitch is None
    assert 256 * inside.durations.sum() == len(said)  # samples of a frame
    assert len(inside.mel) == inside.durations.sum() and inside.mel.shape[1] == 80
    assert not vits.duration_predictor._forward_hooks


def test_attention_becomes_durations(speech_t5, monkeypatch):
    attention = torch.rand(1, 4, 4, 3) * 0.1  # layers, heads, steps, tokens
    for step, token in enumerate((0, 0, 2, 1)):
        attention[:, :2, step, token] = 0.9  # the heads that are guided
    attention[:, 2:, :, 1] = 3.0  # the others look elsewhere
    given = {}

    def generate(ids, **options):
        given.update(options, ids=ids)
        return torch.zeros(8, 80), attention

    monkeypatch.setattr(speech_t5, "generate_speech", generate)
    inside = pipelines.look_inside(Speak(speech_t5, "vocoder"), "abc", np.ones(5))
    assert inside.durations.tolist() == [4, 2, 2]  # two frames a step
    assert given["ids"].tolist() == [[1, 2, 3]] and given["speaker_embeddings"].shape == (1, 5)
    assert inside.symbols == list("abc") and inside.pitch is None and inside.samples is None


def test_a_model_that_speaks_at_another_rate_is_refused(vits):
    vits.config.sampling_rate = 22_050
    try:
        with pytest.raises(ValueError, match="22050 Hz"):
            pipelines.look_inside(Speak(vits), "hello", None)
    finally:
        vits.config.sampling_rate = 16_000


def test_the_extractor_is_the_models_or_that_of_speecht5(vits, fast_speech):
    assert pipelines.mel_extractor(fast_speech).pitch_std == 0.4
    made = pipelines.mel_extractor(Speak(vits))
    assert type(made) is SpeechT5FeatureExtractor and made.sample_stride == 256
