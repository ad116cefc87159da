"""Folders of files as the Hugging Face libraries keep them, or served as the Hub does."""

import hashlib
import shutil
from pathlib import Path

import tiny_data
import tiny_models

from course_utils import catalog

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def build(root):
    """Make every original of the catalogue: ``root/models/org/name`` and ``root/datasets/…``."""
    for kind, maker in (("models", tiny_models), ("datasets", tiny_data)):
        for hub in maker.MAKERS:
            maker.make(hub, root / kind / hub)
    return root


def files(root):
    """Yield kind, id, path inside the repository and content of every file that was built."""
    for path in sorted(filter(Path.is_file, Path(root).rglob("*"))):
        kind, owner, name, *inside = path.relative_to(root).parts
        yield kind, f"{owner}/{name}", "/".join(inside), path


def as_cache(root, home):
    """Lay them out below a folder for HF_HOME, as `huggingface_hub` does."""
    revisions = {entry.hub: entry.revision or COMMIT for entry in catalog.entries()}
    for kind, hub, inside, path in files(root):
        repo = home / "hub" / f"{kind}--{hub.replace('/', '--')}"
        blob = repo / "blobs" / hashlib.sha256(path.read_bytes()).hexdigest()
        link = repo / "snapshots" / revisions[hub] / inside
        for folder in (blob.parent, link.parent, repo / "refs"):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blob)
        link.symlink_to(Path(*[".."] * (len(Path(inside).parts) + 1)) / "blobs" / blob.name)
        (repo / "refs" / "main").write_text(revisions[hub])
    return home
