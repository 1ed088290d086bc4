"""How a check calls a student's function, and how what comes back becomes plain data, which JSON can carry.

This is the only module of the checks that grading loads beside a student's code, so no oracle is here.
"""

import base64
import contextlib
import copy
import io
import random
import sysconfig
import traceback
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from vae_lib.data import mnist

COURSE = Path(__file__).parents[1]
LIBRARIES = (*(f"{COURSE / name}/" for name in ("vae_checks", "vae_lib", "vae_probe")), *sysconfig.get_paths().values())
# An outcome before anything was seen; `call_function` says what each entry means.
NOTHING = {"value": None, "gradients": {}, "changed": [], "seeded": False, "device": None, "error": None}


def call_function(function, cases):
    """Call the student's function on each case and write down what can be seen from outside, as plain data.

    A number under "generator" in the inputs becomes a fresh `torch.Generator` with that seed. A case with
    `"gradients": True` is called once more, to differentiate a weighted sum of what comes back by each floating-point
    input. One with `"device": True` is called on PyTorch's meta device, which stands in for a GPU.

    Returns:
        list of dict: "value"; "gradients", for each input a tensor or None; "changed", the inputs changed in place;
        "seeded", whether a global random state was set; "device", where the result of the call on "meta" is;
        "error", None or its type, message and line.
    """
    return [observe(lambda case=case: _call(function, case)) for case in cases]


def observe(run):
    """The outcome that `run()` returns, or its error; what it prints is dropped, global random states are kept."""
    silent = io.StringIO()
    with (
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
        warnings.catch_warnings(),
        torch.enable_grad(),
        kept_random_states(),
    ):
        warnings.simplefilter("ignore")
        try:
            return NOTHING | run()
        except (Exception, SystemExit) as error:  # the student's code can raise anything
            return NOTHING | {"error": describe_error(error)}


def describe_error(error):
    """Type and message of an error, and the last line of the student's own code on the way to it."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    line = f"line {own[-1].lineno}, {own[-1].line}" if own else "its first line: its arguments do not fit"
    return {"type": type(error).__name__, "message": " ".join(str(error).split())[:300], "line": line}


@contextlib.contextmanager
def kept_random_states():
    """After the block the global random states are what they were before it."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        set_random_states(*states)


def set_random_states(torch_state, numpy_state, python_state):
    """Set the global random states of PyTorch, NumPy and Python."""
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)


def _begin(seed):
    states = torch.Generator().manual_seed(seed).get_state(), np.random.RandomState(seed).get_state()
    set_random_states(*states, random.Random(seed).getstate())


def _call(function, case):
    _begin(1)
    inputs = fresh(case["inputs"])
    value = pack(function(**inputs))
    changed = [k for k, old in case["inputs"].items() if k != "generator" and pack(inputs[k]) != pack(old)]
    first = _random_states()
    _begin(2)
    function(**fresh(case["inputs"]))
    # From two beginnings a random state can only come to the same end if the function set it.
    seeded = any(a == b for a, b in zip(first, _random_states(), strict=True))
    outcome = {"value": value, "changed": changed, "seeded": seeded}
    if case.get("gradients"):
        outcome["gradients"] = _gradients(function, fresh(case["inputs"]))
    if case.get("device"):
        outcome["device"] = _device(function, fresh(case["inputs"]))
    return outcome


def fresh(inputs):
    """A copy of the inputs that the student's code may spoil."""
    inputs = copy.deepcopy(inputs)
    if "generator" in inputs:
        inputs["generator"] = torch.Generator().manual_seed(inputs["generator"])
    return inputs


def _random_states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


def _gradients(function, inputs):
    floats = {name: value.requires_grad_() for name, value in inputs.items() if is_float(value)}
    # Clones, because PyTorch forbids to change these leaves in place, which costs points elsewhere.
    given = inputs | {name: value.clone() for name, value in floats.items()}
    returned = [out for out in leaves(function(**given)) if is_float(out) and out.requires_grad]
    if not returned:
        return dict.fromkeys(floats)
    total = sum((out * unequal_weights(out)).sum() for out in returned)
    return dict(
        zip(floats, map(pack, torch.autograd.grad(total, list(floats.values()), allow_unused=True)), strict=True)
    )


