"""An S3 server in a container, on port 9000 of all its addresses."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from infra.deploy.native.radosgw import Radosgw

server = Radosgw(Path("/tmp/s3"), access_key=os.environ["MINIO_ROOT_USER"], secret_key=os.environ["MINIO_ROOT_PASSWORD"])
with server:
    subprocess.Popen(["socat", "TCP-LISTEN:9000,fork,reuseaddr", f"TCP:127.0.0.1:{server.port}"])
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
