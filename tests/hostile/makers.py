"""Files of the corpus that are too large to be kept, or no text: each function lays one in a folder, or changes one that lies there."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import h5py
import numcodecs
import numpy as np
import xarray as xr
from ruamel.yaml import YAML
from scipy.io import netcdf_file

from simulator import SamplingPlan, load_scenario, simulate
from simulator.analysis.counted.counted import simulate_bands
from simulator.results import save_results
from simulator.scenario.zones import load_zone, zone_yaml

QUICKSTART = Path(__file__).parent.parent.parent / "configs" / "quickstart.yaml"
SCENARIO = "scenario.yaml"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{b}: &{b} [{','.join(f'*{a}' for _ in range(9))}]\n" for a, b in pairwise("abcdefghi"))


def _escaped(text: str) -> bytes:
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


# --- scenarios


def raw(folder: Path, *words: str) -> None:
    rawfile(folder, SCENARIO, *words)


def rawfile(folder: Path, name: str, *words: str) -> None:
    (folder / name).write_bytes(_escaped(" ".join(words)))


def encoded(folder: Path, encoding: str) -> None:
    text = (folder / SCENARIO).read_text(encoding="utf-8")
    (folder / SCENARIO).write_bytes(f"{text}# 5 µm Ausnützung\n".encode(encoding))


def nested(folder: Path, depth: str, opening: str) -> None:
    (folder / SCENARIO).write_text("workload: " + opening * int(depth), encoding="utf-8")


def nested_whole(folder: Path, depth: str) -> None:
    (folder / SCENARIO).write_text(f"workload: {'[' * int(depth)}{']' * int(depth)}\n", encoding="utf-8")


def indented(folder: Path, depth: str) -> None:
    (folder / SCENARIO).write_text("".join(f"{' ' * k}a:\n" for k in range(int(depth))), encoding="utf-8")


def _with_tokens(folder: Path, text: str) -> None:
    config = (folder / SCENARIO).read_text(encoding="utf-8")
    (folder / SCENARIO).write_text(config.replace("2T tokens", text), encoding="utf-8")


def digits(folder: Path, count: str) -> None:
    _with_tokens(folder, "9" * int(count))


def decimals(folder: Path, count: str) -> None:
    _with_tokens(folder, '"2.' + "9" * int(count) + 'T tokens"')


def blanks(folder: Path, count: str) -> None:
    _with_tokens(folder, '"1T' + " " * int(count) + 'x"')


def long_unit(folder: Path) -> None:
    _with_tokens(folder, '"1 per ' + "7" * 5000 + ' tokens"')


def large_config(folder: Path, size: str) -> None:
    with (folder / SCENARIO).open("a", encoding="utf-8") as file:
        file.write("# a comment that goes on and on\n" * (int(size) // 32))


def many_keys(folder: Path, count: str) -> None:
    with (folder / SCENARIO).open("a", encoding="utf-8") as file:
        file.writelines(f"key{k}: {k}\n" for k in range(int(count)))


def long_line(folder: Path, length: str) -> None:
    with (folder / SCENARIO).open("a", encoding="utf-8") as file:
        file.write(f"description: {'a' * int(length)}\n")


def long_name(folder: Path, length: str) -> None:
    with (folder / SCENARIO).open("a", encoding="utf-8") as file:
        file.write(f"name: {'a' * int(length)}\n")


def zone(folder: Path, name: str, change: str) -> None:
    """Lay out a shipped zone with one number changed: ``price.residual_sd=-1``."""
    data = YAML(typ="safe").load(zone_yaml(load_zone("DE")))
    path, _, value = change.partition("=")
    *sections, key = path.split(".")
    place = data
    for section in sections:
        place = place[section]
    place[float(key) if key.isdecimal() else key] = float(value.lstrip(".")) if key != "name" else _escaped(value).decode()
    parser = YAML(typ="safe")
    parser.default_flow_style = False
    with (folder / name).open("w", encoding="utf-8") as file:
        parser.dump(data, file)


# --- files of any kind


def zeros(folder: Path, name: str, size: str) -> None:
    (folder / name).write_bytes(bytes(int(size)))


def sparse(folder: Path, name: str, size: str) -> None:
    """Lay out a file that is as large as it says and takes no room."""
    with (folder / name).open("ab") as file:
        file.truncate(int(size))


def pipe(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)


def folder(folder: Path, name: str) -> None:
    (folder / name).mkdir()


def link(folder: Path, name: str, target: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)


def device_link(folder: Path, name: str) -> None:
    (folder / name).symlink_to("/dev/null")


def recoded(folder: Path, name: str, encoding: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_bytes(text.encode(encoding))


def gzipped(folder: Path, name: str) -> None:
    (folder / name).write_bytes(gzip.compress((folder / name).read_bytes()))


def gzip_bomb(folder: Path, name: str, size: str) -> None:
    """Lay out a gzip file that unpacks to so many bytes: members follow each other, so that one is compressed once."""
    block = 10_000_000
    whole, rest = divmod(int(size), block)
    text = b"time,price EUR/MWh\n"
    member = gzip.compress(bytes(block)) if whole else b""
    (folder / name).write_bytes(gzip.compress(text) + member * whole + gzip.compress(bytes(rest)))


def cut(folder: Path, name: str, size: str) -> None:
    os.truncate(folder / name, int(size))


def halve(folder: Path, name: str) -> None:
    os.truncate(folder / name, (folder / name).stat().st_size // 2)


def flip(folder: Path, name: str, place: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place)] ^= 0xFF
    (folder / name).write_bytes(content)


def cell(folder: Path, name: str, size: str) -> None:
    (folder / name).write_text(f"time,mfu\n2024-01-01T00:00Z,{'7' * int(size)}\n", encoding="utf-8")


def columns(folder: Path, name: str, count: str) -> None:
    names = [f"c{k}" for k in range(int(count))]
    (folder / name).write_text(f"{','.join(names)}\n{','.join('1' for _ in names)}\n", encoding="utf-8")


def hours(folder: Path, name: str, change: str = "") -> None:
    """Lay out hourly prices, one of them changed (``3=inf``), or their unit, or their stamps."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    stamps = [(start + timedelta(hours=k)).strftime("%Y-%m-%dT%H:%MZ") for k in range(2000)]
    prices = [f"{50 + 20 * np.sin(k / 4):.2f}" for k in range(2000)]
    unit, (place, _, value) = "EUR/MWh", change.partition("=")
    if place.isdecimal():
        prices[int(place)] = _escaped(value).decode() if value.isascii() else value
    elif place == "unit":
        unit = value
    elif place == "stamp":
        stamps[7] = value
    elif place == "epoch":
        stamps = [str(1_704_067_200_000_000_000 + 3_600_000_000_000 * k) for k in range(2000)]
    rows = [f"{stamp},{price}" for stamp, price in zip(stamps, prices, strict=True)]
    (folder / name).write_text("\n".join([f"time,price {unit}", *rows]) + "\n", encoding="utf-8")


