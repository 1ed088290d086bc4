"""Right and wrong answers to `train_step`, in other words than the check's own."""

import torch
import torch.nn.functional as F

from vae_lib.loss import vae_loss
from vae_lib.model import VAE


def loss_by_hand(model, x, eps):
    x_logits, mu, sigma = model(x, eps)
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")
    kld = 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum()
    return (bce + kld) / len(x)


def step_zero_last(model, optimizer, x, eps):
    loss = loss_by_hand(model, x, eps)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss)


def step_with_closure(model, optimizer, x, eps):
    def closure():
        model.zero_grad()
        loss = vae_loss(x, *model(x, eps)).loss.mean()
        loss.backward()
        return loss

    return optimizer.step(closure).detach()


def step_image_by_image(model, optimizer, x, eps):
    optimizer.zero_grad(set_to_none=False)
    total = 0.0
    for image, noise in zip(x.split(1), eps.split(1), strict=True):
        loss = loss_by_hand(model, image, noise) / len(x)
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


def image_by_image_without_zero_grad(model, optimizer, x, eps):
    total = 0.0
    for image, noise in zip(x.split(1), eps.split(1), strict=True):
        loss = loss_by_hand(model, image, noise) / len(x)
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


def step_spoilt(
    model, optimizer, x, eps, todo="zero backward step", loss=loss_by_hand, clip=None, returned=torch.Tensor.item
):
    value = loss(model, x, eps)
    for part in todo.split():
        if part == "step" and clip:
            clip(model.parameters())
        {"zero": optimizer.zero_grad, "backward": value.backward, "step": optimizer.step}[part]()
    return returned(value)


def clip_norm(limit):
    return lambda weights: torch.nn.utils.clip_grad_norm_(weights, limit)


def clip_numbers(weights):
    torch.nn.utils.clip_grad_value_(weights, 0.5)


def sum_of_losses(model, x, eps):
    return vae_loss(x, *model(x, eps)).loss.sum()


def kld_taken_away(model, x, eps):
    _, bce, kld = vae_loss(x, *model(x, eps))
    return (bce - kld).mean()


def sum_after_sigmoid(model, x, eps):
    x_logits, mu, sigma = model(x, eps)
    return vae_loss(x, x_logits.sigmoid(), mu, sigma).loss.sum()


def loss_of_copied_formula(model, x, eps):
    x_logits, mu, logvar = model(x, eps)  # the third is sigma
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")
    return (bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())) / len(x)


def spoilt(**how):
    return lambda *inputs: step_spoilt(*inputs, **how)


def step_then_loss(model, optimizer, x, eps):
    step_zero_last(model, optimizer, x, eps)
    with torch.no_grad():
        return vae_loss(x, *model(x, eps)).loss.mean().item()


def step_keeps_graph(model, optimizer, x, eps):
    optimizer.zero_grad()
    loss = loss_by_hand(model, x, eps)
    loss.backward()
    optimizer.step()
    return loss


def pixel_mean(model, x, eps):
    x_logits, mu, sigma = model(x, eps)
    return F.binary_cross_entropy_with_logits(x_logits, x) + vae_loss(x, x_logits, mu, sigma).kld.mean()


def step_as_in_the_lessons(model, optimizer, x, eps):
    mu, sigma = model.encode(x)
    x_logits = model.decoder(mu + sigma * eps)
    optimizer.zero_grad()
    loss = vae_loss(x, x_logits, mu, sigma).loss.mean()
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


