import pytest

from foundry.common import step_runner


@pytest.fixture
def calls(monkeypatch):
    """Return a function that runs a command line; it gives what the steps were called with."""
    made = []

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["train", *arguments])
        table = {
            "features": (lambda work, cache: made.append(("features", work, cache)), ("cache",)),
            "train": (lambda work: made.append(("train", work)), ()),
            "validate": (lambda work, real: made.append(("validate", real)), ("real",)),
        }
        step_runner.run("Train it.\n\nMore.", table)
        return made

    return run


def test_a_step_gets_the_folders_that_it_needs_and_no_others(calls, tmp_path):
    assert calls("features", "--work", str(tmp_path), "--cache", "here", "--out", "there") == [
        ("features", tmp_path, step_runner.Path("here"))
    ]
    assert calls("train", "--work", str(tmp_path))[-1] == ("train", tmp_path)


def test_a_step_without_its_recordings_is_skipped_and_says_so(calls, capsys, tmp_path):
    assert calls("validate", "--work", "w", "--real", str(tmp_path)) == [("validate", tmp_path)]
    assert len(calls("validate", "--work", "w", "--real", "nowhere")) == 1
    assert "No recordings in nowhere: step validate skipped" in capsys.readouterr().out
    assert len(calls("validate", "--work", "w")) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["features", "--work", "w"],
            "step features needs --cache, the folder of the rendered speech",
        ),
        (["tarin", "--work", "w"], "invalid choice: 'tarin'"),
        (["train"], "--work"),
    ],
)
def test_what_is_missing_is_named(calls, capsys, arguments, words):
    with pytest.raises(SystemExit):
        calls(*arguments)
    assert words in capsys.readouterr().err
