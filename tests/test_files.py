"""Files that are read and written: what a config may name, links, devices, pipes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.errors import InputError, LawError
from simulator.plots.save import save_picture
from simulator.scenario.load import load_scenario
from simulator.scenario.named_files import named_file
from simulator.scenario.text import parse_yaml
from simulator.text_file import UnreadableError, check_place, read_text, write_text

QUICKSTART = Path(__file__).parent.parent / "configs" / "quickstart.yaml"


def test_a_link_stays_and_the_file_that_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "a.yaml").symlink_to("far/b.yaml")
    for text in ("first", "second"):  # to a file that is not there yet, and to one that is
        write_text(tmp_path / "a.yaml", text)
        assert (tmp_path / "a.yaml").is_symlink()
        assert (tmp_path / "far" / "b.yaml").read_text(encoding="utf-8") == text
    assert {path.name for path in tmp_path.iterdir()} == {"far", "a.yaml"}
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["b.yaml"]


def test_a_picture_is_written_through_a_link_too(tmp_path: Path) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415 - one test

    (tmp_path / "far").mkdir()
    (tmp_path / "a.svg").symlink_to("far/b.svg")
    save_picture(Figure(), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").is_symlink()
    assert (tmp_path / "far" / "b.svg").stat().st_size > 0


@pytest.mark.parametrize("kind", ["device", "pipe", "link to itself"])
def test_only_files_are_written(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    if kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to("/dev/null" if kind == "device" else target)
    for write in (check_place, lambda path: write_text(path, "x")):
        with pytest.raises(InputError, match="a pipe or a device, and not a file"):
            write(target)
    assert not Path("/dev/null").is_file()


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfabcd")
    assert read_text(tmp_path / "a.txt", most=7) == "abcd"
    with pytest.raises(UnreadableError, match="it has 7 bytes and is larger than 6"):
        read_text(tmp_path / "a.txt", most=6)


def test_a_config_names_files_in_its_folder_or_where_its_reader_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, elsewhere = tmp_path / "configs", tmp_path / "data"
    for folder in (base / "below", elsewhere):
        folder.mkdir(parents=True)
        (folder / "x.csv").write_text("mfu\n0.3\n0.4\n", encoding="utf-8")
    (base / "linked.csv").symlink_to(elsewhere / "x.csv")
    (base / "near.csv").symlink_to("below/x.csv")
    config = base / "a.yaml"

    def loads(name: str) -> bool:
        text = QUICKSTART.read_text(encoding="utf-8").replace("mfu: 0.30 to 0.45", f"mfu: {{family: empirical, file: '{name}'}}")
        config.write_text(text, encoding="utf-8")
        try:
            return load_scenario(config).workload.mfu.law.values.tolist() == [0.3, 0.4]
        except InputError as error:
            told = "lies outside the folder of its config" in str(error) and "SIMULATOR_DATA_FOLDERS" in str(error)
            return False if told else pytest.fail(str(error))

    inside = ["below/x.csv", "near.csv", str(base / "below" / "x.csv"), "below/../below/x.csv"]
    outside = ["../data/x.csv", str(elsewhere / "x.csv"), "linked.csv"]
    assert [loads(name) for name in inside] == [True] * 4
    assert [loads(name) for name in outside] == [False] * 3
    monkeypatch.setenv("SIMULATOR_DATA_FOLDERS", os.pathsep.join([str(tmp_path / "none"), str(elsewhere)]))
    assert [loads(name) for name in outside] == [True] * 3


def test_data_that_a_program_states_names_any_file(tmp_path: Path) -> None:
    assert named_file(str(tmp_path / "x.csv"), None) == tmp_path / "x.csv"
    with pytest.raises(LawError, match="null"):
        named_file("x\0", tmp_path)


def test_what_yaml_merges_is_read_and_has_a_place() -> None:
    found = parse_yaml("base: &base {mfu: 0.4, tokens: 2e12}\nworkload:\n  <<: *base\n  mfu: 0.3\n")
    assert found.data["workload"] == {"mfu": 0.3, "tokens": 2e12}
    assert found.place(("workload", "tokens")) == (3, 3)
    assert found.place(("workload", "mfu")) == (4, 3)