def json_nested(folder: Path, name: str, depth: str) -> None:
    (folder / name).write_text("[" * int(depth), encoding="utf-8")


def json_digits(folder: Path, name: str, count: str) -> None:
    (folder / name).write_text(f'{{"_step": 1, "mfu": {"9" * int(count)}}}\n', encoding="utf-8")


class _Hostile:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch hacked",)


def pickled(folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(_Hostile()))


def pickled_array(folder: Path, name: str) -> None:
    with (folder / name).open("wb") as file:
        np.save(file, np.array([_Hostile()], dtype=object), allow_pickle=True)


def raw_at(folder: Path, name: str, *words: str) -> None:
    rawfile(folder, name, *words)


# --- results


@cache
def _results() -> xr.Dataset:
    return simulate(load_scenario(QUICKSTART), SamplingPlan(draws=500))


@cache
def _bands() -> xr.Dataset:
    return simulate_bands(load_scenario(QUICKSTART), SamplingPlan(draws=500))


@cache
def _saved(kind: str, ending: str) -> Path:
    """Return a saved result without its checksums, which would tell of any change: whoever means harm leaves them out."""
    target = Path(tempfile.mkdtemp()) / f"saved{ending}"
    results = _bands() if kind == "bands" else _results()
    if ending == ".nc":
        results.to_netcdf(target, engine="h5netcdf")
    else:
        save_results(results, target)
        (target / "manifest.jsonl").unlink()
    return target


def _lay(kind: str, target: Path) -> None:
    source = _saved(kind, target.suffix)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def result(folder: Path, name: str) -> None:
    _lay("draws", folder / name)


def bands(folder: Path, name: str) -> None:
    _lay("bands", folder / name)


def attribute(folder: Path, name: str, key: str, *words: str) -> None:
    """Change an attribute of a result, or take it away."""
    with h5py.File(folder / name, "a") as file:
        old = file.attrs[key]
        del file.attrs[key]
        if words:
            text = _escaped(" ".join(words)).decode()
            whole = isinstance(old, (int, np.integer)) and text.lstrip("-").isdecimal()
            file.attrs[key] = np.int64(text) if whole else text


def about(folder: Path, name: str, variable: str, key: str, *words: str) -> None:
    with h5py.File(folder / name, "a") as file:
        file[variable].attrs[key] = _escaped(" ".join(words)).decode()


