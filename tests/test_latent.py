"""The latent space against numpy's SVD, brute force and direct calls of the networks."""

from itertools import combinations

import numpy as np
import pytest
import torch

from vae_lib import latent
from vae_lib.model import VAE


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return VAE(hidden_dim=16, latent_dim=6)


@pytest.fixture(scope="module")
def x():
    return torch.rand(50, 784, generator=torch.Generator().manual_seed(0))


def decoded(model, z):
    return torch.sigmoid(model.decoder(z)).detach()


@pytest.fixture(scope="module")
def points():
    """A cloud whose axes have clearly different lengths, so that its components are well defined."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(200, 6, generator=generator) * torch.tensor([1.0, 5, 0.5, 3, 0.2, 1]) + 7


def test_encode_gives_what_the_encoder_gives_without_gradients(model, x):
    for found, expected in zip(latent.encode(model, x), model.encoder(x), strict=True):
        assert torch.equal(found, expected)
        assert not found.requires_grad


# Projection and classes.


def test_project_gives_the_first_two_components_of_numpys_svd(points):
    found, explained = latent.project(points)
    centred = points.numpy() - points.numpy().mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    for i in range(2):
        component = u[:, i] * s[i]
        sign = np.sign(component @ found[:, i].numpy())  # a component has no direction
        np.testing.assert_allclose(found[:, i], sign * component, atol=1e-4)
    np.testing.assert_allclose(explained, (s**2 / (s**2).sum())[:2], rtol=1e-5)
    assert (found.shape, explained.shape) == ((200, 2), (2,))


def test_project_is_the_same_each_time(points):
    assert torch.equal(latent.project(points)[0], latent.project(points)[0])


def test_class_means_are_the_slow_loop(points):
    y = torch.randint(10, (200,), generator=torch.Generator().manual_seed(1))
    found = latent.class_means(points, y)
    for digit in range(10):
        own = [point for point, label in zip(points.tolist(), y.tolist(), strict=True) if label == digit]
        assert found[digit].tolist() == pytest.approx(np.mean(own, axis=0).tolist(), rel=1e-5)


def test_a_digit_without_images_is_told_with_all_counts(points):
    y = torch.arange(10).repeat(20)
    y[y == 7] = 1
    with pytest.raises(ValueError, match="every digit needs an image") as caught:
        latent.class_means(points, y)
    assert "[20, 40, 20, 20, 20, 20, 20, 0, 20, 20]: take more images" in str(caught.value)


def test_closest_pairs_are_the_45_of_brute_force(points):
    means = points[:10]
    brute = {(a, b): np.linalg.norm(means[a] - means[b]) for a, b in combinations(range(10), 2)}
    found = latent.closest_pairs(means)
    assert len(found) == 45
    assert [(a, b) for a, b, _ in found] == sorted(brute, key=brute.get)
    assert [distance for _, _, distance in found] == pytest.approx(sorted(brute.values()), rel=1e-4)


# Walks: each decodes without sampling.


def test_sample_decodes_draws_of_the_prior(model):
    z = torch.randn(9, 6, generator=torch.Generator().manual_seed(3))
    found = latent.sample(model, 9, torch.Generator().manual_seed(3))
    assert torch.equal(found, decoded(model, z))


def test_sample_without_a_generator_follows_the_global_seed(model):
    def drawn(seed):
        torch.manual_seed(seed)
        return latent.sample(model, 4)

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


@pytest.mark.parametrize("values", [[-3, 0.5, 3], torch.tensor([-3, 0.5, 3]), np.array([-3, 0.5, 3])])
def test_traverse_sets_one_coordinate_to_each_value(model, values):
    z = torch.linspace(-1, 1, 6)
    before = z.clone()
    found = latent.traverse(model, z, 4, values)
    for image, value in zip(found, [-3, 0.5, 3], strict=True):
        point = torch.linspace(-1, 1, 6)
        point[4] = value
        torch.testing.assert_close(image, decoded(model, point.unsqueeze(0))[0])
    assert torch.equal(z, before)


@pytest.mark.parametrize("steps", [2, 5, 10])
def test_interpolate_walks_in_equal_steps_from_end_to_end(model, steps):
    z_a, z_b = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    found = latent.interpolate(model, z_a, z_b, steps)
    assert len(found) == steps
    for i, image in enumerate(found):
        share = i / (steps - 1)
        torch.testing.assert_close(image, decoded(model, ((1 - share) * z_a + share * z_b).unsqueeze(0))[0])


def test_walks_give_images_without_gradients(model):
    z = torch.zeros(6)
    walks = latent.sample(model, 3), latent.traverse(model, z, 0, [1, 2, 3]), latent.interpolate(model, z, z + 1, 3)
    for found in walks:
        assert found.shape == (3, 784)
        assert found.min() >= 0
        assert found.max() <= 1
        assert not found.requires_grad


def test_neighbours_right_is_a_vote_of_the_fifteen_nearest_of_the_first():
    generator = torch.Generator().manual_seed(3)
    y = torch.randint(3, (120,), generator=generator)
    points = torch.randn(120, 2, generator=generator) + 1.5 * y.unsqueeze(1)
    right = []
    for point, digit in zip(points[80:], y[80:], strict=True):
        nearest = sorted(range(80), key=lambda i, point=point: (points[i] - point).norm().item())[:15]
        votes = [sum(y[i].item() == k for i in nearest) for k in range(3)]
        right.append(votes.index(max(votes)) == digit)
    assert latent.neighbours_right(points, y, first=80) == pytest.approx(sum(right) / len(right))
    assert 0.5 < sum(right) / len(right) < 1
