"""Many runs of the chain, compared: search, seeds, radiation, Pareto front, architecture."""
