"""Checks of assignment 06: principal components, class means, and neighbours with the right label."""
