"""Where a lesson pushes to: the Hugging Face Hub, or a stand-in for it in this kernel.

The lesson's cells are the same for both: ``push_to_hub``, ``pipeline(model=id)``,
``load_dataset(id)``.
"""

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from threading import Thread

from course_utils import catalog, errors
from course_utils.course.fake_hub import StandIn


class SharingError(errors.CourseError, RuntimeError):
    """There is nowhere to push to; the message says why and what to do."""


def connect():
    """Choose the Hub that this kernel pushes to and loads from, and print its address.

    In the hub profile it is the real Hub, with the learner's account; in the pocket profile a
    small server on 127.0.0.1 with its own account, token and cache. Call this before the first
    import of a Hugging Face library; a second call changes nothing.
    """
    if catalog.profile() == "hub":
        print(f"Pushes go to {_real()}, into your account.")
    else:
        server = f"{_stand_in()}, a stand-in for the Hub in this kernel"
        print(f"Pushes go to {server}. Nothing is uploaded.")


def _real():
    from huggingface_hub import constants, get_token

    if get_token() is None:
        raise SharingError(
            "There is no token for the Hugging Face Hub: run `hf auth login` in a terminal (on "
            "Colab, add the secret HF_TOKEN) and restart the kernel, or take the pocket profile, "
            "which needs no account."
        )
    return constants.ENDPOINT


@cache
def _stand_in():
    if "huggingface_hub" in sys.modules:
        raise SharingError(
            "A Hugging Face library is already imported, and it reads the Hub's address only then: "
            "restart the kernel and call sharing.connect() before the other imports."
        )
    server = StandIn()
    Thread(target=server.serve_forever, daemon=True).start()
    home = Path(tempfile.mkdtemp(prefix="hub-stand-in-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "HF_ENDPOINT": server.address,
        "HF_TOKEN": server.token,
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        # Online again: the libraries know no other address than this one.
        "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
    return server.address
