// Runs a generated netlist clock by clock in 64 lanes: bit l of a word is lane l. Lanes differ in
// what drives their inputs and in the faults that are planted in them.
// tb/netlist_cpp.py writes what is declared extern here.

#include <cstdint>
#include <cstring>
#include <vector>

extern const int NETS, STATES, FIRST_STATE, RESET_NET, TRANSIENTS;
extern uint64_t transient[];
void settle(uint64_t *net);
void next_states(const uint64_t *net, uint64_t *next);

extern "C" int64_t net_words() { return NETS; }

// net: NETS words, the nets and then the state, kept from call to call.
// in_values, out_values: a row of words a clock. Faults come in the order of their clocks; their
// place is a register's number, or STATES and more for a transient, which lasts one clock.
// differs: for each clock the lanes in which a watched register is not what it is in lane 63, after
// that clock's edge.
extern "C" void run_clocks(uint64_t *net, int64_t clocks, uint64_t reset, int64_t inputs,
                           const int64_t *in_nets, const uint64_t *in_values, int64_t outputs,
                           const int64_t *out_nets, uint64_t *out_values, int64_t faults,
                           const int64_t *fault_clocks, const int64_t *fault_places,
                           const uint64_t *fault_lanes, int64_t watched,
                           const int64_t *watched_states, uint64_t *differs) {
    std::vector<uint64_t> next(STATES ? STATES : 1, 0);
    uint64_t *state = net + FIRST_STATE;
    int64_t fault = 0;
    net[1] = ~0ull;
    net[RESET_NET] = reset;
    for (int64_t clock = 0; clock < clocks; clock++) {
        for (int64_t k = 0; k < inputs; k++) net[in_nets[k]] = in_values[clock * inputs + k];
        const int64_t first = fault;
        for (; fault < faults && fault_clocks[fault] == clock; fault++) {
            const int64_t place = fault_places[fault];
            if (place < STATES)
                state[place] ^= fault_lanes[fault];
            else
                transient[place - STATES] ^= fault_lanes[fault];
        }
        settle(net);
        for (int64_t k = 0; k < outputs; k++) out_values[clock * outputs + k] = net[out_nets[k]];
        next_states(net, next.data());
        std::memcpy(state, next.data(), STATES * sizeof(uint64_t));
        for (int64_t k = first; k < fault; k++)
            if (fault_places[k] >= STATES) transient[fault_places[k] - STATES] = 0;
        if (watched) {
            uint64_t found = 0;
            for (int64_t k = 0; k < watched; k++) {
                const uint64_t word = state[watched_states[k]];
                found |= word ^ -(word >> 63);
            }
            differs[clock] = found;
        }
    }
}
