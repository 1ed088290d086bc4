"""Calls a student's function and turns what comes back into plain data: the only check code that a sandbox sees.

No right answer is here. `vae_checks` draws the inputs and judges the outcomes, in another process.
"""
