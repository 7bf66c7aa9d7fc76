// Runs a netlist clock by clock in 64 lanes: bit l of a word is lane l. Lanes differ in what drives
// their inputs and in the faults that are planted in them.
//
// The netlist is a table of operations, sorted by depth and kind (tb/lanes_program.py): nothing is
// compiled for a design, and a run of one kind is a loop without branches.
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

typedef uint64_t W;
enum Kind : int32_t { AND, OR, XOR, ANDNOT, NOT, COPY, MAJORITY, XOR3, AND_OR, MUX };

template <class Function>
void each(W *net, const int32_t *row, int64_t count, Function function) {
    for (int64_t k = 0; k < count; k++, row += 4)
        net[row[0]] = function(net[row[1]], net[row[2]], net[row[3]]);
}

void settle(W *net, int64_t runs, const int32_t *kinds, const int64_t *counts,
            const int32_t *rows) {
    for (int64_t run = 0; run < runs; run++) {
        const int64_t n = counts[run];
        switch (kinds[run]) {
            case AND: each(net, rows, n, [](W a, W b, W) { return a & b; }); break;
            case OR: each(net, rows, n, [](W a, W b, W) { return a | b; }); break;
            case XOR: each(net, rows, n, [](W a, W b, W) { return a ^ b; }); break;
            case ANDNOT: each(net, rows, n, [](W a, W b, W) { return a & ~b; }); break;
            case NOT: each(net, rows, n, [](W a, W, W) { return ~a; }); break;
            case COPY: each(net, rows, n, [](W a, W, W) { return a; }); break;
            case MAJORITY:
                each(net, rows, n, [](W a, W b, W c) { return (a & b) | (c & (a | b)); });
                break;
            case XOR3: each(net, rows, n, [](W a, W b, W c) { return a ^ b ^ c; }); break;
            case AND_OR: each(net, rows, n, [](W a, W b, W c) { return (a & b) | c; }); break;
            case MUX: each(net, rows, n, [](W a, W b, W s) { return (a & ~s) | (b & s); }); break;
        }
        rows += 4 * n;
    }
}

}  // namespace

// net: a word a net, kept from call to call. rows: net written, nets read.
// states, next_nets: net of each register's state, and the net of what it takes at an edge.
// in_values, out_values: a row of words a clock. Faults come in the order of their clocks and hit
// a register's state, or one of the nets after it that invert others, which last for that clock.
// differs: for each clock the lanes in which a watched net is not what it is in lane 63, after that
// clock's edge. toggles: null, or how often each net changed from clock to clock.
extern "C" void run_clocks(W *net, int64_t nets, int64_t clocks, int64_t runs,
                           const int32_t *kinds, const int64_t *counts, const int32_t *rows,
                           int64_t registers, const int64_t *states, const int64_t *next_nets,
                           int64_t inputs, const int64_t *in_nets, const W *in_values,
                           int64_t outputs, const int64_t *out_nets, W *out_values,
                           int64_t faults, const int64_t *fault_clocks,
                           const int64_t *fault_nets, const W *fault_lanes,
                           const uint8_t *fault_lasts, int64_t watched,
                           const int64_t *watched_nets, W *differs, W *toggles) {
    std::vector<W> next(registers), before;
    int64_t fault = 0;
    for (int64_t clock = 0; clock < clocks; clock++) {
        for (int64_t k = 0; k < inputs; k++) net[in_nets[k]] = in_values[clock * inputs + k];
        const int64_t first = fault;
        for (; fault < faults && fault_clocks[fault] == clock; fault++)
            net[fault_nets[fault]] ^= fault_lanes[fault];
        settle(net, runs, kinds, counts, rows);
        for (int64_t k = 0; k < outputs; k++) out_values[clock * outputs + k] = net[out_nets[k]];
        if (toggles) {
            if (clock)
                for (int64_t i = 0; i < nets; i++)
                    toggles[i] += __builtin_popcountll(net[i] ^ before[i]);
            before.assign(net, net + nets);
        }
        for (int64_t k = 0; k < registers; k++) next[k] = net[next_nets[k]];
        for (int64_t k = 0; k < registers; k++) net[states[k]] = next[k];
        for (int64_t k = first; k < fault; k++)
            if (!fault_lasts[k]) net[fault_nets[k]] = 0;
        if (watched) {
            W found = 0;
            for (int64_t k = 0; k < watched; k++) {
                const W word = net[watched_nets[k]];
                found |= word ^ -(word >> 63);
            }
            differs[clock] = found;
        }
    }
}
