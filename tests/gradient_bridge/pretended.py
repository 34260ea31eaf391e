"""A GPU that is none: tensors stay in memory, but what a GPU would refuse is refused.

Inside of `PretendedCuda` tensors can be sent to ``"cuda"`` and say that they are there. Taking them to NumPy, and
computing with tensors of both places, is an error, as on a GPU.
"""

import torch
from torch.overrides import TorchFunctionMode

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
GETTERS = {torch.Tensor.device.__get__: lambda away: CUDA if away else CPU}
GETTERS |= {torch.Tensor.is_cuda.__get__: bool}
FACTORIES = (torch.as_tensor, torch.tensor)
BETWEEN = (torch.Tensor.copy_, torch.Tensor.data.__set__, torch._has_compatible_shallow_copy_type)
MOVES = (torch.Tensor.to, torch.Tensor.cuda)


class PretendedCuda(TorchFunctionMode):
    """Context in which ``"cuda"`` can be computed on.

    Attributes
    ----------
    taken : int
        How often values were taken back to the CPU, by ``.cpu()`` or ``.to("cpu")``.
    """

    def __init__(self):
        super().__init__()
        self.taken, self._places, self._kept = 0, set(), []

    def there(self, tensor):
        """Whether a tensor is on the pretended GPU."""
        return tensor.untyped_storage().data_ptr() in self._places and tensor.numel() > 0

    def _send(self, result):
        for tensor in _tensors(result):
            if not self.there(tensor):
                storage = tensor.untyped_storage()
                self._places.add(storage.data_ptr())
                self._kept.append(storage)  # no other tensor may get its place
        return result

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in GETTERS:
            return GETTERS[func](self.there(args[0]))
        tensors = _tensors((args, kwargs))
        away = [t for t in tensors if self.there(t)]
        if func is torch.Tensor.numpy and away:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        if func is torch.Tensor.cpu:
            return self._take(args[0], bool(away))
        args = self._spelled_out(args) if func in MOVES else args
        wanted, args = _without_device(args) if func in MOVES else (None, args)
        wanted = _device(kwargs.pop("device", None)) or wanted
        if wanted is not None and func not in FACTORIES:
            kwargs["device"] = CPU
        if func in MOVES:
            return self._move(args, kwargs, wanted, bool(away))
        self._check(func, tensors, away)
        result = func(*args, **kwargs)
        if wanted == CUDA and not (away and _same(result, tensors)):
            result = result if away else _copied(result, tensors)
            return self._send(result)
        return self._send(result) if away and wanted != CPU else result

    def _spelled_out(self, args):
        """The place and type of another tensor, as ``.to(other)`` takes them."""
        first, *rest = args
        spelled = [
            (CUDA if self.there(a) else CPU, a.dtype) if isinstance(a, torch.Tensor) else (a,) for a in rest
        ]
        return first, *(part for parts in spelled for part in parts)

    def _move(self, args, kwargs, wanted, away):
        tensor, *kinds = args
        kinds = [k for k in (*kinds, kwargs.get("dtype")) if isinstance(k, torch.dtype)]
        to = (CUDA if away else CPU) if wanted is None else wanted
        if away and to == CPU:
            tensor = self._take(tensor, away)
        result = tensor.to(*kinds) if kinds else tensor
        if to == CUDA and not away:
            result = result.clone()
        return self._send(result) if to == CUDA else result

    def _take(self, tensor, away):
        self.taken += away
        return tensor.clone() if away else tensor

    def _check(self, func, tensors, away):
        """A number of either place, and places in a tensor, may be on the CPU."""
        here = [t for t in tensors if not self.there(t) and t.numel() > 0 and t.ndim > 0]
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__):
            here = [t for t in here if t.dtype not in (torch.int64, torch.bool)]
        if away and here and func not in BETWEEN:
            raise RuntimeError(
                f"{func.__name__}: expected all tensors on the same device, got cuda:0 and cpu"
            )


def _tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in _tensors(v)] if isinstance(value, list | tuple) else []


def _same(result, tensors):
    return any(result is t for t in tensors)


def _copied(result, tensors):
    shares = {t.untyped_storage().data_ptr() for t in tensors}
    return result.clone() if result.untyped_storage().data_ptr() in shares else result


def _device(value):
    return None if value is None else torch.device(value)


def _without_device(args):
    found, rest = None, []
    for arg in args:
        if isinstance(arg, torch.device) or (isinstance(arg, str) and arg.startswith(("cpu", "cuda"))):
            found = torch.device(arg)
        else:
            rest.append(arg)
    return found, tuple(rest)
