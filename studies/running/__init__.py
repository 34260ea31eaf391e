"""The runner of studies: sweeps as folders of jobs, the processes that run them, what is made of their results."""
