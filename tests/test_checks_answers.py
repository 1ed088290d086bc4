"""The checks of the exercises on whole answers: what they accept, and what they name."""

import pickle
import random

import numpy as np
import pytest
import torch

from tools import mutate_checks

EXERCISES = mutate_checks.exercises()

each_exercise = pytest.mark.parametrize("name", EXERCISES)


@pytest.fixture
def no_trace(capfd):
    """Fails where a check leaves other random states behind, or shows something."""
    before = pickle.dumps(random_states())
    yield
    assert pickle.dumps(random_states()) == before
    assert capfd.readouterr() == ("", "")


def random_states():
    return torch.get_rng_state().tolist(), np.random.get_state(), random.getstate()


@each_exercise
@pytest.mark.usefixtures("no_trace")
def test_right_answers_get_full_points(name):
    judged, refused = mutate_checks.judge_right(EXERCISES[name])
    assert refused == []
    assert mutate_checks.find_unsteady(judged) == []


@each_exercise
@pytest.mark.usefixtures("no_trace")
def test_wrong_answers_fail_and_are_named_and_judged_alike(name):
    judged, missed = mutate_checks.judge_wrong(EXERCISES[name])
    assert missed == []
    assert mutate_checks.find_unsteady(judged) == []


@pytest.mark.parametrize(
    ("name", "answer", "sentence"),
    [
        ("split", "cut_twice", "for n = 1: position 0 is there 0 times"),
        (
            "split",
            "cut_from_the_end",
            "for n = 2 the shares are 1.7 for training and 0.3 for validation, got 1 and 2 different positions",
        ),
        ("split", "drawn_twice", "images are in both sets, so you would validate on what you train on"),
        ("split", "split_as_floats", "got floating-point numbers: a position is an int, or of dtype torch.long"),
        ("split", "split_as_masks", "got masks of True and False: torch.nonzero(mask)[:, 0] are the positions"),
        ("split", "positions_from_1", "position 2500 is there; those of 2,500 images go from 0 to 2,499"),
        ("batches", "batches_yielded", "got something to loop over, as yield, iter and DataLoader make it"),
        ("batches", "chosen_for_each_batch", "come in no batch"),
        ("sigma_from_log_var", "sigma_with_a_number_added", "for log σ² = -60 expected 9.3576e-14, got 1e-08"),
    ],
)
def test_a_sentence_says_for_which_input_and_what(name, answer, sentence):
    function = getattr(mutate_checks.import_answers(name), answer)
    assert sentence in repr(EXERCISES[name].check(function, 0))
