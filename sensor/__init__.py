"""The calorimeter: events, geometry, the front end's arithmetic, ECON-T, baselines."""
