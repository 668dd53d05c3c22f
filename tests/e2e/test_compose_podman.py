"""docker-compose.yml and the Dockerfile, tried without Docker: podman, and images made of Debian packages here.

The base images and servers have the names that the files ask for, so neither file is changed for it. What podman can
not show: memory and processor limits (no cgroups here), Docker's own ordering by health, and the official images'
own start scripts. Takes some 6 minutes, and the network (Debian's mirror, PyPI, npm).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lecture_clips import Shape, make

ROOT = Path(__file__).parents[2]
TOOLS = {"podman": "podman", "buildah": "buildah", "debootstrap": "debootstrap", "crun": "crun", "catatonit": "catatonit",
         "unshare": "util-linux", "ip": "iproute2", "iptables": "iptables", "node": "nodejs", "npm": "npm"}
PARTS = {Path("/usr/lib/podman/netavark"): "netavark", Path("/usr/lib/podman/aardvark-dns"): "aardvark-dns",
         Path(sys.executable).parent / "podman-compose": "podman-compose (test.txt)"}
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# No network of the host's: names of services would not be found.
CONTAINERS = """\
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
init_path = "{catatonit}"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""

pytestmark = [pytest.mark.release, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with podman's images: ours, built from the Dockerfile, and those that it and the compose file name."""
    missing = [package for program, package in TOOLS.items() if shutil.which(program) is None]
    missing += [package for path, package in PARTS.items() if not path.exists()]
    if missing:
        reason = "apt-get install --no-install-recommends " + " ".join(missing)
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes file systems and networks for containers")
    if subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let even root make namespaces")
    folder = tmp_path_factory.mktemp("podman")
    (folder / "containers.conf").write_text(CONTAINERS.format(folder=folder, catatonit=shutil.which("catatonit")))
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder, driver=driver(folder)))
    try:
        base_images(folder)
        build(folder, "lectern:local", ROOT, "infra/deploy/Dockerfile")
        names = [image for image in wanted_images() if not image.startswith("lectern:")]
        build(folder, names[0], ROOT / "tests" / "e2e" / "compose_standins", "Dockerfile")
        for name in names[1:]:
            run(folder, "podman", "tag", full(names[0]), full(name))
        yield folder
    finally:
        run(folder, "podman", "rm", "--all", "--force", check=False)
        run(folder, "podman", "rmi", "--all", "--force", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def test_the_compose_file_runs_and_heals(podman: Path, tmp_path: Path) -> None:
    clip = make(tmp_path / "lecture.mp4", Shape(duration_s=12.0, size="640x360"))
    said = run(podman, "unshare", "-m", "-n", sys.executable, "-m", "tests.e2e.compose_run", str(clip))
    seen = json.loads(said.splitlines()[-1])
    assert set(seen["up"]) == {"volumes", "postgres", "redis", "s3", "init", "api", "nginx", "worker-jit", "worker-media",
                               "worker-speech", "worker-light", "sweeper", "rollup"}
    assert seen["cells"] == [[200, "MISS"], [200, "HIT"]]
    # A worker, the broker and the database were killed: each came back, and the work was finished.
    assert all(int(count) >= 1 for count in seen["restarts"].values())
    assert seen["finished"] == "ready"
    inside = seen["inside"]
    assert inside["user"] == "10001"
    assert "Read-only file system" in inside["root"]
    assert inside["capabilities"].split() == ["CapEff:", "0000000000000000"]
    assert inside["reaches_out"] == {"worker-media": False, "worker-light": True}


def test_nothing_starts_without_secrets(podman: Path) -> None:
    compose = str(Path(sys.executable).parent / "podman-compose")
    environment = {name: value for name, value in os.environ.items() if not name.endswith(("_PASSWORD", "_KEY"))}
    done = subprocess.run([compose, "config"], cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD" in done.stderr and "env.example" in done.stderr


def base_images(folder: Path) -> None:
    """Python and Node under the names that the Dockerfile asks for, and nothing else in them."""
    root = folder / "root"
    try:
        run(folder, "debootstrap", "--variant=minbase", "--include=ca-certificates,python3,python3-venv,python3-pip",
            "bookworm", str(root), "http://deb.debian.org/debian")
    except AssertionError as error:
        pytest.skip(f"Debian's mirror can not be reached: {str(error)[-300:]}")
    # Registries are reached through whatever this machine trusts.
    shutil.copy(CERTIFICATES, root / CERTIFICATES.lstrip("/"))
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    python, node = (next(image for image in dockerfile_images() if image.startswith(name)) for name in ("python:", "node:"))
    run(folder, "sh", "-c", 'tar -C "$0" -c . | podman import -c "ENV PIP_CERT=$1" -c "ENV NODE_EXTRA_CA_CERTS=$1" - "$2"',
        str(root), CERTIFICATES, full(python))
    shutil.rmtree(root)
    files = folder / "node" / "files" / "usr" / "local"
    (files / "bin").mkdir(parents=True)
    program = Path(str(shutil.which("node"))).resolve()
    npm = Path(str(shutil.which("npm"))).resolve().parent.parent
    shutil.copy(program, files / "bin" / "node")
    shutil.copytree(npm, files / "lib" / "node_modules" / "npm", symlinks=True)
    (files / "bin" / "npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    (folder / "node" / "Dockerfile").write_text(f"FROM {full(python)}\nCOPY files /\n")
    build(folder, node, folder / "node", "Dockerfile")


def build(folder: Path, image: str, context: Path, file: str) -> None:
    """podman build, with the network of this machine."""
    name = image if image.startswith("lectern:") else full(image)
    run(folder, "podman", "build", "--layers=false", "-f", str(context / file), "-t", name, str(context))


def wanted_images() -> list[str]:
    """What docker-compose.yml names, once each."""
    return list(dict.fromkeys(re.findall(r"^ +image: (\S+)", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)))


def dockerfile_images() -> list[str]:
    """What the Dockerfile builds on."""
    return re.findall(r"^FROM (\S+)", (ROOT / "infra" / "deploy" / "Dockerfile").read_text(), re.MULTILINE)


def full(image: str) -> str:
    """The name under which an engine would look it up."""
    return f"docker.io/{image}" if "/" in image else f"docker.io/library/{image}"


def driver(folder: Path) -> str:
    """overlay where it can be mounted here (quick), else copies."""
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    layers = ",".join(f"{name}dir={folder / name}" for name in ("lower", "upper", "work"))
    trial = f'mount -t overlay overlay -o {layers} "{folder / "merged"}" && umount "{folder / "merged"}"'
    works = subprocess.run(["unshare", "-m", "sh", "-c", trial], capture_output=True, check=False).returncode == 0
    return "overlay" if works else "vfs"


def run(folder: Path, *words: str, check: bool = True) -> str:
    """What a command printed; fails with the end of what it said."""
    environment = os.environ | {"CONTAINERS_CONF": str(folder / "containers.conf"), "BUILDAH_ISOLATION": "chroot",
                                "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}
    done = subprocess.run(words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False)
    if check:
        assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    return done.stdout
