/* Normal noise of one step in float32 lanes: what simulator.stochastic.path_noise does. */
#include "lanes.h"

INLINE float of_bits(int32_t b) { float x; memcpy(&x, &b, 4); return x; }
INLINE int32_t bits(float x) { int32_t b; memcpy(&b, &x, 4); return b; }

/* Cephes logf, its polynomial in pairs */
INLINE float log_(float x) {
    int32_t b = bits(x), e = (b - 0x3F3504F3) >> 23;
    float f = of_bits(b - (e << 23)) - 1.0f, z = f * f, z2 = z * z;
    float p0 = -2.4999993993e-1f * f + 3.3333331174e-1f, p1 = -1.6668057665e-1f * f + 2.0000714765e-1f;
    float p2 = -1.2420140846e-1f * f + 1.4249322787e-1f, p3 = -1.1514610310e-1f * f + 1.1676998740e-1f;
    float p = (7.0376836292e-2f * z2 + (p3 * z + p2)) * z2 + (p1 * z + p0);
    return f + (p * f * z - 0.5f * z) + (float)e * 0.69314718f;
}

INLINE void box_muller(uint32_t a, uint32_t b, float *x, float *y) {
    float u = (float)(int32_t)(a >> 1) * 0x1p-31f + 0x1p-32f, r = sqrtf(-2.0f * log_(u));
    float t = (float)(int32_t)b * (float)(0.5 * M_PI * 0x1p-32), z = t * t;
    float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * t + t;
    float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
    float across = r * s, along = of_bits(bits(r * c) ^ (int32_t)(b << 31));
    int other = (int32_t)(b << 30) < 0;
    *x = other ? along : across;
    *y = other ? across : along;
}

/* Even draws in the lower and odd ones in the upper halves: 32-bit lanes in order, without a shuffle */
static void words(uint64_t draw, uint64_t hour, uint64_t key, uint32_t *restrict out) {
    const Words count = COUNT, twos = 2 * count;
    for (int i = 0; i < LANES; i += BYTES / 4) {
        Words even[4], odd[4];
        philox((draw + i) + twos, hour, key, even);
        philox((draw + i + 1) + twos, hour, key, odd);
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            Words both = (even[k] & 0xFFFFFFFFu) | (odd[k] << 32);
            memcpy(out + k * LANES + i, &both, sizeof both);
        }
    }
}
