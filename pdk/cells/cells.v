// Made by python -m hexcoder.pdk.cells.cell_verilog; no delays.

module and21nor_x0 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 & i1) | i2));
endmodule

module and21nor_x1 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 & i1) | i2));
endmodule

module and2_x1 (i0, i1, q);
  input i0;
  input i1;
  output q;
  assign q = (i0 & i1);
endmodule

module and3_x1 (i0, i1, i2, q);
  input i0;
  input i1;
  input i2;
  output q;
  assign q = ((i0 & i1) & i2);
endmodule

module and4_x1 (i0, i1, i2, i3, q);
  input i0;
  input i1;
  input i2;
  input i3;
  output q;
  assign q = (((i0 & i1) & i2) & i3);
endmodule

module buf_x1 (i, q);
  input i;
  output q;
  assign q = i;
endmodule

module buf_x2 (i, q);
  input i;
  output q;
  assign q = i;
endmodule

module buf_x4 (i, q);
  input i;
  output q;
  assign q = i;
endmodule

module fulladder_x0 (i0, i1, i2, carry, sum);
  input i0;
  input i1;
  input i2;
  output carry;
  output sum;
  assign carry = ((i0 & i1) | (i2 & (i0 | i1)));
  assign sum = ((i0 ^ i1) ^ i2);
endmodule

module inv_x0 (i, nq);
  input i;
  output nq;
  assign nq = (~i);
endmodule

module inv_x1 (i, nq);
  input i;
  output nq;
  assign nq = (~i);
endmodule

module inv_x2 (i, nq);
  input i;
  output nq;
  assign nq = (~i);
endmodule

module inv_x4 (i, nq);
  input i;
  output nq;
  assign nq = (~i);
endmodule

module mux2_x1 (cmd, i0, i1, q);
  input cmd;
  input i0;
  input i1;
  output q;
  assign q = ((cmd & i1) | ((~cmd) & i0));
endmodule

module nand2_x0 (i0, i1, nq);
  input i0;
  input i1;
  output nq;
  assign nq = (~(i0 & i1));
endmodule

module nand2_x1 (i0, i1, nq);
  input i0;
  input i1;
  output nq;
  assign nq = (~(i0 & i1));
endmodule

module nand3_x0 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 & i1) & i2));
endmodule

module nand3_x1 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 & i1) & i2));
endmodule

module nand4_x0 (i0, i1, i2, i3, nq);
  input i0;
  input i1;
  input i2;
  input i3;
  output nq;
  assign nq = (~(((i0 & i1) & i2) & i3));
endmodule

module nand4_x1 (i0, i1, i2, i3, nq);
  input i0;
  input i1;
  input i2;
  input i3;
  output nq;
  assign nq = (~(((i0 & i1) & i2) & i3));
endmodule

module nor2_x0 (i0, i1, nq);
  input i0;
  input i1;
  output nq;
  assign nq = (~(i0 | i1));
endmodule

module nor2_x1 (i0, i1, nq);
  input i0;
  input i1;
  output nq;
  assign nq = (~(i0 | i1));
endmodule

module nor3_x0 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 | i1) | i2));
endmodule

module nor3_x1 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 | i1) | i2));
endmodule

module nor4_x0 (i0, i1, i2, i3, nq);
  input i0;
  input i1;
  input i2;
  input i3;
  output nq;
  assign nq = (~(((i0 | i1) | i2) | i3));
endmodule

module nor4_x1 (i0, i1, i2, i3, nq);
  input i0;
  input i1;
  input i2;
  input i3;
  output nq;
  assign nq = (~(((i0 | i1) | i2) | i3));
endmodule

module one_x1 (one);
  output one;
  assign one = 1'b1;
endmodule

module or21nand_x0 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 | i1) & i2));
endmodule

module or21nand_x1 (i0, i1, i2, nq);
  input i0;
  input i1;
  input i2;
  output nq;
  assign nq = (~((i0 | i1) & i2));
endmodule

module or2_x1 (i0, i1, q);
  input i0;
  input i1;
  output q;
  assign q = (i0 | i1);
endmodule

module or3_x1 (i0, i1, i2, q);
  input i0;
  input i1;
  input i2;
  output q;
  assign q = ((i0 | i1) | i2);
endmodule

module or4_x1 (i0, i1, i2, i3, q);
  input i0;
  input i1;
  input i2;
  input i3;
  output q;
  assign q = (((i0 | i1) | i2) | i3);
endmodule

module xor2_x0 (i0, i1, q);
  input i0;
  input i1;
  output q;
  assign q = (i0 ^ i1);
endmodule

module zero_x1 (zero);
  output zero;
  assign zero = 1'b0;
endmodule

module dff_x1 (clk, i, q);
  input clk, i;
  output reg q;
  always @(posedge clk) q <= i;
endmodule
