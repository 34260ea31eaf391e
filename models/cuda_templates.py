"""What brian2cuda 1.0b1 does differently from Brian2, and how its templates are put right. Needs brian2cuda.

Each correction replaces a piece of a template's text that must be there exactly once.

* Brian2 keeps a group's spikes until its next threshold: what runs before the threshold sees those of the step before.
  brian2cuda moves on to the next place of its ring of spikes at the end of a step, so that a pathway in a slot before
  its source's thresholds finds, as soon as any pathway of that source has a delay, spikes of long ago, and delays are
  one step too short. Here the ring moves on right before spikes are written.
* One line means the pathway's clock but names ``defaultclock``, which a network with a clock of its own lacks.
* brian2cuda, as Brian2 before it, calls a clock of the name ``clock`` otherwise in C++, where it is a function, but
  only after these templates have used the name.
* Names of files with values for a run are put into lower case, and what is then not found is passed over.
* From CUDA 13 on Thrust, which the generated code includes, needs C++17.
* Spikes are noted in the order in which threads of the GPU come to it. For exact results they are sorted, so that
  sums over them are taken in NumPy's order.
"""

import logging
from contextlib import contextmanager

from brian2.codegen.templates import Templater
from brian2cuda.codeobject import CUDAStandaloneCodeObject
from brian2cuda.utils import gputools
from jinja2 import BaseLoader

from .errors import DeviceError

_CLOCK = "{{'_clock' if owner.clock.name == 'clock' else owner.clock.name}}"
_ADVANCE = """\
    // Brian2 keeps the spikes of the step before until new ones are written.
    {previous}current_idx{{{{{name}}}}} = (current_idx{{{{{name}}}}} + 1) % dev{{{{{name}}}}}.size();
"""
_SORT = """
{{% block extra_kernel_call_post %}}
    {{
        int32_t _num_events;
        int32_t* _events = dev{{{{{name}}}}}[current_idx{{{{{name}}}}}];
        CUDA_SAFE_CALL(cudaMemcpy(&_num_events, _events + _N, sizeof(int32_t), cudaMemcpyDeviceToHost));
        if (_num_events > 1)
        {{
            thrust::device_ptr<int32_t> _first(_events);
            THRUST_CHECK_ERROR(thrust::sort(_first, _first + _num_events));
        }}
    }}
{{% endblock extra_kernel_call_post %}}
"""
_HEADERS = """
{% block extra_headers %}
#include <thrust/device_ptr.h>
#include <thrust/sort.h>
{% endblock extra_headers %}
"""
_SPIKE_GENERATOR_NAME = "{% set _name = get_array_name(variables['_spikespace'], access_data=False) %}\n"

ALWAYS = {
    "objects.cu": [
        (
            """\
\tstd::for_each(s_value.begin(), s_value.end(), [](char& c) // modify in-place
    {
        c = std::tolower(static_cast<unsigned char>(c));
    });
    if (s_value == "true")
        s_value = "1";
    else if (s_value == "false")
""",
            """\
    if (s_value == "True" || s_value == "true")
        s_value = "1";
    else if (s_value == "False" || s_value == "false")
""",
        )
    ],
    "makefile": [("-std=c++11", "-std=c++17")],
    "network.cu": [
        (
            """\
        brian::current_idx{{varname}} = (brian::current_idx{{varname}} + 1) % brian::dev{{varname}}.size();
""",
            "",
        ),
        (
            """\
        {% if varname in spikegenerator_eventspaces %}
        brian::previous_idx{{varname}} = brian::current_idx{{varname}};
        {% endif %}
""",
            "",
        ),
    ],
    "threshold.cu": [
        (
            "{% block host_maincode %}\n",
            "{% block host_maincode %}\n" + _ADVANCE.format(name="_eventspace_name", previous=""),
        )
    ],
    "spikegenerator.cu": [
        (
            "    _reset_{{codeobj_name}}<<<num_blocks, num_threads>>>(\n",
            _ADVANCE.format(
                name="_spikespace_name",
                previous="previous_idx{{_spikespace_name}} = current_idx{{_spikespace_name}};\n    ",
            )
            + "    _reset_{{codeobj_name}}<<<num_blocks, num_threads>>>(\n",
        )
    ],
    "synapses.cu": [
        ("defaultclock.timestep[0]", f"{_CLOCK}.timestep[0]"),
        ("{{owner.clock.name}}.timestep[0]", f"{_CLOCK}.timestep[0]"),
    ],
    "statemonitor.cu": [
        ("{{owner.clock.name}}.t[0]", f"{_CLOCK}.t[0]"),
        ("{{owner.clock.name}}.i_end", f"{_CLOCK}.i_end"),
        ("{{owner.clock.name}}.timestep[0]", f"{_CLOCK}.timestep[0]"),
    ],
}
SORTING = {
    "threshold.cu": [
        (
            "{### AFTER RUN ###}\n",
            _HEADERS + _SORT.format(name="_eventspace_name") + "\n{### AFTER RUN ###}\n",
        )
    ],
    "spikegenerator.cu": [
        (
            "{% endblock extra_kernel_call %}\n",
            "{% endblock extra_kernel_call %}\n"
            + _HEADERS
            + _SORT.format(name="_name").replace("post %}\n", "post %}\n    " + _SPIKE_GENERATOR_NAME, 1),
        )
    ],
}


class Corrected(BaseLoader):
    """Templates of another loader with pieces of their text replaced.

    Parameters
    ----------
    loader : jinja2.BaseLoader
    corrections : list of dict
        Template → list of (text, replacement); the text must be there exactly once.
    """

    def __init__(self, loader, corrections):
        self.loader, self.corrections = loader, corrections

    def get_source(self, environment, template):
        """Return (source, file name, whether it is up to date), as Jinja asks for it."""
        source, filename, uptodate = self.loader.get_source(environment, template)
        for old, new in (pair for c in self.corrections for pair in c.get(template, ())):
            if source.count(old) != 1:
                raise DeviceError(
                    f"brian2cuda's template {template}: expected once, found {source.count(old)} times: {old!r}; "
                    "this is not the brian2cuda that chronaxie corrects: install it anew (make cuda-env)"
                )
            source = source.replace(old, new)
        return source, filename, uptodate


@contextmanager
def corrected_templates(*, exact):
    """Let brian2cuda generate code with corrected templates inside of the body, and find GPU and toolkit anew.

    Its log of what was found and chosen is left out; warnings stay.

    Parameters
    ----------
    exact : bool
        Also sort spikes.
    """
    original = CUDAStandaloneCodeObject.templater
    templater = Templater(original.package_names, original.extension, env_globals=original.env_globals)
    templater.env.loader = Corrected(templater.env.loader, [ALWAYS, SORTING] if exact else [ALWAYS])
    # What brian2cuda has found stays for the whole process, whatever the preferences say later.
    installation, selection = dict(gputools._cuda_installation), dict(gputools._gpu_selection)
    log = logging.getLogger("brian2.brian2cuda")
    level = log.level
    log.setLevel(logging.WARNING)
    gputools.reset_cuda_installation()
    gputools.reset_gpu_selection()
    CUDAStandaloneCodeObject.templater = templater
    try:
        yield
    finally:
        CUDAStandaloneCodeObject.templater = original
        log.setLevel(level)
        gputools.restore_cuda_installation(installation)
        gputools.restore_gpu_selection(selection)
