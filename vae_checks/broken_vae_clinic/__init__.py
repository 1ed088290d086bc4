"""Checks of assignment 12: three broken programs, judged by what they train to once they are mended."""
