from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.tb.i2c.simulation import TOP, write_bank
from hexcoder.tb.rtl.protocol import read_junit, run_cocotb

TESTS = {
    "standard_mode",
    "fast_mode",
    "fast_mode_plus",
    "spikes_of_50_ns",
    "other_targets",
    "stop_in_mid_byte",
    "reset_in_mid_transfer",
}


def _failures(tmp_path, target):
    source = tmp_path / "bank.v"
    write_bank(target, source)
    results = read_junit(run_cocotb("tests.tb.i2c.pin_bench", [source], TOP, tmp_path / "work"))
    assert set(results) == TESTS
    return {name: failure for name, failure in results.items() if failure}


def test_the_target_passes_all_tests_of_its_pins(tmp_path):
    assert not _failures(tmp_path, I2cTarget())


def test_a_filter_that_is_too_short_is_caught(tmp_path):
    target = I2cTarget()
    target.spike_clocks = 1
    assert set(_failures(tmp_path, target)) == {"spikes_of_50_ns"}
