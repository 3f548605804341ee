/* Hourly price and carbon intensity in lanes: two Ornstein-Uhlenbeck factors each, quantile functions, sums over the hours.

   `midpoints` is the package's algorithm: factors by midpoint displacement, so that an hour's weather depends on the draw and
   the hour alone. `recursion` steps the same processes from hour to hour. */
#include "noise.h"

enum { TOP_LEVELS = 14, BLOCK_LEVELS = 7, FACTORS = 4, SIZE = FACTORS * LANES };

typedef struct {
    float correlation[2], own[2]; /* fast and slow */
    float neighbours[2][TOP_LEVELS], noise[2][TOP_LEVELS]; /* of a midpoint at distance 2**level */
    float decay[2], step[2]; /* of one hour */
    float weights[2][2], tops[2]; /* of price and carbon, in cells */
    const float *seasons[2]; /* in cells, one of each hour */
    const float (*cells[2])[4]; /* value at the start, slope, break, change of slope at the break */
    uint64_t key, first, hours;
} Zone;

/* rows of fast price, fast carbon, slow price, slow carbon: share * (left + right) + noise */
static void displaced(const uint32_t *restrict w, const Zone *zone, const float *share, const float *sd, const float *left,
                      const float *right, float *to) {
#pragma GCC unroll 2
    for (int f = 0; f < 2; f++) {
        const uint32_t *a = w + 2 * f * LANES;
        const float *l = left + 2 * f * LANES, *r = right + 2 * f * LANES;
        float *t = to + 2 * f * LANES, m = share[f], s = sd[f], both = s * zone->correlation[f], own = s * zone->own[f];
#pragma GCC ivdep
        EACH {
            float x, y;
            box_muller(a[i], a[LANES + i], &x, &y);
            t[i] = m * (l[i] + r[i]) + s * x;
            t[LANES + i] = m * (l[LANES + i] + r[LANES + i]) + (both * x + own * y);
        }
    }
}

typedef float Four __attribute__((vector_size(16)));
typedef float Eight __attribute__((vector_size(32)));
typedef int Order __attribute__((vector_size(32)));
#define SHUFFLE __builtin_shufflevector
INLINE Eight two(const float *a, const float *b) {
    Four x, y;
    memcpy(&x, a, 16);
    memcpy(&y, b, 16);
    return SHUFFLE(x, y, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* A cell is one load; four of each half's are turned into rows. */
INLINE void look_up(const float (*cells)[4], const uint32_t *restrict cell, const float *restrict place, float *restrict sum) {
    for (int i = 0; i < LANES; i += 8) {
        const uint32_t *c = cell + i;
        Eight a = two(cells[c[0]], cells[c[4]]), b = two(cells[c[1]], cells[c[5]]);
        Eight d = two(cells[c[2]], cells[c[6]]), e = two(cells[c[3]], cells[c[7]]);
        Eight ab = SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13), de = SHUFFLE(d, e, 0, 8, 1, 9, 4, 12, 5, 13);
        Eight AB = SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15), DE = SHUFFLE(d, e, 2, 10, 3, 11, 6, 14, 7, 15);
        Eight value = SHUFFLE(ab, de, 0, 1, 8, 9, 4, 5, 12, 13), slope = SHUFFLE(ab, de, 2, 3, 10, 11, 6, 7, 14, 15);
        Eight knot = SHUFFLE(AB, DE, 0, 1, 8, 9, 4, 5, 12, 13), bend = SHUFFLE(AB, DE, 2, 3, 10, 11, 6, 7, 14, 15);
        Eight x, s;
        memcpy(&x, place + i, 32);
        memcpy(&s, sum + i, 32);
        Eight past = x - knot;
        s += value + slope * x + bend * (Eight)((Order)past & (past > 0.0f));
        memcpy(sum + i, &s, 32);
    }
}

