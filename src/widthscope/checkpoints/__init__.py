"""Models that a user brings: their query and key weights, layer by layer, without building the model."""
