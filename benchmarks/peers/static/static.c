/* The static workload in lanes: 16 inputs, a Gaussian copula, 17 outputs. Plain loops over a struct of arrays that gcc vectorizes.

   Relative accuracy is about 1e-9, that of the cubics of the quantile functions and of the polynomial of the exponential (2e-8 in
   the one cell that holds the triangular law's mode). */
#include "lanes.h"

enum { MFU, POWER_FRACTION, TOKENS, RUN_OVERHEAD, FAILURE_RATE, DOWNTIME, CHECKPOINT_TIME, SERVER_POWER_RATIO, IDLE, PUE, ELECTRICITY_PRICE,
       PRICE_SHIFT, CARBON_INTENSITY, CARBON_SHIFT, ACCELERATOR_PRICE, SERVICE_LIFE, INPUTS };
typedef double Doubles __attribute__((vector_size(BYTES)));
enum { OUTPUTS = 17 };

INLINE double of_bits(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }
INLINE uint64_t bits(double x) { uint64_t b; memcpy(&b, &x, 8); return b; }

/* 2**n and r of x = n ln 2 + r, |r| <= ln 2 / 2, for |x| < 700 */
INLINE double reduce(double x, double *r) {
    double t = x * 1.4426950408889634 + (6755399441055744.0 + 1023.0);
    double n = t - (6755399441055744.0 + 1023.0);
    *r = x - n * 0.6931471805599453;
    return of_bits(bits(t) << 52);
}
/* (exp(r) - 1) / r, within 1e-11: interpolated at Chebyshev points */
INLINE double ratio(double r) {
    double r2 = r * r;
    double low = (0.99999999999550593 + 0.49999999999955214 * r) + (0.16666666786375128 + 0.041666666786198896 * r) * r2;
    double high = (0.0083332835198905719 + 0.0013888839117251891 * r) + (0.00019907581989957057 + 2.4867869860332152e-05 * r) * r2;
    return low + high * (r2 * r2);
}
INLINE double exp_(double x) { double r, s = reduce(x, &r); return s + s * (r * ratio(r)); }
INLINE double expm1_(double x) { double r, s = reduce(x, &r); return s * (r * ratio(r)) + (s - 1.0); }

static void uniforms(uint64_t first, uint64_t key, double *restrict x) {
    const Words count = COUNT;
    for (int i = 0; i < LANES / 2; i += BYTES / 8) {
        Words w[4];
        philox(((first >> 1) + i) + count, 0, key, w);
#pragma GCC unroll 2
        for (int half = 0; half < 2; half++) { /* one call serves two draws */
            Words word = (w[2 * half] & 0xFFFFFFFFu) | (w[2 * half + 1] << 32);
            Doubles u = ((Doubles)((word >> 12) | 0x3FF0000000000000u) - 1.5) * 2.0 + 0x1p-52;
            memcpy(x + half * LANES / 2 + i, &u, sizeof u);
        }
    }
}

enum { OCTAVES = 40, SIDE = 2048 }; /* 32 cells in an octave */
typedef double Four __attribute__((vector_size(32)));
#define SHUFFLE __builtin_shufflevector

/* A quantile function of a uniform on (-1, 1). Its cells are even within each octave of the distance q from the nearer end, so that
   the bits of q are the cell and the place in it; a cell is a cubic in one load. Four of them are turned into rows. */
static void look_up(const double *restrict x, const double (*cells)[4], double *restrict out) {
    uint64_t at[LANES] __attribute__((aligned(64)));
    double place[LANES] __attribute__((aligned(64)));
    EACH {
        double q = 1.0 - fabs(x[i]);
        q = q < 0x1p-40 ? 0x1p-40 : q;
        at[i] = ((bits(q) >> 47) - ((1023 - OCTAVES) << 5)) | ((bits(x[i]) >> 63) << 11);
        place[i] = of_bits((bits(q) & 0x00007FFFFFFFFFFFu) | 0x3FF0000000000000u) - 1.0;
    }
    for (int i = 0; i < LANES; i += 4) {
        Four a, b, c, d, t;
        memcpy(&a, cells[at[i]], 32); memcpy(&b, cells[at[i + 1]], 32);
        memcpy(&c, cells[at[i + 2]], 32); memcpy(&d, cells[at[i + 3]], 32);
        memcpy(&t, place + i, 32);
        Four ab = SHUFFLE(a, b, 0, 4, 2, 6), cd = SHUFFLE(c, d, 0, 4, 2, 6), AB = SHUFFLE(a, b, 1, 5, 3, 7), CD = SHUFFLE(c, d, 1, 5, 3, 7);
        Four c0 = SHUFFLE(ab, cd, 0, 1, 4, 5), c1 = SHUFFLE(AB, CD, 0, 1, 4, 5);
        Four c2 = SHUFFLE(ab, cd, 2, 3, 6, 7), c3 = SHUFFLE(AB, CD, 2, 3, 6, 7);
        Four value = c0 + t * (c1 + t * (c2 + t * c3));
        memcpy(out + i, &value, 32);
    }
}