def _device(function, inputs):
    moved = {name: value.to("meta") if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
    try:
        found = {out.device.type for out in leaves(function(**moved)) if isinstance(out, torch.Tensor)}
    except Exception as error:
        # Meta tensors have no values, so right code that looks at one stops; only mixed devices are a fault.
        return "cpu" if "cpu" in str(error) else "meta"
    return "cpu" if "cpu" in found else "meta"


def is_float(value):
    """Whether a value is a tensor of floating-point numbers."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def leaves(value):
    """What is in nested lists, tuples and dicts, one after the other."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list | tuple) else [value]


# Plain data


def pack(value):
    """Numbers, text, None, lists, dicts and tensors as JSON can carry them; of anything else only its type."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor) and value.device.type == "cpu":
        array = value.detach().as_subclass(torch.Tensor).contiguous().numpy()
        kept = base64.b64encode(array.tobytes()).decode()
        return {"tensor": kept, "dtype": str(array.dtype), "shape": list(array.shape)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub":
        return pack(torch.from_numpy(np.array(value)))
    if isinstance(value, list | tuple | range):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): pack(item) for key, item in value.items()}}
    return {"unknown": type(value).__name__}


def unpack(value):
    """The inverse of `pack`; lists for tuples, and for what is unknown its type's name in a dict."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        array = np.frombuffer(base64.b64decode(value["tensor"]), dtype=value["dtype"])
        return torch.from_numpy(array.reshape(value["shape"]).copy())
    if "dict" in value:
        return {key: unpack(item) for key, item in value["dict"].items()}
    return {key: unpack(item) for key, item in value.items()}


# For single exercises


def call_thrice(function, cases):
    """Three results: with the generator, with a second one in the same state, with the first, which has moved on."""

    def thrice(generator, **inputs):
        second = torch.Generator()
        second.set_state(generator.get_state())
        return [function(**inputs, generator=each) for each in (generator, second, generator)]

    return call_function(thrice, cases)


def call_module(module_class, cases):
    """Call a module of the class; the inputs are its weights, then a batch."""
    return call_function(lambda **inputs: _run(module_class, inputs.popitem()[1], inputs), cases)


def _run(module_class, batch, weights):
    """What a module with these weights returns for a batch, or {"layers": what is wrong with its parameters}."""
    last, *_ = weights.values()
    sizes = batch.shape[1], len(weights["hidden.weight"]), len(last)
    module = module_class(*sizes)
    found = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    for name, parameter in weights.items():
        if name not in found:
            return {"layers": f"there is no {name}; your module has {', '.join(found) or 'no layers'}"}
        if found[name] != parameter.shape:
            expected = tuple(parameter.shape)
            return {"layers": f"with the sizes {sizes} expected {name} {expected}, yours is {found[name]}"}
    if more := found.keys() - weights:
        return {"layers": f"your module has more than was asked for: {', '.join(sorted(more))}"}
    try:
        return functional_call(module, weights, batch)
    except NotImplementedError:  # the layers are there, so the exercise has been begun
        return None


DRAWS = 1_000


def call_often(function, cases):
    """As `call_function`, but the value is what many calls return, stacked, and the gradients are those of the last."""
    outcomes = call_function(function, cases)
    for case, outcome in zip(cases, outcomes, strict=True):
        if not outcome["error"]:
            often = observe(lambda case=case: _often(function, case))
            outcome |= {key: often[key] for key in ("value", "gradients", "error")}
    return outcomes


def _often(function, case):
    torch.manual_seed(case["seed"])
    np.random.seed(case["seed"])
    random.seed(case["seed"])
    # Of copies, which the function may change in place.
    draws = [function(**_copies(case["inputs"])) for _ in range(DRAWS - 1)]
    leaves = {name: leaf.requires_grad_() for name, leaf in _copies(case["inputs"]).items()}
    last = function(**_copies(leaves))
    if not all(isinstance(z, torch.Tensor) and z.shape == last.shape for z in [*draws, last]):
        return {"value": pack(last)}
    gradients = dict.fromkeys(leaves)
    if last.requires_grad:
        found = torch.autograd.grad((last * unequal_weights(last)).sum(), list(leaves.values()), allow_unused=True)
        gradients = dict(zip(leaves, map(pack, found), strict=True))
    return {"value": pack(torch.stack([*draws, last])), "gradients": gradients}


def _copies(inputs):
    return {name: value.clone() for name, value in inputs.items()}


def unequal_weights(z):
    """Weights for a sum of z; they differ, so that errors in different places do not cancel."""
    return torch.linspace(1, 2, z.numel(), dtype=z.dtype).view_as(z)


def call_samples(function, cases):
    """As `call_function`, with a decoder made here; the value is what came back and each z that the decoder got."""

    def recorded(weights, bias, n, generator):
        got = []

        def decode(z):
            got.append(z.detach().reshape(-1, z.shape[-1]).clone())
            return torch.sigmoid(z @ weights + bias)

        x_hat = function(decode, n, len(weights), generator)
        return {"x_hat": x_hat, "z": torch.cat(got) if got else None}

    return call_function(recorded, cases)


PIXELS, HIDDEN, LATENT = 12, 8, 3  # of the small models


class VAE(nn.Module):
    """A VAE of any size. Its weights have the names of `vae_lib.model.VAE`, but the two share no code."""

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=40, sigma_head="sigma"):
        super().__init__()
        self.sizes = dict(input_dim=input_dim, hidden_dim=hidden_dim, latent_dim=latent_dim, sigma_head=sigma_head)
        heads = {name: nn.Linear(hidden_dim, latent_dim) for name in ("hid_mu", "hid_sigma")}
        self.encoder = nn.ModuleDict({"hidden": nn.Linear(input_dim, hidden_dim), **heads})
        layers = {"hidden": nn.Linear(latent_dim, hidden_dim), "out": nn.Linear(hidden_dim, input_dim)}
        self.decoder = nn.ModuleDict(layers)

    def forward(self, x, eps=None):
        """x (B, input_dim) → x_logits (B, input_dim), mu and sigma (B, latent_dim)."""
        mu, sigma = self.encode(x)
        eps = torch.randn_like(mu) if eps is None else eps
        return self._logits(mu + sigma * eps), mu, sigma

    def encode(self, x):
        """x (B, input_dim) → mu and sigma (B, latent_dim)."""
        seen = self.encoder["hidden"](x).clamp(min=0)
        raw = self.encoder["hid_sigma"](seen)
        meant = {"sigma": raw, "log_var": raw.exp().sqrt(), "softplus": F.softplus(raw)}
        return self.encoder["hid_mu"](seen), meant[self.sizes["sigma_head"]]

    def decode(self, z):
        """z (B, latent_dim) → x_hat (B, input_dim)."""
        return self._logits(z).sigmoid()

    def _logits(self, z):
        return self.decoder["out"](self.decoder["hidden"](z).clamp(min=0))


