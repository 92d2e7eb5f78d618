"""How the library meets Snakemake: what would be run, and the frame that a job runs in."""
