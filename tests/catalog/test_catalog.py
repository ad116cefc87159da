"""course_utils.catalog: names, profiles, folders, and a catalogue file without holes."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import course_utils
from course_utils import catalog

PACKAGE = Path(course_utils.__file__).parent


def test_entries_hold_what_the_file_says():
    facts = tomllib.loads((PACKAGE / "catalog" / "catalog.toml").read_text(encoding="utf-8"))
    assert [entry.name for entry in catalog.entries()] == list(facts)
    for entry in catalog.entries():
        said = facts[entry.name]
        assert entry.hub == said["hub"]
        assert entry.lessons == tuple(said["lessons"])
        assert entry.kind in ("data", "model")
        assert entry.hub.count("/") == 1
        assert entry.hub_licence
        assert (entry.pocket is None) == (entry.licence is None)
        assert entry.size_mb > 0
        assert all(len(number) == 2 and number.isdigit() for number in entry.lessons)
        if entry.kind == "model":
            assert not (entry.columns or entry.folds or entry.group)
            assert not (entry.files or entry.labels or entry.each or entry.longest)
        else:
            assert entry.shipped or (entry.files and (entry.group or entry.folds))
        if entry.shipped or entry.gated:
            assert entry.pocket, "there is nothing to fall back on"


def test_entries_cannot_be_changed():
    with pytest.raises(AttributeError):
        catalog.find("sounds").hub = "other/id"


def test_an_old_name_gives_the_new_one():
    folders = {path.name for path in catalog.POCKET.iterdir()} | set(catalog.RENAMED)
    names = [entry.name for entry in catalog.entries()]
    assert not set(names) & set(catalog.RENAMED) and set(catalog.RENAMED.values()) <= set(names)
    for old in folders - set(names):
        if old in catalog.RENAMED:
            with pytest.raises(catalog.CatalogError, match=f"now called '{catalog.RENAMED[old]}'"):
                catalog.model(old)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sound", "did you mean sounds"),
        ("gneres", "did you mean genres"),
        ("", "there are sounds"),
        ("zzz", "there are sounds, genres"),
        (None, "None"),
        (3, "3"),
    ],
)
def test_unknown_names_get_near_ones(name, words):
    with pytest.raises(catalog.CatalogError, match=words):
        catalog.find(name)


def test_catalog_error_is_a_lookup_error_with_a_readable_text():
    error = catalog.CatalogError("one clear sentence")
    assert isinstance(error, LookupError)
    assert str(error) == "one clear sentence"  # a KeyError would print its repr


def test_profile_comes_from_the_environment(monkeypatch):
    assert catalog.profile() == "pocket"
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert catalog.profile() == "hub"
    monkeypatch.setenv("COURSE_PROFILE", "")
    assert catalog.profile() == "pocket"
    monkeypatch.setenv("COURSE_PROFILE", "cloud")
    with pytest.raises(catalog.CatalogError, match=r"COURSE_PROFILE is 'cloud'.*pocket, hub"):
        catalog.profile()


def test_use_profile(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "pocket")
    catalog.use_profile("hub")
    assert os.environ["COURSE_PROFILE"] == "hub"
    assert os.environ["HF_HUB_OFFLINE"] == "1"  # the user's own setting stays
    with pytest.raises(catalog.CatalogError, match="cloud"):
        catalog.use_profile("cloud")
    assert catalog.profile() == "hub"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("use_profile('pocket'); show()", "1"),
        ("use_profile('hub'); show()", "None"),
        ("use_profile('pocket'); use_profile('hub'); show()", "None"),
        ("import huggingface_hub; use_profile('pocket'); show()", "None"),
        (
            "use_profile('pocket'); import huggingface_hub\n"
            "try: use_profile('hub')\nexcept CatalogError as error: print('restart' in str(error))",
            "True",
        ),
    ],
)
def test_pocket_profile_goes_offline_before_the_libraries_load(code, printed):
    """In a fresh process, where no Hugging Face library is imported yet."""
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE",)}
    start = "import os\nfrom course_utils.catalog import *\n"
    start += "show = lambda: print(os.environ.get('HF_HUB_OFFLINE'))\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.stderr == ""
    assert done.stdout.strip() == printed


def test_model_follows_the_profile(monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "POCKET", tmp_path / "pocket")
    (tmp_path / "pocket" / "pocket-sounds").mkdir(parents=True)
    assert catalog.model("sound-classifier") == str(tmp_path / "pocket" / "pocket-sounds")
    assert catalog.model("classifier-base") == str(tmp_path / "pocket" / "pocket-sounds")
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert catalog.model("classifier-base") == "ntu-spml/distilhubert"
    with pytest.raises(catalog.CatalogError, match="data set"):
        catalog.model("genres")


@pytest.fixture
def hub_only(monkeypatch):
    """Put one entry without stand-in in the place of the catalogue."""
    entry = catalog.Entry("big", "model", "t", "org/big", "MIT", 900, False, ("02",))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))


def test_where_nothing_stands_in(hub_only):
    with pytest.raises(catalog.CatalogError, match=r"no pocket stand-in.*org/big \(900 MB\)"):
        catalog.where("big")
    with pytest.raises(catalog.CatalogError, match="nothing in the catalogue is called None"):
        catalog.find(None)


def test_where(monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "POCKET", tmp_path / "pocket")
    with pytest.raises(catalog.CatalogError, match=r"missing.*make pocket"):
        catalog.where("sounds")
    (tmp_path / "pocket" / "sounds").mkdir(parents=True)
    assert catalog.where("sounds") == tmp_path / "pocket" / "sounds"


def test_card_comes_without_its_header(monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "POCKET", tmp_path)
    (tmp_path / "sounds").mkdir()
    for header in ("---\nlicense: mit\n---\n\n", ""):
        (tmp_path / "sounds" / "README.md").write_text(
            f"{header}# Title\n\nText\n", encoding="utf-8"
        )
        assert catalog.card("sounds") == "# Title\n\nText"


def test_max_steps_come_from_the_environment(monkeypatch):
    assert catalog.max_steps() is None
    for text, steps in (("2", 2), (" 10 ", 10), ("", None)):
        monkeypatch.setenv("COURSE_MAX_STEPS", text)
        assert catalog.max_steps() == steps


def test_max_clips_only_lower_a_number(monkeypatch):
    assert catalog.max_clips(60) == 60
    monkeypatch.setenv("COURSE_MAX_CLIPS", "6")
    assert catalog.max_clips(60) == 6
    assert catalog.max_clips(4) == 4


def test_a_cpu_makes_few_recordings_with_the_models_of_the_hub(monkeypatch):
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    assert catalog.max_clips(60) == 60
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert catalog.max_clips(60) == catalog.RECORDINGS_WITHOUT_GPU < 10
    assert catalog.max_clips(3) == 3
    monkeypatch.setattr("torch.accelerator.is_available", lambda: True)
    assert catalog.max_clips(60) == 60
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    monkeypatch.setenv("COURSE_MAX_CLIPS", "30")  # whoever has time says so
    assert catalog.max_clips(60) == 30


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", "²"])
def test_limits_must_be_whole_numbers(said, monkeypatch):
    monkeypatch.setenv("COURSE_MAX_STEPS", said)
    with pytest.raises(catalog.CatalogError, match=r"COURSE_MAX_STEPS is .*whole number above 0"):
        catalog.max_steps()
    monkeypatch.setenv("COURSE_MAX_CLIPS", said)
    with pytest.raises(catalog.CatalogError, match=r"COURSE_MAX_CLIPS is .*whole number above 0"):
        catalog.max_clips(60)


def test_every_stand_in_ships_with_its_card():
    for entry in catalog.entries():
        if entry.pocket is not None:
            assert (catalog.where(entry.name) / "README.md").is_file()


def test_downloads_of_a_lesson(monkeypatch):
    assert catalog.to_download("03") == []
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert {entry.name for entry in catalog.to_download("03")} >= {"genres", "classifier-base"}
    assert catalog.to_download("99") == []
    hubs = [entry.hub for entry in catalog.to_download("10")]
    assert len(hubs) == len(set(hubs)) and "lewtun/music_genres_small" in hubs


def test_a_stand_in_serves_the_hub_profile_where_the_entry_or_the_user_says_so(monkeypatch):
    assert not catalog.original("genres")
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert catalog.original("genres") and not catalog.original("music")
    assert catalog.model("synthesiser") == "facebook/mms-tts-eng"
    monkeypatch.setenv("COURSE_POCKET", " genres, ctc-recogniser ,")
    assert not catalog.original("genres") and catalog.original("new-style")
    assert catalog.model("ctc-recogniser") == str(catalog.where("ctc-recogniser"))
    assert "ctc-recogniser" not in [entry.name for entry in catalog.to_download("04")]
    monkeypatch.setenv("COURSE_POCKET", "gneres")
    with pytest.raises(catalog.CatalogError, match="did you mean genres"):
        catalog.original("sounds")


def test_import_takes_no_other_library():
    code = (
        "import sys, course_utils.catalog;"
        "assert not {'torch', 'numpy', 'datasets', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_language_is_that_of_the_active_profile(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "pocket")
    assert [catalog.language(name) for name in ("new-language", "calls", "sounds")] == [
        "es",
        "en",
        None,
    ]
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert [catalog.language(name) for name in ("new-language", "calls")] == ["cs", "en"]
    monkeypatch.setenv("COURSE_POCKET", "new-language")
    assert catalog.language("new-language") == "es"
