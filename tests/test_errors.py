"""course_utils.errors: one root of all errors, and files that are replaced whole or not at all."""

import os

import pytest

from course_utils import audio, data, errors


def test_every_error_has_one_root_and_stays_what_it_was():
    assert issubclass(errors.WriteError, (errors.CourseError, OSError))
    for kind in (audio.AudioError, data.DataError):
        assert issubclass(kind, errors.CourseError) and issubclass(kind, ValueError)


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError), errors.replacing(path) as new:
        new.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [path]
    with errors.replacing(path) as new:
        assert new.parent == tmp_path and new.name.startswith(".") and new.suffix == ".new"
        new.write_text("new", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such mode of a file")
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    errors.write(path, "new")
    assert path.read_text(encoding="utf-8") == "new" and path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_target_is_replaced(tmp_path, link):
    (tmp_path / "b.txt").write_text("old", encoding="utf-8")
    link(tmp_path / "a.txt", tmp_path / "b.txt")
    errors.write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").is_symlink() and (tmp_path / "b.txt").read_text(
        encoding="utf-8"
    ) == "new"


@pytest.mark.parametrize(
    ("content", "words"), [(b"\xff", "not UTF-8"), (None, "cannot read .*No such file")]
)
def test_a_text_that_cannot_be_read_is_named(tmp_path, content, words):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(data.DataError, match=rf"{words}") as caught:
        errors.read(path, data.DataError)
    assert "a.txt" in str(caught.value)
