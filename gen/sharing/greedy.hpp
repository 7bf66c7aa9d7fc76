#pragma once
// Greedy choice: the two-term pattern that saves most becomes a shared term, until none saves.
// Every definition of a shared term is itself a sum in which patterns are looked for.
#include <queue>
#include <unordered_map>

#include "sums.hpp"

class Greedy {
public:
    Greedy(const Values& values, const Costs& costs, const std::vector<std::vector<Term>>& outputs)
        : values_(values), costs_(costs), inputs_(int(values.inputs())) {
        for (int i = 0; i < inputs_; i++) nodes_.push_back({values.input(i), -1, true, {}});
        for (auto& terms : outputs) rows_.push_back({terms, -1, false});
        for (size_t r = 0; r < rows_.size(); r++) link(int(r));
        table_.assign(1 << 16, Entry());
        for (size_t r = 0; r < rows_.size(); r++) count_row(int(r));
    }
    void run() {
        for (size_t i = 0; i < table_.size(); i++)
            if (table_[i].key && table_[i].count > 0) push(int(i));
        for (int round = 0; round < 4; round++) {
            bool changed = false;
            for (int best = pop(); best >= 0; best = pop()) changed |= apply(table_[best].key);
            if (!tidy() && !changed) break;
        }
    }
    Solution solution() const {
        Solution found;
        std::vector<int> number(nodes_.size());
        int count = 0;
        for (size_t v = 0; v < nodes_.size(); v++)
            if (nodes_[v].alive) number[v] = count++;
        for (auto& row : rows_) {
            if (row.owner >= 0 && !nodes_[row.owner].alive) continue;
            std::vector<Term> terms = row.terms;
            for (auto& term : terms) term.node = number[term.node];
            (row.owner < 0 ? found.outputs : found.shared).push_back(terms);
        }
        return found;
    }

private:
    struct Row {
        std::vector<Term> terms;
        int owner;     // node that it defines, or -1: an output
        bool counted;  // its patterns are in the table
    };
    struct Node {
        Value value;
        int row;  // -1: an input
        bool alive;
        std::vector<int> readers;  // rows
    };
    struct Entry {
        uint64_t key = 0;
        int count = 0;
        int saving = INT32_MIN;  // bits that one use saves; INT32_MIN: not known yet
        float definition = 0;
    };
    struct Candidate {
        double gain;
        uint64_t key;
        bool operator<(const Candidate& other) const {
            return gain != other.gain ? gain < other.gain : key > other.key;
        }
    };
    const Values& values_;
    Costs costs_;
    int inputs_;
    std::vector<Node> nodes_;
    std::vector<Row> rows_;
    std::vector<Entry> table_;
    size_t used_ = 0;
    std::unordered_map<uint64_t, int> definitions_;  // two-term definition to node
    std::priority_queue<Candidate> queue_;
    std::vector<uint64_t> touched_;

    // ------------------------------------------------------------ table of patterns