/* cells: one table of the normal score and of each input that has one; p, k: see c_lanes.py */
static void block(uint64_t first, const uint64_t *keys, const double (*cells)[2 * SIDE][4], const double (*p)[4], const double *k,
                  long stride, double *restrict in, double *restrict out) {
    double x[INPUTS][LANES] __attribute__((aligned(64))), u[LANES] __attribute__((aligned(64)));
    for (int n = MFU; n <= POWER_FRACTION; n++) { uniforms(first, keys[n], u); look_up(u, cells[0], x[n]); }
    {
        double latent = k[0], own = k[1];
        EACH x[POWER_FRACTION][i] = latent * x[MFU][i] + own * x[POWER_FRACTION][i];
    }
    for (int n = MFU; n <= POWER_FRACTION; n++) {
        double m = -p[n][0], s = -p[n][1], low = p[n][2], width = p[n][3];
        EACH x[n][i] = low + width / (1.0 + exp_(m + s * x[n][i]));
    }
    for (int n = TOKENS; n < INPUTS; n++) {
        uniforms(first, keys[n], u);
        if (n == TOKENS || n == SERVICE_LIFE) EACH x[n][i] = p[n][0] + p[n][1] * u[i];
        else look_up(u, cells[n - 1], x[n]);
    }
    for (int n = 0; n < INPUTS; n++) memcpy(in + n * stride, x[n], sizeof x[n]);

    double to_rate = k[2], to_work = k[3], devices = k[4], kilowatts = k[5], pace = k[6], hardware_share = k[7], network_share = k[8];
    double fleet = k[9], chip = k[10], server = k[11], wue_on = k[12], wue_off = k[13];
    double y[OUTPUTS][LANES] __attribute__((aligned(64)));
    double mid[3][LANES] __attribute__((aligned(64)));
    EACH {
        double rate = x[FAILURE_RATE][i] * to_rate, save = x[CHECKPOINT_TIME][i];
        double work = to_work * x[TOKENS][i] / x[MFU][i] * (1.0 + x[RUN_OVERHEAD][i]);
        double half = 0.5 * save * rate, root = sqrt(half), wait = 1.0 / rate;
        double interval = 2.0 * root * wait * (1.0 + root * (1.0 / 3.0) + half * (1.0 / 9.0)) - save;
        interval = half >= 1.0 ? wait : interval;
        interval = interval < 1e-6 ? 1e-6 : interval;
        interval = interval > work ? work : interval;
        double up = expm1_(rate * (interval + save)) * wait / interval;
        double stretch = up * exp_(rate * x[DOWNTIME][i]);
        mid[0][i] = work * up; mid[1][i] = work * stretch; mid[2][i] = rate;
        y[2][i] = 1.0 / stretch;
    }
    EACH {
        double up = mid[0][i], wall = mid[1][i];
        double energy_it = x[POWER_FRACTION][i] * x[SERVER_POWER_RATIO][i] * kilowatts * (up + x[IDLE][i] * (wall - up));
        double energy = x[PUE][i] * energy_it;
        double hardware = -expm1_(pace * wall) * x[ACCELERATOR_PRICE][i] * hardware_share, network = hardware * network_share;
        double bill = energy * (x[ELECTRICITY_PRICE][i] * x[PRICE_SHIFT][i]);
        y[0][i] = wall * devices;
        y[1][i] = wall;
        y[3][i] = mid[2][i] * wall;
        y[4][i] = energy_it;
        y[5][i] = energy;
        y[6][i] = hardware + network + bill;
        y[11][i] = hardware;
        y[12][i] = network;
        y[13][i] = bill;
    }
    EACH {
        double energy_it = y[4][i], energy = y[5][i];
        double used = energy * (x[CARBON_INTENSITY][i] * x[CARBON_SHIFT][i]);
        double worn = mid[1][i] / x[SERVICE_LIFE][i] * fleet, chips = worn * chip, servers = worn * server;
        double on_site = energy_it * wue_on, off_site = energy * wue_off;
        y[7][i] = used + chips + servers;
        y[8][i] = on_site + off_site;
        y[9][i] = on_site;
        y[10][i] = off_site;
        y[14][i] = used;
        y[15][i] = chips;
        y[16][i] = servers;
    }
    for (int n = 0; n < OUTPUTS; n++) memcpy(out + n * stride, y[n], sizeof y[n]);
}

void run(long draws, const uint64_t *keys, const double (*cells)[2 * SIDE][4], const double (*p)[4], const double *k, double *in,
         double *out) {
    for (long first = 0; first < draws; first += LANES) block(first, keys, cells, p, k, draws, in + first, out + first);
}
