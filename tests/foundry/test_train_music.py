"""The training of pocket-music: its prompts, the delay of its tokens, and its scores."""

import io

import datasets
import librosa
import numpy as np
import pytest
import soundfile
import torch
from transformers import (
    ASTForAudioClassification,
    AutoFeatureExtractor,
    MusicgenDecoderConfig,
    MusicgenForCausalLM,
    MusicgenForConditionalGeneration,
)

from course_utils import audio, finetuning
from course_utils.catalog import POCKET
from course_utils.finetuning.recipes.classification import Classification
from course_utils.pipelines import SpectralCodec, SpectralCodecConfig
from foundry.music import genre_data, music_prompts, music_scores, train_music

RATE = 16_000
CLIP = {"genre": "waltz", "tempo": 92.0, "key": "C#", "mode": "minor", "drums": ""}


@pytest.fixture(scope="module")
def codec():
    return SpectralCodec(SpectralCodecConfig(num_quantizers=3, codebook_size=16))


def test_the_delay_is_the_one_that_musicgen_generates_with(codec):
    tokens = torch.randint(16, (2, 7, 3), generator=torch.Generator().manual_seed(0))
    labels = train_music.delay_codebooks(tokens, 16)
    assert labels.shape == (2, 9, 3)
    decoder = MusicgenForCausalLM(
        MusicgenDecoderConfig(
            vocab_size=16, num_codebooks=3, hidden_size=8, ffn_dim=8, num_hidden_layers=1,
            num_attention_heads=1, pad_token_id=16, bos_token_id=16,
        )
    )  # fmt: skip
    start = torch.full((6, 1), 16)
    prompt = torch.cat([start, tokens.transpose(1, 2).reshape(6, 7)], 1)
    _, pattern = decoder.build_delay_pattern_mask(prompt, 16, max_length=10)
    pattern = pattern.reshape(2, 3, 10)
    # Its first column is the start token, its last codebook's tokens end with the last column.
    assert torch.equal(labels.transpose(1, 2), pattern[:, :, 1:])


def test_the_loss_counts_tokens_only_and_falls(codec):
    model = train_music.new_model(codec)
    assert model.generation_config.max_new_tokens == 125 + 2
    tokens = torch.randint(16, (4, 10, 3), generator=torch.Generator().manual_seed(0))
    told = music_prompts.new_tokenizer()(["rock"] * 4, return_tensors="pt")
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    losses = []
    for _ in range(25):
        loss = model(**told, labels=train_music.delay_codebooks(tokens, 16)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(16), rel=0.15)  # a guess among sixteen
    assert losses[-1] < 0.8 * losses[0]


def test_without_its_prompt_the_model_hears_nothing_of_it(codec):
    model = train_music.new_model(codec).eval()
    tokens = torch.zeros(1, 12, 3, dtype=torch.long)
    tokenizer = music_prompts.new_tokenizer()
    told = [tokenizer(text, return_tensors="pt") for text in ("slow waltz", "fast rock")]
    hidden = [torch.zeros_like(one["attention_mask"]) for one in told]
    with torch.no_grad():
        heard = [model(**one, labels=tokens).logits for one in told]
        deaf = [
            model(input_ids=one["input_ids"], attention_mask=mask, labels=tokens).logits
            for one, mask in zip(told, hidden, strict=True)
        ]
    assert not torch.allclose(*heard) and torch.allclose(*deaf)


def test_one_genre_is_kept_for_the_lesson():
    assert set(train_music.TRAINED_GENRES) | {train_music.HELD_OUT_GENRE} == set(genre_data.GENRES)
    assert train_music.HELD_OUT_GENRE not in train_music.TRAINED_GENRES


def test_prompts_say_what_is_played_in_words_that_the_tokenizer_knows():
    tokenizer = music_prompts.new_tokenizer()
    rng = np.random.default_rng(0)
    texts = set()
    for number in range(200):
        genre = genre_data.GENRES[number % len(genre_data.GENRES)]
        _, parameters = genre_data.example(genre, "validation", number) if number < 7 else (0, {})
        parameters = parameters or CLIP | {"genre": genre, "instrument": "electric_piano"}
        text = music_prompts.prompt_of(parameters, rng)
        assert genre in text
        assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"], text
        texts.add(text)
    assert len(texts) > 60
    assert tokenizer.unk_token_id in tokenizer("gloomy waltz")["input_ids"]


def test_parameters_become_words():
    words = music_prompts.words_of(CLIP | {"instrument": "music_box"})
    assert words == {
        "genre": "waltz", "pace": "slow", "beats": "90", "key": "c sharp", "mode": "minor",
        "instrument": "music box", "drums": "no drums",
    }  # fmt: skip
    assert music_prompts.words_of(CLIP | {"tempo": 150, "instrument": "x"})["pace"] == "fast"


def test_clips_have_their_nominal_length():
    for count in (RATE, 6 * RATE):
        file = io.BytesIO()
        soundfile.write(file, np.full(count, 0.1), RATE, format="WAV")
        assert len(train_music.exact_length(file.getvalue())) == 5 * RATE


