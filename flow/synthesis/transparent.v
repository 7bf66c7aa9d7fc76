// Registers as wires, for flow/equivalence.py: what a pipeline computes, whatever its stages.

(* techmap_celltype = "$_DFF_P_ $_DFF_N_" *)
module hexcoder_transparent_register (input D, C, output Q);
    assign Q = D;
endmodule

// Synchronous reset.
(* techmap_celltype = "$_SDFF_PP0_" *)
module hexcoder_transparent_reset (input D, C, R, output Q);
    assign Q = D & ~R;
endmodule
