/* One Ornstein-Uhlenbeck factor for each of price and carbon, correlated, exponentiated and summed: the work on which lanes were
   first measured. One generator call serves two hours. */
#include "noise.h"

/* Cephes expf, for |x| < 80 */
INLINE float exp_(float x) {
    float t = x * 1.44269504f + 12582912.0f, n = t - 12582912.0f, r = x - n * 0.69314718f, r2 = r * r;
    float p = (1.9875691500e-4f * r + 1.3981999507e-3f) * r2 + (8.3334519073e-3f * r + 4.1665795894e-2f);
    float y = (p * r2 + (1.6666665459e-1f * r + 5.0000001201e-1f)) * r2 + r + 1.0f;
    return of_bits(bits(y) + (bits(t) << 23));
}

typedef struct { float decay[2], step[2], correlation, own; } Factors;

void one_factor(long draws, long hours, const Factors *f, const float *price_season, const float *carbon_season, float *price,
                float *carbon) {
    uint32_t w[4 * LANES] __attribute__((aligned(64)));
    float x[LANES], y[LANES], p[LANES], c[LANES];
    float ax = f->decay[0], ay = f->decay[1], sx = f->step[0], both = f->step[1] * f->correlation, own = f->step[1] * f->own;
    for (long draw = 0; draw < draws; draw += LANES) {
        EACH x[i] = y[i] = p[i] = c[i] = 0.0f;
        for (long hour = 0; hour < hours; hour += 2) {
            words(draw, hour, 0x200000001u, w);
            for (int odd = 0; odd < 2; odd++) {
                const uint32_t *v = w + 2 * odd * LANES;
                float price_now = price_season[hour + odd], carbon_now = carbon_season[hour + odd];
                EACH {
                    float z0, z1;
                    box_muller(v[i], v[LANES + i], &z0, &z1);
                    x[i] = ax * x[i] + sx * z0;
                    y[i] = ay * y[i] + (both * z0 + own * z1);
                    p[i] += exp_(x[i] + price_now);
                    c[i] += exp_(y[i] + carbon_now);
                }
            }
        }
        EACH { price[draw + i] = p[i]; carbon[draw + i] = c[i]; }
    }
}
