"""What is installed: one set of versions, locked by hashes, from any host, under licences that may be used."""

import re
import tomllib
from pathlib import Path

import pytest
from licences import ALLOWED, licences_of, refused
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
CI = ROOT / ".ci"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKED = ("zarr", "cluster", "report", "web")  # with which the simulator is used; cuda needs an older numpy
HASH = re.compile(r" --hash=sha256:[0-9a-f]{64}")


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path):
    """Return the requirements of a file, continued lines joined, hashes cut off."""
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    return [Requirement(HASH.sub("", re.sub(r" +", " ", line)).strip()) for line in text.splitlines()]


def versions(path):
    return {(canonical(pin.name), str(pin.specifier)) for pin in pins(path)}


def test_the_lock_pins_what_the_tests_ran_with():
    assert versions(CI / "requirements.lock") <= versions(CI / "constraints.txt")


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.lock"])
def test_pins_name_no_host(name):
    text = (CI / name).read_text(encoding="utf-8")
    assert not re.search(r"://|@|index-url|find-links|trusted-host|file:", text)
    assert all(str(pin.specifier).startswith("==") for pin in pins(CI / name))


def test_every_pin_of_the_lock_has_hashes():
    lines = re.sub(r" +", " ", (CI / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")).splitlines()
    assert [line for line in lines if not HASH.search(line)] == []


def asked(extras):
    return [Requirement(text) for text in (*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra]))]


def test_the_lock_holds_all_that_is_asked_for():
    locked = pins(CI / "requirements.lock")
    for requirement in asked(LOCKED):
        own = [pin for pin in locked if canonical(pin.name) == canonical(requirement.name)]
        assert own, requirement
        for pin in own:
            assert requirement.specifier.contains(str(pin.specifier).removeprefix("==")), (requirement, pin)


def test_constraints_hold_every_extra():
    pinned = {name for name, _ in versions(CI / "constraints.txt")}
    assert {canonical(requirement.name) for requirement in asked(EXTRAS)} - pinned - {canonical(PROJECT["name"])} == set()


def test_bounds_are_loose():
    """A library is asked for from a version on; what holds it below another says why in pyproject.toml."""
    held = {canonical(r.name) for r in asked(()) if any(clause.operator != ">=" for clause in r.specifier)}
    assert held == set()
    for requirement in asked(()):
        (clause,) = requirement.specifier
        pinned = [pin for pin in pins(CI / "requirements.lock") if canonical(pin.name) == canonical(requirement.name)]
        assert all(Version(clause.version) < Version(str(pin.specifier).removeprefix("==")) for pin in pinned), requirement


def test_licences_may_be_used():
    assert refused(()) == []


class Stated:
    def __init__(self, **lines):
        self.lines = {key.replace("_", "-"): value for key, value in lines.items()}
        self.metadata = self

    def get(self, key, other=None):
        return self.lines.get(key, other)

    def get_all(self, key, other):
        return self.lines.get(key, other)


@pytest.mark.parametrize(
    ("stated", "allowed"),
    [
        (Stated(License_Expression="(MIT OR Apache-2.0) AND BSD-3-Clause"), True),
        (Stated(License_Expression="BSD-2-Clause AND Apache-2.0 WITH LLVM-exception"), True),
        (Stated(License_Expression="MIT AND AGPL-3.0-only"), False),
        (Stated(License="GPLv3"), False),
        (Stated(License="BSD 3-Clause\n\nCopyright"), True),
        (Stated(Classifier=["License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "Topic :: Utilities"]), False),
        (Stated(Classifier=["License :: OSI Approved", "License :: OSI Approved :: MIT License"]), True),
        (Stated(), False),
    ],
)
def test_an_unwanted_licence_is_seen(stated, allowed):
    assert (licences_of(stated) <= ALLOWED) == allowed
