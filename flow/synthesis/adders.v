// Additions, subtractions and the $alu of comparisons as chains of 1-bit full adders ($fa).
// flow/full_adders.py then simplifies the adders and picks the cells. Each operator stays one
// chain: yosys' own way (alumacc, $macc) regroups sums, undoing the sharing that gen/ has chosen.

(* techmap_celltype = "$add $sub" *)
module hexcoder_add (A, B, Y);
    parameter _TECHMAP_CELLTYPE_ = "";
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    localparam SIGNED = A_SIGNED && B_SIGNED;
    localparam SUBTRACT = _TECHMAP_CELLTYPE_ == "$sub";
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;
    wire [Y_WIDTH-1:0] unused_x, unused_carries;

    \$alu #(
        .A_SIGNED(SIGNED), .B_SIGNED(SIGNED),
        .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)
    ) alu (.A(A), .B(B), .CI(SUBTRACT), .BI(SUBTRACT), .X(unused_x), .Y(Y), .CO(unused_carries));
endmodule

(* techmap_celltype = "$neg" *)
module hexcoder_negate (A, Y);
    parameter A_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter Y_WIDTH = 1;
    input [A_WIDTH-1:0] A;
    output [Y_WIDTH-1:0] Y;
    wire [Y_WIDTH-1:0] unused_x, unused_carries;

    \$alu #(
        .A_SIGNED(A_SIGNED), .B_SIGNED(A_SIGNED),
        .A_WIDTH(1), .B_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)
    ) alu (.A(1'b0), .B(A), .CI(1'b1), .BI(1'b1), .X(unused_x), .Y(Y), .CO(unused_carries));
endmodule

(* techmap_celltype = "$alu" *)
module hexcoder_alu (A, B, CI, BI, X, Y, CO);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    input CI, BI;
    output [Y_WIDTH-1:0] X, Y, CO;
    wire [Y_WIDTH-1:0] a, b, b_or_inverse;
    wire [Y_WIDTH:0] carry;

    \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
    \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
    assign b_or_inverse = BI ? ~b : b;
    assign carry[0] = CI;
    assign CO = carry[Y_WIDTH:1];
    assign X = a ^ b_or_inverse;

    genvar i;
    generate
        for (i = 0; i < Y_WIDTH; i = i + 1) begin : bit
            \$fa #(.WIDTH(1)) adder (
                .A(a[i]), .B(b_or_inverse[i]), .C(carry[i]), .Y(Y[i]), .X(carry[i+1])
            );
        end
    endgenerate
endmodule
