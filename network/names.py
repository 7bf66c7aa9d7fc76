"""Names of layers in Verilog, results and reports, where the one that the file gives is taken.

A layer's name becomes that of an instance in Verilog, and of a row in every table. There it stands
beside ports, the parts round the network, signals that carry another layer's name, and the words
of the language.
"""

import re
from collections.abc import Collection

SUFFIX = "_layer"
"""What a layer's name gets where it would stand for something else too."""

_PARTS_TEXT = """
bank bunch_counter clk commit commit_wave conditions control core encoder encoder_core energies
energy_sum formatter front_end full_adder i2c_target in_data in_valid input keep_mask kept latents
leading_one link_input links multiplexer normaliser out_data out_valid output outputs reset rst
scl sda sum sum_code sum_delay top total valid
"""
_PARTS = frozenset(_PARTS_TEXT.split())
"""Ports and parts of our modules (gen/, hw/), and rows of the reports."""
_KEYWORDS_TEXT = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
checker class clocking cmos config const constraint context continue cover covergroup coverpoint
cross deassign default defparam design disable dist do edge else end endcase endchecker endclass
endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage
endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually
expect export extends extern final first_match for force foreach forever fork forkjoin function
generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies
import incdir include initial inout input inside instance int integer interconnect interface
intersect join join_any join_none large let liblist library local localparam logic longint
macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive
priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect
pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg reject_on
release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually
s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran
tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until
until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while
wildcard wire with within wor xnor xor
"""
_KEYWORDS = frozenset(_KEYWORDS_TEXT.split())
"""Of SystemVerilog (IEEE 1800-2017, annex B)."""
_SIGNAL = re.compile(r"(.+)_(?:[0-9]+|output|registered|register|count|stage|copy|write|byte).*")
"""Signals whose names begin with a layer's."""
_NUMBERED_PARTS = re.compile(r"calibrated_[0-9]+|commit_[0-9]+|active_.+|.+_stage")
"""Parts of designs with weights in registers."""


def name_in_results(name: str, others: Collection[str]) -> str:
    """The name that a layer has in Verilog, results and reports.

    Parameters
    ----------
    name : str
        Its name in the file.
    others : collection of str
        Names of all layers in the file.

    Returns
    -------
    str
        The same, unless it stands for something else too.
    """
    signal = _SIGNAL.fullmatch(name)
    is_taken = (
        name.lower() in _PARTS
        or name in _KEYWORDS
        or _NUMBERED_PARTS.fullmatch(name) is not None
        or (signal is not None and (signal[1] in others or signal[1] in _PARTS))
    )
    while is_taken:
        name += SUFFIX
        is_taken = name in others
    return name
