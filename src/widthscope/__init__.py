"""widthscope: re-run the claims about wide networks and attention, and judge each beside a negative control."""
