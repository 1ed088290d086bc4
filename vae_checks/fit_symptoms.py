"""Which mistake a training shows; to train wrongly for each of them would take a minute."""

import re
from collections.abc import Callable
from typing import NamedTuple

from vae_checks.compare import same
from vae_checks.fitted import Measured
from vae_checks.mistakes import Mistake
from vae_checks.properties import Seen
from vae_checks.shapes import mistake_of_form
from vae_probe.fitting import TRAIN_DOT, VAL_DOT


class Trained(NamedTuple):
    """The training, and the three short ones, `few` with black and white exchanged in the validation images."""

    main: Measured
    few: Measured
    other_chance: Measured
    other_generator: Measured


class Symptom(NamedTuple):
    """A mistake, and whether what was measured looks like it."""

    mistake: Mistake
    shows: Callable[[Trained], bool]


def recognise_symptom(seen: list[Seen], symptoms: list[Symptom]) -> Mistake | None:
    """The first mistake of which there is a symptom."""
    if mistake := mistake_of_form(seen):
        return mistake
    if (stop := seen[0].outcome.error) and re.search("must match the size .* dimension 0", stop.message):
        return FIXED_NUMBER
    values = [each.outcome.value for each in seen]
    # A short training that ended with an error looks like the long one.
    values = values[:1] + [values[0] if each.outcome.error else each.outcome.value for each in seen[1:]]
    if not all(isinstance(value, Measured) for value in values):
        return None
    mistake = next((symptom.mistake for symptom in symptoms if symptom.shows(Trained(*values))), None)
    # What the short ones say of the generator, they say where they run to their end.
    stops = any(each.outcome.error for each in seen[1:])
    return FIXED_NUMBER if stops and mistake in (None, UNUSED) else mistake


FIXED_NUMBER = Mistake(
    "it stops with another number of images",
    "Which number in your function says how many images there are? How does it learn that from its arguments?",
)
UNUSED = Mistake(
    "the generator is not used",
    "Which argument of your function decides about order and noise? What should another one change?",
)


def _near(a: float, b: float, slack: float = 2.0) -> bool:
    return abs(a - b) < slack


def _draws(dot: float, full: float) -> bool:
    return dot > full / 5


def _is_one_of(reported: float, losses: list[float], slack: float = 0.03) -> bool:
    return any(_near(reported, loss, slack * loss) for loss in losses)


def _last_batch(main: Measured) -> bool:
    return main.reported > main.val + 3 and _is_one_of(main.reported, main.last_batches)


def _first_images(trained: Trained) -> bool:
    main, few = trained.main, trained.few
    return (
        main.reported < main.val - 3
        and _is_one_of(main.reported, main.first_batches)
        and _is_one_of(few.reported, few.first_batches, 0.1)
    )


def _best_returned(trained: Trained) -> bool:
    """Whether the model has the lowest loss of the history, and not the last one."""
    both = trained.main, trained.few
    lowest = all(_near(each.lowest, each.val, each.slack) for each in both)
    return lowest and not all(each.is_true for each in both)


def _without_noise(main: Measured) -> bool:
    off = abs(main.reported - main.without_noise)
    return not main.is_true and off < 0.5 and off < abs(main.reported - main.train)


def _on_training_images(trained: Trained) -> bool:
    """Also of a loss taken while it trained: with black and white exchanged, the other images cost far more."""
    few = trained.few
    return few.reported < few.val / 2 and _near(few.reported, few.train, 2 + 0.3 * few.train)


def _before_the_epoch(trained: Trained) -> bool:
    main, few = trained.main, trained.few
    return main.is_late or (main.history[:1] > [500] and not few.is_true and few.reported < few.val)


def _best_not_last(trained: Trained) -> bool:
    few = trained.few
    return not few.is_true and few.reported == few.lowest < few.val


