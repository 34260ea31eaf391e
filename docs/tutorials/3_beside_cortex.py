"""
Learned time constants beside cortex
====================================

Time constants that a network learned are in milliseconds, and so are those that were measured. Are they
alike? What would be seen by chance, and what could so few neurons show?
"""

import os

import matplotlib.pyplot as plt
from brian2 import ms

import chronaxie as cx
from chronaxie.analyses import biology
from chronaxie.models import Normal
from chronaxie.studies.tasks import load_task

# %%
# A table of cells
# ----------------
# Where the data folder is given (``CHRONAXIE_DATA``), its table of the Allen Cell Types Database is read.
# Without it the table is one of your own, a CSV file with a row for each cell. The numbers below are
# **invented**: they stand where yours go.

OWN_TABLE = """area,tau (ms)
V1,11.2
V1,14.9
V1,9.8
V1,17.3
V1,13.1
V1,22.4
V1,12.5
V1,16.0
V1,10.7
V1,19.6
V1,14.2
V1,15.5
V1,8.9
V1,12.0
V1,18.1
V1,13.8
V1,25.3
V1,11.6
V1,16.8
V1,14.4
V1,20.9
V1,10.1
V1,15.0
V1,13.3
PFC,21.4
PFC,28.7
PFC,17.9
PFC,33.5
PFC,24.2
PFC,19.3
PFC,41.8
PFC,26.6
PFC,22.0
PFC,30.1
PFC,18.4
PFC,35.9
PFC,25.7
PFC,23.1
PFC,29.4
PFC,20.2
PFC,27.5
PFC,38.3
PFC,16.6
PFC,24.9
PFC,31.7
PFC,22.8
PFC,26.0
PFC,34.4
"""

folder = os.environ.get("CHRONAXIE_DATA")
if folder:
    cells, by = biology.load("allen", data=folder), "species"
else:
    with open("cells.csv", "w") as file:
        file.write(OWN_TABLE)
    cells, by = biology.load_table("cells.csv", tau="tau (ms)", unit="ms", by="area"), "area"
print(cells.attrs["title"], "-", cells.sizes["cell"], "cells; by", by)

# %%
# A network that learns
# ---------------------
# As in the first tutorial, a little shorter. The values before training are kept: they are the null.

task = load_task("synthetic_ecg", seed=0)
start = {"tau_m": Normal(20, 15), "tau_a": Normal(150, 80)}
net = cx.srnn(4, [36], 6, dt=4 * ms, seed=0, input_gain=2, recurrent_gain=0.3, **start)
before = cx.models.network_values(net)
twin = cx.Twin(net, trainable=("w", "bias", "tau_m", "tau_a"), surrogate="gaussian")
history = cx.fit(
    twin,
    task,
    epochs=12,
    batch_size=32,
    learning_rate=0.01,
    warmup=0.1,
    score_scale=3,
    progress=False,
)
twin.sync()
learned = cx.models.network_values(net)
print(f"best validation accuracy {float(history.valid_accuracy.max()):.3f}")

# %%
# How far did they move?
# ----------------------
# ``displacement`` takes a dataset with the values before and after, and gives intervals and p values over
# neurons.

both = learned.assign(tau_m_initial=before.tau_m, tau_a_initial=before.tau_a)
moved = cx.analyses.displacement(both, resamples=500, permutations=499)
print(cx.analyses.timescales_table(cx.analyses.timescales(both)))
print(list(moved.data_vars)[:6])

# %%
# Beside the cells
# ----------------
# A ratio of medians is 1 where both sides are equally fast; a distance of distributions has a null: as many
# neurons drawn from where the network began. An effect that so few neurons could not show is no evidence of
# its absence, so the smallest one that they could show is given too.

ds = cx.analyses.compare(learned.tau_m, cells, by=by, initial=before.tau_m, resamples=500)
hidden = ds.sel(biology_layer="hidden1")
for group in hidden.biology_group.values:
    one = hidden.sel(biology_group=group)
    low, high = one.biology_median_ratio_interval.values
    print(
        f"{group}: network {float(one.biology_model_median):.1f} ms, cells {float(one.biology_cells_median):.1f} ms, "
        f"ratio {float(one.biology_median_ratio):.2f} ({low:.2f} to {high:.2f}); could have shown "
        f"{float(one.biology_detectable_ratio):.2f}; p of one shape {float(one.biology_p_scaled):.3f}"
    )

# %%
# The step of the task sets the scale: 20 steps are 80 ms at 250 Hz. So the right panel divides both sides by
# their own median.

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
cx.analyses.biology_ms(ds, axes[0])
cx.analyses.biology_scale_free(ds, axes[1])
plt.show()

# %%
# One network is one observation: its neurons share their training. ``compare_over_seeds`` takes several
# networks, and gives intervals over them.
