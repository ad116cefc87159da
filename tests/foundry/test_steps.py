import pytest

from course_utils.foundry import steps


@pytest.fixture
def calls(monkeypatch):
    """Return a function that runs a command line; it gives what the steps were called with."""
    made = []

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["train", *arguments])
        table = {
            "bank": (lambda work, cache: made.append(("bank", work, cache)), ("cache",)),
            "train": (lambda work: made.append(("train", work)), ()),
        }
        steps.run("Train it.\n\nMore.", table)
        return made

    return run


def test_a_step_gets_the_folders_that_it_needs_and_no_others(calls, tmp_path):
    assert calls("bank", "--work", str(tmp_path), "--cache", "here", "--out", "there") == [
        ("bank", tmp_path, steps.Path("here"))
    ]
    assert calls("train", "--work", str(tmp_path))[-1] == ("train", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bank", "--work", "w"], "step bank needs --cache, the folder of the rendered speech"),
        (["tarin", "--work", "w"], "invalid choice: 'tarin'"),
        (["train"], "--work"),
    ],
)
def test_what_is_missing_is_named(calls, capsys, arguments, words):
    with pytest.raises(SystemExit):
        calls(*arguments)
    assert words in capsys.readouterr().err
