"""Re-run the claims of papers on wide networks and attention, and judge each beside a negative control."""
