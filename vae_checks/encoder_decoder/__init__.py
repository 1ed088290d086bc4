"""Checks of assignment 02: the encoder, the decoder, and how many parameters they have."""
