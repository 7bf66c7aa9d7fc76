#pragma once
// Annealing: a few shared terms are undone, and patterns drawn at random take their places, each if it
// gains. What turns out worse is mostly taken back.
#include <cmath>

#include "sums.hpp"

class Annealer {
public:
    uint64_t work = 0;
    Annealer(const Values& values, const Costs& costs, const Solution& start, uint64_t seed)
        : values_(values), costs_(costs), random_{seed}, inputs_(int(values.inputs())),
          outputs_(int(start.outputs.size())) {
        rows_.resize(outputs_);
        for (int i = 0; i < inputs_; i++) slots_[new_slot()].value = values_.input(i);
        for (size_t k = 0; k < start.shared.size(); k++) new_slot();
        std::vector<int> waiting;
        for (int v = int(slots_.size()) - 1; v >= inputs_; v--) waiting.push_back(v);
        while (!waiting.empty()) make_after_operands(waiting, start);
        for (int o = 0; o < outputs_; o++)
            for (auto& term : start.outputs[o]) write(o, term.node, term.coefficient);
        work = 0;
    }
    double cost() const { return cost_; }
    bool empty() const { return alive_.empty(); }

    /// Undo some terms and choose anew; kept if it costs at most about `temperature` more.
    void step(double temperature) {
        log_.clear();
        touched_.clear();
        double before = cost_;
        ruin();
        recreate();
        tidy();
        work += 20;  // a step that finds nothing to do must not last for ever
        if (cost_ - before > temperature * -std::log(random_.uniform() + 1e-12)) {
            take_back();
            cost_ = before;
        }
        free_.insert(free_.end(), freed_.begin(), freed_.end());
        freed_.clear();
    }
    /// Shared terms, each after those that it reads, and the outputs.
    Solution solution() const {
        Solution found;
        std::vector<int> number(slots_.size(), -1);
        for (int i = 0; i < inputs_; i++) number[i] = i;
        for (int o = 0; o < outputs_; o++)
            for (auto& term : rows_[o].terms) give_number(term.node, number, found);
        for (int o = 0; o < outputs_; o++) found.outputs.push_back(renumbered(o, number));
        return found;
    }

private:
    // Found on 4x4x3 networks with random weights and on a trained, sparse one.
    static constexpr size_t MOST_UNDONE = 4;
    static constexpr int TRIES = 3;        // at each place that was undone
    static constexpr size_t PROBES = 100;  // terms of another row, in a try
    static constexpr int CREATED = -1, KILLED = -2;

    struct Slot {
        Value value;
        int place = -1;            // in alive_
        std::vector<int> readers;  // rows
    };
    struct Row {
        std::vector<Term> terms;
        std::vector<int> place;  // in an output: 1 + the place of each slot in terms, or 0
        int digits = 0;
        Integer bits = 0;
    };
    struct Change {
        int row, node;
        Integer old;
    };
    struct Spot {
        int row, node;
    };
    const Values& values_;
    Costs costs_;
    Random random_;
    int inputs_, outputs_;
    std::vector<Slot> slots_;               // inputs, then shared terms
    std::vector<Row> rows_;                 // outputs, then the definition of each slot
    std::vector<Integer> of_outputs_;       // coefficient of slot v in output o at v * outputs + o
    std::vector<int> alive_, free_, freed_;  // slots
    std::vector<Change> log_;
    std::vector<Spot> spots_;
    std::vector<int> touched_, near_, found_;
    std::vector<Digit> scratch_;
    double cost_ = 0;

    // ------------------------------------------------------------ rows

