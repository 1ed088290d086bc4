"""Checks of assignment 01: images from bytes, the split, and the batches of an epoch."""
