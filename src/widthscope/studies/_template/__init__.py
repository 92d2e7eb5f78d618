"""A linear layer of width n: its mean square output settles as the width grows."""