def bomb_attribute(folder: Path, name: str, key: str) -> None:
    with h5py.File(folder / name, "a") as file:
        file.attrs[key] = BOMB


def renamed(folder: Path, name: str, old: str, new: str) -> None:
    with h5py.File(folder / name, "a") as file:
        file.move(old, new)


def dropped(folder: Path, name: str, *names: str) -> None:
    """Take variables out of a result: those that are named, or all but the coordinates."""
    with h5py.File(folder / name, "a") as file:
        for variable in names or [key for key in file if file[key].ndim and not key.endswith("_component") and key != "draw"]:
            del file[variable]


def texts(folder: Path, name: str, variable: str) -> None:
    data = xr.load_dataset(folder / name, engine="h5netcdf")
    data[variable] = ("draw", np.array(["many"] * data.sizes["draw"], dtype=object), data[variable].attrs)
    data.to_netcdf(folder / name, engine="h5netcdf")


def infinite(folder: Path, name: str, variable: str) -> None:
    with h5py.File(folder / name, "a") as file:
        file[variable][3] = np.inf


def foreign_netcdf(folder: Path, name: str) -> None:
    data = xr.Dataset({"t2m": (("time", "lat"), np.ones((4, 3)), {"units": "K"})}, attrs={"Conventions": "CF-1.8"})
    data.to_netcdf(folder / name, engine="h5netcdf")


def classic_netcdf(folder: Path, name: str) -> None:
    with netcdf_file(str(folder / name), "w") as file:
        file.createDimension("time", 3)
        file.createVariable("time", "d", ("time",))[:] = [1.0, 2.0, 3.0]


def bare_hdf5(folder: Path, name: str) -> None:
    with h5py.File(folder / name, "w") as file:
        file["model/weights"] = np.ones((3, 3))


def huge_netcdf(folder: Path, name: str) -> None:
    """Lay out a result whose chunks were never written: 8 TB of a fill value."""
    _lay("draws", folder / name)
    with h5py.File(folder / name, "a") as file:
        for variable in ("cost_total", "draw"):
            del file[variable]
        file.create_dataset("draw", shape=(10**12,), dtype="i8", chunks=(2**16,)).make_scale("draw")
        file.create_dataset("cost_total", shape=(10**12,), dtype="f8", chunks=(2**16,)).dims[0].attach_scale(file["draw"])


def external_hdf5(folder: Path, name: str) -> None:
    """Lay out a result one variable of which is a link into another file."""
    _lay("draws", folder / name)
    _lay("draws", folder / "other.nc")
    with h5py.File(folder / name, "a") as file:
        del file["cost_total"]
        file["cost_total"] = h5py.ExternalLink("other.nc", "/energy")


def external_data(folder: Path, name: str) -> None:
    """Lay out a result the numbers of which are the bytes of any other file."""
    _lay("draws", folder / name)
    (folder / "secret.txt").write_bytes(b"top secret" * 400)
    with h5py.File(folder / name, "a") as file:
        kept = dict(file["cost_total"].attrs)
        del file["cost_total"]
        data = file.create_dataset("cost_total", (500,), "f8", external=[(str(folder / "secret.txt"), 0, 4000)])
        data.dims[0].attach_scale(file["draw"])
        for key in ("units", "long_name", "symbol", "role"):
            data.attrs[key] = kept[key]


def removed(folder: Path, name: str, inside: str) -> None:
    (folder / name / inside).unlink()


def _rewrite(path: Path, change: Callable[[dict[str, dict]], None]) -> None:
    whole = json.loads(path.read_text(encoding="utf-8"))
    change(whole["metadata"])
    path.write_text(json.dumps(whole), encoding="utf-8")


def pickle_codec(folder: Path, name: str) -> None:
    """Make one array of a Zarr one of pickled objects, which run code when they are read."""
    chunk = numcodecs.Pickle().encode(np.array([_Hostile()], dtype=object))
    (folder / name / "cost_total" / "0").write_bytes(chunk)

    def change(metadata: dict[str, dict]) -> None:
        metadata["cost_total/.zarray"] |= {
            "dtype": "|O",
            "filters": [{"id": "pickle", "protocol": 5}],
            "compressor": None,
            "fill_value": None,
        }

    _rewrite(folder / name / ".zmetadata", change)


def huge_zarr(folder: Path, name: str) -> None:
    def change(metadata: dict[str, dict]) -> None:
        for variable in ("cost_total", "draw"):
            metadata[f"{variable}/.zarray"] |= {"shape": [10**12], "chunks": [10**12]}

    _rewrite(folder / name / ".zmetadata", change)
