"""Registers round a combinational network, the same for every compiler."""

_CORE = """
module encoder_core(clk, rst, in_valid, in_data, out_valid, out_data);
  input clk, rst, in_valid;
  input [{last_in}:0] in_data;
  output reg out_valid;
  output reg [{last_out}:0] out_data;
  reg valid;
  reg [{last_in}:0] data;
  wire [{last_out}:0] result;
  network network(.x(data), .y(result));
  always @(posedge clk) begin
    valid <= in_valid & ~rst;
    out_valid <= valid & ~rst;
    data <= in_data;
    out_data <= result;
  end
endmodule
"""


def registered(input_bits: int, output_bits: int) -> str:
    """Verilog of module ``encoder_core`` round a module ``network`` with ports x and y."""
    return _CORE.format(last_in=input_bits - 1, last_out=output_bits - 1)
