#pragma once
// Sums and the terms that they share: greedy choice of two-term patterns, and undoing of parts of it.
// Every definition of a shared term is itself a sum in which patterns are looked for.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <queue>
#include <unordered_map>
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

/// A sum: an output's, or the definition of a shared node.
struct Row {
    std::vector<Term> terms;
    int owner;  // node that it defines, or -1
    bool counted = false;  // its patterns are in the table
    int saved = -1;        // iteration in which its content was kept for undoing
};

struct Node {
    std::vector<Term> form;       // over the inputs
    std::vector<uint64_t> mask;   // inputs that it depends on
    Integer range = 0;            // greatest minus least value
    int width = 0;
    int row = -1;                 // -1: an input
    bool alive = true;
    std::vector<int> readers;     // rows
};

struct Entry {
    uint64_t key = 0;
    int count = 0;
    int saving = INT32_MIN;  // bits that one use saves; INT32_MIN: not known yet
    float half_adders = 0;
};

struct Costs {
    double full_adder, half_adder;
};

static constexpr double EXTENSION = 0.25;  // part of a half adder for each bit beyond the overlap

static int bit_length(Integer value) { return value ? 64 - __builtin_clzll(uint64_t(value)) : 0; }

class Search {
public:
    std::vector<Node> nodes;
    std::vector<Row> rows;
    int inputs = 0, outputs = 0;
    Costs costs{};
    Random random{1};
    double noise = 0;
    uint64_t work = 0;

    void add_input(Integer range) {
        Node node;
        node.form = {{inputs, 1}};
        node.range = range;
        node.width = bit_length(range);
        nodes.push_back(node);
        input_ranges_.push_back(range);
        inputs++;
    }
    void add_output(const std::vector<Term>& terms) {
        Row row;
        row.owner = -1;
        row.terms = terms;
        rows.push_back(row);
        outputs++;
    }
    void start() {
        size_t words = (inputs + 63) / 64;
        for (int i = 0; i < inputs; i++) {
            nodes[i].mask.assign(words, 0);
            nodes[i].mask[i / 64] |= 1ull << (i % 64);
        }
        for (size_t r = 0; r < rows.size(); r++)
            for (auto& term : rows[r].terms) nodes[term.node].readers.push_back(int(r));
        table_.assign(1 << 16, Entry());
        for (size_t r = 0; r < rows.size(); r++) count_row(int(r));
    }

    // ------------------------------------------------------------ cost

    double row_cost(const Row& row) const {
        double bits = 0;
        int digits = 0, low = 1 << 20, high = 0;
        for (auto& term : row.terms) {
            int n = signed_digits(term.coefficient), width = nodes[term.node].width;
            digits += n;
            bits += double(n) * width;
            if (row.owner >= 0) {
                int place = __builtin_ctzll(uint64_t(std::llabs(term.coefficient)));
                low = std::min(low, place + width);
                high = std::max(high, place + width);
            }
        }
        if (row.owner < 0) return costs.full_adder * bits;
        double extension = digits == 2 ? high - low : 0;
        return costs.full_adder * (bits - nodes[row.owner].width) +
               costs.half_adder * (1 + EXTENSION * extension);
    }
    double cost() const {
        double total = 0;
        for (auto& row : rows)
            if (row.owner < 0 || nodes[row.owner].alive) total += row_cost(row);
        return total;
    }

    // ------------------------------------------------------------ greedy choice

    void greedy() {
        for (int round = 0; round < 4; round++) {
            bool changed = false;
            while (true) {
                int best = pop();
                if (best < 0) break;
                changed |= apply(table_[best].key);
            }
            if (!tidy() && !changed) break;
            if (queue_.empty()) break;
        }
    }
    void queue_all() {
        queue_ = {};
        for (size_t i = 0; i < table_.size(); i++)
            if (table_[i].key && table_[i].count > 0) push(int(i));
    }

    // ------------------------------------------------------------ search

