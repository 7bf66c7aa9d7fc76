// Reads a matrix of constants, writes sums with shared terms: gen/sharing/solver.py has the format.
// Work is counted, not timed: equal input gives equal output on every machine.
#include <cmath>
#include <cstdio>
#include <functional>

#include "search.hpp"

namespace {

// Found on 4x4x3 networks with random weights: choosing almost at random among the patterns that gain
// anything beats choosing the best one, as long as what turns out worse is undone.
constexpr double NOISE = 30;
constexpr size_t MOST_UNDONE = 15;
constexpr double TEMPERATURE = 0.002;
constexpr double COLD_FROM = 0.9;

// A default run: so many times the work of the greedy start, within these bounds of table updates.
constexpr double DEFAULT_SHARE = 300;
constexpr double LEAST_WORK = 2e5, MOST_WORK = 300e6;

long read_number() {
    long value;
    if (std::scanf("%ld", &value) != 1) {
        std::fprintf(stderr, "error the problem ends too early\n");
        std::exit(1);
    }
    return value;
}

void read_problem(Search& search) {
    long inputs = read_number(), outputs = read_number();
    for (long i = 0; i < inputs; i++) search.add_input(read_number());
    for (long o = 0; o < outputs; o++) {
        std::vector<Term> terms;
        for (long count = read_number(); count > 0; count--) {
            int node = int(read_number());
            terms.push_back({node, read_number()});
        }
        search.add_output(terms);
    }
}

/// Undo some shared terms: anywhere, around one node, or in one output.
void undo_some(Search& search, const std::vector<int>& shared) {
    Random& random = search.random;
    size_t count = 1 + random.below(MOST_UNDONE);
    size_t way = random.below(3);
    std::vector<int> nearby;
    int row = int(random.below(search.outputs));
    if (way == 1) {
        int node = shared[random.below(shared.size())];
        if (random.below(2)) node = int(random.below(search.inputs));
        for (int reader : search.nodes[node].readers)
            if (search.rows[reader].owner >= 0) nearby.push_back(search.rows[reader].owner);
    }
    for (size_t i = 0; i < count; i++) {
        if (way == 0) nearby = {shared[random.below(shared.size())]};
        if (way == 2) {
            nearby.clear();
            for (auto& term : search.rows[row].terms)
                if (term.node >= search.inputs) nearby.push_back(term.node);
        }
        if (nearby.empty()) return;
        size_t place = random.below(nearby.size());
        int node = nearby[place];
        nearby.erase(nearby.begin() + long(place));
        if (search.nodes[node].alive) search.expand_node(node);
    }
}

void improve(Search& search, uint64_t budget) {
    search.work = 0;
    search.noise = NOISE;
    double cost = search.cost();
    uint64_t shown = 0;
    while (search.work < budget) {
        std::vector<int> shared = search.alive_shared();
        if (shared.empty()) return;
        search.begin();
        undo_some(search, shared);
        search.greedy();
        search.finish_delta();
        double heat = 1 - double(search.work) / double(budget) / COLD_FROM;
        double temperature = heat > 0 ? cost * TEMPERATURE * heat : 0;
        double allowed = temperature * -std::log(search.random.uniform() + 1e-12) / 2;
        if (search.delta() <= allowed) {
            search.commit();
            cost += search.delta();
        } else {
            search.undo();
        }
        // An iteration that finds nothing to do must not last for ever.
        search.work += 100;
        if (search.nodes.size() > 2 * (shared.size() + search.inputs) + 1000) search.compact();
        if (search.work / (budget / 50 + 1) > shown) {
            shown = search.work / (budget / 50 + 1);
            std::fprintf(stderr, "progress %.3f %.0f\n",
                         std::min(1.0, double(search.work) / double(budget)), cost);
        }
    }
}

void write_row(const Row& row, const std::vector<int>& number) {
    std::vector<Term> terms = row.terms;
    for (auto& term : terms) term.node = number[term.node];
    std::sort(terms.begin(), terms.end(),
              [](const Term& a, const Term& b) { return a.node < b.node; });
    std::printf("%zu", terms.size());
    for (auto& term : terms) std::printf(" %d %ld", term.node, long(term.coefficient));
    std::printf("\n");
}

/// Shared terms, each after those that it reads, then the outputs.
void write_solution(const Search& search) {
    std::vector<int> number(search.nodes.size(), -1), order;
    for (int i = 0; i < search.inputs; i++) number[i] = i;
    std::function<void(int)> visit = [&](int node) {
        if (number[node] >= 0) return;
        for (auto& term : search.rows[search.nodes[node].row].terms) visit(term.node);
        number[node] = search.inputs + int(order.size());
        order.push_back(node);
    };
    for (auto& row : search.rows)
        if (row.owner < 0)
            for (auto& term : row.terms) visit(term.node);
    std::printf("%zu\n", order.size());
    for (int node : order) write_row(search.rows[search.nodes[node].row], number);
    for (auto& row : search.rows)
        if (row.owner < 0) write_row(row, number);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: share_search FULL_ADDER HALF_ADDER EFFORT SEED < problem\n");
        return 2;
    }
    Search search;
    search.costs = {std::atof(argv[1]), std::atof(argv[2])};
    double effort = std::atof(argv[3]);
    search.random.state = std::strtoull(argv[4], nullptr, 10);
    read_problem(search);
    search.start();
    double unshared = search.cost();
    search.queue_all();
    search.greedy();
    uint64_t start_work = search.work;
    search.compact();
    std::fprintf(stderr, "greedy %.0f %.0f\n", unshared, search.cost());
    double usual = std::clamp(DEFAULT_SHARE * double(start_work), LEAST_WORK, MOST_WORK);
    if (effort > 0) improve(search, uint64_t(effort * usual));
    write_solution(search);
}
