"""docker-compose.yml, run by podman without Docker: python -m tests.e2e.compose_run CLIP, under `unshare -m -n`, as root.

podman 4 neither waits for healthy services nor knows dependencies on a finished one, and runs no health check by
itself, so this does: each service in the order of its dependencies, its health check until it says 0, a one-shot to
its end. Then a lecture goes in and comes out through nginx, while a worker, the broker and the database are killed.
The environment names podman's images and configuration (see test_compose_podman). Prints what it saw, a line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
URL = "http://127.0.0.1:8080"
SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "LIVE_SECRET")


def main(clip: Path) -> int:
    """The exit code."""
    private_machine()
    os.environ.update({name: os.urandom(12).hex() for name in SECRETS} | {"TRANSCRIBE": "false"})
    try:
        print(json.dumps(tried(clip)), flush=True)
    except BaseException:
        for name in SERVICES:
            said = subprocess.run(["podman", "logs", "--tail", "30", container(name)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False).stdout
            print(f"--- {name}\n{said}", file=sys.stderr)
        raise
    finally:
        # Containers with a restart policy would outlive us.
        podman("rm", "--all", "--force", "--time", "3", check=False)
        podman("volume", "rm", "--all", "--force", check=False)
    return 0


def private_machine() -> None:
    """No cgroups (a container has none to give away), a loopback, and run folders that nobody else sees."""
    with contextlib.suppress(subprocess.CalledProcessError):
        run("umount", "-l", "/sys/fs/cgroup")
    run("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup")
    run("ip", "link", "set", "lo", "up")
    for name in ("netns", "containers", "libpod", "crun"):
        Path("/run", name).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", f"/run/{name}")


def tried(clip: Path) -> dict[str, Any]:
    """Start everything, use it, kill parts of it; what was seen."""
    seen: dict[str, Any] = {"up": {}}
    for name in in_order():
        begun_s = time.monotonic()
        start(name)
        seen["up"][name] = round(time.monotonic() - begun_s, 1)
    key = compose("run", "--rm", "--no-deps", "init", "cat", "/data/admin.key").splitlines()[-1].strip()
    with httpx.Client(base_url=URL, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60.0) as client:
        with clip.open("rb") as lecture:
            made = client.post("/api/v1/videos", files={"file": ("a.mp4", lecture)}, data={"title": "A"})
        assert made.status_code == 201, made.text
        seen["created"] = made.json()["status"]
        play = f"/play/{made.json()['playback_id']}"
        master = client.get(f"{play}/master.m3u8").text
        rung = next(line for line in master.splitlines() if line.endswith("index.m3u8")).partition("/")[0]
        cells = [client.get(f"{play}/{rung}/0.m4s") for _ in range(2)]
        seen["cells"] = [(cell.status_code, cell.headers["X-Cache"]) for cell in cells]
        assert cells[0].content == cells[1].content and len(cells[0].content) > 1000
        for name in ("worker-media", "redis", "postgres"):
            inside = podman("inspect", "--format", "{{.State.Pid}}", container(name)).strip()
            os.kill(int(inside), 9)
        seen["ready_again_s"] = until_ready(client)
        seen["finished"] = until_finished(client, made.json()["id"])
        seen["restarts"] = {name: podman("inspect", "--format", "{{.RestartCount}}", container(name)).strip()
                            for name in ("worker-media", "redis", "postgres")}
    seen["inside"] = {
        "user": execute("api", "id", "-u"),
        "root": execute("api", "sh", "-c", "touch /app/x 2>&1 || true"),
        "capabilities": execute("api", "sh", "-c", "grep CapEff /proc/1/status"),
        "reaches_out": {name: default_route(name) for name in ("worker-media", "worker-light")},
    }
    return seen


def start(name: str) -> None:
    """One service, up and healthy, or done."""
    compose("up", "--detach", "--no-deps", "--no-build", name)
    if SERVICES[name]["restart"] == "no":
        code = podman("wait", container(name)).strip()
        assert code == "0", f"{name} ended with {code}"
        return
    deadline_s = time.monotonic() + 120.0
    while podman("healthcheck", "run", container(name), check=False, code=True) != "0":
        assert time.monotonic() < deadline_s, f"{name} is not healthy after 120 s"
        time.sleep(0.5)


def in_order() -> list[str]:
    """All services, each after those that it depends on."""
    order: list[str] = []

    def add(name: str) -> None:
        for other in SERVICES[name].get("depends_on", {}):
            add(other)
        if name not in order:
            order.append(name)

    for name in SERVICES:
        add(name)
    return order


def until_ready(client: httpx.Client) -> float:
    """Seconds until the API is ready after the kills."""
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < 120.0:
        with contextlib.suppress(httpx.HTTPError):
            if client.get("/readyz").status_code == 200:
                return round(time.monotonic() - begun_s, 1)
        time.sleep(0.25)
    raise AssertionError("the API is not ready again after 120 s")


def until_finished(client: httpx.Client, video_id: str) -> str:
    """The status of the video when all of it is rendered, or after three minutes."""
    deadline_s = time.monotonic() + 180.0
    while True:
        status = ""
        with contextlib.suppress(httpx.HTTPError, KeyError):
            status = client.get(f"/api/v1/videos/{video_id}").json()["status"]
        if status in ("ready", "failed") or time.monotonic() > deadline_s:
            return status
        time.sleep(0.5)


def default_route(name: str) -> bool:
    """Whether the container has a way to the rest of the world."""
    lines = execute(name, "cat", "/proc/net/route").splitlines()[1:]
    return any(line.split()[1] == "00000000" for line in lines if line.split())


def container(service: str) -> str:
    return f"{COMPOSE['name']}_{service}_1"


def execute(service: str, *words: str) -> str:
    return podman("exec", container(service), *words).strip()


def compose(*words: str) -> str:
    return run(str(Path(sys.executable).parent / "podman-compose"), *words)


def podman(*words: str, check: bool = True, code: bool = False) -> str:
    """What it printed; with `code` its exit code."""
    if code:
        return str(subprocess.run(["podman", *words], cwd=ROOT, capture_output=True, check=False).returncode)
    return run("podman", *words, check=check)


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
