"""Rows from which nothing can be learned or scored: each is counted, with the reason."""

import json

import datasets
import numpy as np
import pytest
import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

from course_utils import audio, catalog, data
from course_utils.finetuning import inference, recipes, sources, training
from course_utils.finetuning.recipes import RecipeError

RATE = 16_000


def recipe_for(task, name, rows=None):
    recipe = recipes.find(task)(catalog.model(name))
    if rows is not None:
        recipe.begin(rows)
    return recipe


def clip(seconds=2.0):
    rng = np.random.default_rng(0)
    return audio.encode(0.1 * rng.standard_normal(round(seconds * RATE)).astype(np.float32), RATE)


def row(name, seconds=2.0, **more):
    return {"audio": {"bytes": clip(seconds), "path": name}, "file_name": name, **more}


def test_a_line_says_how_many_rows_were_left_out_and_why(capsys):
    rows = [row("good.wav", text="one two"), row("silent.wav", text=None)]
    rows += [row("long.wav", 8.0, text="one"), row("longer.wav", 9.0, text="one")]
    rows += [row("tiny.wav", 0.005, text="one")]
    made = training._examples(recipe_for("asr", "recogniser"), rows, "d, training")
    assert len(made) == 1
    assert capsys.readouterr().out == (
        "d, training: 4 of 5 rows are left out: 1 without a text (silent.wav); "
        "2 longer than the 7 s that the model hears at once (long.wav, longer.wav); "
        "1 that cannot be used (tiny.wav: lasts 5.0 ms, and a model needs 25 ms; remove it)\n"
    )
    with pytest.raises(RecipeError, match=r"4 of 4 rows .* nothing is left to learn from"):
        training._examples(recipe_for("asr", "recogniser"), rows[1:], "d, training")


def test_a_stream_warns_of_what_it_leaves_out():
    given = [row("good.wav", text="one two"), row("long.wav", 8.0, text="one")]
    stream = datasets.IterableDataset.from_generator(lambda: iter(given))
    stream = stream.cast(
        datasets.Features(
            audio={"bytes": datasets.Value("binary"), "path": datasets.Value("string")},
            file_name=datasets.Value("string"),
            text=datasets.Value("string"),
        )
    )
    rows = training._stream(recipe_for("asr", "recogniser"), stream, 1)
    with pytest.warns(UserWarning, match=r"^left out, longer than the 7 s .*: long\.wav$"):
        (example,) = rows
    assert {"input_features", "labels"} <= set(example)


def test_a_ctc_model_is_not_taught_letters_that_it_lacks_nor_texts_that_do_not_fit(capsys):
    texts = ["one two", "Grüße aus Köln", "привіт", "ring 112", "far too long " * 20]
    rows = [row(f"{n}.wav", text=text) for n, text in enumerate(texts)]
    recipe = recipe_for("asr", "ctc-recogniser")
    assert len(training._examples(recipe, rows)) == 1
    said = capsys.readouterr().out
    assert (
        "3 with characters that the model does not have (ü, ß, ö, п, р, и, в, і, т, 1, 2)" in said
    )
    assert "1 with a text that is too long for its clip or the model (4.wav)" in said


