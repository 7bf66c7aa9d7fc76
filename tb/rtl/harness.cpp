// Drives one Verilated module from standard input: no Python a cycle.
//
// A record in: one word of flags (bit 0 valid, bit 1 reset), then IN_WORDS of in_data.
// A record out: one word of flags (bit 0 out_valid), OUT_WORDS of out_data, and, with --watch, the
// watched signals, WATCHED_WORDS in all. One record a clock, sampled before the rising edge.
// --trace FILE FIRST LAST writes a waveform of the clocks FIRST to LAST.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "Vdut.h"
#include "Vdut___024root.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif
#include "ports.h"  // IN_WORDS, OUT_WORDS, WATCHED_WORDS and watch(), written for the design

template <class Port>
void put(Port& port, const uint32_t* words) {
    if constexpr (std::is_integral_v<Port>) {
        uint64_t value = words[0];
        if constexpr (sizeof(Port) > 4) value |= uint64_t(words[1]) << 32;
        port = static_cast<Port>(value);
    } else {
        for (int word = 0; word < IN_WORDS; ++word) port[word] = words[word];
    }
}

int main(int argc, char** argv) {
    bool watch_layers = false;
    const char* trace_file = nullptr;
    uint64_t trace_first = 0, trace_last = 0;
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--watch")) watch_layers = true;
        if (!std::strcmp(argv[i], "--trace") && i + 3 < argc) {
            trace_file = argv[i + 1];
            trace_first = std::strtoull(argv[i + 2], nullptr, 10);
            trace_last = std::strtoull(argv[i + 3], nullptr, 10);
        }
    }
    auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(1);
    auto dut = std::make_unique<Vdut>(context.get());
#if VM_TRACE_FST
    std::unique_ptr<VerilatedFstC> trace;
    if (trace_file) {
        context->traceEverOn(true);
        trace = std::make_unique<VerilatedFstC>();
        dut->trace(trace.get(), 99);
        trace->open(trace_file);
    }
#else
    if (trace_file) {
        std::fprintf(stderr, "this simulation was built without waveforms\n");
        return 2;
    }
#endif
    constexpr int batch = 256;
    const int out_record = 1 + OUT_WORDS + (watch_layers ? WATCHED_WORDS : 0);
    std::vector<uint32_t> in(batch * (1 + IN_WORDS)), out(batch * out_record);
    uint64_t clock = 0;
    for (size_t got; (got = std::fread(in.data(), 4 * (1 + IN_WORDS), batch, stdin)) > 0;) {
        for (size_t i = 0; i < got; ++i, ++clock) {
            const uint32_t* record = &in[i * (1 + IN_WORDS)];
            dut->in_valid = record[0] & 1;
            dut->rst = record[0] >> 1 & 1;
            put(dut->in_data, record + 1);
            dut->clk = 0;
            dut->eval();
#if VM_TRACE_FST
            const bool traced = trace && clock >= trace_first && clock <= trace_last;
            if (traced) trace->dump(clock * 10);
#endif
            uint32_t* answer = &out[i * out_record];
            answer[0] = dut->out_valid;
            get(dut->out_data, answer + 1, OUT_WORDS);
            if (watch_layers) watch(*dut->rootp, answer + 1 + OUT_WORDS);
            dut->clk = 1;
            dut->eval();
#if VM_TRACE_FST
            if (traced) trace->dump(clock * 10 + 5);
#endif
        }
        // Whoever drives the next batch by what this one answered waits for it.
        if (std::fwrite(out.data(), 4 * out_record, got, stdout) != got || std::fflush(stdout))
            return 1;
    }
#if VM_TRACE_FST
    if (trace) trace->close();
#endif
    dut->final();
    return std::fflush(stdout) ? 1 : 0;
}
