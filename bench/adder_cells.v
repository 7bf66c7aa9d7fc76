// Full adders of yosys as the library's adder cells: what a flow does that only maps.

(* techmap_celltype = "$fa" *)
module bench_full_adder (A, B, C, X, Y);
    parameter WIDTH = 1;
    parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
    parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
    parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_C_ = 0;
    parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
    parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_B_ = 0;
    parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_C_ = 0;
    input [WIDTH-1:0] A, B, C;
    output [WIDTH-1:0] X, Y;
    genvar i;
    generate
        for (i = 0; i < WIDTH; i = i + 1) begin : bit
            localparam KNOWN_A = _TECHMAP_CONSTMSK_A_[i];
            localparam KNOWN_B = _TECHMAP_CONSTMSK_B_[i];
            localparam KNOWN_C = _TECHMAP_CONSTMSK_C_[i];
            // A value is x where the mask is 0.
            localparam ONE = (KNOWN_A && _TECHMAP_CONSTVAL_A_[i])
                || (KNOWN_B && _TECHMAP_CONSTVAL_B_[i])
                || (KNOWN_C && _TECHMAP_CONSTVAL_C_[i]);
            if (ONE || (KNOWN_A && KNOWN_B) || (KNOWN_A && KNOWN_C) || (KNOWN_B && KNOWN_C)) begin
                assign Y[i] = A[i] ^ B[i] ^ C[i];
                assign X[i] = (A[i] & B[i]) | (A[i] & C[i]) | (B[i] & C[i]);
            end else if (KNOWN_A)
                HA_X1 cell_ (.A(B[i]), .B(C[i]), .S(Y[i]), .CO(X[i]));
            else if (KNOWN_B)
                HA_X1 cell_ (.A(A[i]), .B(C[i]), .S(Y[i]), .CO(X[i]));
            else if (KNOWN_C)
                HA_X1 cell_ (.A(A[i]), .B(B[i]), .S(Y[i]), .CO(X[i]));
            else
                FA_X1 cell_ (.A(A[i]), .B(B[i]), .CI(C[i]), .S(Y[i]), .CO(X[i]));
        end
    endgenerate
endmodule
