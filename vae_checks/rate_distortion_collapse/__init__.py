"""Checks of assignment 11: active units, what the best linear VAE says, free bits."""
