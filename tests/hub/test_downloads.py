"""Downloads up front: only what is needed, from a Hub on 127.0.0.1; failures say what to do."""

import os
import re
import subprocess
import sys

import pytest

from course_utils import catalog
from course_utils.catalog import downloads

LOAD = """
import json, sys
from course_utils import catalog, data
catalog.use_profile("hub")
rows = {}
for entry in catalog.to_download(sys.argv[1]):
    if entry.kind == "data":
        rows[entry.hub] = {name: len(split) for name, split in data.load(entry.name).items()}
    else:
        from transformers import AutoFeatureExtractor, AutoModel
        AutoFeatureExtractor.from_pretrained(catalog.model(entry.name))
        rows[entry.hub] = AutoModel.from_pretrained(catalog.model(entry.name)).num_parameters()
print(json.dumps(rows))
"""
START = "from course_utils import lesson; lesson.start('06', profile='hub')"


@pytest.fixture
def environment(hub, tmp_path, monkeypatch):
    """Return the environment of a user of that Hub, who has fetched nothing yet."""
    for name in ("HF_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    hub.fault = None
    settings = {"HF_ENDPOINT": hub.address, "HF_TOKEN": hub.token, "HF_HUB_DISABLE_XET": "1"}
    return os.environ | settings | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}


def ran(arguments, environment, **options):
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, encoding="utf-8",
        **options,
    )  # fmt: skip


def prefetch(environment, to, lessons="06", **options):
    arguments = ["-m", "course_utils.course.cli", "prefetch", "--lessons", lessons, "--to", str(to)]
    return ran(arguments, environment, **options)


def sentence(done):
    """Return the one sentence with which a command ended."""
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_two_roles_of_one_repository_are_both_fetched(environment, tmp_path):
    done = prefetch(environment, tmp_path / "room", "05,15")
    assert done.returncode == 0, done.stderr
    fetched = {path.parent.name for path in (tmp_path / "room").rglob("*.parquet")}
    assert {"en-US", "cs-CZ"} <= fetched and "de-DE" not in fetched


def test_what_was_prefetched_is_all_that_a_room_needs(hub, environment, tmp_path):
    room = tmp_path / "a room"
    done = prefetch(environment, room, "06,07")
    assert done.returncode == 0, done.stderr
    assert f"HF_HOME={room} HF_HUB_OFFLINE=1 course-utils run --profile hub 06 07" in done.stdout
    assert "openslr/librispeech_asr (340 MB)" in done.stdout
    # Of the recordings one file of a large corpus only; of the music, all there is.
    files = sorted(path.relative_to(room).as_posix() for path in room.rglob("*.parquet"))
    music, speech = files
    assert speech.endswith("clean/validation/0000.parquet") and "music_genres_small" in music
    hub.fault = "gone"  # nobody may ask it any more
    away = environment | {"HF_HOME": str(room), "HF_HUB_OFFLINE": "1"}
    for lesson in ("06", "07"):
        done = ran(["-c", LOAD, lesson], away)
        assert done.returncode == 0, done.stderr
    assert "microsoft/wavlm-base-plus-sd" in done.stdout


def test_a_lesson_fetches_before_it_begins_and_once(hub, environment):
    done = ran(["-c", START], environment)
    assert done.returncode == 0, done.stderr
    assert "openslr/librispeech_asr (340 MB), microsoft/wavlm-base-plus-sv (405 MB); 745 MB" in (
        done.stdout
    )
    hub.fault = "cut"  # files arrive no more, but none is asked for
    assert ran(["-c", START], environment).returncode == 0


def test_weights_without_safetensors_are_downloaded_once(hub, environment):
    """Transformers would ask for a converted copy, in a thread, and download that too."""
    hub.asked.clear()
    done = ran(["-c", LOAD, "06"], environment)
    assert done.returncode == 0, done.stderr
    assert any(path.endswith("pytorch_model.bin") for path in hub.asked)
    conversion = ("discussions", "commits", "refs%2Fpr")
    assert not [path for path in hub.asked if any(part in path for part in conversion)]


