"""Right and wrong answers to `linear_optimum`, in other words than the check's own."""

import torch


def by_loop(eigenvalues, pixel_variance, beta, latent_dim):
    kld, left = torch.zeros(latent_dim), 0.0
    for i, value in enumerate(eigenvalues.tolist()):
        if i < latent_dim and value > beta * pixel_variance:
            kld[i] = 0.5 * torch.tensor(value / (beta * pixel_variance)).log()
            left += beta * pixel_variance
        else:
            left += value
    return kld, left


def by_masks(eigenvalues, pixel_variance, beta, latent_dim):
    level = beta * pixel_variance
    used = (eigenvalues > level) & (torch.arange(len(eigenvalues)) < latent_dim)
    kld = torch.where(used, (eigenvalues.log() - torch.tensor(level).log()) / 2, 0.0)
    return kld[:latent_dim], torch.where(used, level, eigenvalues).sum()


def by_relu(eigenvalues, pixel_variance, beta, latent_dim):
    first = eigenvalues[:latent_dim]
    kld = torch.relu((first / (beta * pixel_variance)).log() / 2)
    return kld, eigenvalues.sum() - torch.relu(first - beta * pixel_variance).sum()


def with_kld(function):
    def optimum(eigenvalues, pixel_variance, beta, latent_dim):
        kld = function(eigenvalues[:latent_dim], pixel_variance, beta)
        return kld, by_masks(eigenvalues, pixel_variance, beta, latent_dim)[1]

    return optimum


def with_error(function):
    def optimum(eigenvalues, pixel_variance, beta, latent_dim):
        kld = by_masks(eigenvalues, pixel_variance, beta, latent_dim)[0]
        used = torch.arange(len(eigenvalues)) < (kld > 0).sum()
        return kld, function(eigenvalues, beta * pixel_variance, used)

    return optimum


def half_log(ratio):
    return torch.relu(ratio.log() / 2)


RIGHT = [by_loop, by_masks, by_relu]

# The name that the check must give the mistake, and an answer that makes it.
WRONG = [
    ("a list in place of a tensor", lambda *given: tuple(part.tolist() for part in by_relu(*given)), 8),
    ("returned in the other order", lambda *given: by_relu(*given)[::-1], 8),
    ("β is ignored", lambda e, s, beta, d: by_relu(e, s, 1, d)),
    ("β is ignored", with_kld(lambda e, s, beta: half_log(e / s))),
    ("β the wrong way", lambda e, s, beta, d: by_relu(e, s / beta**2, beta, d)),
    ("β the wrong way", with_kld(lambda e, s, beta: half_log(e * beta / s))),
    ("the KLD is multiplied by β", with_kld(lambda e, s, beta: beta * half_log(e / s / beta))),
    ("the KLD is multiplied by β", with_kld(lambda e, s, beta: half_log(e / s) / beta)),
    ("σ in place of σ²", lambda e, s, beta, d: by_masks(e, s**0.5, beta, d)),
    ("σ in place of σ²", with_kld(lambda e, s, beta: half_log(e / (beta * s * s)))),
    (
        "eigenvalues taken for standard deviations, or the other way round",
        with_kld(lambda e, s, beta: half_log(e.pow(2) / (beta * s))),
    ),
    (
        "eigenvalues taken for standard deviations, or the other way round",
        with_kld(lambda e, s, beta: half_log(e.sqrt() / (beta * s))),
    ),
    ("½ forgotten", with_kld(lambda e, s, beta: torch.relu((e / (beta * s)).log()))),
    ("log λ without σ²", with_kld(lambda e, s, beta: torch.where(e > beta * s, 0.5 * e.log(), 0.0))),
    ("log λ without σ²", with_kld(lambda e, s, beta: e.log() / 2)),
    ("negative nats for axes that are not coded", with_kld(lambda e, s, beta: (e / (beta * s)).log() / 2)),
    ("the size of it", with_kld(lambda e, s, beta: ((e / (beta * s)).log() / 2).abs())),
    ("1 + λ / σ²", with_kld(lambda e, s, beta: torch.log1p(e / (beta * s)) / 2)),
    ("1 + λ / σ²", with_kld(lambda e, s, beta: torch.log1p(e / s) / 2)),
    ("bits in place of nats", with_kld(lambda e, s, beta: torch.relu((e / (beta * s)).log2() / 2))),
    ("the price of λ in place of its logarithm", with_kld(lambda e, s, beta: torch.relu(e / (beta * s) - 1) / 2)),
    (
        "more axes than dimensions",
        lambda e, s, beta, d: (half_log(e / (beta * s)), by_masks(e, s, beta, d)[1]),
    ),
    (
        "the unused are left out",
        lambda e, s, beta, d: (half_log(e[:d][e[:d] > beta * s] / (beta * s)), by_masks(e, s, beta, d)[1]),
    ),
    ("their sum, not each", lambda e, s, beta, d: (half_log(e[:d] / (beta * s)).sum(), by_masks(e, s, beta, d)[1])),
    ("what is coded is drawn without an error", with_error(lambda e, level, used: e[~used].sum())),
    (
        "β is missing in the error",
        lambda e, s, beta, d: (
            half_log(e[:d] / (beta * s)),
            torch.where((e > beta * s) & (torch.arange(len(e)) < d), s, e).sum(),
        ),
    ),
    ("axes beyond the dimensions count as coded", with_error(lambda e, level, used: e.clamp(max=level).sum())),
    (
        "axes beyond the dimensions are forgotten",
        lambda e, s, beta, d: (half_log(e[:d] / (beta * s)), e[:d].clamp(max=beta * s).sum()),
    ),
    ("the axes that are not coded are forgotten", with_error(lambda e, level, used: level * used.sum())),
    (
        "all dimensions are left with β σ²",
        lambda e, s, beta, d: (half_log(e[:d] / (beta * s)), d * beta * s + e[d:].sum()),
    ),
    (
        "the distortion, not the squared error",
        lambda e, s, beta, d: (half_log(e[:d] / (beta * s)), by_masks(e, s, beta, d)[1] / (2 * s)),
    ),
    (
        "the mean over the axes, not their sum",
        with_error(lambda e, level, used: torch.where(used, level, e).mean()),
    ),
    ("what is drawn, not what is left out", with_error(lambda e, level, used: torch.relu(e - level)[used].sum())),
]

# Mutants of the model answer that no check can tell from it, with the reason.
EQUIVALENT = {}
