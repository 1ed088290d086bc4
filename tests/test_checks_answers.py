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
