// Toggles of each net of a circuit whose gates have delays. A lane is one transition, from one settled
// state of the circuit's sources to the next.
//
// A net is a waveform for each lane: its settled value and the times at which it changes. Gates are
// evaluated once each, in order, lane by lane, over all changes of their inputs. A waveform is dropped
// when the last gate that reads it is done.
//
// A gate's output follows the function of its inputs as it does in Icarus Verilog with module paths: a
// change of the function at time t makes the output take, at t plus the delay of the path, the value
// that the function has then. So a pulse shorter than the delay is swallowed. Of several inputs that
// change at one time the fastest path counts. At one time outputs change before functions do.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

const int MAX_PINS = 16;
// Lanes at a time: they bound the memory.
const int64_t BLOCK = 1024;
const int32_t NEVER = std::numeric_limits<int32_t>::max();

struct Circuit {
    int64_t nets, sources;
    const int32_t *source_nets, *source_rises, *source_falls;
    int64_t gates;
    // Gate g reads pins first_pins[g] to first_pins[g + 1], and writes one net.
    const int64_t *first_pins;
    const int32_t *pin_nets, *rises, *falls, *outputs;
    // Its function: bit p of the table from word tables[kind] on is the value for pattern p of its pins.
    const int32_t *kinds;
    const int64_t *first_words;
    const uint64_t *tables;
};

struct Wave {
    std::vector<uint8_t> settled;
    // Lane l changes at times[first[l]] to times[first[l + 1]].
    std::vector<uint32_t> first;
    std::vector<int32_t> times;
};

class Run {
    const Circuit &circuit;
    std::vector<Wave> waves;
    std::vector<int32_t> readers;
    int64_t *toggles;
    // When the output takes the function's value, the soonest last.
    std::vector<int32_t> due;

  public:
    Run(const Circuit &circuit, int64_t *toggles)
        : circuit(circuit), waves(circuit.nets), readers(circuit.nets), toggles(toggles) {}

    void block(const uint64_t *before, const uint64_t *after, int64_t words, int64_t start,
               int64_t lanes) {
        std::fill(readers.begin(), readers.end(), 0);
        for (int64_t k = 0; k < circuit.first_pins[circuit.gates]; k++) readers[circuit.pin_nets[k]]++;
        for (int net = 0; net < 2; net++) {
            waves[net].settled.assign(lanes, net);
            waves[net].first.assign(lanes + 1, 0);
        }
        for (int64_t k = 0; k < circuit.sources; k++)
            source(k, before + k * words, after + k * words, start, lanes);
        for (int64_t gate = 0; gate < circuit.gates; gate++) {
            evaluate(gate, lanes);
            toggles[circuit.outputs[gate]] += waves[circuit.outputs[gate]].times.size();
            for (int64_t k = circuit.first_pins[gate]; k < circuit.first_pins[gate + 1]; k++)
                if (!--readers[circuit.pin_nets[k]]) waves[circuit.pin_nets[k]] = {};
            if (!readers[circuit.outputs[gate]]) waves[circuit.outputs[gate]] = {};
        }
    }

  private:
    void source(int64_t number, const uint64_t *before, const uint64_t *after, int64_t start,
                int64_t lanes) {
        const int32_t net = circuit.source_nets[number];
        Wave &wave = waves[net];
        wave = {};
        wave.first.push_back(0);
        for (int64_t lane = start; lane < start + lanes; lane++) {
            const bool old = before[lane >> 6] >> (lane & 63) & 1, now = after[lane >> 6] >> (lane & 63) & 1;
            wave.settled.push_back(old);
            if (old != now)
                wave.times.push_back(now ? circuit.source_rises[number] : circuit.source_falls[number]);
            wave.first.push_back(uint32_t(wave.times.size()));
        }
        toggles[net] += wave.times.size();
    }

