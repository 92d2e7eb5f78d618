"""Looking at the results of a run: why a product would be redone, whether it is whole, how it differs."""
