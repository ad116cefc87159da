"""Install the course from this folder, without a network, and open it: python3 start.py."""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEELS = HERE / "wheels"
ENVIRONMENT = HERE / ".venv"
READY = ENVIRONMENT / "ready"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
FIRST = "00_start_here.ipynb"
# Otherwise JupyterLab would ask about news and look for updates, both on the network.
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}


def check():
    """Exit with one sentence if the wheels do not fit this machine."""
    if not (WHEELS / "kind.json").is_file():
        sys.exit(f"{WHEELS} is missing: unpack the whole bundle, or ask for one with wheels.")
    wanted = json.loads((WHEELS / "kind.json").read_text(encoding="utf-8"))
    here = {"python": list(sys.version_info[:2]), "platform": sysconfig.get_platform()}
    if here != wanted:
        sys.exit(
            "This bundle is for Python {}.{} on {}; here is Python {}.{} on {}. Use that Python, "
            "or ask for a bundle made on a machine like this one.".format(
                *wanted["python"], wanted["platform"], *here["python"], here["platform"]
            )
        )


def install():
    """Create the environment and install the wheels, which takes a few minutes."""
    print(f"Installing into {ENVIRONMENT} (once, a few minutes) ...", flush=True)
    venv.create(ENVIRONMENT, with_pip=False, clear=True, symlinks=os.name != "nt")
    # pip runs from its own wheel: some systems ship a Python without it.
    (pip,) = WHEELS.glob("pip-*.whl")
    command = [str(PYTHON), str(pip / "pip"), "install", "--quiet", "--no-index", "--no-compile"]
    command += ["--isolated", "--disable-pip-version-check", "--no-deps"]
    command += [str(wheel) for wheel in sorted(WHEELS.glob("*.whl"))]
    # pip's settings on this machine are ignored: they may ask for an index on the network.
    done = subprocess.run(command, env=dict(os.environ, PIP_CONFIG_FILE=os.devnull))
    if done.returncode:
        sys.exit(f"Installing failed, see above. Is there room for 3 GB in {HERE}?")
    settings = ENVIRONMENT / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(QUIET), encoding="utf-8")
    READY.touch()


def main():
    """Install if needed, then run JupyterLab, reachable from this machine only, until it stops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instructor", action="store_true", help="open the instructor's lessons")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.add_argument(
        "--port",
        type=int,
        default=8888,
        help="port of JupyterLab; if it is taken, the next free one (default: 8888)",
    )
    chosen = parser.parse_args()
    check()
    if not READY.exists():
        install()
    lessons = HERE / ("instructor/lessons" if chosen.instructor else "lessons")
    if not lessons.is_dir():
        sys.exit(f"{lessons} is missing: this copy of the bundle is for learners.")
    command = [str(PYTHON), "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={chosen.port}"]
    command += [f"--ServerApp.root_dir={lessons}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if chosen.no_browser:
        command.append("--no-browser")
    variables = dict(os.environ, COURSE_NOTEBOOKS=str(lessons), COURSE_PROFILE="pocket")
    variables["HF_HUB_OFFLINE"] = "1"
    server = subprocess.Popen([*command, FIRST], env=variables, cwd=str(lessons))
    try:
        sys.exit(server.wait())
    except KeyboardInterrupt:
        server.wait()  # JupyterLab got the interrupt too and asks whether to stop


if __name__ == "__main__":
    main()
