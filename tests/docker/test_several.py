"""docker/several.yaml: everything twice, nobody with rights they do not need, and all know each other's addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from router import settings
from tests.docker.test_compose import DOCKER, PROJECT, SECRET, _environment, _filled, _variables

COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "several.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROUTERS = ("router-1", "router-2")
ASTERISKS = ("asterisk-1", "asterisk-2")
PROXY = (DOCKER / "proxy" / "haproxy.cfg").read_text("utf-8")


def address(service: str) -> str:
    return str(SERVICES[service]["networks"]["inside"]["ipv4_address"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_no_rights_it_does_not_need(service: str) -> None:
    declared = SERVICES[service]
    assert declared["cap_drop"] == ["ALL"]
    assert declared["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in declared
    assert "build" in declared or declared["user"] not in {"root", "0"}
    assert declared["mem_limit"]
    assert declared["read_only"] is True
    for port in declared.get("ports", []):
        assert _filled(port, {}).startswith("127.0.0.1:"), port
    for name, value in declared["environment"].items():
        if SECRET.search(name):
            assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name} has a value of its own"


def test_no_two_publish_the_same_port() -> None:
    published = [_filled(port, {}) for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == len(set(published))


@pytest.mark.parametrize("router", ROUTERS)
def test_the_routers_take_their_settings(router: str, tmp_path: Path) -> None:
    made = _variables(DOCKER / ".env.example")
    made |= {name: "s" * 64 for name in made if SECRET.search(name)}
    environment = _environment(DOCKER / "router" / "Dockerfile")
    environment |= {k: _filled(v, made) for k, v in SERVICES[router]["environment"].items() if v is not None}
    taken = settings.load(environment, folder=tmp_path)
    assert list(taken.ami_host) == [address(asterisk) for asterisk in ASTERISKS]
    assert taken.prompts_address == f"http://{address(router)}:8080"
    assert taken.audiosocket_told == f"{address(router)}:4574"
    assert tuple(map(str, taken.trusted_proxies)) == (f"{address('proxy')}/32",)
    assert SERVICES[router]["read_only"] is True
    grace = int(str(SERVICES[router]["stop_grace_period"]).removesuffix("s"))
    assert grace >= taken.stop_seconds + 15, "calls finish before the engine kills"


@pytest.mark.parametrize("asterisk", ASTERISKS)
def test_an_asterisk_writes_where_the_only_one_does(asterisk: str) -> None:
    """Which is tried by `tests/system/test_container.py`."""
    alone = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))["services"]["asterisk"]
    assert SERVICES[asterisk]["tmpfs"] == alone["tmpfs"]
    places = [[each.split(":")[1] for each in service["volumes"]] for service in (SERVICES[asterisk], alone)]
    assert places[0] == places[1]


@pytest.mark.parametrize("asterisk", ASTERISKS)
def test_an_asterisk_has_a_name_of_its_own_and_asks_both_routers(asterisk: str) -> None:
    environment = SERVICES[asterisk]["environment"]
    names = [SERVICES[each]["environment"]["ASTERISK_SYSTEM_NAME"] for each in ASTERISKS]
    assert len(set(names)) == len(names)
    assert environment["ASTERISK_ROUTER"] == ",".join(f"{address(router)}:4573" for router in ROUTERS)
    assert environment["ASTERISK_AMI_PERMIT"] == ",".join(f"{address(router)}/255.255.255.255" for router in ROUTERS)
    assert environment["ASTERISK_AMI_BIND"] == address(asterisk)


def test_the_proxy_goes_to_both_by_readiness_and_ties_nobody_to_one() -> None:
    servers = re.findall(r"^    server (\S+) (\S+):8080 check$", PROXY, flags=re.MULTILINE)
    assert servers == [(router, address(router)) for router in ROUTERS] * 2
    assert "uri /readyz" in PROXY
    assert not re.search(r"cookie|stick|balance source", PROXY)
    mounted = [volume.split(":")[0] for volume in SERVICES["proxy"]["volumes"]]
    assert [(DOCKER / path).resolve() for path in mounted] == [PROJECT / "docker" / "proxy" / "haproxy.cfg"]


def test_what_must_last_is_on_named_volumes() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_environment_that_is_made_is_enough() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DOCKER / "several.yaml").read_text("utf-8")))
    assert asked <= set(_variables(DOCKER / ".env.example"))
    assert json.loads(SERVICES["router-1"]["environment"]["THREADLINE_PHONES"])
