// Drives a generated netlist: 64 streams of consecutive events at once, bit l of a word is stream l.
// netlist/simulation_cpp.py writes what is declared extern here.

#include <cstdint>
#include <cstring>
#include <vector>

extern const int NETS, STATES, FIRST_STATE, RESET_NET, VALID_NET, OUT_VALID_NET;
extern const int INPUT_BITS, OUTPUT_BITS;
extern const int INPUT_NETS[], OUTPUT_NETS[];
void settle(uint64_t *net);
void next_states(const uint64_t *net, uint64_t *next);

namespace {

constexpr int LANES = 64;

// Transposes a matrix of 64 x 64 bits in place (Warren, Hacker's Delight, 7-3).
void transpose(uint64_t *row) {
    uint64_t mask = 0x00000000FFFFFFFFull;
    for (int j = 32; j; j >>= 1, mask ^= mask << j)
        for (int k = 0; k < LANES; k = ((k | j) + 1) & ~j) {
            uint64_t t = ((row[k] >> j) ^ row[k | j]) & mask;
            row[k] ^= t << j;
            row[k | j] ^= t;
        }
}

uint64_t ones(int width) { return width == 64 ? ~0ull : (1ull << width) - 1; }

// Elements of one event as a row of bits: the first in the lowest bits.
void pack(const int64_t *elements, int count, const int *widths, uint64_t *words, int stride) {
    int position = 0;
    for (int k = 0; k < count; position += widths[k++]) {
        uint64_t value = static_cast<uint64_t>(elements[k]) & ones(widths[k]);
        int word = position >> 6, shift = position & 63;
        words[word * stride] |= value << shift;
        if (shift + widths[k] > 64) words[(word + 1) * stride] |= value >> (64 - shift);
    }
}

void unpack(const uint64_t *words, int stride, int count, const int *widths, int64_t *elements) {
    int position = 0;
    for (int k = 0; k < count; position += widths[k++]) {
        int word = position >> 6, shift = position & 63;
        uint64_t value = words[word * stride] >> shift;
        if (shift + widths[k] > 64) value |= words[(word + 1) * stride] << (64 - shift);
        elements[k] = static_cast<int64_t>(value & ones(widths[k]));
    }
}

}  // namespace

// Streams are `steps` events long: stream l takes events l * steps to (l + 1) * steps - 1.
// Returns the number of pairs of consecutive events over which toggles were counted.
extern "C" int64_t simulate(const int64_t *inputs, int64_t events, int64_t steps, int latency,
                            int in_elements, const int *in_widths, int64_t *outputs,
                            int out_elements, const int *out_widths, uint64_t *toggles,
                            int64_t *wrong_valid) {
    const int in_words = (INPUT_BITS + 63) / 64, out_words = (OUTPUT_BITS + 63) / 64;
    std::vector<uint64_t> net(NETS, 0), previous(NETS, 0), next(STATES ? STATES : 1, 0);
    std::vector<uint64_t> in_rows(in_words * LANES), out_rows(out_words * LANES);
    net[1] = ~0ull;
    auto tick = [&] {
        next_states(net.data(), next.data());
        std::memcpy(net.data() + FIRST_STATE, next.data(), STATES * sizeof(uint64_t));
    };
    auto active = [&](int64_t step) {
        uint64_t mask = 0;
        for (int l = 0; l < LANES; l++)
            if (step >= 0 && step < steps && l * steps + step < events) mask |= 1ull << l;
        return mask;
    };

    net[RESET_NET] = ~0ull;
    for (int cycle = 0; cycle < latency + 2; cycle++) {
        settle(net.data());
        tick();
    }
    net[RESET_NET] = 0;

    int64_t pairs = 0;
    for (int64_t step = 0; step < steps + latency; step++) {
        const uint64_t entering = active(step), leaving = active(step - latency);
        std::fill(in_rows.begin(), in_rows.end(), 0);
        for (int l = 0; l < LANES; l++)
            if (entering >> l & 1)
                pack(inputs + (l * steps + step) * in_elements, in_elements, in_widths,
                     in_rows.data() + l, LANES);
        for (int w = 0; w < in_words; w++) {
            transpose(in_rows.data() + w * LANES);
            for (int b = 0; b < LANES && w * 64 + b < INPUT_BITS; b++)
                net[INPUT_NETS[w * 64 + b]] = in_rows[w * LANES + b];
        }
        net[VALID_NET] = entering;
        settle(net.data());

        if (toggles && step > latency && step < steps) {
            for (int i = 0; i < NETS; i++)
                toggles[i] += __builtin_popcountll((net[i] ^ previous[i]) & entering);
            pairs += __builtin_popcountll(entering);
        }
        if (toggles) previous = net;

        const uint64_t difference = net[OUT_VALID_NET] ^ leaving;
        for (int l = 0; l < LANES; l++)
            if (difference >> l & 1) {
                int64_t event = l * steps + (step > latency ? step - latency : 0);
                if (!wrong_valid[0] || event < wrong_valid[1]) wrong_valid[1] = event;
                wrong_valid[0]++;
            }
        if (leaving) {
            for (int w = 0; w < out_words; w++) {
                for (int b = 0; b < LANES; b++)
                    out_rows[w * LANES + b] =
                        w * 64 + b < OUTPUT_BITS ? net[OUTPUT_NETS[w * 64 + b]] : 0;
                transpose(out_rows.data() + w * LANES);
            }
            for (int l = 0; l < LANES; l++)
                if (leaving >> l & 1)
                    unpack(out_rows.data() + l, LANES, out_elements, out_widths,
                           outputs + (l * steps + step - latency) * out_elements);
        }
        tick();
    }
    return pairs;
}
