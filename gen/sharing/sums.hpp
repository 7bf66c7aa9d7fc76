#pragma once
// Sums over inputs and shared terms: what greedy choice and annealing have in common.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "digits.hpp"

/// splitmix64 (Steele et al. 2014): the same numbers everywhere.
struct Random {
    uint64_t state;
    uint64_t next() {
        uint64_t z = (state += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    double uniform() { return (next() >> 11) * 0x1.0p-53; }
    size_t below(size_t n) { return next() % n; }
};

struct Term {
    int node;
    Integer coefficient;
};

/// Two nodes and how they are added: left * 2^-shift or right * 2^shift, whichever is whole.
struct Pair {
    int left, right, shift, sign;
    bool own() const { return left == right; }
    Integer left_coefficient() const { return Integer(1) << (shift < 0 ? -shift : 0); }
    Integer right_coefficient() const { return Integer(sign) * (Integer(1) << (shift > 0 ? shift : 0)); }
    std::vector<Term> terms() const {
        if (own()) return {{left, left_coefficient() + right_coefficient()}};
        return {{left, left_coefficient()}, {right, right_coefficient()}};
    }
};

static int bit_length(Integer value) { return value ? 64 - __builtin_clzll(uint64_t(value)) : 0; }

static int digits_of(const std::vector<Term>& terms) {
    int digits = 0;
    for (auto& term : terms) digits += signed_digits(term.coefficient);
    return digits;
}

/// What a node stands for.
struct Value {
    std::vector<Term> form;      // over the inputs, in their order
    std::vector<uint64_t> mask;  // inputs that it depends on
    Integer range = 0;           // greatest minus least value
    int width = 0;
};

/// Values of nodes, from the ranges of the inputs.
class Values {
public:
    void add_input(Integer range) { ranges_.push_back(range); }
    size_t inputs() const { return ranges_.size(); }
    Value input(int number) const { return of({{number, 1}}); }
    Value combine(const Value& left, const Value& right, const Pair& pair) const {
        return of(combined(left, right, pair));
    }
    /// Value of a sum of nodes.
    template <class ValueOf>
    Value sum(const std::vector<Term>& terms, ValueOf value_of) const {
        std::vector<Integer> total(inputs(), 0);
        for (auto& term : terms)
            for (auto& part : value_of(term.node).form)
                total[part.node] += term.coefficient * part.coefficient;
        std::vector<Term> form;
        for (size_t i = 0; i < total.size(); i++)
            if (total[i]) form.push_back({int(i), total[i]});
        return of(form);
    }
    /// Bits of a pair's value, without making it where the two depend on different inputs.
    int width(const Value& left, const Value& right, const Pair& pair) const {
        bool apart = !pair.own();
        for (size_t i = 0; apart && i < left.mask.size(); i++) apart = !(left.mask[i] & right.mask[i]);
        if (apart)
            return bit_length(left.range * pair.left_coefficient() +
                              right.range * std::llabs(pair.right_coefficient()));
        return bit_length(range_of(combined(left, right, pair)));
    }

private:
    std::vector<Integer> ranges_;

    static std::vector<Term> combined(const Value& left, const Value& right, const Pair& pair) {
        Integer a = pair.left_coefficient(), b = pair.right_coefficient();
        std::vector<Term> sum;
        auto &x = left.form, &y = right.form;
        size_t i = 0, j = 0;
        while (i < x.size() || j < y.size()) {
            if (j == y.size() || (i < x.size() && x[i].node < y[j].node)) {
                sum.push_back({x[i].node, x[i].coefficient * a});
                i++;
            } else if (i == x.size() || y[j].node < x[i].node) {
                sum.push_back({y[j].node, y[j].coefficient * b});
                j++;
            } else {
                Integer c = x[i].coefficient * a + y[j].coefficient * b;
                if (c) sum.push_back({x[i].node, c});
                i++, j++;
            }
        }
        return sum;
    }
    Integer range_of(const std::vector<Term>& form) const {
        Integer range = 0;
        for (auto& term : form) range += std::llabs(term.coefficient) * ranges_[term.node];
        return range;
    }
    Value of(std::vector<Term> form) const {
        Value value;
        value.range = range_of(form);
        value.width = bit_length(value.range);
        value.mask.assign((inputs() + 63) / 64, 0);
        for (auto& term : form) value.mask[term.node / 64] |= 1ull << (term.node % 64);
        value.form = std::move(form);
        return value;
    }
};

/// Area of what adds. A sum costs a full adder for each bit that goes in and does not come out. The
/// definition of a shared term costs some half adders more, fitted to compiled networks: with two digits for
/// the lowest column that both reach, and for those that one of them has beyond the other.
struct Costs {
    double full_adder, half_adder;
    double definition(int digits, int extension) const {
        return half_adder * (digits > 2 ? 3.5 : 1.2 + 0.5 * extension);
    }
};

struct Solution {
    std::vector<std::vector<Term>> shared;   // term k is node inputs + k
    std::vector<std::vector<Term>> outputs;
};
