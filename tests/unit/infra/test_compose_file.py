"""docker-compose.yml, the Dockerfile and what stands around them agree with each other and with the code."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.core.settings import Settings
from infra.deploy.health import servers
from infra.deploy.nginx_conf import Edge, template_variables

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
DOCKERFILE = (ROOT / "infra" / "deploy" / "Dockerfile").read_text()
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(:?[-?+][^}]*)?\}")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_kept_small(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["init"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "cap_add" not in service and "network_mode" not in service
    user, _, group = service["user"].partition(":")
    assert int(user) > 0 and int(group) > 0
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0 and re.fullmatch(r"\d+[mg]", limits["memory"])
    assert service["pids_limit"] > 0
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert any(entry.startswith("/tmp:") for entry in service["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_watched_or_ends_by_itself(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"] and service["healthcheck"]["interval"] and service["healthcheck"]["timeout"]
    for other, how in service.get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == expected, other


def test_no_secret_has_a_default() -> None:
    """Each is asked for with a sentence, and nothing that looks like one is written down."""
    used = dict[str, set[str]]()
    for match in _VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()):
        used.setdefault(match[1], set()).add(match[2] or "")
    secrets = {name for name in used if re.search("PASSWORD|SECRET|KEY", name)}
    assert secrets == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "LIVE_SECRET"}
    for name in secrets:
        assert all(how.startswith(":?") and "env.example" in how for how in used[name]), name
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|ACCESS_KEY|AUTH$", name):
                assert re.fullmatch(r"\$\{[A-Z0-9_]+:\?[^}]+\}", str(value)), name
    example = dict(line.lstrip("# ").split("=", 1) for line in
                   (ROOT / "infra/deploy/env.example").read_text().splitlines() if re.match(r"(# )?[A-Z0-9_]+=", line))
    assert set(example) == set(used)
    assert all(example[name] == "" for name in secrets)
    for name, how in used.items():
        if name not in secrets:
            assert how == {f":-{example[name]}"}, f"{name}: env.example tells another default"


def test_every_setting_exists() -> None:
    known = {f"LECTERN_{name.upper()}" for name in Settings.model_fields}
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            assert not variable.startswith("LECTERN_") or variable in known, f"{name}: {variable}"
    for variable in re.findall(r"LECTERN_[A-Z0-9_]+", DOCKERFILE):
        assert variable in known
    assert Settings(delivery=SERVICES["api"]["environment"]["LECTERN_DELIVERY"])


def test_nginx_gets_all_that_its_template_asks_for() -> None:
    given = {name for name in SERVICES["nginx"]["environment"] if not name.startswith("NGINX_ENVSUBST")}
    assert given == template_variables() == set(Edge("", [], Path(), Path()).variables())
    bucket = re.match(r"s3://([^?/]+)\?", SERVICES["api"]["environment"]["LECTERN_STORAGE_URL"])
    assert bucket and SERVICES["nginx"]["environment"]["NGINX_S3_BUCKET"] == bucket[1]


def test_only_what_takes_viewers_and_publishers_is_published_and_only_to_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx", "mediamtx"]
    assert SERVICES["nginx"]["ports"] == ["${PUBLISH:-127.0.0.1:8080}:8080"]
    assert SERVICES["mediamtx"]["ports"] == [
        "${PUBLISH_RTMP:-127.0.0.1:1935}:1935", "${PUBLISH_SRT:-127.0.0.1:8890}:8890/udp"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    reach_out = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert reach_out == {"nginx", "worker-light", "mediamtx"}


def test_images_are_pinned_and_ours_can_be_built() -> None:
    for name, service in SERVICES.items():
        repository, _, tag = service["image"].rpartition(":")
        assert repository and tag not in ("latest", ""), name
        if "build" in service:
            assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            assert service["image"] == "lectern:local"
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert ":" in image and not image.endswith(":latest"), image
    assert "--require-hashes" in DOCKERFILE and "USER 10001:10001" in DOCKERFILE


def test_what_the_image_is_made_of_exists_and_is_sent() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    def sent(path: str) -> bool:
        """The last rule that names the path or a folder above it decides."""
        answer = True
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            parts = [path, *(str(folder) for folder in Path(path).parents)]
            if any(fnmatch(part, pattern) or (rule.lstrip("!").startswith("**/") and fnmatch(Path(part).name, pattern))
                   for part in parts):
                answer = rule.startswith("!")
        return answer

    copied = [word for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]
    assert {"infra", "player_api", "infra/locks/run.txt"} <= set(copied)
    for path in copied:
        assert (ROOT / path).exists() and sent(path), path
    assert sent("infra/deploy/init.py")
    for path in ("player_api/static", "player_api/web/node_modules", ".env", "tests", "lectern-data", ".git"):
        assert not sent(path), path


def test_the_processes_are_modules_of_ours() -> None:
    for name, service in SERVICES.items():
        for words in (service.get("command", []), service.get("healthcheck", {}).get("test", [])):
            if "-m" in words:
                module = words[words.index("-m") + 1].replace(".", "/") + ".py"
                assert (ROOT / module).is_file(), f"{name}: {module}"
    commands = [service.get("command", []) for service in SERVICES.values()]
    assert {words[3] for words in commands if "infra.runtime.worker" in words} == {"jit", "media", "speech", "light"}


def test_redis_keeps_what_it_was_given() -> None:
    script = SERVICES["redis"]["command"][2]
    for line in ("appendonly yes", "maxmemory-policy noeviction", "requirepass $$REDISCLI_AUTH"):
        assert line in script.splitlines()


def test_the_health_check_knows_the_servers_by_the_settings() -> None:
    environment = SERVICES["api"]["environment"]
    found = servers(*(_VARIABLE.sub("x", environment[f"LECTERN_{name}_URL"]) for name in ("DATABASE", "BROKER", "STORAGE")))
    assert found == [("postgres", 5432), ("redis", 6379), ("s3", 9000)]
    assert servers("", "", "") == []
    assert servers("postgresql+psycopg://u@db/x", "amqps://mq//", "s3://b?endpoint=https://s3.example") == [
        ("db", 5432), ("mq", 5671), ("s3.example", 443)]
