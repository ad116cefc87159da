"""A stand-in for the Hugging Face Hub: the part of its HTTP interface that the lessons use.

Repositories are kept in memory and are gone with the process.
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
"""Name of the only account. Its token may create repositories under no other name."""

LARGE = (".safetensors", ".parquet")
"""Suffixes of files that are uploaded one by one; all others are sent inside the commit."""

_ROUTES = []
_REPO = r"(?P<repo>(?:models|datasets|spaces)/[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"


class StandIn(ThreadingHTTPServer):
    """The server, on a free port of 127.0.0.1, with ``address`` and ``token`` for the clients."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.token = f"stand-in-{secrets.token_hex(8)}"
        self._contents = {}  # SHA-256 -> bytes
        self._repos = {}  # "models/you/name" -> {commit: {path: SHA-256}}, oldest commit first
        self._lock = Lock()

    def keep(self, content):
        """Store the content of a file and return its SHA-256."""
        name = _sha256(content)
        self._contents[name] = content
        return name

    def content(self, name):
        """Return the content with a SHA-256."""
        if name not in self._contents:
            raise Refused(404)
        return self._contents[name]

    def create(self, repo):
        """Create an empty repository, and return whether it is new."""
        with self._lock:
            is_new = repo not in self._repos
            self._repos.setdefault(repo, {_sha256(repo.encode())[:40]: {}})
        return is_new

    def files(self, repo, revision="main"):
        """Return the name of a commit and its files, a dict from path to SHA-256."""
        if repo not in self._repos:
            raise Refused(404, "RepoNotFound")
        commits = self._repos[repo]
        name = list(commits)[-1] if revision == "main" else revision
        if name not in commits:
            raise Refused(404, "RevisionNotFound")
        return name, commits[name]

    def entries(self, repo, revision):
        """Return the folders and files of a commit in the format of the Hub."""
        _, files = self.files(repo, revision)
        folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
        found = [{"type": "directory", "path": path, "oid": path} for path in folders]
        for path, sha in files.items():
            size = len(self.content(sha))
            found.append({"type": "file", "path": path, "oid": sha, "size": size})
        return found

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
    """An answer with an error status, huggingface_hub's code for what is missing, and a body."""

    def __init__(self, status, code="", **facts):
        super().__init__(status, code, facts)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Print nothing: it would appear in the lesson."""

    def do_GET(self):
        """Send the answer of the first route that matches, with the body or else the query."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers = 200, {}
        try:
            answer = self._answer(unquote(url.path), body or url.query.encode())
            content, headers = answer if isinstance(answer, tuple) else (answer, {})
        except Refused as refused:
            status, code, content = refused.args
            headers = {"X-Error-Code": code}
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(content)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_POST = do_PUT = do_GET

    def _answer(self, path, sent):
        for methods, pattern, answer, public in _ROUTES:
            if self.command in methods and (found := re.fullmatch(pattern, path)):
                sender = self.headers.get("Authorization")
                if not public and sender != f"Bearer {self.server.token}":
                    raise Refused(401)
                return answer(self.server, sent, **found.groupdict())
        raise Refused(404)


def _route(method, pattern, public=False):
    """Return a decorator that registers a function as the answer to requests for a path."""

    def register(answer):
        _ROUTES.append((method.split(), pattern, answer, public))
        return answer

    return register


@_route("GET", r"/api/whoami-v2")
def _whoami(server, sent):
    return {"type": "user", "name": OWNER, "orgs": [], "auth": {"type": "access_token"}}


@_route("POST", r"/api/validate-yaml", public=True)
def _validate(server, sent):
    from huggingface_hub import RepoCard

    try:
        RepoCard(json.loads(sent)["content"])
    except Exception as error:  # whatever the YAML parser raises
        raise Refused(400, errors=[{"message": str(error)}]) from error
    return {"errors": [], "warnings": []}


@_route("POST", r"/api/repos/create")
def _create(server, sent):
    wanted = json.loads(sent)
    kind, owner = wanted.get("type") or "model", wanted.get("organization") or OWNER
    if owner != OWNER:
        error = f'You may not create a {kind} under "{owner}", only under "{OWNER}"'
        raise Refused(403, error=error)
    repo_id = f"{owner}/{wanted['name']}"
    url = f"{server.address}/{'' if kind == 'model' else f'{kind}s/'}{repo_id}"
    if not server.create(f"{kind}s/{repo_id}"):
        raise Refused(409, url=url)
    return {"url": url}


@_route("POST", rf"/api/{_REPO}/preupload/main")
def _announce(server, sent, repo):
    files = json.loads(sent)["files"]
    for file in files:
        file["uploadMode"] = "lfs" if file["path"].endswith(LARGE) else "regular"
        file["shouldIgnore"] = False
    return {"files": files}


@_route("POST", r"/.+\.git/info/lfs/objects/batch")
def _where_to_put(server, sent):
    objects = json.loads(sent)["objects"]
    for wanted in objects:
        wanted["actions"] = {"upload": {"href": f"{server.address}/large/{wanted['oid']}"}}
    return {"transfer": "basic", "objects": objects}


@_route("PUT", r"/large/(?P<sha>\w+)", public=True)  # its name proves that it belongs there
def _put(server, sent, sha):
    if _sha256(sent) != sha:
        raise Refused(400)
    server.keep(sent)
    return {}


@_route("POST", rf"/api/{_REPO}/commit/main")
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


@_route("GET", rf"/api/{_REPO}(?:/revision/{_REVISION})?")
def _info(server, sent, repo, revision):
    name, files = server.files(repo, revision or "main")
    siblings = [{"rfilename": path} for path in files]
    return {"id": repo.split("/", 1)[1], "sha": name, "private": True, "siblings": siblings}


@_route("GET", rf"/api/{_REPO}/tree/{_REVISION}(?:/(?P<folder>.+))?")
def _tree(server, sent, repo, revision, folder):
    inside = f"{folder}/" if folder else ""
    found = [e for e in server.entries(repo, revision) if e["path"].startswith(inside)]
    if folder and not found:
        raise Refused(404, "EntryNotFound")
    if parse_qs(sent.decode()).get("recursive") == ["true"]:
        return found
    return [entry for entry in found if "/" not in entry["path"].removeprefix(inside)]


@_route(
    "GET HEAD",
    rf"/(?P<kind>datasets/|spaces/)?(?P<repo>[^/]+/[^/]+)/resolve/{_REVISION}/(?P<path>.+)",
)
def _file(server, sent, kind, repo, revision, path):
    name, files = server.files(f"{kind or 'models/'}{repo}", revision)
    if path not in files:
        raise Refused(404, "EntryNotFound")
    return server.content(files[path]), {"X-Repo-Commit": name, "ETag": f'"{files[path]}"'}


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
