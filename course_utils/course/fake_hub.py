"""A stand-in for the Hugging Face Hub: as much of its HTTP interface as a lesson pushes and loads.

Repositories live in memory and are gone with the process.
"""

import base64
import hashlib
import json
import re
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from threading import Lock
from urllib.parse import parse_qs, unquote, urlsplit

OWNER = "you"
"""The one account."""

LARGE = (".safetensors", ".parquet")
"""Files that travel on their own before a commit names them; others travel inside the commit."""


class StandIn(ThreadingHTTPServer):
    """The server, on a free port of 127.0.0.1.

    Attributes
    ----------
    address : str
        Its address, for ``HF_ENDPOINT``.
    token : str
        The one that it lets in, made anew for each server, for ``HF_TOKEN``.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.token = f"stand-in-{secrets.token_hex(8)}"
        self._contents = {}  # SHA-256 -> bytes
        self._repos = {}  # "models/you/name" -> {commit: {path: SHA-256}}, oldest commit first
        self._lock = Lock()

    def keep(self, content):
        """Keep the content of a file, and return its SHA-256."""
        name = _sha256(content)
        self._contents[name] = content
        return name

    def content(self, name):
        """Return what was kept under a SHA-256."""
        if name not in self._contents:
            raise Refused(404)
        return self._contents[name]

    def create(self, repo):
        """Make an empty repository, and tell whether it is new."""
        with self._lock:
            is_new = repo not in self._repos
            self._repos.setdefault(repo, {_sha256(repo.encode())[:40]: {}})
        return is_new

    def files(self, repo, revision="main"):
        """Return the name of a commit and its files, each path with its SHA-256."""
        if repo not in self._repos:
            raise Refused(404, "RepoNotFound")
        commits = self._repos[repo]
        name = list(commits)[-1] if revision == "main" else revision
        if name not in commits:
            raise Refused(404, "RevisionNotFound")
        return name, commits[name]

    def commit(self, repo, added, deleted):
        """Add a commit and return its name; `deleted` names files and folders."""
        with self._lock:
            parent, files = self.files(repo)
            gone = tuple(f"{path.rstrip('/')}/" for path in deleted)
            files = {p: sha for p, sha in files.items() if not f"{p}/".startswith(gone)} | added
            name = _sha256(json.dumps([parent, files]).encode())[:40]
            self._repos[repo][name] = files
        return name


class Refused(Exception):
    """An answer other than 200.

    Its status, the code from which huggingface_hub knows what is missing, and further facts.
    """

    def __init__(self, status, code="", **facts):
        super().__init__(status, code)
        self.status, self.code, self.facts = status, code, facts


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Stay silent: the lines would end up in the lesson."""

    def do_GET(self):
        """Answer from the first route that fits; `sent` is the body, or else the query."""
        url = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))) or url.query.encode()
        try:
            answer, headers = self._route(unquote(url.path), sent), {}
        except Refused as refused:
            answer, headers = refused.facts, {"X-Error-Code": refused.code}
            self.send_response(refused.status)
        else:
            self.send_response(200)
        if isinstance(answer, tuple):
            answer, headers = answer
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        for name, value in {**headers, "Content-Length": len(content)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_POST = do_PUT = do_GET

    def _route(self, path, sent):
        known = self.headers.get("Authorization") == f"Bearer {self.server.token}"
        for method, pattern, answer in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and self.command in method:
                if not known and answer not in _PUBLIC:
                    raise Refused(401)
                return answer(self.server, sent, **found.groupdict())
        raise Refused(404)


def _whoami(server, sent):
    return {"type": "user", "name": OWNER, "orgs": [], "auth": {"type": "access_token"}}


def _validate(server, sent):
    from huggingface_hub import RepoCard

    try:
        RepoCard(json.loads(sent)["content"])
    except Exception as error:  # whatever the YAML parser says
        raise Refused(400, errors=[{"message": str(error)}]) from error
    return {"errors": [], "warnings": []}


def _create(server, sent):
    wanted = json.loads(sent)
    kind = wanted.get("type") or "model"
    repo_id = f"{wanted.get('organization') or OWNER}/{wanted['name']}"
    url = f"{server.address}/{'datasets/' if kind == 'dataset' else ''}{repo_id}"
    if not server.create(f"{kind}s/{repo_id}"):
        raise Refused(409, url=url)
    return {"url": url}


def _announce(server, sent, repo):
    paths = [file["path"] for file in json.loads(sent)["files"]]
    modes = ["lfs" if path.endswith(LARGE) else "regular" for path in paths]
    return {
        "files": [
            {"path": path, "uploadMode": mode, "shouldIgnore": False}
            for path, mode in zip(paths, modes, strict=True)
        ]
    }


def _where_to_put(server, sent):
    objects = json.loads(sent)["objects"]
    for wanted in objects:
        wanted["actions"] = {"upload": {"href": f"{server.address}/large/{wanted['oid']}"}}
    return {"transfer": "basic", "objects": objects}


def _put(server, sent, sha):
    if _sha256(sent) != sha:
        raise Refused(400)
    server.keep(sent)
    return {}


def _commit(server, sent, repo):
    added, deleted = {}, []
    for line in sent.splitlines():
        change = json.loads(line)
        key, value = change["key"], change["value"]
        if key == "file":
            added[value["path"]] = server.keep(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            server.content(value["oid"])
            added[value["path"]] = value["oid"]
        elif key in ("deletedFile", "deletedFolder"):
            deleted.append(value["path"])
    name = server.commit(repo, added, deleted)
    return {"commitOid": name, "commitUrl": f"{server.address}/{repo}/commit/{name}"}


def _info(server, sent, repo, revision):
    name, files = server.files(repo, revision or "main")
    siblings = [{"rfilename": path} for path in files]
    return {"id": repo.split("/", 1)[1], "sha": name, "private": True, "siblings": siblings}


def _refs(server, sent, repo):
    name, _ = server.files(repo)
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": name}
    return {"branches": [main], "converts": [], "tags": []}


def _tree(server, sent, repo, revision, folder):
    inside = f"{folder}/" if folder else ""
    found = [e for e in _entries(server, repo, revision) if e["path"].startswith(inside)]
    if folder and not found:
        raise Refused(404, "EntryNotFound")
    if parse_qs(sent.decode()).get("recursive") == ["true"]:
        return found
    return [entry for entry in found if "/" not in entry["path"].removeprefix(inside)]


def _paths(server, sent, repo, revision):
    wanted = parse_qs(sent.decode()).get("paths", [])
    return [entry for entry in _entries(server, repo, revision) if entry["path"] in wanted]


def _file(server, sent, kind, repo, revision, path):
    name, files = server.files(f"{kind or 'models/'}{repo}", revision)
    if path not in files:
        raise Refused(404, "EntryNotFound")
    return server.content(files[path]), {"X-Repo-Commit": name, "ETag": f'"{files[path]}"'}


def _entries(server, repo, revision):
    """List the folders and files of a commit as the Hub does."""
    _, files = server.files(repo, revision)
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
    found = [{"type": "directory", "path": path, "oid": path} for path in folders]
    for path, sha in files.items():
        size = len(server.content(sha))
        found.append({"type": "file", "path": path, "oid": sha, "size": size})
    return found


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


# These come without a token: the first on the real Hub too; the other names what it brings.
_PUBLIC = (_validate, _put)
_REPO = r"(?P<repo>(?:models|datasets)/[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"
_ROUTES = (
    ({"GET"}, r"/api/whoami-v2", _whoami),
    ({"POST"}, r"/api/validate-yaml", _validate),
    ({"POST"}, r"/api/repos/create", _create),
    ({"POST"}, rf"/api/{_REPO}/preupload/main", _announce),
    ({"POST"}, r"/.+\.git/info/lfs/objects/batch", _where_to_put),
    ({"PUT"}, r"/large/(?P<sha>\w+)", _put),
    ({"POST"}, rf"/api/{_REPO}/commit/main", _commit),
    ({"GET"}, rf"/api/{_REPO}(?:/revision/{_REVISION})?", _info),
    ({"GET"}, rf"/api/{_REPO}/refs", _refs),
    ({"GET"}, rf"/api/{_REPO}/tree/{_REVISION}(?:/(?P<folder>.+))?", _tree),
    ({"POST"}, rf"/api/{_REPO}/paths-info/{_REVISION}", _paths),
    (
        {"GET", "HEAD"},
        rf"/(?P<kind>datasets/)?(?P<repo>[^/]+/[^/]+)/resolve/{_REVISION}/(?P<path>.+)",
        _file,
    ),
)
