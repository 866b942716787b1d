"""The container files, read as text: no container engine is needed, and none has run them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^[^:@\s]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> list[list[str]]:
    """The Dockerfile's instructions as words, with continued lines joined."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def stages(dockerfile: list[list[str]]) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for words in dockerfile:
        if words[0] == "FROM":
            found[words[3]] = []
        list(found.values())[-1].append(words)
    return found


def test_compose_file_obeys_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads((PROJECT / "tests/setup/compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(compose)


def test_the_schema_refuses_what_is_no_compose_file(compose: dict[str, Any]) -> None:
    schema = json.loads((PROJECT / "tests/setup/compose-spec.json").read_text())
    wrong = {**compose, "services": {"worker": {"imag": "waybill-worker:0.1.0"}}}
    with pytest.raises(jsonschema.ValidationError, match="imag"):
        jsonschema.Draft7Validator(schema).validate(wrong)


def test_every_image_is_pinned_to_a_release(services: dict[str, Any]) -> None:
    assert {name: service["image"] for name, service in services.items() if not PINNED.match(service["image"])} == {}


def test_every_base_image_is_pinned_or_an_earlier_stage(dockerfile: list[list[str]]) -> None:
    named: set[str] = set()
    for words in dockerfile:
        if words[0] == "FROM":
            assert words[1] in named or PINNED.match(words[1]), words
            named.add(words[3])


def test_dependencies_that_are_waited_for_exist_and_can_be_waited_for(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] != "service_healthy" or "test" in services[name]["healthcheck"]
            assert (
                wait["condition"] != "service_completed_successfully" or services[name]["restart"] != "unless-stopped"
            )


def test_the_worker_starts_only_after_migrations_and_set_up(services: dict[str, Any]) -> None:
    assert services["worker"]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert services["setup"]["command"] == ["waybill", "setup"]


def test_the_worker_has_a_health_check_and_time_to_drain(services: dict[str, Any]) -> None:
    worker = services["worker"]
    assert any("/healthz" in word for word in worker["healthcheck"]["test"])
    assert int(worker["stop_grace_period"].removesuffix("s")) > 30


def test_the_worker_reads_its_configuration_and_secrets_and_cannot_change_them(services: dict[str, Any]) -> None:
    assert services["worker"]["volumes"] == ["./waybill.toml:/app/waybill.toml:ro", "./secrets:/run/secrets:ro"]


def test_the_sandbox_runs_only_with_its_profile_and_nothing_needs_it(services: dict[str, Any]) -> None:
    with_profile = {name for name, service in services.items() if "profiles" in service}
    assert with_profile == {"sandbox"}
    assert services["sandbox"]["profiles"] == ["sandbox"]
    assert not [name for name, service in services.items() if "sandbox" in service.get("depends_on", {})]


def test_no_password_has_a_default(services: dict[str, Any]) -> None:
    values = [
        str(value)
        for service in services.values()
        for key, value in service.get("environment", {}).items()
        if re.search("PASSWORD|PWD|DATABASE_URL", key)
    ]
    assert len(values) >= 5
    assert [value for value in values if not re.search(r"\$\{\w+_PASSWORD:\?[^}]+\}", value)] == []


def test_ports_are_open_to_the_host_alone(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_data_outlives_its_container(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for name in ("temporal-db", "ledger-db"):
        assert services[name]["volumes"] == [f"{name}:/var/lib/postgresql"]
        assert name in compose["volumes"]


@pytest.mark.parametrize("stage", ["worker", "sandbox"])
def test_an_image_runs_as_an_ordinary_user_with_a_health_check(dockerfile: list[list[str]], stage: str) -> None:
    words = stages(dockerfile)[stage]
    users = [line[1] for line in words if line[0] == "USER"]
    assert users == ["10001"]
    assert [line for line in words if line[0] == "HEALTHCHECK"]
    assert [line[0] for line in words].index("USER") < [line[0] for line in words].index("CMD")


def test_an_image_built_without_a_target_is_the_worker(dockerfile: list[list[str]]) -> None:
    assert list(stages(dockerfile))[-1] == "worker"
    assert dockerfile[-1] == ["CMD", '["python",', '"worker.py"]']


def test_the_targets_that_compose_builds_exist(dockerfile: list[list[str]], services: dict[str, Any]) -> None:
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets == {"worker", "sandbox"}
    assert targets <= set(stages(dockerfile))


def test_dependencies_come_from_the_lock_file_and_the_worker_has_none_of_the_sandbox(
    dockerfile: list[list[str]],
) -> None:
    installs = {
        name: [" ".join(line) for line in lines if line[:3] == ["RUN", "uv", "sync"]]
        for name, lines in stages(dockerfile).items()
    }
    assert all("--locked" in line and "--no-default-groups" in line for lines in installs.values() for line in lines)
    assert [name for name, lines in installs.items() if any("--group" in line for line in lines)] == ["build-sandbox"]
    copied = [" ".join(line) for line in stages(dockerfile)["worker"] if line[0] == "COPY"]
    assert copied == ["COPY --from=build /app /app"]


def test_secrets_and_the_ledger_never_enter_the_build() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert allowed.isdisjoint({".waybill", "secrets", ".env", "waybill.toml", ".git"})
    assert all((PROJECT / path).exists() for path in allowed)
