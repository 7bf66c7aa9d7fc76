// Drives Verilated module i2c_bank from standard input, clock by clock.
//
// A record in, uint16: bit 0 scl, 1 sda, 2 rst, 8 to 14 device_address.
// A record out, uint32: bit 0 sda_low, 1 bus_sda, 2 write, 3 read, 4 active, 5 reading, 8 to 15
// write_data, 16 to 31 register_address; sampled before the rising edge.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "Vdut.h"
#include "verilated.h"

int main() {
    auto context = std::make_unique<VerilatedContext>();
    auto dut = std::make_unique<Vdut>(context.get());
    constexpr int batch = 4096;
    std::vector<uint16_t> in(batch);
    std::vector<uint32_t> out(batch);
    for (size_t got; (got = std::fread(in.data(), sizeof in[0], batch, stdin)) > 0;) {
        for (size_t i = 0; i < got; ++i) {
            dut->scl = in[i] & 1;
            dut->sda = in[i] >> 1 & 1;
            dut->rst = in[i] >> 2 & 1;
            dut->device_address = in[i] >> 8 & 0x7f;
            dut->clk = 0;
            dut->eval();
            out[i] = dut->sda_low | dut->bus_sda << 1 | dut->write << 2 | dut->read << 3 |
                     dut->active << 4 | dut->reading << 5 | dut->write_data << 8 |
                     uint32_t(dut->register_address) << 16;
            dut->clk = 1;
            dut->eval();
        }
        if (std::fwrite(out.data(), sizeof out[0], got, stdout) != got) return 1;
    }
    dut->final();
    return std::fflush(stdout) ? 1 : 0;
}
