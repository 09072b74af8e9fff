"""Fetches one file from the model hub, as a process of its own: run by `deploy.weights_sources`, imported by nobody.

A process, because the hub's library reads its switches when it is imported, takes a while to load, and must be ended
when a network swallows packets. It sends no token and no usage statistics.

usage: weights_hub.py probe|fetch REPOSITORY FILE FOLDER; ends with 0, or with 1 and the reason as its last line.
"""

import os
import sys
from pathlib import Path

PROBE_SECONDS = 4.0


def main(action: str, repository: str, file: str, folder: Path) -> int:
    """Ask whether the hub has `file` (probe), or put it into `folder` (fetch; what came before is kept and goes on)."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import httpx  # noqa: PLC0415 - a process entry point
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # noqa: PLC0415 - after the switch
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        if action == "probe":
            get_hf_file_metadata(hf_hub_url(repository, file), token=False, timeout=PROBE_SECONDS)
        else:
            hf_hub_download(repository, file, local_dir=folder, token=False, etag_timeout=PROBE_SECONDS)
    except (httpx.HTTPError, HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)  # noqa: T201 - the answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
