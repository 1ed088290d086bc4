"""Checks of assignment 04: BCE, and KLD in closed form and by sampling."""
