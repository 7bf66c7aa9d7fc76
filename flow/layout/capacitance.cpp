// Capacitance of wires from cross-sections of a block: flow/layout/capacitance.py says how.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

const int32_t ABSENT = -2, GROUND = -1;

struct Interval {
    int32_t start, end, owner;
};

struct Process {
    int32_t levels;
    // Rows of levels, columns of the substrate and the levels.
    const double *area, *down, *up;
    // Factor and offset by level; a factor of 0 where edges do not couple.
    const double *beside;
    double reach, narrowing;

    double at(const double *table, int level, int to) const {
        return table[level * (levels + 1) + to + 1];
    }
    // Of the field between an edge's level and another one.
    double spread(int level, int to) const {
        if (to < 0) return narrowing * at(area, level, -1);
        return narrowing * std::max(at(area, level, to), at(area, to, level));
    }
};

struct Line {
    const Process &process;
    double *found;  // nets by levels
    std::vector<int32_t> cuts;
    std::vector<int32_t> owner, below, above;  // pieces by levels
    std::vector<double> spreads;

    Line(const Process &process, double *found) : process(process), found(found) {
        for (int level = 0; level < process.levels; level++)
            for (int to = -1; to < process.levels; to++)
                spreads.push_back(process.spread(level, to));
    }

    int32_t &of(std::vector<int32_t> &table, size_t piece, int level) {
        return table[piece * process.levels + level];
    }
    double within(int level, int to, double distance) const {
        return M_2_PI * std::atan(spreads[level * (process.levels + 1) + to + 1] * distance);
    }

    void build(std::vector<std::vector<Interval>> &rows) {
        cuts.clear();
        for (auto &row : rows)
            for (auto &one : row) {
                cuts.push_back(one.start);
                cuts.push_back(one.end);
            }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        size_t pieces = cuts.empty() ? 0 : cuts.size() - 1, levels = process.levels;
        owner.assign(pieces * levels, ABSENT);
        for (int level = 0; level < process.levels; level++)
            for (auto &one : rows[level]) {
                size_t piece = std::lower_bound(cuts.begin(), cuts.end(), one.start) - cuts.begin();
                for (; cuts[piece] < one.end; piece++) {
                    int32_t &here = of(owner, piece, level);
                    here = std::max(here, one.owner);
                }
            }
        below.assign(pieces * levels, -1);
        above.assign(pieces * levels, process.levels);
        for (size_t piece = 0; piece < pieces; piece++) {
            for (int level = 1; level < process.levels; level++)
                of(below, piece, level) = of(owner, piece, level - 1) > ABSENT
                                              ? level - 1 : of(below, piece, level - 1);
            for (int level = process.levels - 2; level >= 0; level--)
                of(above, piece, level) = of(owner, piece, level + 1) > ABSENT
                                              ? level + 1 : of(above, piece, level + 1);
        }
    }

    size_t pieces() const { return cuts.empty() ? 0 : cuts.size() - 1; }

    // To both, where they are two nets; level -1 is the substrate.
    void add(int32_t one, int level, int32_t other, int to, double value) {
        if (one == other) return;
        if (one >= 0) found[size_t(one) * process.levels + level] += value;
        if (other >= 0) found[size_t(other) * process.levels + to] += value;
    }

    void faces() {
        for (size_t piece = 0; piece < pieces(); piece++)
            for (int level = 0; level < process.levels; level++) {
                int32_t mine = of(owner, piece, level);
                if (mine == ABSENT) continue;
                int to = of(below, piece, level);
                int32_t theirs = to < 0 ? GROUND : of(owner, piece, to);
                double value = process.at(process.area, level, to);
                add(mine, level, theirs, to, value * 1e-3 * (cuts[piece + 1] - cuts[piece]));
            }
    }

    void edges() {
        for (size_t piece = 0; piece < pieces(); piece++)
            for (int level = 0; level < process.levels; level++)
                if (of(owner, piece, level) > ABSENT) {
                    edge(piece, level, -1);
                    edge(piece, level, 1);
                }
    }

    void edge(size_t piece, int level, int step) {
        int64_t place = int64_t(piece) + step, last = int64_t(pieces());
        if (place >= 0 && place < last && of(owner, place, level) > ABSENT) return;
        int32_t mine = of(owner, piece, level);
        double near = 0;
        for (; near < process.reach && place >= 0 && place < last; place += step) {
            int32_t met = of(owner, place, level);
            if (met > ABSENT) {
                double factor = process.beside[2 * level], offset = process.beside[2 * level + 1];
                // Half: the other edge finds this one from its side.
                if (factor > 0) add(mine, level, met, level, factor / (near + offset) / 2);
                return;
            }
            double far = std::min(near + 1e-3 * (cuts[place + 1] - cuts[place]), process.reach);
            int down = of(below, place, level), up = of(above, place, level);
            field(mine, level, place, down, process.down, near, far);
            if (up < process.levels) field(mine, level, place, up, process.up, near, far);
            near = far;
        }
        // Nothing was in the way: the rest goes to the substrate.
        add(mine, level, GROUND, -1,
            process.at(process.down, level, -1) * (1 - within(level, -1, near)));
    }

    void field(int32_t mine, int level, size_t place, int to, const double *table, double near,
               double far) {
        int32_t theirs = to < 0 ? GROUND : of(owner, place, to);
        if (mine == theirs || (mine < 0 && theirs < 0)) return;
        double part = within(level, to, far) - within(level, to, near);
        add(mine, level, theirs, to, process.at(table, level, to) * part);
    }
};

}  // namespace

// Boxes are rows of level, owner, left, bottom, right, top in nm, by left or, for lines across y, by
// bottom; lines are places in nm that rise. Adds aF, for a strip of 1 um, to found.
extern "C" void cross_sections(
    int32_t levels, const double *area, const double *down, const double *up, const double *beside,
    double reach_um, double narrowing, int64_t boxes, const int32_t *rows, int32_t across,
    int64_t lines, const int32_t *places, int32_t with_faces, double *found) {
    Process process{levels, area, down, up, beside, reach_um, narrowing};
    Line line(process, found);
    std::vector<const int32_t *> open;
    std::vector<std::vector<Interval>> cut(levels);
    int64_t next = 0;
    for (int64_t number = 0; number < lines; number++) {
        int32_t place = places[number];
        for (; next < boxes && rows[6 * next + 2 + across] <= place; next++)
            open.push_back(rows + 6 * next);
        open.erase(std::remove_if(open.begin(), open.end(),
                                  [&](const int32_t *box) { return box[4 + across] <= place; }),
                   open.end());
        for (auto &row : cut) row.clear();
        for (auto *box : open) cut[box[0]].push_back({box[3 - across], box[5 - across], box[1]});
        line.build(cut);
        if (with_faces) line.faces();
        line.edges();
    }
}
