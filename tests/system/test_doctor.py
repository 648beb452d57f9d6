"""`threadline doctor` beside a running service: all well, or what is not, by name."""

from __future__ import annotations

import pytest

from tests.system.harness.office import Office

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng")]


def test_all_is_well(office: Office) -> None:
    done = office.router.ask("doctor")
    assert done.returncode == 0, done.stdout
    well = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ok")]
    first = ["settings", "database", "codes", "flows", "pages", "prompts", "service", "FastAGI", "Asterisk"]
    assert well[: len(first)] == first
    assert {"figures", "unsent", "retention", "disk", "clock", "rights"} <= set(well[len(first) :])
    (queues,) = [line for line in done.stdout.splitlines() if "queues" in line.split()[1:2]]
    assert queues.startswith("off"), "Asterisk has the queues, but no place for skills yet"
    assert "Asterisk has no place phone.PJSIP-101 and 4 more" in queues
    assert "FAULT" not in done.stdout


def test_a_wrong_password_of_the_manager_interface_is_named(office: Office) -> None:
    wrong = "not-the-secret-at-all"
    done = office.router.ask("doctor", AMI_SECRET=wrong)
    assert done.returncode == 1
    (fault,) = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
    assert "Asterisk" in fault
    assert "manager interface" in fault
    assert "secret" in done.stdout
    assert wrong not in done.stdout + done.stderr


def test_a_service_that_does_not_run_is_told_and_no_fault(office: Office) -> None:
    office.close()
    done = office.router.ask("doctor")
    assert "threadline serve" in done.stdout
    assert done.returncode == 0, done.stdout
