"""Run by test_offline.py inside a network namespace: unpack a bundle, start it, look around.

It uses the standard library only, and prints what it saw as one line of JSON.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

PORT = 8899
TOKEN = "offline"
SECONDS = 1_800
"""A JupyterLab that has not answered by then hangs."""


def loopback_up():
    """Switch the namespace's own loopback on; it comes down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14s", b"lo", 0x1 | 0x40, b"")  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(handle, 0x8914, request)  # SIOCSIFFLAGS


def is_cut_off():
    """Tell whether nothing outside can be reached."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5).close()
    except OSError as error:
        return "unreachable" in str(error)
    return False


def listeners():
    """Return the addresses on which something listens."""
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            found.add(socket.inet_ntoa(struct.pack("<I", int(local.split(":")[0], 16))))
    if len(Path("/proc/net/tcp6").read_text(encoding="utf-8").splitlines()) > 1:
        found.add("IPv6")
    return sorted(found)


def fetch(path):
    """Ask the running JupyterLab."""
    address = f"http://127.0.0.1:{PORT}/{path}?token={TOKEN}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


def wait(server):
    """Wait until JupyterLab hands out lesson 00."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            return json.loads(fetch("api/contents/00_start_here.ipynb"))["content"]
        except OSError:
            time.sleep(0.5)
    raise SystemExit("JupyterLab did not answer")


def main(bundle, home):
    """Print what happens with the zip in an empty home."""
    loopback_up()
    seen = {"cut off": is_cut_off()}
    with zipfile.ZipFile(bundle) as packed:
        packed.extractall(home)
    (root,) = home.iterdir()
    surroundings = {"HOME": str(home), "PATH": os.environ["PATH"], "JUPYTER_TOKEN": TOKEN}
    server = subprocess.Popen(
        [sys.executable, str(root / "start.py"), "--no-browser", "--port", str(PORT)],
        env=surroundings, cwd=home, start_new_session=True,
        stdout=sys.stderr, stderr=sys.stderr,
    )  # fmt: skip
    try:
        lesson = wait(server)
        seen["title"] = lesson["metadata"]["course"]["title"]
        seen["page"] = "jupyter-config-data" in fetch("lab/tree/00_start_here.ipynb")
        seen["listeners"] = listeners()
        done = subprocess.run(
            [root / ".venv/bin/python", "-m", "nbconvert", "--to", "notebook", "--execute",
             "--output-dir", home / "ran", root / "lessons" / "00_start_here.ipynb"],
            env=surroundings | {"COURSE_NOTEBOOKS": str(root / "lessons")}, capture_output=True,
            encoding="utf-8",
        )  # fmt: skip
        seen["ran"] = done.returncode
        seen["said"] = done.stderr[-2000:] if done.returncode else ""
        if not done.returncode:
            seen["outputs"] = (home / "ran" / "00_start_here.ipynb").read_text(encoding="utf-8")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