    void begin() {
        iteration_++;
        journal_.clear();
        saved_rows_.clear();
        created_.clear();
        killed_.clear();
        def_log_.clear();
        queue_ = {};
        touched_.clear();
        recording_ = true;
        delta_ = 0;
    }
    void commit() {
        recording_ = false;
    }
    void undo() {
        for (auto& [key, amount] : journal_) table_[find(key)].count -= amount;
        for (auto i = def_log_.rbegin(); i != def_log_.rend(); ++i)
            if (i->second < 0) definitions_.erase(i->first);
            else definitions_[i->first] = i->second;
        recording_ = false;
        for (int v : created_) unlink(nodes[v].row);
        for (auto& [r, old] : saved_rows_) {
            unlink(r);
            rows[r].terms = old.terms;
            rows[r].counted = old.counted;
        }
        for (int v : killed_) nodes[v].alive = true;
        for (int v : created_) nodes[v].alive = false;
        for (auto& [r, old] : saved_rows_)
            if (rows[r].owner < 0 || nodes[rows[r].owner].alive) link(r);
        if (!created_.empty()) {  // created nodes are the last ones: forget them
            int first = created_.front();
            nodes.resize(first);
            while (!rows.empty() && rows.back().owner >= first) rows.pop_back();
        }
    }

    void expand_node(int v) {
        std::vector<int> readers = nodes[v].readers;
        for (int r : readers) substitute(r, v);
        kill(v);
    }
    /// Replace a node by its definition in one row.
    void substitute(int r, int v) {
        Integer coefficient = coefficient_of(r, v);
        std::vector<Term> changes = {{v, 0}};
        for (auto& term : rows[nodes[v].row].terms)
            changes.push_back({term.node, coefficient_of(r, term.node) + coefficient * term.coefficient});
        edit(r, changes);
    }
    std::vector<int> alive_shared() const {
        std::vector<int> found;
        for (size_t v = inputs; v < nodes.size(); v++)
            if (nodes[v].alive) found.push_back(int(v));
        return found;
    }
    /// Forget dead nodes and renumber; only between iterations.
    void compact() {
        std::vector<int> moved(nodes.size(), -1);
        std::vector<Node> kept;
        for (size_t v = 0; v < nodes.size(); v++)
            if (nodes[v].alive) {
                moved[v] = int(kept.size());
                kept.push_back(std::move(nodes[v]));
            }
        std::vector<Row> kept_rows;
        for (auto& row : rows)
            if (row.owner < 0 || moved[row.owner] >= 0) {
                if (row.owner >= 0) row.owner = moved[row.owner];
                for (auto& term : row.terms) term.node = moved[term.node];
                row.saved = -1;
                kept_rows.push_back(std::move(row));
            }
        nodes = std::move(kept);
        rows = std::move(kept_rows);
        for (auto& node : nodes) node.readers.clear(), node.row = -1;
        table_.assign(table_.size(), Entry());
        used_ = 0;
        definitions_.clear();
        for (size_t r = 0; r < rows.size(); r++) {
            rows[r].counted = false;
            if (rows[r].owner >= 0) nodes[rows[r].owner].row = int(r);
            for (auto& term : rows[r].terms) nodes[term.node].readers.push_back(int(r));
        }
        for (size_t r = 0; r < rows.size(); r++) count_row(int(r));
    }
    double delta() const { return delta_; }

private:
    std::vector<Integer> input_ranges_;
    std::vector<Entry> table_;
    size_t used_ = 0;
    std::unordered_map<uint64_t, int> definitions_;  // two-term definition to node
    struct Candidate {
        double gain;
        uint64_t key;
        bool operator<(const Candidate& other) const {
            return gain != other.gain ? gain < other.gain : key > other.key;
        }
    };
    std::priority_queue<Candidate> queue_;
    std::vector<uint64_t> touched_;
    int iteration_ = 0;
    bool recording_ = false;
    double delta_ = 0;
    std::vector<std::pair<uint64_t, int>> journal_;
    std::vector<std::pair<int, Row>> saved_rows_;
    std::vector<int> created_, killed_;
    std::vector<std::pair<uint64_t, int>> def_log_;

    // ------------------------------------------------------------ patterns

