/* Philox4x32 (Salmon et al. 2011, doi:10.1145/2063384.2063405) in 64-bit lanes, where a product lies without repacking. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef LANES
#define LANES 128 /* what a stage works on then fits into the nearest cache */
#endif
#define EACH for (int i = 0; i < LANES; i++)
#define INLINE static inline __attribute__((always_inline))

/* gcc 12 makes three products of one, or shuffles, unless told that the lower halves of the lanes alone count: the one builtin here */
#if defined __AVX512F__ && WIDTH == 512
enum { BYTES = 64 };
#define PRODUCT(a, b) ((Words)__builtin_ia32_pmuludq512_mask((Halves)(a), (Halves)(b), (Longs){0}, 255))
#define COUNT {0, 1, 2, 3, 4, 5, 6, 7}
#elif defined __AVX2__
enum { BYTES = 32 };
#define PRODUCT(a, b) ((Words)__builtin_ia32_pmuludq256((Halves)(a), (Halves)(b)))
#define COUNT {0, 1, 2, 3}
#else
enum { BYTES = 16 };
#define PRODUCT(a, b) (((a) & 0xFFFFFFFFu) * ((b) & 0xFFFFFFFFu))
#define COUNT {0, 1}
#endif
typedef uint64_t Words __attribute__((vector_size(BYTES)));
typedef long long Longs __attribute__((vector_size(BYTES)));
typedef int Halves __attribute__((vector_size(BYTES)));

/* Four words of 32 bits each, for the counter (c0, 0, c2, 0); upper halves of the lanes hold rubbish. */
INLINE void philox(Words c0, uint64_t step, uint64_t key, Words out[4]) {
    const Words zero = {0}, m0 = zero + 0xD2511F53u, m1 = zero + 0xCD9E8D57u;
    Words c1 = zero, c2 = zero + step, c3 = zero;
    uint64_t k0 = key, k1 = key >> 32;
#pragma GCC unroll 10
    for (int r = 0; r < ROUNDS; r++) {
        Words p0 = PRODUCT(c0, m0), p1 = PRODUCT(c2, m1);
        c0 = (p1 >> 32) ^ c1 ^ k0; c2 = (p0 >> 32) ^ c3 ^ k1;
        c1 = p1; c3 = p0;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}
