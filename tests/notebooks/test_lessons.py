"""Every lesson from a fresh kernel, offline, with its scores inside their band."""

import json
from pathlib import Path

import pytest

from course_utils.course import notebook_runner, syllabus

# lesson -> (task, metric) -> score -> the range it must lie in, in the pocket profile.
BANDS = {
    "02": {("sound events", "accuracy"): {"baseline": (0.95, 1.0)}},
    "03": {("music genres", "macro_f1"): {"baseline": (0.3, 0.52), "finetuned": (0.67, 0.87)}},
    "04": {("speech recognition", "wer"): {"baseline": (0.0, 0.11)}},
    "05": {
        ("telephone requests", "wer"): {"baseline": (0.35, 1.2), "finetuned": (0.2, 0.45)},
        # Forgetting: about five points.
        ("telephone requests: old speech", "wer"): {
            "baseline": (0.05, 0.1),
            "finetuned": (0.0, 0.145),
        },
    },
    "06": {("speaker diarization", "der"): {"baseline": (0.1, 0.30)}},
    "07": {
        ("voices over music", "der"): {"baseline": (0.14, 0.24), "finetuned": (0.08, 0.17)},
        ("voices over music, embeddings", "der"): {
            "baseline": (0.06, 0.14),
            "finetuned": (0.0, 0.13),
        },
    },
    "08": {("text to speech", "wer"): {"baseline": (0.0, 0.12)}},
    "09": {("new voice", "similarity"): {"baseline": (0.5, 0.75), "finetuned": (0.78, 0.95)}},
    "10": {("music generation", "adherence"): {"baseline": (0.0, 0.4), "finetuned": (0.55, 1.0)}},
    "11": {
        ("who said what", "cpwer"): {"baseline": (0.18, 0.42)},
        ("who said what", "der"): {"baseline": (0.01, 0.08)},
    },
    "13": {
        ("genres in two processes", "macro_f1"): {"baseline": (0.0, 0.1), "finetuned": (0.3, 1.0)}
    },
    "14": {("genres in words", "accuracy"): {"baseline": (0.47, 0.62), "finetuned": (0.57, 0.78)}},
    "15": {
        ("a new language", "wer"): {"baseline": (0.95, 1.4), "finetuned": (0.18, 0.38)},
        ("a new language: English", "wer"): {"baseline": (0.04, 0.1), "finetuned": (0.15, 0.35)},
    },
}


TOKEN = "hf_" + "a1B2" * 8  # has the form of a real one


@pytest.mark.notebooks
@pytest.mark.parametrize("lesson", syllabus.lessons(), ids=lambda lesson: lesson.number)
def test_lesson_runs_and_its_scores_lie_in_their_band(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = notebook_runner.run(lesson, "pocket", tmp_path)
    assert done.error is None
    scores = {(score["task"], score["metric"]): score for score in done.scores}
    wanted = BANDS.get(lesson.number, {})
    assert set(scores) == set(wanted)
    for key, bands in wanted.items():
        for name, (low, high) in bands.items():
            assert low <= scores[key][name] <= high, scores[key]
    assert (tmp_path / lesson.file).stat().st_size < 1_500_000
    for cell in json.loads((tmp_path / lesson.file).read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        assert TOKEN.encode() not in path.read_bytes(), path