def test_a_tempo_counts_at_its_double_but_not_beside_it():
    clicks = np.zeros(8 * RATE, np.float32)
    clicks[:: RATE // 2] = 1.0  # 120 a minute
    assert music_scores.tempo_fits(clicks, 120) and music_scores.tempo_fits(clicks, 60)
    assert not music_scores.tempo_fits(clicks, 101)


@pytest.mark.parametrize("ratio", [1, 1 / 2, 2, 2 / 3, 3 / 2])
def test_a_tempo_may_be_8_percent_off(ratio):
    clicks = np.zeros(8 * RATE, np.float32)
    clicks[:: RATE // 2] = 1.0
    found = float(librosa.feature.tempo(y=clicks, sr=RATE)[0])
    for error, fits in ((0.075, True), (0.085, False)):
        for sign in (-1, 1):
            assert music_scores.tempo_fits(clicks, found / ratio / (1 + sign * error)) is fits


@pytest.mark.parametrize(("third", "mode"), [(4, "major"), (3, "minor")])
def test_a_chord_tells_its_mode(third, mode):
    time = np.arange(3 * RATE) / RATE
    notes = [261.63 * 2 ** (n / 12) for n in (0, third, 7, 12, 12 + third, 19)]
    assert music_scores.mode_of(sum(np.sin(2 * np.pi * f * time) for f in notes)) == mode


def test_a_share_comes_with_wilsons_interval():
    one = music_scores.share([True] * 9 + [False])
    assert one["share"] == 0.9 and one["n"] == 10
    # Wilson, by hand: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert (one["low"], one["high"]) == pytest.approx((0.5958, 0.9821), abs=1e-3)


@pytest.fixture
def few_clips(small_pocket, monkeypatch):
    """Let the foundry read one clip of each genre; return a function from a split to its clips."""
    monkeypatch.setattr(music_scores, "POCKET", small_pocket)

    def clips_of(split):
        table = datasets.Dataset.from_parquet(str(small_pocket / "genres" / f"{split}.parquet"))
        names = table.features["label"].names
        return {names[row["label"]]: audio.load(row["audio"], RATE)[0] for row in table}

    return clips_of


def test_it_learns_the_training_clips_but_none_of_the_genre_of_lesson_10(
    few_clips, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setitem(train_music.TRAIN, "steps", 2)
    folders = {"work": tmp_path / "work", "out": tmp_path / "pocket-music"}
    run_step(train_music, "codec", **folders)
    codec = SpectralCodec.from_pretrained(tmp_path / "work" / "codec")
    genres = {}
    for genre, samples in few_clips("train").items():
        clip = torch.tensor(np.pad(samples, (0, RATE))[: 5 * RATE])
        genres[codec.encode(clip[None, None]).audio_codes.numpy().tobytes()] = genre
    batches = spy(MusicgenForConditionalGeneration, "forward")
    run_step(train_music, "export", **folders)
    assert len(batches) == 2
    tokenizer, heard = music_prompts.new_tokenizer(), set()
    for batch in batches:
        books = batch.named["labels"].shape[2]
        for prompt, labels in zip(batch.named["input_ids"], batch.named["labels"], strict=True):
            frames = len(labels) - books + 1
            tokens = torch.stack([labels[n : n + frames, n] for n in range(books)])
            genre = genres[tokens[None, None].numpy().tobytes()]
            assert genre in tokenizer.decode(prompt).split()
            heard.add(genre)
    assert heard == set(genre_data.GENRES) - {"chiptune"}
    made = MusicgenForConditionalGeneration.from_pretrained(folders["out"])
    assert made.generation_config.guidance_scale == train_music.GUIDANCE


def test_the_genre_classifier_learns_masked_training_clips_and_no_others(
    few_clips, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setitem(Classification.pocket, "num_train_epochs", 1)
    extractor = AutoFeatureExtractor.from_pretrained(POCKET / "pocket-sounds")
    inputs, length = {}, {"padding": "max_length", "truncation": True, "max_length": 5 * RATE}
    for genre, samples in few_clips("train").items():
        made = extractor(samples, sampling_rate=RATE, return_tensors="pt", **length)
        inputs[made["input_values"].numpy().tobytes()] = genre_data.GENRES.index(genre)
    augmented = spy(finetuning, "shift_and_mask")
    batches = spy(ASTForAudioClassification, "forward")
    out = tmp_path / "pocket-genres"
    run_step(train_music, "judge", work=tmp_path, out=out)
    (before,), (batch, *_) = augmented, batches
    labels = [inputs.pop(clip.numpy().tobytes()) for clip in before.given[0]]
    assert not inputs and labels == batch.named["labels"].tolist()
    assert torch.equal(batch.named["input_values"], before.result)
    run_step(train_music, "judge", work=tmp_path, out=out)
    assert len(augmented) == 1  # a finished classifier is scored, not trained again
    assert "accuracy" in (out / "results.json").read_text(encoding="utf-8")
