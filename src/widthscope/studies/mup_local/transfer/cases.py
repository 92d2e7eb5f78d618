"""What is trained for the transfer of learning rates: rows by name, and their grids. No Torch here."""

CASES = {
    "si-0": "rates",
    "si-1": "rates",
    "si-sp": "control_rates",
    "dtp": "target_rates",
    "dtp-sp": "target_control_rates",
}
"""Every row and the setting with its learning rates."""

RULES = {"pc": ("si-0", "si-1", "si-sp"), "tp": ("dtp", "dtp-sp")}
"""Rows that share a shard where those of all rules would take too long."""
