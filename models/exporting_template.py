"""The parts of an exported script that are the same for every network, or nearly so; ``$NAME`` is filled in."""

OPTIONS = """\
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--device", default="numpy", choices=("numpy", "cython", "cpp_standalone"))
parser.add_argument("--dt", type=float, metavar="MS", help="simulation step in ms (default: $DT_MS)")
${MORE}\
parser.add_argument("--duration", type=float, metavar="MS", help="in ms (default: $DURATION)")
parser.add_argument("--fast", action="store_true", help="Brian2's own compiler flags, see below")
parser.add_argument("--out", type=Path, metavar="FILE.npz", help="write spikes and scores there")
options = parser.parse_args()

# Brian2's own flags for compiled code hold -ffast-math. Without it and without fused operations compiled code
# rounds as NumPy does, and the spikes are the same on every device. --fast is quicker; then a spike may come
# a step earlier or later, after which a recurrent network can go another way.
if options.device != "numpy" and not options.fast:
    inexact = ("-ffast-math", "-Ofast", "-funsafe-math-optimizations")
    flags = [flag for flag in prefs["codegen.cpp.extra_compile_args_gcc"] if flag not in inexact]
    prefs["codegen.cpp.extra_compile_args_gcc"] = [*flags, "-ffp-contract=off"]
    # Brian2 finds its cython modules again by their source alone: not those that were made with other flags.
    prefs["codegen.runtime.cython.cache_dir"] = str(HERE / "cython_cache")
if options.device == "cpp_standalone":
    prefs["devices.cpp_standalone.extra_make_args_unix"] = [f"-j{os.cpu_count()}"]
    set_device("cpp_standalone", directory=str(HERE / "cpp_standalone"))  # the C++ stays there, to be read
else:
    prefs["codegen.target"] = options.device
$SEED
dt = DT if options.dt is None else options.dt * ms
${CHECK}\
defaultclock.dt = dt

stored = np.load(HERE / "network.npz", allow_pickle=False)
"""

UPDATER_IMPORTS = """\
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException, extract_method_options
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system
"""

UPDATER = """\
if SYMPLECTIC not in StateUpdateMethod.stateupdaters:
    StateUpdateMethod.register(SYMPLECTIC, SymplecticExponentialEuler())
"""

CHECK_STEP = """\
if not dt > 0 * ms or abs($STEP / dt - round($STEP / dt)) > 1e-6:
    parser.error(f"--dt: {dt} does not divide {$STEP}, the step of the input")
"""
CHECK_POSITIVE = """\
if not dt > 0 * ms:
    parser.error(f"--dt: expected a time > 0, got {dt}")
"""

SEED = """\
if options.seed is not None:
    # As chronaxie.simulate(…, seed=…) does it where all trials run side by side.
    seed(int(np.random.SeedSequence(options.seed).generate_state(1)[0]))
"""

OPTION_SEED = """\
parser.add_argument("--seed", type=int, metavar="N", help="of the random numbers")
"""
OPTION_INPUT = """\
parser.add_argument("--input", type=Path, metavar="FILE", help="$WHAT")
"""
OPTION_TRIALS = """\
parser.add_argument("--trials", type=int, metavar="N", help="the first N trials (default: $TRIALS)")
"""
OPTION_TRIAL = """\
parser.add_argument("--trial", type=int, default=0, metavar="K", help="the trial to run (default: 0)")
"""

ONE_INPUT = """
# $ABOUT
example = stored["example/$NAME"] if options.input is None else np.load(options.input)
"""
SEVERAL_INPUTS = """
# $ABOUT
if options.input is None:
    example = {name: stored[f"example/{name}"] for name in ($NAMES)}
else:
    example = dict(np.load(options.input))
"""

TRIALS = """\
trials = $AVAILABLE if options.trials is None else options.trials
if not 1 <= trials <= $AVAILABLE:
    parser.error(f"--trials: expected 1 to {$AVAILABLE}, got {trials}")
chosen = slice(trials)
"""
TRIALS_WITHOUT_INPUT = """
trials = $AVAILABLE if options.trials is None else options.trials
if trials < 1:
    parser.error(f"--trials: expected a number >= 1, got {trials}")
"""
TRIALS_WITH_STARTS = """
trials = $AVAILABLE if options.trials is None else options.trials
if not 1 <= trials <= $AVAILABLE:
    parser.error(f"--trials: starts are stored for $AVAILABLE trials, got {trials}")
chosen = slice(trials)
"""
TRIAL = """\
# Statements of this network use the index or the size of a group: one trial at a time.
trials, chosen = 1, slice(options.trial, options.trial + 1)
if not 0 <= options.trial < $AVAILABLE:
    parser.error(f"--trial: expected 0 to {$AVAILABLE - 1}, got {options.trial}")
"""
DURATION_OF_INPUT = """\
steps = $STEPS
duration = steps * $STEP if options.duration is None else options.duration * ms
"""
DURATION = """\
duration = $DURATION if options.duration is None else options.duration * ms
"""

TILED = '''

# Trials are independent copies side by side in one network: one build, one run. In a group of n neurons, the
# neuron k of trial r has the index r * n + k; synapses stay within their trial.
def tiled(values):
    """Values of one trial, once for each trial."""
    return np.tile(values, trials)


def shifted(index, size):
    """Indices of one trial into a group of this size, once for each trial."""
    return np.tile(index, trials) + size * np.repeat(np.arange(trials), len(index))
'''

REST_OF = '''

def rest_of(delay):
    """Brian2's delay where the order of the slots takes one dt already: the rest of a delay."""
    rest = np.asarray(delay) - float(dt)
    rest = np.where(np.abs(rest) < 1e-6 * float(dt), 0, rest)
    if (rest < 0).any():
        parser.error(f"--dt: {dt} is longer than a delay of {np.min(delay) * second}")
    return rest * second
'''

ROWS = '''

def rows(values, channels):
    """An input (trial, time, channel) as rows (time, neuron), trials side by side."""
    values = np.asarray(values)
    if values.ndim != 3 or values.shape[0] != trials or values.shape[2] != channels:
        raise ValueError(f"expected (trial, time, channel) = ({trials}, any, {channels}), got {values.shape}")
    return values.transpose(1, 0, 2).reshape(values.shape[1], -1)
'''

RUN = """\
# Every name in a statement belongs to its object or stands in the object's namespace: none comes from here.
net.run(duration, report="stderr", namespace={})
"""

RESULTS = """\
print(f"{trials} x {duration} at dt = {dt} on {options.device}")
result = {}
"""
RESULTS_SPIKES = """\
for name, monitor in monitors.items():
    size = len(monitor.source) // trials
    trial, neuron = np.divmod(np.array(monitor.i), size)
    time = np.array(monitor.t / second)
    order = np.lexsort((neuron, time, trial))
    result[f"{name}.spike_trial"] = trial[order]
    result[f"{name}.spike_neuron"] = neuron[order]
    result[f"{name}.spike_time"] = time[order]  # s
    print(f"{name}: {len(time)} spikes, {len(time) / (trials * size * float(duration)):.4g} Hz")
"""
SAVE = """\
if options.out is not None:
    np.savez_compressed(options.out, **result)
    print(f"written: {options.out}")
"""
