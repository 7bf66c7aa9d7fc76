#pragma once
// Signed digits of integers, and the two-term patterns that coefficients hold.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <unordered_map>
#include <vector>

using Integer = int64_t;

/// Digits of the value's non-adjacent form, which has as few as any.
static int signed_digits(Integer value) {
    uint64_t x = static_cast<uint64_t>(value < 0 ? -value : value);
    return __builtin_popcountll(x ^ (3 * x));
}

struct Digit {
    int place;
    int sign;
};

/// Digits with which some minimal signed-digit form of the value can begin.
static void removable_digits(Integer value, std::vector<Digit>& digits) {
    digits.clear();
    int count = signed_digits(value);
    for (int place = 0; (Integer(1) << place) <= 2 * std::llabs(value) && place < 48; place++)
        for (int sign = -1; sign <= 1; sign += 2)
            if (signed_digits(value - sign * (Integer(1) << place)) < count)
                digits.push_back({place, sign});
}

/// left + sign * 2^shift * right, in units of the lower of the two.
struct Pattern {
    int shift;
    int sign;
    int count;
};

struct Coefficients {
    Integer left, right;
    bool operator==(const Coefficients& other) const {
        return left == other.left && right == other.right;
    }
};
struct CoefficientsHash {
    size_t operator()(const Coefficients& c) const {
        return uint64_t(c.left) * 0x9E3779B97F4A7C15ull ^ uint64_t(c.right) * 0xC2B2AE3D27D4EB4Full;
    }
};

/// Take one occurrence of a pattern out of two coefficients; true if there was one.
/// `multiple` grows by the coefficient of the pattern's value.
static bool take(Integer& left, Integer& right, int shift, int sign, Integer& multiple,
                 std::vector<Digit>& digits) {
    removable_digits(left, digits);
    int count = signed_digits(right);
    for (auto& digit : digits) {
        int place = digit.place + shift;
        if (place < 0 || place > 48) continue;
        Integer other = digit.sign * sign * (Integer(1) << place);
        if (signed_digits(right - other) >= count) continue;
        left -= digit.sign * (Integer(1) << digit.place);
        right -= other;
        multiple += digit.sign * (Integer(1) << std::min(digit.place, place));
        return true;
    }
    return false;
}

/// The same within one coefficient: value + sign * 2^shift * value, shift > 0.
static bool take_own(Integer& value, int shift, int sign, Integer& multiple,
                     std::vector<Digit>& digits) {
    removable_digits(value, digits);
    int count = signed_digits(value);
    for (auto& digit : digits) {
        int place = digit.place + shift;
        if (place > 48) continue;
        Integer rest = value - digit.sign * (Integer(1) << digit.place)
                       - digit.sign * sign * (Integer(1) << place);
        if (signed_digits(rest) != count - 2) continue;
        value = rest;
        multiple += digit.sign * (Integer(1) << digit.place);
        return true;
    }
    return false;
}

/// Take out every occurrence; the coefficient of the pattern's value.
static Integer take_all(Integer& left, Integer& right, int shift, int sign, bool own,
                        std::vector<Digit>& digits) {
    Integer multiple = 0;
    if (own) {
        while (take_own(left, shift, sign, multiple, digits)) {}
        right = left;
    } else {
        while (take(left, right, shift, sign, multiple, digits)) {}
    }
    return multiple;
}

/// Patterns of two coefficients over all their minimal forms, each with how often it fits in.
static const std::vector<Pattern>& find_patterns(Integer left, Integer right) {
    static std::unordered_map<Coefficients, std::vector<Pattern>, CoefficientsHash> known;
    auto [place, is_new] = known.try_emplace({left, right});
    if (!is_new) return place->second;
    std::vector<Digit> lefts, rights, scratch;
    removable_digits(left, lefts);
    removable_digits(right, rights);
    std::vector<Pattern> found;
    for (auto& l : lefts)
        for (auto& r : rights) {
            Pattern pattern{r.place - l.place, l.sign * r.sign, 0};
            bool seen = false;
            for (auto& p : found) seen |= p.shift == pattern.shift && p.sign == pattern.sign;
            if (seen) continue;
            Integer a = left, b = right, multiple = 0;
            while (take(a, b, pattern.shift, pattern.sign, multiple, scratch)) pattern.count++;
            found.push_back(pattern);
        }
    return known[{left, right}] = found;
}

static const std::vector<Pattern>& patterns_of(Integer left, Integer right) {
    static const Integer SMALL = 128;
    static std::vector<const std::vector<Pattern>*> small(4 * SMALL * SMALL, nullptr);
    if (left <= -SMALL || left >= SMALL || right <= -SMALL || right >= SMALL)
        return find_patterns(left, right);
    auto& place = small[(left + SMALL) * 2 * SMALL + right + SMALL];
    if (!place) place = &find_patterns(left, right);
    return *place;
}

/// Patterns within one coefficient.
static const std::vector<Pattern>& own_patterns_of(Integer value) {
    static std::unordered_map<Integer, std::vector<Pattern>> known;
    auto [place, is_new] = known.try_emplace(value);
    if (!is_new) return place->second;
    std::vector<Digit> digits, others, scratch;
    removable_digits(value, digits);
    std::vector<Pattern> found;
    for (auto& low : digits) {
        removable_digits(value - low.sign * (Integer(1) << low.place), others);
        for (auto& high : others) {
            if (high.place <= low.place) continue;
            Pattern pattern{high.place - low.place, low.sign * high.sign, 0};
            bool seen = false;
            for (auto& p : found) seen |= p.shift == pattern.shift && p.sign == pattern.sign;
            if (seen) continue;
            Integer rest = value, multiple = 0;
            while (take_own(rest, pattern.shift, pattern.sign, multiple, scratch)) pattern.count++;
            if (pattern.count) found.push_back(pattern);
        }
    }
    return known[value] = found;
}

/// Patterns of small coefficients as a set of bits, for fast comparison.
struct Fitting {
    static constexpr Integer SMALL = 128;
    static constexpr int FAR = 15;
    static bool known(Integer a) { return a > -SMALL && a < SMALL; }
    static uint64_t bit(int shift, int sign) {
        return std::abs(shift) > FAR ? 0 : 1ull << (2 * (shift + FAR) + (sign > 0));
    }
    static int shift(int place) { return (place >> 1) - FAR; }
    static int sign(int place) { return place & 1 ? 1 : -1; }
    /// Patterns that fit in at least `times`, 1 or 2, into two coefficients.
    static uint64_t of(Integer a, Integer b, int times = 1) {
        static std::vector<uint64_t> found[2] = {std::vector<uint64_t>(4 * SMALL * SMALL, 0),
                                                 std::vector<uint64_t>(4 * SMALL * SMALL, 0)};
        return filled(found[times - 1][(a + SMALL) * 2 * SMALL + b + SMALL], times,
                      [&]() -> auto& { return patterns_of(a, b); });
    }
    /// The same within one coefficient.
    static uint64_t own(Integer a) {
        static std::vector<uint64_t> found(2 * SMALL, 0);
        return filled(found[a + SMALL], 1, [&]() -> auto& { return own_patterns_of(a); });
    }

private:
    static constexpr uint64_t FILLED = 1ull << 63;
    template <class Patterns>
    static uint64_t filled(uint64_t& bits, int times, Patterns patterns) {
        if (!bits) {
            bits = FILLED;
            for (auto& p : patterns())
                if (p.count >= times) bits |= bit(p.shift, p.sign);
        }
        return bits & ~FILLED;
    }
};
