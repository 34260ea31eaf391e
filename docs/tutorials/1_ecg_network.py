"""
Train a network on an ECG, simulate it in Brian2
================================================

A recurrent network of 36 adaptive neurons reads two leads of an electrocardiogram as spikes and names the
wave at every moment: P, PQ, QR, RS, ST or TP. Its weights, biases and time constants are trained with
PyTorch, then written back, and Brian2 simulates what was learned. The ECG is synthetic, so nothing has to be
downloaded; the last section says what changes for recordings.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from brian2 import ms

import chronaxie as cx
from chronaxie.models import ALIF, Normal
from chronaxie.studies.tasks import load_task

# %%
# The task
# --------
# A task is three datasets: training, validation, test. Whole numbers in a stimulus are spikes, here of four
# channels: each lead has one for rising and one for falling. Time is in seconds.

task = load_task("synthetic_ecg", seed=0)
print(task.train)

# %%
# The network
# -----------
# ``srnn`` makes a plain ``brian2.Network``: a spike generator, hidden neurons, readout, synapses. Time
# constants may be given in steps of ``dt``, as the papers do, or as quantities; in the network they are
# seconds.

net = cx.srnn(
    inputs=4,
    hidden=[36],
    outputs=6,
    neuron=ALIF,
    dt=4 * ms,
    seed=0,
    input_gain=2,
    recurrent_gain=0.3,
    tau_m=Normal(20, 15),
    tau_a=Normal(150, 80),
)
print(net["hidden1"].equations)
before = cx.models.network_values(net)

# %%
# The twin
# --------
# ``Twin`` reads the network and runs the same program as a ``torch.nn.Module``. ``trainable`` names what may
# change; a bare name means every group that has it.

twin = cx.Twin(net, trainable=("w", "bias", "tau_m", "tau_a"), surrogate="gaussian")
history = cx.fit(
    twin,
    task,
    epochs=15,
    batch_size=32,
    learning_rate=0.01,
    warmup=0.1,
    score_scale=3,
    progress=False,
)
print(history.valid_accuracy.round(3).values)

# %%
# The parameters of the best epoch are in the twin now. ``sync`` writes them into the Brian2 objects;
# ``network_values`` gives time constants in ms.

twin.sync()
after = cx.models.network_values(net)
print(after.tau_m.groupby("layer").median().round(1))

# %%
# The same spikes
# ---------------
# At the step at which it was trained, Brian2 fires what the twin fired, all of it.

stimulus = task.test.stimulus[:20]
simulated = cx.simulate(net, stimulus, device="numpy")
with torch.no_grad():
    mirrored = twin(torch.tensor(stimulus.values)).spikes["hidden1"].numpy() > 0
fired = cx.models.dense(simulated, "hidden1").values > 0
print(
    f"{fired.sum()} spikes in Brian2, {mirrored.sum()} in the twin; "
    f"{(fired != mirrored).sum()} of {fired.size} neuron-steps differ"
)

# %%
# A finer step
# ------------
# The network is a set of differential equations, so it can be simulated at a finer ``dt``. Accuracy is that
# of the labelled steps.

for dt in (4, 1):
    out = cx.simulate(net, stimulus, dt=dt * ms, device="numpy")
    decided = out.output_v.argmax("output_neuron").values
    accuracy = (decided == task.test.label[:20].values).mean()
    rate = float(cx.analyses.firing_rates(out).firing_rate.mean())
    print(f"dt = {dt} ms: accuracy {accuracy:.3f}, {rate:.1f} Hz")

# %%
# A trial: the ECG, the spikes of the network, the waves that it names.

trial = 3
time = stimulus.time.values
spikes = out.hidden1_spike_trial.values == trial
figure, axes = plt.subplots(
    3, sharex=True, figsize=(8, 5), height_ratios=(1, 2, 1), layout="constrained"
)
drawn = "signal" if "signal" in task.test else "stimulus"  # files of encoded spikes hold no ECG
axes[0].plot(time, task.test[drawn][trial])
axes[0].set_ylabel("ECG (mV)" if drawn == "signal" else "spikes in")
axes[1].plot(out.hidden1_spike_time[spikes], out.hidden1_spike_neuron[spikes], "k|", markersize=3)
axes[1].set_ylabel("neuron")
axes[2].step(time, task.test.label[trial], where="post", label="labelled")
axes[2].step(time, decided[trial], where="post", label="named by the network", alpha=0.7)
axes[2].set_yticks(np.arange(6), task.classes)
axes[2].set_xlabel("time (s)")
axes[2].legend(loc="upper right", fontsize="small")
plt.show()

# %%
# Time constants before and after, neuron by neuron.

learned = after.assign(tau_m_initial=before.tau_m, tau_a_initial=before.tau_a)
figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
cx.analyses.membrane_change(learned, axes[0])
cx.analyses.adaptation_change(learned, axes[1])
plt.show()

# %%
# Keep it
# -------
# A network file holds the whole network, and no code. ``cx.load("net.nc")`` makes the same ``brian2.Network``
# in any process, and ``chronaxie export net.nc DIR --to brian2`` a script that needs Brian2 alone.

cx.save(net, "net.nc", overwrite=True)
print(sorted(one.name for one in cx.load("net.nc").objects))

# %%
# With recordings
# ---------------
# ``load_task("ecg")`` in place of ``load_task("synthetic_ecg", seed=0)`` takes the QT Database, once ``chronaxie
# fetch qtdb`` has brought it; ``data=DIR`` names another folder. ``chronaxie run ecg --data DIR`` is the whole
# study in one command, with its figures, and ``chronaxie report out/ecg`` makes a page of it. ``chronaxie
# simulate net.nc --wfdb RECORD`` lays a network on a recording of yours.
