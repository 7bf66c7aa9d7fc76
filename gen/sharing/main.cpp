// Reads a matrix of constants, writes sums with shared terms: gen/sharing/solver.py has the format.
// Work is counted, not timed: equal input gives equal output on every machine.
#include <cstdio>

#include "anneal.hpp"
#include "greedy.hpp"

namespace {

// Of annealing: in um2 at its start, less where there is less work for each digit than usual, or the
// greedy start would be lost (tried on layers of 11,700 and 23,310 weights); after COLD_FROM of the
// work nothing worse is accepted.
constexpr double TEMPERATURE = 30;
constexpr double COLD_FROM = 0.95;

// A default run: so many changes for each signed digit of the matrix, within these bounds. Above
// LARGE digits the greedy start takes long itself, and what annealing could still do is little: its
// share shrinks (tried on layers of 50,000 to 100,000 digits).
constexpr double WORK_PER_DIGIT = 180e3;
constexpr double LEAST_WORK = 2e5, MOST_WORK = 2e9, LARGE = 30e3;

struct Problem {
    Values values;
    std::vector<std::vector<Term>> outputs;
};

long read_number() {
    long value;
    if (std::scanf("%ld", &value) != 1) {
        std::fprintf(stderr, "error the problem ends too early\n");
        std::exit(1);
    }
    return value;
}

Problem read_problem() {
    Problem problem;
    long inputs = read_number(), outputs = read_number();
    for (long i = 0; i < inputs; i++) problem.values.add_input(read_number());
    for (long o = 0; o < outputs; o++) {
        std::vector<Term> terms;
        for (long count = read_number(); count > 0; count--) {
            int node = int(read_number());
            terms.push_back({node, read_number()});
        }
        problem.outputs.push_back(terms);
    }
    return problem;
}

double full_work(const Problem& problem) {
    double digits = 0;
    for (auto& terms : problem.outputs) digits += digits_of(terms);
    return std::max(WORK_PER_DIGIT * digits, LEAST_WORK);
}

void improve(Annealer& annealer, double effort, double full) {
    double most = MOST_WORK * std::min(1.0, LARGE * WORK_PER_DIGIT / full);
    double budget = effort * std::min(full, most);
    double start = TEMPERATURE * std::sqrt(std::min(1.0, budget / full));
    int shown = 0;
    while (double(annealer.work) < budget && !annealer.empty()) {
        double heat = 1 - double(annealer.work) / budget / COLD_FROM;
        annealer.step(heat > 0 ? start * heat : 0);
        double part = std::min(1.0, double(annealer.work) / budget);
        if (int(50 * part) > shown) {
            shown = int(50 * part);
            std::fprintf(stderr, "progress %.3f %.0f\n", part, annealer.cost());
        }
    }
}

void write_rows(const std::vector<std::vector<Term>>& rows) {
    for (auto& terms : rows) {
        std::printf("%zu", terms.size());
        for (auto& term : terms) std::printf(" %d %ld", term.node, long(term.coefficient));
        std::printf("\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: share_search FULL_ADDER HALF_ADDER EFFORT SEED < problem\n");
        return 2;
    }
    Costs costs{std::atof(argv[1]), std::atof(argv[2])};
    double effort = std::atof(argv[3]);
    uint64_t seed = std::strtoull(argv[4], nullptr, 10);
    Problem problem = read_problem();
    Greedy greedy(problem.values, costs, problem.outputs);
    greedy.run();
    Annealer annealer(problem.values, costs, greedy.solution(), seed);
    std::fprintf(stderr, "greedy %.0f\n", annealer.cost());
    improve(annealer, effort, full_work(problem));
    Solution solution = annealer.solution();
    std::printf("%zu\n", solution.shared.size());
    write_rows(solution.shared);
    write_rows(solution.outputs);
}
