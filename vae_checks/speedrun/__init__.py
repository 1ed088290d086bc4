"""Checks of assignment 14: a schedule, a running average of weights, and a training with a budget of images."""
