"""An S3 server on this machine: Ceph's radosgw over one monitor and one disk in memory, from Debian's packages.

It checks signatures and knows conditional PUT, multipart uploads, CORS and lifecycle rules, so what works here
works with a store that is bought. It takes about 13 s to start and forgets everything when it stops.

    with Radosgw(folder) as s3:
        s3.make_bucket("lectern")
        s3.url("lectern"), s3.access_key, s3.secret_key
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import signal
import struct
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra.core.errors import ConfigError
from infra.deploy.native.server import find_program, free_port, wait_until
from infra.own_processes import end_group, spawn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

PACKAGES = "radosgw ceph-mon ceph-osd ceph-common"
MEMORY_BYTES = 2 << 30  # what the disk in memory may hold
START_S = 120.0

# cephx is needed: with "none" radosgw fails for ever with -13. No manager is needed, health says otherwise.
_CONF = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_v2},v1:127.0.0.1:{mon_v1}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = {memory}
# A gateway that was killed is waited for by the next one's writes for this long.
osd client watch timeout = 2
osd default notify timeout = 2
mon allow pool size one = true
mon data = {folder}/mon
mon data avail crit = 1
osd data = {folder}/osd
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
log file = {folder}/$name.log
keyring = {folder}/keyring
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw thread pool size = 32
rgw data = {folder}/rgw
[osd]
keyring = {folder}/osd/keyring
"""


