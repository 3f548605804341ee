"""Compiled kernels that were kept: none is run that is not as it was written, and none that cannot be kept ends a run."""

import errno

import numba
import numpy as np
import pytest

from simulator import jit, kernel_cache


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMULATOR_CACHE_DIR", str(tmp_path / "cache"))
    return kernel_cache.cache_folder()


def doubled():
    """Return a kernel as a new process has it, and how often it was read from the cache and compiled."""

    @jit.kernel
    def double(x):
        for i in numba.prange(x.size):
            x[i] *= 2.0

    x = np.arange(4.0)
    double(x)
    np.testing.assert_array_equal(x, [0.0, 2.0, 4.0, 6.0])
    return sum(double.stats.cache_hits.values()), sum(double.stats.cache_misses.values())


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", [flipped, lambda content: content[:100], lambda _content: b""], ids=["flipped", "cut", "empty"])
def test_what_is_damaged_is_compiled_again(folder, ending, damage):
    assert doubled() == (0, 1)
    assert doubled() == (1, 0)
    (file,) = folder.rglob(f"*{ending}")
    file.write_bytes(damage(file.read_bytes()))
    assert doubled() == (0, 1)
    assert doubled() == (1, 0)


def test_a_compilation_that_was_interrupted_leaves_nothing_that_is_read(folder, monkeypatch):
    def interrupted(_from, _to):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            doubled()
    assert doubled() == (0, 1)
    assert doubled() == (1, 0)


def test_a_full_disk_keeps_no_kernel_and_ends_no_run(folder, monkeypatch):
    def full(_from, _to):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        assert doubled() == (0, 1)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert doubled() == (0, 1)


def test_a_folder_that_has_become_read_only_ends_no_run(folder, monkeypatch):
    assert doubled() == (0, 1)

    def refused(*_words, **_more):
        raise PermissionError(errno.EACCES, "Permission denied")

    (file,) = folder.rglob("*.nbc")
    file.write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(kernel_cache.CheckedCacheFile, "_open_for_write", refused)
        assert doubled() == (0, 1)
