"""What docker/ promises, as far as it can be seen without an engine: safe defaults, real settings, paths that exist."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from router import settings

PROJECT = Path(__file__).resolve().parents[2]
DOCKER = PROJECT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILES = sorted(DOCKER.glob("*/Dockerfile"))
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")
SECRET = re.compile(r"(SECRET|PASSWORD|TOKEN)$")


def _variables(file: Path) -> dict[str, str]:
    lines = re.findall(r"^([A-Z_0-9]+)=(.*)$", file.read_text("utf-8"), flags=re.MULTILINE)
    return dict(lines)


def _filled(value: Any, variables: dict[str, str]) -> str:
    """The value as compose puts it together; raises KeyError for one that must be set and is not."""

    def fill(match: re.Match[str]) -> str:
        name, kind, otherwise = match.groups()
        return variables.get(name) or (otherwise if kind == ":-" else variables[name])

    return VARIABLE.sub(fill, str(value))


def _instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Each instruction with its argument, continued lines joined, comments dropped."""
    lines = [line for line in dockerfile.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def _instruction(dockerfile: Path, name: str) -> list[str]:
    return [rest for word, rest in _instructions(dockerfile) if word == name]


def _environment(dockerfile: Path) -> dict[str, str]:
    return dict(pair for rest in _instruction(dockerfile, "ENV") for pair in re.findall(r"(\w+)=(\S+)", rest))


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    """What docker/make-env writes."""
    subprocess.run([DOCKER / "make-env", tmp_path / "env"], check=True, capture_output=True, timeout=30)
    return _variables(tmp_path / "env")


def _copied_from_the_project(dockerfile: Path) -> Iterator[str]:
    for rest in _instruction(dockerfile, "COPY"):
        words = [word for word in rest.split() if not word.startswith("--chmod")]
        if not words[0].startswith("--from"):
            yield from words[:-1]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
class TestDockerfile:
    def test_it_does_not_run_as_root(self, dockerfile: Path) -> None:
        assert _instruction(dockerfile, "USER")[-1] not in {"root", "0"}

    def test_it_starts_from_named_releases(self, dockerfile: Path) -> None:
        for image in _instruction(dockerfile, "FROM"):
            name, _, tag = image.split()[0].partition(":")
            assert tag, f"{name} without a release"
            assert tag != "latest"

    def test_everything_it_copies_exists_and_is_sent_to_the_builder(self, dockerfile: Path) -> None:
        sent = {line[1:] for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}
        for path in _copied_from_the_project(dockerfile):
            assert (PROJECT / path).exists(), path
            assert path.rstrip("/") in sent or path.split("/")[0] in sent, f".dockerignore keeps {path} out"

    def test_it_keeps_no_package_lists_and_nothing_unasked(self, dockerfile: Path) -> None:
        for command in _instruction(dockerfile, "RUN"):
            if "apt-get install" in command:
                assert "--no-install-recommends" in command
                assert "rm -rf /var/lib/apt/lists/*" in command
            if "pip install" in command:
                assert "--require-hashes" in command or "--offline" in command

    def test_it_says_when_it_is_healthy(self, dockerfile: Path) -> None:
        assert _instruction(dockerfile, "HEALTHCHECK")

    def test_it_holds_no_secret(self, dockerfile: Path) -> None:
        assert not [name for name in _environment(dockerfile) if SECRET.search(name)]


class TestCompose:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_service_gets_no_rights_it_does_not_need(self, service: str) -> None:
        declared = SERVICES[service]
        assert declared["cap_drop"] == ["ALL"]
        assert declared["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in declared
        assert "build" in declared or declared["user"] not in {"root", "0"}

    @pytest.mark.parametrize("service", SERVICES)
    def test_nothing_can_be_written_but_on_volumes_and_in_memory(self, service: str) -> None:
        """That Asterisk gets along with that, `tests/system/test_container.py` tries."""
        assert SERVICES[service]["read_only"] is True

    @pytest.mark.parametrize("service", SERVICES)
    def test_ports_are_published_on_loopback_unless_told_otherwise(self, service: str) -> None:
        for port in SERVICES[service].get("ports", []):
            assert _filled(port, {}).startswith("127.0.0.1:"), port

    @pytest.mark.parametrize("service", SERVICES)
    def test_secrets_come_from_outside(self, service: str) -> None:
        for name, value in SERVICES[service]["environment"].items():
            if SECRET.search(name):
                assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name} has a value of its own"
        assert not re.search(r"://[^:/\s]+:(?!\$)[^@\s]+@", str(SERVICES[service])), "a password in an address"

    @pytest.mark.parametrize("service", SERVICES)
    def test_each_has_a_health_check_or_ends(self, service: str) -> None:
        declared = SERVICES[service]
        waited_for = [other.get("depends_on", {}).get(service, {}).get("condition") for other in SERVICES.values()]
        if "service_completed_successfully" in waited_for:
            assert declared["restart"] == "no"
        else:
            assert (
                "test" in declared.get("healthcheck", {}) or (PROJECT / declared["build"]["dockerfile"]) in DOCKERFILES
            )

    def test_what_must_last_is_on_named_volumes(self) -> None:
        mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
        assert set(mounted) == set(COMPOSE["volumes"])

    def test_every_path_exists(self) -> None:
        for service in SERVICES.values():
            if build := service.get("build"):
                context = (DOCKER / build["context"]).resolve()
                assert context == PROJECT
                assert (context / build["dockerfile"]).is_file()

    def test_the_example_names_exactly_what_compose_asks_for(self) -> None:
        text = (DOCKER / "compose.yaml").read_text("utf-8")
        passed_on = {
            name for service in SERVICES.values() for name, value in service["environment"].items() if value is None
        }
        named = set(re.findall(r"^#?([A-Z_0-9]+)=", (DOCKER / ".env.example").read_text("utf-8"), flags=re.MULTILINE))
        assert named == {match[1] for match in VARIABLE.finditer(text)} | passed_on

    def test_router_and_asterisk_know_each_other(self, made: dict[str, str]) -> None:
        router, asterisk = SERVICES["router"], SERVICES["asterisk"]
        at = {name: SERVICES[name]["networks"]["inside"]["ipv4_address"] for name in ("router", "asterisk")}
        assert asterisk["environment"]["ASTERISK_ROUTER"] == f"{at['router']}:4573"
        assert asterisk["environment"]["ASTERISK_AMI_PERMIT"].startswith(f"{at['router']}/")
        assert router["environment"]["THREADLINE_AMI_HOST"] == at["asterisk"]
        assert router["environment"]["THREADLINE_PROMPT_URL"] == f"http://{at['router']}:8080"
        assert router["environment"]["THREADLINE_AUDIOSOCKET_ADDRESS"] == f"{at['router']}:4574"
        secrets = {_filled(router["environment"]["THREADLINE_AMI_SECRET"], made)}
        assert secrets == {_filled(asterisk["environment"]["ASTERISK_AMI_SECRET"], made)}


class TestMadeEnvironment:
    def test_it_holds_different_long_secrets_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        file = tmp_path / "env"
        subprocess.run([DOCKER / "make-env", file], check=True, capture_output=True, timeout=30)
        secrets = [value for name, value in _variables(file).items() if SECRET.search(name)]
        assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in secrets)
        assert len(set(secrets)) == len(secrets) > 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_one_that_is_there_stays(self, tmp_path: Path) -> None:
        file = tmp_path / "env"
        file.write_text("THREADLINE_SECRET=kept")
        done = subprocess.run([DOCKER / "make-env", file], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1
        assert "stays as it is" in done.stderr
        assert file.read_text() == "THREADLINE_SECRET=kept"

    def test_without_it_compose_is_told_to_make_it(self) -> None:
        with pytest.raises(KeyError):
            _filled(SERVICES["router"]["environment"]["THREADLINE_SECRET"], {})

    @pytest.mark.parametrize("service", ["router", "upgrade"])
    def test_the_router_takes_the_settings(self, service: str, made: dict[str, str], tmp_path: Path) -> None:
        environment = _environment(DOCKER / "router" / "Dockerfile")
        for name, value in SERVICES[service]["environment"].items():
            if value is not None:
                environment[name] = _filled(value, made)
        taken = settings.load(environment, folder=tmp_path)
        assert taken.host == taken.fastagi_host == "0.0.0.0"
        assert taken.database == f"postgresql://threadline:{made['POSTGRES_PASSWORD']}@postgres/threadline"
        assert taken.phones == ("PJSIP/101", "PJSIP/102", "PJSIP/103", "PJSIP/104")

    def test_variables_passed_on_are_settings(self) -> None:
        names = {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}
        for service in SERVICES.values():
            assert {name for name, value in service["environment"].items() if value is None} <= names

    def test_asterisk_takes_the_settings(self, made: dict[str, str], tmp_path: Path) -> None:
        asked = {name: _filled(value, made) for name, value in SERVICES["asterisk"]["environment"].items()}
        assert asked["ASTERISK_QUEUES"] == SERVICES["router"]["environment"]["THREADLINE_ASTERISK_QUEUES_FILE"]
        asked["ASTERISK_QUEUES"] = str(tmp_path / "queues.conf")  # in a folder that is not there outside the container
        places = {"ASTERISK_RECORDINGS": str(tmp_path / "recordings"), "ASTERISK_MUSIC": str(tmp_path / "music")}
        subprocess.run(
            [PROJECT / "asterisk_conf" / "install", tmp_path / "etc"],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **asked, **places},
            check=True,
            capture_output=True,
            timeout=30,
        )
        written = _variables(tmp_path / "etc" / "threadline.settings")
        own = {"ASTERISK_EXTERNAL_ADDRESS", "ASTERISK_LOCAL_NET"}  # read by docker/asterisk/start
        for name, value in asked.items():
            if name not in own:
                assert written[name.removeprefix("ASTERISK_")] == value