def test_a_part_of_a_data_set_is_not_taken_for_the_whole(hub, environment, tmp_path):
    room = tmp_path / "room"
    assert prefetch(environment, room, "01").returncode == 0
    shards = sorted(room.rglob("*.parquet"))
    assert len(shards) == 2
    shards[1].unlink()
    away = environment | {"HF_HOME": str(room), "HF_HUB_OFFLINE": "1"}
    done = ran(["-c", LOAD, "01"], away)
    assert "ashraq/esc50 is not in" in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("gated", "is gated: accept its terms at http.*log in with `hf auth login`"),
        ("gone", r"librispeech_asr does not exist, or only for users who log in"),
        ("cut", "cannot be downloaded from http://127.0.0.1.*finished files are kept.*HF_ENDPOINT"),
        ("down", "cannot be downloaded from http://127.0.0.1.*503"),
    ],
)
def test_a_failure_is_one_sentence_with_the_way_out(fault, said, hub, environment, tmp_path):
    hub.fault = fault
    told = sentence(prefetch(environment, tmp_path / "room"))
    assert re.search(said, told), told
    assert "pocket profile" in told and "COURSE_POCKET=speech" in told
    assert hub.token not in told
    hub.fault = None  # the way out leads out
    assert prefetch(environment, tmp_path / "room").returncode == 0


def test_a_wrong_token(environment, tmp_path):
    wrong = environment | {"HF_TOKEN": "hf_" + "a1B2" * 8}
    told = sentence(prefetch(wrong, tmp_path / "room"))
    assert "rejects your token: log in again with `hf auth login`" in told
    assert wrong["HF_TOKEN"] not in told


def test_no_hub_at_all(environment, tmp_path):
    told = sentence(prefetch(environment | {"HF_ENDPOINT": "http://127.0.0.1:9"}, tmp_path / "r"))
    assert "cannot be downloaded from http://127.0.0.1:9" in told and "mirror" in told


def test_offline_with_an_empty_cache(environment):
    done = ran(["-c", START], environment | {"HF_HUB_OFFLINE": "1"})
    assert "HF_HUB_OFFLINE forbids the download" in done.stderr.strip().splitlines()[-1]
    assert "course-utils prefetch" in done.stderr.strip().splitlines()[-1]


def test_the_pocket_stand_in_replaces_what_cannot_be_had(hub, environment):
    hub.fault = "gone"
    replaced = {"COURSE_POCKET": "speech,speaker-encoder"}
    done = ran(["-c", START], environment | replaced)
    assert done.returncode == 0 and "download  nothing" in done.stdout


def test_a_disk_that_fills_up(environment, tmp_path):
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")

    def only_a_megabyte():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    told = sentence(prefetch(environment, tmp_path / "room", preexec_fn=only_a_megabyte))
    assert "is full: free some room, or set HF_HOME" in told


def test_a_disk_without_room_is_noticed_before_anything_is_written(monkeypatch, tmp_path):
    class Usage:
        free = 5_000_000

    seen = []
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda folder: seen.append(folder) or Usage)
    downloads.check_room(5_000_000, tmp_path / "not" / "there")
    with pytest.raises(catalog.CatalogError, match=r"needs 6 MB and .* has 5 MB free: free some"):
        downloads.check_room(6_000_000, tmp_path / "not" / "there")
    assert seen == [tmp_path, tmp_path] and not (tmp_path / "not").exists()


def test_nothing_is_fetched_that_has_no_room(hub, originals, environment, tmp_path):
    # Lesson 06 needs a model, and a data set, of which `datasets` writes a second copy.
    model = originals / "models" / "microsoft/wavlm-base-plus-sv"
    needed = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    speech = originals / "datasets" / "openslr/librispeech_asr"
    needed += 2 * sum(path.stat().st_size for path in speech.rglob("clean/validation/*.parquet"))
    for free, begins in ((needed - 1, False), (needed, True)):
        code = (
            "import shutil; from types import SimpleNamespace\n"
            f"shutil.disk_usage = lambda folder: SimpleNamespace(free={free})\n" + START
        )
        done = ran(["-c", code], environment)
        assert (done.returncode == 0) is begins, done.stderr
        assert bool(list((tmp_path / "home").rglob("*.parquet"))) is begins
        if not begins:
            assert "set HF_HOME to a folder on another disk" in done.stderr.splitlines()[-1]
