"""Where a lesson pushes to: the Hugging Face Hub, or a stand-in that this kernel serves itself.

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

from course_utils import catalog
from course_utils.course.fake_hub import StandIn


class SharingError(RuntimeError):
    """There is nowhere to push to; the message says why and what to do."""


def connect():
    """Choose the Hub that this kernel pushes to and loads from, and print which one it is.

    The hub profile takes the real Hub, and the learner's account there. The pocket profile takes a
    stand-in: a small server on 127.0.0.1 with an account, a token and a cache of its own, so that
    nothing leaves the machine and no token of the learner is sent anywhere. Call it before the
    first import of a Hugging Face library; a second call changes nothing.

    Raises
    ------
    SharingError
        If there is no token (hub), or a Hugging Face library is imported already (pocket).
    """
    if catalog.profile() == "hub":
        address = _real()
        print(f"Pushes go to {address}, into your account.")
    else:
        address = _stand_in()
        print(
            f"Pushes go to {address}, a stand-in for the Hub in this kernel. Nothing is uploaded."
        )


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
            "A Hugging Face library is imported already, and it reads the Hub's address only then: "
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
        # The libraries may use the network again: they know no other address than this one.
        "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
    return server.address