    static uint64_t key_of(int left, int right, int shift, int sign) {
        return (uint64_t(left + 1) << 36) | (uint64_t(right + 1) << 8) | (uint64_t(shift + 63) << 1) |
               (sign > 0);
    }
    struct Decoded {
        int left, right, shift, sign;
    };
    static Decoded decode(uint64_t key) {
        return {int(key >> 36) - 1, int((key >> 8) & 0xFFFFFFF) - 1, int((key >> 1) & 0x7F) - 63,
                (key & 1) ? 1 : -1};
    }
    int find(uint64_t key) {
        size_t mask = table_.size() - 1;
        size_t i = (key * 0x9E3779B97F4A7C15ull) >> 20 & mask;
        while (table_[i].key && table_[i].key != key) i = (i + 1) & mask;
        if (!table_[i].key) {
            table_[i].key = key;
            used_++;
            if (used_ * 3 > table_.size() * 2) {
                rebuild();
                return find(key);
            }
        }
        return int(i);
    }
    void rebuild() {
        size_t live = 0;
        for (auto& entry : table_) live += entry.key && entry.count;
        size_t size = 1 << 16;
        while (size < live * 2) size *= 2;
        std::vector<Entry> old;
        old.swap(table_);
        table_.assign(size, Entry());
        used_ = 0;
        for (auto& entry : old)
            if (entry.key && entry.count) {
                size_t mask = size - 1, i = (entry.key * 0x9E3779B97F4A7C15ull) >> 20 & mask;
                while (table_[i].key) i = (i + 1) & mask;
                table_[i] = entry;
                used_++;
            }
    }
    void bump(int left, int right, int shift, int sign, int amount) {
        if (left > right) {
            std::swap(left, right);
            shift = -shift;
        }
        int i = find(key_of(left, right, shift, sign));
        table_[i].count += amount;
        work++;
        if (recording_) journal_.push_back({table_[i].key, amount});
        if (amount > 0) touched_.push_back(table_[i].key);
    }
    void count_pair(const Term& a, const Term& b, int sign) {
        for (auto& p : patterns_of(a.coefficient, b.coefficient))
            bump(a.node, b.node, p.shift, p.sign, sign * p.count);
    }
    void count_own(const Term& a, int sign) {
        for (auto& p : own_patterns_of(a.coefficient))
            bump(a.node, a.node, p.shift, p.sign, sign * p.count);
    }
    int digits_of(const Row& row) const {
        int digits = 0;
        for (auto& term : row.terms) digits += signed_digits(term.coefficient);
        return digits;
    }
    void count_row(int r) {
        Row& row = rows[r];
        int digits = digits_of(row);
        if (row.owner >= 0 && digits == 2) define(row);
        if (digits < (row.owner >= 0 ? 3 : 2)) return;
        row.counted = true;
        count_all(row, 1);
    }
    void uncount_row(int r) {
        Row& row = rows[r];
        if (row.owner >= 0 && !row.counted) undefine(row);
        if (!row.counted) return;
        count_all(row, -1);
        row.counted = false;
    }
    void count_all(const Row& row, int sign) {
        for (size_t i = 0; i < row.terms.size(); i++) {
            count_own(row.terms[i], sign);
            for (size_t j = i + 1; j < row.terms.size(); j++)
                count_pair(row.terms[i], row.terms[j], sign);
        }
    }
    /// Key of a two-term definition whose value is the pattern's own; 0 for others.
    uint64_t definition_key(const Row& row) const {
        if (digits_of(row) != 2) return 0;
        if (row.terms.size() == 2) {
            Term a = row.terms[0], b = row.terms[1];
            if (a.node > b.node) std::swap(a, b);
            int pa = __builtin_ctzll(uint64_t(std::llabs(a.coefficient)));
            int pb = __builtin_ctzll(uint64_t(std::llabs(b.coefficient)));
            if (std::min(pa, pb) || a.coefficient < 0) return 0;
            return key_of(a.node, b.node, pb - pa, b.coefficient < 0 ? -1 : 1);
        }
        Integer c = row.terms[0].coefficient;
        auto& own = own_patterns_of(c);
        if (own.empty() || c < 0 || !(c & 1)) return 0;
        Integer rest = c, multiple = 0;
        std::vector<Digit> scratch;
        take_own(rest, own[0].shift, own[0].sign, multiple, scratch);
        if (multiple != 1) return 0;
        return key_of(row.terms[0].node, row.terms[0].node, own[0].shift, own[0].sign);
    }
    void define(const Row& row) {
        uint64_t key = definition_key(row);
        if (!key || definitions_.count(key)) return;
        if (recording_) def_log_.push_back({key, -1});
        definitions_[key] = row.owner;
    }
    void undefine(const Row& row) {
        uint64_t key = definition_key(row);
        auto place = definitions_.find(key);
        if (!key || place == definitions_.end() || place->second != row.owner) return;
        if (recording_) def_log_.push_back({key, row.owner});
        definitions_.erase(place);
    }

    // ------------------------------------------------------------ gains

