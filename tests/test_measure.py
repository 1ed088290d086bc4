"""The instruments: against slow loops and values worked out by hand."""

import pytest
import torch
from torch import nn

from vae_lib import measure
from vae_lib.data import load_tensors


def points(seed, n=7, d=3):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def slow_energy_distance(a, b):
    """Pair by pair in Python floats, no point with itself."""

    def distance(p, q):
        return sum((s - t) ** 2 for s, t in zip(p.tolist(), q.tolist(), strict=True)) ** 0.5

    def mean(pairs):
        pairs = list(pairs)
        return sum(distance(p, q) for p, q in pairs) / len(pairs)

    between = mean((p, q) for p in a for q in b)
    within = [mean((s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) for s in (a, b)]
    return 2 * between - sum(within)


def test_the_energy_distance_is_that_of_a_slow_loop():
    a, b = points(0), 1.5 * points(1, n=5) + 1
    assert measure.energy_distance(a, b) == pytest.approx(slow_energy_distance(a, b), abs=1e-5)


def test_the_energy_distance_of_four_points_by_hand():
    # On a line: a at 0 and 2, b at 1 and 4. Between: 1, 4, 1, 2, mean 2; within: 2 and 3. So 4 - 5 = -1.
    a, b = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [4.0]])
    assert measure.energy_distance(a, b) == pytest.approx(-1)


def test_the_energy_distance_of_sets_of_one_source_is_zero_on_average_and_may_be_negative():
    values = torch.tensor([measure.energy_distance(points(2 * s, 20), points(2 * s + 1, 20)) for s in range(400)])
    assert abs(values.mean()) < 3 * values.std() / 400**0.5
    assert (values < 0).float().mean() > 0.25
    # With the zeros of the diagonal in the means it would be off by twice the mean distance over n, about 0.23.
    assert abs(values.mean()) < 0.05


def test_the_auroc_is_that_of_scikit_learn_with_and_without_ties():
    from sklearn.metrics import roc_auc_score

    generator = torch.Generator().manual_seed(0)
    for digits in (6, 0):  # rounded to whole numbers, many are alike
        normal = torch.randn(300, generator=generator).mul(3).round(decimals=digits)
        odd = (1 + torch.randn(200, generator=generator).mul(3)).round(decimals=digits)
        labels = torch.cat([torch.zeros(300), torch.ones(200)])
        expected = roc_auc_score(labels, torch.cat([normal, odd]))
        assert measure.auroc(normal, odd) == pytest.approx(expected, abs=1e-9)


def test_the_auroc_of_four_scores_by_hand():
    # Of the pairs (1, 2), (1, 3), (2, 2), (2, 3) the odd one wins three, and one is a tie.
    assert measure.auroc(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0])) == 0.875
    with pytest.raises(ValueError, match="got 0 normal and 1 odd ones"):
        measure.auroc(torch.empty(0), torch.tensor([2.0]))


def test_the_recorded_odd_ones_are_complete():
    odd_ones = measure.load_odd_ones()
    assert list(odd_ones["left out"]) == [str(digit) for digit in range(10)]
    assert all(0 <= share <= 1 for scores in odd_ones["left out"].values() for share in scores.values())
    assert odd_ones["encoder"].keys() == {"report", "convolutions", "report, longer"}
    for runs in odd_ones["encoder"].values():
        assert list(runs) == ["0", "1", "2"]
        assert len({run["weights"] for run in runs.values()}) == 1
        for run in runs.values():
            assert run["test"] == pytest.approx(run["bce"] + run["kld"], abs=0.011)
    losses = [after["val"] for after in odd_ones["stranger"].values()]
    assert losses == sorted(losses, reverse=True)


def test_what_the_instruments_cannot_measure_is_refused(reader):
    with pytest.raises(ValueError, match="needs two points in each, got 1 and 7"):
        measure.energy_distance(points(0, n=1), points(1))
    with pytest.raises(ValueError, match=r"as many numbers in a as in b, got \(7, 2\)"):
        measure.energy_distance(points(0, d=2), points(1))
    # Labels in a column would be compared with every image.
    with pytest.raises(ValueError, match=r"a label, 0 to 9, for each of the 4 images, got \(4, 1\) of torch.int64"):
        measure.accuracy(reader, torch.eye(10)[:4], torch.zeros(4, 1, dtype=torch.int64))


def test_the_energy_distance_changes_no_argument():
    a, b = points(0), points(1)
    before = a.clone(), b.clone()
    measure.energy_distance(a, b)
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


@pytest.fixture
def reader():
    """A classifier of ten pixels, whose logits are 20 times as large."""
    first, last = nn.Linear(10, 10), nn.Linear(10, 10)
    for layer in (first, last):
        layer.weight.data, layer.bias.data = torch.eye(10), torch.zeros(10)
    last.weight.data *= 20
    return nn.Sequential(first, nn.ReLU(), last)


def test_readable_is_the_share_above_nine_tenths(reader):
    logits = torch.zeros(4, 10)
    # One logit of a against nine zeros: a probability of exp(a) / (exp(a) + 9), 0.9 at a = log 81 = 4.394.
    logits[0, 3], logits[1, 9], logits[2, 0] = 4.40, 4.39, 20.0
    assert measure.readable(reader, logits / 20) == 0.5


def test_accuracy_counts_the_right_labels(reader):
    assert measure.accuracy(reader, torch.eye(10)[:4], torch.tensor([0, 1, 2, 9])) == 0.75


def test_features_are_what_the_last_layer_reads(reader):
    x = torch.rand(5, 10, generator=torch.Generator().manual_seed(3))
    reader[0].bias.data -= 0.5
    assert torch.equal(measure.features(reader, x), (x - 0.5).clamp(min=0))


def test_a_classifier_of_a_few_thousand_digits_reads_others():
    train_set, val_set, _ = load_tensors()
    torch.manual_seed(0)
    classifier = measure.train_classifier(train_set.x[:5000], train_set.y[:5000], torch.Generator().manual_seed(0), 3)
    assert measure.accuracy(classifier, val_set.x, val_set.y) > 0.88
    assert measure.features(classifier, val_set.x[:3]).shape == (3, 256)


def test_the_same_seeds_give_the_same_classifier():
    x, y = torch.rand(300, 784, generator=torch.Generator().manual_seed(0)), torch.arange(300) % 10
    made = []
    for _ in range(2):
        torch.manual_seed(5)
        made.append(measure.train_classifier(x, y, torch.Generator().manual_seed(1), epochs=1))
    for one, other in zip(made[0].parameters(), made[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_spread_is_the_standard_deviation():
    assert measure.mean_and_spread([1.0, 2.0, 6.0]) == pytest.approx((3, 7**0.5))
