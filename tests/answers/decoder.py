"""Right and wrong answers to `Decoder`, in other words than the check's own."""

import torch.nn.functional as F
from torch import nn

from tests.answers.encoder import ACTIVATIONS
from vae_lib import model


class DecoderOfModules(nn.Module):
    def __init__(self, d, units, pixels):
        super().__init__()
        self.hidden = nn.Linear(d, units)
        self.out = nn.Linear(units, pixels)

    def forward(self, z):
        return nn.Sequential(self.hidden, nn.ReLU(inplace=True), self.out)(z)


class DecoderOfMatrices(DecoderOfModules):
    def forward(self, z):
        h = F.linear(z, self.hidden.weight, self.hidden.bias)
        return F.linear((h + h.abs()) / 2, self.out.weight, self.out.bias)


def decoder(end, activation=F.relu):
    """A wrong decoder: what it returns of its logits."""

    class Wrong(DecoderOfModules):
        def forward(self, z):
            return end(self.out(activation(self.hidden(z))))

    return Wrong


RIGHT = [DecoderOfModules, DecoderOfMatrices, model.Decoder]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    *[(name, decoder(nn.Identity(), activation)) for name, activation in ACTIVATIONS],
    ("the sigmoid is already in", decoder(nn.Sigmoid())),
    ("ReLU at the end", decoder(nn.ReLU())),
    ("tanh at the end", decoder(nn.Tanh())),
    ("softmax at the end", decoder(nn.Softmax(dim=1))),
    ("cut to [0, 1]", decoder(lambda x_logits: x_logits.clip(0, 1))),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
