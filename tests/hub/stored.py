"""Folders of files as the Hugging Face libraries keep them, or served as the Hub does."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, unquote

import tiny_data
import tiny_models

from course_utils import catalog
from course_utils.course.fake_hub import Refused, StandIn

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
        (repo / "refs" / "main").write_text(revisions[hub], encoding="utf-8")
    return home


class Hub(StandIn):
    """A Hub of its own on 127.0.0.1 that holds what was built, and fails when told to.

    Attributes
    ----------
    fault : str or None
        "gated", "gone", "token", "cut", "down", or None for a Hub in good health.
    cards : dict of str to dict
        What the description of a repository says besides, by its id: ``gated``, ``cardData``.
    asked : list of str
        The paths of all requests.
    """

    def __init__(self, root):
        super().__init__()
        self.RequestHandlerClass = type("Faulty", (Faulty, self.RequestHandlerClass), {})
        self.fault, self.cards, self.asked = None, {}, []
        revisions = {entry.hub: entry.revision or COMMIT for entry in catalog.entries()}
        for kind, hub, inside, path in files(root):
            commits = self._repos.setdefault(f"{kind}/{hub}", {revisions[hub]: {}})
            commits[revisions[hub]][inside] = self.keep(path.read_bytes())


class Faulty:
    """What the Hub answers when something is wrong with the repository, the token or the line."""

    def do_GET(self):
        self.server.asked.append(self.path)
        fault, is_file = self.server.fault, "/resolve/" in self.path
        if fault == "gated" and is_file:
            self.refuse(403, "GatedRepo")
        elif fault == "gone":
            self.refuse(404, "RepoNotFound")
        elif fault == "down":
            self.refuse(503, "")
        elif found := re.fullmatch(r"/api/(\w+/([^/]+/[^/]+))(?:/revision/(\w+))?", self.path):
            try:
                name, inside = self.server.files(found[1], found[3] or "main")
            except Refused as refused:
                return self.refuse(*refused.args[:2])
            card = {"id": found[2], "sha": name, "gated": False, "siblings": [], "tags": []}
            card["siblings"] = [{"rfilename": path} for path in inside]
            self.reply(json.dumps(card | self.server.cards.get(found[2], {})).encode())
        elif is_file and (wanted := self.headers.get("Range")):
            first, last = map(int, re.findall(r"\d+", wanted))
            self.reply(self._answer(unquote(self.path), b"")[0][first : last + 1], 206)
        elif fault == "cut" and is_file and self.command == "GET":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"only the beginning")
            self.close_connection = True
        else:
            super().do_GET()

    do_HEAD = do_GET

    def do_POST(self):
        found = re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)/paths-info/(\w+)", self.path)
        if not found:
            return super().do_POST()
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = self.server.entries(*found.groups())
        return self.reply(json.dumps([e for e in known if e["path"] in sent["paths"]]).encode())

    def reply(self, content, status=200):
        self.send_response(status)
        self.send_header("Content-Length", len(content))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status, code):
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