    int new_slot() {
        if (!free_.empty()) {
            int v = free_.back();
            free_.pop_back();
            return v;
        }
        slots_.emplace_back();
        rows_.emplace_back();
        of_outputs_.resize(slots_.size() * outputs_, 0);
        for (int o = 0; o < outputs_; o++) rows_[o].place.push_back(0);
        return int(slots_.size()) - 1;
    }
    int row_of(int v) const { return outputs_ + v; }
    Integer get(int r, int v) const {
        if (r < outputs_) return of_outputs_[size_t(v) * outputs_ + r];
        for (auto& term : rows_[r].terms)
            if (term.node == v) return term.coefficient;
        return 0;
    }
    int place_of(int r, int v) const {
        if (r < outputs_) return rows_[r].place[v] - 1;
        auto& terms = rows_[r].terms;
        for (size_t i = 0; i < terms.size(); i++)
            if (terms[i].node == v) return int(i);
        return -1;
    }
    void set(int r, int v, Integer coefficient) {
        Row& row = rows_[r];
        int i = place_of(r, v);
        int change = signed_digits(coefficient) - (i < 0 ? 0 : signed_digits(row.terms[i].coefficient));
        row.digits += change;
        row.bits += Integer(change) * slots_[v].value.width;
        if (r < outputs_) of_outputs_[size_t(v) * outputs_ + r] = coefficient;
        if (coefficient && i >= 0) {
            row.terms[i].coefficient = coefficient;
        } else if (coefficient) {
            row.terms.push_back({v, coefficient});
            if (r < outputs_) row.place[v] = int(row.terms.size());
            slots_[v].readers.push_back(r);
        } else if (i >= 0) {
            row.terms[i] = row.terms.back();
            row.terms.pop_back();
            if (r < outputs_) {
                if (i < int(row.terms.size())) row.place[row.terms[i].node] = i + 1;
                row.place[v] = 0;
            }
            auto& readers = slots_[v].readers;
            *std::find(readers.begin(), readers.end(), r) = readers.back();
            readers.pop_back();
        }
    }
    double row_cost(int r) const {
        const Row& row = rows_[r];
        if (r < outputs_) return costs_.full_adder * double(row.bits);
        if (row.terms.empty()) return 0;
        int extension = 0;
        if (row.digits == 2) {
            int low = 1 << 20, high = 0;
            for (auto& term : row.terms) {
                int end = __builtin_ctzll(uint64_t(std::llabs(term.coefficient))) +
                          slots_[term.node].value.width;
                low = std::min(low, end);
                high = std::max(high, end);
            }
            extension = high - low;
        }
        int width = slots_[r - outputs_].value.width;
        return costs_.full_adder * double(row.bits - width) + costs_.definition(row.digits, extension);
    }
    void write(int r, int v, Integer coefficient) {
        Integer old = get(r, v);
        if (old == coefficient) return;
        log_.push_back({r, v, old});
        cost_ -= row_cost(r);
        set(r, v, coefficient);
        cost_ += row_cost(r);
        if (v >= inputs_) touched_.push_back(v);
        work++;
    }
    void bear(int v) {
        slots_[v].place = int(alive_.size());
        alive_.push_back(v);
    }
    void bury(int v) {
        int place = slots_[v].place;
        alive_[place] = alive_.back();
        slots_[alive_[place]].place = place;
        alive_.pop_back();
        slots_[v].place = -1;
    }
    void kill(int v) {
        auto& terms = rows_[row_of(v)].terms;
        while (!terms.empty()) write(row_of(v), terms.back().node, 0);
        bury(v);
        log_.push_back({v, KILLED, 0});
        freed_.push_back(v);
    }
    /// Replace a term by its definition wherever it is read.
    void expand(int v, bool mark) {
        auto& definition = rows_[row_of(v)].terms;
        while (!slots_[v].readers.empty()) {
            int r = slots_[v].readers.back();
            Integer coefficient = get(r, v);
            write(r, v, 0);
            for (auto& term : definition) {
                write(r, term.node, get(r, term.node) + coefficient * term.coefficient);
                if (mark) spots_.push_back({r, term.node});
            }
        }
        kill(v);
    }
    void take_back() {
        for (size_t i = log_.size(); i-- > 0;) {
            auto& entry = log_[i];
            if (entry.node == CREATED) {
                bury(entry.row);
                freed_.push_back(entry.row);
            } else if (entry.node == KILLED) {
                bear(entry.row);
                freed_.erase(std::find(freed_.begin(), freed_.end(), entry.row));
            } else {
                set(entry.row, entry.node, entry.old);
            }
        }
    }

    // ------------------------------------------------------------ a step