def small_model(seed):
    """A VAE of a few dozen weights, drawn."""
    generator = torch.Generator().manual_seed(seed)
    model = VAE(PIXELS, HIDDEN, LATENT, "log_var")
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.5 * torch.randn(weight.shape, generator=generator))
    return model


def weights_of(model):
    """All weights of a model as one vector."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def call_train_step(function, cases):
    """Three steps with a small model: the losses, the weights after each, whether a graph is kept, what came when."""
    return [observe(lambda case=case: _three_steps(function, case)) for case in cases]


def _three_steps(function, case):
    torch.manual_seed(case["seed"])
    model, order = small_model(case["seed"]), []
    if case["optimizer"] == "SGD":
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02, eps=1e-3)
    optimizer.register_step_pre_hook(lambda *_: order.append("step"))
    model.decoder["out"].bias.register_post_accumulate_grad_hook(lambda _: order.append("backward"))
    inputs = {name: value.clone() for name, value in case["inputs"].items()}
    losses, weights, graph = [], [], False
    for x, eps in zip(inputs["x"], inputs["eps"], strict=True):
        loss = function(model, optimizer, x, eps)
        graph = graph or (isinstance(loss, torch.Tensor) and loss.requires_grad)
        losses.append(pack(loss))
        weights.append(pack(weights_of(model)))
        order.append("returned")
    changed = [name for name, value in inputs.items() if not torch.equal(value, case["inputs"][name])]
    value = {"losses": losses, "weights": weights, "graph": graph, "order": order[: order.index("returned")]}
    return {"value": {"dict": value}, "changed": changed}


def call_epoch_loss(function, cases):
    """The loss over a small data set, whether the model moved, and how it was called."""
    return [observe(lambda case=case: _one_epoch(function, case)) for case in cases]


def _one_epoch(function, case):
    torch.manual_seed(case["seed"])
    model, calls = small_model(case["seed"]), []
    before = weights_of(model)
    model.register_forward_hook(lambda _, args, out: calls.append([len(out[0]), out[0].requires_grad]))
    inputs = {"x": case["inputs"]["x"].clone(), "eps": case["inputs"]["eps"].clone()}
    loss = function(model, inputs["x"], inputs["eps"], case["inputs"]["batch_size"])
    changed = [name for name, value in inputs.items() if not torch.equal(value, case["inputs"][name])]
    moved = not torch.equal(before, weights_of(model))
    return {"value": {"dict": {"loss": pack(loss), "moved": moved, "calls": calls}}, "changed": changed}


DOT = 0.1


def pixels(indices):
    """Some of the 60,000 images, (n, 784) in [0, 1]."""
    return mnist(train=True).data[indices].flatten(1).float() / 255


def fit_images(case):
    """The training and the validation images of a case, (n, 784) in [0, 1]."""
    train_x, val_x = pixels(case["inputs"]["train"]), pixels(case["inputs"]["val"])
    # A grey dot in a corner, where no training image has one: a model that draws it has learnt from these images.
    val_x[:, 0] = DOT
    return train_x, val_x


def call_fit(function, cases):
    """Train a real model: its weights and sizes, and the history that came with it."""
    return [observe(lambda case=case: _whole_training(function, case)) for case in cases]


def _whole_training(function, case):
    seed = case["inputs"]["generator"]
    torch.manual_seed(seed)
    returned = function(*fit_images(case), torch.Generator().manual_seed(seed))
    if not (isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[0], nn.Module)):
        return {"value": pack(returned)}
    model, history = returned
    weights = {name: weight.cpu() for name, weight in model.state_dict().items()}
    sizes = getattr(model, "sizes", None)
    return {"value": pack({"weights": weights, "sizes": sizes, "history": history})}
