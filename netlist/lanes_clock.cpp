// Runs a netlist clock by clock in 64 lanes: bit l of a word is lane l. Lanes differ in what drives
// their inputs and in the faults that are planted in them.
//
// The netlist is a table of operations, sorted by depth and kind (netlist/lanes_program.py): nothing is
// compiled for a design. Where little changes from clock to clock, as while registers are loaded,
// only operations that read something new are done; else all of them, where a run of one kind is a
// loop without branches.
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

W operate(int32_t kind, W a, W b, W c) {
    switch (kind) {
        case AND: return a & b;
        case OR: return a | b;
        case XOR: return a ^ b;
        case ANDNOT: return a & ~b;
        case NOT: return ~a;
        case COPY: return a;
        case MAJORITY: return (a & b) | (c & (a | b));
        case XOR3: return a ^ b ^ c;
        case AND_OR: return (a & b) | c;
        case MUX: return (a & ~c) | (b & c);
    }
    return 0;
}

// Bits that are set (Warren, Hacker's Delight, 5-1): x86-64 as such has no instruction for it.
W ones(W x) {
    x -= (x >> 1) & 0x5555555555555555;
    x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    x += x >> 8;
    x += x >> 16;
    return (x + (x >> 32)) & 0x7f;
}

// One operation in so many is what it pays to do one by one.
const int64_t FEW = 6;
// Clocks until it is tried again after one in which much changed.
const int64_t PATIENCE = 16;

struct Program {
    int64_t runs;
    const int32_t *kinds;
    const int64_t *counts;
    const int32_t *rows;
    // Operations that read net n: readers[first_reader[n]] up to first_reader[n + 1]. An operation
    // stands behind those that write what it reads.
    const int64_t *first_reader;
    const int32_t *readers;
    int64_t operations = 0;
    std::vector<uint8_t> kind_of;
    std::vector<uint64_t> waiting;

    void start() {
        for (int64_t run = 0; run < runs; run++) {
            kind_of.insert(kind_of.end(), counts[run], uint8_t(kinds[run]));
            operations += counts[run];
        }
        waiting.assign(operations / 64 + 1, 0);
    }

    void wake(int64_t net) {
        for (int64_t k = first_reader[net]; k < first_reader[net + 1]; k++)
            waiting[readers[k] >> 6] |= uint64_t(1) << (readers[k] & 63);
    }

    void all(W *net) {
        const int32_t *row = rows;
        for (int64_t run = 0; run < runs; run++) {
            const int64_t n = counts[run];
            switch (kinds[run]) {
#define RUN(kind) \
    case kind: each(net, row, n, [](W a, W b, W c) { return operate(kind, a, b, c); }); break;
                RUN(AND) RUN(OR) RUN(XOR) RUN(ANDNOT) RUN(NOT) RUN(COPY) RUN(MAJORITY)
                RUN(XOR3) RUN(AND_OR) RUN(MUX)
#undef RUN
            }
            row += 4 * n;
        }
        waiting.assign(waiting.size(), 0);
    }

    // Whether few operations were waiting: else the rest is done as one.
    bool some(W *net) {
        int64_t left = operations / FEW;
        for (size_t word = 0; word < waiting.size(); word++)
            while (waiting[word]) {
                const int64_t k = int64_t(word) * 64 + __builtin_ctzll(waiting[word]);
                waiting[word] &= waiting[word] - 1;
                const int32_t *row = rows + 4 * k;
                const W value = operate(kind_of[k], net[row[1]], net[row[2]], net[row[3]]);
                if (value == net[row[0]]) continue;
                net[row[0]] = value;
                wake(row[0]);
                if (!left--) return all(net), false;
            }
        return true;
    }
};

}  // namespace

// net: a word a net, kept from call to call. rows: net written, nets read. first_reader, readers: the
// operations that read each net.
// states, next_nets: net of each register's state, and the net of what it takes at an edge.
// in_values, out_values: a row of words a clock. Faults come in the order of their clocks and hit
// a register's state, or one of the nets after it that invert others, which last for that clock.
// differs: for each clock the lanes in which a watched net is not what it is in lane 63, after that
// clock's edge. toggles: null, or how often each net changed from the clock before to each clock, in
// the lanes that counted has for that clock.
extern "C" void run_clocks(W *net, int64_t nets, int64_t clocks, int64_t runs,
                           const int32_t *kinds, const int64_t *counts, const int32_t *rows,
                           const int64_t *first_reader, const int32_t *readers,
                           int64_t registers, const int64_t *states, const int64_t *next_nets,
                           int64_t inputs, const int64_t *in_nets, const W *in_values,
                           int64_t outputs, const int64_t *out_nets, W *out_values,
                           int64_t faults, const int64_t *fault_clocks,
                           const int64_t *fault_nets, const W *fault_lanes,
                           const uint8_t *fault_lasts, int64_t watched,
                           const int64_t *watched_nets, W *differs, const W *counted, W *toggles) {
    std::vector<W> next(registers), before;
    int64_t fault = 0, busy = 1;
    Program program{runs, kinds, counts, rows, first_reader, readers};
    program.start();
    const auto set = [&](int64_t place, W value) {
        if (net[place] == value) return;
        net[place] = value;
        if (!busy) program.wake(place);
    };
    for (int64_t clock = 0; clock < clocks; clock++) {
        for (int64_t k = 0; k < inputs; k++) set(in_nets[k], in_values[clock * inputs + k]);
        const int64_t first = fault;
        for (; fault < faults && fault_clocks[fault] == clock; fault++)
            set(fault_nets[fault], net[fault_nets[fault]] ^ fault_lanes[fault]);
        if (busy) {
            program.all(net);
            busy--;
        } else if (!program.some(net)) {
            busy = PATIENCE;
        }
        for (int64_t k = 0; k < outputs; k++) out_values[clock * outputs + k] = net[out_nets[k]];
        if (toggles) {
            if (clock && counted[clock])
                for (int64_t i = 0; i < nets; i++)
                    toggles[i] += ones((net[i] ^ before[i]) & counted[clock]);
            before.assign(net, net + nets);
        }
        for (int64_t k = 0; k < registers; k++) next[k] = net[next_nets[k]];
        for (int64_t k = 0; k < registers; k++) set(states[k], next[k]);
        for (int64_t k = first; k < fault; k++)
            if (!fault_lasts[k]) set(fault_nets[k], 0);
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
