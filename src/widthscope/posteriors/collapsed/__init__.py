"""The exact posterior at finite width, of the order parameters alone, by importance sampling."""
