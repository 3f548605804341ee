"""Results: draws as a Dataset that says what it is, in netCDF files and Zarr folders that tell whether they are whole."""

from simulator.results.attributes import provenance
from simulator.results.files import check_target, open_draws, open_results, save_results, write_results
from simulator.results.folder_writer import unfinished
from simulator.results.labelled import evidence_json, label
from simulator.results.lock import claimed
from simulator.results.netcdf import netcdf_bytes
from simulator.results.verify import verify_results

__all__ = [
    "check_target",
    "claimed",
    "evidence_json",
    "label",
    "netcdf_bytes",
    "open_draws",
    "open_results",
    "provenance",
    "save_results",
    "unfinished",
    "verify_results",
    "write_results",
]