def step_of_its_parts(model, optimizer, x, eps):
    mu, sigma = model.encoder(x)
    x_hat = model.decode(mu + sigma * eps)
    bce = F.binary_cross_entropy(x_hat, x, reduction="none").sum(1)
    loss = (bce + 0.5 * (mu**2 + sigma**2 - 1 - 2 * sigma.log()).sum(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_with_own_optimizer(model, optimizer, x, eps):
    return step_zero_last(model, torch.optim.Adam(model.parameters(), lr=1e-3), x, eps)


def step_twice(model, optimizer, x, eps):
    step_zero_last(model, optimizer, x, eps)
    return step_zero_last(model, optimizer, x, eps)


def with_losses(reduce):
    return spoilt(loss=lambda model, x, eps: reduce(vae_loss(x, *model(x, eps))))


def step_of(loss):
    def step(model, optimizer, x, eps):
        value = loss(x, *model(x, eps)).loss.mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def step_of_784_pixels(model, optimizer, x, eps):
    return step_zero_last(model, optimizer, x.view(-1, 784), eps)


def step_printing(model, optimizer, x, eps):
    print(step_zero_last(model, optimizer, x, eps))


def step_by_hand(model, optimizer, x, eps):
    """The weights move without the optimizer."""
    loss = loss_by_hand(model, x, eps)
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            weight -= 1e-3 * weight.grad
            weight.grad = None
    return loss.item()


def kld_times(beta):
    def loss(model, x, eps):
        _, bce, kld = vae_loss(x, *model(x, eps))
        return (bce + beta * kld).mean()

    return loss


RIGHT = [
    step_of_784_pixels,
    *[step_as_in_the_lessons, step_of_its_parts, step_zero_last, step_with_closure, step_image_by_image],
    spoilt(clip=clip_norm(torch.inf)),  # measures the gradient, and leaves it
]
CUT = "the gradient cut short"
GRAPH = "the loss returned with its graph"
NO_ZERO = "zero_grad forgotten"
SUM = "the sum over the batch in place of the mean"

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("zero_grad forgotten", spoilt(todo="backward step")),
    ("step forgotten", spoilt(todo="zero backward"), 4),
    ("backward forgotten", spoilt(todo="zero step"), 4),
    ("step before backward", spoilt(todo="zero step backward"), 4),
    ("step before backward", spoilt(todo="step zero backward")),
    ("zero_grad between backward and step", spoilt(todo="backward zero step"), 4),
    (
        "the sum over the batch in place of the mean",
        spoilt(loss=lambda model, x, eps: vae_loss(x, *model(x, eps)).loss.sum()),
    ),
    (
        "the sum over the batch in place of the mean",
        lambda model, optimizer, x, eps: (
            spoilt(loss=lambda model, x, eps: len(x) * loss_by_hand(model, x, eps))(model, optimizer, x, eps) / len(x)
        ),
    ),
    (
        "the sum over the batch in place of the mean",
        lambda model, optimizer, x, eps: len(x) * step_zero_last(model, optimizer, x, eps),
    ),
    ("the loss measured after the step", step_then_loss),
    ("the loss returned with its graph", step_keeps_graph),
    ("eps ignored", spoilt(loss=lambda model, x, eps: loss_by_hand(model, x, torch.randn_like(eps)))),
    ("eps ignored", spoilt(loss=lambda model, x, eps: loss_by_hand(model, x, 0.0))),
    ("eps ignored", spoilt(loss=lambda model, x, eps: loss_by_hand(model, x, None))),
    ("the weights moved without the optimizer that is given", step_with_own_optimizer),
    ("the weights moved without the optimizer that is given", step_by_hand),
    ("nothing is returned", step_printing),
    *[("another weight of the KLD", spoilt(loss=kld_times(beta)), 3) for beta in (0.1, 0.5, 2.0)],
    ("more than one step", step_twice),
    ("three losses taken for one", with_losses(lambda losses: losses.mean())),
    ("sigma taken for log σ²", spoilt(loss=loss_of_copied_formula)),
    ("three losses taken for one", with_losses(lambda losses: sum(losses).mean())),
    ("three losses taken for one", with_losses(lambda losses: losses)),
    ("the gradient of many numbers", with_losses(lambda losses: losses.loss)),
    ("a plain number before backward", with_losses(lambda losses: losses.loss.mean().item())),
    ("gradients switched off", torch.no_grad()(step_zero_last)),
    ("divided by a batch size of 64", with_losses(lambda losses: losses.loss.sum() / 64)),
    ("zero_grad forgotten", image_by_image_without_zero_grad),
    ("the KLD left out", spoilt(loss=lambda model, x, eps: vae_loss(x, *model(x, eps)).bce.mean())),
    ("the mean over the pixels", spoilt(loss=pixel_mean)),
    (
        "arguments of vae_loss in another order",
        step_of(lambda x, x_logits, mu, sigma: vae_loss(x_logits, x, mu, sigma)),
    ),
    (
        "arguments of vae_loss in another order",
        step_of(lambda x, x_logits, mu, sigma: vae_loss(x, mu, sigma, x_logits)),
    ),
    ("mu and sigma exchanged", step_of(lambda x, x_logits, mu, sigma: vae_loss(x, x_logits, sigma, mu))),
    ("a second sigmoid", step_of(lambda x, x_logits, mu, sigma: vae_loss(x, x_logits.sigmoid(), mu, sigma))),
    ("the three results of the model as one argument", step_of(lambda x, *results: vae_loss(x, results))),
    ("x and eps exchanged", lambda model, optimizer, x, eps: step_of(vae_loss)(model, optimizer, eps, x)),
    ("another model than the one that is given", lambda model, *inputs: step_of(vae_loss)(VAE(), *inputs)),
    *[(CUT, spoilt(clip=clip), 8) for clip in (clip_norm(0.1), clip_norm(1.0), clip_norm(5.0), clip_norm(50.0))],
    (CUT, spoilt(clip=clip_numbers), 8),
    (f"{CUT}; and {GRAPH}", spoilt(clip=clip_norm(1.0), returned=lambda loss: loss), 8),
    (f"{NO_ZERO}; and {CUT}", spoilt(todo="backward step", clip=clip_norm(1.0)), 5),
    (f"{SUM}; and {CUT}", spoilt(loss=sum_of_losses, clip=clip_norm(1.0)), 3),
    (f"{NO_ZERO}; and {SUM}", spoilt(todo="backward step", loss=sum_of_losses), 3),
    (
        f"{NO_ZERO}; and {SUM}; and {GRAPH}",
        spoilt(todo="backward step", loss=sum_of_losses, returned=lambda loss: loss),
        2,
    ),
    (f"{NO_ZERO}; and {GRAPH}", spoilt(todo="backward step", returned=lambda loss: loss), 4),
    (f"{NO_ZERO}; and the KLD with the wrong sign", spoilt(todo="backward step", loss=kld_taken_away), 3),
    (f"step forgotten; and {SUM}", spoilt(todo="zero backward", loss=sum_of_losses), 3),
    (f"{SUM}; and a second sigmoid", spoilt(loss=sum_after_sigmoid), 3),
    ("the KLD with the wrong sign", spoilt(loss=kld_taken_away)),
    ("the BCE left out", spoilt(loss=lambda model, x, eps: vae_loss(x, *model(x, eps)).kld.mean())),
    ("up the gradient, not down", spoilt(loss=lambda *inputs: -loss_by_hand(*inputs))),
    ("up the gradient, not down", spoilt(loss=lambda *inputs: -loss_by_hand(*inputs), returned=lambda v: -v.item()), 5),
    ("a number with something around it", lambda *inputs: [step_of(vae_loss)(*inputs)], 8),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