class Radosgw:
    """One store in `folder`, which should be empty and on a short path (its sockets have at most 107 characters)."""

    def __init__(self, folder: Path, *, access_key: str = "lecternkey", secret_key: str | None = None) -> None:
        """Starts nothing. Raises ConfigError with the packages to install when a program is missing."""
        self._folder = folder.absolute()
        self._programs = {name: find_program(name, PACKAGES) for name in
                          ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")}
        self.access_key = access_key
        self.secret_key = secret_key or secrets.token_hex(20)
        self.port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def endpoint(self) -> str:
        """Address of the S3 API, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def url(self, bucket: str, prefix: str = "") -> str:
        """What LECTERN_STORAGE_URL takes; the keys go into LECTERN_S3_ACCESS_KEY and LECTERN_S3_SECRET_KEY."""
        path = f"{bucket}/{prefix}".rstrip("/")
        return f"s3://{path}?endpoint={quote(self.endpoint, safe=':/')}&region=us-east-1"

    def make_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        self.client().create_bucket(Bucket=name)

    def client(self) -> Any:
        """A boto3 client with this server's keys."""
        import boto3
        from botocore.config import Config

        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1",
                            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key,
                            config=Config(s3={"addressing_style": "path"}))

    def start(self) -> None:
        """Start everything; returns when a signed request is answered. Raises ConfigError with the log's end."""
        try:
            self._make_cluster()
            self.start_gateway()
            self._admin("user", "create", "--uid", "lectern", "--display-name", "Lectern",
                        "--access-key", self.access_key, "--secret-key", self.secret_key)
        except BaseException:
            self.kill()
            raise

    def start_gateway(self) -> None:
        """Start the gateway (again, on the same port, with the same data); returns when its port answers."""
        self._spawn("radosgw", "-n", "client.admin", "-f")
        wait_until(self._answers, START_S, self._why("radosgw"))

    def kill_gateway(self) -> None:
        """SIGKILL to the gateway alone: the data stays."""
        self._kill("radosgw")

    def gateway_runs(self) -> bool:
        """Whether the gateway's process is there."""
        process = self._processes.get("radosgw")
        return process is not None and process.poll() is None

    def limit_bucket(self, name: str, *, objects: int) -> None:
        """Set and enable a quota: the store refuses to hold more objects than that in the bucket."""
        self._admin("quota", "set", "--quota-scope", "bucket", "--bucket", name, "--max-objects", objects)
        self._admin("quota", "enable", "--quota-scope", "bucket", "--bucket", name)

    def stop(self) -> None:
        """End all of it, with its data."""
        for name in ("radosgw", "ceph-osd", "ceph-mon"):
            process = self._processes.pop(name, None)
            if process is not None:
                end_group(process, 5.0)

    def kill(self) -> None:
        """SIGKILL to all of it."""
        for name in list(self._processes):
            self._kill(name)

    def __enter__(self) -> Radosgw:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    # -- inside

    def _make_cluster(self) -> None:
        folder, fsid, mon = self._folder, str(uuid.uuid4()), (free_port(), free_port())
        for name in ("run", "mon", "osd", "rgw"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "ceph.conf").write_text(_CONF.format(fsid=fsid, mon_v2=mon[0], mon_v1=mon[1], port=self.port,
                                                       memory=MEMORY_BYTES, folder=folder))
        allow = [word for who in ("mon", "osd", "mgr", "mds") for word in ("--cap", who, "allow *")]
        self._run("ceph-authtool", "--create-keyring", folder / "mon.keyring", "--gen-key", "-n", "mon.",
                  "--cap", "mon", "allow *")
        self._run("ceph-authtool", "--create-keyring", folder / "keyring", "--gen-key", "-n", "client.admin", *allow)
        self._run("ceph-authtool", folder / "mon.keyring", "--import-keyring", folder / "keyring")
        self._run("monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a",
                  f"[v2:127.0.0.1:{mon[0]},v1:127.0.0.1:{mon[1]}]", folder / "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", folder / "monmap", "--keyring", folder / "mon.keyring")
        self._spawn("ceph-mon", "-i", "a", "-f")
        wait_until(lambda: self._try("ceph", "--connect-timeout", "2", "mon", "stat"), START_S, self._why("ceph-mon"))

        osd = str(uuid.uuid4())
        # A cephx secret: type 1 (AES), the time, the length, 16 random bytes.
        secret = base64.b64encode(struct.pack("<hiih", 1, int(time.time()), 0, 16) + os.urandom(16)).decode()
        (folder / "osd.json").write_text(f'{{"cephx_secret": "{secret}"}}')
        self._run("ceph", "osd", "new", osd, "-i", folder / "osd.json")
        self._run("ceph-authtool", "--create-keyring", folder / "osd" / "keyring", "-n", "osd.0",
                  "--add-key", secret)
        self._run("ceph", "osd", "crush", "add", "osd.0", "1", "root=default", "host=here")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._spawn("ceph-osd", "-i", "0", "-f")
        wait_until(lambda: " 1 up" in self._run("ceph", "osd", "stat"), START_S, self._why("ceph-osd"))

    def _answers(self) -> bool:
        import httpx

        if self._processes["radosgw"].poll() is not None:
            raise ConfigError("server_start", self._why("radosgw")())
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(self.endpoint, timeout=2, trust_env=False).status_code < 500
        return False

    def _why(self, name: str) -> Callable[[], str]:
        def why() -> str:
            printed = (self._folder / f"{name}.out").read_text(errors="replace")[-600:]
            return f"{name} does not start; its logs are in {self._folder}, and it printed:\n{printed}"
        return why

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _spawn(self, program: str, *arguments: object) -> None:
        with (self._folder / f"{program}.out").open("ab") as output:
            self._processes[program] = spawn(self._argv(program, *arguments), output=output.fileno())

    def _argv(self, program: str, *arguments: object) -> list[str]:
        # The authtool and monmaptool know no configuration file; to all others it is told.
        conf = [] if program in ("ceph-authtool", "monmaptool") else ["-c", str(self._folder / "ceph.conf")]
        return [str(self._programs[program]), *conf, *map(str, arguments)]

    def _admin(self, *arguments: object) -> None:
        self._run("radosgw-admin", "-n", "client.admin", *arguments)

    def _run(self, program: str, *arguments: object) -> str:
        """One command to its end; what it printed. Raises ConfigError when it fails."""
        path = self._folder / f"{program}.once"
        with path.open("wb") as output:
            process = spawn(self._argv(program, *arguments), output=output.fileno())
            code = process.wait(START_S)
        printed = path.read_text(errors="replace")
        if code:
            raise ConfigError("radosgw", f"{program} {arguments[0]} failed ({code}): {printed[-300:].strip()}")
        return printed

    def _try(self, program: str, *arguments: object) -> bool:
        try:
            self._run(program, *arguments)
        except ConfigError:
            return False
        return True