/* Add one hour's price and intensity to the sums. */
static void add_hour(const float *row, const Zone *zone, uint64_t hour, float (*restrict sums)[LANES]) {
    uint32_t cell[LANES] __attribute__((aligned(64)));
    float place[LANES] __attribute__((aligned(64)));
    for (int k = 0; k < 2; k++) {
        float season = zone->seasons[k][hour - zone->first], fast = zone->weights[k][0], slow = zone->weights[k][1], top = zone->tops[k];
        const float *x = row + k * LANES;
        EACH {
            float score = season + (fast * x[i] + slow * x[2 * LANES + i]);
            score = score > 0.0f ? score : 0.0f; /* of NaN too: a cell is a place in memory */
            score = score > top ? top : score;
            int32_t c = (int32_t)score;
            cell[i] = c;
            place[i] = score - (float)c;
        }
        look_up(zone->cells[k], cell, place, sums[k]);
    }
}

typedef struct {
    uint64_t draw;
    const Zone *zone;
    float sums[2][LANES]; /* of a block's hours */
    float rows[TOP_LEVELS + 2][SIZE];
    uint32_t words[SIZE];
} __attribute__((aligned(64))) State;

static const float none[2] = {0.0f, 0.0f}, whole[2] = {1.0f, 1.0f};

/* Hours between two whose factors stand, in order: what a core holds is one row of each level. */
static void between(State *s, int level, uint64_t hour, const float *left, const float *right, double *price, double *carbon) {
    const Zone *zone = s->zone;
    uint64_t middle = hour + (1ull << level), end = zone->first + zone->hours;
    if (hour + (2ull << level) <= zone->first || hour >= end) return;
    float *row = s->rows[level];
    float share[2] = {zone->neighbours[0][level], zone->neighbours[1][level]}, sd[2] = {zone->noise[0][level], zone->noise[1][level]};
    words(s->draw, middle, zone->key, s->words);
    displaced(s->words, zone, share, sd, left, right, row);
    if (level > 0) between(s, level - 1, hour, left, row, price, carbon);
    if (middle >= zone->first && middle < end) add_hour(row, zone, middle, s->sums);
    if (level > 0) between(s, level - 1, middle, row, right, price, carbon);
    if (level == BLOCK_LEVELS) /* float32 sums of a few hundred hours, float64 beyond */
        EACH { price[i] += s->sums[0][i]; carbon[i] += s->sums[1][i]; s->sums[0][i] = s->sums[1][i] = 0.0f; }
}

void midpoints(long draws, const Zone *zone, double *price, double *carbon) {
    State s;
    memset(&s, 0, sizeof s);
    s.zone = zone;
    for (long draw = 0; draw < draws; draw += LANES) {
        s.draw = draw;
        EACH price[draw + i] = carbon[draw + i] = 0.0;
        uint64_t top = 1ull << TOP_LEVELS, end = zone->first + zone->hours;
        for (uint64_t hour = zone->first / top * top; hour < end; hour += top) {
            float *left = s.rows[TOP_LEVELS], *right = s.rows[TOP_LEVELS + 1];
            for (int side = 0; side < 2; side++) {
                words(s.draw, hour + side * top, zone->key, s.words);
                displaced(s.words, zone, none, whole, left, left, side ? right : left);
            }
            if (hour >= zone->first) add_hour(left, zone, hour, s.sums);
            between(&s, TOP_LEVELS - 1, hour, left, right, price + draw, carbon + draw);
        }
    }
}

void recursion(long draws, const Zone *zone, double *price, double *carbon) {
    State s;
    memset(&s, 0, sizeof s);
    float *row = s.rows[0], *zero = s.rows[1];
    for (long draw = 0; draw < draws; draw += LANES) {
        EACH price[draw + i] = carbon[draw + i] = 0.0;
        for (uint64_t hour = zone->first; hour < zone->first + zone->hours; hour++) {
            words(draw, hour, zone->key, s.words);
            displaced(s.words, zone, hour == zone->first ? none : zone->decay, hour == zone->first ? whole : zone->step, row, zero, row);
            add_hour(row, zone, hour, s.sums);
            if (hour % 128 == 127 || hour + 1 == zone->first + zone->hours)
                EACH { price[draw + i] += s.sums[0][i]; carbon[draw + i] += s.sums[1][i]; s.sums[0][i] = s.sums[1][i] = 0.0f; }
        }
    }
}
