"""Checks of assignment 05: a training step, the loss over a data set, and a whole training."""