    /// Undo some terms: anywhere, around one node, or in one output.
    void ruin() {
        size_t count = 1 + random_.below(MOST_UNDONE), way = random_.below(3);
        near_.clear();
        if (way == 1) {
            int node = alive_[random_.below(alive_.size())];
            if (random_.below(2)) node = int(random_.below(inputs_));
            for (int r : slots_[node].readers)
                if (r >= outputs_) near_.push_back(r - outputs_);
        } else if (way == 2) {
            for (auto& term : rows_[random_.below(outputs_)].terms)
                if (term.node >= inputs_) near_.push_back(term.node);
        }
        for (; count > 0; count--) {
            if (way == 0 && !alive_.empty()) near_ = {alive_[random_.below(alive_.size())]};
            if (near_.empty()) return;
            size_t k = random_.below(near_.size());
            int v = near_[k];
            near_[k] = near_.back();
            near_.pop_back();
            if (slots_[v].place >= 0) expand(v, true);
        }
    }
    void recreate() {
        while (!spots_.empty()) {
            size_t k = random_.below(spots_.size());
            Spot spot = spots_[k];
            spots_[k] = spots_.back();
            spots_.pop_back();
            for (int i = 0; i < TRIES; i++) {
                // Where two rows look alike terms are found at once; a blind draw finds others.
                bool taken = random_.below(2) ? draw(spot) : compare(spot);
                if (taken) {
                    spots_.push_back(spot);
                    break;
                }
            }
        }
    }
    bool holds_pattern(int r) const { return rows_[r].digits >= (r < outputs_ ? 2 : 3); }
    /// Try any pattern of a node in its row.
    bool draw(const Spot& spot) {
        work++;
        auto& terms = rows_[spot.row].terms;
        Integer a = get(spot.row, spot.node);
        if (!a || !holds_pattern(spot.row)) return false;
        auto& other = terms[random_.below(terms.size())];
        bool own = other.node == spot.node;
        auto& patterns = own ? own_patterns_of(a) : patterns_of(a, other.coefficient);
        if (patterns.empty()) return false;
        auto& pattern = patterns[random_.below(patterns.size())];
        return attempt({spot.node, other.node, pattern.shift, pattern.sign});
    }
    /// Try patterns of a node that its row has in common with another, or twice.
    bool compare(const Spot& spot) {
        work++;
        Integer a = get(spot.row, spot.node);
        if (!a || !holds_pattern(spot.row)) return false;
        auto& readers = slots_[spot.node].readers;
        int other = readers[random_.below(readers.size())];
        Integer c = get(other, spot.node);
        if (!Fitting::known(a) || !Fitting::known(c)) return false;
        auto& terms = rows_[other].terms;
        size_t tested = std::min(PROBES, terms.size()), start = random_.below(terms.size());
        for (size_t k = 0; k < tested; k++) {
            auto& term = terms[(start + k) % terms.size()];
            Integer b = get(spot.row, term.node), d = term.coefficient;
            if (!b || !Fitting::known(b) || !Fitting::known(d)) continue;
            bool own = term.node == spot.node;
            uint64_t both;
            if (other == spot.row) both = own ? 0 : Fitting::of(a, b, 2);
            else both = own ? Fitting::own(a) & Fitting::own(c) : Fitting::of(a, b) & Fitting::of(c, d);
            if (!both) continue;
            for (auto skip = random_.below(__builtin_popcountll(both)); skip; skip--) both &= both - 1;
            int place = __builtin_ctzll(both);
            work++;
            if (attempt({spot.node, term.node, Fitting::shift(place), Fitting::sign(place)})) return true;
        }
        work += tested / 8;
        return false;
    }
    static int count(Integer a, Integer b, const Pair& p) {
        if (!p.own() && Fitting::known(a) && Fitting::known(b) && std::abs(p.shift) <= Fitting::FAR &&
            !(Fitting::of(a, b) & Fitting::bit(p.shift, p.sign)))
            return 0;
        for (auto& pattern : p.own() ? own_patterns_of(a) : patterns_of(a, b))
            if (pattern.shift == p.shift && pattern.sign == p.sign) return pattern.count;
        return 0;
    }
    /// Make a pattern a shared term, or use the one that there is, if that gains.
    bool attempt(Pair p) {
        if (p.left > p.right) {
            std::swap(p.left, p.right);
            p.shift = -p.shift;
        }
        auto &lefts = slots_[p.left].readers, &rights = slots_[p.right].readers;
        auto& readers = lefts.size() < rights.size() ? lefts : rights;
        found_.clear();
        int uses = 0, known = -1;
        work += 1 + readers.size() / 4;
        for (int r : readers) {
            Integer a = get(r, p.left), b = get(r, p.right);
            if (!a || !b) continue;
            int fits = count(a, b, p);
            if (!fits) continue;
            if (holds_pattern(r)) {
                uses += fits;
                found_.push_back(r);
            } else if (a == p.terms()[0].coefficient) {
                known = r - outputs_;  // its definition is just this
            }
        }
        if (uses < (known < 0 ? 2 : 1)) return false;
        const Value &x = slots_[p.left].value, &y = slots_[p.right].value;
        int width = known < 0 ? values_.width(x, y, p) : slots_[known].value.width;
        int saving = x.width + y.width - width;
        double gain = uses * saving * costs_.full_adder;
        if (known < 0)
            gain -= saving * costs_.full_adder + costs_.definition(2, std::abs(x.width - y.width - p.shift));
        if (saving <= 0 || gain <= 1e-9) return false;
        replace(p, known < 0 ? create(p) : known);
        return true;
    }
    int create(const Pair& p) {
        int v = new_slot();
        slots_[v].value = values_.combine(slots_[p.left].value, slots_[p.right].value, p);
        bear(v);
        log_.push_back({v, CREATED, 0});
        for (auto& term : p.terms()) write(row_of(v), term.node, term.coefficient);
        return v;
    }
    void replace(const Pair& p, int v) {
        for (int r : found_) {
            Integer a = get(r, p.left), b = get(r, p.right);
            Integer multiple = take_all(a, b, p.shift, p.sign, p.own(), scratch_);
            if (!multiple) continue;
            write(r, p.left, a);
            write(r, p.right, b);
            write(r, v, get(r, v) + multiple);
            for (int node : {v, p.left, p.right})
                if (get(r, node)) spots_.push_back({r, node});
        }
    }
    /// Terms without use go; a term used once goes into its user's sum.
    void tidy() {
        for (size_t i = 0; i < touched_.size(); i++) {
            int v = touched_[i];
            if (slots_[v].place < 0) continue;
            auto& readers = slots_[v].readers;
            if (readers.empty()) kill(v);
            else if (readers.size() == 1 && signed_digits(get(readers[0], v)) == 1) expand(v, false);
        }
    }

