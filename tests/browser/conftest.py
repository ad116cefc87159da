"""One JupyterLab server and one Chromium for the whole session, and a page to drive them."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = os.environ.get("COURSE_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# Cells are drawn even where they are out of sight, and nothing is fetched from anywhere.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
]


def pytest_collection_modifyitems(items):
    """Mark what is in this folder, and say why it is skipped where it cannot run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip("no Chromium found: install it or set COURSE_CHROMIUM")
                )


class Lab:
    """A running JupyterLab."""

    def __init__(self, root, address, token):
        self.root, self.address, self.token = root, address, token

    def write(self, name, cells):
        """Put a notebook with these cells (code, or Markdown after "# ") into the server's root."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(notebook, self.root / name)
        return name


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start JupyterLab on a free local port, with settings and workspaces of its own."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("jupyter")
    root = home / "root"
    root.mkdir()
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_TOKEN": token,
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])
        ),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]
    address = f"http://127.0.0.1:{port}"
    log = home / "server.log"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=root, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"{address}/api?token={token}", server, log)
        yield Lab(root, address, token)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(url, server, log, seconds=1_800):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def chromium():
    """Start a headless Chromium whose microphone is a fake that beeps."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Notebook:
    """A notebook that is open in JupyterLab.

    Attributes
    ----------
    page : playwright.sync_api.Page
        For everything that has no method here.
    errors : list of str
        What the page wrote to the console as an error, and exceptions that nobody caught.
    requests : list of str
        Addresses outside this machine that the page asked for.
    """

    def __init__(self, page, lab):
        self.page, self._lab = page, lab
        self.errors, self.requests = [], []
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note_request)

    def _note_request(self, request):
        if not request.url.startswith((self._lab.address, "data:", "blob:")):
            self.requests.append(request.url)

    def open(self, name):
        """Open a notebook of the server's root and wait for its kernel."""
        workspace = secrets.token_hex(4)
        url = f"{self._lab.address}/lab/workspaces/{workspace}/tree/{name}"
        self.page.goto(f"{url}?token={self._lab.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext"
            "?.session?.kernel?.status === 'idle'"
        )

    def run_all(self):
        """Run all cells and wait for the last one."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def run(self, index):
        """Run one cell, counted from 0, and return its output as text."""
        self.page.evaluate(
            """async (index) => {
                window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )
        return self.output(index).inner_text()

    def output(self, index):
        """Locate the output of one cell."""
        return self.page.locator(".jp-Cell").nth(index).locator(".jp-Cell-outputArea")


@pytest.fixture(scope="session")
def _context(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(600_000)  # only a page that hangs takes so long
    yield context
    context.close()


@pytest.fixture
def notebook(lab, _context, request):
    """Open a page; the test opens a notebook in it.

    Where COURSE_SCREENSHOTS names a folder, the page's last picture is kept there.
    """
    page = _context.new_page()
    opened = Notebook(page, lab)
    yield opened
    if folder := os.environ.get("COURSE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    # An unsaved notebook would ask whether to leave, and a forgotten kernel would fill the machine.
    page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
    page.close(run_before_unload=False)
