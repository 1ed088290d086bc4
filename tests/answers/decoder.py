"""Right and wrong answers to `Decoder`, in other words than the check's own."""

import torch
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


class DecoderOfASequential(nn.Module):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, output_dim))

    def forward(self, z):
        return self.layers(z)


class DecoderOfFixedSizes(DecoderOfModules):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__(40, 400, 784)


class DecoderOfReorderedSizes(DecoderOfModules):
    def __init__(self, output_dim, hidden_dim, latent_dim):
        super().__init__(latent_dim, hidden_dim, output_dim)


class DecoderOfAFixedHidden(DecoderOfModules):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__(latent_dim, 400, output_dim)


class DecoderWithoutBiases(DecoderOfModules):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super().__init__(latent_dim, hidden_dim, output_dim)
        self.out = nn.Linear(hidden_dim, output_dim, bias=False)


class DecoderReadsPositiveZ(DecoderOfModules):
    def forward(self, z):
        return self.out(self.hidden(z.relu()))


class DecoderReadsDetachedZ(DecoderOfModules):
    def forward(self, z):
        return super().forward(z.detach())


class DecoderWithoutReturn(DecoderOfModules):
    def forward(self, z):
        super().forward(z)


SPOILED = "a last step that spoils large numbers"

RIGHT = [DecoderOfModules, DecoderOfMatrices]


class DecoderWithABuffer(DecoderOfModules):
    def __init__(self, d, units, pixels):
        super().__init__(d, units, pixels)
        self.register_buffer("zero", torch.zeros(1))


class DecoderOfPictures(DecoderOfModules):
    def forward(self, z):
        return super().forward(z).view(-1, 1, 28, 28)


# The name that the check must give the mistake, an answer that makes it, and in some cases the points it must earn.
WRONG = [
    ("a layer that nobody asked for", DecoderWithABuffer, 8),
    ("pictures in place of rows", DecoderOfPictures, 8),
    ("pictures in place of rows", decoder(lambda x_logits: x_logits.unflatten(1, (28, 28))), 8),
    ("the sigmoid is already in", decoder(lambda x_logits: x_logits.view(-1, 28, 28).sigmoid()), 3),
    ("sizes of the layers that do not follow the arguments", DecoderOfFixedSizes),
    ("sizes of the layers that do not follow the arguments", DecoderOfAFixedHidden, 8),
    ("the sizes in another order", DecoderOfReorderedSizes, 8),
    ("a layer without its biases", DecoderWithoutBiases, 8),
    ("a layer's class called with numbers", decoder(nn.Identity(), nn.ReLU), 2),
    ("a layer's class called with numbers", decoder(nn.ReLU), 2),
    ("a layer's class called with numbers", decoder(nn.Sigmoid), 2),
    *[(SPOILED, decoder(lambda x_logits, k=k: x_logits.clamp(-k, k)), 8) for k in (5, 10, 20, 30, 50, 100)],
    (SPOILED, decoder(lambda x_logits: torch.logit(torch.sigmoid(x_logits))), 8),
    (SPOILED, decoder(lambda x_logits: torch.logit(torch.sigmoid(x_logits), eps=1e-6)), 8),
    (SPOILED, decoder(lambda x_logits: torch.logit(torch.sigmoid(x_logits.double())).to(x_logits)), 8),
    ("a dimension too many", decoder(lambda x_logits: x_logits.unsqueeze(1)), 8),
    ("a tuple of one tensor", decoder(lambda x_logits: (x_logits,))),
    *[(name, decoder(nn.Identity(), activation)) for name, activation in ACTIVATIONS],
    ("the sigmoid is already in", decoder(nn.Sigmoid())),
    ("ReLU at the end", decoder(nn.ReLU())),
    ("no ReLU on the hidden layer; and the sigmoid is already in", decoder(nn.Sigmoid(), nn.Identity()), 3),
    ("tanh at the end", decoder(nn.Tanh())),
    ("softmax at the end", decoder(nn.Softmax(dim=1))),
    ("cut to [0, 1]", decoder(lambda x_logits: x_logits.clip(0, 1))),
    ("the ReLU in the wrong place", DecoderReadsPositiveZ),
    ("the ReLU in the wrong place", decoder(nn.ReLU(), nn.Identity())),
    ("the gradient is cut off", decoder(lambda x_logits: x_logits.data)),
    ("the gradient is cut off", DecoderReadsDetachedZ),
    ("a dimension squeezed away", decoder(lambda x_logits: x_logits.squeeze())),
    ("nothing is returned", DecoderWithoutReturn),
    ("layers of other names", DecoderOfASequential),
    ("a borrowed answer", model.Decoder),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
