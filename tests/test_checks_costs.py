"""What a slip costs that is not what the exercise is about, and what students then read."""

import numpy as np
import pytest
import torch

import vae_checks as checks
from tests.answers import batches, epoch_loss, fit, split, train_step
from tests.answers.class_means import means_vectorised
from tests.answers.interpolate import walk, walk_by_numpy
from tests.answers.pca import pca_by_covariance, pca_by_sklearn, pca_wrong_side
from tests.answers.traverse import set_column, set_without_clone


def pictures(decode, n, latent_dim, generator):
    return decode(torch.randn(n, latent_dim, generator=generator))


def set_in_contiguous(z, dim, values):
    rows = z.expand(len(values), -1).contiguous()
    rows[:, dim] = values
    return rows


def by_weights(z_start, z_end, steps):
    share = torch.linspace(0, 1, steps)[:, None]
    return (1 - share) @ z_start[None] + share @ z_end[None]


def by_index(codes, labels):
    sums = torch.zeros(10, codes.shape[1]).index_add_(0, labels, codes)
    return sums / labels.bincount(minlength=10)[:, None]


def numpy_of(function):
    def answer(*inputs):
        result = function(*inputs)
        return tuple(part.numpy() for part in result) if isinstance(result, tuple) else result.numpy()

    return answer


ARRAY = "expected a torch.Tensor, got a NumPy array"

COUNT = "✗ as many as asked for: expected a tensor (11, 40), got a tensor (12, 40)"
LIST = "✗ form: a list, where one tensor is asked for"
SIZES = "It looks like this: sizes that do not follow the arguments"

SLIPS = [
    ("interpolate", walk(lambda steps: np.linspace(0, 1, 11)), 8, SIZES),
    ("interpolate", lambda a, b, steps: list(walk_by_numpy(a, b, steps)), 8, LIST),
    ("traverse", lambda z, dim, v: torch.cat([z[None], set_column(z, dim, v)]), 6, COUNT),
    ("sample", lambda decode, n, d, generator: pictures(decode, n, 40, generator), 8, SIZES),
    ("pca", lambda codes, k: (pca_by_covariance(codes, k)[0].T, pca_by_covariance(codes, k)[1]), 8, "✓ points"),
    ("pca", lambda codes, k: (codes[:k], pca_by_covariance(codes, k)[1]), 6, "✓ shares"),
    ("class_means", numpy_of(means_vectorised), 9, ARRAY),
    ("pca", numpy_of(pca_by_covariance), 9, ARRAY),
    ("pca", lambda codes, k: (pca_by_sklearn(codes, k)[0], pca_by_sklearn(codes, k)[1].numpy()), 9, ARRAY),
    ("sample", numpy_of(pictures), 9, ARRAY),
    ("interpolate", numpy_of(walk_by_numpy), 9, ARRAY),
    ("interpolate", lambda a, b, steps: np.linspace(a.numpy(), b.numpy(), steps), 9, ARRAY),
    ("traverse", numpy_of(set_column), 9, ARRAY),
    (
        "interpolate",
        lambda a, b, steps: torch.lerp(a, b, torch.linspace(0, 1, steps)[:, None]),
        9,
        "for float64 inputs your code stops at",
    ),
    ("interpolate", by_weights, 9, "for float64 inputs your code stops at"),
    ("class_means", by_index, 9, "for float64 inputs your code stops at"),
    ("pca", pca_wrong_side, 6, "✓ shares"),
    ("traverse", set_in_contiguous, 8, "with a single value z changed in place"),
    ("traverse", set_without_clone, 3, "✗ inputs unchanged: z changed in place"),
]


@pytest.mark.parametrize(("name", "answer", "points", "sentence"), SLIPS)
def test_a_slip_costs_its_own_points_alone(name, answer, points, sentence):
    for seed in range(3):
        result = getattr(checks, name)(answer, seed)
        assert result.points == points
        assert sentence in repr(result)
        assert result.state == "not yet"  # so the cell below is drawn with the library's


POINTS = [
    ("split", split.drawn_twice, 4),
    ("split", split.other_seed_for_validation, 4),
    ("split", split.chosen_with_replacement, 4),
    ("split", split.cut_overlapping, 8),
    ("split", split.cut_with_a_gap, 8),
    ("split", split.cut_at_51000, 8),
    ("split", split.global_shuffle, 8),
    ("split", split.split_as_masks, 8),
    ("split", split.split_as_floats, 8),
    ("split", split.split_yielded, 8),
    ("to_images", lambda pixels: pixels.flatten(1).numpy().astype(np.float32) / 255, 9),
    ("epoch_loss", epoch_loss.epoch_left_in_eval, 9),
    ("epoch_loss", epoch_loss.epoch_of_full_batches, 4),
    ("epoch_loss", lambda *inputs: None if epoch_loss.epoch_of_images(*inputs) else 0, 3),
    ("train_step", lambda *inputs: None if train_step.step_zero_last(*inputs) else 0, 6),
    ("fit", fit.fit_too_short, 6),
    ("batches", batches.chosen_for_each_batch, 4),
    ("batches", lambda n, batch_size, generator: torch.randperm(n, generator=generator).split(64), 8),
    ("batches", batches.batches_yielded, 8),
    ("batches", batches.filled_from_the_front, 7),
]


@pytest.mark.parametrize(("name", "answer", "points"), POINTS)
def test_points_follow_the_fault(name, answer, points):
    result = getattr(checks, name)(answer, 0)
    assert (result.state, result.points) == ("not yet", points)


def test_chance_that_is_not_from_the_generator_is_said_as_students_see_it():
    unseeded = checks.sample(lambda decode, n, latent_dim, generator: decode(torch.randn(n, latent_dim)))
    assert "nothing in z depends on the generator that you are given" in repr(unseeded)


def test_a_complex_answer_warns_of_nothing(recwarn):
    def by_eig(codes, k):
        values, vectors = torch.linalg.eig(torch.cov(codes.T))
        return (codes - codes.mean(0)).to(vectors.dtype) @ vectors[:, :k], values[:k] / values.sum()

    assert "points: expected a tensor (7, 2), got a complex tensor (7, 2)" in repr(checks.pca(by_eig))
    assert not recwarn.list