    std::vector<Term> combined(const Decoded& p) const {
        Integer a = Integer(1) << (p.shift < 0 ? -p.shift : 0);
        Integer b = p.sign * (Integer(1) << (p.shift > 0 ? p.shift : 0));
        std::vector<Term> sum;
        auto &x = nodes[p.left].form, &y = nodes[p.right].form;
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
        for (auto& term : form) range += std::llabs(term.coefficient) * input_ranges_[term.node];
        return range;
    }
    void fill(Entry& entry) const {
        Decoded p = decode(entry.key);
        const Node &a = nodes[p.left], &b = nodes[p.right];
        bool apart = p.left != p.right;
        for (size_t i = 0; apart && i < a.mask.size(); i++) apart = !(a.mask[i] & b.mask[i]);
        int sa = p.shift < 0 ? -p.shift : 0, sb = p.shift > 0 ? p.shift : 0;
        Integer range = apart ? (a.range << sa) + (b.range << sb) : range_of(combined(p));
        entry.saving = a.width + b.width - bit_length(range);
        entry.half_adders = float(1 + EXTENSION * std::abs(a.width + sa - b.width - sb));
    }
    double gain(Entry& entry) {
        if (entry.count < 1) return 0;
        if (entry.count == 1 && !definitions_.count(entry.key)) return 0;
        if (entry.saving == INT32_MIN) fill(entry);
        if (entry.saving <= 0) return 0;
        if (definitions_.count(entry.key)) return entry.count * entry.saving * costs.full_adder;
        return (entry.count - 1) * entry.saving * costs.full_adder -
               entry.half_adders * costs.half_adder;
    }
    void push(int i) {
        double g = gain(table_[i]);
        if (g <= 1e-9) return;
        queue_.push({g * (1 + noise * random.uniform()), table_[i].key});
    }
    void push_touched() {
        std::sort(touched_.begin(), touched_.end());
        touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
        for (uint64_t key : touched_) push(find(key));
        touched_.clear();
    }
    int pop() {
        push_touched();
        while (!queue_.empty()) {
            Candidate top = queue_.top();
            queue_.pop();
            int i = find(top.key);
            double g = gain(table_[i]);
            if (g <= 1e-9) continue;
            // Its count fell since it was pushed: try again with what it is worth now.
            if (g * (1 + noise) + 1e-9 < top.gain) {
                queue_.push({g * (1 + noise * random.uniform()), top.key});
                continue;
            }
            return i;
        }
        return -1;
    }

    // ------------------------------------------------------------ changes

