"""Checks of assignment 07: pictures drawn from the prior, walks between codes, and one dimension changed."""