# Of any training; an exercise adds its own.
SYMPTOMS = [
    Symptom(
        Mistake(
            "training and validation images swapped",
            "Which of your two sets does the model learn from, and which one is it measured on?",
        ),
        lambda trained: _draws(trained.main.val_dot, VAL_DOT) and not _draws(trained.main.train_dot, TRAIN_DOT),
    ),
    Symptom(
        Mistake(
            "trained on the validation images, too",
            "What is a validation loss worth on images that the model has learnt from?",
        ),
        lambda trained: _draws(trained.main.val_dot, VAL_DOT) or trained.main.val_steps > 0,
    ),
    Symptom(
        Mistake(
            "an optimizer of other weights",
            "Whose `parameters()` does your optimizer hold, and which model do the gradients come to?",
        ),
        lambda trained: trained.main.moves_others,
    ),
    Symptom(
        Mistake(
            "not trained on train_x",
            "Which images has the model that you return learnt from, and how often did it see those of `train_x`?",
        ),
        lambda trained: not _draws(trained.main.train_dot, TRAIN_DOT),
    ),
    Symptom(
        Mistake(
            "the mean over the pixels",
            "In nats per image an untrained model begins above 500. Why is your number so small?",
        ),
        lambda trained: 0 < trained.main.reported < 20,
    ),
    Symptom(
        Mistake(
            "the mean over the pixels",
            "The KLD of your model is nearly 0, so z says nothing about the image. If the BCE is a mean over 784 "
            "pixels, what has become of β?",
        ),
        lambda trained: trained.main.kld < 2 and trained.main.val > 190,
    ),
    Symptom(
        Mistake(
            "the KLD left out",
            "The KLD of your model is larger than its BCE. Did the loss that you trained with have both terms?",
        ),
        lambda trained: trained.main.kld > trained.main.bce,
    ),
    Symptom(
        Mistake(
            "the validation images that are given are never read",
            "Which images do you measure: those that your function is given, those of the notebook, or those that it "
            "trains on?",
        ),
        lambda trained: trained.main.val_x_unread and not (trained.main.is_true and trained.few.is_true),
    ),
    Symptom(
        Mistake(
            "the best model returned, with the history of the last one",
            "From which epoch is the model that you return? With the loss of which epoch does your history end?",
        ),
        _best_returned,
    ),
    Symptom(
        Mistake(
            "one noise for all validation images",
            "How many rows has the noise of your validation, and how many images are there? What if its one draw is an "
            "odd one?",
        ),
        lambda trained: trained.main.shares_noise,
    ),
    Symptom(
        Mistake("a sum in place of a mean", "Should the number double if you measure twice as many images?"),
        lambda trained: trained.main.reported > 2 * trained.main.val,
    ),
    Symptom(
        Mistake(
            "evaluated on the training images",
            "Your number is that of images which the model has learnt from. Which images have you measured?",
        ),
        _on_training_images,
    ),
    Symptom(
        Mistake(
            "the loss of the last batch",
            "Which images does your number speak of? In this check the last ones are the thickest digits.",
        ),
        lambda trained: _last_batch(trained.main),
    ),
    Symptom(
        Mistake(
            "the loss at z = μ, without noise",
            "The loss is that of a z drawn from N(μ, σ²). Which z did you decode?",
        ),
        lambda trained: _without_noise(trained.main),
    ),
    Symptom(
        Mistake(
            "only the first validation images",
            "How many images does your number speak of, and how many are there? In this check the first ones are the "
            "thinnest digits.",
        ),
        _first_images,
    ),
    Symptom(
        Mistake(
            "measured before the epoch",
            "Your history begins with the loss of a model that has not learnt yet. Which model does its last number "
            "speak of?",
        ),
        _before_the_epoch,
    ),
    Symptom(
        Mistake(
            "the best loss, not the last one",
            "A loss may rise, too. Is the last number of your history that of the model which you return?",
        ),
        _best_not_last,
    ),
    Symptom(
        UNUSED,
        lambda trained: same(trained.few.result, trained.other_generator.result),
    ),
    Symptom(
        Mistake(
            "never shuffled",
            "In which order do the images come in your first epoch, and in which in the second? Which of your lines "
            "decides it?",
        ),
        lambda trained: trained.main.in_order,
    ),
    Symptom(
        Mistake(
            "chance that is not from the generator",
            "Which lines draw something: an order, a noise? What does `model(x)` do without a second argument?",
        ),
        lambda trained: not same(trained.few.result, trained.other_chance.result),
    ),
]
