"""The checks of the exercises on mutants: the model answers with one small change each."""

import pytest

from tools import mutate_checks

EXERCISES = mutate_checks.exercises()

# One draw for each, here, and every sixteenth mutant of a training: `python -m tools.mutate_checks NAME --seeds 50`
# takes all and fifty draws. It is to be run when a check, a model answer or tests/answers has changed.


@pytest.mark.parametrize("name", EXERCISES)
def test_only_equivalent_mutants_survive(name):
    exercise = EXERCISES[name]
    tried, survivors = mutate_checks.judge_mutants(exercise, every=16 if name in mutate_checks.SLOW else 1)
    assert tried
    assert set(survivors) == set(exercise.equivalent) & set(tried)
    assert set(exercise.equivalent) <= set(mutate_checks.mutants(exercise.source))
    assert all(exercise.equivalent.values())  # a reason each


def test_an_answer_that_is_judged_by_luck_is_reported():
    exercise = EXERCISES["count_parameters"]

    def lucky(input_dim, hidden_dim, latent_dim):
        return exercise.model()(input_dim, hidden_dim, latent_dim) if input_dim > 45 else 0

    judged = {"lucky": mutate_checks.judge(exercise.check, lucky, 20), "model": {"always": "the same"}}
    (sentence,) = mutate_checks.find_unsteady(judged)
    assert sentence.startswith("not judged alike: lucky\n")