    // ------------------------------------------------------------ solutions

    void make_after_operands(std::vector<int>& waiting, const Solution& start) {
        int v = waiting.back();
        if (slots_[v].place >= 0) {
            waiting.pop_back();
            return;
        }
        bool ready = true;
        for (auto& term : start.shared[v - inputs_])
            if (term.node >= inputs_ && slots_[term.node].place < 0) {
                waiting.push_back(term.node);
                ready = false;
            }
        if (!ready) return;
        waiting.pop_back();
        slots_[v].value = values_.sum(start.shared[v - inputs_], [&](int node) -> const Value& {
            return slots_[node].value;
        });
        bear(v);
        for (auto& term : start.shared[v - inputs_]) write(row_of(v), term.node, term.coefficient);
    }
    void give_number(int v, std::vector<int>& number, Solution& found) const {
        if (number[v] >= 0) return;
        for (auto& term : rows_[row_of(v)].terms) give_number(term.node, number, found);
        found.shared.push_back(renumbered(row_of(v), number));
        number[v] = inputs_ + int(found.shared.size()) - 1;
    }
    std::vector<Term> renumbered(int r, const std::vector<int>& number) const {
        std::vector<Term> terms = rows_[r].terms;
        for (auto& term : terms) term.node = number[term.node];
        std::sort(terms.begin(), terms.end(),
                  [](const Term& a, const Term& b) { return a.node < b.node; });
        return terms;
    }
};
