"""The checks of `Encoder` and `Decoder`: what a slip in the layers costs, and what is said of unfinished classes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import vae_checks as checks
from tests.answers import decoder, encoder


class Begun(encoder.EncoderOfModules):
    def forward(self, x):
        # YOUR CODE HERE
        raise NotImplementedError()


class Untouched(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        # YOUR CODE HERE
        raise NotImplementedError()


class LeftOver(encoder.EncoderOfModules):
    def forward(self, x):
        h = F.relu(self.hidden(x))
        print(h)
        raise NotImplementedError()


class Stops(encoder.EncoderOfModules):
    def forward(self, x):
        return self.hidden(self.hid_mu(x))


class OneHead(encoder.EncoderOfModules):
    def forward(self, x):
        return super().forward(x)[0]


class NoModule:
    def __init__(self, *sizes):
        self.sizes = sizes


@pytest.mark.parametrize(
    ("answer", "points", "sentence"),
    [
        (Begun, 2, "✗ forward: the layers are all there; forward is not written yet"),
        (LeftOver, 2, "raise NotImplementedError(): delete this line, now that your answer stands there"),
        (Stops, 2, "return self.hidden(self.hid_mu(x)), RuntimeError: mat1 and mat2"),
        (NoModule, 0, "✗ layers: expected a class of modules"),
        (encoder.EncoderOfModules(5, 4, 3), 0, "✗ layers: expected the class itself"),
        (encoder.EncoderWithoutReturn, 2, "got nothing (is there a return?)"),
    ],
)
def test_of_an_unfinished_class_one_true_sentence_is_said(answer, points, sentence):
    result = checks.Encoder(answer)
    assert (result.state, result.points) == ("not yet", points)
    assert sentence in repr(result)
    assert repr(result).count("✗") == 2  # the headline's and the one fault


def test_one_head_alone_is_not_called_a_missing_return():
    result = checks.Encoder(OneHead)
    assert result.points == 2
    assert "one thing where several are asked for" in repr(result)
    assert " alone\n" in repr(result)
    assert "is there a return?" not in repr(result)


def test_an_untouched_class_is_not_attempted():
    assert checks.Encoder(Untouched).state == "not attempted"


@pytest.mark.parametrize(
    ("check", "answer", "points"),
    [
        (checks.Encoder, encoder.EncoderOfASequential, 8),
        (checks.Encoder, encoder.EncoderOfOtherNames, 8),
        (checks.Encoder, encoder.EncoderWithMore, 8),
        (checks.Encoder, encoder.EncoderOfFixedSizes, 8),
        (checks.Decoder, decoder.DecoderOfFixedSizes, 8),
        (checks.Decoder, decoder.decoder(lambda x_logits: (x_logits,)), 8),
        (checks.Encoder, encoder.EncoderThatSqueezes, 8),
        (checks.Decoder, decoder.DecoderOfASequential, 8),
        (checks.Encoder, encoder.EncoderWithoutGradients, 4),
        (checks.Decoder, decoder.DecoderReadsDetachedZ, 4),
        (checks.Encoder, encoder.EncoderTurned, 0),
    ],
)
def test_points_are_in_proportion(check, answer, points):
    assert {check(answer, seed).points for seed in range(5)} == {points}


def test_a_form_is_no_fault_of_the_names():
    said = repr(checks.Decoder(decoder.DecoderOfPictures))
    assert "✓ names of the layers" in said
    assert "✗ form: forward gives pictures of 28 × 28, where rows are asked for" in said


def test_parts_are_called_mu_and_sigma():
    swapped = encoder.encoder(lambda h, hid_mu, hid_sigma: (hid_mu(h), hid_mu(h)))
    assert "✗ value: of sigma at [" in repr(checks.Encoder(swapped))


def test_float32_inside_is_a_remark():
    class Cast(encoder.EncoderOfModules):
        def forward(self, x):
            return tuple(part.float() for part in super().forward(x))

    result = checks.Encoder(Cast)
    assert (result.state, result.points) == ("right", 10)
    assert "A remark, which costs nothing: float64 and device, expected torch.float64" in repr(result)


def test_hidden_units_lie_on_both_sides_of_what_decides():
    for seed in range(20):
        inputs = checks.Encoder.draw(seed)[0].inputs
        h = inputs["x"] @ inputs["hidden.weight"].T + inputs["hidden.bias"]
        assert (h < -6).any()
        assert (h.abs() < 2).any()
        assert (h > 7).any()
        assert torch.isfinite(h).all()
