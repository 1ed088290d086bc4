"""Checks of assignment 03: z from μ and σ, σ from log σ², and many z for each image."""
