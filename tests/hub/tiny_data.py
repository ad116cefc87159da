"""Tiny data sets with the columns, types and file names of the catalogue's originals.

The sounds are those of the pocket data sets, in the originals' formats and under their labels.
"""

import io
import itertools

import datasets
import soundfile

from course_utils import audio, data

SOUNDS = {
    "baby_cry": "crying_baby", "bell": "church_bells", "bird": "chirping_birds",
    "fire": "crackling_fire", "sneeze": "sneezing", "phone": "clock_alarm",
}  # fmt: skip
"""What the original calls them, where it has another name; a clock alarm is in no lesson."""

CLIPS = {"sounds": 15, "speech": 8}
"""Number of clips of a class, and of a speaker."""

GENRES = ["Ambient Electronic", "Chiptune / Glitch", "Hip-Hop", "Rock", "Jazz", "Electronic"]
INTENTS = ["abroad", "address", "app_error", "atm_limit", "balance", "business_loan"]
INTENTS += ["card_issues", "cash_deposit", "direct_debit", "freeze", "high_value_payment"]
INTENTS += ["joint_account", "latest_transactions", "pay_bill"]


def encoded(value, rate, kind, name):
    """Write a recording anew, as the original has it."""
    buffer = io.BytesIO()
    soundfile.write(buffer, audio.load(value, rate)[0], rate, format=kind)
    return {"bytes": buffer.getvalue(), "path": name}


def everything(name):
    return datasets.concatenate_datasets(list(data.load(name).values()))


def write(rows, path, **kinds):
    """Write rows as Parquet, with the features in its metadata, as the Hub's files have them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = datasets.Dataset.from_list(rows).cast_column("audio", datasets.Audio(decode=False))
    for column, kind in kinds.items():
        made = made.cast_column(column, kind)
    made.to_parquet(path)


def esc50(folder):
    sounds = everything("sounds")
    names, seen, rows = sounds.features["label"].names, {}, []
    for row in sounds:
        number = next(seen.setdefault(row["label"], itertools.count()))
        if number < CLIPS["sounds"]:
            label = names[row["label"]]
            name = f"{number % 5 + 1}-{row['seed']}-A-{row['label']}.wav"
            rows.append({
                "filename": name, "fold": number % 5 + 1, "target": row["label"],
                "category": SOUNDS.get(label, label), "esc10": False, "src_file": row["seed"],
                "take": "A", "audio": encoded(row["audio"], 44_100, "WAV", None),
            })  # fmt: skip
    for part in range(2):
        write(rows[part::2], folder / f"data/train-0000{part}-of-00002-2f1ab7b824ec751f.parquet")


def music_genres(folder):
    rows = [
        {
            "audio": encoded(row["audio"], 22_050, "MP3", f"{number:06d}.mp3"),
            "song_id": number, "genre_id": row["label"], "genre": GENRES[row["label"]],
        }
        for number, row in enumerate(everything("genres")) if row["label"] < len(GENRES)
    ]  # fmt: skip
    write(rows[:420], folder / "data/train-00000-of-00001-63d68663287b1638.parquet")


def librispeech(folder):
    speech, seen, rows, most = everything("speech"), {}, [], CLIPS["speech"]
    known = sorted(name for name in set(speech["speaker"]) if ":" not in name)
    who = {speaker: 84 + 13 * number for number, speaker in enumerate(known)}
    who["Dave"] = 1272
    for row in speech:
        number = next(seen.setdefault(row["speaker"], itertools.count()))
        if row["speaker"] in who and number < (30 if row["speaker"] == "Dave" else most):
            name = f"{who[row['speaker']]}-128104-{number:04d}"
            rows.append({
                "file": f"{name}.flac", "text": row["text"].upper(),
                "audio": encoded(row["audio"], 16_000, "FLAC", f"{name}.flac"),
                "speaker_id": who[row["speaker"]], "chapter_id": 128104, "id": name,
            })  # fmt: skip
    write(rows, folder / "clean/validation/0000.parquet")
    # Of the rest of the corpus, which is large, nothing must be fetched.
    write(rows[:1], folder / "clean/train.100/0000.parquet")


def minds14(folder):
    calls, rows = everything("calls"), []
    for number, row in enumerate(calls.select(range(0, len(calls), 5))):
        name = f"en-US~{number}.wav"
        rows.append({
            "path": name, "audio": encoded(row["audio"], 8_000, "WAV", name),
            "transcription": row["text"], "english_transcription": row["text"].capitalize(),
            "intent_class": row["label"], "lang_id": 4,
        })  # fmt: skip
    kind = datasets.ClassLabel(names=INTENTS)
    write(rows, folder / "en-US/train-00000-of-00001.parquet", intent_class=kind)
    write(rows[:1], folder / "de-DE/train-00000-of-00001.parquet", intent_class=kind)
    foreign, rows = everything("new-language"), []
    for number, row in enumerate(foreign.select(range(0, len(foreign), 8))):
        name = f"cs-CZ~{number}.wav"
        rows.append({
            "path": name, "audio": encoded(row["audio"], 8_000, "WAV", name),
            "transcription": row["text"], "english_transcription": "pay my bill",
            "intent_class": number % len(INTENTS), "lang_id": 0,
        })  # fmt: skip
    write(rows, folder / "cs-CZ/train-00000-of-00001.parquet", intent_class=kind)


MAKERS = {
    "ashraq/esc50": esc50,
    "lewtun/music_genres_small": music_genres,
    "openslr/librispeech_asr": librispeech,
    "PolyAI/minds14": minds14,
}


def make(hub, folder):
    """Write the files of a data set into a folder."""
    MAKERS[hub](folder)
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n", encoding="utf-8")
