"""Without torch, as in the environment of ``make test-cuda``, the modules that compare with a twin are left out."""

import importlib.util

if importlib.util.find_spec("torch") is None:
    collect_ignore = [
        "test_export_environment.py",
        "test_export_language.py",
        "test_export_scripts.py",
        "test_export_values.py",
        "test_poisson_stimuli.py",
        "test_random_statements.py",
    ]
