"""Is a bit that flips in a saved result found, and does one process alone write it?"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import pytest
import xarray as xr
from streaming import RUN, SCENARIO, flipped

from simulator import SamplingPlan, open_results, save_results, simulate, verify_results
from simulator.cli import _run
from simulator.errors import InputError
from simulator.results import claimed, lock
from simulator.results.manifest import MANIFEST


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return simulate(SCENARIO, SamplingPlan(draws=20))


@pytest.fixture
def saved(results: xr.Dataset, tmp_path: Path) -> Path:
    save_results(results, tmp_path / "a.nc")
    return tmp_path / "a.nc"


@pytest.fixture
def folder(results: xr.Dataset, tmp_path: Path) -> Path:
    save_results(results, tmp_path / "a.zarr")
    return tmp_path / "a.zarr"


def test_a_file_that_tells_its_checksum_is_a_netcdf_file_to_all(saved: Path, results: xr.Dataset) -> None:
    assert verify_results(saved) == f"{saved}: whole"
    with h5py.File(saved) as file, h5netcdf.File(saved) as other, xr.open_dataset(saved, engine="h5netcdf") as third:
        told = {str(file.attrs["sha256"]), other.attrs["sha256"], third.attrs["sha256"]}
        np.testing.assert_array_equal(file["cost_total"][...], results.cost_total)
        np.testing.assert_array_equal(other.variables["cost_total"][...], results.cost_total)
        xr.testing.assert_equal(third.load(), results)
    (text,) = told
    digits = text.rpartition(" ")[2]
    content = saved.read_bytes()
    assert hashlib.sha256(content.replace(digits.encode(), b"0" * 64)).hexdigest() == digits
    assert "sha256" not in open_results(saved).attrs


def test_any_byte_of_a_file_that_changes_is_found(saved: Path) -> None:
    content = saved.read_bytes()
    marker = content.index(b"sha256 of this file")
    name = content.index(b"sha256\x00")
    rng = random.Random(1)
    places = {0, 7, len(content) - 1, marker, marker + 30, marker + 48, marker + 111, name, name + 5, content.rindex(bytes(64)) + 30}
    for place in sorted(places | set(rng.sample(range(len(content)), 150))):
        flipped(saved, place, rng.randrange(8))
        with pytest.raises(InputError, match=r"a\.nc (is damaged|tells no checksum)"):
            verify_results(saved)
        with pytest.raises(InputError, match=r"a\.nc cannot be read as a result"):
            open_results(saved)
        saved.write_bytes(content)
    saved.write_bytes(content + b"\0")
    with pytest.raises(InputError, match="its bytes are not those that its checksum was made of"):
        verify_results(saved)


def test_a_file_of_another_tool_is_read_and_is_not_called_whole(results: xr.Dataset, tmp_path: Path) -> None:
    results.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    results.to_zarr(tmp_path / "a.zarr", zarr_format=2, consolidated=True, write_empty_chunks=True)
    for name in ("a.nc", "a.zarr"):
        xr.testing.assert_identical(open_results(tmp_path / name), results)
        with pytest.raises(InputError, match="tells no checksum: it was not written by this simulator"):
            verify_results(tmp_path / name)
    (tmp_path / "b.nc").write_text("text")
    (tmp_path / "c.nc").write_bytes(b"")
    for name in ("b.nc", "c.nc", "d.nc"):
        with pytest.raises(InputError, match=f"{name} (is damaged: it is (not a netCDF file|empty)|does not exist)"):
            verify_results(tmp_path / name)


def test_a_text_that_claims_to_be_the_checksum_is_refused(results: xr.Dataset, tmp_path: Path) -> None:
    posing = results.assign_attrs(description="sha256 of this file with these digits as zeros: " + "0" * 64)
    with pytest.raises(InputError, match="Change that text"):
        save_results(posing, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_any_file_of_a_folder_that_changes_is_named(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert verify_results(folder) == f"{folder}: whole, {len(files) - 1} files"
    rng = random.Random(2)
    for file in files:
        content, name = file.read_bytes(), file.relative_to(folder).as_posix()
        flipped(file, rng.randrange(len(content)), rng.randrange(8))
        for read in (verify_results, open_results):
            with pytest.raises(InputError, match=rf"(?s)a\.zarr.* {name}|a\.zarr/{name}"):
                read(folder)
        file.write_bytes(content)
    for name in ("cost_total/0", "tdp/.zattrs", ".zmetadata"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        for read in (verify_results, open_results):
            with pytest.raises(InputError, match=f"{name} is missing"):
                read(folder)
        (folder / name).write_bytes(content)
    assert verify_results(folder)


def test_a_manifest_that_is_cut_or_a_folder_with_more_is_found(folder: Path) -> None:
    (folder / "cost_total" / "1").write_bytes(b"more")
    with pytest.raises(InputError, match="cost_total/1 was added"):
        verify_results(folder)
    (folder / "cost_total" / "1").unlink()
    lines = (folder / MANIFEST).read_bytes().splitlines(keepends=True)
    (folder / MANIFEST).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match=r"manifest\.jsonl holds 1 of 1 blocks, and no end"):
        verify_results(folder)
    (folder / MANIFEST).write_bytes(b"".join(lines)[:-20])
    with pytest.raises(InputError, match=r"manifest\.jsonl, line 3 was cut while it was written"):
        verify_results(folder)
    for text in (b"", b"text\n", b"{}\n", b"[1]\n", lines[1]):
        (folder / MANIFEST).write_bytes(text)
        with pytest.raises(InputError, match=r"manifest\.jsonl, line 1: is damaged"):
            verify_results(folder)


def test_the_command_names_each_file(saved: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["verify", str(saved), str(folder)], debug=False) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (2, "")
    flipped(saved, 3000)
    assert _run(["verify", str(saved), str(folder), "absent.nc"], debug=False) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{folder}: whole")
    assert f"error: {saved} is damaged: " in err
    assert "absent.nc does not exist" in err
    assert _run(["summarize", str(saved)], debug=False) == 2
    assert f"{saved} cannot be read as a result: its bytes are not those" in capsys.readouterr().err


# One process writes

HOLDER = """
import sys, time
from pathlib import Path
from simulator.results.lock import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_of_two_processes_one_writes_and_the_other_is_told(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text(RUN)
    target = tmp_path / f"a{ending}"
    words = ["run", str(tmp_path / "config.yaml"), "--draws", "100", "-o", str(target)]
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(target)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert _run(words, debug=False) == 2
        told = f"error: {target} is being written by process {holder.pid} on {os.uname().nodename}. Wait until it is done, or name another"
        assert told in capsys.readouterr().err
        assert not target.exists()
        holder.kill()
    assert (tmp_path / f".a{ending}.lock").exists()  # it claims nothing any more
    assert _run(words, debug=False) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a{ending}", "config.yaml"]


def test_two_names_of_one_file_are_one_output(results: xr.Dataset, tmp_path: Path) -> None:
    (tmp_path / "link.nc").symlink_to("a.nc")
    with claimed(tmp_path / "a.nc"), pytest.raises(InputError, match=f"being written by process {os.getpid()}"):
        save_results(results, tmp_path / "link.nc")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "a.nc"
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(InputError, match="it is a folder, a pipe or a device, and not a file"):
        verify_results(path)


def test_what_is_saved_from_python_is_claimed_too(results: xr.Dataset, tmp_path: Path) -> None:
    with claimed(tmp_path / "a.nc"), pytest.raises(InputError, match=f"being written by process {os.getpid()}"):
        save_results(results, tmp_path / "a.nc")
    save_results(results, tmp_path / "a.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]


def test_a_lock_that_its_holder_takes_away_meanwhile_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take, lockfile, calls = lock._lock, tmp_path / ".a.nc.lock", []

    def late(handle: int, target: Path) -> None:
        take(handle, target)
        calls.append(handle)
        if len(calls) == 1:
            lockfile.unlink()  # by the process that held it until now

    monkeypatch.setattr(lock, "_lock", late)
    with claimed(tmp_path / "a.nc"):
        assert len(calls) == 2
        monkeypatch.setattr(lock, "_lock", take)
        with pytest.raises(InputError, match="being written"), claimed(tmp_path / "a.nc"):
            pass
    assert not lockfile.exists()


def test_a_folder_that_takes_no_lock_is_told_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(InputError, match=r"a\.nc cannot be written \(Read-only file system\)"), claimed(tmp_path / "a.nc"):
        pass
