"""Calls a student's function and turns what comes back into plain data: the only check code that a sandbox sees.

No right answer is here. `vae_checks` draws the inputs and judges the outcomes, in another process, which names the way
to call by the name of its function, one of those below.
"""

from vae_probe.averages import call_update_average
from vae_probe.call import call_function, describe_error
from vae_probe.draws import call_often, call_thrice
from vae_probe.fitting import call_fit
from vae_probe.folders import call_folder
from vae_probe.modules import call_module
from vae_probe.outcome import NOTHING, pack, unpack
from vae_probe.programs import call_measure, call_program
from vae_probe.samples import call_samples
from vae_probe.training import call_epoch_loss, call_train_step

__all__ = [
    "NOTHING",
    "call_epoch_loss",
    "call_fit",
    "call_folder",
    "call_function",
    "call_measure",
    "call_module",
    "call_often",
    "call_program",
    "call_samples",
    "call_thrice",
    "call_train_step",
    "call_update_average",
    "describe_error",
    "pack",
    "unpack",
]
