"""Source of what an exported script makes of its run: class scores, as the readout defines them."""

import json

from .annotations import SPIKES
from .exporting_text import listing, printable


def scores_code(description, writer):
    """Return the source that computes, prints and keeps the scores; nothing where there is no readout."""
    readout = description.annotations.readout
    if readout is None:
        return ""
    size, step = description.size(readout.group), writer.step_name
    if readout.variable == SPIKES:
        lines = [
            f"# Scores: spikes of {readout.group} in each {step}, (trial, step, class).",
            f'step = np.floor(result["{readout.group}.spike_time"] / float({step}) + 1e-6).astype(int)',
            f"scores = np.zeros((trials, int(np.ceil(duration / {step} - 1e-6)), {size}))",
            f'trial, neuron = (result[f"{readout.group}.spike_{{what}}"] for what in ("trial", "neuron"))',
            "np.add.at(scores, (trial, step, neuron), 1)",
        ]
    else:
        values = f"np.array(readout.{readout.variable}_)"
        lines = [f"# Scores: {readout.variable} of {readout.group} in each {step}, (trial, step, class)."]
        if readout.phase == "last":
            lines.append(f"every = round({step} / dt)")
            values += "[:, every - 1 :: every]"
        lines.append(f"scores = {values}.reshape(trials, {size}, -1).transpose(0, 2, 1)")
    classes = _classes(description, size)
    lines.append(listing("classes = ", classes))
    skip = readout.skip
    left_out = f", the first {skip} left out" if skip else ""
    kept = f"scores[:, {skip}:]" if skip else "scores"
    if readout.reduce == "none":
        lines += [
            f"# Each step decides for the class of the highest score; here the number of steps{left_out}.",
            f"decision = {kept}.argmax(-1)",
            "for k in range(min(trials, 10)):",
            "    counts = np.bincount(decision[k], minlength=len(classes))",
            '    print(f"trial {k}:", ", ".join(f"{c} {n}" for c, n in zip(classes, counts, strict=True)))',
        ]
    else:
        lines.append(f"# Over steps{left_out}: {_REDUCTIONS[readout.reduce][0]}.")
        lines += [line.format(kept=kept) for line in _REDUCTIONS[readout.reduce][1]]
        lines += [
            "for k in range(min(trials, 10)):",
            '    counts = ", ".join(f"{c} {x:.4g}" for c, x in zip(classes, scores[k], strict=True))',
            '    print(f"trial {k}: {classes[scores[k].argmax()]} ({counts})")',
        ]
    lines.append('result["scores"] = scores')
    return "\n".join(lines) + "\n"


_REDUCTIONS = {
    "mean": ("the mean", ["scores = {kept}.mean(1)"]),
    "sum": ("the sum", ["scores = {kept}.sum(1)"]),
    "last": ("the last one", ["scores = {kept}[:, -1]"]),
    "softmax_sum": (
        "the sum of the softmax over classes",
        [
            "kept = np.exp({kept} - {kept}.max(-1, keepdims=True))",
            "scores = (kept / kept.sum(-1, keepdims=True)).sum(1)",
        ],
    ),
}


def _classes(description, size):
    """Code of the names of the classes: those that the network carries, else numbers."""
    try:
        names = json.loads(description.annotations.about.get("classes", ""))
    except ValueError:
        names = None
    if not (isinstance(names, list) and len(names) == size and all(isinstance(n, str) for n in names)):
        names = [str(k) for k in range(size)]
    return [json.dumps(printable(n).replace("\n", " "), ensure_ascii=False) for n in names]
