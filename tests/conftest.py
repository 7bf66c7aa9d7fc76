"""Settings for all tests."""

from hypothesis import HealthCheck, settings

# The machines that run these tests are shared: a slow example is no failure.
settings.register_profile(
    "hexcoder",
    deadline=None,
    max_examples=40,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("hexcoder")
