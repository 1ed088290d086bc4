"""Checks of assignment 10: the aggregate posterior's moments, draws from a mixture, the energy distance."""