    void save(int r) {
        if (!recording_ || rows[r].saved == iteration_) return;
        rows[r].saved = iteration_;
        if (rows[r].owner >= 0 && !created_.empty() && rows[r].owner >= created_.front()) return;
        Row copy = rows[r];
        saved_rows_.push_back({r, copy});
        delta_ -= row_cost(rows[r]);
    }
    Integer coefficient_of(int r, int v) const {
        for (auto& term : rows[r].terms)
            if (term.node == v) return term.coefficient;
        return 0;
    }
    void change(int r, int v, Integer coefficient) {
        Row& row = rows[r];
        for (size_t i = 0; i < row.terms.size(); i++)
            if (row.terms[i].node == v) {
                if (coefficient) row.terms[i].coefficient = coefficient;
                else {
                    row.terms[i] = row.terms.back();
                    row.terms.pop_back();
                    remove_reader(v, r);
                }
                return;
            }
        if (!coefficient) return;
        row.terms.push_back({v, coefficient});
        nodes[v].readers.push_back(r);
    }
    void remove_reader(int v, int r) {
        auto& readers = nodes[v].readers;
        for (size_t i = 0; i < readers.size(); i++)
            if (readers[i] == r) {
                readers[i] = readers.back();
                readers.pop_back();
                return;
            }
    }
    void unlink(int r) {
        for (auto& term : rows[r].terms) remove_reader(term.node, r);
    }
    void link(int r) {
        for (auto& term : rows[r].terms) nodes[term.node].readers.push_back(r);
    }
    void kill(int v) {
        int r = nodes[v].row;
        save(r);
        uncount_row(r);
        unlink(r);
        rows[r].terms.clear();
        nodes[v].alive = false;
        killed_.push_back(v);
    }
    int create(const Decoded& p) {
        Node node;
        node.form = combined(p);
        node.range = range_of(node.form);
        node.width = bit_length(node.range);
        node.mask.assign((inputs + 63) / 64, 0);
        for (auto& term : node.form) node.mask[term.node / 64] |= 1ull << (term.node % 64);
        node.row = int(rows.size());
        int v = int(nodes.size());
        nodes.push_back(std::move(node));
        Row row;
        row.owner = v;
        row.saved = iteration_;
        Integer a = Integer(1) << (p.shift < 0 ? -p.shift : 0);
        Integer b = p.sign * (Integer(1) << (p.shift > 0 ? p.shift : 0));
        if (p.left == p.right) row.terms = {{p.left, a + b}};
        else row.terms = {{p.left, a}, {p.right, b}};
        rows.push_back(row);
        link(nodes[v].row);
        count_row(nodes[v].row);
        if (recording_) created_.push_back(v);
        return v;
    }
    bool apply(uint64_t key) {
        Decoded p = decode(key);
        auto known = definitions_.find(key);
        int v = known == definitions_.end() ? -1 : known->second;
        std::vector<int> readers;
        {
            auto &a = nodes[p.left].readers, &b = nodes[p.right].readers;
            readers = a.size() < b.size() ? a : b;
            std::sort(readers.begin(), readers.end());
        }
        bool changed = false;
        std::vector<Digit> scratch;
        for (int r : readers) {
            if (!rows[r].counted || (v >= 0 && rows[r].owner == v)) continue;
            Integer left = coefficient_of(r, p.left), right = coefficient_of(r, p.right);
            if (!left || !right) continue;
            Integer multiple = 0;
            if (p.left == p.right)
                while (take_own(left, p.shift, p.sign, multiple, scratch)) {}
            else
                while (take(left, right, p.shift, p.sign, multiple, scratch)) {}
            if (!multiple) continue;
            if (v < 0) v = create(p);
            replace(r, p, left, right, v, multiple);
            changed = true;
        }
        return changed;
    }
    void replace(int r, const Decoded& p, Integer left, Integer right, int v, Integer multiple) {
        std::vector<Term> changes = {{p.left, left}};
        if (p.left != p.right) changes.push_back({p.right, right});
        changes.push_back({v, coefficient_of(r, v) + multiple});
        edit(r, changes);
    }
    /// Give some nodes of a row new coefficients; the counts of patterns follow.
    void edit(int r, const std::vector<Term>& changes) {
        save(r);
        Row& row = rows[r];
        if (row.owner >= 0 || row.terms.size() <= 2 * changes.size()) {
            uncount_row(r);
            for (auto& term : changes) change(r, term.node, term.coefficient);
            count_row(r);
            return;
        }
        if (row.counted) count_changing(r, changes, -1);
        for (auto& term : changes) change(r, term.node, term.coefficient);
        bool counts = digits_of(row) >= 2;
        if (row.counted && counts) count_changing(r, changes, 1);
        else if (row.counted) {
            // What is left of it was counted and has no pair any more.
            count_rest(r, changes, -1);
            row.counted = false;
        } else count_row(r);
    }
    void count_rest(int r, const std::vector<Term>& changes, int sign) {
        Row rest;
        for (auto& term : rows[r].terms) {
            bool changed = false;
            for (auto& other : changes) changed |= other.node == term.node;
            if (!changed) rest.terms.push_back(term);
        }
        count_all(rest, sign);
    }
    /// Count all pairs of a row in which a changing node takes part.
    void count_changing(int r, const std::vector<Term>& changes, int sign) {
        auto& terms = rows[r].terms;
        auto rank = [&](int node) {
            for (size_t i = 0; i < changes.size(); i++)
                if (changes[i].node == node) return int(i);
            return -1;
        };
        for (auto& term : terms) {
            int own = rank(term.node);
            if (own < 0) continue;
            count_own(term, sign);
            for (auto& other : terms) {
                int its = rank(other.node);
                if (other.node == term.node || (its >= 0 && its < own)) continue;
                count_pair(term, other, sign);
            }
        }
    }
    /// Nodes without use go; a node used once goes into its user's sum.
    bool tidy() {
        bool changed = false;
        for (int v = int(nodes.size()) - 1; v >= inputs; v--) {
            if (!nodes[v].alive) continue;
            auto& readers = nodes[v].readers;
            if (readers.empty()) {
                kill(v);
                changed = true;
            } else if (readers.size() == 1 &&
                       signed_digits(coefficient_of(readers[0], v)) == 1) {
                expand_node(v);
                changed = true;
            }
        }
        return changed;
    }

public:
    void finish_delta() {
        for (auto& [r, old] : saved_rows_)
            if (rows[r].owner < 0 || nodes[rows[r].owner].alive) delta_ += row_cost(rows[r]);
        for (int v : created_)
            if (nodes[v].alive) delta_ += row_cost(rows[nodes[v].row]);
    }
};