@pytest.mark.parametrize(("text", "fits"), [("ABAB", True), ("AABB", False), ("ABABA", False)])
def test_a_text_that_just_fits_and_a_vocabulary_of_capitals(text, fits, tmp_path):
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"AB"]
    vocabulary = {token: number for number, token in enumerate(letters)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"))
    Wav2Vec2Processor(Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(tmp_path)
    config = Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, conv_dim=(8, 8), conv_kernel=(10, 4), conv_stride=(400, 4),
        num_feat_extract_layers=2, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    model = Wav2Vec2ForCTC(config).eval()
    model.save_pretrained(tmp_path)
    samples = np.random.default_rng(0).standard_normal(6_500).astype(np.float32)
    assert model(torch.tensor(samples)[None]).logits.shape[1] == 4  # frames
    recipe = recipes.find("asr")(str(tmp_path))
    given = {"samples": samples, "text": text.lower()}
    if fits:
        (example,) = recipe.examples(given)
        assert example["labels"] == [vocabulary[letter] for letter in text]
        return
    with pytest.raises(recipes.LeftOut, match="too long for its clip"):
        list(recipe.examples(given))


def test_numbers_are_spoken_and_what_cannot_be_read_is_named(capsys):
    rows = datasets.Dataset.from_list(
        [
            row("0.wav", text="it is 25 past 3"),
            row("1.wav", text="Zoë met José"),
            row("2.wav", 0.005, text="hi"),
            row("3.wav", text=None),
            row("4.wav", 0.1, text="far too long for a tenth of a second " * 5),
        ]
    ).cast_column("audio", datasets.Audio(decode=False))
    recipe = recipe_for("tts", "synthesiser", rows)
    (example,) = training._examples(recipe, rows)
    words = recipe.tokenizer("it is twenty-five past three").input_ids
    assert example["input_ids"].tolist() == words
    said = capsys.readouterr().out
    assert "learned as words (texts: 1), such as it is twenty-five past three\n" in said
    assert "1 with characters that cannot be read aloud (ë, é)" in said
    assert "1 that cannot be used (2.wav: lasts 5.0 ms" in said and "(3.wav)" in said
    assert "1 with a text that is too long for its clip (4.wav)" in said
    assert recipe.reference({"text": "room 104"}) == "room one hundred and four"


# ------------------------------------------------------------------------------ labels


def shards(folder, labels, kind, split="train"):
    folder.mkdir(exist_ok=True)
    rows = [{"audio": {"bytes": clip(), "path": f"{n}.wav"}, "label": label}
            for n, label in enumerate(labels)]  # fmt: skip
    made = datasets.Dataset.from_list(rows).cast_column("label", kind)
    made.to_parquet(folder / f"{split}.parquet")
    return str(folder)


@pytest.mark.parametrize("hidden", [-1, None])
def test_rows_that_are_not_labelled_are_neither_scored_nor_learned(hidden, tmp_path, capsys):
    kind = datasets.ClassLabel(names=["high", "low"])
    folder = shards(tmp_path / "d", [0, hidden, 1, hidden], kind)
    labels = [row["label"] for row in sources.answering("classification", folder)]
    assert labels == ["high", None, "low", None]
    rows = data.load_parquet(tmp_path / "d" / "train.parquet")
    made = training._examples(recipe_for("classification", "classifier-base", rows), rows)
    assert [example["labels"] for example in made] == [0, 1]
    assert "2 of 4 rows are left out: 2 without a label (row 2, row 4)" in capsys.readouterr().out


def test_labels_in_shards_are_names(tmp_path, monkeypatch):
    # datasets waits 5 s whenever a stream of several shards ends.
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)
    folder = shards(tmp_path / "names", ["low", "high", None], datasets.Value("string"))
    rows = sources.answering("classification", folder)
    assert [row["label"] for row in rows] == ["low", "high", None]
    stream, _ = sources.training("classification", folder, streaming=True)
    assert stream.features["label"].names == ["high", "low"]
    assert {row["label"] for row, _ in zip(stream, range(9), strict=False)} <= {0, 1, None}
    folder = shards(tmp_path / "numbers", [0, 1], datasets.Value("int64"))
    for act in (sources.training, sources.answering):
        with pytest.raises(RecipeError, match=r"'label' holds int64.*store the names"):
            act("classification", folder)


def test_labels_that_the_model_does_not_have(tmp_path, write_wav, sine, capsys):
    for name in ("Dog", "Cat"):
        write_wav(tmp_path / "d" / name / "0.wav", sine())
    arguments = "classification", "sound-classifier", tmp_path / "r.jsonl"
    with pytest.raises(RecipeError, match=r"none of the labels of the data \(Cat, Dog\) .*dog"):
        inference.evaluate(*arguments, data=str(tmp_path / "d"))
    (tmp_path / "d" / "Dog").rename(tmp_path / "d" / "dogs")
    (tmp_path / "d" / "dogs").rename(tmp_path / "d" / "dog")
    found = inference.evaluate(*arguments, data=str(tmp_path / "d"))
    assert found["answered"] == 2
    assert "labels that the model does not have, so that it is always wrong: Cat\n" in (
        capsys.readouterr().out
    )


def test_a_run_does_not_go_on_with_other_classes():
    recipe = recipe_for("classification", "classifier-base")
    start = catalog.model("sound-classifier")
    recipe.options = {"id2label": {0: "no", 1: "yes"}, "label2id": {"no": 0, "yes": 1}}
    with pytest.raises(RecipeError, match=r"began with the classes .*dog.* data have no, yes"):
        recipe.fresh_model(start=start)


# ------------------------------------------------------------------------------ transcripts


def test_words_in_silence_are_errors_unless_nothing_is_transcribed(capsys):
    recipe = recipe_for("asr", "recogniser")
    rows = [{"text": "one two"}, {"text": ""}, {"text": None}]
    recipe.open(rows)
    assert "silence, where words are errors: 1\n" in capsys.readouterr().out
    assert [recipe.reference(row) for row in rows] == ["one two", "", None]
    answers = [{"reference": "one two", "text": "one two"}, {"reference": "", "text": "six"}]
    assert recipe.score(answers) == {"wer": 1 / 2, "cer": 3 / 7}
    recipe.open([{"text": ""}, {"text": ""}])
    assert recipe.reference({"text": ""}) is None and not capsys.readouterr().out


# ------------------------------------------------------------------------------ names


def test_answers_of_one_split_or_data_set_are_not_taken_for_another(tmp_path, write_wav, sine):
    for split in ("train", "test"):
        write_wav(tmp_path / "d" / split / "dog" / "0.wav", sine())
    files = [sources.answering("classification", str(tmp_path / "d"), split)[0]["file"]
             for split in ("train", "test")]  # fmt: skip
    assert files == ["train/dog/0.wav", "test/dog/0.wav"]
    out = tmp_path / "r.jsonl"
    line = {"file": "0.wav", "model": "m", "data": "d", "label": "dog"}
    out.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert [entry for _, entry in inference._results(out, "m", "d")] == [line]
    with pytest.raises(RecipeError, match="holds answers of d; choose another --out for e"):
        inference._results(out, "m", "e")
    out.write_text(json.dumps(line | {"model": "m\nn"}) + "\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"^[^\n]*holds answers of 'm\\nn'; choose another"):
        inference._results(out, "m", "d")


def test_a_folder_with_a_name_of_the_catalogue(tmp_path, monkeypatch, write_wav, sine):
    monkeypatch.chdir(tmp_path)
    for name in ("dog", "cat"):
        for number in range(3):
            write_wav(tmp_path / "genres" / name / f"{number}.wav", sine())
    (tmp_path / "sound-classifier").mkdir()
    for given in ({"data": "genres"}, {"model": "sound-classifier"}):
        with pytest.raises(RecipeError, match=r"write \./"):
            training.finetune("classification", tmp_path / "m", **given)
    with pytest.raises(RecipeError, match=r"write \./genres"):
        inference.evaluate("classification", "genre-classifier", tmp_path / "r", data="genres")
    assert len(sources.answering("classification", "./genres")) == 6


# ------------------------------------------------------------------------------ splits


def common_voice(folder, splits):
    (folder / "clips").mkdir(parents=True)
    for split, people in splits.items():
        lines = ["client_id\tpath\tsentence"]
        for number, who in enumerate(people):
            name = f"{split}{number}.mp3"
            samples = np.random.default_rng(number).standard_normal(RATE // 4)
            audio.save(folder / "clips" / name, 0.1 * samples, RATE)
            lines.append(f"{who}\t{name}\tsentence {split} {number}")
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


def test_splits_of_a_data_set_are_used_and_others_divide_speakers(tmp_path):
    folder = common_voice(tmp_path / "a", {"train": "aabb", "dev": "c", "test": "d"})
    train, held_out = sources.training("asr", folder)
    assert set(train["speaker"]) == {"a", "b"} and set(held_out["speaker"]) == {"c"}
    assert [row["speaker"] for row in sources.answering("asr", folder)] == ["d"]
    folder = common_voice(tmp_path / "b", {"validated": "aabbccddee"})
    train, held_out = sources.training("asr", folder)
    assert len(train) == 8 and not set(train["speaker"]) & set(held_out["speaker"])
    with pytest.raises(RecipeError, match="no split 'test', only train"):
        sources.answering("asr", folder, "test")
