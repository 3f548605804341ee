"""A small run on rented accelerators, which tests change."""

BASE = {
    "workload": {"params": 7e9, "tokens": "0.2T tokens", "mfu": "0.3 to 0.45"},
    "hardware": {"accelerator": "H100 SXM", "accelerators": 256},
    "reliability": {"method": "expected_value"},
    "emissions": {"carbon_intensity": "300 to 450 gCO2e/kWh"},
    "compute": {"basis": "rent", "rental_price": "2.0 to 6.2 USD/h"},
}


def with_changes(**changes):
    """Return its data with sections changed field by field, None taking a field away; other sections as they are given."""
    data = {section: dict(fields) for section, fields in BASE.items()}
    for section, fields in changes.items():
        merged = {**data.get(section, {}), **fields} if isinstance(fields, dict) else fields
        data[section] = {k: v for k, v in merged.items() if v is not None} if isinstance(merged, dict) else merged
    return data