    void evaluate(int64_t gate, int64_t lanes) {
        const int64_t first = circuit.first_pins[gate];
        const int pins = int(circuit.first_pins[gate + 1] - first);
        const uint64_t *table = circuit.tables + circuit.first_words[circuit.kinds[gate]];
        const auto value_of = [&](uint32_t p) { return uint32_t(table[p >> 6] >> (p & 63) & 1); };
        const int32_t *delays[2] = {circuit.falls + first, circuit.rises + first};
        const Wave *read[MAX_PINS];
        for (int pin = 0; pin < pins; pin++) read[pin] = &waves[circuit.pin_nets[first + pin]];
        Wave &wave = waves[circuit.outputs[gate]];
        wave = {};
        wave.settled.resize(lanes);
        wave.first.resize(lanes + 1);
        for (int64_t lane = 0; lane < lanes; lane++) {
            const int32_t *next[MAX_PINS], *end[MAX_PINS];
            int32_t turns = NEVER;
            uint32_t pattern = 0;
            for (int pin = 0; pin < pins; pin++) {
                const Wave &one = *read[pin];
                pattern |= uint32_t(one.settled[lane]) << pin;
                next[pin] = one.times.data() + one.first[lane];
                end[pin] = one.times.data() + one.first[lane + 1];
                if (next[pin] < end[pin]) turns = std::min(turns, *next[pin]);
            }
            uint32_t value = value_of(pattern), output = value;
            wave.settled[lane] = uint8_t(value);
            wave.first[lane + 1] = wave.first[lane];
            if (turns == NEVER) continue;
            for (int32_t takes = NEVER; turns != NEVER || takes != NEVER;) {
                if (takes <= turns) {
                    if (output != value) {
                        wave.times.push_back(takes);
                        output = value;
                    }
                    due.pop_back();
                    takes = due.empty() ? NEVER : due.back();
                    continue;
                }
                uint32_t turned = 0;
                int32_t later = NEVER;
                for (int pin = 0; pin < pins; pin++) {
                    if (next[pin] == end[pin]) continue;
                    if (*next[pin] == turns) {
                        turned |= uint32_t(1) << pin;
                        if (++next[pin] == end[pin]) continue;
                    }
                    later = std::min(later, *next[pin]);
                }
                pattern ^= turned;
                if (value_of(pattern) != value) {
                    value ^= 1;
                    int32_t delay = NEVER;
                    for (; turned; turned &= turned - 1)
                        delay = std::min(delay, delays[value][__builtin_ctz(turned)]);
                    takes = schedule(turns + delay);
                }
                turns = later;
            }
            wave.first[lane + 1] = uint32_t(wave.times.size());
        }
    }

    int32_t schedule(int32_t time) {
        size_t place = due.size();
        due.push_back(time);
        for (; place && due[place - 1] < time; place--) due[place] = due[place - 1];
        due[place] = time;
        return due.back();
    }
};

}  // namespace

// Nets 0 and 1 are the constants. Times and delays are in steps of time, delays at least one.
// before, after: of each source a bit for each lane, in so many words. toggles: of each net, in all lanes.
extern "C" void count_toggles(int64_t nets, int64_t sources, const int32_t *source_nets,
                              const int32_t *source_rises, const int32_t *source_falls,
                              int64_t gates, const int64_t *first_pins, const int32_t *pin_nets,
                              const int32_t *rises, const int32_t *falls, const int32_t *outputs,
                              const int32_t *kinds, const int64_t *first_words,
                              const uint64_t *tables, int64_t words, const uint64_t *before,
                              const uint64_t *after, int64_t *toggles) {
    const Circuit circuit{nets,     sources, source_nets, source_rises, source_falls, gates, first_pins,
                          pin_nets, rises,   falls,       outputs,      kinds, first_words, tables};
    Run run(circuit, toggles);
    for (int64_t start = 0; start < 64 * words; start += BLOCK)
        run.block(before, after, words, start, std::min(BLOCK, 64 * words - start));
}