    static uint64_t key_of(const Pair& p) {
        return (uint64_t(p.left + 1) << 36) | (uint64_t(p.right + 1) << 8) |
               (uint64_t(p.shift + 63) << 1) | (p.sign > 0);
    }
    static Pair decode(uint64_t key) {
        return {int(key >> 36) - 1, int((key >> 8) & 0xFFFFFFF) - 1, int((key >> 1) & 0x7F) - 63,
                (key & 1) ? 1 : -1};
    }
    static size_t hash(uint64_t key) { return (key * 0x9E3779B97F4A7C15ull) >> 20; }
    int find(uint64_t key) {
        size_t mask = table_.size() - 1, i = hash(key) & mask;
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
                size_t i = hash(entry.key) & (size - 1);
                while (table_[i].key) i = (i + 1) & (size - 1);
                table_[i] = entry;
                used_++;
            }
    }
    void bump(int left, int right, int shift, int sign, int amount) {
        if (left > right) {
            std::swap(left, right);
            shift = -shift;
        }
        Entry& entry = table_[find(key_of({left, right, shift, sign}))];
        entry.count += amount;
        if (amount > 0) touched_.push_back(entry.key);
    }
    void count_pair(const Term& a, const Term& b, int sign) {
        for (auto& p : patterns_of(a.coefficient, b.coefficient))
            bump(a.node, b.node, p.shift, p.sign, sign * p.count);
    }
    void count_own(const Term& a, int sign) {
        for (auto& p : own_patterns_of(a.coefficient))
            bump(a.node, a.node, p.shift, p.sign, sign * p.count);
    }
    void count_row(int r) {
        Row& row = rows_[r];
        int digits = digits_of(row.terms);
        if (row.owner >= 0 && digits == 2) define(row);
        if (digits < (row.owner >= 0 ? 3 : 2)) return;
        row.counted = true;
        count_all(row.terms, 1);
    }
    void uncount_row(int r) {
        Row& row = rows_[r];
        if (row.owner >= 0 && !row.counted) undefine(row);
        if (row.counted) count_all(row.terms, -1);
        row.counted = false;
    }
    void count_all(const std::vector<Term>& terms, int sign) {
        for (size_t i = 0; i < terms.size(); i++) {
            count_own(terms[i], sign);
            for (size_t j = i + 1; j < terms.size(); j++) count_pair(terms[i], terms[j], sign);
        }
    }
    /// Count all pairs of a row in which a changing node takes part.
    void count_changing(int r, const std::vector<Term>& changes, int sign) {
        auto& terms = rows_[r].terms;
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
    /// Key of a two-term definition whose value is the pattern's own; 0 for others.
    static uint64_t definition_key(const Row& row) {
        if (digits_of(row.terms) != 2) return 0;
        if (row.terms.size() == 2) {
            Term a = row.terms[0], b = row.terms[1];
            if (a.node > b.node) std::swap(a, b);
            int pa = __builtin_ctzll(uint64_t(std::llabs(a.coefficient)));
            int pb = __builtin_ctzll(uint64_t(std::llabs(b.coefficient)));
            if (std::min(pa, pb) || a.coefficient < 0) return 0;
            return key_of({a.node, b.node, pb - pa, b.coefficient < 0 ? -1 : 1});
        }
        Integer c = row.terms[0].coefficient;
        auto& own = own_patterns_of(c);
        if (own.empty() || c < 0 || !(c & 1)) return 0;
        Integer rest = c, multiple = 0;
        std::vector<Digit> scratch;
        take_own(rest, own[0].shift, own[0].sign, multiple, scratch);
        if (multiple != 1) return 0;
        return key_of({row.terms[0].node, row.terms[0].node, own[0].shift, own[0].sign});
    }
    void define(const Row& row) {
        uint64_t key = definition_key(row);
        if (key && !definitions_.count(key)) definitions_[key] = row.owner;
    }
    void undefine(const Row& row) {
        auto place = definitions_.find(definition_key(row));
        if (place != definitions_.end() && place->second == row.owner) definitions_.erase(place);
    }

    // ------------------------------------------------------------ gains

    double gain(Entry& entry) {
        bool known = definitions_.count(entry.key);
        if (entry.count < (known ? 1 : 2)) return 0;
        if (entry.saving == INT32_MIN) {
            Pair p = decode(entry.key);
            const Value &a = nodes_[p.left].value, &b = nodes_[p.right].value;
            entry.saving = a.width + b.width - values_.width(a, b, p);
            entry.definition = float(costs_.definition(2, std::abs(a.width - b.width - p.shift)));
        }
        if (entry.saving <= 0) return 0;
        if (known) return entry.count * entry.saving * costs_.full_adder;
        return (entry.count - 1) * entry.saving * costs_.full_adder - entry.definition;
    }
    void push(int i) {
        double g = gain(table_[i]);
        if (g > 1e-9) queue_.push({g, table_[i].key});
    }
    int pop() {
        std::sort(touched_.begin(), touched_.end());
        touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
        for (uint64_t key : touched_) push(find(key));
        touched_.clear();
        while (!queue_.empty()) {
            Candidate top = queue_.top();
            queue_.pop();
            int i = find(top.key);
            double g = gain(table_[i]);
            if (g <= 1e-9) continue;
            if (g + 1e-9 >= top.gain) return i;
            // Its count fell since it was pushed: try again with what it is worth now.
            queue_.push({g, top.key});
        }
        return -1;
    }

    // ------------------------------------------------------------ changes

    Integer coefficient_of(int r, int v) const {
        for (auto& term : rows_[r].terms)
            if (term.node == v) return term.coefficient;
        return 0;
    }
    void change(int r, int v, Integer coefficient) {
        auto& terms = rows_[r].terms;
        for (auto& term : terms)
            if (term.node == v) {
                term.coefficient = coefficient;
                if (coefficient) return;
                term = terms.back();
                terms.pop_back();
                remove_reader(v, r);
                return;
            }
        if (!coefficient) return;
        terms.push_back({v, coefficient});
        nodes_[v].readers.push_back(r);
    }
    void remove_reader(int v, int r) {
        auto& readers = nodes_[v].readers;
        auto place = std::find(readers.begin(), readers.end(), r);
        *place = readers.back();
        readers.pop_back();
    }
    void link(int r) {
        for (auto& term : rows_[r].terms) nodes_[term.node].readers.push_back(r);
    }
    void kill(int v) {
        int r = nodes_[v].row;
        uncount_row(r);
        for (auto& term : rows_[r].terms) remove_reader(term.node, r);
        rows_[r].terms.clear();
        nodes_[v].alive = false;
    }
    int create(const Pair& p) {
        int v = int(nodes_.size()), r = int(rows_.size());
        Value value = values_.combine(nodes_[p.left].value, nodes_[p.right].value, p);
        nodes_.push_back({std::move(value), r, true, {}});
        rows_.push_back({p.terms(), v, false});
        link(r);
        count_row(r);
        return v;
    }
    bool apply(uint64_t key) {
        Pair p = decode(key);
        auto known = definitions_.find(key);
        int v = known == definitions_.end() ? -1 : known->second;
        auto &a = nodes_[p.left].readers, &b = nodes_[p.right].readers;
        std::vector<int> readers = a.size() < b.size() ? a : b;
        std::sort(readers.begin(), readers.end());
        bool changed = false;
        std::vector<Digit> scratch;
        for (int r : readers) {
            if (!rows_[r].counted || (v >= 0 && rows_[r].owner == v)) continue;
            Integer left = coefficient_of(r, p.left), right = coefficient_of(r, p.right);
            if (!left || !right) continue;
            Integer multiple = take_all(left, right, p.shift, p.sign, p.own(), scratch);
            if (!multiple) continue;
            if (v < 0) v = create(p);
            std::vector<Term> changes = {{p.left, left}};
            if (!p.own()) changes.push_back({p.right, right});
            changes.push_back({v, coefficient_of(r, v) + multiple});
            edit(r, changes);
            changed = true;
        }
        return changed;
    }
    /// Give some nodes of a row new coefficients; the counts of patterns follow.
    void edit(int r, const std::vector<Term>& changes) {
        Row& row = rows_[r];
        if (row.owner >= 0 || row.terms.size() <= 2 * changes.size()) {
            uncount_row(r);
            for (auto& term : changes) change(r, term.node, term.coefficient);
            count_row(r);
            return;
        }
        count_changing(r, changes, -1);
        for (auto& term : changes) change(r, term.node, term.coefficient);
        count_changing(r, changes, 1);
    }
    /// Nodes without use go; a node used once goes into its user's sum.
    bool tidy() {
        bool changed = false;
        for (int v = int(nodes_.size()) - 1; v >= inputs_; v--) {
            if (!nodes_[v].alive) continue;
            auto& readers = nodes_[v].readers;
            if (readers.size() > 1) continue;
            if (readers.size() == 1) {
                int r = readers[0];
                Integer coefficient = coefficient_of(r, v);
                if (signed_digits(coefficient) != 1) continue;
                std::vector<Term> changes = {{v, 0}};
                for (auto& term : rows_[nodes_[v].row].terms)
                    changes.push_back(
                        {term.node, coefficient_of(r, term.node) + coefficient * term.coefficient});
                edit(r, changes);
            }
            kill(v);
            changed = true;
        }
        return changed;
    }
};
