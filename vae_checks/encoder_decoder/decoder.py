"""Check of `Decoder`."""

import torch
import torch.nn.functional as F
from torch import nn

from vae_checks.encoder_decoder.modules import change_end, check_module, cut_off
from vae_checks.mistakes import Mistake


class _Decoder(nn.Module):
    def __init__(self, latent_dim: int, hidden_dim: int, output_dim: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(latent_dim, hidden_dim)
        self.out = nn.Linear(hidden_dim, output_dim)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.last(self.hidden(z).clamp(min=0))

    def last(self, h: torch.Tensor) -> torch.Tensor:
        return self.out(h)


class _ReluOnZ(_Decoder):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.out(self.hidden(z.clamp(min=0)))


class _ReluAtTheEndAlone(_Decoder):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.out(self.hidden(z)).clamp(min=0)


class _DetachedZ(_Decoder):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return super().forward(z.detach())


Decoder = check_module(
    _Decoder,
    [
        Mistake(
            "the ReLU in the wrong place",
            "Which numbers should it see: z, the hidden units, or the logits?",
            _ReluOnZ,
            _ReluAtTheEndAlone,
        ),
        Mistake(
            "the sigmoid is already in",
            "Should logits lie between 0 and 1? Who takes the sigmoid of what you return?",
            change_end(_Decoder, torch.sigmoid),
        ),
        Mistake(
            "ReLU at the end",
            "Which logit belongs to a black pixel? Can yours give it?",
            change_end(_Decoder, F.relu),
        ),
        Mistake(
            "tanh at the end",
            "How black can a pixel get if its logit is never below −1?",
            change_end(_Decoder, torch.tanh),
        ),
        Mistake(
            "softmax at the end",
            "What do your pixels add up to? May two of them be white at once?",
            change_end(_Decoder, lambda x_logits: x_logits.softmax(1)),
        ),
        Mistake(
            "cut to [0, 1]",
            "Should logits lie between 0 and 1? Which gradient reaches a pixel that was cut?",
            change_end(_Decoder, lambda x_logits: x_logits.clamp(0, 1)),
        ),
        cut_off(_Decoder, change_end(_Decoder, lambda x_logits: x_logits.detach()), _DetachedZ),
    ],
    name="Decoder",
    input_name="z",
    draw_input=torch.randn,
    ends={
        "the sigmoid is already in": torch.sigmoid,
        "ReLU at the end": F.relu,
        "tanh at the end": torch.tanh,
        "softmax at the end": lambda x_logits: x_logits.softmax(1),
    },
    hints=(
        "It is the encoder's way back, with one layer at the end, as there is one answer: a number for each pixel.",
        "Two `nn.Linear`, the first from latent_dim to hidden_dim. Where does the ReLU belong, and which function is "
        "left to whoever wants to see pixels?",
        "`self.hidden` and `self.out` in `__init__`. In `forward` the ReLU of `self.hidden(z)` goes through "
        "`self.out`, and that is all: logits may be any number.",
    ),
)
