"""Time scales that activity shows: autocorrelation, intervals between spikes, response to a current step."""
