"""Checks of assignment 13: a score for odd images, its AUROC, a folder of images as tensors."""
